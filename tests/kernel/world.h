// SPDX-License-Identifier: GPL-2.0-only
//
// The simulated dom0 and its Xen, in which the kernel's files run: CPUs, timers,
// memory and pages, and a table of BFNs with an IOTLB that remembers. The world knows
// the rules, and reports each violation. Headers of C++ come first: the kernel has
// macros of their names.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "violation.h"

extern "C" {
#include "fast_calls.h"
#include "iova.h"
#include "isolate.h"
#include "map.h"
#include "params.h"
#include "probe.h"
#include "queue.h"
#include "reserve.h"
#include "reuse.h"
#include "revoke.h"
#include "desc.h"
#include "static.h"
#include "watch.h"
#include "xencall.h"
}

// As the kernel's files were compiled.
constexpr unsigned kMagazine = BFN_MAGAZINE_SIZE, kQueue = PVIOMMU_QUEUE_SIZE, kRide = PVIOMMU_QUEUE_RIDE,
                   kSets = PVIOMMU_REUSE_SETS, kWays = PVIOMMU_REUSE_WAYS;

namespace world {

// BFNs of the two windows. The high one does not start at a multiple of its size.
constexpr uint64_t kLow = 0x80000, kHigh = 0x100000 + 0x8000, kStatic = 0x200000;
constexpr unsigned long kMaxBfns = 1ul << 20; // 4 GiB
constexpr unsigned long kPages = SHIM_PAGES;
constexpr uint64_t kNone = BFN_NONE;

struct Config {
    unsigned long high = 8ul * 512, low = 512; // BFNs; 0: no such window
    unsigned max_ops = XEN_IOMMUOP_MAX_OPS, max_frames = XEN_IOMMUOP_MAX_FRAMES, piece = PVIOMMU_PIECE;
    bool start = true;      // the module's parts: batches, windows, queues
    bool yield = true;      // Xen has maps that yield
    bool fixed = false;     // there is a static map
    bool scattered = false; // no two pages are neighbours in the machine
};

enum class Call { Works, FailsBefore, FailsAfter };

// A test's events. All are optional.
struct Hooks {
    std::function<bool()> alloc_fails;
    std::function<Call()> call_fails;                  // the whole hypercall
    std::function<int(const xen_iommu_op &)> op_fails; // its status, or 0
    std::function<void()> at_flush;                    // unmapped, not flushed yet
    std::function<void(const xen_iommu_op *, unsigned)> called;
    std::function<void(const volatile void *)> before_read, after_read; // READ_ONCE() and atomics
    std::function<void(unsigned)> dying;                                // the CPU runs no more, its timers moved
    std::function<bool()> cpuhp_fails;
    std::function<int(unsigned)> host_map;                // Xen's status for a piece of its op
    std::function<bool()> needs_base;                     // some device the host map
    std::function<bool(uint64_t)> holds;                  // has Xen no memory to let a map of the frame yield?
    std::function<int(const xen_iommu_op_watch &)> watch; // its status, or 0
};
extern Hooks hooks;

void reset(const Config &c = {});
// Take all down; every BFN, reference and byte must be back, except for the cost of faults.
void end();

// --- CPUs, kernel.cpp

// This thread moves to the CPU; the thread leaves a CPU that goes offline.
void pin(unsigned cpu);
bool online(unsigned cpu);
// Do the work as the CPU, interrupted wherever this thread is.
void as_cpu(unsigned cpu, const std::function<void()> &what);
// With interrupts off.
void irqs_off(const std::function<void()> &what);
void cpu_down(unsigned cpu);
void cpu_up(unsigned cpu);
// Let time go by, and fire due timers.
void pass_jiffies(unsigned long n);
// Work deferred to process context; false without any.
bool run_work();
// The due timers of one CPU.
void fire_timers(unsigned cpu);
bool timer_pending(unsigned cpu);
void grace_period();
// The store buffer of this thread: see compiler.h.
void weak_memory(bool on);
// Threads waiting for a spinlock or for the end of a CPU's hotplug now.
unsigned lock_waiters();
unsigned long allocations();
// Several threads use this world: checks of shared data are off.
void set_threaded(bool on);
bool threaded();
// Frames of ops while this CPU's interrupts are off, since they went off.
void add_irqs_off_frames(unsigned long nr);
void register_thread();
void unregister_thread();

// --- pages and Xen, xen.cpp

uint64_t mfn_of(unsigned long pfn); // P2M
void set_max_frames(unsigned n);    // of an op
void set_foreign(unsigned long pfn, uint16_t domid);
void set_identity(unsigned long pfn); // no RAM: a device's, or persistent memory
void set_absent(unsigned long pfn);
void make_contiguous(); // all pages, in the machine

// The page's frame becomes a page table. Xen takes yielding maps of the page from the devices, and dom0 dies
// of any map that holds the page for writing. Then Linux frees the page, which is ordinary again.
void make_table(unsigned long pfn);
void make_ordinary(unsigned long pfn);
// Both, in turn: the life of a page between free and allocation in Linux.
void recycle(unsigned long pfn);
// Maps that hold the page for writing.
int held(unsigned long pfn);
// The frame leaves dom0, as by ballooning; another frame comes.
void leave(unsigned long pfn);
void come_back(unsigned long pfn);

struct Entry {
    bool mapped, write; // a device reaches the page by the table
    bool cached;        // by the IOTLB, at least
    bool yields;        // without a reference
    bool yielded;       // a BFN in use that reaches no page any more
    uint64_t mfn;
};
Entry entry(uint64_t bfn);
// Xen's bit of a BFN, in the BFN's watch page.
bool watch_bit(uint64_t bfn);
// Some mapping in Xen that the module does not know.
void plant(uint64_t bfn, uint64_t mfn);
void uproot(uint64_t bfn);
// Leaf tables within Xen's memory, besides existing tables; Xen makes one for each chunk.
void set_tables_left(unsigned long n);
bool has_table(uint64_t bfn);
// BFNs that lead to the frame, by table or IOTLB.
int reached(uint64_t mfn);
unsigned long mapped();
unsigned long cached();
// Allocator calls outside of the world's books, for windows of a test's own.
extern "C" u64 __real_bfn_alloc(bfn_window *w, unsigned int order);
extern "C" void __real_bfn_free(bfn_window *w, u64 bfn, unsigned int order);
// BFNs handed out by the allocator.
unsigned long handed_out();
bool is_handed_out(uint64_t bfn);

struct Stats {
    unsigned long calls, ops, flushes, failed_unmaps;
    double microseconds; // the modelled time of silicon
};
Stats stats();
constexpr double kCrossing = 0.5, kInvalidation = 1;

// An op, and its list behind it.
unsigned slots_of(const xen_iommu_op &op);

uint64_t counter(pviommu_counter which);

// Of the devices there are.
constexpr unsigned kDevices = 4;
struct DeviceCounters {
    pviommu_device_counters of[kDevices];
};
DECLARE_PER_CPU(DeviceCounters, device_counters);
unsigned long device_failures();

// Linux panics: interrupts are off, and every other CPU is stopped at its place.
void panic();
// The log of the files.
extern std::string logged;

} // namespace world
