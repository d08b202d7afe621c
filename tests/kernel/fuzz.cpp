// SPDX-License-Identifier: GPL-2.0-only
//
// libFuzzer: bytes become drivers' calls on several CPUs, with time, hotplug and
// faults in between, and inside of hypercalls. The model is the world's books: each
// mapping leads to its page, and no BFN and no page is free while a device reaches
// the memory. In the end all is back.
#include "bytes.h"
#include "driver.h"

#include <algorithm>

namespace {

using namespace world;

class Run {
    struct Live {
        Mapping m;
        Device *d;
        bool list;
        std::vector<unsigned long> pfns;
    };
    static constexpr unsigned kDead = NR_CPUS - 1;
    Bytes in_;
    Device reuse_{PVIOMMU_REUSE}, lazy_{PVIOMMU_LAZY}, strict_{PVIOMMU_STRICT}, static_{PVIOMMU_STATIC};
    std::array<Device *, 4> devices_ = {&reuse_, &lazy_, &strict_, &reuse_};
    std::vector<Live> live_;
    unsigned alloc_in_ = 0, op_in_ = 0, call_in_ = 0, nest_in_ = 0; // the n-th from now; 0: none
    int op_status_ = 0;
    unsigned depth_ = 0;
    bool in_static_ = false; // the op at hand is, and the lock is held
    std::array<bool, NR_CPUS> busy_ = {};

    static bool countdown(unsigned &n) { return n && --n == 0; }

    static Config config(unsigned bits)
    {
        Config c;
        c.high = bits & 1 ? 512 : 1536;
        c.low = bits & 2 ? 512 : 0;
        c.max_ops = bits & 4 ? 3 : XEN_IOMMUOP_MAX_OPS;
        c.max_frames = bits & 8 ? 4 : XEN_IOMMUOP_MAX_FRAMES;
        c.fixed = bits & 32;
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
            std::vector<unsigned long> pfns;
            for (unsigned n = 1 + in_.u8() % 6; n; n--) {
                parts.push_back({16 + in_.u8(), 1 + in_.u8() % 20, in_.u8() % 3});
                for (unsigned long i = 0; i < parts.back().nr; i++)
                    pfns.push_back(parts.back().pfn + i);
            }
            parts[0].gap = 0;
            const Mapping m = d->map_list(parts, how.write);
            if (m)
                live_.push_back({m, d, true, pfns});
            return;
        }
        const Mapping m = d->map(pfn, sizes[what % 8], how);
        std::vector<unsigned long> pfns;
        for (unsigned long i = 0; i < m.nr; i++)
            pfns.push_back(m.pfn + i);
        if (m)
            live_.push_back({m, d, false, pfns});
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

    // A page goes through Linux' allocator, or leaves dom0 and another frame comes, perhaps under a forgotten
    // mapping. If Xen holds the page by a reference, such a driver kills dom0 as before.
    void other_use()
    {
        const unsigned how = in_.u8();
        const unsigned long pfn = 16 + in_.u8();
        if (pfn == 100 || pfn == 101 || pfn == 120)
            return;
        bool used = false;
        for (const Live &l : live_)
            used |= std::find(l.pfns.begin(), l.pfns.end(), pfn) != l.pfns.end();
        if (held(pfn) && (used || stats().failed_unmaps || counter(PVIOMMU_LEAKED)))
            return;
        if (how % 4 == 3 && !used) {
            leave(pfn);
            come_back(pfn);
        } else if (how % 2 || !used) {
            recycle(pfn);
        }
    }

    // Another CPU at work while this CPU is in Xen.
    void nested()
    {
        if (in_static_ || !countdown(nest_in_) || depth_)
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
        else if (what < 24)
            faults();
        else if (what == 24)
            other_use();
        busy_[cpu] = false;
        // The mappings may be on any CPU: no BFN is free for others.
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
                violate("the queue of CPU %u waits for ever", cpu);
    }

public:
    Run(const uint8_t *data, size_t size) : in_(data, size)
    {
        const unsigned bits = in_.u8();
        reset(config(bits));
        if (bits & 32)
            devices_[3] = &static_;
        for (Device *d : devices_)
            d->faults = true;
        set_foreign(100, 7);
        set_foreign(101, 7);
        set_identity(120);
        hooks.alloc_fails = [this] { return countdown(alloc_in_); };
        // The driver believes an unmap's -ENOENT, so the world never gives -ENOENT for a mapped BFN.
        if (bits & 16)
            hooks.holds = [](uint64_t mfn) { return mfn % 16 == 5; };
        hooks.op_fails = [this](const xen_iommu_op &op) {
            in_static_ = op.u.map.bfn >= kStatic;
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
