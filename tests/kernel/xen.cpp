// SPDX-License-Identifier: GPL-2.0-only
//
// Xen's side of the hypercall, the pages of dom0, and the owners of BFNs. All in
// relaxed atomics: the model must not order the code under test.
#include "world.h"

extern "C" {
#include <xen/grant_table.h>

page shim_pages[SHIM_PAGES];
struct pviommu_xen pviommu_xen;
pviommu_window pviommu_high, pviommu_low;
unsigned long *xen_p2m_addr, xen_p2m_size = SHIM_PAGES;
}

namespace world {

void reset_kernel();

namespace {

constexpr std::memory_order kRelaxed = std::memory_order_relaxed;
// Of an entry. Yields: no reference. Yielded: the device has lost the page, and the BFN is in use.
constexpr uint64_t kMapped = 1, kWrite = 2, kCached = 4, kYields = 8, kYielded = 16;
constexpr unsigned kMfnShift = 5;
// Neighbours among host addresses are neighbours in the machine by twos.
constexpr uint64_t kScattered = 2;
constexpr uint64_t kMfns = kPages + 512;
// Limit of yielding maps of a frame, in Xen's look-up. Further maps are held.
constexpr unsigned kChain = 8;
constexpr uint64_t kWindowEnd = ~0ull;

// The state of a BFN in the table and the IOTLB, and its owner by the allocator.
struct Bfn {
    std::atomic<uint64_t> entry;
    std::atomic<bool> owned;
    std::atomic<bool> borrowed; // of a chunk on the way to its table
};

struct Window {
    uint64_t start = 0;
    unsigned long nr = 0;
    std::unique_ptr<Bfn[]> bfns = std::make_unique<Bfn[]>(kMaxBfns);
};
std::array<Window, 3> windows;
std::atomic<unsigned long> tables_left;
std::array<std::atomic<bool>, 3 * kMaxBfns / BFN_CHUNK_SIZE> tables;

struct Frame {
    std::atomic<int> reach;  // BFNs that lead to the frame, by table or IOTLB
    std::atomic<int> held;   // maps that hold the frame for writing
    std::atomic<bool> table; // a page table
    std::atomic<bool> left;  // not dom0's
    std::array<std::atomic<uint64_t>, kChain> chain;
};
std::array<Frame, kMfns> frames;
uint64_t next_mfn; // of new frames

// Of one claim or more: pages of bits, by BFN / XEN_IOMMUOP_WATCH_FRAMES.
std::array<std::atomic<unsigned long *>, 128> watch_pages;

// Xen's lock of the table, without any order for the code under test.
std::atomic<bool> table_lock;
class TableLock {
public:
    TableLock()
    {
        while (table_lock.exchange(true, kRelaxed))
            std::this_thread::yield();
        std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    ~TableLock()
    {
        std::atomic_signal_fence(std::memory_order_seq_cst);
        table_lock.store(false, kRelaxed);
    }
    TableLock(const TableLock &) = delete;
    TableLock &operator=(const TableLock &) = delete;
};
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

// New tables stay, also without memory for the next.
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
        frames[mfn].reach.fetch_add(n, kRelaxed);
}

unsigned long *watch_word(uint64_t bfn)
{
    unsigned long *page = watch_pages[bfn / XEN_IOMMUOP_WATCH_FRAMES].load(kRelaxed);
    return page ? page + bfn % XEN_IOMMUOP_WATCH_FRAMES / BITS_PER_LONG : nullptr;
}

// Into the frame's chain, if there is room.
bool chain_add(uint64_t mfn, uint64_t bfn)
{
    for (std::atomic<uint64_t> &at : frames[mfn].chain)
        if (!at.load(kRelaxed)) {
            at.store(bfn, kRelaxed);
            return true;
        }
    return false;
}

void chain_remove(uint64_t mfn, uint64_t bfn)
{
    for (std::atomic<uint64_t> &at : frames[mfn].chain)
        if (at.load(kRelaxed) == bfn) {
            at.store(0, kRelaxed);
            return;
        }
    violate("BFN %#lx is in no chain of frame %#lx", bfn, mfn);
}

// The frame changes its use: all maps without a reference go, and Xen tells the guest.
void yield_all(uint64_t mfn)
{
    for (std::atomic<uint64_t> &at : frames[mfn].chain) {
        const uint64_t bfn = at.exchange(0, kRelaxed);
        if (!bfn)
            continue;
        const uint64_t e = find(bfn)->entry.load(kRelaxed);
        // A BFN under unmap has no entry any more, and its flush comes early.
        find(bfn)->entry.store(e & kMapped ? (e & ~(kMapped | kCached)) | kYielded : 0, kRelaxed);
        reached_by(mfn, -1);
        if (e & kMapped)
            __atomic_fetch_or(watch_word(bfn), BIT(bfn % BITS_PER_LONG), __ATOMIC_RELAXED);
    }
}

// Behind the op. The rest of its last slot is 0.
std::vector<uint64_t> mfns_of_list(const xen_iommu_op *op, const xen_iommu_op *end)
{
    const xen_iommu_op_list &l = op->u.list;
    if (l.ctx || l.pad0 || l.pad1 || !l.nr || !(op->flags & 3) || op->flags & ~11u || op + slots_of(*op) > end)
        violate("Xen refuses a map_list op: nr %u, flags %#x", l.nr, op->flags);
    const auto *words = reinterpret_cast<const uint64_t *>(op + 1);
    for (size_t i = l.nr; i < (slots_of(*op) - 1) * XEN_IOMMUOP_LIST_MFNS; i++)
        if (words[i])
            violate("a list of %u frames has an %zuth", l.nr, i);
    return {words, words + l.nr};
}

std::vector<uint64_t> mfns_of_run(const xen_iommu_op &op)
{
    const xen_iommu_op_map &m = op.u.map;
    if (m.ctx || !m.nr || m.nr > pviommu_xen.max_frames || !(op.flags & 3) || op.flags & ~15u ||
        (op.flags & XEN_IOMMUOP_MAP_yield && (op.flags & XEN_IOMMUOP_MAP_mmio || m.domid != DOMID_SELF)))
        violate("Xen refuses a map op: nr %u, flags %#x", m.nr, op.flags);
    std::vector<uint64_t> mfns;
    for (uint32_t i = 0; i < m.nr; i++)
        mfns.push_back(m.mfn + i);
    return mfns;
}

// Is the map allowed?
int check_map(uint64_t bfn, uint16_t flags, const std::vector<uint64_t> &mfns)
{
    if (!make_tables(bfn, mfns.size()))
        return -ENOMEM;
    for (uint64_t at = bfn; at < bfn + mfns.size(); at++) {
        const Bfn *b = find(at);
        if (!b) {
            violate("a map outside of the windows: BFN %#lx", at);
            return -EINVAL;
        }
        if (b->entry.load(kRelaxed) & (kMapped | kYielded))
            return -EEXIST;
        if (b->entry.load(kRelaxed))
            violate("BFN %#lx is mapped before its last flush", at);
        if (!b->owned.load(kRelaxed) && !b->borrowed.load(kRelaxed))
            violate("BFN %#lx is mapped, and nobody's", at);
        if (flags & XEN_IOMMUOP_MAP_yield && !watch_word(at))
            violate("a map yields, and BFN %#lx has no page for its bit", at);
    }
    for (const uint64_t mfn : mfns) {
        if (mfn < kMfns && frames[mfn].left.load(kRelaxed))
            return -EPERM;
        if (mfn < kMfns && flags & XEN_IOMMUOP_MAP_write && frames[mfn].table.load(kRelaxed))
            return -EBUSY;
    }
    if (flags & XEN_IOMMUOP_MAP_yield && !pviommu_xen.yield)
        violate("a map yields, but this Xen has no such maps");
    return 0;
}

// Return: 0, 1 if a part is held, or an error.
int map(uint64_t bfn, uint16_t flags, const std::vector<uint64_t> &mfns)
{
    const TableLock lock;
    if (const int err = check_map(bfn, flags, mfns))
        return err;
    int status = 0;
    for (const uint64_t mfn : mfns) {
        uint64_t kind = flags & XEN_IOMMUOP_MAP_write ? kWrite : 0;
        if (flags & XEN_IOMMUOP_MAP_yield) {
            if (mfn >= kMfns)
                violate("a map yields, of MFN %#lx", mfn);
            else if (!frames[mfn].table.load(kRelaxed) && !(hooks.holds && hooks.holds(mfn)) && chain_add(mfn, bfn))
                kind |= kYields;
            else
                status = XEN_IOMMUOP_STATUS_held;
        }
        if (mfn < kMfns && kind == kWrite)
            frames[mfn].held.fetch_add(1, kRelaxed);
        // A device uses the map at once, so the IOTLB has the entry.
        find(bfn++)->entry.store(mfn << kMfnShift | kMapped | kCached | kind, kRelaxed);
        reached_by(mfn, 1);
    }
    return status;
}

int unmap(const xen_iommu_op &op)
{
    const TableLock lock;
    const xen_iommu_op_range &r = op.u.range;
    if (r.ctx || r.pad0 || r.pad1 || op.flags || !r.nr || r.nr > pviommu_xen.max_frames)
        violate("Xen refuses an unmap op: nr %u", r.nr);
    for (uint32_t i = 0; i < r.nr; i++) {
        const Bfn *b = find(r.bfn + i);
        if (!b) {
            violate("an unmap outside of the windows: BFN %#lx", r.bfn + i);
            return -EINVAL;
        }
        if (!(b->entry.load(kRelaxed) & (kMapped | kYielded)))
            return -ENOENT;
        if (!b->owned.load(kRelaxed) && !b->borrowed.load(kRelaxed))
            violate("BFN %#lx is unmapped while free", r.bfn + i);
    }
    for (uint32_t i = 0; i < r.nr; i++)
        find(r.bfn + i)->entry.fetch_and(~(kMapped | kYielded), kRelaxed);
    return 0;
}

// The IOTLB forgets an op's unmaps, and Xen releases their frames.
void forget(const xen_iommu_op_range &r)
{
    const TableLock lock;
    for (uint64_t bfn = r.bfn; bfn < r.bfn + r.nr; bfn++) {
        const uint64_t old = find(bfn)->entry.exchange(0, kRelaxed), mfn = old >> kMfnShift;
        if (!(old & kCached))
            continue;
        reached_by(mfn, -1);
        if (old & kYields)
            chain_remove(mfn, bfn);
        else if (old & kWrite && mfn < kMfns)
            frames[mfn].held.fetch_sub(1, kRelaxed);
    }
}

// Devices lose it, and the BFN is in use until its unmap.
int revoke(const xen_iommu_op &op)
{
    const xen_iommu_op_range &r = op.u.range;
    if (r.ctx || r.pad0 || r.pad1 || op.flags || !r.nr || r.nr > pviommu_xen.max_frames)
        violate("a revoke op that Xen refuses: nr %u", r.nr);
    for (uint64_t bfn = r.bfn; bfn < r.bfn + r.nr; bfn++) {
        Bfn *b = find(bfn);
        if (!b) {
            violate("a revoke outside of the windows: BFN %#lx", bfn);
            return -ENOENT;
        }
        if (b->entry.load(kRelaxed) & kMapped) {
            forget({.nr = 1, .bfn = bfn});
            b->entry.store(kYielded, kRelaxed);
        }
    }
    return 0;
}

int watch(const xen_iommu_op &op)
{
    const xen_iommu_op_watch &w = op.u.watch;
    if (const int status = hooks.watch ? hooks.watch(w) : 0)
        return status;
    if (w.ctx || w.pad0 || op.flags || !w.nr || w.mfn < SHIM_HOST_PFNS)
        violate("Xen refuses a watch op");
    for (uint32_t i = 0; i < w.nr; i++)
        watch_pages[w.bfn / XEN_IOMMUOP_WATCH_FRAMES + i] = reinterpret_cast<unsigned long *>(
            ((w.mfn + i) ^ kScattered) << PAGE_SHIFT); // NOLINT(performance-no-int-to-ptr)
    return 0;
}

void check_window(const bfn_window *w, uint64_t bfn, unsigned order)
{
    const auto first = static_cast<unsigned long long>(bfn);
    if (bfn & ((1ull << order) - 1))
        violate("BFN %#llx is not aligned to order %u", first, order);
    if (bfn < w->start || bfn + (1ull << order) > w->start + w->nr)
        violate("a run of order %u at BFN %#llx leaves the window", order, first);
}

template <typename Is> unsigned long count_bfns(Is is)
{
    unsigned long n = 0;
    for (const Window &w : windows)
        for (unsigned long i = 0; i < w.nr; i++)
            n += is(w.bfns[i]);
    return n;
}

unsigned long borrowed()
{
    return count_bfns([](const Bfn &b) { return b.borrowed.load(kRelaxed); });
}

void destroy(pviommu_window &w)
{
    if (!w.last)
        return;
    bfn_window_destroy(&w.bfns);
    pviommu_watch_free(&w.range.watch);
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
    if (pviommu_watch_new(&w.range.watch, start, nr))
        return bfn_window_destroy(&w.bfns);
    if (pviommu_watch_give(&w.range.watch, start, nr))
        violate("no watch pages");
    w.watch = pviommu_watch_words(&w.range.watch);
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
    windows[2].start = kStatic;
    windows[2].nr = 0;
    for (Window &w : windows)
        for (unsigned long i = 0; i < w.nr; i++) {
            w.bfns[i].entry.store(0, kRelaxed);
            w.bfns[i].owned.store(false, kRelaxed);
            w.bfns[i].borrowed.store(false, kRelaxed);
        }
    for (std::atomic<bool> &t : tables)
        t.store(false, kRelaxed);
    tables_left = ~0ul;
    for (Frame &f : frames) {
        f.reach = f.held = 0;
        f.table = f.left = false;
        for (std::atomic<uint64_t> &at : f.chain)
            at = 0;
    }
    for (std::atomic<unsigned long *> &page : watch_pages)
        page = nullptr;
    next_mfn = kPages;
    xen_p2m_addr = p2m.data();
    for (unsigned long pfn = 0; pfn < kPages; pfn++) {
        // In pieces of 16 frames, from the last to the first.
        p2m[pfn] = c.scattered ? kPages - 1 - pfn : ((kPages - 1 - pfn) & ~15ul) | (pfn & 15);
        frames[p2m[pfn]].table = c.scattered && pfn % 100 == 50;
        domids[pfn] = DOMID_SELF;
    }
    pviommu_xen = {c.max_ops,
                   c.max_frames,
                   std::min(c.max_frames, c.piece),
                   39,
                   1000,
                   kPages,
                   true,
                   static_cast<u16>(c.yield ? XEN_IOMMUOP_MAP_yield : 0)};
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
    u64 tables = kMaxBfns;
    if (c.fixed && pviommu_static_init(&tables))
        violate("no static map");
    if (pviommu_queues_init())
        violate("no queues");
    for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
        *per_cpu_ptr(&pviommu_counters, cpu) = {};
}

void end()
{
    if (started) {
        pviommu_queues_exit();
        pviommu_static_exit();
    }
    const auto in_use = static_cast<unsigned long>(bfn_in_use(&pviommu_high.bfns) + bfn_in_use(&pviommu_low.bfns));
    if (in_use != handed_out())
        violate("%lu BFNs are in use by the allocator's count, %lu are handed out", in_use, handed_out());
    if (cached() > handed_out() + borrowed())
        violate("a device reaches free BFNs");
    if (!failed_unmaps && !counter(PVIOMMU_LEAKED)) {
        if (handed_out())
            violate("%lu BFNs did not come back", handed_out());
        if (cached())
            violate("%lu BFNs are mapped at the end", cached());
        for (uint64_t mfn = 0; mfn < kMfns; mfn++)
            if (reached(mfn) || frames[mfn].held)
                violate("frame %#lx is reached at the end", mfn);
    }
    for (const pviommu_window *w : {&pviommu_high, &pviommu_low})
        if (w->last)
            for (uint64_t bfn = w->bfns.start; bfn < w->bfns.start + w->bfns.nr; bfn++)
                if (watch_bit(bfn) && !is_handed_out(bfn))
                    violate("the bit of BFN %#lx is set, but the BFN is free", bfn);
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

// The page's frame was given back before.
static void give_back(unsigned long pfn)
{
    const TableLock lock;
    yield_all(mfn_of(pfn));
}

void set_foreign(unsigned long pfn, uint16_t domid)
{
    give_back(pfn);
    p2m[pfn] |= FOREIGN_FRAME_BIT;
    domids[pfn] = domid;
}

void set_identity(unsigned long pfn)
{
    give_back(pfn);
    p2m[pfn] = pfn | IDENTITY_FRAME_BIT;
}

void make_contiguous()
{
    for (unsigned long pfn = 0; pfn < kPages; pfn++)
        p2m[pfn] = pfn;
}

void set_absent(unsigned long pfn)
{
    give_back(pfn);
    p2m[pfn] = INVALID_P2M_ENTRY;
}

void make_table(unsigned long pfn)
{
    const TableLock lock;
    Frame &f = frames[mfn_of(pfn)];
    if (f.held)
        violate("page %#lx can't become a page table, dom0 dies: a device has the page by reference", pfn);
    yield_all(mfn_of(pfn));
    if (f.chain[0])
        violate("a yielded frame still has a map");
    f.table = true;
}

void make_ordinary(unsigned long pfn) { frames[mfn_of(pfn)].table = false; }

int held(unsigned long pfn) { return frames[mfn_of(pfn)].held; }

void recycle(unsigned long pfn)
{
    make_table(pfn);
    make_ordinary(pfn);
}

void leave(unsigned long pfn)
{
    const TableLock lock;
    const uint64_t mfn = mfn_of(pfn);
    p2m[pfn] = INVALID_P2M_ENTRY;
    yield_all(mfn);
    // A reference keeps its frame for the time.
    frames[mfn].left = true;
}

void come_back(unsigned long pfn)
{
    if (next_mfn == kMfns)
        violate("no frame is left to come");
    p2m[pfn] = next_mfn++;
}

Entry entry(uint64_t bfn)
{
    const Bfn *b = find(bfn);
    const uint64_t e = b ? b->entry.load(kRelaxed) : 0;
    return {(e & kMapped) != 0, (e & kWrite) != 0,   (e & kCached) != 0,
            (e & kYields) != 0, (e & kYielded) != 0, e >> kMfnShift};
}

bool watch_bit(uint64_t bfn)
{
    const unsigned long *word = watch_word(bfn);
    return word && __atomic_load_n(word, __ATOMIC_RELAXED) >> bfn % BITS_PER_LONG & 1;
}

void set_tables_left(unsigned long n) { tables_left = n; }

bool has_table(uint64_t bfn)
{
    const std::atomic<bool> *table = table_of(bfn);
    return table && table->load(kRelaxed);
}

void plant(uint64_t bfn, uint64_t mfn)
{
    find(bfn)->entry.store(mfn << kMfnShift | kMapped | kCached | kWrite, kRelaxed);
    frames[mfn].held++;
    reached_by(mfn, 1);
}

void uproot(uint64_t bfn)
{
    const uint64_t mfn = find(bfn)->entry.exchange(0, kRelaxed) >> kMfnShift;
    reached_by(mfn, -1);
    frames[mfn].held--;
}

int reached(uint64_t mfn) { return mfn < kMfns ? frames[mfn].reach.load(kRelaxed) : 0; }

static unsigned long count_of(uint64_t bits)
{
    return count_bfns([bits](const Bfn &b) { return (b.entry.load(kRelaxed) & bits) != 0; });
}

unsigned long mapped() { return count_of(kMapped); }
unsigned long cached() { return count_of(kCached); }

unsigned long handed_out()
{
    return count_bfns([](const Bfn &b) { return b.owned.load(kRelaxed); });
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
    uint64_t sum = pviommu_counter_sum(which);
    if (which >= PVIOMMU_DEVICE_COUNTERS)
        return sum;
    for (unsigned cpu = 0; cpu < NR_CPUS; cpu++)
        for (pviommu_device_counters &c : per_cpu_ptr(&device_counters, cpu)->of)
            sum += __atomic_load_n(&c.value[which], __ATOMIC_RELAXED);
    return sum;
}

unsigned long device_failures() { return failures; }

unsigned slots_of(const xen_iommu_op &op)
{
    return op.op == XEN_IOMMUOP_map_list ? 1 + (op.u.list.nr + XEN_IOMMUOP_LIST_MFNS - 1) / XEN_IOMMUOP_LIST_MFNS : 1;
}

// A failed map changes nothing. -EIO is the exception: the map exists, and its flush failed.
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
    if (ops->op == XEN_IOMMUOP_watch) {
        ops->status = watch(*ops);
        return 0;
    }
    // The static map is made with interrupts on.
    if (!irqs_disabled() && ops->u.map.bfn < kStatic)
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
        // A run and a list have their fields at the unmap's place.
        if (irqs_disabled())
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
        } else if (op.op == XEN_IOMMUOP_revoke) {
            op.status = status ? status : revoke(op);
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

// --- between the kernel's files and the allocator

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
        if (watch_bit(b))
            violate("BFN %#llx is handed out, and its bit is set", b);
    }
    const u64 *cookie = bfn_slot(w, bfn);
    if (!cookie || *cookie)
        violate("a new run has no cookie, or a cookie in use");
    return bfn;
}

void __wrap_bfn_free(bfn_window *w, u64 bfn, unsigned int order)
{
    check_window(w, bfn, order);
    for (u64 b = bfn; b < bfn + BIT(order); b++) {
        Bfn *f = find(b);
        if (!f || !f->owned.exchange(false, kRelaxed))
            violate("BFN %#llx is freed while free", b);
        else if (f->entry.load(kRelaxed) & kCached)
            violate("BFN %#llx is freed while a device reaches it", b);
        else if (f->entry.load(kRelaxed) & kYielded)
            violate("BFN %#llx is freed before its unmap", b);
        if (watch_bit(b))
            violate("BFN %#llx is freed, and its bit is set", b);
    }
    __real_bfn_free(w, bfn, order);
}

// Of a borrowed chunk one BFN is used.
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
            violate("BFN %#llx of a borrowed chunk has an owner", b);
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

unsigned long __pfn_to_mfn(unsigned long pfn)
{
    if (pfn >= SHIM_HOST_PFNS)
        return pfn ^ kScattered;
    return pfn < kPages ? p2m[pfn] : ~0ul;
}

struct xen_page_foreign *xen_page_foreign(page *page)
{
    static thread_local struct xen_page_foreign foreign;
    foreign.domid = domids[page_to_pfn(page)];
    return foreign.domid == DOMID_SELF ? nullptr : &foreign;
}

// --- calls into the module's other files

int pviommu_range_take(pviommu_range *r, const char *, u64 nr, u64)
{
    Window &w = windows[2];
    static resource iomem;
    w.nr = nr;
    for (unsigned long i = 0; i < nr; i++) {
        w.bfns[i].entry.store(0, kRelaxed);
        w.bfns[i].owned.store(true, kRelaxed);
    }
    r->res = {kStatic << PAGE_SHIFT, ((kStatic + nr) << PAGE_SHIFT) - 1, &iomem};
    if (const int err = pviommu_watch_new(&r->watch, kStatic, nr))
        return err;
    return pviommu_watch_give(&r->watch, kStatic, nr);
}

void pviommu_range_release(pviommu_range *r)
{
    Window &w = windows[2];
    for (uint64_t bfn = kStatic; bfn < kStatic + w.nr; bfn++) {
        find(bfn)->entry.fetch_and(~(kMapped | kYielded), kRelaxed);
        forget({0, 0, 1, bfn, 0});
    }
    w.nr = 0;
    pviommu_watch_free(&r->watch);
}

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
}
