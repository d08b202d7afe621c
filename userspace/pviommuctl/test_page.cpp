// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include <cmath>

#include "flame.h"
#include "svg.h"

using namespace ctl;

namespace {

size_t count(const std::string &text, const std::string &what)
{
    size_t n = 0;
    for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1))
        n++;
    return n;
}

bool has(const std::string &text, const std::string &what) { return text.find(what) != text.npos; }

Report record(const std::vector<std::pair<std::string, std::vector<std::string>>> &events)
{
    Report report;
    PerfScript script([&report](const Event &event) { report.profile.add(event); });
    for (const auto &[event, stack] : events) {
        script.line("a 1 [000] 1.0: xen_pviommu:" + event);
        for (const std::string &frame : stack)
            script.line("\tff " + frame);
        script.line("");
    }
    script.end();
    report.frames = script.frames();
    return report;
}

std::string batch(int ns)
{
    return "pviommu_batch: maps=1 unmaps=0 others=0 mapped=1 unmapped=0 status=0 ns=" + std::to_string(ns);
}

std::string told(const Flame &flame)
{
    std::string text;
    for (const Box &box : flame.boxes)
        text += std::to_string(box.depth) + box.name + (box.ours ? "*" : "") + " " +
                std::to_string(std::lround(box.x * 100)) + "+" + std::to_string(std::lround(box.width * 100)) + "; ";
    return text;
}

} // namespace

TEST(FlameOf, SharesTheWidthByTime)
{
    const Report report = record({{batch(60), {"pviommu_x+0x1", "f", "main"}},
                                  {batch(30), {"e", "main"}},
                                  {batch(10), {"other"}},
                                  {"pviommu_map: dev=a pages=1 by=xen", {"none"}}});
    const Flame flame = mapping_flame(report);
    EXPECT_EQ(flame.by, Measure::time);
    EXPECT_EQ(flame.all, (Cost{100, 3, 1, 0}));
    EXPECT_EQ(told(flame), "0all 0+100; 1main 0+90; 1other 90+10; 2e 0+30; 2f 30+60; 3pviommu_x* 30+60; ");
}

TEST(FlameOf, TakesMappingsWhereNothingTookTime)
{
    const Report report = record({{"pviommu_map: dev=a pages=1 by=static", {"b", "a"}},
                                  {"pviommu_map: dev=a pages=1 by=static", {"c", "a"}},
                                  {"pviommu_unmap: dev=a pages=1 by=static", {"d"}}});
    EXPECT_EQ(mapping_flame(report).by, Measure::maps);
    EXPECT_EQ(told(mapping_flame(report)), "0all 0+100; 1a 0+100; 2b 0+50; 2c 50+50; ");
    EXPECT_TRUE(mapping_flame(record({})).boxes.empty());
}

TEST(FlameOf, LeavesOutWhatCannotBeSeen)
{
    EXPECT_EQ(told(mapping_flame(record({{batch(9999), {"a"}}, {batch(1), {"b"}}}))), "0all 0+100; 1a 0+100; ");
}

TEST(Svg, HasAMarkAPoint)
{
    const std::string svg =
        plot_svg({"p", "T", {"x (ops)"}, {"y (ns)"}, Mark::bars, {{"", {{1, 5, 1, "one"}, {4, 2}}, {}}}});
    EXPECT_EQ(count(svg, "<rect class=\"mark s0\""), 2u);
    EXPECT_TRUE(has(svg, ">x (ops)</text>") && has(svg, ">y (ns)</text>") && has(svg, "<title>one</title>"));
    // The larger value has the higher bar, from the same ground.
    EXPECT_TRUE(has(svg, "y=\"65.4\"") && has(svg, "height=\"188.6\"")) << svg;
}

TEST(Svg, ShowsWhatIsRare)
{
    const std::string svg = plot_svg({"p", "T", {"x"}, {"y"}, Mark::bars, {{"", {{1, 9999}, {2, 1}}, {}}}});
    EXPECT_TRUE(has(svg, "height=\"2.0\"")) << svg;
    // There is no half op.
    EXPECT_EQ(count(svg, ">1</text>") + count(svg, ">2</text>"), 2u);
    EXPECT_FALSE(has(svg, ">1.5</text>"));
}

