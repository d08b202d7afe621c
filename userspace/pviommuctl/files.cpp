// SPDX-License-Identifier: GPL-2.0-only
#include "files.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "fd.h"

namespace ctl {

namespace {

[[noreturn]] void fail(const Path &path, int error)
{
    throw Error(Exit::failed, path.string() + ": " + std::strerror(error));
}

bool write_all(int fd, std::string_view text)
{
    while (!text.empty()) {
        const ssize_t n = ::write(fd, text.data(), text.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text.remove_prefix(static_cast<size_t>(n));
    }
    return true;
}

// A new file gets 0666 less the user's umask: mkstemp() alone would hide the file
// from a collector with another user.
mode_t wanted_mode()
{
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return 0666 & ~mask;
}

// The name at the end of a path's symlinks, for an existing file or not. A link of
// procfs, such as the target of /dev/stdout, is an open file without a name.
std::optional<Path> followed(Path path)
{
    struct stat proc = {}, link = {};
    ::stat("/proc", &proc);
    // stat() has found no loop in them.
    while (!::lstat(path.c_str(), &link) && S_ISLNK(link.st_mode)) {
        if (link.st_dev == proc.st_dev)
            return std::nullopt;
        path = path.parent_path() / std::filesystem::read_symlink(path);
    }
    return path;
}

// A device, a FIFO or an open file is kept, and written to.
void write_into(const Path &path, std::string_view text)
{
    Fd fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC));
    if (!fd || !write_all(fd.get(), text) || fd.close())
        fail(path, errno);
}

void rename_to(const Path &path, std::string_view text)
{
    // Beside the file, as rename() stays within a file system; and with a name that
    // no collector looking for "*.prom" takes.
    std::string temporary = path.string() + ".XXXXXX";
    Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!fd)
        fail(path, errno);
    if (!write_all(fd.get(), text) || ::fchmod(fd.get(), wanted_mode()) || fd.close() ||
        std::rename(temporary.c_str(), path.c_str())) {
        const int error = errno;
        ::unlink(temporary.c_str());
        fail(path, error);
    }
}

} // namespace

std::optional<std::string> read_file(const Path &path)
{
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        if (errno == ENOENT || errno == ENODEV)
            return std::nullopt;
        fail(path, errno);
    }
    std::string text;
    std::array<char, 4096> buffer;
    for (;;) {
        const ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == ENODEV)
            return std::nullopt;
        if (n < 0)
            fail(path, errno);
        if (n == 0)
            return text;
        text.append(buffer.data(), static_cast<size_t>(n));
    }
}

int write_file(const Path &path, std::string_view text)
{
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd)
        return errno;
    ssize_t n = 0;
    do
        n = ::write(fd.get(), text.data(), text.size());
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno;
    // In a copied tree the old text may be longer. The cut comes last: a refused write
    // leaves the file unchanged. sysfs ignores the cut.
    if (::ftruncate(fd.get(), n) && errno != EINVAL)
        return errno;
    return static_cast<size_t>(n) == text.size() ? 0 : EIO;
}

void replace_file(const Path &path, std::string_view text)
{
    struct stat st = {};
    const bool there = !::stat(path.c_str(), &st);
    if (!there && errno != ENOENT)
        fail(path, errno);
    const auto name = there && !S_ISREG(st.st_mode) ? std::nullopt : followed(path);
    if (name)
        rename_to(*name, text);
    else
        write_into(path, text);
}

} // namespace ctl
