// SPDX-License-Identifier: GPL-2.0-only
//
// Every field of every ioctl, and its errno. A refused call changes nothing.

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.hpp"

namespace device {

namespace {

// The layout is an interface, the same for 32 bits.
static_assert(sizeof(xen_pviommu_info) == 56 && alignof(xen_pviommu_info) == 8);
static_assert(sizeof(xen_pviommu_window) == 24 && sizeof(xen_pviommu_region) == 24);
static_assert(sizeof(xen_pviommu_region_del) == 8 && sizeof(xen_pviommu_ops) == 16);
static_assert(sizeof(xen_pviommu_op) == 40 && offsetof(xen_pviommu_op, iova) == 8);
static_assert(offsetof(xen_pviommu_op, status) == 32);

template <typename T> struct Case {
    const char *name;
    void (*change)(T &);
    long want;
};

void *nowhere() { return reinterpret_cast<void *>(0x1000); }

// A request's argument with each wrong field, nowhere, and where the answer can't be written.
template <typename T, std::size_t N>
void refuses(const File &f, unsigned long request, const std::string &name, const T &good, const Case<T> (&cases)[N])
{
    for (const Case<T> &c : cases) {
        T argument = good;
        c.change(argument);
        is(f.call(request, &argument), c.want, name + ": " + c.name);
    }
    is(f.call(request, nowhere()), -EFAULT, name + ": a bad pointer");
    Memory m(1);
    std::memcpy(m.at(), &good, sizeof(good));
    m.protect(PROT_READ);
    is(f.call(request, m.at()), -EFAULT, name + ": an answer that can't be written");
}

void info()
{
    const File f;
    const xen_pviommu_info i = f.info();
    is(i.version, XEN_PVIOMMU_VERSION, "info: version");
    is(i.page_size, page, "info: page size");
    is(i.max_ops, XEN_PVIOMMU_MAX_OPS, "info: ops");
    is(i.max_regions, XEN_PVIOMMU_MAX_REGIONS, "info: regions");
    ok(i.max_region == XEN_PVIOMMU_MAX_REGION && i.min_window == XEN_PVIOMMU_MIN_WINDOW &&
           i.max_window == XEN_PVIOMMU_MAX_WINDOW,
       "info: sizes");
    ok(!i.window && !i.window_size, "info: no window yet");
    is(f.call(XEN_PVIOMMU_IOC_INFO, nowhere()), -EFAULT, "info: a bad pointer");
}

void other_calls()
{
    const File f;
    char byte = 0;
    is(f.call(_IO(0xd8, 5), nullptr), -ENOTTY, "an unknown ioctl");
    is(f.call(_IOR(0xd8, 0, std::uint32_t), &byte), -ENOTTY, "a known one of another size");
    ok(read(f.fd(), &byte, 1) < 0 && errno == EINVAL, "no read");
    ok(write(f.fd(), &byte, 1) < 0 && errno == EINVAL, "no write");
    ok(lseek(f.fd(), 0, SEEK_SET) < 0 && errno == ESPIPE, "no seek");
    ok(mmap(nullptr, page, PROT_READ, MAP_SHARED, f.fd(), 0) == MAP_FAILED && errno == ENODEV, "no mmap");
}

void window()
{
    using W = xen_pviommu_window;
    static constexpr Case<W> cases[] = {
        {"size 0", [](W &w) { w.size = 0; }, -EINVAL},
        {"1 MiB", [](W &w) { w.size = 1 << 20; }, -EINVAL},
        {"3 MiB", [](W &w) { w.size = 3 << 20; }, -EINVAL},
        {"2 MiB and a byte", [](W &w) { w.size++; }, -EINVAL},
        {"512 MiB", [](W &w) { w.size = 512 << 20; }, -EINVAL},
        {"2^63", [](W &w) { w.size = std::uint64_t{1} << 63; }, -EINVAL},
        {"an OUT field", [](W &w) { w.iova = page; }, -EINVAL},
        {"limit 0", [](W &w) { w.limit = 0; }, -ERANGE},
        {"a limit of 20 bits", [](W &w) { w.limit = (1 << 20) - 1; }, -ERANGE},
    };
    const Balance before = Balance::now();
    {
        File f;
        refuses(f, XEN_PVIOMMU_IOC_WINDOW, "window", W{.size = 2 << 20, .limit = anywhere, .iova = 0}, cases);
        ok(!f.info().window_size, "window: the file has no window after that");
        is(f.window(2 << 20), 0, "window: 2 MiB");
        is(static_cast<std::int64_t>(f.base() % (2 << 20)), 0, "window: aligned to its size");
        const xen_pviommu_info i = f.info();
        ok(i.window == f.base() && i.window_size == 2 << 20, "window: info has the window");
        is(f.window(2 << 20), -EBUSY, "window: only one");
        is(counter("bfns_in_use") - before.bfns, 512, "window: 512 BFNs");

        File big;
        is(big.window(256 << 20), 0, "window: 256 MiB");
        is(static_cast<std::int64_t>(big.base() % (256 << 20)), 0, "window: aligned to that");
        File low;
        is(low.window(4 << 20, 0xffffffff), 0, "window: 32 bits");
        ok(low.base() + (4 << 20) <= std::uint64_t{1} << 32, "window: below 4 GiB");
        // The windows of all files together have an end.
        std::vector<std::unique_ptr<File>> files;
        long answer = 0;
        while (!answer && files.size() < 16) {
            files.push_back(std::make_unique<File>());
            answer = files.back()->window(256 << 20, 0xffffffff);
        }
        is(answer, -ENOSPC, "window: no more below 4 GiB");
    }
    is_back(before, "window: all is given back");
}

void region_del(const File &f)
{
    xen_pviommu_region_del d{.id = 1, .pad0 = 1};
    is(f.call(XEN_PVIOMMU_IOC_REGION_DEL, &d), -EINVAL, "del: padding");
    is(f.call(XEN_PVIOMMU_IOC_REGION_DEL, nowhere()), -EFAULT, "del: a bad pointer");
    is(f.del(0), -ENOENT, "del: id 0");
    is(f.del(1), -ENOENT, "del: an unknown id");
    is(f.del(0xffffffff), -ENOENT, "del: the last id");
}

void region()
{
    using R = xen_pviommu_region;
    static constexpr Case<R> cases[] = {
        {"an OUT field", [](R &r) { r.id = 1; }, -EINVAL},
        {"no flag", [](R &r) { r.flags = 0; }, -EINVAL},
        {"an unknown flag", [](R &r) { r.flags |= 4; }, -EINVAL},
        {"the last flag", [](R &r) { r.flags |= 1U << 31; }, -EINVAL},
        {"a misaligned address", [](R &r) { r.addr++; }, -EINVAL},
        {"half a page", [](R &r) { r.size = page / 2; }, -EINVAL},
        {"size 0", [](R &r) { r.size = 0; }, -EINVAL},
        {"an end beyond 2^64", [](R &r) { r.addr = ~std::uint64_t{0} & ~(page - 1); }, -EINVAL},
        {"a size beyond 2^64", [](R &r) { r.size = ~std::uint64_t{0} & ~(page - 1); }, -EINVAL},
        {"more than 1 GiB", [](R &r) { r.size = (1 << 30) + page; }, -E2BIG},
        {"2^62 bytes", [](R &r) { r.size = std::uint64_t{1} << 62; }, -E2BIG},
        {"no memory", [](R &r) { r.addr = page; }, -EFAULT},
        {"the kernel's memory", [](R &r) { r.addr = 0xffff888000000000; }, -EFAULT},
        {"more than there is", [](R &r) { r.size = 1 << 20; }, -EFAULT},
    };
    const Balance before = Balance::now();
    {
        const File f;
        // Nothing is mapped behind the memory.
        Memory m(4), wall(1024);
        const std::uint64_t at = wall.addr(512);
        munmap(wall.at(516), 508 * page);
        refuses(f, XEN_PVIOMMU_IOC_REGION_ADD, "region", R{.addr = at, .size = 4 * page, .flags = both, .id = 0},
                cases);
        m.protect(PROT_READ, 2, 1);
        is(f.add(m), -EFAULT, "region: a page that can't be written");
        is(f.add(m, XEN_PVIOMMU_READ), -EFAULT, "region: nor for reading");
        m.protect(PROT_NONE, 2, 1);
        is(f.add(m), -EFAULT, "region: a page that can't be read");
        region_del(f);
        const Balance now = Balance::now();
        ok(now.pinned == before.pinned && now.pins == before.pins, "region: nothing stays pinned");

        m.protect(PROT_READ | PROT_WRITE);
        is(f.add(m), 1, "region: its id");
        is(f.add(m, XEN_PVIOMMU_READ), 2, "region: the same memory again");
        is(counter("pinned") - before.pinned, 8, "region: pages are counted");
        is(f.del(1), 0, "del: it goes");
        is(f.del(1), -ENOENT, "del: only once");
        std::vector<long> ids;
        long id = 0;
        for (unsigned i = 0; i < XEN_PVIOMMU_MAX_REGIONS; i++) {
            id = f.add(m.at(), page);
            if (id < 0)
                break;
            ids.push_back(id);
        }
        is(static_cast<std::int64_t>(ids.size()), XEN_PVIOMMU_MAX_REGIONS - 1, "region: as many as there may be");
        is(id, -ENOSPC, "region: and no more");
    }
    is_back(before, "region: all is given back");
}

void arrays()
{
    File f(2 << 20);
    Memory m(4), array(3);
    const long id = f.add(m);
    const auto call = [&](std::uint64_t at, std::uint32_t nr, std::uint32_t pad) {
        xen_pviommu_ops o{.ops = at, .nr = nr, .pad0 = pad};
        return f.call(XEN_PVIOMMU_IOC_OPS, &o);
    };
    const std::int64_t mapped = number("/sys/kernel/xen_pviommu/usage/mapped");
    auto *op = reinterpret_cast<xen_pviommu_op *>(array.at());
    *op = map(f, id, 0, 0);
    is(f.call(XEN_PVIOMMU_IOC_OPS, nowhere()), -EFAULT, "ops: a bad pointer");
    is(call(array.addr(), 1, 1), -EINVAL, "ops: padding");
    is(call(array.addr(), XEN_PVIOMMU_MAX_OPS + 1, 0), -E2BIG, "ops: 4097");
    is(call(array.addr(), 0xffffffff, 0), -E2BIG, "ops: 2^32 - 1");
    is(call(page, 0, 0), 0, "ops: none");
    is(call(page, 1, 0), -EFAULT, "ops: an array nowhere");
    is(call(~std::uint64_t{0} - 100, 10, 0), -EFAULT, "ops: at the end of 2^64");
    is(call(0xffff888000000000, 1, 0), -EFAULT, "ops: in the kernel's memory");
    // The array can't be read, or written, to its end.
    for (unsigned i = 0; i < 204; i++)
        op[i] = map(f, id, i, 0);
    array.protect(PROT_NONE, 1, 1);
    is(call(array.addr(), 204, 0), -EFAULT, "ops: an array half of which can't be read");
    array.protect(PROT_READ, 1, 1);
    is(call(array.addr(), 204, 0), -EFAULT, "ops: nor written");
    array.protect(PROT_READ, 0, 1);
    is(call(array.addr(), 1, 0), -EFAULT, "ops: an array that can't be written");
    is(number("/sys/kernel/xen_pviommu/usage/mapped"), mapped, "ops: nothing is mapped by that");
    array.protect(PROT_READ | PROT_WRITE);
    is(call(array.addr(), 204, 0), 0, "ops: now it is");
    is(number("/sys/kernel/xen_pviommu/usage/mapped") - mapped, 204, "ops: 204 pages");
    // Any 8 byte boundary will do, and any other.
    auto *odd = reinterpret_cast<xen_pviommu_op *>(array.at() + 1);
    const xen_pviommu_op first = unmap(f, 0, 204);
    std::memcpy(static_cast<void *>(odd), &first, sizeof(first));
    is(call(array.addr() + 1, 1, 0), 0, "ops: an array at an odd address");
}

void op_fields()
{
    using O = xen_pviommu_op;
    static constexpr Case<O> cases[] = {
        {"op 0", [](O &o) { o.op = 0; }, -EINVAL},
        {"op 3", [](O &o) { o.op = 3; }, -EINVAL},
        {"op 65535", [](O &o) { o.op = 0xffff; }, -EINVAL},
        {"no flag", [](O &o) { o.flags = 0; }, -EINVAL},
        {"an unknown flag", [](O &o) { o.flags |= 4; }, -EINVAL},
        {"Xen's yield", [](O &o) { o.flags |= 8; }, -EINVAL},
        {"the last flag", [](O &o) { o.flags |= 0x8000; }, -EINVAL},
        {"padding", [](O &o) { o.pad0 = 1; }, -EINVAL},
        {"a misaligned address", [](O &o) { o.iova += 8; }, -EINVAL},
        {"a misaligned offset", [](O &o) { o.offset += 8; }, -EINVAL},
        {"a misaligned size", [](O &o) { o.size += 8; }, -EINVAL},
        {"size 0", [](O &o) { o.size = 0; }, -EINVAL},
        {"an end beyond 2^64", [](O &o) { o.iova = ~std::uint64_t{0} & ~(page - 1); }, -EINVAL},
        {"an offset beyond 2^64", [](O &o) { o.offset = ~std::uint64_t{0} & ~(page - 1); }, -EINVAL},
        {"a size beyond 2^64", [](O &o) { o.size = ~std::uint64_t{0} & ~(page - 1); }, -EINVAL},
        {"address 0", [](O &o) { o.iova = 0; }, -ENXIO},
        {"the page before the window", [](O &o) { o.iova -= page; }, -ENXIO},
        {"half before the window",
         [](O &o) {
             o.iova -= page;
             o.size = 2 * page;
         },
         -ENXIO},
        {"the page behind the window", [](O &o) { o.iova += 512 * page; }, -ENXIO},
        {"half behind the window",
         [](O &o) {
             o.iova += 511 * page;
             o.size = 2 * page;
         },
         -ENXIO},
        {"more than the window", [](O &o) { o.size = 513 * page; }, -ENXIO},
        {"2^62 bytes", [](O &o) { o.size = std::uint64_t{1} << 62; }, -ENXIO},
        {"region 0", [](O &o) { o.region = 0; }, -ENOENT},
        {"an unknown region", [](O &o) { o.region = 3; }, -ENOENT},
        {"the last region", [](O &o) { o.region = 0xffffffff; }, -ENOENT},
        {"a region id's low bits", [](O &o) { o.region |= 0x10000; }, -ENOENT},
        {"to write what may be read", [](O &o) { o.region = 2; }, -EACCES},
        {"only to write it",
         [](O &o) {
             o.region = 2;
             o.flags = XEN_PVIOMMU_WRITE;
         },
         -EACCES},
        {"behind the region", [](O &o) { o.offset = 4 * page; }, -ERANGE},
        {"half behind the region",
         [](O &o) {
             o.offset = 3 * page;
             o.size = 2 * page;
         },
         -ERANGE},
        {"far behind the region", [](O &o) { o.offset = std::uint64_t{1} << 62; }, -ERANGE},
        {"more than the region", [](O &o) { o.size = 5 * page; }, -ERANGE},
    };
    static constexpr Case<O> unmaps[] = {
        {"flags", [](O &o) { o.flags = XEN_PVIOMMU_READ; }, -EINVAL},
        {"a region", [](O &o) { o.region = 1; }, -EINVAL},
        {"an offset", [](O &o) { o.offset = page; }, -EINVAL},
        {"padding", [](O &o) { o.pad0 = 1U << 31; }, -EINVAL},
        {"a misaligned address", [](O &o) { o.iova += 1; }, -EINVAL},
        {"a misaligned size", [](O &o) { o.size += 1; }, -EINVAL},
        {"size 0", [](O &o) { o.size = 0; }, -EINVAL},
        {"the page before the window", [](O &o) { o.iova -= page; }, -ENXIO},
        {"more than the window", [](O &o) { o.size = 513 * page; }, -ENXIO},
        {"a page that is not mapped", [](O &o) { o.iova += 4 * page; }, -ENOENT},
        {"one more than is mapped", [](O &o) { o.size = 5 * page; }, -ENOENT},
    };
    File f;
    Memory m(4);
    const File bare;
    const long nowhere_yet = bare.add(m);
    is(bare.one(map(bare, nowhere_yet, 0, 0)), -ENXIO, "map: a file without a window");
    f.window(2 << 20);
    f.add(m);
    f.add(m, XEN_PVIOMMU_READ);
    const std::int64_t mapped = number("/sys/kernel/xen_pviommu/usage/mapped");
    for (const auto &c : cases) {
        O op = map(f, 1, 0, 0);
        c.change(op);
        is(f.one(op), c.want, std::string("map: ") + c.name);
    }
    is(number("/sys/kernel/xen_pviommu/usage/mapped"), mapped, "map: nothing is mapped by that");
    is(f.one(map(f, 2, 511, 3, 1, XEN_PVIOMMU_READ)), 0, "map: the last page, of the last");
    is(f.one(map(f, 1, 510, 3, 1, XEN_PVIOMMU_WRITE)), 0, "map: only to write");
    is(f.one(map(f, 1, 0, 0, 4)), 0, "map: four pages");
    is(f.one(map(f, 1, 3, 0, 1)), -EEXIST, "map: one of them again");
    is(f.one(map(f, 1, 3, 0, 4)), -EEXIST, "map: half of it again");
    for (const auto &c : unmaps) {
        O op = unmap(f, 0, 4);
        c.change(op);
        is(f.one(op), c.want, std::string("unmap: ") + c.name);
    }
    is(number("/sys/kernel/xen_pviommu/usage/mapped") - mapped, 6, "unmap: nothing is unmapped by that");
}

// As a process of 32 bits: by interrupt 0x80, with addresses below 4 GiB.
long call_32(int fd, std::uint32_t request, void *arg)
{
    long answer = 54; // ioctl
    asm volatile("int $0x80"
                 : "+a"(answer)
                 : "b"(static_cast<long>(fd)), "c"(static_cast<long>(request)), "d"(arg)
                 : "memory", "r8", "r9", "r10", "r11");
    return static_cast<int>(answer);
}

void compat()
{
    File f(2 << 20);
    const Memory low(4, MAP_32BIT);
    auto *info = reinterpret_cast<xen_pviommu_info *>(low.at());
    is(call_32(f.fd(), XEN_PVIOMMU_IOC_INFO, info), 0, "32 bits: info");
    ok(info->max_ops == XEN_PVIOMMU_MAX_OPS && info->window == f.base(), "32 bits: its answer");
    auto *op = reinterpret_cast<xen_pviommu_op *>(low.at());
    auto *array = reinterpret_cast<xen_pviommu_ops *>(low.at(1));
    op[0] = map(f, f.add(low), 0, 0);
    op[1] = op[0];
    *array = {.ops = low.addr(), .nr = 2, .pad0 = 0};
    is(call_32(f.fd(), XEN_PVIOMMU_IOC_OPS, array), 1, "32 bits: ops");
    ok(!op[0].status && op[1].status == -EEXIST, "32 bits: their statuses");
}

} // namespace

int fields()
{
    info();
    other_calls();
    window();
    region();
    const Balance before = Balance::now();
    arrays();
    op_fields();
    compat();
    is_back(before, "all is given back");
    return done();
}

} // namespace device
