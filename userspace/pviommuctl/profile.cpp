// SPDX-License-Identifier: GPL-2.0-only
#include "profile.h"

#include <algorithm>
#include <array>

namespace ctl {

namespace {

// The entry of a map with string keys, without a new string each time.
template <typename Map> auto &entry(Map &map, std::string_view key)
{
    const auto it = map.find(key);
    return it != map.end() ? it->second : map[std::string(key)];
}

// The kernel's DMA API, which is never the caller of a mapping.
bool dma_api(std::string_view name)
{
    name.remove_prefix(std::min(name.find_first_not_of('_'), name.size()));
    return name.starts_with("dma_") || name.starts_with("dmam_") || name.starts_with("pci_alloc_consistent");
}

// perf's clocks and counters, which sample a CPU's place.
bool is_sample(std::string_view event)
{
    constexpr std::array<std::string_view, 4> clocks = {"cpu-clock", "task-clock", "cycles", "cpu-cycles"};
    event = event.substr(0, event.find_first_of(":/"));
    return std::ranges::find(clocks, event) != clocks.end();
}

} // namespace

void Line::add(double x, double y)
{
    n_++;
    const double n = static_cast<double>(n_), dx = x - mean_x_, dy = y - mean_y_;
    mean_x_ += dx / n;
    mean_y_ += dy / n;
    xx_ += dx * (x - mean_x_);
    xy_ += dx * (y - mean_y_);
    yy_ += dy * (y - mean_y_);
}

std::optional<Line::Fit> Line::fit() const
{
    if (n_ < 2 || xx_ <= 0)
        return std::nullopt;
    const double b = xy_ / xx_;
    return Fit{mean_y_ - b * mean_x_, b, yy_ > 0 ? xy_ * xy_ / (xx_ * yy_) : 1};
}

void Batches::add(const Batch &batch)
{
    BatchSize &size = sizes[batch.ops()];
    size.calls++;
    // A clock that stood still says nothing about the cost.
    if (!batch.ns)
        return;
    size.timed++;
    size.ns += batch.ns;
    size.ns_min = std::min(size.ns_min, batch.ns);
    size.ns_max = std::max(size.ns_max, batch.ns);
    if (batch.ops()) {
        const auto n = static_cast<double>(batch.ops());
        ns_per_op.add(1 / n, static_cast<double>(batch.ns) / n);
    }
}

Cost &Cost::operator+=(const Cost &other)
{
    ns += other.ns;
    hypercalls += other.hypercalls;
    maps += other.maps;
    unmaps += other.unmaps;
    samples += other.samples;
    return *this;
}

void Timeline::widen()
{
    for (auto &counts : counts_) {
        for (size_t i = 0; i < bins / 2; i++)
            counts[i] = counts[2 * i] + counts[2 * i + 1];
        std::fill(counts.begin() + bins / 2, counts.end(), 0);
    }
    used_ = (used_ + 1) / 2;
    width_ *= 2;
}

void Timeline::add(uint64_t ns, Series what)
{
    if (start_ == UINT64_MAX)
        start_ = ns;
    // perf sorts by time, except for late events.
    const uint64_t since = ns > start_ ? ns - start_ : 0;
    while (since / width_ >= bins)
        widen();
    const size_t bin = since / width_;
    counts_[what][bin]++;
    used_ = std::max(used_, bin + 1);
}

void Profile::add(const Event &event)
{
    first_ns_ = std::min(first_ns_, event.ns);
    last_ns_ = std::max(last_ns_, event.ns);
    events += !std::holds_alternative<Other>(event.what) && !std::holds_alternative<Lost>(event.what);
    std::visit([&](const auto &what) { add(event, what); }, event.what);
}

void Profile::add(const Event &event, const Mapping &m)
{
    DeviceSum &device = entry(devices, m.device);
    CpuSum &cpu = cpus[event.cpu];
    switch (m.what) {
    case Mapping::What::map:
        maps++;
        static_maps += m.by == "static";
        device.maps++;
        device.pages += m.pages;
        entry(device.maps_by, m.by)++;
        cpu.maps++;
        under(event).maps++;
        timeline.add(event.ns, Timeline::maps);
        break;
    case Mapping::What::unmap:
        unmaps++;
        device.unmaps++;
        under(event).unmaps++;
        break;
    case Mapping::What::reuse_hit:
        reuse_hits++;
        device.reuse_hits++;
        cpu.reuse_hits++;
        break;
    }
}

void Profile::add(const Event &, const Fallback &f)
{
    fallbacks++;
    entry(devices, f.device).fallbacks++;
}

void Profile::add(const Event &event, const Batch &b)
{
    hypercalls++;
    ops += b.ops();
    mapped += b.mapped;
    unmapped += b.unmapped;
    if (b.status)
        failed[b.status]++;
    batches.add(b);
    if (b.unmaps)
        flushing.add(b);
    else if (b.maps && !b.others)
        mapping.add(b);
    CpuSum &cpu = cpus[event.cpu];
    cpu.hypercalls++;
    cpu.ns += b.ns;
    under(event) += {.ns = b.ns, .hypercalls = 1};
    timeline.add(event.ns, Timeline::hypercalls);
}

void Profile::add(const Event &event, const Flush &f)
{
    FlushSum &sum = entry(flushes, f.reason);
    sum.flushes++;
    sum.waited += f.waited;
    sum.waited_max = std::max(sum.waited_max, f.waited);
    timeline.add(event.ns, Timeline::flushes);
}

void Profile::add(const Event &, const Chunk &c) { entry(chunks, c.fate)++; }

void Profile::add(const Event &event, const Other &o)
{
    if (is_sample(o.name)) {
        samples++;
        under(event).samples++;
        return;
    }
    others++;
    unknown += o.name.starts_with("xen_pviommu:");
    sent += o.name == "net:net_dev_xmit";
    received += o.name == "net:netif_receive_skb";
    issued += o.name == "block:block_rq_issue";
    completed += o.name == "block:block_rq_complete";
}

void Profile::add(const Event &, const Lost &l) { (l.samples ? lost_samples_ : lost_records_) += l.events; }

Cost &Profile::under(const Event &event)
{
    uint32_t node = 0;
    for (auto frame = event.stack.rbegin(); frame != event.stack.rend(); ++frame) {
        const auto [it, fresh] =
            children_.try_emplace(uint64_t{node} << 32 | *frame, static_cast<uint32_t>(nodes_.size()));
        if (fresh)
            nodes_.push_back({*frame, node, {}});
        node = it->second;
    }
    return nodes_[node].self;
}

std::vector<Profile::Site> Profile::call_sites(const Frames &frames) const
{
    std::map<std::string, Cost, std::less<>> sites;
    for (const StackNode &leaf : nodes_) {
        if (!leaf.self.maps_anything())
            continue;
        // A built-in module's functions have ordinary names. All up to the last known
        // function of the module count as the module's; a few others may be between.
        constexpr int between = 3;
        const StackNode *at = &leaf, *site = nullptr;
        for (int strange = 0; at != nodes_.data() && strange <= between; at = &nodes_[at->parent]) {
            const bool inner = frames[at->frame].ours || dma_api(frames[at->frame].name);
            strange = inner ? 0 : strange + 1;
            site = inner ? nullptr : site ? site : at;
        }
        entry(sites, site ? std::string_view(frames[site->frame].name) : "[no stack]") += leaf.self;
    }
    std::vector<Site> sorted;
    for (const auto &[name, cost] : sites)
        sorted.push_back({name, cost});
    std::ranges::stable_sort(sorted, [](const Site &a, const Site &b) {
        return std::pair(a.cost.ns, a.cost.maps) > std::pair(b.cost.ns, b.cost.maps);
    });
    return sorted;
}

CpuTime Profile::cpu_time(const Frames &frames) const
{
    CpuTime time;
    for (const StackNode &leaf : nodes_) {
        const uint64_t n = leaf.self.samples;
        time.samples += n;
        bool ours = false, idle = false;
        for (const StackNode *at = &leaf; n && at != nodes_.data(); at = &nodes_[at->parent]) {
            ours |= frames[at->frame].ours;
            idle |= frames[at->frame].name == "do_idle";
        }
        // A guest back from Xen is still at the place of its call. Samples after
        // a time with interrupts off are the exception.
        const bool called = ours && frames[leaf.frame].name.find("hypercall") != std::string::npos &&
                            frames[nodes_[leaf.parent].frame].name != "xen_force_evtchn_callback";
        (idle ? time.idle : called ? time.hypercalls : time.ours) += idle || ours ? n : 0;
    }
    return time;
}

std::vector<std::pair<std::string_view, uint64_t>> Profile::totals() const
{
    std::map<std::string_view, uint64_t> known = {{"maps", maps},
                                                  {"unmaps", unmaps},
                                                  {"pages_mapped", mapped},
                                                  {"pages_unmapped", unmapped},
                                                  {"hypercalls", hypercalls},
                                                  {"ops", ops},
                                                  {"reuse_hits", reuse_hits},
                                                  {"fallbacks", fallbacks},
                                                  {"static_hits", static_maps}};
    std::vector<std::pair<std::string_view, uint64_t>> sums;
    for (const CounterInfo &info : counter_table()) {
        if (const std::string_view reason = flush_reason(info.name); !reason.empty()) {
            const auto it = flushes.find(reason);
            sums.emplace_back(info.name, it == flushes.end() ? 0 : it->second.flushes);
        } else if (known.contains(info.name)) {
            sums.emplace_back(info.name, known[info.name]);
        }
    }
    return sums;
}

double Profile::seconds() const { return last_ns_ > first_ns_ ? static_cast<double>(last_ns_ - first_ns_) / 1e9 : 0; }

std::vector<CounterCheck> compare(const Profile &profile, const std::array<Counters, 4> &counters)
{
    std::vector<CounterCheck> checks;
    const auto most = difference(counters[0], counters[3]), least = difference(counters[1], counters[2]);
    if (!most || !least)
        return {};
    for (const auto &[name, events] : profile.totals()) {
        const auto upper = find(*most, name), lower = find(*least, name);
        if (upper && lower)
            checks.push_back({name, events, *lower, *upper});
    }
    return checks;
}

} // namespace ctl
