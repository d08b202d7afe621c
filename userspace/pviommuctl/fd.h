// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <utility>

#include <unistd.h>

namespace ctl {

// A descriptor, closed at the end.
class Fd {
public:
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd(const Fd &) = delete;
    Fd &operator=(const Fd &) = delete;
    ~Fd() { close(); }
    explicit operator bool() const { return fd_ >= 0; }
    int get() const { return fd_; }

    // Some file systems tell of a failed write only here.
    int close()
    {
        const int rc = fd_ < 0 ? 0 : ::close(fd_);
        fd_ = -1;
        return rc;
    }

private:
    int fd_;
};

} // namespace ctl
