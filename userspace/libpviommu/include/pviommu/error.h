// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// What can go wrong, as a value: docs/libpviommu.md argues why. Nothing of the
// library throws, and no failure allocates.
#pragma once

#include <string>
#include <system_error>

#include <tl/expected.hpp>

#define PVIOMMU_API __attribute__((__visibility__("default")))
#define PVIOMMU_HIDDEN __attribute__((__visibility__("hidden")))

namespace pviommu {

// An errno, what it was that failed, and what helps. Texts are static: an Error
// is copied freely, also by who is about to run out of memory.
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
    // "what: No such file or directory: remedy"
    [[nodiscard]] std::string message() const;

private:
    int errno_;
    const char *what_;
    const char *remedy_;
};

template <typename T> using Result = tl::expected<T, Error>;

// What the status of an op says: 0 or a negative errno, as docs/device.md has them.
PVIOMMU_API Result<void> status_of(int status) noexcept;

} // namespace pviommu
