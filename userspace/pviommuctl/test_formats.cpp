// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "json.h"
#include "prometheus.h"
#include "screen.h"
#include "test_counters.h"
#include "text.h"

using namespace ctl;
using Json = nlohmann::json;

namespace {

Status active()
{
    Status s;
    s.state = "active";
    s.reason = "none";
    s.mode = "lazy";
    s.isolate = true;
    s.host_map = "dropped";
    s.vfio = false;
    s.usage = {{"claims", 2}, {"mapped", 9}};
    s.devices = 1;
    return s;
}

Device nic() { return {"0000:00:03.0", "e1000e", "lazy", "pviommu", {1, make({{"maps", 4}, {"leaked", 0}})}}; }

Interval interval()
{
    Interval i;
    i.seconds = 2;
    i.differences = make({{"maps", 3}, {"unmaps", 0}, {"hypercalls", 6}, {"ops", 12}});
    i.gauges = make({{"devices", 1}});
    return i;
}

} // namespace

TEST(Text, IsAligned) { EXPECT_EQ(aligned({{"a", "1"}, {"long", "22"}, {"b"}}, 1), "a      1\nlong  22\nb\n"); }

TEST(Text, OfStatus)
{
    EXPECT_EQ(status_text(active()),
              "state     active\nmode      lazy\nreason    none\nisolate   on\nhost_map  dropped\nvfio      off\n"
              "usage     claims 2, mapped 9\ndevices   1\n");
    Status holed;
    holed.state = "active";
    holed.isolate = false;
    holed.host_map = "holed";
    EXPECT_EQ(status_text(holed).find("state     active\nwhy       the host map has holes"), 0U);
    EXPECT_NE(status_text(holed).find("isolate   off\nhost_map  holed\n"), std::string::npos);
    Status refused;
    refused.state = "fallback";
    refused.reason = "passthrough";
    EXPECT_EQ(status_text(refused), "state   fallback\nreason  passthrough\nwhy     DMA bypasses translation\n"
                                    "remedy  boot Xen without dom0-iommu=passthrough\n");
}

TEST(Text, OfDevices)
{
    EXPECT_EQ(devices_text({nic()}), "DEVICE        DRIVER  MODE  PATH     MAPS  UNMAPS  REUSE  FALLBACKS  LEAKED\n"
                                     "0000:00:03.0  e1000e  lazy  pviommu     4       -      -          -       0\n");
    EXPECT_EQ(devices_text({}), "no device is served by xen_pviommu\n");
}

TEST(Text, OfStats)
{
    EXPECT_EQ(
        stats_text(make(
            {{"maps", 4}, {"hypercalls", 2}, {"ops", 5}, {"flush_full", 3}, {"reuse_hits", 1}, {"reuse_misses", 3}})),
        "maps                     4\nhypercalls               2\nops                      5\n"
        "flush_full               3\nreuse_hits               1\nreuse_misses             3\n"
        "ops per hypercall     2.50\nhypercalls per map    0.50\nreuse hit rate       25.0%\n"
        "flushes: full       100.0%\n");
}

TEST(Text, OfAnInterval)
{
    EXPECT_EQ(interval_text(interval()),
              "2.00 s              more  per second\nmaps                   3         1.5\n"
              "hypercalls             6         3.0\nops                   12         6.0\n"
              "devices                1\nops per hypercall   2.00\nhypercalls per map  2.00\n\n");
    EXPECT_EQ(interval_text({1, std::nullopt, {}}), "counters restarted\n");
}

TEST(Text, OfTop)
{
    Interval own = interval();
    own.differences = make({{"maps", 3}});
    const std::string frame = top_text(active(), interval(), {{nic(), own}, {nic(), std::nullopt}});
    EXPECT_EQ(frame, "xen_pviommu active, mode lazy, isolate on: 1.5 maps/s, 3.0 hypercalls/s, - flushes/s\n"
                     "DEVICE        DRIVER  MODE  PATH     MAPS/S  UNMAPS/S  PAGES/S  REUSE  FALLBACKS/S  LEAKED\n"
                     "0000:00:03.0  e1000e  lazy  pviommu     1.5         -        -      -            -       0\n"
                     "0000:00:03.0  e1000e  lazy  pviommu       -         -        -      -            -       0\n");
    EXPECT_NE(top_text(active(), Interval{1, std::nullopt, {}}, {}).find("\ncounters restarted\n"), std::string::npos);
}

TEST(JsonOf, Status)
{
    EXPECT_EQ(status_json(active()), R"({"state":"active","mode":"lazy","reason":"none","isolate":true,)"
                                     R"("host_map":"dropped","vfio":false,)"
                                     R"("usage":{"claims":2,"mapped":9},"devices":1})");
    Status refused;
    refused.state = "fallback";
    refused.reason = "no-iommu";
    const Json json = Json::parse(status_json(refused));
    EXPECT_TRUE(json.contains("why") && json.contains("remedy"));
    EXPECT_FALSE(json.contains("isolate") || json.contains("host_map") || json.contains("usage"));
}

TEST(JsonOf, Devices)
{
    EXPECT_EQ(devices_json({nic()}), R"([{"device":"0000:00:03.0","driver":"e1000e","mode":"lazy","path":"pviommu",)"
                                     R"("counters":{"maps":4,"leaked":0},"reuse_hit_rate":null}])");
    EXPECT_EQ(devices_json({}), "[]");
    Device odd = nic();
    odd.driver = "\xff\"";
    EXPECT_EQ(Json::parse(devices_json({odd}))[0]["driver"], "\xef\xbf\xbd\"");
}

