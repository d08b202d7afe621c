// SPDX-License-Identifier: GPL-2.0-only
//
// What the module shows in sysfs, as plain structs. docs/boot-options.md has the files.
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

// A word that a file lacks is empty.
struct Status {
    std::string state, reason, mode, host_map;
    std::optional<bool> isolate, vfio;
    std::vector<std::pair<std::string, uint64_t>> usage; // empty unless the module is active
    std::optional<uint64_t> devices;
};

// Counters of one owner. `birth` is another one after a reload or a new bind,
// also where the counters have grown past what they were by then.
struct Totals {
    uint64_t birth = 0;
    Counters counters;
};

struct Device {
    std::string address;
    std::string driver; // empty: it has none
    std::string mode, path;
    Totals totals;
};

// "3:0.1"-like short forms are none: [DOMAIN:]BUS:SLOT.FUNCTION, in hex, of full
// width. Returns it as sysfs spells it, or nothing.
std::optional<std::string> pci_address(std::string_view text);

// All but loaded() throw if a file holds what it should not, and name it.
class Sysfs {
public:
    explicit Sysfs(Path root) : root_(std::move(root)) {}

    bool loaded() const;
    void require_loaded() const; // throws Exit::not_loaded, with how to load it

    Status status() const;
    // Nothing if it is not loaded any more.
    std::optional<Totals> totals() const;
    std::vector<std::string> addresses() const;
    std::vector<Device> devices() const;
    // Nothing if it is not, or no longer, ours.
    std::optional<Device> device(const std::string &address) const;
    // The address of a device of ours, from what the user typed. Throws Exit::usage
    // with those that there are.
    std::string require_device(const std::string &typed) const;

    Path module_file(std::string_view name) const { return root_ / "kernel/xen_pviommu" / name; }
    Path device_file(const std::string &address, std::string_view name) const;

private:
    Path pci_devices() const { return root_ / "bus/pci/devices"; }
    [[noreturn]] void refuse_device(const std::string &address) const;

    Path root_;
};

} // namespace ctl
