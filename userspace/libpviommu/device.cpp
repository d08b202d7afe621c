// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The backend of the device: docs/device.md.

#include <cerrno>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "errors.h"

namespace pviommu {

namespace {

class Device final : public Backend {
public:
    explicit Device(int fd) noexcept : fd_(fd) {}
    ~Device() override { close(fd_); }

    [[nodiscard]] const char *name() const noexcept override { return "device"; }

    Result<Info> info() noexcept override
    {
        Info info{};
        if (ioctl(fd_, XEN_PVIOMMU_IOC_INFO, &info))
            return info_failed(errno);
        return info;
    }
    Result<std::uint64_t> take_window(std::uint64_t size, std::uint64_t limit) noexcept override
    {
        xen_pviommu_window window{size, limit, 0};
        if (ioctl(fd_, XEN_PVIOMMU_IOC_WINDOW, &window))
            return window_failed(errno);
        return window.iova;
    }
    Result<std::uint32_t> add_region(const void *addr, std::uint64_t size, Access access) noexcept override
    {
        xen_pviommu_region region{reinterpret_cast<std::uintptr_t>(addr), size, static_cast<std::uint32_t>(access), 0};
        if (ioctl(fd_, XEN_PVIOMMU_IOC_REGION_ADD, &region))
            return region_failed(errno);
        return region.id;
    }
    Result<void> del_region(std::uint32_t id) noexcept override
    {
        xen_pviommu_region_del del{id, 0};
        if (ioctl(fd_, XEN_PVIOMMU_IOC_REGION_DEL, &del))
            return region_del_failed(errno);
        return {};
    }
    Result<unsigned> submit(std::span<Op> ops) noexcept override
    {
        if (ops.size() > XEN_PVIOMMU_MAX_OPS)
            return submit_failed(E2BIG);
        xen_pviommu_ops burst{reinterpret_cast<std::uintptr_t>(ops.data()), static_cast<std::uint32_t>(ops.size()), 0};
        const int failed = ioctl(fd_, XEN_PVIOMMU_IOC_OPS, &burst);
        if (failed < 0)
            return submit_failed(errno);
        return static_cast<unsigned>(failed);
    }

private:
    int fd_;
};

Result<std::unique_ptr<Backend>> open(const std::string &path)
{
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC); // NOLINT(cppcoreguidelines-pro-type-vararg)
    if (fd < 0)
        return open_failed(errno);
    auto device = std::make_unique<Device>(fd);
    const Result<Info> info = device->info();
    if (!info)
        return open_failed(info.error().number());
    if (info->version != XEN_PVIOMMU_VERSION || info->page_size != page_size)
        return open_failed(ENOTSUP);
    return device;
}

} // namespace

Backend::~Backend() = default;

Result<std::unique_ptr<Backend>> open_device(const std::string &path) noexcept
{
    return guarded("open the device", [&] { return open(path); });
}

} // namespace pviommu
