// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "report_formats.h"

using namespace ctl;
using Json = nlohmann::json;

namespace {

// A record, event by event, as from perf.
class Record {
public:
    Record &at(double seconds, unsigned cpu = 0)
    {
        head_ = fmt::format("a 1 [{:03}] {:.9f}: ", cpu, seconds);
        return *this;
    }
    Record &tell(const std::string &event, std::initializer_list<const char *> stack = {})
    {
        script_.line(head_ + event);
        for (const char *frame : stack)
            script_.line(fmt::format("\tff {}", frame));
        script_.line("");
        return *this;
    }
    Record &map(const char *by, std::initializer_list<const char *> stack = {}, const char *device = "0000:00:03.0")
    {
        return tell(fmt::format("xen_pviommu:pviommu_map: dev={} bfn=0x1 pages=2 by={}", device, by), stack);
    }
    Record &batch(unsigned maps, unsigned unmaps, uint64_t ns, std::initializer_list<const char *> stack = {},
                  int status = 0)
    {
        return tell(fmt::format("xen_pviommu:pviommu_batch: slots=9 maps={} unmaps={} others=0 mapped={} unmapped={} "
                                "status={} ns={}",
                                maps, unmaps, maps, unmaps, status, ns),
                    stack);
    }
    Record &flush(const char *reason, unsigned waited)
    {
        return tell(fmt::format("xen_pviommu:pviommu_flush: reason={} waited={}", reason, waited));
    }

    Report report()
    {
        script_.end();
        report_.frames = script_.frames();
        report_.title = "made up";
        return report_;
    }

private:
    Report report_;
    PerfScript script_{[this](const Event &event) { report_.profile.add(event); }};
    std::string head_ = "a 1 [000] 1.0: ";
};

Json json_of(Record &record) { return Json::parse(report_json(record.report())); }

Counters counters(uint64_t maps, uint64_t hypercalls)
{
    Counters all;
    for (const CounterInfo &info : counter_table())
        if (info.name == "maps" || info.name == "hypercalls")
            all.push_back({&info, info.name == "maps" ? maps : hypercalls});
    return all;
}

std::string agreement_of(Record &record, const std::array<Counters, 4> &read)
{
    Report report = record.report();
    report.checks = compare(report.profile, read);
    return agreement(report);
}

} // namespace

TEST(CpuTime, IsWhereSamplesWere)
{
    Record record;
    const char *hypercall = "hypercall_page+0x560 ([kernel.kallsyms])", *ours = "pviommu_map_sg+0x1 ([xen_pviommu])",
               *driver = "nvme_queue_rq+0x7a ([nvme])";
    record.tell("250000 cpu-clock:", {"xen_hypercall_sched_op+0xa ([x])", "do_idle+0x1 ([x])"});
    record.tell("cpu-clock:", {hypercall, ours, driver}).tell("cpu-clock:", {hypercall, ours, driver});
    record.tell("cycles:", {ours, driver}).tell("cpu-clock:", {"memcpy+0x1 ([x])", ours, driver});
    record.tell("cpu-clock:",
                {hypercall, "xen_force_evtchn_callback+0xe ([x])", "check_events+0x1 ([x])", ours, driver});
    record.tell("task-clock:", {hypercall, driver}).tell("cpu-clocks:", {ours}).tell("net:cpu-clock:", {ours});
    const Json json = json_of(record);
    EXPECT_EQ(json["cpu_time"], (Json{{"samples", 7}, {"idle", 1}, {"hypercalls", 2}, {"xen_pviommu", 3}}));
    EXPECT_EQ(json["events"]["others"], 2);
    // They ask for no mapping.
    EXPECT_EQ(json["call_sites"], Json::array());
    const std::string text = report_text(record.report());
    EXPECT_NE(text.find("xen_pviommu's hypercalls               28.6%        2\n"), std::string::npos) << text;
    EXPECT_NE(text.find("all else                               14.3%        1\n"), std::string::npos) << text;
    EXPECT_EQ(report_text(Record().map("xen").report()).find("Where CPUs were"), std::string::npos);
}

