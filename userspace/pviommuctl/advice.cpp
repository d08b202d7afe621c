// SPDX-License-Identifier: GPL-2.0-only
#include "advice.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace ctl {

namespace {

constexpr Advice table[] = {
    {"not-pv-dom0", "this kernel is no PV dom0", "use it in a dom0 that Xen starts as PV (no dom0=pvh)"},
    {"no-hypercall", "this Xen has no iommu_op", "patch Xen with hypervisor/apply, install it and boot it"},
    {"no-magic", "hypercall 43 of this Xen is something else than our iommu_op",
     "patch Xen with the hypervisor/apply that belongs to this module"},
    {"maintained", "need_iommu is set: Xen itself maintains dom0's map",
     "boot Xen without dom0-iommu=strict, and without what implies it"},
    {"passthrough", "DMA bypasses translation", "boot Xen without dom0-iommu=passthrough"},
    {"no-iommu", "Xen has no IOMMU for dom0",
     "enable VT-d in the firmware, and boot Xen without iommu=no; xl dmesg says what Xen found"},
    {"xsm", "XSM does not allow iommu_op", "allow it to dom0 in the FLASK policy"},
    {"not-pv", "Xen says that this domain is no PV hardware domain", "use it in dom0, and without hardware_dom="},
    {"driver", "Xen's IOMMU driver can't do iommu_op", "none on this machine: it needs VT-d or AMD-Vi"},
    {"unknown", "Xen refuses for a reason unknown to the module, or does not tell where its RAM ends",
     "take Xen's patch and the module from one version"},
    {"setup-failed", "setup failed", "dmesg has the error's number; report it if it is no want of memory"},
};

constexpr Advice off = {"off", "the module was loaded with mode off",
                        "load it with another: modprobe -r xen-pviommu; modprobe xen-pviommu mode=strict"};

constexpr Advice holed = {"holed",
                          "the host map has holes, and protects nothing: isolate is under way, or stopped half way",
                          "pviommuctl isolate, on or off, tries again; dmesg has the error's number"};

// The possible reasons of any file's refusal.
std::string refused(int error)
{
    if (error == EACCES || error == EROFS)
        return fmt::format("{}: only root may write there, and only where sysfs is writable: use sudo",
                           std::strerror(error));
    return fmt::format("{}: dmesg may say why", std::strerror(error));
}

std::string inactive(const Status &status)
{
    const std::string now = status.state.empty() ? "unloaded" : status.state;
    if (const auto advice = advice_for(status))
        return fmt::format("xen_pviommu is not active ({}: {}). Remedy: {}", now, advice->why, advice->remedy);
    return fmt::format("xen_pviommu is not active ({}): see pviommuctl status", now);
}

} // namespace

std::span<const Advice> advice_table() { return table; }

std::optional<Advice> advice_for(const Status &status)
{
    if (status.state == off.reason)
        return off;
    if (status.host_map == holed.reason)
        return holed;
    const auto *it = std::ranges::find(table, std::string_view(status.reason), &Advice::reason);
    if (status.state == "active" || it == std::end(table))
        return std::nullopt;
    return *it;
}

std::string mode_refused(int error, const std::string &address, std::string_view mode)
{
    switch (error) {
    case EPERM:
        return "PCI calls the device untrusted (external, or behind such a port), so it stays strict. Trust it in the "
               "firmware, or live with strict";
    case EBUSY:
        return "static needs the static map, and there is none: load the module with mode=static, or use reuse or lazy";
    case EINVAL:
        if (mode == "off")
            return fmt::format(
                "no device goes to off while a driver uses it: load the module with devices={}=off, or boot "
                "with xen_pviommu.devices={}=off",
                address, address);
        return fmt::format("'{}' is no mode: static, reuse, lazy and strict are", mode);
    case ENODEV:
    case ENOENT:
        return "the device was unbound meanwhile: bind its driver again";
    default:
        return refused(error);
    }
}

std::string isolate_refused(int error, bool on, const Status &status)
{
    if (error == ENODEV)
        return inactive(status);
    if (error == EBUSY && on)
        return "a bound device, or the static map, needs the host map. The log names it: dmesg | grep 'isolate "
               "refused'. "
               "Unbind that device, or bind it again now that the module is loaded; static can't be isolated";
    return refused(error);
}

std::string vfio_refused(int error, bool on, const Status &status)
{
    if (error == ENODEV)
        return inactive(status);
    if (error == EOPNOTSUPP)
        return "this kernel has no IOMMU API (CONFIG_IOMMU_API)";
    if (error == EBUSY)
        return fmt::format("the log names the device: dmesg | grep 'vfio={} refused'. {}", on ? 1 : 0,
                           on ? "Unbind the devices that have drivers, or load the module with vfio=1 before those"
                              : "End the program that has it, and unbind it from vfio-pci");
    return refused(error);
}

std::string flush_refused(int error, const Status &status)
{
    return error == ENODEV ? inactive(status) : refused(error);
}

} // namespace ctl
