// Xen's side of the hypercall, the pages of dom0, and who may have which BFN.
// All in relaxed atomics: it must not order what the code under test does not.
#include "world.h"

extern "C" {
#include <xen/grant_table.h>

page shim_pages[SHIM_PAGES];
struct pviommu_xen pviommu_xen;
pviommu_window pviommu_high, pviommu_low;
struct pviommu_static pviommu_static;
unsigned long *xen_p2m_addr;
DEFINE_PER_CPU(struct pviommu_counters, pviommu_counters);
}

namespace world {

void reset_kernel();

std::array<bool, kPages> freed;

namespace {

constexpr std::memory_order kRelaxed = std::memory_order_relaxed;
constexpr uint64_t kMapped = 1, kWrite = 2, kCached = 4;
constexpr uint64_t kMfns = kPages + 512;
constexpr uint64_t kWindowEnd = ~0ull;

// What the table and the IOTLB say of a BFN, and whether the allocator gave it to somebody.
struct Bfn {
    std::atomic<uint64_t> entry;
    std::atomic<bool> owned;
    std::atomic<bool> borrowed; // of a chunk that is given its table
};

struct Window {
    uint64_t start = 0;
    unsigned long nr = 0;
    std::unique_ptr<Bfn[]> bfns = std::make_unique<Bfn[]>(kMaxBfns);
};
std::array<Window, 2> windows;
std::atomic<unsigned long> tables_left;
std::array<std::atomic<bool>, 2 * kMaxBfns / BFN_CHUNK_SIZE> tables;

std::array<std::atomic<int>, kMfns> reach;
std::array<unsigned long, kPages> p2m;
std::array<uint16_t, kPages> domids;
std::atomic<unsigned long> calls, ops_done, flushes, failed_unmaps, failures;
bool started;

Bfn *find(uint64_t bfn)
{
    for (Window &w : windows)
        if (bfn >= w.start && bfn - w.start < w.nr)
            return &w.bfns[bfn - w.start];
    return nullptr;
}

std::atomic<bool> *table_of(uint64_t bfn)
{
    for (size_t i = 0; i < windows.size(); i++)
        if (const Window &w = windows[i]; bfn >= w.start && bfn - w.start < w.nr)
            return &tables[(i * kMaxBfns + bfn - w.start) / BFN_CHUNK_SIZE];
    return nullptr;
}

// Those that come stay, also if there is no memory for the next.
bool make_tables(uint64_t bfn, size_t nr)
{
    for (uint64_t at = bfn & ~(BFN_CHUNK_SIZE - 1); at < bfn + nr; at += BFN_CHUNK_SIZE) {
        std::atomic<bool> *table = table_of(at < bfn ? bfn : at);
        if (!table || table->load(kRelaxed))
            continue;
        if (!tables_left.load(kRelaxed))
            return false;
        if (!table->exchange(true, kRelaxed))
            tables_left.fetch_sub(1, kRelaxed);
    }
    return true;
}

void reached_by(uint64_t mfn, int n)
{
    if (mfn < kMfns)
        reach[mfn].fetch_add(n, kRelaxed);
}

// Behind the op. What does not fill its last slot is 0.
std::vector<uint64_t> mfns_of_list(const xen_iommu_op *op, const xen_iommu_op *end)
{
    const xen_iommu_op_list &l = op->u.list;
    if (l.ctx || l.pad0 || l.pad1 || !l.nr || !(op->flags & 3) || op->flags & ~3u || op + slots_of(*op) > end)
        violate("a map_list op that Xen refuses: nr %u, flags %#x", l.nr, op->flags);
    const auto *words = reinterpret_cast<const uint64_t *>(op + 1);
    for (size_t i = l.nr; i < (slots_of(*op) - 1) * XEN_IOMMUOP_LIST_MFNS; i++)
        if (words[i])
            violate("a list of %u frames has an %zuth", l.nr, i);
    return {words, words + l.nr};
}

std::vector<uint64_t> mfns_of_run(const xen_iommu_op &op)
{
    const xen_iommu_op_map &m = op.u.map;
    if (m.ctx || !m.nr || m.nr > pviommu_xen.max_frames || !(op.flags & 3) || op.flags & ~7u)
        violate("a map op that Xen refuses: nr %u, flags %#x", m.nr, op.flags);
    std::vector<uint64_t> mfns;
    for (uint32_t i = 0; i < m.nr; i++)
        mfns.push_back(m.mfn + i);
    return mfns;
}

int map(uint64_t bfn, uint16_t flags, const std::vector<uint64_t> &mfns)
{
    if (!make_tables(bfn, mfns.size()))
        return -ENOMEM;
    for (uint64_t at = bfn; at < bfn + mfns.size(); at++) {
        Bfn *b = find(at);
        if (!b) {
            violate("a map outside of the windows: BFN %#lx", at);
            return -EINVAL;
        }
        if (b->entry.load(kRelaxed) & kMapped)
            return -EEXIST;
        if (b->entry.load(kRelaxed))
            violate("BFN %#lx is mapped before its last flush", at);
        if (!b->owned.load(kRelaxed) && !b->borrowed.load(kRelaxed))
            violate("BFN %#lx is mapped, and nobody's", at);
    }
    for (const uint64_t mfn : mfns) {
        // A device uses it at once, so the IOTLB has it.
        const uint64_t write = flags & XEN_IOMMUOP_MAP_write ? kWrite : 0;
        find(bfn++)->entry.store(mfn << 4 | kMapped | kCached | write, kRelaxed);
        reached_by(mfn, 1);
    }
    return 0;
}

int unmap(const xen_iommu_op &op)
{
    const xen_iommu_op_range &r = op.u.range;
    if (r.ctx || r.pad0 || r.pad1 || op.flags || !r.nr || r.nr > pviommu_xen.max_frames)
        violate("an unmap op that Xen refuses: nr %u", r.nr);
    for (uint32_t i = 0; i < r.nr; i++) {
        const Bfn *b = find(r.bfn + i);
        if (!b) {
            violate("an unmap outside of the windows: BFN %#lx", r.bfn + i);
            return -EINVAL;
        }
        if (!(b->entry.load(kRelaxed) & kMapped))
            return -ENOENT;
        if (!b->owned.load(kRelaxed) && !b->borrowed.load(kRelaxed))
            violate("BFN %#lx is unmapped when it is free already", r.bfn + i);
    }
    for (uint32_t i = 0; i < r.nr; i++)
        find(r.bfn + i)->entry.fetch_and(~kMapped, kRelaxed);
    return 0;
}

// The IOTLB forgets what an op unmapped.
void forget(const xen_iommu_op_range &r)
{
    for (uint32_t i = 0; i < r.nr; i++) {
        const uint64_t old = find(r.bfn + i)->entry.exchange(0, kRelaxed);
        reached_by(old >> 4, -1);
    }
}

void check_window(const bfn_window *w, uint64_t bfn, unsigned order)
{
    const auto first = static_cast<unsigned long long>(bfn);
    if (bfn & ((1ull << order) - 1))
        violate("BFN %#llx is not aligned to order %u", first, order);
    if (bfn < w->start || bfn + (1ull << order) > w->start + w->nr)
        violate("a run of order %u at BFN %#llx leaves the window", order, first);
}

unsigned long borrowed()
{
    unsigned long n = 0;
    for (const Window &w : windows)
        for (unsigned long i = 0; i < w.nr; i++)
            n += w.bfns[i].borrowed.load(kRelaxed);
    return n;
}

void destroy(pviommu_window &w)
{
    if (!w.last)
        return;
    bfn_window_destroy(&w.bfns);
    w.last = 0;
    w.start = kWindowEnd;
}

void make(pviommu_window &w, uint64_t start, unsigned long nr)
{
    w = {};
    w.start = kWindowEnd;
    if (!nr)
        return;
    if (bfn_window_init(&w.bfns, start, nr))
        return;
    w.start = start << PAGE_SHIFT;
    w.last = ((start + nr) << PAGE_SHIFT) - 1;
}

} // namespace

void reset(const Config &c)
{
    hooks = {};
    reset_kernel();
    windows[0].start = kLow;
    windows[0].nr = c.low;
    windows[1].start = kHigh;
    windows[1].nr = c.high;
    for (Window &w : windows)
        for (unsigned long i = 0; i < w.nr; i++) {
            w.bfns[i].entry.store(0, kRelaxed);
            w.bfns[i].owned.store(false, kRelaxed);
            w.bfns[i].borrowed.store(false, kRelaxed);
        }
    for (std::atomic<bool> &t : tables)
        t.store(false, kRelaxed);
    tables_left = ~0ul;
    for (std::atomic<int> &r : reach)
        r = 0;
    for (unsigned long pfn = 0; pfn < kPages; pfn++) {
        shim_pages[pfn] = {1, &shim_pages[pfn], 1, false};
        // In pieces of 16 frames, from the last to the first.
        p2m[pfn] = ((kPages - 1 - pfn) & ~15ul) | (pfn & 15);
        domids[pfn] = DOMID_SELF;
        freed[pfn] = false;
    }
    pviommu_xen = {c.max_ops, c.max_frames, std::min(c.max_frames, c.piece), 39, 1000, kPages, true};
    pviommu_static = {};
    pviommu_static.start = kWindowEnd;
    calls = ops_done = flushes = failed_unmaps = failures = 0;
    pviommu_high = pviommu_low = {};
    pviommu_high.start = pviommu_low.start = kWindowEnd;
    started = c.start;
    if (!started)
        return;
    if (pviommu_batches_init())
        violate("no batches");
    make(pviommu_low, kLow, c.low);
    make(pviommu_high, kHigh, c.high);
    if (pviommu_queues_init())
        violate("no queues");
}

void end()
{
    if (started)
        pviommu_queues_exit();
    const auto in_use = static_cast<unsigned long>(bfn_in_use(&pviommu_high.bfns) + bfn_in_use(&pviommu_low.bfns));
    if (in_use != handed_out())
        violate("%lu BFNs are in use by the allocator's count, %lu are handed out", in_use, handed_out());
    if (cached() > handed_out() + borrowed())
        violate("a device reaches BFNs that are free");
    if (!failed_unmaps && !counter(PVIOMMU_LEAKED)) {
        if (handed_out())
            violate("%lu BFNs did not come back", handed_out());
        if (cached())
            violate("%lu BFNs are mapped at the end", cached());
        for (unsigned long pfn = 0; pfn < kPages; pfn++)
            if (shim_pages[pfn].head == &shim_pages[pfn] && references(pfn) != !freed[pfn])
                violate("page %#lx has %d references at the end", pfn, references(pfn));
    }
    destroy(pviommu_high);
    destroy(pviommu_low);
    if (started)
        pviommu_batches_exit();
    started = false;
    grace_period();
    if (allocations())
        violate("%lu allocations are lost", allocations());
}

uint64_t mfn_of(unsigned long pfn) { return p2m[pfn] & ~(FOREIGN_FRAME_BIT | IDENTITY_FRAME_BIT); }

void set_max_frames(unsigned n)
{
    pviommu_xen.max_frames = n;
    pviommu_xen.piece = std::min(pviommu_xen.piece, n);
}

void set_foreign(unsigned long pfn, uint16_t domid)
{
    p2m[pfn] |= FOREIGN_FRAME_BIT;
    domids[pfn] = domid;
}

void set_identity(unsigned long pfn) { p2m[pfn] = pfn | IDENTITY_FRAME_BIT; }
void make_contiguous()
{
    for (unsigned long pfn = 0; pfn < kPages; pfn++)
        p2m[pfn] = pfn;
}

void set_absent(unsigned long pfn) { p2m[pfn] = INVALID_P2M_ENTRY; }

void make_compound(unsigned long pfn, unsigned nr)
{
    for (unsigned i = 0; i < nr; i++)
        shim_pages[pfn + i].head = &shim_pages[pfn];
    shim_pages[pfn].nr = nr;
}

int references(unsigned long pfn) { return __atomic_load_n(&shim_pages[pfn].head->count, __ATOMIC_RELAXED); }
void get_reference(unsigned long pfn) { __atomic_fetch_add(&shim_pages[pfn].head->count, 1, __ATOMIC_RELAXED); }

Entry entry(uint64_t bfn)
{
    const Bfn *b = find(bfn);
    const uint64_t e = b ? b->entry.load(kRelaxed) : 0;
    return {(e & kMapped) != 0, (e & kWrite) != 0, (e & kCached) != 0, e >> 4};
}

void set_tables_left(unsigned long n) { tables_left = n; }

bool has_table(uint64_t bfn)
{
    const std::atomic<bool> *table = table_of(bfn);
    return table && table->load(kRelaxed);
}

void plant(uint64_t bfn, uint64_t mfn)
{
    find(bfn)->entry.store(mfn << 4 | kMapped | kCached | kWrite, kRelaxed);
    reached_by(mfn, 1);
}

void uproot(uint64_t bfn) { reached_by(find(bfn)->entry.exchange(0, kRelaxed) >> 4, -1); }

int reached(uint64_t mfn) { return mfn < kMfns ? reach[mfn].load(kRelaxed) : 0; }

static unsigned long count_of(uint64_t bits)
{
    unsigned long n = 0;
    for (const Window &w : windows)
        for (unsigned long i = 0; i < w.nr; i++)
            n += (w.bfns[i].entry.load(kRelaxed) & bits) != 0;
    return n;
}

unsigned long mapped() { return count_of(kMapped); }
unsigned long cached() { return count_of(kCached); }

unsigned long handed_out()
{
    unsigned long n = 0;
    for (const Window &w : windows)
        for (unsigned long i = 0; i < w.nr; i++)
            n += w.bfns[i].owned.load(kRelaxed);
    return n;
}

bool is_handed_out(uint64_t bfn)
{
    const Bfn *b = find(bfn);
    return b && b->owned.load(kRelaxed);
}

Stats stats()
{
    return {calls, ops_done, flushes, failed_unmaps,
            static_cast<double>(calls) * kCrossing + static_cast<double>(flushes) * kInvalidation};
}

DEFINE_PER_CPU(DeviceCounters, device_counters);

uint64_t counter(pviommu_counter which)
{
    uint64_t sum = 0;
    for (unsigned cpu = 0; cpu < NR_CPUS; cpu++) {
        sum += __atomic_load_n(&per_cpu_ptr(&pviommu_counters, cpu)->value[which], __ATOMIC_RELAXED);
        if (which >= PVIOMMU_DEVICE_COUNTERS)
            continue;
        for (pviommu_device_counters &c : per_cpu_ptr(&device_counters, cpu)->of)
            sum += __atomic_load_n(&c.value[which], __ATOMIC_RELAXED);
    }
    return sum;
}

unsigned long device_failures() { return failures; }

unsigned slots_of(const xen_iommu_op &op)
{
    return op.op == XEN_IOMMUOP_map_list ? 1 + (op.u.list.nr + XEN_IOMMUOP_LIST_MFNS - 1) / XEN_IOMMUOP_LIST_MFNS : 1;
}

// A map that fails changes nothing; but by -EIO it is mapped, and its flush failed.
static int answer(int wanted, const std::function<int()> &map)
{
    if (wanted && wanted != -EIO)
        return wanted;
    const int status = map();
    return status ? status : wanted;
}

} // namespace world