TEST(Fit, FindsWhatItWasMadeOf)
{
    Record record;
    for (const unsigned ops : {1, 2, 3, 5, 8, 13, 64, 128})
        record.batch(ops, 0, 700 * ops + 2500).batch(0, ops, 300 * ops + 40000);
    const Json batches = json_of(record)["batches"];
    EXPECT_NEAR(batches["mapping"]["fit"]["ns_per_op"], 700, 1e-6);
    EXPECT_NEAR(batches["mapping"]["fit"]["ns_per_hypercall"], 2500, 1e-6);
    EXPECT_NEAR(batches["mapping"]["fit"]["r2"], 1, 1e-9);
    EXPECT_EQ(batches["mapping"]["fit"]["hypercalls"], 8);
    EXPECT_NEAR(batches["flushing"]["fit"]["ns_per_op"], 300, 1e-6);
    EXPECT_NEAR(batches["flushing"]["fit"]["ns_per_hypercall"], 40000, 1e-6);
    EXPECT_NEAR(batches["all"]["fit"]["ns_per_op"], 500, 1e-6);
    EXPECT_NEAR(batches["all"]["fit"]["ns_per_hypercall"], 21250, 1e-6);
    EXPECT_LT(batches["all"]["fit"]["r2"], 0.9);
    EXPECT_EQ(batches["all"]["fit"]["hypercalls"], 16);
}

TEST(Fit, StaysExactFarFromZero)
{
    Line line;
    for (int i = 0; i < 1000; i++)
        line.add(1e6 + i % 2, 5e9 + 3 * (i % 2));
    ASSERT_TRUE(line.fit());
    EXPECT_NEAR(line.fit()->b, 3, 1e-5);
}

TEST(Fit, NeedsTwoSizes)
{
    Record record;
    record.batch(4, 0, 100).batch(4, 0, 200);
    EXPECT_TRUE(json_of(record)["batches"]["all"]["fit"].is_null());
    Record still;
    still.batch(1, 0, 100).batch(4, 0, 0).batch(2, 0, 0);
    const Json all = json_of(still)["batches"]["all"];
    EXPECT_TRUE(all["fit"].is_null());
    EXPECT_EQ(all["sizes"][2]["hypercalls"], 1);
    EXPECT_EQ(all["sizes"][2]["timed"], 0);
    EXPECT_FALSE(all["sizes"][2].contains("ns_min"));
}

TEST(Sums, AreTheCounters)
{
    Record record;
    record.map("xen").map("static").map("reuse", {}, "0000:00:04.0");
    record.tell("xen_pviommu:pviommu_reuse_hit: dev=0000:00:04.0 bfn=0x1 pages=2 by=reuse");
    record.tell("xen_pviommu:pviommu_unmap: dev=0000:00:03.0 bfn=0x1 pages=2 by=queue");
    record.tell("xen_pviommu:pviommu_fallback: dev=0000:00:05.0");
    record.tell("xen_pviommu:pviommu_chunk: bfn=0x1 fate=made").tell("xen_pviommu:pviommu_new: x=1");
    record.batch(3, 1, 10).batch(1, 0, 30, {}, -22).flush("ride", 4).flush("ride", 6).flush("timer", 1);
    const Json json = json_of(record);
    EXPECT_EQ(json["totals"], Json::parse(R"({"maps":3,"unmaps":1,"pages_mapped":4,"pages_unmapped":1,"hypercalls":2,
        "ops":5,"flush_strict":0,"flush_ride":2,"flush_full":0,"flush_timer":1,"flush_pressure":0,"flush_request":0,
        "reuse_hits":1,"fallbacks":1,"static_hits":1})"));
    EXPECT_EQ(json["events"], Json::parse(R"({"xen_pviommu":12,"unknown":1,"others":0})"));
    EXPECT_EQ(json["ops_per_hypercall"], 2.5);
    EXPECT_EQ(json["failed"], Json::parse(R"([{"status":-22,"hypercalls":1}])"));
    EXPECT_EQ(json["chunks"], Json::parse(R"({"made":1})"));
    EXPECT_EQ(json["flushes"], Json::parse(R"([{"reason":"ride","flushes":2,"waited":10,"waited_max":6},
        {"reason":"timer","flushes":1,"waited":1,"waited_max":1}])"));
    EXPECT_EQ(json["devices"][1]["reuse_hit_rate"], 1.0);
    EXPECT_EQ(json["devices"][0]["maps_by"], Json::parse(R"({"static":1,"xen":1})"));
    EXPECT_EQ(json["devices"][2]["fallbacks"], 1);
    EXPECT_TRUE(json["devices"][2]["reuse_hit_rate"].is_null());
}

