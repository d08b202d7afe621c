// SPDX-License-Identifier: GPL-2.0-only
//
// The real reach of a device into a process's maps: QEMU's `edu` (1234:11e8), whose DMA
// engine copies between its own 4 KiB and any bus address, driven through its BAR. The
// host map is gone meanwhile.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.hpp"

namespace device {

namespace {

constexpr unsigned len = 512;
constexpr std::uint64_t inside = 0x40000;

std::string find_edu()
{
    for (const auto &entry : std::filesystem::directory_iterator("/sys/bus/pci/devices")) {
        std::string vendor, device;
        std::ifstream(entry.path() / "vendor") >> vendor;
        std::ifstream(entry.path() / "device") >> device;
        if (vendor == "0x1234" && device == "0x11e8")
            return entry.path();
    }
    throw std::runtime_error("no edu device");
}

class Edu {
public:
    Edu()
    {
        const std::string dir = find_edu();
        write_file(dir + "/enable", "1");
        // Memory space and bus master.
        const int config = open((dir + "/config").c_str(), O_RDWR);
        std::uint16_t command = 0;
        if (config < 0 || pread(config, &command, 2, 4) != 2)
            throw std::runtime_error("edu's config space");
        command |= 6;
        if (pwrite(config, &command, 2, 4) != 2)
            throw std::runtime_error("edu's command register");
        close(config);
        const int bar = open((dir + "/resource0").c_str(), O_RDWR);
        void *at = mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, bar, 0);
        if (at == MAP_FAILED)
            throw std::runtime_error("edu's BAR");
        close(bar);
        regs_ = static_cast<volatile std::uint8_t *>(at);
    }
    void from_memory(std::uint64_t addr) { copy(addr, inside, 1); }
    void to_memory(std::uint64_t addr) { copy(inside, addr, 3); }

private:
    void set(unsigned reg, std::uint64_t value) { *reinterpret_cast<volatile std::uint64_t *>(regs_ + reg) = value; }
    void copy(std::uint64_t from, std::uint64_t to, std::uint64_t command)
    {
        set(0x80, from);
        set(0x88, to);
        set(0x90, len);
        set(0x98, command);
        while (*reinterpret_cast<volatile std::uint64_t *>(regs_ + 0x98) & 1)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }

