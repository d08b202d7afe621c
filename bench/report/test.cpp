// SPDX-License-Identifier: GPL-2.0-only
#include <sstream>

#include <gtest/gtest.h>

#include "goals.h"
#include "page.h"

using namespace bench;

namespace {

Run run_of(const std::string &text)
{
    std::istringstream in(text);
    return read_result(in);
}

// 100 instructions a pair without the loop's 3, and two hypercalls.
const std::string hot = "machine mode strict\n"
                        "hot-1 pairs 10\n"
                        "hot-1 pair_ns 1030\nhot-1 pair_n 10\n"
                        "hot-1 empty_ns 15\nhot-1 empty_n 5\n"
                        "hot-1 hypercalls 20\nhot-1 ops 20\n"
                        "hot-1 serial 2\nhot-1 failed 0\n";

Rows rows(const Raw &raw) { return rows_of(raw, Silicon{}); }

double value(const Rows &rows, const std::string &bench, const std::string &subject, const std::string &metric)
{
    const Row *row = find(rows, bench, subject, metric);
    return row ? row->value : -1;
}

} // namespace

TEST(Raw, RefusesWhatIsNoResult)
{
    EXPECT_THROW(run_of("hot-1 pairs\n"), std::runtime_error);
    EXPECT_THROW(run_of("cat: no such file\n"), std::runtime_error);
}

TEST(Raw, RefusesFailedMaps) { EXPECT_THROW(run_of("hot-1 failed 1\n"), std::runtime_error); }

TEST(Raw, CountsInvalidationsBetweenMarks)
{
    std::istringstream trace("vtd_inv_desc_iotlb_global \n"
                             "pci_cfg_write edu 00:01.0 @0x3c <- 0x2\n"
                             "vtd_inv_desc_iotlb_pages a\nvtd_inv_desc_wait_sw a\nvtd_inv_desc_iotlb_domain a\n"
                             "pci_cfg_write mch 00:00.0 @0x3c <- 0x7\n"
                             "vtd_inv_desc_iotlb_pages a\n"
                             "pci_cfg_write edu 00:01.0 @0x3c <- 0x0\n"
                             "vtd_inv_desc_iotlb_pages a\n"
                             "pci_cfg_write edu 00:01.0 @0x3c <- 0x1f\n"
                             "amdvi_pages_inval a\namdvi_completion_wait a\n");
    EXPECT_EQ(count_invalidations(trace), (std::map<unsigned, double>{{2, 3}, {31, 1}}));
}

TEST(Rows, DividesTotals)
{
    const Rows r = rows({{"strict", {run_of(hot)}}});
    EXPECT_DOUBLE_EQ(value(r, "dma-map-pair", "strict", "insns_1p"), 100);
    EXPECT_DOUBLE_EQ(value(r, "dma-map-pair", "strict", "hypercalls"), 2);
    EXPECT_DOUBLE_EQ(value(r, "dma-map-pair", "strict", "invalidations"), 0);
    EXPECT_DOUBLE_EQ(value(r, "dma-map-pair", "strict", "silicon_1p"), 100 * 0.3 + 2 * 500);
}

TEST(Rows, TakeTheMedianOfRuns)
{
    std::string slower = hot;
    slower.replace(slower.find("1030"), 4, "1050");
    const Rows r = rows({{"strict", {run_of(hot), run_of(slower)}}});
    const Row *row = find(r, "dma-map-pair", "strict", "insns_1p");
    ASSERT_NE(row, nullptr);
    EXPECT_DOUBLE_EQ(row->value, 101);
    EXPECT_DOUBLE_EQ(row->spread, 2);
    EXPECT_EQ(row->runs, 2U);
}

