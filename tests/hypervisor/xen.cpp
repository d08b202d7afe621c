// SPDX-License-Identifier: GPL-2.0-only
//
// Xen around the hypercall: callers, locks, guest memory, preemption, boot parameters,
// and the driver that enters a continued call again.
#include "world_internal.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sched.h>
#include <set>
#include <utility>

extern "C" char __start_shim_read_mostly[], __stop_shim_read_mostly[];

bool iommu_hwdom_passthrough;

namespace world {

Hooks hooks;
bool xsm_allows, xsm_allows_foreign;

namespace {

thread_local vcpu *running;
thread_local unsigned cpu_now;
std::atomic<bool> many_threads;
thread_local bool in_race;
int rwlocks[NR_CPUS]; // held by a CPU
bool pcidevs_held;

struct Continuation {
    xen_iommu_op *ops;
    unsigned count;
};
thread_local Continuation again;
constexpr long kContinued = 0x43434343;

struct Param {
    const char *name;
    int (*parse)(const char *);
};
std::vector<Param> &params()
{
    static std::vector<Param> all;
    return all;
}

int parse(const char *name, const char *value)
{
    for (const Param &p : params())
        if (!std::strcmp(p.name, name))
            return p.parse(value);
    violate("no boot parameter %s", name);
    return 0;
}

bool runs_once(bool &flag, const std::function<void()> &hook)
{
    if (flag || !hook)
        return false;
    flag = true;
    hook();
    flag = false;
    return true;
}

} // namespace

void set_threaded(bool yes) { many_threads = yes; }
bool threaded() { return many_threads.load(std::memory_order_relaxed); }

void xen_reset()
{
    static const std::vector<char> at_boot(__start_shim_read_mostly, __stop_shim_read_mostly);
    std::memcpy(__start_shim_read_mostly, at_boot.data(), at_boot.size());
    if (parse("iommu-op", "nonsense") != -EINVAL)
        violate("a wrong boot parameter is taken");
    if (config.generic && parse("iommu-op", "generic"))
        violate("iommu-op=generic is refused");

    pci_devices() = {{PCI_SBDF(0, 0, 0x10), 0}, {PCI_SBDF(0, 2, 0x10), 0}, {PCI_SBDF(0xfedc, 0xff, 0xff), 0}};
    iommu_hwdom_passthrough = false;
    xsm_allows = xsm_allows_foreign = true;
    hardware_domid = 0;
    static const iommu_ops no_leaf_ops = {};
    if (!config.leaf_ops)
        dom(0).iommu.platform_ops = &no_leaf_ops;
}

bool pcidevs_locked() { return pcidevs_held; }

std::vector<pci_dev> &pci_devices()
{
    static std::vector<pci_dev> all;
    return all;
}

Result hypercall(unsigned cpu, domain &d, unsigned vcpu_id, xen_iommu_op *ops, unsigned count)
{
    vcpu v = {vcpu_id, &d}, *const outer = running;
    const unsigned outer_cpu = cpu_now;
    Result r = {0, 0};

    again = {ops, count};
    do {
        running = &v;
        cpu_now = cpu;
        if (hooks.part && !threaded())
            hooks.part();
        r.ret = do_iommu_op({again.ops}, again.count);
        const Continuation next = again;
        r.parts++;
        free_queued_tables();
        if (!threaded())
            device_part_done();
        if (hooks.part_end && !threaded())
            hooks.part_end(r.ret == kContinued ? next.count : r.ret);
        again = next; // others may have run
    } while (r.ret == kContinued);

    running = outer;
    cpu_now = outer_cpu;
    return r;
}

void run_on(unsigned cpu, const std::function<void()> &code)
{
    const unsigned outer = cpu_now;
    cpu_now = cpu;
    code();
    cpu_now = outer;
}

bool mmio_allowed(uint64_t mfn, bool write)
{
    return iomem_access_permitted(&dom(0), mfn, mfn) && !(write && rangeset_contains_singleton(mmio_ro_ranges, mfn));
}

// The MSI range is iommu_op's own knowledge.
bool is_reserved(uint64_t bfn)
{
    return (bfn >= kRmrr && bfn < kRmrr + 0x100) || bfn - 0xfee00 < 0x100 ||
           bfn - 0x4000000 < config.extra_reserved * 16ull;
}

} // namespace world

using namespace world;

void shim_assert_failed(const char *what, const char *file, int line)
{
    violate("%s:%d: ASSERT(%s)", file, line, what);
    std::abort();
}

