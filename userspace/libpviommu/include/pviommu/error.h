// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Errors as values: docs/libpviommu.md has the reasons. No part of the
// library throws, and no failure allocates.
#pragma once

#include <string>
#include <system_error>

#include <tl/expected.hpp>

#define PVIOMMU_API __attribute__((__visibility__("default")))
#define PVIOMMU_HIDDEN __attribute__((__visibility__("hidden")))

namespace pviommu {

// An errno, the failed call, and the remedy. Texts are static: an Error can be
// copied freely, even when memory is short.
class PVIOMMU_API Error {
public:
    constexpr Error(int error, const char *what, const char *remedy) noexcept
        : errno_(error), what_(what), remedy_(remedy)
    {}
    // Positive, as errno is.
    [[nodiscard]] constexpr int number() const noexcept { return errno_; }
    [[nodiscard]] std::error_code code() const noexcept { return {errno_, std::generic_category()}; }
    [[nodiscard]] constexpr const char *what() const noexcept { return what_; }
    [[nodiscard]] constexpr const char *remedy() const noexcept { return remedy_; }
    // "open the device: No such file or directory: remedy"
    [[nodiscard]] std::string message() const;

private:
    int errno_;
    const char *what_;
    const char *remedy_;
};

template <typename T> using Result = tl::expected<T, Error>;

// The meaning of an op's status: 0 or a negative errno, as in docs/device.md.
PVIOMMU_API Result<void> status_of(int status) noexcept;

} // namespace pviommu
