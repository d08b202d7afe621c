// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// What is sent, so that whoever receives it can tell that it is whole: a number, and
// a pattern that follows from it. Bytes as they are in memory, without the FCS.
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
    std::string wrong; // empty: it is as it was sent
};
// Nothing if it is not one of ours.
std::optional<Seen> read_frame(std::span<const std::byte> frame, std::size_t length);

} // namespace pmd
