// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Counts of values in buckets whose width is 1/64 of their value: percentiles of
// cycles within 1.6 %, over any range. The idea is HdrHistogram's, which Debian 12 has
// for other languages only.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace pmd {

class Histogram {
public:
    void add(std::uint64_t value, std::uint64_t times = 1)
    {
        if (!times)
            return;
        const std::size_t at = bucket(value);
        if (at >= counts_.size())
            counts_.resize(at + 1);
        counts_[at] += times;
        total_ += times;
        max_ = std::max(max_, value);
    }

    void merge(const Histogram &other)
    {
        counts_.resize(std::max(counts_.size(), other.counts_.size()));
        for (std::size_t i = 0; i < other.counts_.size(); i++)
            counts_[i] += other.counts_[i];
        total_ += other.total_;
        max_ = std::max(max_, other.max_);
    }

    // The largest value of the bucket at that share of all values; 0 without values.
    std::uint64_t percentile(double percent) const
    {
        const auto wanted = static_cast<std::uint64_t>(std::ceil(static_cast<double>(total_) * percent / 100));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < counts_.size(); i++) {
            seen += counts_[i];
            if (seen && seen >= wanted)
                return std::min(last_of(i), max_);
        }
        return 0;
    }

    std::uint64_t total() const { return total_; }
    std::uint64_t max() const { return max_; }

private:
    // Values below 2^7 have a bucket each; each power of two from there on has 2^6.
    static constexpr unsigned bits = 6;

    static std::size_t bucket(std::uint64_t value)
    {
        const unsigned width = static_cast<unsigned>(std::bit_width(value));
        if (width <= bits + 1)
            return value;
        const unsigned shift = width - bits - 1;
        return (std::size_t{shift} << bits) + (value >> shift);
    }

    static std::uint64_t last_of(std::size_t bucket)
    {
        if (bucket < std::size_t{2} << bits)
            return bucket;
        const unsigned shift = static_cast<unsigned>(bucket >> bits) - 1;
        return (((bucket - (std::size_t{shift} << bits)) + 1) << shift) - 1;
    }

    std::vector<std::uint64_t> counts_;
    std::uint64_t total_ = 0;
    std::uint64_t max_ = 0;
};

} // namespace pmd
