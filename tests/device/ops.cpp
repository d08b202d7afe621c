// SPDX-License-Identifier: GPL-2.0-only
//
// Arrays of ops: their maps, hypercalls and statuses.

#include <algorithm>
#include <cerrno>

#include "device.hpp"

namespace device {

namespace {

std::int64_t mapped() { return number("/sys/kernel/xen_pviommu/usage/mapped"); }

std::vector<std::int32_t> statuses(const std::vector<xen_pviommu_op> &ops)
{
    std::vector<std::int32_t> s;
    s.reserve(ops.size());
    for (const xen_pviommu_op &op : ops)
        s.push_back(op.status);
    return s;
}

bool run(const File &f, std::vector<xen_pviommu_op> ops, const std::vector<std::int32_t> &want, const std::string &name)
{
    for (xen_pviommu_op &op : ops)
        op.status = 1;
    const long answer = f.ops(ops);
    const bool good =
        answer == std::count_if(want.begin(), want.end(), [](auto s) { return s != 0; }) && statuses(ops) == want;
    ok(good, name);
    if (!good) {
        note("returned " + std::to_string(answer));
        for (std::size_t i = 0; i < ops.size(); i++)
            if (ops[i].status != want[i])
                note("op " + std::to_string(i) + " got " + std::to_string(ops[i].status) + ", want " +
                     std::to_string(want[i]));
    }
    return good;
}

// All succeed, in so many hypercalls, flushes and ops for Xen.
struct Cost {
    std::int64_t hypercalls, flushes, ops;
};

Cost cost_of(const File &f, std::vector<xen_pviommu_op> ops, const std::string &name)
{
    const Cost before{counter("hypercalls"), counter("flushes"), counter("ops")};
    const long answer = f.ops(ops);
    const Cost cost{counter("hypercalls") - before.hypercalls, counter("flushes") - before.flushes,
                    counter("ops") - before.ops};
    is(answer, 0, name);
    return cost;
}

template <typename Make> std::vector<xen_pviommu_op> array(unsigned nr, Make make)
{
    std::vector<xen_pviommu_op> ops;
    for (unsigned i = 0; i < nr; i++)
        ops.push_back(make(i));
    return ops;
}

// With a gap between any two, so that no two are one op for Xen.
void hypercalls(const File &f, long id)
{
    for (const unsigned nr : {1U, 2U, 32U, 128U, 129U, 256U, 257U}) {
        const std::string n = std::to_string(nr);
        Cost c = cost_of(f, array(nr, [&](unsigned i) { return map(f, id, 2 * i, i); }), n + " maps apart");
        is(c.hypercalls, (nr + 127) / 128, n + " maps apart: hypercalls");
        is(c.ops, nr, n + " maps apart: ops");
        is(c.flushes, 0, n + " maps apart: no flush");
        c = cost_of(f, array(nr, [&](unsigned i) { return unmap(f, 2 * i); }), n + " unmaps apart");
        is(c.hypercalls, (nr + 127) / 128, n + " unmaps apart: hypercalls");
        is(c.flushes, (nr + 127) / 128, n + " unmaps apart: flushes");
    }
    Cost c = cost_of(f, array(508, [&](unsigned i) { return map(f, id, i, 2 * i); }), "508 neighbours");
    ok(c.hypercalls <= 1, "508 neighbours: one hypercall");
    c = cost_of(f, array(508, [&](unsigned i) { return unmap(f, i); }), "508 neighbours' unmaps");
    ok(c.hypercalls == 1 && c.ops == 1, "508 neighbours' unmaps: one op");
    c = cost_of(f, array(32, [&](unsigned i) { return map(f, id, i, 31 - i); }), "a burst of 32");
    ok(c.hypercalls == 1 && c.ops <= 2, "a burst of 32: one hypercall, and a list");
    cost_of(f, {unmap(f, 0, 32)}, "a burst of 32: one unmap");
    c = cost_of(f, {map(f, id, 0, 0, 2048)}, "2048 pages");
    ok(c.hypercalls <= 6, "2048 pages: few hypercalls");
    note("2048 pages: " + std::to_string(c.hypercalls) + " hypercalls, " + std::to_string(c.ops) + " ops");
    c = cost_of(f, array(2048, [&](unsigned i) { return unmap(f, i); }), "2048 unmaps");
    ok(c.hypercalls == 1 && c.ops == 1, "2048 unmaps: one op");
    // With flags of their own neighbours are apart: neither runs nor lists take them.
    c = cost_of(f, array(64, [&](unsigned i) { return map(f, id, i, 2 * i, 1, 1 + i % 2); }), "mixed flags");
    is(c.ops, 64, "mixed flags: an op each");
    cost_of(f, {unmap(f, 0, 64)}, "mixed flags: one unmap");
    c = cost_of(f, array(64, [&](unsigned i) { return map(f, id, i, 64 - i, 1, i / 2 % 2 ? both : XEN_PVIOMMU_READ); }),
                "mixed pairs");
    is(c.ops, 32, "mixed pairs: an op each");
    cost_of(f, {unmap(f, 0, 64)}, "mixed pairs: one unmap");
}

// An op on a BFN of an earlier op waits for the earlier hypercall.
void order(const File &f, long id)
{
    run(f, {map(f, id, 0, 0), map(f, id, 0, 0), unmap(f, 0), unmap(f, 0), map(f, id, 0, 1)},
        {0, -EEXIST, 0, -ENOENT, 0}, "in order");
    run(f, {unmap(f, 0), map(f, id, 0, 0), unmap(f, 0), map(f, id, 0, 0), unmap(f, 0)}, {0, 0, 0, 0, 0},
        "one page, over and over");
    is(growth("hypercalls",
              [&] {
                  run(f, {map(f, id, 1, 0), unmap(f, 1), map(f, id, 2, 0), unmap(f, 2)}, {0, 0, 0, 0}, "twice");
              }),
       3, "twice: separate ops share a hypercall");
    xen_pviommu_op wrong = map(f, id, 3, 0);
    wrong.op = 9;
    run(f, {map(f, id, 1, 0), wrong, map(f, id, 2, 0), unmap(f, 3), unmap(f, 1, 2)}, {0, -EINVAL, 0, -ENOENT, 0},
        "a failed op does not stop the others");
}

// Mapping is by page: an unmap may cut across maps.
void parts(const File &f, long id, long other)
{
    const std::int64_t before = mapped();
    run(f, {map(f, id, 0, 0, 8), map(f, other, 8, 0, 8)}, {0, 0}, "two maps of two regions");
    run(f, {unmap(f, 6, 4)}, {0}, "the middle of both");
    is(mapped() - before, 12, "pages around stay");
    run(f, {unmap(f, 0, 16), unmap(f, 5, 2), unmap(f, 9, 2)}, {-ENOENT, -ENOENT, -ENOENT}, "a range with a hole");
    is(mapped() - before, 12, "no page of the range is unmapped");
    run(f, {map(f, id, 6, 0, 4), map(f, id, 5, 0, 4)}, {0, -EEXIST}, "the hole is filled, and not more");
    is(f.del(id), -EBUSY, "a mapped region stays");
    is(f.del(other), -EBUSY, "and the other");
    run(f, {unmap(f, 0, 15)}, {0}, "all but one page");
    is(f.del(other), -EBUSY, "one page keeps the region");
    run(f, {unmap(f, 15)}, {0}, "the last");
    is(mapped(), before, "nothing is mapped");
    is(f.del(other), 0, "it goes");
    run(f, {map(f, other, 0, 0)}, {-ENOENT}, "it is gone");
}

// More than a hypercall holds: whole or not at all.
void large(const File &f, long id)
{
    const std::int64_t before = mapped();
    run(f, {map(f, id, 1, 0, 3000)}, {0}, "3000 pages");
    is(mapped() - before, 3000, "they are mapped");
    run(f, {map(f, id, 4000, 0), map(f, id, 4002, 0, 3000), map(f, id, 8000, 0), unmap(f, 4002, 3000), unmap(f, 8000)},
        {0, 0, 0, 0, 0}, "with company");
    run(f, {map(f, id, 3001, 0, 999), map(f, id, 0, 0, 4096), unmap(f, 1, 4000)}, {0, -EEXIST, 0}, "all of it");
    is(mapped(), before, "nothing is mapped");
    is(growth("leaked", [] {}), 0, "nothing leaked");
}

void counters(const File &f, long id)
{
    const std::int64_t errors = counter("errors");
    is(growth("pages_mapped", [&] { run(f, {map(f, id, 0, 0, 100)}, {0}, "100 pages"); }), 100, "pages_mapped");
    is(growth("pages_unmapped", [&] { run(f, {unmap(f, 0, 100)}, {0}, "unmapped"); }), 100, "pages_unmapped");
    is(growth("flush_strict", [&] { run(f, {map(f, id, 0, 0), unmap(f, 0)}, {0, 0}, "a pair"); }), 1, "flush_strict");
    is(counter("errors"), errors, "Xen refused nothing");
}

} // namespace

int ops()
{
    const Balance before = Balance::now();
    {
        File f;
        is(f.window(64 << 20), 0, "a window");
        Memory m(4096);
        // Touched in another order than they lie: in the machine they lie apart.
        for (unsigned i = 0; i < 4096; i++)
            *m.at(i * 1031 % 4096) = 1;
        const long id = f.add(m), other = f.add(m.at(), 64 * page);
        ok(id > 0 && other > 0, "regions");
        hypercalls(f, id);
        order(f, id);
        parts(f, id, other);
        large(f, id);
        counters(f, id);
        run(f, {map(f, id, 5, 0, 500)}, {0}, "maps at the end of the file");
    }
    is_back(before, "all is given back");
    return done();
}

} // namespace device
