// SPDX-License-Identifier: GPL-2.0-only
// host-pump CHANNEL LOGDIR SECONDS -- QEMU ARG...
//
// Starts QEMU with a monitor (QMP) on descriptor 3, copies the command's stdout
// and stderr out of the channel meanwhile, and ends the machine after SECONDS.
// Writes the outcome to LOGDIR/result as "name=value" lines for the caller to
// judge.  QEMU never outlives the pump.
#include "channel.hpp"
#include "fd.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <new>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>

using channel::Mapping;
using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

namespace {

constexpr int kMonitor = 3; // QEMU's descriptor of the monitor
constexpr auto kPoll = 5ms; // how stale live output may be

[[noreturn]] void die(const std::string &what)
{
    std::cerr << "testbed: host-pump: " << what << ": " << std::strerror(errno) << '\n';
    std::exit(1);
}

Fd create(const std::string &path, int mode)
{
    Fd fd(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, mode));
    if (!fd)
        die(path);
    return fd;
}

Mapping make_channel(const std::string &path)
{
    const Fd fd = create(path, 0600);
    if (ftruncate(fd.get(), channel::kSize))
        die(path);
    Mapping ch = channel::map(fd.get());
    if (!ch)
        die("mmap");
    new (ch.get()) channel::Channel;
    return ch;
}

struct Qemu {
    pid_t pid;
    Fd monitor;
};

[[noreturn]] void become_qemu(char **argv, pid_t parent, const Fd &monitor, const Fd &log)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1); // the parent died before prctl()
    dup2(log.get(), STDERR_FILENO);
    if (monitor.get() == kMonitor)
        fcntl(kMonitor, F_SETFD, 0);
    else
        dup2(monitor.get(), kMonitor);
    close_range(kMonitor + 1, ~0U, 0);
    execvp(argv[0], argv);
    die(argv[0]);
}

Qemu start_qemu(char **argv, const std::string &log_path)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
        die("socketpair");
    Fd ours(pair[0]);
    const Fd theirs(pair[1]), log = create(log_path, 0666);
    const pid_t me = getpid(), pid = fork();
    if (pid < 0)
        die("fork");
    if (!pid)
        become_qemu(argv, me, theirs, log);
    return {pid, std::move(ours)};
}

// False: the reader went away.
bool write_all(int fd, std::span<const std::byte> bytes)
{
    while (!bytes.empty()) {
        const ssize_t n = write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = bytes.subspan(static_cast<size_t>(n));
    }
    return true;
}

// Returns whether any byte moved; a reader that went away loses the rest, and the run goes on.
bool drain(channel::Channel &ch)
{
    bool moved = false;
    int fd = STDOUT_FILENO;
    for (channel::Ring &ring : ch.output) {
        for (auto piece = ring.readable(); !piece.empty(); piece = ring.readable()) {
            write_all(fd, piece);
            ring.drained(piece.size());
            moved = true;
        }
        fd++;
    }
    return moved;
}

void copy_monitor(const Fd &monitor, const Fd &log)
{
    std::byte text[4096];
    for (ssize_t n; (n = recv(monitor.get(), text, sizeof(text), MSG_DONTWAIT)) > 0;)
        write_all(log.get(), {text, static_cast<size_t>(n)});
}

struct End {
    bool late = false; // time ran out
    int status = 0;    // QEMU's, as from wait()
};

// Serves the machine to its end.
End serve(channel::Channel &ch, const Qemu &qemu, const Fd &log, Clock::duration limit)
{
    const Clock::time_point start = Clock::now();
    End end;

    while (waitpid(qemu.pid, &end.status, WNOHANG) == 0) {
        copy_monitor(qemu.monitor, log);
        if (drain(ch))
            continue;
        if (!end.late && Clock::now() - start > limit) {
            end.late = true;
            kill(qemu.pid, SIGKILL);
        }
        std::this_thread::sleep_for(kPoll);
    }
    copy_monitor(qemu.monitor, log);
    drain(ch);
    return end;
}

void write_result(const std::string &path, const channel::Channel &ch, const End &end, Clock::duration took)
{
    std::ofstream file(path);
    // Pairs with the release in guest-runner: the status is there.
    file << "state=" << static_cast<uint32_t>(ch.state.load(std::memory_order_acquire)) << '\n'
         << "status=" << ch.status.load(std::memory_order_relaxed) << '\n'
         << "late=" << end.late << '\n'
         << "qemu=" << (WIFSIGNALED(end.status) ? 128 + WTERMSIG(end.status) : WEXITSTATUS(end.status)) << '\n'
         << "seconds=" << std::chrono::duration<double>(took).count() << '\n';
    file.close();
    if (!file)
        die(path);
}

} // namespace

int main(int argc, char **argv)
{
    constexpr std::string_view hello = "{\"execute\":\"qmp_capabilities\"}\n";
    const Clock::time_point start = Clock::now();

    if (argc < 6 || argv[4] != std::string_view("--")) {
        std::cerr << "usage: host-pump CHANNEL LOGDIR SECONDS -- QEMU ARG...\n";
        return 2;
    }
    const std::string logs = argv[2];
    const std::chrono::seconds limit(std::atoi(argv[3]));

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    std::signal(SIGPIPE, SIG_IGN);
    const Mapping ch = make_channel(argv[1]);
    const Fd log = create(logs + "/qmp.log", 0666);
    const Qemu qemu = start_qemu(argv + 5, logs + "/qemu.log");
    if (send(qemu.monitor.get(), hello.data(), hello.size(), MSG_NOSIGNAL) < 0)
        std::perror("testbed: host-pump: qmp");
    const End end = serve(*ch, qemu, log, limit);
    write_result(logs + "/result", *ch, end, Clock::now() - start);
    unlink(argv[1]);
    return 0;
}
