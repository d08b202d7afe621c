// SPDX-License-Identifier: GPL-2.0-only
#include "child.h"

#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>

#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"

namespace ctl {

namespace {

int shell_status(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

// Arguments of posix_spawn(), freed at the end.
struct Attributes {
    Attributes()
    {
        ::posix_spawnattr_init(&attributes);
        ::posix_spawn_file_actions_init(&actions);
    }
    ~Attributes()
    {
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&actions);
    }
    Attributes(const Attributes &) = delete;
    Attributes &operator=(const Attributes &) = delete;

    posix_spawnattr_t attributes{};
    posix_spawn_file_actions_t actions{};
};

} // namespace

StopSignals::StopSignals()
{
    sigemptyset(&waited_);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGCHLD})
        sigaddset(&waited_, number);
    pthread_sigmask(SIG_BLOCK, &waited_, &before_);
}

StopSignals::~StopSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

std::optional<StopSignals::Caught> StopSignals::wait(double seconds) const
{
    const double whole = std::floor(seconds);
    const timespec timeout = {.tv_sec = static_cast<time_t>(whole),
                              .tv_nsec = static_cast<long>((seconds - whole) * 1e9)};
    siginfo_t info = {};
    const int number = sigtimedwait(&waited_, &info, &timeout);
    if (number < 0 || number == SIGCHLD)
        return std::nullopt;
    return Caught{number, info.si_code == SI_KERNEL};
}

Child::Child(const std::vector<std::string> &argv, const StopSignals &signals, const ChildOptions &options,
             const std::string &remedy)
{
    std::vector<char *> words;
    for (const std::string &word : argv)
        words.push_back(const_cast<char *>(word.c_str()));
    words.push_back(nullptr);
    Attributes a;
    ::posix_spawnattr_setsigmask(&a.attributes, &signals.before());
    ::posix_spawnattr_setpgroup(&a.attributes, 0);
    ::posix_spawnattr_setflags(
        &a.attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK | (options.own_group ? POSIX_SPAWN_SETPGROUP : 0)));
    if (options.out >= 0)
        ::posix_spawn_file_actions_adddup2(&a.actions, options.out, STDOUT_FILENO);
    if (options.err >= 0)
        ::posix_spawn_file_actions_adddup2(&a.actions, options.err, STDERR_FILENO);
    const int error = ::posix_spawnp(&pid_, words[0], &a.actions, &a.attributes, words.data(), environ);
    if (error) {
        pid_ = -1;
        throw Error(Exit::failed, argv[0] + ": " + std::strerror(error) + (remedy.empty() ? "" : ": " + remedy));
    }
}

Child::~Child()
{
    if (pid_ < 0 || poll())
        return;
    ::kill(pid_, SIGKILL);
    wait();
}

std::optional<int> Child::poll()
{
    int status = 0;
    if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
        status_ = shell_status(status);
    return status_;
}

int Child::wait()
{
    int status = 0;
    while (!status_)
        if (::waitpid(pid_, &status, 0) == pid_)
            status_ = shell_status(status);
        else if (errno != EINTR)
            status_ = 127;
    return *status_;
}

void Child::signal(int number) const { ::kill(pid_, number); }

} // namespace ctl