TEST(Rows, BatchesAreOfOneSubject)
{
    const std::string ops = "ops-4 pairs 2\nops-4 entries 4\nops-4 map_ns 820\nops-4 map_n 2\nops-4 unmap_ns 1620\n"
                            "ops-4 unmap_n 2\nops-4 empty_ns 20\nops-4 empty_n 2\nops-4 invalidations 2\n";
    const Rows r = rows({{"static", {run_of("ops-4 serial 2\n")}}, {"strict", {run_of(ops)}}});
    EXPECT_DOUBLE_EQ(value(r, "iommu-op", "map", "insns_b4"), 100);
    EXPECT_DOUBLE_EQ(value(r, "iommu-op", "unmap", "insns_b4"), 200);
    EXPECT_DOUBLE_EQ(value(r, "iommu-op", "map", "silicon_b4"), 100 * 0.3 + 125);
    EXPECT_DOUBLE_EQ(value(r, "iommu-op", "unmap", "silicon_b4"), 200 * 0.3 + 125 + 250);
}

TEST(Rows, LocksAreByThePair)
{
    const Rows r = rows({{"native-strict",
                          {run_of("threads-2 pairs 10\nthreads-2 lock_waits 4\n"
                                  "locks-2 pairs 10\nlocks-2 locks 35\n")}}});
    EXPECT_DOUBLE_EQ(value(r, "dma-map-threads", "native-strict", "lock_waits_2t"), 0.4);
    EXPECT_DOUBLE_EQ(value(r, "dma-map-threads", "native-strict", "locks_2t"), 3.5);
}

namespace {

Run packets(int round, int insns, int units)
{
    return run_of("net-packet round " + std::to_string(round) + "\nnet-packet insns " + std::to_string(insns) +
                  "\nnet-packet units " + std::to_string(units) + "\nnet-packet hypercalls 20\n");
}

} // namespace

TEST(Page, AmdIsBesideVtd)
{
    const Rows r = rows({{"strict", {run_of(hot)}}, {"strict-amd", {run_of(hot), run_of(hot)}}});
    EXPECT_NE(table("amd", r, Silicon{}).find("| strict-amd | 100 | 1.00 | - | - | - | - | 2 | 0 |"),
              std::string::npos);
    EXPECT_EQ(table("pairs", r, Silicon{}).find("amd"), std::string::npos);
}

TEST(Rows, ThroughputIsBesideThatOfTheSameRound)
{
    const Rows r = rows({{"xen-swiotlb", {packets(1, 1000, 10), packets(2, 1200, 10)}},
                         {"strict", {packets(2, 2400, 10), packets(1, 4000, 20)}}});
    EXPECT_DOUBLE_EQ(value(r, "net", "strict", "insns_per_packet"), 220);
    EXPECT_DOUBLE_EQ(value(r, "net", "strict", "hypercalls_per_packet"), 1.5);
    const Row *row = find(r, "net", "strict", "throughput");
    ASSERT_NE(row, nullptr);
    EXPECT_DOUBLE_EQ(row->value, 0.5);
    EXPECT_EQ(row->runs, 2U);
    EXPECT_DOUBLE_EQ(row->spread, 0);
    EXPECT_DOUBLE_EQ(value(r, "net", "xen-swiotlb", "throughput"), 1);
    EXPECT_NE(table("net", r, Silicon{}).find("| strict | 220 | 0.50 | 0.0 % | 1.5 | 0 | 0 | 816 |"),
              std::string::npos);
}

TEST(Rows, NoThroughputWithoutPeer)
{
    const Rows r = rows({{"xen-swiotlb", {packets(1, 1000, 10)}}, {"strict", {packets(2, 2400, 10)}}});
    EXPECT_EQ(find(r, "net", "strict", "throughput"), nullptr);
}

