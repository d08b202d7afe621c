// SPDX-License-Identifier: GPL-2.0-only
// /init of the test machine: mounts the file systems, loads the PV-IOMMU module
// before any driver, lets every driver bind, and hands over to run_command()
// (guest-runner.cpp).  A script would start a few hundred processes, which under
// emulation cost as long as the rest of the boot.
#include "fd.hpp"
#include "guest.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <glob.h>
#include <net/if.h>
#include <set>
#include <spawn.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

std::string read_file(const std::string &path)
{
    const Fd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    char piece[4096];
    for (ssize_t n; fd && (n = read(fd.get(), piece, sizeof(piece))) > 0;)
        text.append(piece, static_cast<size_t>(n));
    return text;
}

std::vector<std::string> paths(const char *pattern)
{
    glob_t found = {};
    glob(pattern, 0, nullptr, &found);
    std::vector<std::string> all(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    globfree(&found);
    return all;
}

namespace {

constexpr useconds_t kRound = 50000;
constexpr int kQuietRounds = 6;      // 0.3 s without anything new: settled
constexpr int kQuietRoundsSlow = 20; // USB and SD cards enumerate with pauses
constexpr int kMaxRounds = 1200;

struct Mount {
    const char *type, *at;
};

constexpr Mount kMounts[] = {
    {"proc", "/proc"},
    {"sysfs", "/sys"},
    {"devtmpfs", "/dev"},
    {"devpts", "/dev/pts"},
    {"tmpfs", "/dev/shm"},
    {"tmpfs", "/tmp"},
    {"tmpfs", "/run"},
    {"debugfs", "/sys/kernel/debug"},
    {"tracefs", "/sys/kernel/tracing"},
};

struct Link {
    const char *target, *at;
};

constexpr Link kLinks[] = {
    {"/proc/self/fd", "/dev/fd"},
    {"/proc/self/fd/0", "/dev/stdin"},
    {"/proc/self/fd/1", "/dev/stdout"},
    {"/proc/self/fd/2", "/dev/stderr"},
};

bool write_file(const char *path, std::string_view text)
{
    const Fd fd(open(path, O_WRONLY | O_CLOEXEC));
    return fd && write(fd.get(), text.data(), text.size()) >= 0;
}

// One line of the machine's own account, in the console log.
void tell(std::string_view text)
{
    if (!write_file("/dev/kmsg", text))
        std::fprintf(stderr, "%.*s (%s)\n", static_cast<int>(text.size()), text.data(), std::strerror(errno));
}

void complain(const char *path) { std::fprintf(stderr, "testbed: %s: %s\n", path, std::strerror(errno)); }

void mount_all()
{
    for (const auto &[type, at] : kMounts) {
        mkdir(at, 0755);
        if (mount(type, at, type, 0, nullptr))
            complain(at);
    }
    for (const auto &[target, at] : kLinks)
        if (symlink(target, at))
            complain(at);
}

void limits_and_names()
{
    const rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    setrlimit(RLIMIT_MEMLOCK, &all);
    sethostname("testbed", 7);

    ifreq lo = {};
    std::strcpy(lo.ifr_name, "lo");
    lo.ifr_flags = IFF_UP | IFF_RUNNING;
    const Fd s(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ioctl(s.get(), SIOCSIFFLAGS, &lo);

    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", 1);
    setenv("HOME", "/root", 1);
    setenv("TERM", "linux", 1);
    setenv("LANG", "C", 1);
}

// QEMU's NICs (net_tx_pkt.c) map a fragment in one piece. If the IOMMU joins pages that
// lie apart in the machine, the NICs drop the packet, and every repetition. The
// network stack must therefore not make a fragment of several pages.
void keep_fragments_small()
{
    if (!write_file("/proc/sys/net/core/high_order_alloc_disable", "1"))
        complain("high_order_alloc_disable");
}

// The text behind NAME in the first line with NAME at its start; nothing without such a line.
std::string value_of(std::string_view name, std::string_view text)
{
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        if (line.starts_with(name))
            return std::string(line.substr(name.size()));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return {};
}

// Whether the program ran and ended with status 0.
bool succeeds(const std::vector<std::string> &words)
{
    std::vector<char *> argv;
    argv.reserve(words.size() + 1);
    for (const std::string &word : words)
        argv.push_back(const_cast<char *>(word.c_str()));
    argv.push_back(nullptr);

    pid_t pid;
    int status;
    return !posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ) && waitpid(pid, &status, 0) == pid &&
           status == 0;
}

// MODE: mode= of the module, may be empty.
bool load_pviommu(const std::string &mode)
{
    std::vector<std::string> words = {"/sbin/modprobe", "xen-pviommu"};
    if (!mode.empty())
        words.push_back("mode=" + mode);
    const bool loaded = succeeds(words);
    tell(loaded ? "testbed: xen-pviommu loaded" : "testbed: xen-pviommu was refused");
    return loaded;
}

// One modprobe for all new device names since the last call; the next call finds
// devices that these drivers bring (disks behind a controller).
// Returns whether names were new.
bool coldplug_once(std::set<std::string> &seen)
{
    std::vector<std::string> words = {"/sbin/modprobe", "-abq"};
    const size_t none = words.size();
    // The names by which udev would load a driver, from uevent: cards on the mmc bus
    // have no modalias file.
    for (const std::string &path : paths("/sys/bus/*/devices/*/uevent"))
        if (const std::string alias = value_of("MODALIAS=", read_file(path));
            !alias.empty() && seen.insert(alias).second)
            words.push_back(alias);
    if (words.size() == none)
        return false;
    succeeds(words);
    return true;
}

bool has_slow_bus()
{
    const std::vector<std::string> classes = paths("/sys/bus/pci/devices/*/class");
    return std::any_of(classes.begin(), classes.end(), [](const std::string &path) {
        const std::string id = read_file(path);
        return id.starts_with("0x0c03") || id.starts_with("0x0805");
    });
}

// Settled: no new name and no device event for a while.
void coldplug()
{
    const int need = has_slow_bus() ? kQuietRoundsSlow : kQuietRounds;
    std::set<std::string> seen;
    std::string last;

    for (int quiet = 0, round = 0; quiet < need && round < kMaxRounds; round++) {
        const bool fresh = coldplug_once(seen);
        const std::string events = read_file("/sys/kernel/uevent_seqnum");
        quiet = fresh || events != last ? 0 : quiet + 1;
        last = events;
        if (!fresh)
            usleep(kRound);
    }
    tell("testbed: drivers settled");
}

} // namespace

int main()
{
    umask(022);
    mount_all();
    limits_and_names();
    keep_fragments_small();
    tell("testbed: init");

    // The options of scripts/testbed.
    const std::string config = read_file("/testbed/run.conf");
    std::string note;
    if (value_of("LOAD_MODULE=", config) == "1" && !load_pviommu(value_of("MODE=", config)))
        note = "testbed: xen-pviommu.ko could not be loaded; the console log says why\n";
    if (!access("/sys/hypervisor/type", F_OK))
        mount("xenfs", "/proc/xen", "xenfs", 0, nullptr);
    coldplug();
    if (chdir("/root"))
        complain("/root");
    tell("testbed: command starts");
    run_command("/testbed/argv", value_of("TTY=", config), note);
}
