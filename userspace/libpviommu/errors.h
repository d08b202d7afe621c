// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The errors of each call, with remedies: the same for all backends.
#pragma once

#include <new>

#include <pviommu/backend.h>

namespace pviommu {

// Of an errno, positive.
using Failure = tl::unexpected<Error>;
Failure open_failed(int error) noexcept;
Failure info_failed(int error) noexcept;
Failure window_failed(int error) noexcept;
Failure region_failed(int error) noexcept;
Failure region_del_failed(int error) noexcept;
Failure submit_failed(int error) noexcept;

inline Failure fail(int error, const char *what, const char *remedy) noexcept
{
    return Failure(Error(error, what, remedy));
}

// A constructor may lack memory, with a result like any other.
template <typename F> auto guarded(const char *what, F &&f) noexcept -> decltype(f())
{
    try {
        return f();
    } catch (const std::bad_alloc &) {
        return fail(ENOMEM, what, "the process has no memory left");
    }
}

} // namespace pviommu