using namespace world;

extern "C" {

long shim_iommu_op(xen_iommu_op *ops, unsigned int count)
{
    if (ops->op == XEN_IOMMUOP_drop_host_map || ops->op == XEN_IOMMUOP_restore_host_map) {
        ops->status = hooks.host_map ? hooks.host_map(ops->op) : 0;
        return 0;
    }
    if (!irqs_disabled())
        violate("a batch leaves with interrupts on");
    if (!count || count > pviommu_xen.max_ops)
        violate("a call with %u slots", count);
    if (reinterpret_cast<uintptr_t>(ops) % PAGE_SIZE + count * sizeof(*ops) > PAGE_SIZE)
        violate("the ops of a call cross a page");
    calls++;
    const Call fate = hooks.call_fails && !threaded() ? hooks.call_fails() : Call::Works;
    if (fate == Call::FailsBefore)
        return -EFAULT;
    std::vector<xen_iommu_op_range> unmapped;
    for (xen_iommu_op *at = ops, *end = ops + count; at < end; at += slots_of(*at)) {
        xen_iommu_op &op = *at;
        int status = hooks.op_fails ? hooks.op_fails(op) : 0;
        ops_done++;
        // A run and a list have it where an unmap has it.
        add_irqs_off_frames(op.u.range.nr);
        if (op.op == XEN_IOMMUOP_map) {
            op.status = answer(status, [&] { return map(op.u.map.bfn, op.flags, mfns_of_run(op)); });
        } else if (op.op == XEN_IOMMUOP_map_list) {
            op.status = answer(status, [&] { return map(op.u.list.bfn, op.flags, mfns_of_list(at, end)); });
        } else if (op.op == XEN_IOMMUOP_unmap) {
            // Its flush fails: the table forgets, the IOTLB does not.
            const int err = unmap(op);
            if (!err && !status)
                unmapped.push_back(op.u.range);
            failed_unmaps += !err && status;
            op.status = err ? err : status;
        } else {
            violate("op %u in a batch", op.op);
        }
    }
    if (hooks.at_flush && !threaded())
        hooks.at_flush();
    if (!unmapped.empty())
        flushes++;
    for (const xen_iommu_op_range &r : unmapped)
        forget(r);
    if (hooks.called && !threaded())
        hooks.called(ops, count);
    return fate == Call::FailsAfter ? -EFAULT : 0;
}

// --- what is between the kernel's files and the allocator

u64 __wrap_bfn_alloc(bfn_window *w, unsigned int order);
void __wrap_bfn_free(bfn_window *w, u64 bfn, unsigned int order);

u64 __wrap_bfn_alloc(bfn_window *w, unsigned int order)
{
    const u64 bfn = __real_bfn_alloc(w, order);
    if (bfn == BFN_NONE)
        return bfn;
    check_window(w, bfn, order);
    for (u64 b = bfn; b < bfn + BIT(order); b++) {
        Bfn *f = find(b);
        if (!f) {
            violate("BFN %#llx is in no window", b);
            continue;
        }
        if (f->owned.exchange(true, kRelaxed) || f->borrowed.load(kRelaxed))
            violate("BFN %#llx is handed out twice", b);
        if (f->entry.load(kRelaxed) & kCached && !hooks.op_fails)
            violate("BFN %#llx is handed out while a device reaches it", b);
    }
    const u64 *cookie = bfn_cookie(w, bfn);
    if (!cookie || *cookie)
        violate("a new run has no cookie, or one that is in use");
    return bfn;
}

void __wrap_bfn_free(bfn_window *w, u64 bfn, unsigned int order)
{
    check_window(w, bfn, order);
    for (u64 b = bfn; b < bfn + BIT(order); b++) {
        Bfn *f = find(b);
        if (!f || !f->owned.exchange(false, kRelaxed))
            violate("BFN %#llx is freed that is free", b);
        else if (f->entry.load(kRelaxed) & kCached)
            violate("BFN %#llx is freed while a device reaches it", b);
    }
    __real_bfn_free(w, bfn, order);
}

// Of a chunk that is borrowed one BFN is used.
u64 __real_bfn_table_borrow(bfn_window *w);
void __real_bfn_table_return(bfn_window *w, u64 bfn, bool has);
u64 __wrap_bfn_table_borrow(bfn_window *w);
void __wrap_bfn_table_return(bfn_window *w, u64 bfn, bool has);

u64 __wrap_bfn_table_borrow(bfn_window *w)
{
    const u64 bfn = __real_bfn_table_borrow(w);
    if (bfn == BFN_NONE)
        return bfn;
    check_window(w, bfn, BFN_CHUNK_ORDER);
    for (u64 b = bfn; b < bfn + BFN_CHUNK_SIZE; b++)
        if (find(b)->owned.load(kRelaxed))
            violate("BFN %#llx of a chunk that is borrowed is somebody's", b);
    find(bfn)->borrowed.store(true, kRelaxed);
    return bfn;
}

void __wrap_bfn_table_return(bfn_window *w, u64 bfn, bool has)
{
    if (find(bfn)->entry.load(kRelaxed) & kCached)
        violate("BFN %#llx is given back while a device reaches it", bfn);
    if (!find(bfn)->borrowed.exchange(false, kRelaxed))
        violate("BFN %#llx was not borrowed", bfn);
    __real_bfn_table_return(w, bfn, has);
}

// --- pages

bool get_page_unless_zero(page *p)
{
    int count = __atomic_load_n(&p->count, __ATOMIC_RELAXED);
    while (count)
        if (__atomic_compare_exchange_n(&p->count, &count, count + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
            return true;
    return false;
}

void put_page(page *p)
{
    p = p->head;
    const int left = __atomic_sub_fetch(&p->count, 1, __ATOMIC_ACQ_REL);
    if (left < 0)
        violate("page %#lx has less than no references", page_to_pfn(p));
    if (left)
        return;
    // It is Linux' now, who may make a page table of it.
    for (unsigned long pfn = page_to_pfn(p); pfn < page_to_pfn(p) + p->nr; pfn++)
        if (reached(mfn_of(pfn)) > 0)
            violate("page %#lx is freed while a device reaches it", pfn);
}

unsigned long __pfn_to_mfn(unsigned long pfn) { return pfn < kPages ? p2m[pfn] : ~0ul; }

struct xen_page_foreign *xen_page_foreign(page *page)
{
    static thread_local struct xen_page_foreign foreign;
    foreign.domid = domids[page_to_pfn(page)];
    return foreign.domid == DOMID_SELF ? nullptr : &foreign;
}

// --- what the other files of the module would do

dma_addr_t pviommu_map_traced(pviommu_device *, phys_addr_t, size_t, u64, u16, unsigned long) { return 0; }
int pviommu_unmap_traced(pviommu_device *, dma_addr_t) { return 0; }
long pviommu_hypercall_traced(xen_iommu_op *ops, unsigned int slots) { return shim_iommu_op(ops, slots); }
void pviommu_device_failed(pviommu_device *, int) { failures++; }
void pviommu_device_narrow(pviommu_device *, u64) {}
void pviommu_device_starved(pviommu_device *) { shim_log("starved\n"); }
bool pviommu_device_decide(pviommu_device *) { return true; }
device *pviommu_devices_find_base()
{
    static device dev;
    return hooks.needs_base && hooks.needs_base() ? &dev : nullptr;
}
u64 pviommu_counter_sum(pviommu_counter which) { return counter(which); }
}
