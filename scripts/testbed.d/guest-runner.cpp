// SPDX-License-Identifier: GPL-2.0-only
// The second half of the test machine's process 1: runs the command, carries its
// output into the channel, posts its exit status there, and powers off.
//
// Being process 1 it survives `kill -9 -1` and reaps whatever the command left
// behind.  If it cannot do its work it ends, which panics the kernel, which the
// host reports as a machine that never reached the command.
#include "channel.hpp"
#include "fd.hpp"
#include "guest.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/wait.h>

using channel::Mapping;
using channel::Ring;
using channel::State;

namespace {

constexpr int kPipeSize = 1 << 20;         // large, so a burst does not stop the command
constexpr useconds_t kHostIsBehind = 1000; // the ring is full: look again then

[[noreturn]] void die(const char *what)
{
    std::fprintf(stderr, "testbed: runner: %s: %s\n", what, std::strerror(errno));
    std::exit(1);
}

// A test may add ivshmem devices of its own: the magic tells ours.
Mapping find_channel()
{
    constexpr std::string_view file = "resource2";
    for (const std::string &path : paths("/sys/bus/pci/devices/*/resource2")) {
        const std::string device = path.substr(0, path.size() - file.size());
        if (!read_file(device + "modalias").starts_with("pci:v00001AF4d00001110"))
            continue;
        const Fd bar(open(path.c_str(), O_RDWR | O_CLOEXEC));
        if (Mapping found = channel::map(bar.get()); found && found->magic == channel::kMagic)
            return found;
    }
    die("no ivshmem device carries the channel");
}

// An output of the command: a pipe, emptied into a ring.
class Stream {
    Ring &ring_;
    Fd from_;

public:
    Fd to; // the command's end

    explicit Stream(Ring &ring) : ring_(ring)
    {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC))
            die("pipe");
        from_ = Fd(ends[0]);
        to = Fd(ends[1]);
        fcntl(ends[1], F_SETPIPE_SZ, kPipeSize);
        fcntl(ends[0], F_SETFL, O_NONBLOCK);
    }

    // poll() skips an ended stream.
    pollfd waits() const { return {from_.get(), POLLIN, 0}; }

    // Moves the contents of the pipe, and waits for the host at a full ring.
    void pump()
    {
        while (from_) {
            const std::span<std::byte> room = ring_.writable();
            if (room.empty()) {
                usleep(kHostIsBehind);
                continue;
            }
            const ssize_t n = read(from_.get(), room.data(), room.size());
            if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
            if (n <= 0)
                from_.close();
            else
                ring_.filled(static_cast<size_t>(n));
        }
    }
};

// The command gets a session, a terminal of its own if named, and no stdin otherwise.
[[noreturn]] void become(char **argv, const std::string &tty, const Stream &out, const Stream &err)
{
    setsid();
    const char *name = tty.empty() ? "/dev/null" : tty.c_str();
    const int in = open(name, O_RDWR);
    if (in < 0)
        die(name);
    if (!tty.empty())
        ioctl(in, TIOCSCTTY, 0);
    dup2(in, STDIN_FILENO);
    dup2(tty.empty() ? out.to.get() : in, STDOUT_FILENO);
    dup2(tty.empty() ? err.to.get() : in, STDERR_FILENO);
    std::signal(SIGCHLD, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    execvp(argv[0], argv);
    const int why = errno;
    std::fprintf(stderr, "testbed: %s: %s\n", argv[0], std::strerror(why));
    _exit(why == ENOENT ? 127 : 126);
}

// Reaps everything; returns the exit status of the command once reaped.
std::optional<int> reaped(pid_t command)
{
    std::optional<int> status;
    int st;
    for (pid_t pid; (pid = waitpid(-1, &st, WNOHANG)) > 0;)
        if (pid == command)
            status = WIFSIGNALED(st) ? 128 + WTERMSIG(st) : WEXITSTATUS(st);
    return status;
}

// Blocks SIGCHLD except inside wait(), so that no signal is missed.
class ChildSignal {
    sigset_t before_;

public:
    ChildSignal()
    {
        struct sigaction action = {};
        action.sa_handler = [](int) {}; // only there to end ppoll()
        sigaction(SIGCHLD, &action, nullptr);
        sigset_t child;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        sigprocmask(SIG_BLOCK, &child, &before_);
    }
    // False if a child ended.
    bool wait(std::span<pollfd> fds) const { return ppoll(fds.data(), fds.size(), nullptr, &before_) >= 0; }
};

int run(channel::Channel &ch, char **argv, const std::string &tty, const std::string &note)
{
    const ChildSignal child_signal;
    std::array<Stream, 2> streams = {Stream(ch.output[0]), Stream(ch.output[1])};
    if (!note.empty() && write(streams[1].to.get(), note.data(), note.size()) < 0)
        die("note");
    ch.state.store(State::running, std::memory_order_relaxed);
    const pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (!pid)
        become(argv, tty, streams[0], streams[1]);
    for (Stream &s : streams)
        s.to.close();

    std::optional<int> status;
    while (!(status = reaped(pid))) {
        std::array fds = {streams[0].waits(), streams[1].waits()};
        if (!child_signal.wait(fds))
            continue;
        for (size_t i = 0; i < fds.size(); i++)
            if (fds[i].revents)
                streams[i].pump();
    }
    // First stop remaining processes, or the pipes might never run dry.
    kill(-1, SIGKILL);
    for (Stream &s : streams)
        s.pump();
    return *status;
}

// Pointers to the words in TEXT, each ended by a NUL, and the null behind them.
std::vector<char *> split(std::string &text)
{
    std::vector<char *> argv;
    for (size_t at = 0; at < text.size(); at += std::strlen(&text[at]) + 1)
        argv.push_back(&text[at]);
    argv.push_back(nullptr);
    return argv;
}

} // namespace

void run_command(const char *command_file, const std::string &tty, const std::string &note)
{
    const Mapping ch = find_channel();
    std::string command = read_file(command_file);
    if (command.empty())
        die(command_file);
    const int status = run(*ch, split(command).data(), tty, note);

    ch->status.store(static_cast<uint32_t>(status), std::memory_order_relaxed);
    // Pairs with the acquire in host-pump: output and status come first.
    ch->state.store(State::ended, std::memory_order_release);
    sync();
    reboot(RB_POWER_OFF);
    die("power-off");
}
