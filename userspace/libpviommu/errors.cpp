// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "errors.h"

#include <cerrno>
#include <span>

namespace pviommu {

namespace {

struct Remedy {
    int error;
    const char *text;
};

Failure failure(const char *what, int error, std::span<const Remedy> remedies) noexcept
{
    for (const Remedy &r : remedies)
        if (r.error == error)
            return fail(error, what, r.text);
    return fail(error, what, "dmesg | grep xen_pviommu may say more");
}

constexpr const char *not_active = "the module is not active: cat /sys/kernel/xen_pviommu/state, pviommuctl status";
constexpr const char *no_memory = "dom0 has no memory left";

constexpr Remedy of_open[] = {
    {ENOENT, not_active},
    {ENODEV, not_active},
    {ENXIO, not_active},
    {ENOTTY, "this is no /dev/xen-pviommu"},
    {EACCES, "only root may open it"},
    {EPERM, "only root may open it"},
    {EMFILE, "the process has too many files: raise ulimit -n"},
    {ENOTSUP, "library and module are of different versions: install both from one source"},
};
constexpr Remedy of_info[] = {{EINTR, "the process is being killed"}};
constexpr Remedy of_window[] = {
    {EINVAL, "a window is a power of two of bytes, 2 MiB to 256 MiB"},
    {EBUSY, "the file has a window: open another file"},
    {ERANGE, "the module has no addresses at or below the limit: dmesg | grep 'xen_pviommu.*window'"},
    {ENOSPC, "no such run of addresses is free: ask for a smaller window, or end other users of the device"},
    {ENOMEM, no_memory},
    {EINTR, "the process is being killed"},
};
constexpr Remedy of_region[] = {
    {EINVAL, "address and size are multiples of the page size, and the size is not 0"},
    {E2BIG, "a region has at most 1 GiB: add several"},
    {EFAULT, "the memory must be mapped and writable for the process, also if devices only read it"},
    {EOPNOTSUPP, "only dom0's own RAM can be mapped, not a guest's or a device's"},
    {ENOSPC, "there are 1024 regions: join some, or remove them"},
    {ENOMEM, "no memory may be locked any more: raise ulimit -l, or run with CAP_IPC_LOCK"},
    {EINTR, "the process is being killed"},
};
constexpr Remedy of_region_del[] = {
    {ENOENT, "there is no such region"},
    {EBUSY, "some of it is mapped: unmap that first"},
    {EINTR, "the process is being killed"},
};
constexpr Remedy of_submit[] = {
    {E2BIG, "submit at most 4096 ops at once"},
    {ENOMEM, no_memory},
    {EFAULT, "the ops must be in memory that the process can write"},
    {EINTR, "the process is being killed"},
};
constexpr Remedy of_status[] = {
    {EINVAL, "addresses, offsets and sizes are multiples of the page size; a map has an access, an unmap only a range"},
    {ENXIO, "the range must be inside the window"},
    {ENOENT, "the region of the map was removed, or a page of the unmap is not mapped"},
    {EACCES, "add the region with that access"},
    {ERANGE, "offset and size must be inside the region"},
    {EEXIST, "a page of the range is mapped: unmap that first"},
    {EIO, "it is not known what the range maps: it is never used again; dmesg | grep xen_pviommu"},
    {ENOSPC, "Xen has no tables left: raise max_tables, or map less"},
    {ENOMEM, "Xen has no memory for tables: leave it some with dom0_mem="},
    {EBUSY, "the frame can't be mapped in that way now"},
    {EINTR, "the process is being killed"},
};

} // namespace

std::string Error::message() const { return std::string(what_) + ": " + code().message() + ": " + remedy_; }

Failure open_failed(int error) noexcept { return failure("open the device", error, of_open); }
Failure info_failed(int error) noexcept { return failure("ask the device", error, of_info); }
Failure window_failed(int error) noexcept { return failure("take a window", error, of_window); }
Failure region_failed(int error) noexcept { return failure("add a region", error, of_region); }
Failure region_del_failed(int error) noexcept { return failure("remove a region", error, of_region_del); }
Failure submit_failed(int error) noexcept { return failure("submit ops", error, of_submit); }

Result<void> status_of(int status) noexcept
{
    if (status == 0)
        return {};
    return failure("op", -status, of_status);
}

} // namespace pviommu
