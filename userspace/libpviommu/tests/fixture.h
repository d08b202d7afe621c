// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Shared by the tests. All run on the simulated backend and on the device, except
// suites named Sim...
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>
#include <pviommu/pviommu.h>
#include <pviommu/sim.h>

constexpr std::uint64_t page = pviommu::page_size;
constexpr std::uint64_t MiB = 1 << 20;
constexpr auto both = pviommu::Access::read_write;

// --device
extern bool on_device;
std::unique_ptr<pviommu::Backend> new_backend();

// The value of a result; an error fails the test.
template <typename T> T must(pviommu::Result<T> result)
{
    if (!result)
        throw std::runtime_error(result.error().message());
    if constexpr (!std::is_void_v<T>)
        return std::move(*result);
}

// 0, or the errno.
template <typename T> int errno_of(const pviommu::Result<T> &result) { return result ? 0 : result.error().number(); }

// Anonymous memory.
class Memory {
public:
    explicit Memory(std::uint64_t pages);
    ~Memory();
    Memory(const Memory &) = delete;
    Memory &operator=(const Memory &) = delete;
    void protect(int prot) const;
    void unmap() const;
    [[nodiscard]] std::byte *at(std::uint64_t page_nr = 0) const { return start_ + page_nr * page; }
    [[nodiscard]] std::uint64_t size() const { return size_; }
    [[nodiscard]] std::span<std::byte> all() const { return {start_, size_}; }

private:
    std::uint64_t size_;
    std::byte *start_;
};

inline std::unique_ptr<pviommu::Space> new_space(std::uint64_t window = 2 * MiB, unsigned lcores = 1)
{
    return must(pviommu::Space::open(new_backend(), {.window = window, .lcores = lcores}));
}

// Places of the pages of a region, the last page first: no two are neighbours
// in ascending memory.
inline std::vector<pviommu::Place> backwards(const pviommu::Region &region, unsigned pages)
{
    std::vector<pviommu::Place> places;
    for (unsigned i = 0; i < pages; i++)
        places.push_back(region.at((pages - 1 - i) * page));
    return places;
}

inline std::vector<int> statuses(std::span<const pviommu::Op> ops)
{
    std::vector<int> s;
    for (const pviommu::Op &op : ops)
        s.push_back(op.status);
    return s;
}

// The backend's counts since the last look: of the simulated device, or of the
// module.
struct Cost {
    std::uint64_t hypercalls, ops, flushes;
};
class Meter {
public:
    explicit Meter(pviommu::Backend &backend) : backend_(backend), last_(now()) {}
    Cost look();

private:
    Cost now();
    pviommu::Backend &backend_;
    Cost last_;
};
