// SPDX-License-Identifier: GPL-2.0-only
#include "prometheus.h"

#include <utility>

#include <fmt/format.h>

namespace ctl {

namespace {

using Labels = std::vector<std::pair<std::string_view, std::string>>;

// All samples of a family stand together, below its HELP and TYPE.
class Page {
public:
    void family(std::string name, std::string_view type, std::string_view help)
    {
        name_ = std::move(name);
        text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name_, help, name_, type);
    }

    void sample(uint64_t value, const Labels &labels = {})
    {
        std::string list;
        for (const auto &[label, word] : labels)
            list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", label, escape_label(word));
        text_ += list.empty() ? fmt::format("{} {}\n", name_, value) : fmt::format("{}{{{}}} {}\n", name_, list, value);
    }

    std::string text() && { return std::move(text_); }

private:
    std::string name_, text_;
};

std::string metric_name(std::string_view prefix, const CounterInfo &info)
{
    return fmt::format("pviommu_{}{}{}", prefix, info.name, info.kind == Kind::counter ? "_total" : "");
}

std::string_view type_of(const CounterInfo &info) { return info.kind == Kind::counter ? "counter" : "gauge"; }

void put_loaded(Page &page, bool loaded)
{
    page.family("pviommu_loaded", "gauge", "1 if the module is there.");
    page.sample(loaded);
}

void put_status(Page &page, const Status &s)
{
    page.family("pviommu_active", "gauge", "1 if the module maps DMA, 0 if xen-swiotlb maps all.");
    page.sample(s.state == "active");
    page.family("pviommu_info", "gauge", "Mode and state of the module, and the reason if it is not active.");
    page.sample(1, {{"state", s.state}, {"reason", s.reason}, {"mode", s.mode}, {"host_map", s.host_map}});
    if (s.isolate) {
        page.family("pviommu_isolated", "gauge", "1 if the host map is dropped.");
        page.sample(*s.isolate);
    }
    if (s.vfio) {
        page.family("pviommu_vfio", "gauge", "1 if VFIO can have devices.");
        page.sample(*s.vfio);
    }
    for (const auto &[name, value] : s.usage) {
        page.family("pviommu_usage_" + name, "gauge", "The module's use of Xen, by Xen's count.");
        page.sample(value);
    }
}

void put_totals(Page &page, const Counters &totals)
{
    for (const Counter &c : totals) {
        if (!flush_reason(c.info->name).empty())
            continue;
        page.family(metric_name("", *c.info), type_of(*c.info), c.info->help);
        page.sample(c.value);
    }
}

void put_flush_reasons(Page &page, const Counters &totals)
{
    bool first = true;
    for (const Counter &c : totals) {
        const std::string_view reason = flush_reason(c.info->name);
        if (reason.empty())
            continue;
        if (std::exchange(first, false))
            page.family("pviommu_flushes_by_reason_total", "counter", "Flushes by reason.");
        page.sample(c.value, {{"reason", std::string(reason)}});
    }
}

void put_devices(Page &page, const std::vector<Device> &devices)
{
    if (devices.empty())
        return;
    page.family("pviommu_device_info", "gauge", "A served device.");
    for (const Device &d : devices)
        page.sample(1, {{"device", d.address}, {"driver", d.driver}, {"mode", d.mode}, {"path", d.path}});
    for (const CounterInfo &info : counter_table()) {
        bool first = true;
        for (const Device &d : devices) {
            const auto value = find(d.totals.counters, info.name);
            if (!value)
                continue;
            if (std::exchange(first, false))
                page.family(metric_name("device_", info), type_of(info), info.help);
            page.sample(*value, {{"device", d.address}});
        }
    }
}

} // namespace

std::string escape_label(std::string_view value)
{
    std::string escaped;
    for (const char c : value) {
        if (c == '\\' || c == '"')
            escaped += '\\';
        if (c == '\n')
            escaped += "\\n";
        else
            escaped += c;
    }
    return escaped;
}

std::string metrics_text(const Status &status, const Counters &totals, const std::vector<Device> &devices)
{
    Page page;
    put_loaded(page, true);
    put_status(page, status);
    put_totals(page, totals);
    put_flush_reasons(page, totals);
    put_devices(page, devices);
    return std::move(page).text();
}

std::string metrics_not_loaded()
{
    Page page;
    put_loaded(page, false);
    return std::move(page).text();
}

} // namespace ctl
