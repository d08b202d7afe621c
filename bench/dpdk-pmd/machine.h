// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The source of bus addresses, and the counter of hypercalls: the simulated
// table, or the module.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <pviommu/pviommu.h>
#include <pviommu/sim.h>

#include "options.h"

namespace pmd {

struct Events {
    std::uint64_t hypercalls, flushes;
};

class Machine {
public:
    // Throws Error. EAL has not started.
    explicit Machine(const Options &options);

    // nullptr if no mapping needs a pool. Once EAL has started, and once.
    pviommu::Space *open_space();
    void close_space() { space_.reset(); }
    // Since some time in the past; nothing if the module is not there.
    std::optional<Events> events() const;
    // Throws Error if a device used an unmapped address.
    void check_faults() const;
    bool simulated() const { return sim_ != nullptr; }

private:
    std::uint64_t window() const;

    const Options &options_;
    std::unique_ptr<pviommu::Backend> backend_;
    pviommu::Sim *sim_ = nullptr;
    std::unique_ptr<pviommu::Space> space_;
};

} // namespace pmd
