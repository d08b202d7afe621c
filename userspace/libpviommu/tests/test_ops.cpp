// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// A backend by itself: windows, regions, and each status of each op.

#include <algorithm>
#include <cerrno>

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

using namespace pviommu;

namespace {

TEST(Window, IsWhatInfoSays)
{
    const auto backend = new_backend();
    Info info = must(backend->info());
    EXPECT_EQ(info.version, unsigned{XEN_PVIOMMU_VERSION});
    EXPECT_EQ(info.page_size, page);
    EXPECT_EQ(info.max_ops, 4096U);
    EXPECT_EQ(info.max_regions, 1024U);
    EXPECT_EQ(info.max_region, 1024 * MiB);
    EXPECT_EQ(info.min_window, 2 * MiB);
    EXPECT_EQ(info.max_window, 256 * MiB);
    EXPECT_EQ(info.window_size, 0U);
    const std::uint64_t base = must(backend->take_window(4 * MiB, no_limit));
    EXPECT_EQ(base % (4 * MiB), 0U);
    info = must(backend->info());
    EXPECT_EQ(info.window, base);
    EXPECT_EQ(info.window_size, 4 * MiB);
    EXPECT_EQ(errno_of(backend->take_window(4 * MiB, no_limit)), EBUSY);
}

TEST(Window, HasASizeAndALimit)
{
    for (const std::uint64_t size : {std::uint64_t{0}, MiB, 3 * MiB, 512 * MiB, 2 * MiB + 1, ~std::uint64_t{0}})
        EXPECT_EQ(errno_of(new_backend()->take_window(size, no_limit)), EINVAL) << size;
    EXPECT_EQ(errno_of(new_backend()->take_window(2 * MiB, 0)), ERANGE);
    EXPECT_EQ(errno_of(new_backend()->take_window(2 * MiB, MiB - 1)), ERANGE);
    const std::uint64_t low = must(new_backend()->take_window(2 * MiB, 0xffffffff));
    EXPECT_LE(low + 2 * MiB - 1, 0xffffffffU);
}

class Backends : public testing::Test {
protected:
    std::unique_ptr<Backend> backend = new_backend();
    std::uint64_t base = must(backend->take_window(2 * MiB, no_limit));
    Memory memory{8};

