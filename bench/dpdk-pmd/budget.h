// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The time that a line leaves for a frame.
#pragma once

#include <array>

namespace pmd {

inline constexpr std::array lines_gbps{10, 25, 40, 100};

// Bytes that a frame takes on the wire beside its own: preamble, and the gap to the next.
inline constexpr double wire_overhead = 8 + 12;

// ns from one frame to the next at line rate; `size` with its FCS. 67.2 at 10G and 64 bytes.
constexpr double line_budget_ns(double size, double gbps) { return (size + wire_overhead) * 8 / gbps; }

} // namespace pmd
