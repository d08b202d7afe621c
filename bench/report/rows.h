// SPDX-License-Identifier: GPL-2.0-only
//
// From totals to figures: the price of a pair, page or op.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "raw.h"

namespace bench {

struct Row {
    std::string bench, subject, metric;
    double value = 0;
    std::string unit;
    unsigned runs = 0;
    double spread = 0; // between the least and the greatest run
};

using Rows = std::vector<Row>;

// The part that the instruction clock does not see. The time on silicon is modelled as
// instructions * ns_per_insn + hypercalls * ns_per_crossing +
// invalidations * ns_per_invalidation.
struct Silicon {
    double ns_per_insn = 0.3;
    double ns_per_crossing = 500;
    double ns_per_invalidation = 1000;

    double time(double insns, double hypercalls, double invalidations) const
    {
        return insns * ns_per_insn + hypercalls * ns_per_crossing + invalidations * ns_per_invalidation;
    }
};

Rows rows_of(const Raw &raw, const Silicon &silicon);

// The row, or nullptr.
const Row *find(const Rows &rows, const std::string &bench, const std::string &subject, const std::string &metric);

// Was the subject measured on the driver with recycled receive pages?
bool on_pool(const std::string &subject);

nlohmann::ordered_json to_json(const Rows &rows);

// Rows of another benchmark. Throws for malformed rows.
Rows from_json(const nlohmann::json &json);

} // namespace bench
