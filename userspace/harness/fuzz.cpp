// libFuzzer: bytes become what drivers do on several CPUs, with time, hotplug and
// faults in between, and inside of hypercalls. The model is the world's books:
// each mapping leads where it is to, no BFN and no page is free while a device
// reaches it, and in the end all is back.
#include "driver.h"

namespace {

using namespace world;

class Bytes {
    const uint8_t *at_, *end_;

public:
    Bytes(const uint8_t *data, size_t size) : at_(data), end_(data + size) {}
    bool empty() const { return at_ == end_; }
    unsigned u8() { return empty() ? 0 : *at_++; }
};

class Run {
    struct Live {
        Mapping m;
        Device *d;
        bool list;
    };
    static constexpr unsigned kDead = NR_CPUS - 1;
    Bytes in_;
    Device reuse_{PVIOMMU_REUSE}, lazy_{PVIOMMU_LAZY}, strict_{PVIOMMU_STRICT};
    std::array<Device *, 4> devices_ = {&reuse_, &lazy_, &strict_, &reuse_};
    std::vector<Live> live_;
    unsigned alloc_in_ = 0, op_in_ = 0, call_in_ = 0, nest_in_ = 0; // the n-th from now; 0: none
    int op_status_ = 0;
    unsigned depth_ = 0;
    std::array<bool, NR_CPUS> busy_ = {};

    static bool countdown(unsigned &n) { return n && --n == 0; }

    static Config config(unsigned bits)
    {
        Config c;
        c.high = bits & 1 ? 512 : 1536;
        c.low = bits & 2 ? 512 : 0;
        c.max_ops = bits & 4 ? 3 : XEN_IOMMUOP_MAX_OPS;
        c.max_frames = bits & 8 ? 4 : XEN_IOMMUOP_MAX_FRAMES;
        return c;
    }

    void map()
    {
        static constexpr std::array<unsigned, 8> sizes = {1, 1, 1, 2, 3, 16, 17, 40};
        Device *d = devices_[in_.u8() % devices_.size()];
        const unsigned what = in_.u8(), pfn = 16 + in_.u8();
        How how;
        how.write = what & 8;
        how.limit = what & 16 ? 0xffffffff : ~0ull;
        how.align = what & 32 ? 4 : 1;
        how.strict = (what & 192) == 192;
        if (what % 64 == 63) {
            std::vector<Part> parts;
            for (unsigned n = 1 + in_.u8() % 6; n; n--)
                parts.push_back({16 + in_.u8(), 1 + in_.u8() % 20, in_.u8() % 3});
            parts[0].gap = 0;
            const Mapping m = d->map_list(parts, how.write);
            if (m)
                live_.push_back({m, d, true});
            return;
        }
        const Mapping m = d->map(pfn, sizes[what % 8], how);
        if (m)
            live_.push_back({m, d, false});
    }

    void unmap()
    {
        if (live_.empty())
            return;
        const size_t which = in_.u8() % live_.size();
        const Live l = live_[which];
        live_.erase(live_.begin() + static_cast<ptrdiff_t>(which));
        if (l.list)
            l.d->unmap_list(l.m);
        else
            l.d->unmap(l.m);
    }

    void faults()
    {
        static constexpr std::array<int, 4> statuses = {-EIO, -ENOMEM, -EIO, -ENOENT};
        const unsigned how = in_.u8();
        const unsigned n = 1 + in_.u8() % 16;
        switch (how % 4) {
        case 0:
            alloc_in_ = n;
            break;
        case 1:
            op_in_ = n;
            op_status_ = statuses[how / 4 % statuses.size()];
            break;
        case 2:
            call_in_ = n;
            break;
        default:
            nest_in_ = n;
        }
    }

    // Another CPU at work while this one is in Xen.
    void nested()
    {
        if (!countdown(nest_in_) || depth_)
            return;
        const unsigned cpu = in_.u8() % NR_CPUS;
        if (busy_[cpu] || !online(cpu))
            return;
        depth_++;
        as_cpu(cpu, [&] { in_.u8() % 2 ? map() : unmap(); });
        depth_--;
    }

    void step()
    {
        unsigned cpu = in_.u8() % NR_CPUS;
        while (!online(cpu))
            cpu = (cpu + 1) % NR_CPUS;
        const unsigned what = in_.u8() % 32;
        busy_[cpu] = true;
        if (what < 12)
            as_cpu(cpu, [&] { map(); });
        else if (what < 22)
            as_cpu(cpu, [&] { unmap(); });
        else if (what < 25)
            faults();
        busy_[cpu] = false;
        // These may be on any CPU: none is free for others.
        busy_.fill(true);
        if (what == 25 || what == 26)
            pass_jiffies(1 + in_.u8() % 8);
        else if (what == 27)
            pviommu_queues_drain();
        else if (what == 28 && online(kDead))
            cpu_down(kDead);
        else if (what == 28)
            cpu_up(kDead);
        else if (what == 29)
            grace_period();
        else if (what == 30)
            as_cpu(cpu, [&] { irqs_off([] { bfn_reclaim(&pviommu_high.bfns); }); });
        else if (what == 31)
            devices_[in_.u8() % 2]->set_mode(static_cast<pviommu_mode>(PVIOMMU_REUSE + in_.u8() % 3));
        busy_.fill(false);
        for (cpu = 0; cpu < NR_CPUS; cpu++)
            if ((per_cpu_ptr(pviommu_queues, cpu)->nr || per_cpu_ptr(pviommu_reuses, cpu)->nr) && !timer_pending(cpu))
                violate("what waits on CPU %u waits for ever", cpu);
    }

public:
    Run(const uint8_t *data, size_t size) : in_(data, size)
    {
        reset(config(in_.u8()));
        for (Device *d : devices_)
            d->faults = true;
        set_foreign(100, 7);
        set_foreign(101, 7);
        set_identity(120);
        hooks.alloc_fails = [this] { return countdown(alloc_in_); };
        // That an unmap finds nothing is believed, so it is not said of what is mapped.
        hooks.op_fails = [this](const xen_iommu_op &op) {
            const bool lie = op.op == XEN_IOMMUOP_unmap && op_status_ == -ENOENT;
            return countdown(op_in_) && !lie ? op_status_ : 0;
        };
        hooks.call_fails = [this] {
            return !countdown(call_in_) ? Call::Works : call_in_ % 2 ? Call::FailsBefore : Call::FailsAfter;
        };
        hooks.at_flush = [this] { nested(); };
    }

    void go()
    {
        for (unsigned steps = 0; !in_.empty() && steps < 400; steps++)
            step();
        hooks = {};
        alloc_in_ = op_in_ = call_in_ = nest_in_ = 0;
        cpu_up(kDead);
        for (const Live &l : live_)
            if (l.list)
                l.d->unmap_list(l.m);
            else
                l.d->unmap(l.m);
        end();
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Run(data, size).go();
    return 0;
}
