// SPDX-License-Identifier: GPL-2.0-only
#include "device.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace device {

namespace {

int results, failures;

[[noreturn]] void die(const std::string &what) { throw std::system_error(errno, std::generic_category(), what); }

} // namespace

bool ok(bool good, const std::string &name)
{
    std::printf("%sok %d - %s\n", good ? "" : "not ", ++results, name.c_str());
    failures += !good;
    std::fflush(stdout);
    return good;
}

bool is(std::int64_t got, std::int64_t want, const std::string &name)
{
    const bool good = ok(got == want, name);
    if (!good)
        note("got " + std::to_string(got) + ", want " + std::to_string(want));
    return good;
}

void note(const std::string &text)
{
    std::printf("# %s\n", text.c_str());
    std::fflush(stdout);
}

int done()
{
    std::printf("1..%d\n", results);
    return failures > 0;
}

Memory::Memory(std::uint64_t pages, int more_flags) : size_(pages * page)
{
    void *at = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | more_flags, -1, 0);
    if (at == MAP_FAILED)
        die("mmap");
    start_ = static_cast<std::uint8_t *>(at);
}

void Memory::unmap()
{
    if (start_)
        munmap(start_, size_);
    start_ = nullptr;
}

void Memory::protect(int prot, std::uint64_t from, std::uint64_t pages)
{
    if (mprotect(at(from), pages == ~std::uint64_t{0} ? size_ : pages * page, prot))
        die("mprotect");
}

File::File() : fd_(open("/dev/xen-pviommu", O_RDWR | O_CLOEXEC))
{
    if (fd_ < 0)
        die("/dev/xen-pviommu");
}

void File::close()
{
    if (fd_ >= 0)
        ::close(fd_);
    fd_ = -1;
}

long File::call(unsigned long request, void *arg) const
{
    const int answer = ioctl(fd_, request, arg);
    return answer < 0 ? -errno : answer;
}

xen_pviommu_info File::info() const
{
    xen_pviommu_info info{};
    if (call(XEN_PVIOMMU_IOC_INFO, &info))
        die("info");
    return info;
}

long File::window(std::uint64_t size, std::uint64_t limit)
{
    xen_pviommu_window w{.size = size, .limit = limit, .iova = 0};
    const long answer = call(XEN_PVIOMMU_IOC_WINDOW, &w);
    if (!answer)
        base_ = w.iova;
    return answer;
}

long File::add(const void *addr, std::uint64_t size, std::uint32_t flags) const
{
    xen_pviommu_region r{.addr = reinterpret_cast<std::uint64_t>(addr), .size = size, .flags = flags, .id = 0};
    const long answer = call(XEN_PVIOMMU_IOC_REGION_ADD, &r);
    return answer ? answer : static_cast<long>(r.id);
}

long File::del(long id) const
{
    xen_pviommu_region_del d{.id = static_cast<std::uint32_t>(id), .pad0 = 0};
    return call(XEN_PVIOMMU_IOC_REGION_DEL, &d);
}

long File::ops(std::span<xen_pviommu_op> ops) const
{
    xen_pviommu_ops o{
        .ops = reinterpret_cast<std::uint64_t>(ops.data()), .nr = static_cast<std::uint32_t>(ops.size()), .pad0 = 0};
    return call(XEN_PVIOMMU_IOC_OPS, &o);
}

long File::one(xen_pviommu_op op) const
{
    op.status = 77;
    const long answer = ops({&op, 1});
    if (answer < 0)
        return answer;
    // The answer counts failed ops.
    return answer == (op.status != 0) ? op.status : -1000 - answer;
}

xen_pviommu_op map(const File &f, long region, std::uint64_t to, std::uint64_t from, std::uint64_t pages,
                   std::uint16_t flags)
{
    xen_pviommu_op op{};
    op.op = XEN_PVIOMMU_OP_MAP;
    op.flags = flags;
    op.region = static_cast<std::uint32_t>(region);
    op.iova = f.iova(to);
    op.offset = from * page;
    op.size = pages * page;
    return op;
}

xen_pviommu_op unmap(const File &f, std::uint64_t to, std::uint64_t pages)
{
    xen_pviommu_op op{};
    op.op = XEN_PVIOMMU_OP_UNMAP;
    op.iova = f.iova(to);
    op.size = pages * page;
    return op;
}

std::int64_t number(const std::string &file)
{
    std::ifstream in(file);
    std::int64_t value = 0;
    if (!(in >> value))
        throw std::runtime_error(file + ": no number in it");
    return value;
}

std::int64_t counter(const std::string &name) { return number("/sys/kernel/xen_pviommu/counters/" + name); }

std::int64_t vmstat(const std::string &name)
{
    // Counts that CPUs have not added up yet.
    write_file("/proc/sys/vm/stat_refresh", "1");
    std::ifstream in("/proc/vmstat");
    std::string word;
    std::int64_t value = 0;
    while (in >> word >> value)
        if (word == name)
            return value;
    throw std::runtime_error("vmstat has no " + name);
}

void write_file(const std::string &file, const std::string &text)
{
    std::ofstream out(file);
    if (!(out << text << std::flush))
        throw std::runtime_error(file + ": cannot be written");
}

Balance Balance::now()
{
    return {number("/sys/kernel/xen_pviommu/usage/mapped"),
            counter("bfns_in_use"),
            counter("files"),
            counter("pinned"),
            vmstat("nr_foll_pin_acquired") - vmstat("nr_foll_pin_released"),
            counter("leaked")};
}

void is_back(const Balance &before, const std::string &name)
{
    Balance after = Balance::now();
    // A ring's last reference of a file may go a little later.
    for (int tries = 0; tries < 50 && !(after == before); tries++) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        after = Balance::now();
    }
    if (ok(after == before, name))
        return;
    const auto say = [](const char *word, const Balance &b) {
        note(std::string(word) + ": mapped " + std::to_string(b.mapped) + ", bfns " + std::to_string(b.bfns) +
             ", files " + std::to_string(b.files) + ", pinned " + std::to_string(b.pinned) + ", pins " +
             std::to_string(b.pins) + ", leaked " + std::to_string(b.leaked));
    };
    say("before", before);
    say("after", after);
}

std::int64_t growth(const std::string &name, const std::function<void()> &what)
{
    const std::int64_t before = counter(name);
    what();
    return counter(name) - before;
}

pid_t start_child(const std::function<int()> &what)
{
    std::fflush(stdout);
    const pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid)
        return pid;
    int status = 99;
    try {
        status = what();
    } catch (const std::exception &e) {
        std::fprintf(stderr, "child: %s\n", e.what());
    }
    _exit(status);
}

int wait_for(pid_t pid)
{
    int status = 0;
    if (waitpid(pid, &status, 0) != pid)
        die("waitpid");
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

HeldChild::HeldChild(const std::function<int()> &what)
{
    if (pipe(gate_))
        die("pipe");
    pid_ = start_child([&] {
        char byte = 0;
        ::close(gate_[1]);
        return read(gate_[0], &byte, 1) == 0 ? what() : 98;
    });
    ::close(gate_[0]);
}

int HeldChild::release()
{
    ::close(gate_[1]);
    return wait_for(pid_);
}

int in_child(const std::function<int()> &what) { return wait_for(start_child(what)); }

} // namespace device
