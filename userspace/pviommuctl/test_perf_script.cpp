// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include "error.h"
#include "perf_script.h"

using namespace ctl;

namespace {

struct Seen {
    unsigned cpu;
    uint64_t ns;
    std::string what;
    std::string stack;
};

// One word for the kind of event, with the fields.
std::string told(const decltype(Event::what) &what)
{
    struct {
        std::string operator()(const Mapping &m) const
        {
            const char *names[] = {"map", "unmap", "reuse_hit"};
            return std::string(names[static_cast<int>(m.what)]) + " " + std::string(m.device) + " " +
                   std::to_string(m.pages) + " " + std::string(m.by);
        }
        std::string operator()(const Fallback &f) const { return "fallback " + std::string(f.device); }
        std::string operator()(const Batch &b) const
        {
            return "batch " + std::to_string(b.maps) + "+" + std::to_string(b.unmaps) + "+" + std::to_string(b.others) +
                   " " + std::to_string(b.mapped) + "/" + std::to_string(b.unmapped) + " " + std::to_string(b.status) +
                   " " + std::to_string(b.ns);
        }
        std::string operator()(const Flush &f) const
        {
            return "flush " + std::string(f.reason) + " " + std::to_string(f.waited);
        }
        std::string operator()(const Chunk &c) const { return "chunk " + std::string(c.fate); }
        std::string operator()(const Other &o) const { return "other " + std::string(o.name); }
        std::string operator()(const Lost &l) const
        {
            return "lost " + std::to_string(l.events) + (l.samples ? " samples" : "");
        }
    } const teller;
    return std::visit(teller, what);
}

std::vector<Seen> read(std::initializer_list<std::string_view> lines)
{
    std::vector<Seen> all;
    const PerfScript *names = nullptr;
    PerfScript script([&](const Event &event) {
        std::string stack;
        for (const FrameId id : event.stack)
            stack += names->frames()[id].name + (names->frames()[id].ours ? "* " : " ");
        all.push_back({event.cpu, event.ns, told(event.what), stack});
    });
    names = &script;
    for (const std::string_view line : lines)
        script.line(line);
    script.end();
    return all;
}

std::string error_of(std::initializer_list<std::string_view> lines)
{
    try {
        read(lines);
    } catch (const Error &e) {
        return e.what();
    }
    return "none";
}

std::string one(std::string_view line)
{
    const auto all = read({line});
    return all.size() == 1 ? all[0].what : "not one";
}

constexpr std::string_view remedy = ": record again, or cut the line out (docs/profiling.md has the format)";

} // namespace

TEST(PerfScript, KnowsEachEvent)
{
    const std::string h = "dd   141 [000]    36.931533:  xen_pviommu:";
    EXPECT_EQ(one(h + "pviommu_map: dev=0000:00:01.0 bfn=0x8000240 pages=16 by=xen"), "map 0000:00:01.0 16 xen");
    EXPECT_EQ(one(h + "pviommu_unmap: dev=0000:00:01.0 bfn=0x1 pages=1 by=queue"), "unmap 0000:00:01.0 1 queue");
    EXPECT_EQ(one(h + "pviommu_reuse_hit: dev=a bfn=0x1 pages=2 by=reuse"), "reuse_hit a 2 reuse");
    EXPECT_EQ(one(h + "pviommu_fallback: dev=0000:00:01.0"), "fallback 0000:00:01.0");
    EXPECT_EQ(one(h + "pviommu_batch: slots=5 maps=1 unmaps=2 others=3 mapped=4 unmapped=5 status=-22 ns=6"),
              "batch 1+2+3 4/5 -22 6");
    EXPECT_EQ(one(h + "pviommu_flush: reason=ride waited=90"), "flush ride 90");
    EXPECT_EQ(one(h + "pviommu_chunk: bfn=0x8000200 fate=made"), "chunk made");
    // New fields come behind; new events are counted.
    EXPECT_EQ(one(h + "pviommu_flush: reason=ride waited=90 age=7"), "flush ride 90");
    EXPECT_EQ(one(h + "pviommu_pin: pages=1"), "other xen_pviommu:pviommu_pin");
    EXPECT_EQ(one("a 1 [000] 1.0: PERF_RECORD_LOST lost 17"), "lost 17");
    EXPECT_EQ(one("a 1 [000] 1.0: PERF_RECORD_LOST_SAMPLES lost 17"), "lost 17 samples");
}