TEST(Svg, DrawsTheCurve)
{
    const std::string svg =
        plot_svg({"p", "T", {"x", true}, {"y"}, Mark::circles, {{"s", {{1, 11}, {8, 4}}, Curve{3, 8, "3 + 8 / B"}}}});
    EXPECT_EQ(count(svg, "<circle"), 2u);
    EXPECT_EQ(count(svg, "curve s0"), 1u);
    EXPECT_TRUE(has(svg, "s: 3 + 8 / B</text>"));
    EXPECT_EQ(count(svg, ">2</text>") + count(svg, ">4</text>"), 2u); // powers of two, on the axis of x
}

TEST(Svg, SaysThatThereIsNothing)
{
    EXPECT_TRUE(has(plot_svg({"p", "T", {"x"}, {"y"}, Mark::line, {{"s", {}, {}}}}), "nothing of this"));
    EXPECT_TRUE(has(rows_svg({"r", "T", "n", 0, {}}), "nothing of this"));
    EXPECT_FALSE(has(plot_svg({"p", "T", {"x"}, {"y"}, Mark::line, {{"s", {{1, 0}}, {}}}}), "nan"));
}

TEST(Svg, ScalesRows)
{
    const std::string svg = rows_svg({"r", "T", "%", 100, {{"a", 50, "50%"}, {"b", 100, "all"}}});
    EXPECT_TRUE(has(svg, "width=\"150.0\"") && has(svg, "width=\"300.0\"")) << svg;
}

TEST(Svg, EscapesNames)
{
    EXPECT_EQ(escape_xml("<a & \"b\" 'c'>\n\xff"), "&lt;a &amp; &quot;b&quot; &#39;c&#39;&gt;??");
    const Report report = record({{batch(1), {"operator<(</svg><script>)"}}});
    EXPECT_FALSE(has(report_html(report), "</svg><script>)"));
}

TEST(Numbers, AreShort)
{
    EXPECT_EQ(short_number(0), "0");
    EXPECT_EQ(short_number(1500), "1.5k");
    EXPECT_EQ(short_number(2e6), "2M");
    EXPECT_EQ(short_number(0.25), "0.25");
}

TEST(FlameOf, ShowsWhereCpusWere)
{
    Report report;
    PerfScript script([&report](const Event &event) { report.profile.add(event); });
    for (const char *line :
         {"a 1 [000] 1.0: cpu-clock:", "\tff b", "\tff a", "", "a 1 [000] 1.0: cpu-clock:", "\tff a", ""})
        script.line(line);
    script.end();
    report.frames = script.frames();
    EXPECT_TRUE(mapping_flame(report).boxes.empty());
    EXPECT_EQ(told(cpu_flame(report)), "0all 0+100; 1a 0+100; 2b 0+50; ");
    const std::string page = report_html(report);
    EXPECT_TRUE(has(page, "<svg id=\"cpu\"") && has(page, "b: 50.0%, 1 samples") && !has(page, "id=\"flame\""));
}

TEST(Page, NamesNothingOutside)
{
    Report report = record({{batch(5), {"a"}}});
    report.title = "<x>";
    const std::string page = report_html(report);
    EXPECT_TRUE(has(page, "default-src 'none'"));
    EXPECT_TRUE(has(page, "<h1>xen-pviommu: &lt;x&gt;</h1>"));
    // But the name of SVG itself.
    EXPECT_EQ(count(page, "http"), count(page, "xmlns=\"http://www.w3.org/2000/svg\"") + count(page, "http-equiv"));
    for (const char *id : {"histogram", "cost", "flushes", "rates", "timeline", "flame", "sites", "facts"})
        EXPECT_EQ(count(page, "id=\"" + std::string(id) + "\""), 1u) << id;
}
