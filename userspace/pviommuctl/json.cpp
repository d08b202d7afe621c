// SPDX-License-Identifier: GPL-2.0-only
#include "json.h"

#include <nlohmann/json.hpp>

#include "advice.h"

namespace ctl {

namespace {

using Json = nlohmann::ordered_json;

// A driver's name may have bytes that are no UTF-8: they are replaced.
std::string dump(const Json &json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json or_null(const std::optional<double> &value) { return value ? Json(*value) : Json(nullptr); }

Json counters_of(const Counters &counters)
{
    Json json = Json::object();
    for (const Counter &c : counters)
        json[std::string(c.info->name)] = c.value;
    return json;
}

Json ratios_json(const Counters &counters)
{
    const Ratios ratios = ratios_of(counters);
    Json shares = Json::object();
    for (const Share &s : ratios.flush_shares)
        shares[std::string(s.reason)] = s.share;
    return {{"ops_per_hypercall", or_null(ratios.ops_per_hypercall)},
            {"hypercalls_per_map", or_null(ratios.hypercalls_per_map)},
            {"reuse_hit_rate", or_null(ratios.reuse_hit_rate)},
            {"flush_shares", shares}};
}

void put_word(Json &json, const char *key, const std::string &word)
{
    if (!word.empty())
        json[key] = word;
}

} // namespace

std::string status_json(const Status &s)
{
    Json json = Json::object();
    put_word(json, "state", s.state);
    put_word(json, "mode", s.mode);
    put_word(json, "reason", s.reason);
    if (const auto advice = advice_for(s)) {
        json["why"] = advice->why;
        json["remedy"] = advice->remedy;
    }
    if (s.isolate)
        json["isolate"] = *s.isolate;
    put_word(json, "host_map", s.host_map);
    if (s.vfio)
        json["vfio"] = *s.vfio;
    for (const auto &[name, value] : s.usage)
        json["usage"][name] = value;
    if (s.devices)
        json["devices"] = *s.devices;
    return dump(json);
}

std::string devices_json(const std::vector<Device> &devices)
{
    Json json = Json::array();
    for (const Device &d : devices) {
        Json item = {{"device", d.address}};
        put_word(item, "driver", d.driver);
        put_word(item, "mode", d.mode);
        put_word(item, "path", d.path);
        item["counters"] = counters_of(d.totals.counters);
        item["reuse_hit_rate"] = or_null(ratios_of(d.totals.counters).reuse_hit_rate);
        json.push_back(std::move(item));
    }
    return dump(json);
}

std::string stats_json(const Counters &counters)
{
    return dump({{"counters", counters_of(counters)}, {"ratios", ratios_json(counters)}});
}

std::string interval_json(const Interval &interval, double time)
{
    if (!interval.differences)
        return event_json("counters restarted", time);
    Json rates = Json::object();
    for (const Counter &c : *interval.differences)
        rates[std::string(c.info->name)] =
            interval.seconds > 0 ? Json(static_cast<double>(c.value) / interval.seconds) : Json(nullptr);
    return dump({{"time", time},
                 {"seconds", interval.seconds},
                 {"differences", counters_of(*interval.differences)},
                 {"rates", rates},
                 {"gauges", counters_of(interval.gauges)},
                 {"ratios", ratios_json(*interval.differences)}});
}

std::string event_json(const std::string &event, double time) { return dump({{"time", time}, {"event", event}}); }

} // namespace ctl
