// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// A backend carries out maps and unmaps: the device, or a simulated device. The meaning
// is that of the ioctls in docs/device.md; the structures are the kernel's own.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "error.h"
#include "xen_pviommu.h"

namespace pviommu {

using Op = xen_pviommu_op;
using Info = xen_pviommu_info;

constexpr std::uint64_t page_size = 4096;
// Of a window: any address will do.
constexpr std::uint64_t no_limit = ~std::uint64_t{0};

// The access of devices.
enum class Access : std::uint16_t {
    read = XEN_PVIOMMU_READ,
    write = XEN_PVIOMMU_WRITE,
    read_write = XEN_PVIOMMU_READ | XEN_PVIOMMU_WRITE,
};

// Raw ops, for a program that keeps addresses and regions itself. Any thread may
// call a backend at any time.
class PVIOMMU_API Backend {
public:
    Backend() = default;
    Backend(const Backend &) = delete;
    Backend &operator=(const Backend &) = delete;
    // As the end of a file: unmaps, unpins, gives the window back.
    virtual ~Backend();

    [[nodiscard]] virtual const char *name() const noexcept = 0; // "device", "sim"
    virtual Result<Info> info() noexcept = 0;
    // Return: the window's first address.
    virtual Result<std::uint64_t> take_window(std::uint64_t size, std::uint64_t limit) noexcept = 0;
    // Return: the region's id.
    virtual Result<std::uint32_t> add_region(const void *addr, std::uint64_t size, Access access) noexcept = 0;
    virtual Result<void> del_region(std::uint32_t id) noexcept = 0;
    // Return: the number of statuses that are not 0. An error: nothing was done.
    virtual Result<unsigned> submit(std::span<Op> ops) noexcept = 0;
};

PVIOMMU_API Result<std::unique_ptr<Backend>> open_device(const std::string &path = "/dev/xen-pviommu") noexcept;

// Ops, filled.
constexpr Op map_op(std::uint64_t iova, std::uint32_t region, std::uint64_t offset, std::uint64_t size,
                    Access access) noexcept
{
    return {XEN_PVIOMMU_OP_MAP, static_cast<std::uint16_t>(access), region, iova, offset, size, 0, 0};
}
constexpr Op unmap_op(std::uint64_t iova, std::uint64_t size) noexcept
{
    return {XEN_PVIOMMU_OP_UNMAP, 0, 0, iova, 0, size, 0, 0};
}

} // namespace pviommu
