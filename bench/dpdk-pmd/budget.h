// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The time of a frame on a line.
#pragma once

#include <array>

namespace pmd {

inline constexpr std::array lines_gbps{10, 25, 40, 100};

// Bytes on the wire beside the frame's own: preamble, and the gap to the next frame.
inline constexpr double wire_overhead = 8 + 12;

// ns from one frame to the next at line rate; `size` with its FCS. 67.2 at 10G and 64 bytes.
constexpr double line_budget_ns(double size, double gbps) { return (size + wire_overhead) * 8 / gbps; }

} // namespace pmd