    volatile std::uint8_t *regs_;
};

// A page that is mapped all the time, for bytes on their way into the device.
class Bench {
public:
    Bench() : memory_(1)
    {
        if (file_.window(2 << 20) || file_.add(memory_) != 1 || file_.one(map(file_, 1, 0, 0)))
            throw std::runtime_error("a page that stays mapped");
    }
    // Random bytes into the device, and from there to the address. Do they arrive?
    bool arrives(std::uint64_t addr, const std::uint8_t *at)
    {
        fill(memory_.at());
        edu_.from_memory(file_.iova(0));
        edu_.to_memory(addr);
        return std::equal(memory_.at(), memory_.at() + len, at);
    }
    // Does the device see the bytes of the address?
    bool sees(std::uint64_t addr, std::uint8_t *at)
    {
        fill(at);
        return sees_as_it_is(addr, at);
    }
    bool sees_as_it_is(std::uint64_t addr, const std::uint8_t *at)
    {
        // The device keeps its bytes if the read fails.
        std::fill_n(memory_.at(), len, 0xc3);
        edu_.from_memory(file_.iova(0));
        edu_.from_memory(addr);
        edu_.to_memory(file_.iova(0));
        return std::equal(memory_.at(), memory_.at() + len, at);
    }
    void fill(std::uint8_t *at)
    {
        std::generate_n(at, len, [this] { return static_cast<std::uint8_t>(random_()); });
    }

private:
    Edu edu_;
    File file_;
    Memory memory_;
    std::mt19937 random_{3};
};

void mapped(Bench &b)
{
    File f(2 << 20);
    const Memory m(16);
    const long id = f.add(m), readable = f.add(m, XEN_PVIOMMU_READ);
    std::vector<xen_pviommu_op> ops;
    for (unsigned i = 0; i < 16; i++)
        ops.push_back(map(f, id, i, 15 - i));
    is(f.ops(ops), 0, "16 pages, the last first");
    ok(b.sees(f.iova(0), m.at(15)), "the device sees the first");
    ok(b.sees(f.iova(9), m.at(6)), "and a middle page");
    ok(b.arrives(f.iova(15), m.at(0)), "the device writes the last");
    ok(b.arrives(f.iova(2) + page - len, m.at(13) + page - len), "and the end of a page");
    is(f.one(unmap(f, 15)), 0, "the last is unmapped");
    ok(!b.arrives(f.iova(15), m.at(0)), "unmapped: a write does not arrive"); // blocked write
    ok(!b.sees(f.iova(15), m.at(0)), "unmapped: a read does not see");        // blocked read
    ok(b.arrives(f.iova(14), m.at(1)), "its neighbour is there still");
    is(f.one(map(f, readable, 15, 3, 1, XEN_PVIOMMU_READ)), 0, "mapped again, for reading, and another page");
    // First the write: QEMU is silent on a write that its IOTLB knows to be wrong.
    ok(!b.arrives(f.iova(15), m.at(3)), "reading: a write does not arrive"); // blocked write
    ok(b.sees(f.iova(15), m.at(3)), "reading: the device sees the page");
    ok(!b.arrives(f.iova(16), m.at(4)), "nothing is mapped behind the range"); // blocked write
}

void memory_and_processes(Bench &b)
{
    File f(2 << 20);
    Memory m(4);
    const long id = f.add(m);
    f.one(map(f, id, 0, 0, 4));
    // A write after a fork makes no copy of a pinned page.
    HeldChild child([] { return 0; });
    ok(b.sees(f.iova(1), m.at(1)), "fork: the device sees the parent's writes");
    ok(b.arrives(f.iova(2), m.at(2)), "fork: the parent sees the device's writes");
    is(child.release(), 0, "fork: the child goes");
    // The device still reaches a page that the process has unmapped.
    std::vector<std::uint8_t> was(len);
    b.fill(m.at(3));
    std::copy_n(m.at(3), len, was.begin());
    m.unmap();
    ok(b.sees_as_it_is(f.iova(3), was.data()), "munmap: the device sees the old page");
    const std::uint64_t addr = f.iova(3);
    f.close();
    ok(!b.sees_as_it_is(addr, was.data()), "closed: no more"); // blocked read
}

// A dead process's maps are unreachable.
void killed(Bench &b)
{
    int out[2];
    if (pipe(out))
        return;
    const pid_t child = start_child([&] {
        File f(2 << 20);
        const Memory m(1);
        std::fill_n(m.at(), len, 0x77);
        const std::uint64_t addr = f.iova(0);
        if (f.one(map(f, f.add(m), 0, 0)) || write(out[1], &addr, sizeof(addr)) != sizeof(addr))
            return 1;
        pause();
        return 0;
    });
    std::uint64_t addr = 0;
    is(read(out[0], &addr, sizeof(addr)), sizeof(addr), "killed: the process maps a page");
    const std::vector<std::uint8_t> secret(len, 0x77);
    ok(b.sees_as_it_is(addr, secret.data()), "killed: the device sees the page");
    kill(child, SIGKILL);
    wait_for(child);
    ok(!b.sees_as_it_is(addr, secret.data()), "killed: no more"); // blocked read
    ::close(out[0]);
    ::close(out[1]);
}

} // namespace

// Blocked are 3 writes and 3 reads: the test on the host counts them.
int dma()
{
    const Balance before = Balance::now();
    {
        Bench b;
        write_file("/sys/kernel/xen_pviommu/isolate", "1");
        is(number("/sys/kernel/xen_pviommu/isolate"), 1, "the host map is gone");
        mapped(b);
        memory_and_processes(b);
        killed(b);
        write_file("/sys/kernel/xen_pviommu/isolate", "0");
        is(number("/sys/kernel/xen_pviommu/isolate"), 0, "the host map is back");
    }
    is_back(before, "all is given back");
    return done();
}

} // namespace device
