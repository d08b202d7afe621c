// SPDX-License-Identifier: GPL-2.0-only
//
// Random arrays of ops, good and bad, beside a model with each status.

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>

#include "device.hpp"

namespace device {

namespace {

constexpr std::uint64_t window_pages = 2048;

struct Region {
    std::uint64_t pages;
    std::uint32_t flags;
    long mapped;
};

class Model {
public:
    explicit Model(const File &f) : f_(f), owner_(window_pages) {}
    std::map<std::uint32_t, Region> regions;

    std::int32_t status(const xen_pviommu_op &op)
    {
        const std::int32_t wrong = check(op);
        if (wrong)
            return wrong;
        const std::uint64_t first = (op.iova - f_.base()) / page, end = first + op.size / page;
        const bool unmap = op.op == XEN_PVIOMMU_OP_UNMAP;
        for (std::uint64_t p = first; p < end; p++)
            if (!owner_[p] == unmap)
                return unmap ? -ENOENT : -EEXIST;
        for (std::uint64_t p = first; p < end; p++) {
            if (unmap)
                regions[owner_[p]].mapped--;
            owner_[p] = unmap ? 0 : op.region;
            if (!unmap)
                regions[op.region].mapped++;
        }
        return 0;
    }
    [[nodiscard]] std::int64_t mapped() const
    {
        std::int64_t n = 0;
        for (const std::uint32_t o : owner_)
            n += o != 0;
        return n;
    }
    [[nodiscard]] bool is_mapped(std::uint64_t p) const { return owner_[p] != 0; }

private:
    static bool ends(std::uint64_t a, std::uint64_t b) { return a + b < a; }
    [[nodiscard]] std::int32_t check(const xen_pviommu_op &op) const
    {
        const bool map = op.op == XEN_PVIOMMU_OP_MAP;
        if ((!map && op.op != XEN_PVIOMMU_OP_UNMAP) || op.pad0 || !op.size || (op.iova | op.size | op.offset) % page ||
            ends(op.iova, op.size) || ends(op.offset, op.size))
            return -EINVAL;
        if (map ? !op.flags || op.flags & ~both : op.flags || op.region || op.offset)
            return -EINVAL;
        if (op.iova < f_.base() || op.iova + op.size > f_.base() + window_pages * page)
            return -ENXIO;
        if (!map)
            return 0;
        const auto r = regions.find(op.region);
        if (r == regions.end())
            return -ENOENT;
        if (op.flags & ~r->second.flags)
            return -EACCES;
        return op.offset + op.size > r->second.pages * page ? -ERANGE : 0;
    }

    const File &f_;
    std::vector<std::uint32_t> owner_;
};

class Fuzzer {
public:
    Fuzzer(unsigned seed, const File &f) : random_(seed), f_(f), model_(f), memory_(1500) {}

    // Whether all was as the model says.
    bool step()
    {
        if (!below(8))
            change_regions();
        std::vector<xen_pviommu_op> ops;
        const unsigned nr = below(6) ? 1 + below(40) : 1 + below(600);
        for (unsigned i = 0; i < nr; i++)
            ops.push_back(some_op());
        std::vector<std::int32_t> want;
        long failed = 0;
        for (const xen_pviommu_op &op : ops) {
            want.push_back(model_.status(op));
            failed += want.back() != 0;
        }
        const long answer = f_.ops(ops);
        for (unsigned i = 0; i < nr; i++)
            if (ops[i].status != want[i])
                return complain(ops[i], i, want[i]);
        steps_++;
        ops_ += nr;
        good_ += nr - failed;
        return answer == failed && right_;
    }
    [[nodiscard]] std::int64_t mapped() const { return model_.mapped(); }
    void say() const
    {
        note(std::to_string(steps_) + " arrays, " + std::to_string(ops_) + " ops, " + std::to_string(good_) +
             " of them good");
    }
    [[nodiscard]] bool did_something() const { return good_ > 1000 && good_ < ops_; }

private:
    unsigned below(unsigned n) { return random_() % n; }

