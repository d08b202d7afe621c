// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include "frame.h"

#include <cstring>

#include <fmt/core.h>

namespace pmd {
namespace {

// Ethernet's own type for experiments; then the program's magic, and the number.
struct Head {
    Mac to, from;
    std::array<std::uint8_t, 2> type{0x88, 0xb5};
    std::array<char, 2> ours{'P', 'V'};
    std::uint64_t number = 0;
} __attribute__((packed));

constexpr std::uint64_t odd = 0x9e3779b97f4a7c15; // 2^64 divided by the golden ratio

// Eight bytes of the pattern at a time; no two frames have the same.
std::uint64_t pattern(std::uint64_t number, std::size_t word) { return (number + 1) * odd + word * 0x0101010101010101; }

} // namespace

void write_frame(std::span<std::byte> frame, const Mac &to, const Mac &from, std::uint64_t number)
{
    Head head{.to = to, .from = from};
    head.number = number;
    std::memcpy(frame.data(), &head, sizeof(head));
    const auto payload = frame.subspan(sizeof(head));
    for (std::size_t at = 0; at < payload.size(); at += sizeof(std::uint64_t)) {
        const std::uint64_t word = pattern(number, at / sizeof(word));
        std::memcpy(&payload[at], &word, std::min(sizeof(word), payload.size() - at));
    }
}

std::optional<Seen> read_frame(std::span<const std::byte> frame, std::size_t length)
{
    const Head known{};
    Head head;
    if (frame.size() < sizeof(head))
        return {};
    std::memcpy(&head, frame.data(), sizeof(head));
    if (head.type != known.type || head.ours != known.ours)
        return {};
    const std::uint64_t number = head.number;
    Seen seen{number, {}};
    if (frame.size() != length) {
        seen.wrong = fmt::format("frame {} has {} bytes, not {}", number, frame.size(), length);
        return seen;
    }
    const auto payload = frame.subspan(sizeof(head));
    for (std::size_t at = 0; at < payload.size(); at += sizeof(std::uint64_t)) {
        const std::uint64_t word = pattern(number, at / sizeof(word));
        if (std::memcmp(&payload[at], &word, std::min(sizeof(word), payload.size() - at)) != 0) {
            seen.wrong = fmt::format("frame {} is not what was sent, from byte {} on", number, sizeof(head) + at);
            return seen;
        }
    }
    return seen;
}

} // namespace pmd