    [[nodiscard]] std::uint64_t iova(std::uint64_t page_nr) const { return base + page_nr * page; }
    int one(Op op)
    {
        op.status = 1; // is ignored
        const unsigned failed = must(backend->submit({&op, 1}));
        EXPECT_EQ(failed, op.status != 0);
        return op.status;
    }
};

TEST_F(Backends, RegionsAreValidated)
{
    const auto add = [&](std::uint64_t offset, std::uint64_t size, unsigned access) {
        return errno_of(backend->add_region(memory.at() + offset, size, static_cast<Access>(access)));
    };
    EXPECT_EQ(add(0, page, 0), EINVAL);
    EXPECT_EQ(add(0, page, 4), EINVAL);
    EXPECT_EQ(add(1, page, 3), EINVAL);
    EXPECT_EQ(add(0, page + 1, 3), EINVAL);
    EXPECT_EQ(add(0, 0, 3), EINVAL);
    EXPECT_EQ(errno_of(backend->add_region(memory.at(), -page, both)), EINVAL);
    EXPECT_EQ(add(0, 1024 * MiB + page, 3), E2BIG);
    EXPECT_EQ(add(0, page, 1), 0);
    memory.protect(PROT_READ);
    EXPECT_EQ(add(0, page, 1), EFAULT);
    memory.protect(PROT_NONE);
    EXPECT_EQ(add(0, page, 1), EFAULT);
    const Memory gone(2);
    gone.unmap();
    EXPECT_EQ(errno_of(backend->add_region(gone.at(), page, both)), EFAULT);
}

TEST_F(Backends, RegionsHaveTheLowestId)
{
    for (std::uint32_t id = 1; id <= 1024; id++)
        ASSERT_EQ(must(backend->add_region(memory.at(), page, both)), id);
    EXPECT_EQ(errno_of(backend->add_region(memory.at(), page, both)), ENOSPC);
    must(backend->del_region(7));
    EXPECT_EQ(errno_of(backend->del_region(7)), ENOENT);
    must(backend->del_region(5));
    EXPECT_EQ(must(backend->add_region(memory.at(), page, both)), 5U);
    EXPECT_EQ(must(backend->add_region(memory.at(), page, both)), 7U);
    EXPECT_EQ(errno_of(backend->del_region(0)), ENOENT);
    EXPECT_EQ(errno_of(backend->del_region(1025)), ENOENT);
    EXPECT_EQ(errno_of(backend->del_region(~0U)), ENOENT);
}

// In a child without the capability.
TEST_F(Backends, MemoryIsLockedWithinItsLimit)
{
    const pid_t child = fork();
    if (!child) {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3]{};
        const rlimit limit{4 * page, 4 * page};
        if (setrlimit(RLIMIT_MEMLOCK, &limit) || syscall(SYS_capset, &header, none))
            _exit(100);
        const Result<std::uint32_t> five = backend->add_region(memory.at(), 5 * page, both);
        if (five || five.error().number() != ENOMEM || five.error().message().find("ulimit -l") == std::string::npos)
            _exit(1);
        const Result<std::uint32_t> three = backend->add_region(memory.at(), 3 * page, both);
        if (!three)
            _exit(2);
        if (errno_of(backend->add_region(memory.at(), 2 * page, both)) != ENOMEM)
            _exit(3);
        if (!backend->del_region(*three) || !backend->add_region(memory.at(), 4 * page, both))
            _exit(4);
        _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

// Each wrong field of an otherwise correct op, in the order of docs/device.md.
TEST_F(Backends, EachStatusOfAMap)
{
    const std::uint32_t id = must(backend->add_region(memory.at(), 4 * page, both));
    const std::uint32_t readable = must(backend->add_region(memory.at(), 4 * page, Access::read));
    const Op good = map_op(iova(4), id, page, 2 * page, both);
    const auto with = [&](auto change) {
        Op op = good;
        change(op);
        return one(op);
    };
    EXPECT_EQ(with([](Op &op) { op.op = 0; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.op = 3; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.flags = 0; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.flags = 4; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.pad0 = 1; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.iova += 1; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.offset += 8; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.size += 512; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.size = 0; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.size = -page; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.offset = -page; }), -EINVAL);
    EXPECT_EQ(with([&](Op &op) { op.iova = base - page; }), -ENXIO);
    EXPECT_EQ(with([&](Op &op) { op.iova = base + 2 * MiB - page; }), -ENXIO);
    EXPECT_EQ(with([&](Op &op) { op.iova = base + 2 * MiB; }), -ENXIO);
    EXPECT_EQ(with([](Op &op) { op.region = 0; }), -ENOENT);
    EXPECT_EQ(with([](Op &op) { op.region = 3; }), -ENOENT);
    EXPECT_EQ(with([](Op &op) { op.region = 70000; }), -ENOENT);
    EXPECT_EQ(with([&](Op &op) { op.region = readable; }), -EACCES);
    EXPECT_EQ(with([](Op &op) { op.offset = 3 * page; }), -ERANGE);
    EXPECT_EQ(with([](Op &op) { op.offset = 4 * page; }), -ERANGE);
    EXPECT_EQ(with([](Op &op) { op.size = 4 * page; }), -ERANGE);
    EXPECT_EQ(with([](Op &) {}), 0);
    EXPECT_EQ(with([](Op &) {}), -EEXIST);
    EXPECT_EQ(with([](Op &op) { op.iova -= page; }), -EEXIST);
    EXPECT_EQ(with([](Op &op) { op.iova += page; }), -EEXIST);
    // Of two wrong fields, the first.
    EXPECT_EQ(with([&](Op &op) { op.iova = base - page, op.flags = 0; }), -EINVAL);
    EXPECT_EQ(with([&](Op &op) { op.iova = base - page, op.region = 3; }), -ENXIO);
    EXPECT_EQ(with([&](Op &op) { op.region = readable, op.offset = 4 * page; }), -EACCES);
    EXPECT_EQ(with([](Op &op) { op.offset = 3 * page; }), -ERANGE);
    EXPECT_EQ(one(unmap_op(iova(4), 2 * page)), 0);
}

TEST_F(Backends, EachStatusOfAnUnmap)
{
    const std::uint32_t id = must(backend->add_region(memory.at(), 4 * page, both));
    ASSERT_EQ(one(map_op(iova(4), id, 0, 4 * page, both)), 0);
    const auto with = [&](auto change) {
        Op op = unmap_op(iova(4), 4 * page);
        change(op);
        return one(op);
    };
    EXPECT_EQ(with([](Op &op) { op.flags = 1; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.region = 1; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.offset = page; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.pad0 = 1; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.iova += 1; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.size = 0; }), -EINVAL);
    EXPECT_EQ(with([](Op &op) { op.size = -page; }), -EINVAL);
    EXPECT_EQ(with([&](Op &op) { op.iova = base + 2 * MiB; }), -ENXIO);
    EXPECT_EQ(with([](Op &op) { op.size = 2 * MiB; }), -ENXIO);
    EXPECT_EQ(with([](Op &op) { op.iova -= page; }), -ENOENT);
    EXPECT_EQ(with([](Op &op) { op.size += page; }), -ENOENT);
    EXPECT_EQ(errno_of(backend->del_region(id)), EBUSY);
    EXPECT_EQ(with([](Op &op) { op.iova += page, op.size = page; }), 0);
    EXPECT_EQ(with([](Op &) {}), -ENOENT);
    EXPECT_EQ(with([](Op &op) { op.size = page; }), 0);
    EXPECT_EQ(errno_of(backend->del_region(id)), EBUSY);
    EXPECT_EQ(with([](Op &op) { op.iova += 2 * page, op.size = 2 * page; }), 0);
    EXPECT_EQ(errno_of(backend->del_region(id)), 0);
}

TEST_F(Backends, OpsAreDoneInOrder)
{
    const std::uint32_t id = must(backend->add_region(memory.at(), memory.size(), both));
    const Op map = map_op(iova(0), id, 0, page, both), unmap = unmap_op(iova(0), page);
    std::vector<Op> ops{map, map, unmap, unmap, map};
    EXPECT_EQ(must(backend->submit(ops)), 2U);
    EXPECT_EQ(statuses(ops), (std::vector<int>{0, -EEXIST, 0, -ENOENT, 0}));
    EXPECT_EQ(one(unmap), 0);
    EXPECT_EQ(must(backend->submit({})), 0U);
    std::vector<Op> many(4097, unmap);
    EXPECT_EQ(errno_of(backend->submit(many)), E2BIG);
    many.pop_back();
    EXPECT_EQ(must(backend->submit(many)), 4096U);
}

TEST_F(Backends, WithoutAWindowNothingIsMapped)
{
    const auto other = new_backend();
    const std::uint32_t id = must(other->add_region(memory.at(), page, both));
    Op ops[] = {map_op(base, id, 0, page, both), map_op(0, id, 0, page, both), unmap_op(base, page)};
    EXPECT_EQ(must(other->submit(ops)), 3U);
    EXPECT_EQ(statuses(ops), (std::vector<int>{-ENXIO, -ENXIO, -ENXIO}));
}

TEST_F(Backends, TwoOfThemHaveTheirOwn)
{
    const auto other = new_backend();
    if (on_device) {
        EXPECT_NE(must(other->take_window(2 * MiB, no_limit)), base);
    }
    must(backend->add_region(memory.at(), page, both));
    Op op = map_op(base, 1, 0, page, both);
    EXPECT_EQ(must(other->submit({&op, 1})), 1U);
}

TEST(Errors, NameTheRemedy)
{
    const auto message = [](const auto &result) { return result ? std::string("no error") : result.error().message(); };
    const auto has = [](const std::string &text, const char *part) {
        EXPECT_NE(text.find(part), std::string::npos) << text;
    };
    has(message(open_device("no/such/file")), "open the device: No such file or directory: the module is not active");
    has(message(open_device("no/such/file")), "cat /sys/kernel/xen_pviommu/state");
    has(message(open_device("/dev/null")), "this is no /dev/xen-pviommu");
    const auto backend = new_backend();
    has(message(backend->take_window(1, no_limit)), "a power of two");
    has(message(backend->take_window(2 * MiB, 0)), "at or below the limit");
    must(backend->take_window(2 * MiB, no_limit));
    has(message(backend->take_window(2 * MiB, no_limit)), "open another file");
    has(message(backend->add_region(nullptr, 1, both)), "multiples of the page size");
    has(message(backend->add_region(nullptr, page, both)), "mapped and writable");
    has(message(backend->del_region(1)), "no such region");
    has(message(status_of(-EACCES)), "add the region with that access");
    has(message(status_of(-EIO)), "never used again");
    has(message(status_of(-EDOM)), "dmesg");
    EXPECT_TRUE(status_of(0));
    const Error error = status_of(-EBUSY).error();
    EXPECT_EQ(error.code(), std::errc::device_or_resource_busy);
    EXPECT_STREQ(error.what(), "op");
}

} // namespace
