// SPDX-License-Identifier: GPL-2.0-only
#include <set>

#include <gtest/gtest.h>

#include "advice.h"
#include "sample.h"
#include "test_counters.h"

using namespace ctl;

namespace {

Sample at(int seconds, uint64_t birth, Counters counters)
{
    return {Clock::time_point(std::chrono::seconds(seconds)), {birth, std::move(counters)}};
}

Device device(const std::string &address, uint64_t birth, Counters counters)
{
    return {address, "driver", "strict", "pviommu", {birth, std::move(counters)}};
}

std::vector<std::string> order(std::vector<Activity> rows, const char *column)
{
    sort_by(rows, column);
    std::vector<std::string> addresses;
    for (const Activity &a : rows)
        addresses.push_back(a.device.address);
    return addresses;
}

} // namespace

TEST(Table, HasEachCounterOnce)
{
    std::set<std::string_view> names;
    for (const CounterInfo &info : counter_table())
        EXPECT_TRUE(names.insert(info.name).second) << info.name;
}

TEST(Difference, IsWhatBothHave)
{
    const auto d = difference(make({{"maps", 5}, {"ops", 1}}), make({{"maps", 12}, {"unmaps", 3}, {"devices", 4}}));
    ASSERT_TRUE(d.has_value());
    ASSERT_EQ(d->size(), 1U);
    EXPECT_EQ(find(*d, "maps"), 7U);
}

TEST(Difference, IsNoneWhenOneFell)
{
    EXPECT_FALSE(difference(make({{"maps", 5}, {"ops", 9}}), make({{"maps", 6}, {"ops", 8}})).has_value());
}

TEST(Difference, LetsGaugesFall)
{
    EXPECT_TRUE(difference(make({{"devices", 5}, {"bfns_in_use", 9}}), make({{"devices", 4}, {"bfns_in_use", 0}})));
}

TEST(Ratios, AreDerived)
{
    const Ratios r = ratios_of(make({{"maps", 4},
                                     {"hypercalls", 2},
                                     {"ops", 5},
                                     {"flush_strict", 3},
                                     {"flush_ride", 1},
                                     {"reuse_hits", 9},
                                     {"reuse_misses", 1}}));
    EXPECT_DOUBLE_EQ(*r.ops_per_hypercall, 2.5);
    EXPECT_DOUBLE_EQ(*r.hypercalls_per_map, 0.5);
    EXPECT_DOUBLE_EQ(*r.reuse_hit_rate, 0.9);
    ASSERT_EQ(r.flush_shares.size(), 2U);
    EXPECT_EQ(r.flush_shares[0].reason, "strict");
    EXPECT_DOUBLE_EQ(r.flush_shares[0].share, 0.75);
    EXPECT_DOUBLE_EQ(r.flush_shares[1].share, 0.25);
}

TEST(Ratios, OfNothingAreNothing)
{
    const Ratios zero = ratios_of(
        make({{"maps", 0}, {"hypercalls", 0}, {"ops", 0}, {"flush_full", 0}, {"reuse_hits", 0}, {"reuse_misses", 0}}));
    EXPECT_FALSE(zero.ops_per_hypercall || zero.hypercalls_per_map || zero.reuse_hit_rate);
    EXPECT_TRUE(zero.flush_shares.empty());
    const Ratios none = ratios_of({});
    EXPECT_FALSE(none.ops_per_hypercall || none.hypercalls_per_map || none.reuse_hit_rate);
    // Hits alone are no rate.
    EXPECT_FALSE(ratios_of(make({{"reuse_hits", 5}})).reuse_hit_rate);
}

TEST(Interval, HasSecondsAndGauges)
{
    const Interval i =
        between(at(1, 7, make({{"maps", 1}, {"devices", 9}})), at(5, 7, make({{"maps", 9}, {"devices", 2}})));
    EXPECT_DOUBLE_EQ(i.seconds, 4);
    EXPECT_EQ(find(*i.differences, "maps"), 8U);
    EXPECT_EQ(find(i.gauges, "devices"), 2U);
    EXPECT_EQ(find(i.gauges, "maps"), std::nullopt);
}

TEST(Interval, SeesARestartThatTheCountersHide)
{
    EXPECT_FALSE(between(at(1, 7, make({{"maps", 1}})), at(2, 8, make({{"maps", 9}}))).differences.has_value());
}

TEST(Activities, AreOfTheSameBind)
{
    const DeviceSample before{
        Clock::time_point(std::chrono::seconds(0)),
        {device("a", 1, make({{"maps", 10}})), device("b", 2, make({{"maps", 10}})), device("gone", 3, {})}};
    const DeviceSample after{Clock::time_point(std::chrono::seconds(2)),
                             {device("a", 1, make({{"maps", 30}})), device("b", 9, make({{"maps", 30}})),
                              device("new", 4, make({{"maps", 30}}))}};
    const auto rows = activities(before, after);
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_DOUBLE_EQ(*rows[0].rate("maps"), 10);
    EXPECT_EQ(rows[0].rate("unmaps"), std::nullopt);
    EXPECT_EQ(rows[1].rate("maps"), std::nullopt);
    EXPECT_EQ(rows[2].rate("maps"), std::nullopt);
}

TEST(Activities, AreSorted)
{
    const auto with = [](const char *address, uint64_t maps, uint64_t leaked) {
        Activity a{device(address, 1, make({{"leaked", leaked}})), Interval{}};
        a.interval->seconds = 1;
        a.interval->differences = make({{"maps", maps}, {"pages_mapped", 10 - maps}});
        return a;
    };
    Activity unknown{device("a", 1, {}), std::nullopt};
    const std::vector<Activity> rows = {unknown, with("b", 1, 5), with("c", 3, 0), with("d", 1, 9)};
    using Order = std::vector<std::string>;
    EXPECT_EQ(order(rows, "maps"), (Order{"c", "b", "d", "a"}));
    EXPECT_EQ(order(rows, "pages"), (Order{"b", "d", "c", "a"}));
    EXPECT_EQ(order(rows, "leaked"), (Order{"d", "b", "a", "c"}));
    EXPECT_EQ(order(rows, "device"), (Order{"a", "b", "c", "d"}));
    for (const std::string &column : sort_columns())
        EXPECT_EQ(order(rows, column.c_str()).size(), 4U);
}

TEST(Advice, IsForWhoIsNotActive)
{
    const auto with = [](const char *state, const char *reason) {
        Status s;
        s.state = state;
        s.reason = reason;
        return advice_for(s);
    };
    for (const Advice &a : advice_table()) {
        EXPECT_EQ(with("fallback", std::string(a.reason).c_str())->remedy, a.remedy);
        EXPECT_FALSE(a.why.empty() || a.remedy.empty());
    }
    EXPECT_NE(with("off", "none")->remedy.find("mode=strict"), std::string_view::npos);
    EXPECT_FALSE(with("active", "none"));
    EXPECT_FALSE(with("fallback", "brand-new"));
}
