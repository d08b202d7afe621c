// SPDX-License-Identifier: GPL-2.0-only
// A file descriptor, closed with its owner.
#pragma once

#include <unistd.h>
#include <utility>

class Fd {
    int fd_ = -1;

public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd &&from) noexcept : fd_(std::exchange(from.fd_, -1)) {}
    Fd &operator=(Fd &&from) noexcept
    {
        std::swap(fd_, from.fd_);
        return *this;
    }
    ~Fd() { close(); }

    explicit operator bool() const { return fd_ >= 0; }
    int get() const { return fd_; }
    void close()
    {
        if (fd_ >= 0)
            ::close(std::exchange(fd_, -1));
    }
};