TEST(Sums, BySizeCpuAndWork)
{
    Record record;
    record.at(1, 0).map("xen").batch(1, 0, 5).batch(1, 0, 7).at(2, 3).batch(9, 1, 400);
    record.tell("net:net_dev_xmit: dev=a").tell("net:netif_receive_skb: dev=a").tell("block:block_rq_issue: 1");
    record.tell("net:net_dev_queue: dev=a");
    const Json json = json_of(record);
    EXPECT_EQ(json["batches"]["all"]["sizes"],
              Json::parse(R"([{"ops":1,"hypercalls":2,"timed":2,"ns":12,"ns_min":5,"ns_max":7,"ns_per_op":6.0},
        {"ops":10,"hypercalls":1,"timed":1,"ns":400,"ns_min":400,"ns_max":400,"ns_per_op":40.0}])"));
    EXPECT_EQ(json["cpus"],
              Json::parse(R"([{"cpu":0,"maps":1,"reuse_hits":0,"reuse_hit_rate":0.0,"hypercalls":2,"ns":12},
        {"cpu":3,"maps":0,"reuse_hits":0,"reuse_hit_rate":null,"hypercalls":1,"ns":400}])"));
    EXPECT_EQ(json["packets"], Json::parse(R"({"sent":1,"received":1,"hypercalls_per_packet":1.5})"));
    EXPECT_EQ(json["io"], Json::parse(R"({"issued":1,"completed":0,"hypercalls_per_io":3.0})"));
    EXPECT_EQ(json["seconds"], 1.0);
    EXPECT_EQ(json["events"]["others"], 4);
}

TEST(Sums, OfNothing)
{
    Record record;
    const Json json = json_of(record);
    EXPECT_EQ(json["totals"]["maps"], 0);
    EXPECT_EQ(json["seconds"], 0.0);
    EXPECT_TRUE(json["ops_per_hypercall"].is_null() && json["counters"].is_null());
    EXPECT_TRUE(json["batches"]["all"]["sizes"].empty() && json["timeline"]["maps"].empty());
    EXPECT_NE(report_text(record.report()).find("events              0 of xen_pviommu, 0 others\n"), std::string::npos);
}

TEST(CallSites, AreBehindUsAndTheDmaApi)
{
    Record record;
    record.batch(1, 0, 70,
                 {"pviommu_hypercall_traced+0x1", "map_run+0x2", "pviommu_map_sg+0x3", "__dma_map_sg_attrs+0x4",
                  "dma_map_sgtable", "nvme_prep_rq+0x5", "nvme_queue_rq"});
    record.batch(1, 0, 20, {"pviommu_hypercall_traced", "pviommu_alloc", "dma_pool_alloc", "nvme_prep_rq+0x9"});
    record.map("static", {"pviommu_map_page", "dma_map_page_attrs", "e1000_xmit_frame"});
    // An interrupt during a map: the interrupt's code is the caller.
    record.batch(0, 1, 10,
                 {"pviommu_hypercall_traced", "pviommu_unmap_sg", "nvme_unmap_data", "nvme_irq", "do_irq", "upcall",
                  "map_run", "pviommu_map_sg", "other"});
    record.batch(1, 0, 5);
    record.batch(1, 0, 1, {"pviommu_hypercall_traced"});
    const Json sites = json_of(record)["call_sites"];
    EXPECT_EQ(sites, Json::parse(R"([{"site":"nvme_prep_rq","ns":90,"hypercalls":2,"maps":0,"unmaps":0},
        {"site":"nvme_unmap_data","ns":10,"hypercalls":1,"maps":0,"unmaps":0},
        {"site":"[no stack]","ns":6,"hypercalls":2,"maps":0,"unmaps":0},
        {"site":"e1000_xmit_frame","ns":0,"hypercalls":0,"maps":1,"unmaps":0}])"));
}

