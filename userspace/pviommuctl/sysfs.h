// SPDX-License-Identifier: GPL-2.0-only
//
// The module's files in sysfs, as plain structs. docs/boot-options.md has the files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "counters.h"
#include "files.h"

namespace ctl {

// A missing word is empty.
struct Status {
    std::string state, reason, mode, host_map;
    std::optional<bool> isolate, vfio;
    std::vector<std::pair<std::string, uint64_t>> usage; // empty unless the module is active
    std::optional<uint64_t> devices;
};

// Counters of one owner. `birth` changes by a reload or a new bind, also where the
// counters have grown past their old values.
struct Totals {
    uint64_t birth = 0;
    Counters counters;
};

struct Device {
    std::string address;
    std::string driver; // empty: none
    std::string mode, path;
    Totals totals;
};

// [DOMAIN:]BUS:SLOT.FUNCTION, in hex, of full width; short forms like "3:0.1" are
// wrong. Returns sysfs's spelling, or nothing.
std::optional<std::string> pci_address(std::string_view text);

// All but loaded() throw for a file with wrong contents, and name the file.
class Sysfs {
public:
    explicit Sysfs(Path root) : root_(std::move(root)) {}

    bool loaded() const;
    void require_loaded() const; // throws Exit::not_loaded, with the remedy

    Status status() const;
    // Nothing if the module is gone.
    std::optional<Totals> totals() const;
    // A word on Xen below this kernel. Empty if there is none.
    std::string hypervisor(std::string_view name) const;
    // The served devices.
    std::vector<std::string> addresses() const { return present(true); }
    // Devices with a driver that the module does not serve: address and driver only.
    std::vector<Device> unserved() const;
    std::vector<Device> devices() const;
    // Nothing for a device that is not, or no longer, served.
    std::optional<Device> device(const std::string &address) const;
    // The address of a served device, from the user's word. Throws Exit::usage
    // with all served devices.
    std::string require_device(const std::string &typed) const;

    Path module_file(std::string_view name) const { return root_ / "kernel/xen_pviommu" / name; }
    Path device_file(const std::string &address, std::string_view name) const;

private:
    std::vector<std::string> present(bool served) const;
    Path pci_devices() const { return root_ / "bus/pci/devices"; }
    [[noreturn]] void refuse_device(const std::string &address) const;

    Path root_;
};

} // namespace ctl
