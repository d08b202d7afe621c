// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// Parts without EAL and without a port.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "budget.h"
#include "error.h"
#include "frame.h"
#include "result.h"

namespace pmd {
namespace {

TEST(Budget, LineRate)
{
    EXPECT_DOUBLE_EQ(line_budget_ns(64, 10), 67.2);
    EXPECT_DOUBLE_EQ(line_budget_ns(1518, 10), 1230.4);
    EXPECT_DOUBLE_EQ(line_budget_ns(64, 100), 6.72);
}

TEST(Histogram, SmallValuesAreExact)
{
    Histogram h;
    for (unsigned i = 1; i <= 100; i++)
        h.add(i);
    EXPECT_EQ(h.percentile(50), 50U);
    EXPECT_EQ(h.percentile(99), 99U);
    EXPECT_EQ(h.percentile(100), 100U);
    EXPECT_EQ(Histogram().percentile(50), 0U);
}

TEST(Histogram, LargeOnesWithinTheirBucket)
{
    for (const std::uint64_t value : {127ULL, 128ULL, 129ULL, 1000ULL, 65535ULL, 65536ULL, 123456789ULL, 1ULL << 63}) {
        Histogram h;
        h.add(value);
        h.add(~0ULL);
        EXPECT_GE(h.percentile(50), value);
        EXPECT_LE(h.percentile(50) - value, value / 64) << value;
        EXPECT_EQ(h.percentile(100), ~0ULL);
    }
}

TEST(Histogram, MergedIsAsAddedTogether)
{
    Histogram a, b, both;
    for (std::uint64_t i = 1; i < 100000; i += 7) {
        (i % 3 ? a : b).add(i, i % 5);
        both.add(i, i % 5);
    }
    Histogram merged;
    merged.merge(a);
    merged.merge(b);
    EXPECT_EQ(merged.total(), both.total());
    EXPECT_EQ(merged.max(), both.max());
    for (const double p : {0.1, 10.0, 50.0, 90.0, 99.9, 100.0})
        EXPECT_EQ(merged.percentile(p), both.percentile(p));
}

class Frame : public testing::TestWithParam<std::size_t> {};

TEST_P(Frame, AnyChangedByteIsSeen)
{
    std::vector<std::byte> frame(GetParam());
    write_frame(frame, {1}, {2}, 42);
    const auto seen = read_frame(frame, frame.size());
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->number, 42U);
    EXPECT_EQ(seen->wrong, "");
    for (std::size_t i = 12; i < frame.size(); i++) {
        frame[i] ^= std::byte{1};
        const auto bad = read_frame(frame, frame.size());
        EXPECT_TRUE(!bad || !bad->wrong.empty()) << "byte " << i;
        frame[i] ^= std::byte{1};
    }
    EXPECT_NE(read_frame(frame, frame.size() + 1)->wrong, "");
}
INSTANTIATE_TEST_SUITE_P(Sizes, Frame, testing::Values(smallest, smallest + 1, 1514U, 8996U));

TEST(Frame, OfOthersIsNone)
{
    const std::vector<std::byte> zero(smallest);
    EXPECT_FALSE(read_frame(zero, smallest));
    EXPECT_FALSE(read_frame(std::span(zero).first(10), smallest));
}

Options parse(const std::vector<std::string> &arguments)
{
    CLI::App app;
    Options o;
    add_options(app, o);
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    check(o);
    return o;
}

TEST(Options, EveryCombination)
{
    const Options o =
        parse({"--mode", "rx,tx", "--mapping", "none,burst,single", "--burst", "1,512", "--size", "64,9000"});
    EXPECT_EQ(o.cases().size(), 24U);
    EXPECT_EQ(o.pending_of(1), 2U);
    EXPECT_EQ(o.pending_of(512), 1024U);
    EXPECT_EQ(o.ring_of(512), 1024U);
    EXPECT_EQ(o.buffers_of(), 2 * 1024 + 3 * 512 + 1024U);
}

TEST(Options, WrongOnes)
{
    for (const std::vector<std::string> &wrong : std::vector<std::vector<std::string>>{{"--burst", "0"},
                                                                                       {"--burst", "513"},
                                                                                       {"--size", "63"},
                                                                                       {"--size", "9001"},
                                                                                       {"--mode", "fly"},
                                                                                       {"--mapping", "all"},
                                                                                       {"--packets", "0"},
                                                                                       {"--pending", "2049"}})
        EXPECT_THROW(parse(wrong), CLI::ParseError) << wrong.back();
    EXPECT_THROW(parse({"--mapping", "vfio"}), Error);
    EXPECT_THROW(parse({"--loop", "--port", "0:1.0"}), Error);
    EXPECT_THROW(parse({"--buffers", "600", "--burst", "32"}), Error);
    EXPECT_THROW(parse({"--port", "1,2,3"}), Error);
}

Result a_result()
{
    Result r{.is = {Mode::tx, Mapping::burst, 32, 64}};
    r.packets = 100;
    r.cycles = 20000;
    r.map = 5000;
    r.unmap = 1720;
    r.events = Events{4, 3};
    r.per_packet.add(200, 100);
    return r;
}

TEST(Result, Sums)
{
    Result r = a_result();
    r.add(a_result());
    EXPECT_EQ(r.packets, 200U);
    EXPECT_EQ(r.cycles, 40000U);
    EXPECT_EQ(r.events->hypercalls, 8U);
    EXPECT_EQ(r.per_packet.total(), 200U);
    Result without = a_result();
    without.events.reset();
    r.add(without);
    EXPECT_FALSE(r.events);
}

TEST(Result, ShareOfALine)
{
    // 67.2 cycles a packet, of 1 ns each.
    EXPECT_DOUBLE_EQ(share(a_result(), {1e9}, 10), 1);
    EXPECT_DOUBLE_EQ(share(a_result(), {2e9}, 100), 5);
}

TEST(Result, Json)
{
    Result r = a_result();
    const auto json = to_json({r}, {1e9})["results"][0];
    EXPECT_EQ(json["mapping"], "burst");
    EXPECT_EQ(json["driver_cycles"], 13280);
    EXPECT_EQ(json["hypercalls"], 4);
    EXPECT_EQ(json["cycles_per_packet"]["p99.9"], 200);
    r.events.reset();
    EXPECT_TRUE(to_json({r}, {1e9})["results"][0]["hypercalls"].is_null());
}

TEST(Result, CsvHasAValueForEachHead)
{
    const std::string text = csv({a_result(), a_result()}, {1e9});
    const auto first = text.substr(0, text.find('\n'));
    EXPECT_EQ(std::ranges::count(text, '\n'), 3);
    EXPECT_EQ(std::ranges::count(text, ','), 3 * std::ranges::count(first, ','));
    EXPECT_TRUE(first.starts_with("mode,mapping,burst,size,packets,"));
}

} // namespace
} // namespace pmd