// Threads give way here now and then, so that other threads get between a read and its
// compare and exchange on a host of any load.
static void give_way()
{
    thread_local uint32_t state = 1 + cpu_now * 2654435761u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    if (state % 8 == 0)
        sched_yield();
}

void shim_race(void)
{
    if (threaded())
        give_way();
    else
        runs_once(in_race, hooks.race);
}

// Alone, a CPU has nobody to wait for: the holder of a lock is below on the stack.
void cpu_relax(void)
{
    if (threaded()) {
        sched_yield();
        return;
    }
    if (hooks.relax)
        return hooks.relax();
    violate("a wait for oneself");
    std::abort();
}

// The check before is right, so nothing is clamped but on a mispredicted
// path.
unsigned long shim_index_nospec(unsigned long index, unsigned long size)
{
    if (index >= size)
        violate("index %lu of an array of %lu", index, size);
    if (!threaded())
        log.clamps.emplace_back(index, size);
    return index < size ? index : 0;
}

unsigned int smp_processor_id(void) { return cpu_now; }
vcpu *shim_current(void) { return running; }

void spin_lock(spinlock_t *l)
{
    while (__atomic_exchange_n(&l->held, 1, __ATOMIC_ACQUIRE)) {
        if (!threaded()) {
            violate("deadlock on a spinlock");
            std::abort();
        }
        sched_yield();
    }
}
void spin_unlock(spinlock_t *l)
{
    if (!__atomic_exchange_n(&l->held, 0, __ATOMIC_RELEASE))
        violate("unlock of a free spinlock");
}

void shim_read_lock(percpu_rwlock_t **slots, percpu_rwlock_t *l)
{
    percpu_rwlock_t **slot = &slots[cpu_now];
    if (__atomic_load_n(slot, __ATOMIC_RELAXED))
        violate("a CPU takes the lock for reading twice");
    for (;;) {
        __atomic_store_n(slot, l, __ATOMIC_SEQ_CST);
        if (!__atomic_load_n(&l->writer, __ATOMIC_SEQ_CST)) {
            rwlocks[cpu_now]++;
            return;
        }
        __atomic_store_n(slot, static_cast<percpu_rwlock_t *>(nullptr), __ATOMIC_SEQ_CST);
        cpu_relax();
    }
}
void shim_read_unlock(percpu_rwlock_t **slots, percpu_rwlock_t *l)
{
    if (__atomic_load_n(&slots[cpu_now], __ATOMIC_RELAXED) != l)
        violate("unlock of a rwlock that is not held");
    rwlocks[cpu_now]--;
    __atomic_store_n(&slots[cpu_now], static_cast<percpu_rwlock_t *>(nullptr), __ATOMIC_SEQ_CST);
}
void shim_write_lock(percpu_rwlock_t **slots, percpu_rwlock_t *l)
{
    if (hooks.write_lock && !threaded())
        hooks.write_lock();
    while (__atomic_exchange_n(&l->writer, 1, __ATOMIC_SEQ_CST))
        cpu_relax();
    for (unsigned i = 0; i < NR_CPUS; i++)
        while (__atomic_load_n(&slots[i], __ATOMIC_SEQ_CST) == l)
            cpu_relax();
    rwlocks[cpu_now]++;
}
void shim_write_unlock(percpu_rwlock_t **, percpu_rwlock_t *l)
{
    if (hooks.write_unlock && !threaded())
        hooks.write_unlock();
    if (!__atomic_exchange_n(&l->writer, 0, __ATOMIC_SEQ_CST))
        violate("unlock of a rwlock that is not held for writing");
    rwlocks[cpu_now]--;
}

// At times held for long by others, so nobody waits for this lock with a lock of iommu_op.
void pcidevs_lock(void)
{
    if (rwlocks[cpu_now])
        violate("the lock of PCI devices is taken inside of a domain's");
    if (std::exchange(pcidevs_held, true))
        violate("deadlock on the lock of PCI devices");
    if (hooks.write_lock)
        hooks.write_lock();
}
void pcidevs_unlock(void)
{
    if (hooks.write_unlock)
        hooks.write_unlock();
    if (!std::exchange(pcidevs_held, false))
        violate("unlock of PCI devices that are not locked");
}
pci_dev *pci_get_pdev(const domain *d, pci_sbdf_t sbdf)
{
    if (d || !pcidevs_held)
        violate("a PCI device is looked for without its lock, or of one domain");
    for (pci_dev &pdev : pci_devices())
        if (pdev.sbdf.sbdf == sbdf.sbdf)
            return &pdev;
    return nullptr;
}