TEST(PerfScript, ReadsWhereAndWhen)
{
    const auto all = read({"dd   141/142 [003]    36.931533:  net:net_dev_xmit: dev=eth0", "",
                           "odd [7] name 5 [012] 1.000000001: 250000 cycles:P:  ffffffff81 f+0x1 ([kernel.kallsyms])"});
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].cpu, 3u);
    EXPECT_EQ(all[0].ns, 36'931'533'000u);
    EXPECT_EQ(all[0].what, "other net:net_dev_xmit");
    EXPECT_EQ(all[1].cpu, 12u);
    EXPECT_EQ(all[1].ns, 1'000'000'001u);
    EXPECT_EQ(all[1].what, "other cycles:P");
}

TEST(PerfScript, TakesStacks)
{
    const auto all =
        read({"a 1 [000] 1.0: xen_pviommu:pviommu_chunk: fate=made",
              "\tffffffffc020e401 map_run+0x1a1 (/lib/modules/6.1.0/extra/xen-pviommu.ko)",
              "\tffffffffc020e402 pviommu_map_sg (inlined)", "\tffffffff81141999 operator()(int)+0x29",
              "\t     f82ad [unknown] ([unknown])", "", "a 1 [000] 1.0: xen_pviommu:pviommu_chunk: fate=made",
              "a 1 [000] 1.0: xen_pviommu:pviommu_chunk: fate=made", "\tffff other+0x1 ([xen_pviommu])"});
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].stack, "map_run* pviommu_map_sg* operator()(int) [unknown] ");
    EXPECT_EQ(all[1].stack, "");
    EXPECT_EQ(all[2].stack, "other* ");
}

TEST(PerfScript, NamesABrokenLine)
{
    const std::string_view good = "a 1 [000] 1.0: xen_pviommu:pviommu_chunk: fate=made";
    const auto says = [&](std::string_view line, const std::string &what) {
        EXPECT_EQ(error_of({good, "", line}), "line 3: " + what + std::string(remedy));
    };
    says("a 1 [000] 1.0: xen_pviommu:pviommu_map: dev=a pages=1", "xen_pviommu:pviommu_map lacks a good by=");
    says("a 1 [000] 1.0: xen_pviommu:pviommu_map: dev=a pages=1x by=xen",
         "xen_pviommu:pviommu_map lacks a good pages=");
    says("a 1 [000] 1.0: xen_pviommu:pviommu_batch: maps=1 unmaps=0 others=0 mapped=1 unmapped=0 status=0",
         "xen_pviommu:pviommu_batch lacks a good ns=");
    says("a 1 [000] 1.0: xen_pviommu:pviommu_flush: reason= waited=1",
         "xen_pviommu:pviommu_flush lacks a good reason=");
    says("a 1 [000] 1.0: xen_pviommu:pviommu_ma", "an event of xen_pviommu is cut off");
    says("a 1 [000] soon: xen_pviommu:pviommu_chunk: fate=made",
         "an event of xen_pviommu without its thread, CPU or time");
    says("a 1 [000] 1.0: PERF_RECORD_LOST lost many", "how many events were lost?");
    // The line of the event, not of the line behind its stack.
    EXPECT_EQ(error_of({"a 1 [000] 1.0: xen_pviommu:pviommu_fallback: x=1", "\tff f", "\tff g", "", good}).substr(0, 7),
              "line 1:");
}

TEST(PerfScript, PassesOverWhatIsNotOurs)
{
    EXPECT_EQ(error_of({}), "none");
    EXPECT_EQ(error_of({"# captured on: today", "strange", "a 1 [000] 1.0: sched:sched_switch: x"}), "none");
    EXPECT_EQ(error_of({"strange"}), "this is no output of perf script (docs/profiling.md has the format)");
    EXPECT_EQ(error_of({"PERFILE2h"}),
              "this is perf's own file: perf script -i FILE --ns --show-lost-events | pviommuctl report -");
}
