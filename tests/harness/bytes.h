// SPDX-License-Identifier: GPL-2.0-only
//
// A fuzzer's input, taken byte by byte. At its end all bytes are 0.
#pragma once

#include <cstddef>
#include <cstdint>

class Bytes {
    const uint8_t *at_, *end_;

public:
    Bytes(const uint8_t *data, size_t size) : at_(data), end_(data + size) {}
    bool empty() const { return at_ == end_; }
    unsigned u8() { return empty() ? 0 : *at_++; }
    uint64_t u64()
    {
        uint64_t x = 0;
        for (unsigned i = 0; i < 8; i++)
            x = x << 8 | u8();
        return x;
    }
    template <typename T, size_t N> T pick(const T (&from)[N]) { return from[u8() % N]; }
};
