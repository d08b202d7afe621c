// SPDX-License-Identifier: GPL-2.0-only
//
// libFuzzer: bytes become calls of several vCPUs, inside and between each
// other, with preemption at any index and faults anywhere; the checker compares
// each with the model. The seed corpus is in corpus/.
#include "bytes.h"
#include "checker.h"

#include <algorithm>
#include <cstring>

namespace {

class Run {
    Bytes in_;
    Checker c_;
    uint64_t frames_left_ = 20000; // bounds the time an input takes
    unsigned calls_left_ = 60;
    unsigned alloc_in_ = 0, flush_in_ = 0; // the n-th from now fails; 0: none
    unsigned locked_ = 0;
    unsigned preempt_bits_ = 0, general_bits_ = 0, nest_bits_ = 0;

    static world::Config config(unsigned bits)
    {
        world::Config c;
        c.generic = bits & 1;
        c.caching_mode = bits & 2;
        c.snoop = bits & 4;
        c.levels = bits & 8 ? 4 : 3;
        c.extra_reserved = bits & 16 ? 3 : 0;
        c.amd = bits & 32;
        return c;
    }

    static bool countdown(unsigned &n) { return n && --n == 0; }
    static bool shift(unsigned &bits)
    {
        const bool yes = bits & 1;
        bits >>= 1;
        return yes;
    }

    uint64_t bfn()
    {
        const uint64_t top = uint64_t{1} << model::Model::bfn_bits();
        const uint64_t bases[] = {0x100000, 0x100000,  0x100000, 0x100200, 0x100800,  0x1800, 0x200,      0x2000,
                                  0xe00,    top - 512, top,      0xfee00,  0x4000000, 0,      ~0ull - 511};
        const uint64_t offsets[] = {0, 0, 1, 2, 3, 4, 5, 8, 15, 16, 64, 255, 256, 510, 511, 512, 513, 1023, 1024};
        return in_.pick(bases) + in_.pick(offsets);
    }

    uint64_t mfn()
    {
        using namespace world;
        const unsigned low = in_.u8();
        const uint64_t bases[] = {kRam + low,
                                  kRam + low,
                                  0x400,
                                  0x600,
                                  0x800,
                                  kDom1 + low % 16,
                                  kDom1,
                                  kDom2,
                                  kFree,
                                  kXenHeap,
                                  kXen,
                                  kRmrr,
                                  kRmrrRam,
                                  kHole + low,
                                  kHole,
                                  kMmioReadOnly,
                                  kMmioForbidden,
                                  kVga,
                                  kReadOnlyRam - low % 4,
                                  0xf0000,
                                  (1ull << 40) - 2 - low % 4,
                                  (1ull << 52) - 1,
                                  ~0ull - low % 2,
                                  kFrames - 1,
                                  kPool,
                                  kRam3 + low};
        return in_.pick(bases);
    }

    uint32_t nr()
    {
        const uint32_t some[] = {1, 1, 1, 1, 2, 2, 3, 4, 5, 8, 16, 17, 64, 511, 512, 513, 1024, 2048, 0, 2049};
        const uint32_t n = in_.pick(some);
        if (n > frames_left_)
            return 1;
        frames_left_ -= n > 2048 ? 0 : n;
        return n;
    }

