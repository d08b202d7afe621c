// SPDX-License-Identifier: GPL-2.0-only
//
// Another editor of the map (the module behind_the_back): Xen gives impossible
// answers. A BFN that may not be free is never used again.

#include <cerrno>

#include "device.hpp"

namespace device {

namespace {

void behind_the_back(const char *what, std::uint64_t iova)
{
    write_file(std::string("/sys/module/behind_the_back/parameters/") + what, std::to_string(iova / page));
}

// A BFN of the file's window is mapped without the file's knowledge.
void occupied()
{
    const Balance before = Balance::now();
    {
        File f(2 << 20);
        const Memory m(16);
        const long id = f.add(m);
        behind_the_back("map", f.iova(5));
        std::vector<xen_pviommu_op> ops;
        for (unsigned i = 0; i < 16; i++)
            ops.push_back(map(f, id, i, 15 - i));
        is(f.ops(ops), 1, "occupied: one of 16 maps fails");
        unsigned good = 0;
        for (const xen_pviommu_op &op : ops)
            good += !op.status;
        is(good, 15, "occupied: its neighbours do not");
        is(ops[5].status, -EIO, "occupied: its status");
        is(counter("leaked") - before.leaked, 1, "occupied: one BFN leaked");
        is(f.one(map(f, id, 5, 0)), -EIO, "occupied: it can't be mapped");
        is(f.one(unmap(f, 5)), -EIO, "occupied: nor unmapped");
        is(f.one(map(f, id, 20, 0, 4)), 0, "occupied: the file works on");
        is(f.one(unmap(f, 0, 5)), 0, "occupied: unmaps, too");
        is(f.one(unmap(f, 6, 10)), 0, "occupied: of the others as well");
        is(f.one(unmap(f, 20, 4)), 0, "occupied: and those");
        is(f.del(id), 0, "occupied: no page holds the region");
        behind_the_back("unmap", f.iova(5));
    }
    const Balance after = Balance::now();
    is(after.bfns - before.bfns, 512, "occupied: the window is never used again");
    is(after.leaked - before.leaked, 512, "occupied: the BFNs are counted");
    ok(after.pinned == before.pinned && after.pins == before.pins && after.mapped == before.mapped &&
           after.files == before.files,
       "occupied: all else is given back");
}

// A BFN that the file has mapped is not mapped: devices may have reached any memory.
void vanished()
{
    const Balance before = Balance::now();
    std::uint64_t old = 0;
    {
        File f(2 << 20);
        old = f.base();
        const Memory m(16), other(16);
        const long id = f.add(m), safe = f.add(other);
        f.one(map(f, id, 0, 0, 4));
        f.one(map(f, safe, 8, 0, 4));
        behind_the_back("unmap", f.iova(2));
        std::vector<xen_pviommu_op> ops{unmap(f, 0, 4), unmap(f, 8, 4)};
        is(f.ops(ops), 1, "vanished: one of two unmaps fails");
        ok(ops[0].status == -EIO && !ops[1].status, "vanished: their statuses");
        is(counter("leaked") - before.leaked, 4, "vanished: four BFNs leaked");
        is(f.one(map(f, id, 0, 0)), -EIO, "vanished: they are not mapped again");
        is(f.del(id), -EBUSY, "vanished: the region stays");
        is(f.del(safe), 0, "vanished: another goes");
    }
    const Balance after = Balance::now();
    is(after.pinned - before.pinned, 16, "vanished: its pages stay pinned");
    is(after.pins - before.pins, 16, "vanished: really");
    is(after.mapped - before.mapped, 3, "vanished: and mapped");
    is(after.bfns - before.bfns, 512, "vanished: the window is never used again");
    is(after.files, before.files, "vanished: the file is gone");
    File f;
    is(f.window(2 << 20), 0, "vanished: another window");
    ok(f.base() != old, "vanished: is another");
    // The end of a file finds out as well.
    const Memory m(1);
    f.one(map(f, f.add(m), 0, 0));
    behind_the_back("unmap", f.iova(0));
    f.close();
    is(counter("leaked") - after.leaked, 512, "vanished: when a file ends");
    is(counter("pinned") - after.pinned, 1, "vanished: its page stays pinned");
}

} // namespace

int broken()
{
    occupied();
    vanished();
    return done();
}

} // namespace device
