// SPDX-License-Identifier: GPL-2.0-only
//
// Preloaded into pviommuctl by its test, in place of a kernel that refuses. REFUSE is
// "write NAME ERRNO" or "read NAME ERRNO", of a file by the last part of its name.
#include <array>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string>

#include <sys/syscall.h>
#include <unistd.h>

namespace {

bool ends_with_name(const std::string &path, const std::string &name) { return path.ends_with("/" + name); }

// The errno, or 0.
int refused(const std::string &call, int fd)
{
    const char *rule = std::getenv("REFUSE");
    if (!rule)
        return 0;
    std::istringstream words(rule);
    std::string which, name;
    int error = 0;
    words >> which >> name >> error;
    std::array<char, 4096> path{};
    if (which != call || ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path.data(), path.size() - 1) < 0)
        return 0;
    return ends_with_name(path.data(), name) ? error : 0;
}

} // namespace

extern "C" ssize_t write(int fd, const void *data, size_t size)
{
    if (const int error = refused("write", fd)) {
        errno = error;
        return -1;
    }
    return ::syscall(SYS_write, fd, data, size);
}

extern "C" ssize_t read(int fd, void *data, size_t size)
{
    if (const int error = refused("read", fd)) {
        errno = error;
        return -1;
    }
    return ::syscall(SYS_read, fd, data, size);
}
