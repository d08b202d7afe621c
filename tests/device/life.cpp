// SPDX-License-Identifier: GPL-2.0-only
//
// Files, memory and processes come and go, in any order.

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.hpp"

namespace device {

namespace {

using std::chrono::steady_clock;

std::int64_t mapped() { return number("/sys/kernel/xen_pviommu/usage/mapped"); }

void memory_goes()
{
    const Balance before = Balance::now();
    {
        File f(2 << 20);
        Memory m(64);
        const long id = f.add(m);
        is(f.one(map(f, id, 0, 0, 32)), 0, "munmap: a map before");
        m.unmap();
        is(counter("pinned") - before.pinned, 64, "munmap: the pages stay pinned");
        is(f.one(map(f, id, 32, 32, 32)), 0, "munmap: a map behind");
        is(f.one(unmap(f, 0, 64)), 0, "munmap: an unmap behind");
        is(f.del(id), 0, "munmap: the region goes");
        is(counter("pinned"), before.pinned, "munmap: its pages, too");
        Memory again(64);
        f.one(map(f, f.add(again), 0, 0, 64));
        again.unmap();
    }
    is_back(before, "munmap: the file goes last");
}

void forks()
{
    const Balance before = Balance::now();
    {
        File f(2 << 20);
        const Memory m(64);
        const long id = f.add(m);
        f.one(map(f, id, 0, 0, 16));
        is(in_child([&] {
               // The file is the parent's, too.
               bool good = f.one(map(f, id, 0, 0)) == -EEXIST && !f.one(map(f, id, 16, 16, 16)) && !f.one(unmap(f, 0));
               const long mine = f.add(m);
               good = good && mine > 0 && mine != id && !f.one(map(f, mine, 100, 0));
               f.close();
               return good ? 0 : 1;
           }),
           0, "fork: a child uses the file");
        is(mapped() - before.mapped, 32, "fork: the child's end unmaps nothing");
        is(f.one(unmap(f, 0)), -ENOENT, "fork: the child's unmap is done");
        is(f.one(unmap(f, 1, 31)), 0, "fork: the child's map can be unmapped");
        is(f.one(unmap(f, 100)), 0, "fork: of its own memory as well");
        is(f.del(id + 1), 0, "fork: and its region goes");
        // The last process with the file keeps the file.
        f.one(map(f, id, 0, 0, 4));
        HeldChild child([&] { return mapped() - before.mapped == 4 && !f.one(unmap(f, 1)) ? 0 : 1; });
        f.close();
        is(child.release(), 0, "fork: the child still has the file");
    }
    is_back(before, "fork: all is given back");
}

void drop(int cap)
{
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    if (syscall(SYS_capget, &header, data))
        std::abort();
    data[cap / 32].effective &= ~(1U << (cap % 32));
    if (syscall(SYS_capset, &header, data))
        std::abort();
}

// Of /proc/self/status, in pages.
std::int64_t locked()
{
    std::ifstream in("/proc/self/status");
    std::string word;
    std::int64_t kib = 0;
    while (in >> word)
        if (word == "VmLck:" && in >> kib)
            return kib * 1024 / static_cast<std::int64_t>(page);
    return -1;
}

void limits()
{
    const Balance before = Balance::now();
    is(in_child([] {
           const rlimit limit{16 * page, 16 * page};
           setrlimit(RLIMIT_MEMLOCK, &limit);
           const Memory m(64);
           const File f;
           // CAP_IPC_LOCK is above the limit.
           return f.add(m) == 1 && locked() == 64 && !f.del(1) && locked() == 0 ? 0 : 1;
       }),
       0, "limit: not for root");
    is(in_child([] {
           const rlimit limit{16 * page, 16 * page};
           const Memory m(64);
           const File f;
           setrlimit(RLIMIT_MEMLOCK, &limit);
           drop(CAP_IPC_LOCK);
           if (f.add(m) != -ENOMEM || locked() != 0)
               return 1;
           const long id = f.add(m.at(), 16 * page);
           if (id <= 0 || f.add(m.at(), page) != -ENOMEM || locked() != 16)
               return 2;
           // Another file is the same process.
           const File other;
           if (other.add(m.at(), page) != -ENOMEM)
               return 3;
           if (f.del(id) || other.add(m.at(), 15 * page) != 1 || f.add(m.at(), 2 * page) != -ENOMEM ||
               f.add(m.at(), page) <= 0)
               return 4;
           // A failed pin is not accounted.
           if (f.del(1) || f.add(reinterpret_cast<void *>(page), page) != -EFAULT || locked() != 15)
               return 5;
           return 0;
       }),
       0, "limit: RLIMIT_MEMLOCK holds without CAP_IPC_LOCK");
    is(in_child(
           [] { return setgid(65534) || setuid(65534) || open("/dev/xen-pviommu", O_RDWR) >= 0 || errno != EACCES; }),
       0, "limit: only root opens the device");
    is_back(before, "limit: all is given back");
}

// Maps and unmaps at random for a while, and no address of another's.
int use(const File &f, long id, const File *another, unsigned seed, std::chrono::milliseconds time)
{
    std::mt19937 random(seed);
    std::vector<bool> there(512);
    const auto end = steady_clock::now() + time;

    while (steady_clock::now() < end) {
        const unsigned i = random() % 512;
        xen_pviommu_op op = there[i] ? unmap(f, i) : map(f, id, i, i % 64);
        if (f.one(op))
            return 1;
        there[i] = !there[i];
        if (another) {
            op.iova = another->iova(i);
            if (f.one(op) != -ENXIO)
                return 2;
        }
    }
    return 0;
}

void two_processes()
{
    const Balance before = Balance::now();
    {
        File a(2 << 20), b(2 << 20);
        ok(a.base() + (2 << 20) <= b.base() || b.base() + (2 << 20) <= a.base(), "two: windows do not overlap");
        const Memory m(64);
        const long ia = a.add(m), ib = b.add(m);
        const auto time = std::chrono::milliseconds(1500);
        const pid_t pa = start_child([&] { return use(a, ia, &b, 1, time); });
        const pid_t pb = start_child([&] { return use(b, ib, &a, 2, time); });
        is(wait_for(pa), 0, "two: one of two processes at a time");
        is(wait_for(pb), 0, "two: the other");
    }
    is_back(before, "two: all is given back");
}

// Threads that share a file: each has half of the window.
void two_threads()
{
    const Balance before = Balance::now();
    {
        File f(4 << 20);
        const Memory m(64);
        const long id = f.add(m);
        int failed[3]{};
        const auto work = [&](unsigned which) {
            std::mt19937 random(which);
            std::vector<bool> there(512);
            for (int i = 0; i < 4000; i++) {
                const unsigned at = random() % 512;
                const unsigned to = which * 512 + at;
                failed[which] += f.one(there[at] ? unmap(f, to) : map(f, id, to, at % 64)) != 0;
                there[at] = !there[at];
            }
        };
        const auto regions = [&] {
            for (int i = 0; i < 500; i++) {
                const long mine = f.add(m);
                failed[2] += mine <= 0 || f.del(mine) != 0;
            }
        };
        std::thread a(work, 0), b(work, 1), c(regions);
        a.join();
        b.join();
        c.join();
        is(failed[0] + failed[1] + failed[2], 0, "threads: three at one file");
    }
    is_back(before, "threads: all is given back");
}

// Maps and unmaps until killed; prints a line at the start.
int busy(int out)
{
    File f;
    if (f.window(8 << 20))
        return 1;
    const Memory m(1024);
    const long id = f.add(m);
    std::vector<xen_pviommu_op> ops;
    for (unsigned p = 0; p < 1024; p += 16)
        ops.push_back(map(f, id, p, p, 16));
    for (unsigned p = 0; p < 512; p += 8)
        ops.push_back(unmap(f, p, 8));
    ops.push_back(unmap(f, 512, 512));
    if (write(out, "x", 1) != 1)
        return 2;
    while (!f.ops(ops)) {
    }
    return 3;
}

void killed()
{
    const Balance before = Balance::now();
    std::mt19937 random(7);
    int bad = 0, in_use = 0, ready[2];

    if (pipe(ready))
        return;
    for (int i = 0; i < 50; i++) {
        const pid_t child = start_child([&] { return busy(ready[1]); });
        char byte = 0;
        // Some before they begin.
        if (i % 5)
            bad += read(ready[0], &byte, 1) != 1;
        std::this_thread::sleep_for(std::chrono::microseconds(random() % 20000));
        in_use += mapped() > before.mapped;
        kill(child, SIGKILL);
        bad += wait_for(child) != -SIGKILL;
    }
    ::close(ready[0]);
    ::close(ready[1]);
    is(bad, 0, "killed: 50 times");
    ok(in_use > 10, "killed: some of them while something was mapped");
    note(std::to_string(in_use) + " times something was mapped");
    is_back(before, "killed: all is given back");
}

} // namespace

int life()
{
    memory_goes();
    forks();
    limits();
    two_processes();
    two_threads();
    killed();
    return done();
}

} // namespace device
