// SPDX-License-Identifier: GPL-2.0-only
#include "check.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "advice.h"
#include "text.h"

namespace ctl {

namespace {

Step xen_step(const Sysfs &sysfs)
{
    if (sysfs.hypervisor("type") != "xen")
        return {"Xen", "this kernel does not run on Xen",
                "apt-get install xen-system-amd64, and choose Xen in the boot menu"};
    // A kernel without the file is older than PVH.
    if (const std::string type = sysfs.hypervisor("guest_type"); !type.empty() && type != "PV")
        return {"Xen", fmt::format("this domain is {}", type), "boot Xen without dom0=pvh"};
    return {"Xen", "a PV domain", {}};
}

Step module_step(const Sysfs &sysfs)
{
    if (sysfs.loaded())
        return {"module", "loaded", {}};
    return {"module", "not loaded",
            "modprobe xen-pviommu; if there is no such module: "
            "apt-get install --reinstall xen-pviommu-dkms linux-headers-$(uname -r)"};
}

Step state_step(const Status &status)
{
    if (const auto advice = advice_for(status))
        return {"state", std::string(advice->why), std::string(advice->remedy)};
    if (status.state != "active")
        return {"state", status.state + ' ' + status.reason, "dmesg | grep xen_pviommu"};
    return {"state", "active, mode " + status.mode, {}};
}

// "0000:00:03.0 (e1000e), ..."
std::string names(const std::vector<Device> &devices)
{
    std::vector<std::string> words;
    words.reserve(devices.size());
    for (const Device &d : devices)
        words.push_back(fmt::format("{} ({})", d.address, d.driver));
    return fmt::format("{}", fmt::join(words, ", "));
}

Step early_step(const Sysfs &sysfs)
{
    if (const auto early = sysfs.unserved(); !early.empty())
        return {"start", "not served by the module: " + names(early),
                "have the initramfs load the module first (update-initramfs -u, then boot again), or unbind and bind "
                "each; a device of mode off is meant to be here"};
    return {"start", "each device with a driver is served", {}};
}

Step path_step(const Sysfs &sysfs)
{
    std::vector<Device> devices = sysfs.devices();
    const size_t all = devices.size();
    std::erase_if(devices, [](const Device &d) { return d.path != "base"; });
    if (!devices.empty())
        return {"devices", "on xen-swiotlb: " + names(devices), "dmesg | grep xen_pviommu says why of each"};
    return {"devices", fmt::format("{} on the module's path", all), {}};
}

Step protection_step(const Status &status)
{
    if (status.host_map == "dropped")
        return {"protection", "a device reaches mapped memory only", {}};
    return {"protection", "each device reaches all of the host's memory",
            "pviommuctl isolate on; for each boot: isolate=1 in /etc/modprobe.d/xen-pviommu.conf"};
}

} // namespace

std::vector<Step> check(const Sysfs &sysfs)
{
    std::vector<Step> steps;
    const auto done = [&steps](Step step) {
        steps.push_back(std::move(step));
        return steps.back().remedy.empty();
    };
    if (!done(xen_step(sysfs)) || !done(module_step(sysfs)))
        return steps;
    const Status status = sysfs.status();
    if (!done(state_step(status)))
        return steps;
    done(early_step(sysfs));
    done(path_step(sysfs));
    done(protection_step(status));
    return steps;
}

std::string check_text(const std::vector<Step> &steps)
{
    std::vector<std::vector<std::string>> rows;
    for (const Step &s : steps) {
        rows.push_back({s.remedy.empty() ? "ok" : "lacks", std::string(s.name), s.found});
        if (!s.remedy.empty())
            rows.push_back({"", "remedy", s.remedy});
    }
    return aligned(rows, 3);
}

std::string check_json(const std::vector<Step> &steps)
{
    nlohmann::ordered_json json = nlohmann::ordered_json::array();
    for (const Step &s : steps) {
        json.push_back({{"step", s.name}, {"ok", s.remedy.empty()}, {"found", s.found}});
        if (!s.remedy.empty())
            json.back()["remedy"] = s.remedy;
    }
    return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

} // namespace ctl