TEST(Rows, RequestsAreByTheKernelAndTheMode)
{
    const Rows r = rows({{"6.1-strict",
                          {run_of("request-128k units 10\nrequest-128k insns 50000\n"
                                  "request-128k hypercalls 20\nrequest-128k flushes 10\n")}},
                         {"7.3-reuse", {run_of("request-128k units 10\nrequest-128k insns 60000\n")}}});
    EXPECT_DOUBLE_EQ(value(r, "disk-128k", "6.1-strict", "hypercalls"), 2);
    EXPECT_DOUBLE_EQ(value(r, "disk-128k", "6.1-strict", "flushes"), 1);
    EXPECT_DOUBLE_EQ(value(r, "disk-128k", "7.3-reuse", "insns_per_request"), 6000);
    EXPECT_NE(table("requests", r, Silicon{}).find("| 6.1-strict | 2 | 1 | 5000 |\n| 7.3-reuse | 0 | 0 | 6000 |\n"),
              std::string::npos);
}

TEST(Rows, ThroughputOnAPoolIsBesideThatOfAPool)
{
    const Rows r = rows({{"xen-swiotlb", {packets(1, 1000, 10)}},
                         {"xen-swiotlb-pool", {packets(1, 500, 10)}},
                         {"strict-pool", {packets(1, 1000, 10)}}});
    EXPECT_DOUBLE_EQ(value(r, "net", "strict-pool", "throughput"), 0.5);
    EXPECT_DOUBLE_EQ(value(r, "net", "xen-swiotlb-pool", "throughput"), 1);
    EXPECT_EQ(table("net", r, Silicon{}).find("-pool"), std::string::npos);
    EXPECT_NE(table("net-pool", r, Silicon{}).find("| strict-pool | 100 | 0.50 |"), std::string::npos);
    EXPECT_EQ(table("net-pool", r, Silicon{}).find("| xen-swiotlb |"), std::string::npos);
}

TEST(Rows, ARefusedSubjectSaysSoAndHasNoFigure)
{
    const Rows r = rows({{"xen-swiotlb", {packets(1, 1000, 10)}},
                         {"static-isolated", {run_of("net-packet refused 1\nfork-all refused 1\n")}}});
    EXPECT_DOUBLE_EQ(value(r, "net", "static-isolated", "refused"), 1);
    EXPECT_DOUBLE_EQ(value(r, "fork", "static-isolated", "refused"), 1);
    EXPECT_EQ(find(r, "net", "static-isolated", "insns_per_packet"), nullptr);
    EXPECT_EQ(find(r, "net", "static-isolated", "throughput"), nullptr);
    EXPECT_NE(table("net", r, Silicon{}).find("| static-isolated | refused | - | - | - | - | - | - |"),
              std::string::npos);
    EXPECT_NE(table("forks", r, Silicon{}).find("| static-isolated | refused | - |"), std::string::npos);
    EXPECT_NE(
        table("targets", r, Silicon{}).find("| TCP, static and isolated: hypercalls a packet | 0 | - | - | refused |"),
        std::string::npos);
}

TEST(Rows, ProcessesByTheirKind)
{
    const std::string off = "fork-fork units 10\nfork-fork insns 1000\nfork-exec units 2\nfork-exec insns 2000\n"
                            "fork-all units 12\nfork-all insns 3000\n",
                      strict = "fork-fork units 10\nfork-fork insns 1100\nfork-exec units 2\nfork-exec insns 2000\n"
                               "fork-all units 12\nfork-all insns 3100\nfork-all mapped 7\n";
    const Rows r = rows({{"off", {run_of(off)}}, {"strict", {run_of(strict)}}});
    EXPECT_DOUBLE_EQ(value(r, "fork", "off", "insns_fork"), 100);
    EXPECT_DOUBLE_EQ(value(r, "fork", "off", "insns_exec"), 1000);
    EXPECT_DOUBLE_EQ(value(r, "fork", "off", "insns"), 250);
    EXPECT_NE(table("forks", r, Silicon{}).find("| strict | 110 | 1.100 | 1000 | 1.000 | 258 | 1.033 | 7 |"),
              std::string::npos);
    EXPECT_NE(table("targets", r, Silicon{}).find("| 1.03 | 1.1 | 110 / 100 | missed by 7 % |"), std::string::npos);
}