TEST(Stacks, AreFolded)
{
    Record record;
    record.batch(1, 0, 3, {"c+0x1", "b", "a"}).batch(1, 0, 4, {"c+0x9", "b", "a"}).batch(1, 0, 5, {"b", "a"});
    record.batch(1, 0, 6, {"c", "a"}).map("xen", {"a"});
    EXPECT_EQ(json_of(record)["stacks"],
              Json::parse(R"([{"stack":"a","ns":0,"hypercalls":0,"maps":1,"unmaps":0,"samples":0},
        {"stack":"a;b","ns":5,"hypercalls":1,"maps":0,"unmaps":0,"samples":0},
        {"stack":"a;b;c","ns":7,"hypercalls":2,"maps":0,"unmaps":0,"samples":0},
        {"stack":"a;c","ns":6,"hypercalls":1,"maps":0,"unmaps":0,"samples":0}])"));
}

TEST(Lost, IsNotHidden)
{
    Record record;
    record.map("xen").tell("PERF_RECORD_LOST lost 3").tell("PERF_RECORD_LOST lost 4");
    EXPECT_EQ(json_of(record)["lost"], 7);
    EXPECT_NE(report_text(record.report()).find("lost events         7\n"), std::string::npos);
    EXPECT_EQ(incomplete(record.report()).substr(0, 18), "7 events were lost");
    // The same events once more, and some at the end.
    record.tell("PERF_RECORD_LOST_SAMPLES lost 6").tell("PERF_RECORD_LOST_SAMPLES lost 5");
    EXPECT_EQ(json_of(record)["lost"], 11);
    Record whole;
    EXPECT_EQ(incomplete(whole.map("xen").report()), "");
    EXPECT_NE(report_text(whole.report()).find("lost events         0\n"), std::string::npos);
}

TEST(Counters, AreCompared)
{
    Record record;
    record.map("xen").map("xen").batch(1, 0, 1);
    EXPECT_EQ(agreement_of(record, {counters(5, 1), counters(5, 1), counters(7, 2), counters(7, 2)}),
              "events and counters agree exactly");
    EXPECT_EQ(agreement_of(record, {counters(5, 1), counters(6, 1), counters(7, 2), counters(9, 2)}),
              "events and counters agree, but for what was counted while perf switched on and off");
    EXPECT_EQ(agreement_of(record, {counters(5, 1), counters(5, 1), counters(8, 2), counters(8, 2)}),
              "events and counters differ: maps is 2 by events, 3 by counters; perf tells of no lost events: it may "
              "have lost the last ones");
    EXPECT_EQ(agreement_of(record, {counters(5, 1), counters(5, 1), counters(7, 1), counters(7, 1)}).substr(0, 57),
              "events and counters differ: hypercalls is 1 by events, 0 ");
    EXPECT_EQ(agreement_of(record, {counters(5, 1), counters(5, 1), counters(4, 1), counters(4, 1)}), "");
    record.tell("PERF_RECORD_LOST lost 1");
    EXPECT_EQ(agreement_of(record, {counters(5, 1), counters(5, 1), counters(8, 2), counters(8, 2)}),
              "events and counters differ: maps is 2 by events, 3 by counters; 1 events were lost");
}

TEST(TimelineOf, WidensAndKeepsAll)
{
    Timeline t;
    for (uint64_t i = 0; i < 1000; i++)
        t.add(5'000'000'000 + i * 1'000'000, Timeline::maps);
    t.add(1, Timeline::flushes);
    EXPECT_EQ(t.start(), 5'000'000'000u);
    EXPECT_EQ(t.bin_ns(), 8'000'000u);
    EXPECT_EQ(t.used(), 125u);
    uint64_t maps = 0;
    for (size_t i = 0; i < t.used(); i++) {
        EXPECT_EQ(t.at(Timeline::maps, i), 8u);
        maps += t.at(Timeline::maps, i);
    }
    EXPECT_EQ(maps, 1000u);
    EXPECT_EQ(t.at(Timeline::flushes, 0), 1u);
}
