// SPDX-License-Identifier: GPL-2.0-only
#pragma once

namespace ctl {

// For a class that owns what can't be there twice.
class NonCopyable {
public:
    NonCopyable(const NonCopyable &) = delete;
    NonCopyable &operator=(const NonCopyable &) = delete;

protected:
    NonCopyable() = default;
    ~NonCopyable() = default;
};

} // namespace ctl
