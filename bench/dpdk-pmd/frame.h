// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Frames that a receiver can verify: a number, and a pattern from the number. Bytes are
// as in memory, without the FCS.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace pmd {

constexpr std::size_t fcs = 4, smallest = 64 - fcs;
using Mac = std::array<std::uint8_t, 6>;

void write_frame(std::span<std::byte> frame, const Mac &to, const Mac &from, std::uint64_t number);

struct Seen {
    std::uint64_t number = 0;
    std::string wrong; // empty: unchanged
};
// Nothing for a foreign frame.
std::optional<Seen> read_frame(std::span<const std::byte> frame, std::size_t length);

} // namespace pmd