TEST(JsonOf, Stats)
{
    const Json json = Json::parse(stats_json(make({{"maps", UINT64_MAX}, {"flush_full", 3}})));
    EXPECT_EQ(json["counters"]["maps"], UINT64_MAX);
    EXPECT_EQ(json["ratios"]["flush_shares"]["full"], 1.0);
    EXPECT_TRUE(json["ratios"]["ops_per_hypercall"].is_null());
}

TEST(JsonOf, Intervals)
{
    const Json json = Json::parse(interval_json(interval(), 12.5));
    EXPECT_EQ(json["time"], 12.5);
    EXPECT_EQ(json["seconds"], 2.0);
    EXPECT_EQ(json["differences"]["unmaps"], 0);
    EXPECT_EQ(json["rates"]["maps"], 1.5);
    EXPECT_EQ(json["gauges"]["devices"], 1);
    EXPECT_EQ(json["ratios"]["ops_per_hypercall"], 2.0);
    EXPECT_EQ(interval_json({1, std::nullopt, {}}, 1), R"({"time":1.0,"event":"counters restarted"})");
}

TEST(Prometheus, EscapesLabels) { EXPECT_EQ(escape_label("a\\b\"c\nd\xc3\xa9"), "a\\\\b\\\"c\\nd\xc3\xa9"); }

TEST(Prometheus, HasEachFamilyOnce)
{
    Device odd = nic();
    odd.address = "0000:00:04.0";
    odd.driver = "a\"b";
    const std::string text = metrics_text(
        active(), make({{"maps", 7}, {"flushes", 3}, {"flush_strict", 1}, {"flush_ride", 2}, {"devices", 2}}),
        {nic(), odd});
    EXPECT_EQ(text,
              "# HELP pviommu_loaded 1 if the module is there.\n"
              "# TYPE pviommu_loaded gauge\n"
              "pviommu_loaded 1\n"
              "# HELP pviommu_active 1 if the module maps DMA, 0 if xen-swiotlb maps all.\n"
              "# TYPE pviommu_active gauge\n"
              "pviommu_active 1\n"
              "# HELP pviommu_info Mode and state of the module, and the reason if it is not active.\n"
              "# TYPE pviommu_info gauge\n"
              "pviommu_info{state=\"active\",reason=\"none\",mode=\"lazy\",host_map=\"dropped\"} 1\n"
              "# HELP pviommu_isolated 1 if the host map is dropped.\n"
              "# TYPE pviommu_isolated gauge\n"
              "pviommu_isolated 1\n"
              "# HELP pviommu_vfio 1 if VFIO can have devices.\n"
              "# TYPE pviommu_vfio gauge\n"
              "pviommu_vfio 0\n"
              "# HELP pviommu_usage_claims The module's use of Xen, by Xen's count.\n"
              "# TYPE pviommu_usage_claims gauge\n"
              "pviommu_usage_claims 2\n"
              "# HELP pviommu_usage_mapped The module's use of Xen, by Xen's count.\n"
              "# TYPE pviommu_usage_mapped gauge\n"
              "pviommu_usage_mapped 9\n"
              "# HELP pviommu_maps_total DMA mappings made; a scatterlist counts once.\n"
              "# TYPE pviommu_maps_total counter\n"
              "pviommu_maps_total 7\n"
              "# HELP pviommu_flushes_total Calls with an unmap in their batch; each has an IOTLB flush.\n"
              "# TYPE pviommu_flushes_total counter\n"
              "pviommu_flushes_total 3\n"
              "# HELP pviommu_devices Devices served now.\n"
              "# TYPE pviommu_devices gauge\n"
              "pviommu_devices 2\n"
              "# HELP pviommu_flushes_by_reason_total Flushes by reason.\n"
              "# TYPE pviommu_flushes_by_reason_total counter\n"
              "pviommu_flushes_by_reason_total{reason=\"strict\"} 1\n"
              "pviommu_flushes_by_reason_total{reason=\"ride\"} 2\n"
              "# HELP pviommu_device_info A served device.\n"
              "# TYPE pviommu_device_info gauge\n"
              "pviommu_device_info{device=\"0000:00:03.0\",driver=\"e1000e\",mode=\"lazy\",path=\"pviommu\"} 1\n"
              "pviommu_device_info{device=\"0000:00:04.0\",driver=\"a\\\"b\",mode=\"lazy\",path=\"pviommu\"} 1\n"
              "# HELP pviommu_device_maps_total DMA mappings made; a scatterlist counts once.\n"
              "# TYPE pviommu_device_maps_total counter\n"
              "pviommu_device_maps_total{device=\"0000:00:03.0\"} 4\n"
              "pviommu_device_maps_total{device=\"0000:00:04.0\"} 4\n"
              "# HELP pviommu_device_leaked_total BFNs never used again: a device may still have them in a cache.\n"
              "# TYPE pviommu_device_leaked_total counter\n"
              "pviommu_device_leaked_total{device=\"0000:00:03.0\"} 0\n"
              "pviommu_device_leaked_total{device=\"0000:00:04.0\"} 0\n");
}

TEST(Screen, DrawsWhatFits)
{
    EXPECT_EQ(drawn("ab\ncdef\nlast\n", {2, 3}), "\033[Hab\033[K\r\ncde\033[J");
    EXPECT_EQ(drawn("ab\n", {24, 80}), "\033[Hab\033[K\033[J");
    EXPECT_EQ(drawn("", {24, 80}), "\033[H\033[J");
}