    // A list: good, or with a fault.
    std::vector<xen_iommu_op> some_list()
    {
        const uint32_t some[] = {1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 63, 128, 300, 504, 507, 508};
        const uint64_t steps[] = {1, 0, 2, 3, ~0ull};
        const unsigned flags[] = {3, 11, 11, 9, 2, 0, 4, 8};
        const uint64_t first = bfn(), from = mfn(), step = in_.pick(steps);
        const unsigned how = in_.u8();
        uint32_t n = in_.pick(some);
        if (n > frames_left_)
            n = 1;
        frames_left_ -= std::min<uint64_t>(n, frames_left_);

        std::vector<uint64_t> mfns(n);
        for (uint32_t i = 0; i < n; i++)
            mfns[i] = from + i * step;
        for (unsigned i = how % 4; i > 0; i--)
            mfns[in_.u8() * n / 256] = mfn();
        std::vector<xen_iommu_op> ops = op_list(first, mfns, in_.pick(flags));
        switch (how / 4 % 16) {
        case 0: // the next ops become a part of the list
            ops[0].u.list.nr += in_.u8();
            break;
        case 1: // or the list has more slots than its count
            ops[0].u.list.nr -= std::min(ops[0].u.list.nr, in_.u8());
            break;
        case 2:
            ops.resize(1 + in_.u8() % ops.size());
            break;
        case 3:
            ops[0].u.list.ctx = static_cast<uint16_t>(in_.u8() == 1);
            ops[0].u.list.pad0 = static_cast<uint16_t>(in_.u8() == 1);
            ops[0].u.list.pad1 = in_.u8() == 1;
            break;
        case 4: {
            const unsigned end = sizeof(ops[0]) - 1;
            reinterpret_cast<uint8_t *>(&ops.back())[end - in_.u8() % 24] = 1;
            break;
        }
        }
        return ops;
    }

    std::vector<xen_iommu_op> some_op(bool control)
    {
        const unsigned kinds[] = {2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 1, 6, 7, 8, 9, 10, 11, 0, 13, 14};
        const unsigned kind = in_.pick(kinds);
        if (kind == XEN_IOMMUOP_map_list)
            return some_list();
        return {single_op(!control && kind >= 6 ? 2 + kind % 3 : kind)};
    }

    xen_iommu_op single_op(unsigned kind)
    {
        const uint32_t sizes[] = {512, 512, 1024, 2048, 1536, 0, 256, 1u << 24, 1u << 25};
        const unsigned map_flags[] = {3, 11, 11, 1, 10, 7, 5, 11, 9, 15, 0, 16};
        const unsigned domids[] = {DOMID_SELF, DOMID_SELF, DOMID_SELF, 0, 1, 2, 3, 0x7ff1};
        xen_iommu_op o = {};
        switch (kind) {
        case 0: {
            // Anything at all.
            unsigned char raw[sizeof(o)];
            for (unsigned char &b : raw)
                b = static_cast<unsigned char>(in_.u8());
            std::memcpy(&o, raw, sizeof(o));
            o.op %= XEN_IOMMUOP_OPS;
            return o;
        }
        case 1: {
            const unsigned which = in_.u8();
            if (which & 0x80) { // of a device, or of a missing device
                const pci_sbdf_t at = world::pci_devices()[which % world::pci_devices().size()].sbdf;
                return op_device(at.seg, at.bus, at.devfn ^ (which & 0x40));
            }
            o = op_plain(1);
            o.u.reserved.index = which % 8;
            return o;
        }
        case 2:
            o = op_map(bfn(), mfn(), nr(), in_.pick(map_flags));
            o.u.map.domid = static_cast<uint16_t>(o.flags & 12 ? static_cast<unsigned>(DOMID_SELF) : in_.pick(domids));
            return o;
        case 3:
            return op_unmap(bfn(), nr(), in_.u8() % 4 == 0);
        case 4:
            return op_flush(bfn(), nr());
        case 14:
            return op_revoke(bfn(), nr());
        case 13:
            o = op_watch(bfn(), 0xe00 + in_.u8() % 4, 1 + in_.u8() % 2);
            o.u.watch.mfn = in_.u8() % 4 ? o.u.watch.mfn : mfn();
            return o;
        case 6:
            return op_claim(bfn() & ~511ull, in_.pick(sizes));
        case 7:
            if (c_.model.claims.empty())
                return op_release(bfn(), in_.pick(sizes), in_.u8() & 1);
            else {
                const model::Claim &cl = c_.model.claims[in_.u8() % c_.model.claims.size()];
                return op_release(cl.bfn, static_cast<uint32_t>(cl.nr), in_.u8() & 1);
            }
        default:
            return op_plain(kind);
        }
    }