    void change_regions()
    {
        if (model_.regions.size() < 4) {
            const unsigned pages = 1 + below(below(2) ? 8 : 1400), at = below(100);
            const std::uint32_t flags = 1 + below(3);
            const long id = f_.add(memory_.at(at), pages * page, flags);
            right_ = right_ && id > 0 && !model_.regions.contains(static_cast<std::uint32_t>(id));
            model_.regions[static_cast<std::uint32_t>(id)] = {pages, flags, 0};
            return;
        }
        const auto r = std::next(model_.regions.begin(), below(model_.regions.size()));
        const long answer = f_.del(r->first);
        right_ = right_ && answer == (r->second.mapped ? -EBUSY : 0);
        if (!answer)
            model_.regions.erase(r);
    }
    xen_pviommu_op some_op()
    {
        const unsigned to = below(window_pages), most = below(10) ? 8 : 700;
        std::uint64_t pages = 1 + below(most);
        xen_pviommu_op op{};
        if (below(2) || model_.regions.empty()) {
            // Often exactly an existing map.
            if (below(3))
                for (pages = 0; pages < most && to + pages < window_pages && model_.is_mapped(to + pages);)
                    pages++;
            op = unmap(f_, to, pages ? pages : 1);
        } else {
            const auto r = std::next(model_.regions.begin(), below(model_.regions.size()));
            const std::uint64_t offset = below(static_cast<unsigned>(r->second.pages));
            if (below(8))
                pages = std::min(pages, r->second.pages - offset);
            op = map(f_, r->first, to, offset, pages, below(8) ? r->second.flags : 1 + below(3));
        }
        if (!below(12))
            spoil(op);
        op.status = static_cast<std::int32_t>(random_());
        return op;
    }
    // One field, by an odd value, or by one bit.
    void spoil(xen_pviommu_op &op)
    {
        static constexpr std::array<std::uint64_t, 8> odd{0,           1,          page,       ~std::uint64_t{0},
                                                          ~(page - 1), 1ULL << 63, 1ULL << 32, 8};
        const std::uint64_t value = below(2) ? odd[below(odd.size())] : 1ULL << below(64);
        switch (below(7)) {
        case 0:
            op.op = static_cast<std::uint16_t>(value);
            break;
        case 1:
            op.flags = static_cast<std::uint16_t>(value);
            break;
        case 2:
            op.region = static_cast<std::uint32_t>(value);
            break;
        case 3:
            op.iova ^= value;
            break;
        case 4:
            op.offset ^= value;
            break;
        case 5:
            op.size ^= value;
            break;
        default:
            op.pad0 = static_cast<std::uint32_t>(value);
            break;
        }
    }
    static bool complain(const xen_pviommu_op &op, unsigned i, std::int32_t want)
    {
        note("op " + std::to_string(i) + ": op " + std::to_string(op.op) + " flags " + std::to_string(op.flags) +
             " region " + std::to_string(op.region) + " iova " + std::to_string(op.iova) + " offset " +
             std::to_string(op.offset) + " size " + std::to_string(op.size) + ": got " + std::to_string(op.status) +
             ", want " + std::to_string(want));
        return false;
    }

    std::mt19937_64 random_;
    const File &f_;
    Model model_;
    Memory memory_;
    bool right_ = true;
    std::uint64_t steps_ = 0, ops_ = 0, good_ = 0;
};

} // namespace

// FUZZ_SECONDS, FUZZ_SEED
int fuzz()
{
    const char *time = std::getenv("FUZZ_SECONDS"), *word = std::getenv("FUZZ_SEED");
    const unsigned seed = word ? std::strtoul(word, nullptr, 0) : std::random_device()();
    const Balance before = Balance::now();
    {
        File f;
        is(f.window(window_pages * page), 0, "a window");
        Fuzzer fuzzer(seed, f);
        using std::chrono::steady_clock;
        const auto end = steady_clock::now() + std::chrono::seconds(time ? std::strtoul(time, nullptr, 0) : 5);
        bool good = true;
        while (good && steady_clock::now() < end)
            good = fuzzer.step();
        ok(good, "every status is the model's, seed " + std::to_string(seed));
        is(number("/sys/kernel/xen_pviommu/usage/mapped") - before.mapped, fuzzer.mapped(),
           "Xen has mapped what the model has");
        ok(fuzzer.did_something(), "it did something");
        fuzzer.say();
    }
    is_back(before, "all is given back");
    return done();
}

} // namespace device
