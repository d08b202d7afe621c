// SPDX-License-Identifier: GPL-2.0-only
//
// The simulated host for the hypervisor's files: frames and their owners, a VT-d-like
// table, an IOTLB with a real cache, guests' memory, and injected faults. The world knows
// nothing of iommu_op but its entry point.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <utility>
#include <vector>

#include "violation.h"

extern "C" {
#include <asm/paging.h>
#include <xen/domain_page.h>
#include <xen/guest_access.h>
#include <xen/hypercall.h>
#include <xen/iocap.h>
#include <xen/mm.h>
#include <xen/nospec.h>
#include <xen/param.h>
#include <xen/pci.h>
#include <xen/percpu.h>
#include <xen/rangeset.h>
#include <xen/rwlock.h>
#include <xen/sched.h>
#include <xen/spinlock.h>
#include <xen/trace.h>
#include <xen/vmap.h>
#include <xsm/xsm.h>

// Of headers with macros that C++ must not see.
void shim_race(void);
void cpu_relax(void);
void shim_exchanged(const void *p, unsigned long from, unsigned long to);
void shim_assert_failed(const char *what, const char *file, int line) __attribute__((noreturn));
}

namespace world {

constexpr uint64_t kNone = ~0ull;

// The layout: 48 MiB, six pieces of the host map's 2048 frames.
constexpr uint64_t kFrames = 0x3000;
constexpr uint64_t kVga = 0xa0, kXen = 0x100, kRam = 0x200, kReadOnlyRam = 0xf00, kDom1 = 0x1000, kDom2 = 0x1200,
                   kFree = 0x1400, kXenHeap = 0x1480, kRmrr = 0x1500, kRmrrRam = 0x1580, kRam2 = 0x1600, kHole = 0x1800,
                   kMmioReadOnly = 0x1a00, kMmioForbidden = 0x1c00, kRam3 = 0x2000, kPool = 0x2800;
constexpr uint64_t kPoolNr = kFrames - kPool;
constexpr uint64_t kHt = 0xfd00000, kHtNr = 0x300000; // BFNs of AMD's HyperTransport

struct Config {
    bool generic = false;           // iommu-op=generic
    bool amd = std::getenv("AMD");  // AMD-Vi's format of entries, not VT-d's
    bool caching_mode = false;      // the IOMMU caches absent entries
    bool snoop = false;             // SNP in each leaf entry
    bool leaf_ops = true;           // the driver has leaf_info
    unsigned levels = 3;            // 39 or 48 bits
    unsigned long memory = kFrames; // total_pages, the bound of the leaf tables
    unsigned extra_reserved = 0;    // ranges beyond the two in RAM
};

struct Flush {
    bool all; // the whole domain, as asked or by the hardware's limits
    uint64_t first, nr;
    unsigned flags;
    bool failed, by_driver; // by the generic code itself
};

// All are optional.
struct Hooks {
    std::function<bool()> preempt;         // between two ops
    std::function<bool()> general_preempt; // inside a control op
    std::function<void()> part;            // a hypercall is entered, or entered again
    std::function<void(long)> part_end;    // with the part's result, or the number of ops left
    std::function<void()> before_flush;
    std::function<void(const Flush &)> flushed;
    std::function<void()> write_lock, write_unlock; // of the domain, or of the PCI devices
    std::function<void()> race;                     // right before a compare and exchange
    std::function<void()> relax;                    // somebody else is waited for
    std::function<bool()> alloc_fails;
    std::function<bool()> flush_fails;
    std::function<bool()> copy_in_fails, copy_out_fails;
    std::function<void(uint32_t event, const void *data, unsigned bytes)> trace; // while tb_init_done
};

// Domain: for the domain's state, or that of one of its vCPUs.
enum class Alloc { Domain, Claim, Leaf, Shadow, Table, Heap };

struct Allocation {
    Alloc what;
    bool failed;
};

// array_index_nospec(): a CPU that mispredicts the check also stays in the array.
using Clamp = std::pair<uint64_t, uint64_t>; // index, size

// Events since the test last cleared the record.
struct Log {
    std::vector<Allocation> allocations;
    bool generic_map_failed = false, generic_unmap_failed = false;
    unsigned long puts = 0; // references dropped
    std::vector<Clamp> clamps;
};

extern Hooks hooks;
extern Log log;
extern Config config;

void reset(const Config &c);
// Several threads use this world: no device, no log, no hooks.
void set_threaded(bool on);
bool threaded();

// Domains 0 (the hardware domain), 1 and 2.
domain &dom(unsigned id);
void kill_domain(unsigned id);

struct Result {
    long ret;
    unsigned parts;
};
// The hypercall, by vCPU `vcpu_id` of `d` on CPU `cpu`, with its continuations.
Result hypercall(unsigned cpu, domain &d, unsigned vcpu_id, xen_iommu_op *ops, unsigned count);
extern bool xsm_allows, xsm_allows_foreign;
// Xen's own code, on that CPU.
void run_on(unsigned cpu, const std::function<void()> &code);

// Facts of a frame, whatever iommu_op does.
struct Truth {
    bool valid, ram, special, page_table, writable;
    int owner; // domid, or -1
};
Truth truth(uint64_t mfn);
bool mmio_allowed(uint64_t mfn, bool write);
// The guest turns its page into a page table, or back. Fails while the page is writable by type.
bool set_page_table(uint64_t mfn, bool on);
// The guest's page becomes domain 1's, or comes back. Fails while a reference holds the page.
bool give_away(uint64_t mfn, bool yes);
// A page table, or another domain's page: no map that yields may lead there.
void revoked(uint64_t mfn);
// The 512 words of a page from the guest; NULL if Xen never looked.
const unsigned long *words_of(uint64_t mfn);
page_info *frames();
bool marked_dirty(uint64_t mfn);
int held(uint64_t mfn);
int held_types(uint64_t mfn);
unsigned pool_used();
unsigned tables_kept();      // as the flush for them failed
unsigned allocations_live(); // Xen heap pages aside
unsigned heap_pages_live();

// The table, as a device would walk the table now.
struct Translation {
    bool present, write, read;
    uint64_t mfn;
    unsigned order;
    bool operator==(const Translation &) const = default;
};
Translation walk(uint64_t bfn);
// Does memory hold what the CPU's caches hold? (An IOMMU may not snoop.)
bool in_memory(uint64_t bfn);

// The device: every watched BFN is used at each chance.
void watch(uint64_t bfn);
const std::vector<uint64_t> &watched();
void device_runs();
// BFNs of the IOTLB, with their translations; an absent translation is cached as such.
struct Cached {
    uint64_t bfn;
    Translation to;
};
std::vector<Cached> iotlb();
// Does a device with the BFN reach the frame?
bool device_finds(uint64_t bfn, uint64_t mfn);
// Could a device reach the frame through this BFN, by table or cache?
bool reaches(uint64_t bfn, uint64_t mfn, bool write);

// The PCI devices known to Xen; `why` of each can be set.
std::vector<pci_dev> &pci_devices();

// The access to a frame by a standing host map: IOMMUF_*.
unsigned host_perms(uint64_t mfn);
bool is_reserved(uint64_t bfn);

} // namespace world

// iommu_op's state of a BFN: its entry's word, by way of its own headers.
extern "C" {
uint64_t peek_entry(uint64_t bfn);
int peek_leaf(uint64_t bfn, int *used); // does the BFN have a table?
int peek_is_mapped(uint64_t word), peek_yields(uint64_t word), peek_has_yielded(uint64_t word);
unsigned int peek_heap_pages(void);  // for the look-up from frames to maps,
unsigned int peek_allocations(void); // and beside those pages
unsigned int peek_tables(void);      // leaf tables that count
unsigned int peek_batches(void);     // vCPUs with a state
int peek_is_pending(uint64_t word, unsigned int *tag);
uint64_t peek_mfn(uint64_t word);
}