    void call(bool control)
    {
        if (!calls_left_)
            return;
        calls_left_--;
        const unsigned vcpus[] = {0, 1, 2, 31, 1023, 8191};
        // A vCPU is in one hypercall at a time.
        const unsigned vcpu = vcpus[(in_.u8() % 2) + 2 * c_.depth()];
        std::vector<xen_iommu_op> ops;
        for (unsigned n = 1 + in_.u8() % 6; n > 0; n--) {
            const std::vector<xen_iommu_op> more = some_op(control);
            ops.insert(ops.end(), more.begin(), more.end());
        }
        // The limit may cut a list.
        ops.resize(std::min<size_t>(ops.size(), XEN_IOMMUOP_MAX_OPS));
        // Any bytes, even of an old list's slot.
        for (size_t i = 0; !control && i < ops.size(); i += model::Model::slots(ops, i))
            if ((ops[i].op >= XEN_IOMMUOP_claim && ops[i].op <= XEN_IOMMUOP_usage) || ops[i].op == XEN_IOMMUOP_watch ||
                ops[i].op == XEN_IOMMUOP_revoke)
                ops[i].op = XEN_IOMMUOP_query;
        c_.call(vcpu, ops);
    }

    // `locked`: a batch is in flight around this call; control ops would wait for the batch.
    void nested(bool locked)
    {
        // On the generic path a batch in flight is alone.
        if (c_.depth() >= 3 || !shift(nest_bits_) || (locked && world::config.generic) ||
            (locked_ && world::config.generic))
            return;
        locked_ += locked;
        switch (in_.u8() % 8) {
        case 0:
            c_.page_table(world::kRam + in_.u8(), in_.u8() & 1);
            break;
        case 1:
            c_.give_away(world::kRam + in_.u8());
            break;
        default:
            call(!locked_);
        }
        locked_ -= locked;
    }

    void standard_claims()
    {
        std::vector<xen_iommu_op> ops = {op_claim(0x100000, 2048), op_claim(0x100800, 1024), op_claim(0x1800, 1024),
                                         op_watch(0x100000, 0xe00), op_watch(0x100800, 0xe00)};
        c_.call(0, ops);
    }

    void arm()
    {
        switch (in_.u8() % 7) {
        case 0:
            alloc_in_ = in_.u8() % 8;
            break;
        case 1:
            flush_in_ = 1 + in_.u8() % 4;
            break;
        case 2:
            c_.page_table(world::kRam + in_.u8(), in_.u8() & 1);
            break;
        case 3:
            world::kill_domain(1 + in_.u8() % 2);
            break;
        case 4:
            world::xsm_allows_foreign = in_.u8() & 1;
            break;
        case 5:
            world::xsm_allows = in_.u8() % 4 != 0;
            break;
        case 6:
            c_.give_away(world::kRam + in_.u8());
            break;
        }
    }

public:
    Run(const uint8_t *data, size_t size) : in_(data, size), c_(config(in_.u8()))
    {
        c_.thorough = false;
        c_.preempt = [this](unsigned) { return shift(preempt_bits_); };
        c_.general_preempt = [this] { return shift(general_bits_); };
        c_.at_boundary = [this] { nested(true); };
        c_.at_flush = [this] { nested(true); };
        c_.between_parts = [this] { nested(false); };
        c_.alloc_fails = [this] { return countdown(alloc_in_); };
        c_.flush_fails = [this] { return countdown(flush_in_); };
    }

    void go()
    {
        if (in_.u8() % 8)
            standard_claims();
        while (!in_.empty() && calls_left_) {
            const unsigned how = in_.u8();
            if (how % 5 == 4) {
                arm();
                continue;
            }
            preempt_bits_ = how & 16 ? in_.u8() : 0;
            general_bits_ = how & 32 ? in_.u8() : 0;
            nest_bits_ = how & 64 ? in_.u8() : 0;
            if (how & 128) {
                const unsigned n = in_.u8();
                c_.copy_out_fails = [n] { return n % 3 == 0; };
                c_.copy_in_fails = [n] { return n % 3 == 1; };
            }
            call(true);
            c_.copy_in_fails = c_.copy_out_fails = nullptr;
        }
        preempt_bits_ = general_bits_ = nest_bits_ = 0;
        world::xsm_allows = true;
        c_.audit();
        c_.wind_up();
    }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Run(data, size).go();
    return 0;
}