TEST(Rows, PacketsByTheBurst)
{
    const Rows r =
        rows({{"burst",
               {run_of("dpdk-32 units 64\ndpdk-32 insns 64000\ndpdk-32 map_insns 6400\ndpdk-32 unmap_insns 12800\n"
                       "dpdk-32 hypercalls 2\ndpdk-32 invalidations 1\n")}}});
    EXPECT_DOUBLE_EQ(value(r, "dpdk-burst", "burst", "insns_per_packet_b32"), 1000);
    EXPECT_DOUBLE_EQ(value(r, "dpdk-burst", "burst", "map_unmap_insns_b32"), 300);
    EXPECT_DOUBLE_EQ(value(r, "dpdk-burst", "burst", "hypercalls_per_packet_b32"), 0.03125);
    EXPECT_DOUBLE_EQ(value(r, "dpdk-burst", "burst", "map_unmap_silicon_b32"), 300 * 0.3 + 500 / 32.0 + 1000 / 64.0);
    EXPECT_NE(table("dpdk", r, Silicon{}).find("| burst | - | - | - | - | - | 1000 | 300 | 0.031 | 0.016 | 121 |"),
              std::string::npos);
}

TEST(Rows, RefuseWhatNobodyKnows) { EXPECT_THROW(rows({{"x", {run_of("odd-1 pairs 1\n")}}}), std::runtime_error); }

TEST(Json, GoesThereAndBack)
{
    const Rows r = rows({{"strict", {run_of(hot)}}});
    const auto json = to_json(r);
    EXPECT_EQ(json[0].dump(), R"({"bench":"dma-map-pair","subject":"strict","metric":"insns_1p","value":100.0,)"
                              R"("unit":"instructions","runs":1,"spread":0.0})");
    EXPECT_EQ(to_json(from_json(nlohmann::json::parse(json.dump()))), json);
}

TEST(Goals, AreJudged)
{
    const Goal half{"", "b", "us", "m", "peer", 0.5, ""}, none{"", "b", "us", "m", "", 0, ""};
    const Rows good{{"b", "us", "m", 0, "1", 1, 0}, {"b", "peer", "m", 100, "1", 1, 0}};
    const Rows bad{{"b", "us", "m", 51, "1", 1, 0}, {"b", "peer", "m", 100, "1", 1, 0}};
    EXPECT_TRUE(judge(half, good)->good);
    EXPECT_FALSE(judge(half, bad)->good);
    EXPECT_TRUE(judge(none, good)->good);
    EXPECT_FALSE(judge(none, bad)->good);
    EXPECT_FALSE(judge(half, {}).has_value());
}

TEST(Page, KeepsWhatIsBetweenTables)
{
    const Rows r = rows({{"strict", {run_of(hot)}}});
    const std::string page =
        "# Head\n<!-- table pairs -->\nold\n<!-- end -->\nmiddle\n<!-- table model -->\n<!-- end -->\nend\n";
    const std::string filled = fill_page(page, r, Silicon{});
    EXPECT_TRUE(filled.starts_with("# Head\n<!-- table pairs -->\n| subject |"));
    EXPECT_NE(filled.find("| strict | 100 | - | - | 2 | 2 | 0 | 1030 |\n<!-- end -->\nmiddle\n"), std::string::npos);
    EXPECT_TRUE(filled.ends_with("<!-- end -->\nend\n"));
    EXPECT_EQ(fill_page(filled, r, Silicon{}), filled);
}

TEST(Page, RefusesWhatItCannotFill)
{
    EXPECT_THROW(fill_page("<!-- table pairs -->\n", {}, Silicon{}), std::runtime_error);
    EXPECT_THROW(fill_page("<!-- table odd -->\n<!-- end -->\n", {}, Silicon{}), std::runtime_error);
}

TEST(Page, MakesEveryTableOfNothing)
{
    for (const std::string &name : table_names())
        EXPECT_FALSE(table(name, {}, Silicon{}).empty());
}