domid_t hardware_domid;

domain *rcu_lock_domain(domain *d)
{
    __atomic_add_fetch(&d->locks, 1, __ATOMIC_SEQ_CST);
    return d;
}
domain *rcu_lock_domain_by_id(domid_t id) { return id < 3 && !dom(id).dead ? rcu_lock_domain(&dom(id)) : nullptr; }
void rcu_unlock_domain(domain *d) { __atomic_sub_fetch(&d->locks, 1, __ATOMIC_SEQ_CST); }

bool hypercall_preempt_check(void)
{
    device_runs();
    return !threaded() && hooks.preempt && hooks.preempt();
}
bool general_preempt_check(void)
{
    device_runs();
    return !threaded() && hooks.general_preempt && hooks.general_preempt();
}

int tb_init_done;
void trace_time(uint32_t event, unsigned int extra, const void *data)
{
    if (hooks.trace)
        hooks.trace(event, data, extra);
}

unsigned long shim_copy_from(void *to, const void *from, size_t size)
{
    if (!threaded() && hooks.copy_in_fails && hooks.copy_in_fails())
        return size;
    std::memcpy(to, from, size);
    return 0;
}
unsigned long shim_copy_to(void *to, const void *from, size_t size)
{
    if (!threaded() && hooks.copy_out_fails && hooks.copy_out_fails())
        return size;
    std::memcpy(to, from, size);
    return 0;
}

long shim_continue(unsigned int op, const char *format, xen_iommu_op_t *ops, unsigned int count)
{
    if (op != __HYPERVISOR_iommu_op || std::strcmp(format, "hi") || !count)
        violate("a wrong continuation");
    again = {ops, count};
    return kContinued;
}

void shim_param(const char *name, int (*parse_fn)(const char *)) { params().push_back({name, parse_fn}); }

int iommu_get_reserved_device_memory(iommu_grdm_t *func, void *ctxt)
{
    // For each device of a range: until the callee has had enough, or, as AMD-Vi does,
    // if the callee wants the device's ranges.
    const auto report = [&](uint64_t first, uint64_t nr) {
        for (u32 device = 0; device < 2; device++) {
            if (config.amd && !func(0, 0, device, ctxt))
                continue;
            const int rc = func(first, nr, device, ctxt);
            if (rc && !config.amd)
                return rc < 0 ? rc : 0;
        }
        return 0;
    };
    int rc = report(kRmrr, kRmrrRam - kRmrr);
    rc = rc ? rc : report(kRmrrRam, kRam2 - kRmrrRam);
    for (unsigned i = 0; !rc && i < config.extra_reserved; i++)
        rc = report(0x4000000 + i * 16, 16);
    return rc;
}

unsigned int arch_iommu_hwdom_perms(const domain *, unsigned long pfn) { return host_perms(pfn); }

bool iomem_access_permitted(const domain *d, unsigned long first, unsigned long)
{
    return d->hardware &&
           ((first >= kVga && first < kXen) || (first >= kHole && first < kMmioForbidden) || first - 0xf0000 < 0x1000);
}

// The range of read-only MMIO is fixed; the other range is of hot-added RAM.
struct rangeset {
    std::set<unsigned long> frames;
};
static rangeset added;

bool rangeset_contains_singleton(rangeset *r, unsigned long s)
{
    return r == &added ? added.frames.contains(s) : s == kMmioReadOnly || s == kReadOnlyRam;
}
rangeset *rangeset_new(domain *, const char *, unsigned int)
{
    added.frames.clear();
    return &added;
}
int rangeset_add_range(rangeset *r, unsigned long s, unsigned long e)
{
    for (; s <= e; s++)
        r->frames.insert(s);
    return 0;
}
int rangeset_remove_range(rangeset *r, unsigned long s, unsigned long e)
{
    for (; s <= e; s++)
        r->frames.erase(s);
    return 0;
}

int xsm_iommu_op(xsm_default_t action)
{
    return action == XSM_PRIV && xsm_allows && shim_current()->domain->domain_id == 0 ? 0 : -EPERM;
}
int xsm_map_gmfn_foreign(xsm_default_t action, domain *d, domain *t)
{
    return action == XSM_TARGET && xsm_allows_foreign && d != t ? 0 : -EACCES;
}

extern "C" domain *peek_domain(void);
domain *peek_domain(void) { return &dom(0); }
