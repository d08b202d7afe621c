// SPDX-License-Identifier: GPL-2.0-only
//
// Machine frames: owners, reference and type counts, and Xen's own allocations.
#include "world_internal.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <unordered_map>
#include <unordered_set>

unsigned long total_pages, max_page, max_pdx;
domain *dom_io;
rangeset *mmio_ro_ranges;

namespace world {

Config config;
Log log;

namespace {

page_info frame[kFrames];
uint64_t storage[kPoolNr][2][512];
std::vector<uint32_t> pool;
std::unordered_set<void *> heap, heap_pages;
// Pages of the guest with contents for Xen.
std::unordered_map<uint64_t, std::array<unsigned long, 512>> contents;
std::mutex pool_lock;

// As many vCPUs as a PV domain can have.
domain doms[3] = {
    {.domain_id = 0, .max_vcpus = 8192, .pv = true, .hardware = true}, {.domain_id = 1, .pv = true}, {.domain_id = 2}};
std::unordered_set<uint64_t> dirty;
domain io = {.domain_id = 0x7ff1};
domain xen = {.domain_id = 0x7ff2};

struct Region {
    uint64_t first, end;
    domain *owner;
    bool special;
};

const Region regions[] = {
    {0, kVga, &doms[0], false},         {kVga, kXen, &io, false},          {kXen, kRam, &xen, true},
    {kRam, kDom1, &doms[0], false},     {kDom1, kDom2, &doms[1], false},   {kDom2, kFree, &doms[2], false},
    {kFree, kXenHeap, nullptr, false},  {kXenHeap, kRmrr, &doms[0], true}, {kRmrr, kRmrrRam, &io, false},
    {kRmrrRam, kHole, &doms[0], false}, {kRam3, kPool, &doms[0], false},   {kPool, kFrames, nullptr, false},
};

void make_frames()
{
    for (page_info &pg : frame)
        pg = {.u = {{PGT_writable_page | PGT_validated}}, .leaf_of = kNone};
    for (const Region &r : regions)
        for (uint64_t mfn = r.first; mfn < r.end; mfn++) {
            frame[mfn].owner = r.owner;
            frame[mfn].base = r.owner ? 1 : 0;
            // Both kinds of special page, by turns.
            frame[mfn].count_info = frame[mfn].base | (r.special ? mfn % 2 ? PGC_extra : PGC_xen_heap : 0);
        }
    pool.clear();
    for (uint32_t i = kPoolNr; i-- > 0;)
        pool.push_back(i);
}

// A world with its host map, for another start: making a world takes a while.
struct Pristine {
    std::vector<page_info> frames;
    std::vector<uint64_t> tables;
};

size_t words_in_use()
{
    size_t last = 0;
    for (size_t i = 0; i < kPoolNr; i++)
        if (frame[kPool + i].is_table)
            last = i + 1;
    return last * 1024;
}

// Others look at them while a page changes its use.
int load(const int &base) { return __atomic_load_n(&base, __ATOMIC_SEQ_CST); }
void change(int &base, int n) { __atomic_add_fetch(&base, n, __ATOMIC_SEQ_CST); }
domain *owner_of(const page_info &pg) { return __atomic_load_n(&pg.owner, __ATOMIC_SEQ_CST); }
int count_of(unsigned long info) { return static_cast<int>(info & PGC_count_mask); }
int count(const page_info &pg) { return count_of(__atomic_load_n(&pg.count_info, __ATOMIC_SEQ_CST)); }
int add(page_info &pg, int n) { return count_of(__atomic_add_fetch(&pg.count_info, n, __ATOMIC_SEQ_CST)); }

unsigned long load_type(const page_info &pg) { return __atomic_load_n(&pg.u.inuse.type_info, __ATOMIC_SEQ_CST); }
int types(const page_info &pg) { return static_cast<int>(load_type(pg) & PGT_count_mask); }
void drop_types(page_info &pg, int n) { __atomic_sub_fetch(&pg.u.inuse.type_info, n, __ATOMIC_SEQ_CST); }

} // namespace

page_info *frames() { return frame; }

domain &dom(unsigned id) { return doms[id]; }

void reset(const Config &c)
{
    config = c;
    log = {};
    hooks = {};
    total_pages = c.memory;
    max_page = max_pdx = kFrames;
    dom_io = &io;

    for (void *p : heap)
        std::free(p);
    heap.clear();
    for (void *p : heap_pages)
        std::free(p);
    heap_pages.clear();
    contents.clear();
    dirty.clear();
    for (domain &d : doms) {
        d.dead = false;
        d.locks = 0;
        d.iommu = {};
    }
    doms[0].iommu.enabled = true;
    doms[0].iommu.platform_ops = &vtd_ops;

    xen_reset();
    device_reset();

    static Pristine kept[2][5];
    Pristine &p = kept[c.snoop][c.levels];
    if (p.frames.empty()) {
        make_frames();
        vtd_reset();
        p.frames.assign(frame, frame + kFrames);
        p.tables.assign(&storage[0][0][0], &storage[0][0][0] + words_in_use());
    } else {
        std::memcpy(frame, p.frames.data(), sizeof(frame));
        std::memcpy(storage, p.tables.data(), p.tables.size() * sizeof(uint64_t));
        pool.clear();
        for (uint32_t i = kPoolNr; i-- > 0;)
            if (!frame[kPool + i].is_table)
                pool.push_back(i);
    }
    vtd_start();
    log = {};
}

bool alloc_fails(Alloc what)
{
    if (threaded())
        return false;
    bool failed = hooks.alloc_fails && hooks.alloc_fails();
    log.allocations.push_back({what, failed});
    return failed;
}

uint64_t *table_words(const page_info *pg, unsigned view) { return storage[pg - frame - kPool][view]; }

// The table at an address, if any, and the entry.
page_info *table_of(const void *va, unsigned *index)
{
    const auto *p = static_cast<const uint64_t *>(va), *begin = &storage[0][0][0];
    if (p < begin || p >= begin + sizeof(storage) / sizeof(*p))
        return nullptr;
    const size_t at = static_cast<size_t>(p - begin);
    *index = at % 512;
    return &frame[kPool + at / 1024];
}

Truth truth(uint64_t mfn)
{
    if (mfn >= kFrames || (mfn >= kHole && mfn < kRam3))
        return {.owner = -1};
    const page_info &pg = frame[mfn];
    const domain *d = owner_of(pg);
    const int owner = count(pg) && d ? d->domain_id : -1;
    return {.valid = true,
            .ram = pg.owner != &io,
            .special = !!(__atomic_load_n(&pg.count_info, __ATOMIC_SEQ_CST) & (PGC_xen_heap | PGC_extra)),
            .page_table = load(pg.base_types) > 0,
            .writable = (load_type(pg) & PGT_type_mask) == PGT_writable_page,
            .owner = owner};
}

bool marked_dirty(uint64_t mfn) { return dirty.contains(mfn); }
int held(uint64_t mfn) { return count(frame[mfn]) - load(frame[mfn].base); }
int held_types(uint64_t mfn) { return types(frame[mfn]) - load(frame[mfn].base_types); }

bool set_page_table(uint64_t mfn, bool on)
{
    page_info &pg = frame[mfn];
    if (!on) {
        if (load(pg.base_types)) {
            change(pg.base_types, -1);
            drop_types(pg, 1);
            change(pg.base, -1);
            add(pg, -1);
        }
        return true;
    }
    if (load(pg.base_types) || !get_page_type(&pg, PGT_l1_page_table))
        return false;
    change(pg.base_types, 1);
    add(pg, 1); // before the page is the caller's: other CPUs compare the two
    change(pg.base, 1);
    return true;
}

// As put_page() or steal_page() of the last reference does, and then assign_pages().
bool give_away(uint64_t mfn, bool yes)
{
    page_info &pg = frame[mfn];
    domain *const from = &doms[yes ? 0 : 1], *const to = &doms[yes ? 1 : 0];
    unsigned long one = 1;
    if (owner_of(pg) != from || types(pg) ||
        !__atomic_compare_exchange_n(&pg.count_info, &one, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return false;
    if ((load_type(pg) & PGT_type_mask) == PGT_writable_page) {
        // Any vCPU may do anything now, and afterwards.
        shim_race();
        if (iommu_op_revoke(from, &pg)) {
            __atomic_store_n(&pg.count_info, 1, __ATOMIC_SEQ_CST);
            return false;
        }
        shim_race();
        __atomic_store_n(&pg.u.inuse.type_info, 0, __ATOMIC_SEQ_CST);
    }
    revoked(mfn);
    __atomic_store_n(&pg.owner, to, __ATOMIC_SEQ_CST);
    __atomic_store_n(&pg.count_info, 1, __ATOMIC_SEQ_CST);
    return true;
}

const unsigned long *words_of(uint64_t mfn)
{
    std::lock_guard guard(pool_lock);
    const auto it = contents.find(mfn);
    return it == contents.end() ? nullptr : it->second.data();
}

void kill_domain(unsigned id)
{
    doms[id].dead = true;
    for (page_info &pg : frame)
        if (pg.owner == &doms[id] && pg.base) {
            drop_types(pg, pg.base_types);
            add(pg, -pg.base);
            pg.base = pg.base_types = 0;
        }
}

unsigned pool_used() { return static_cast<unsigned>(kPoolNr - pool.size()); }
unsigned allocations_live() { return static_cast<unsigned>(heap.size()); }
unsigned heap_pages_live() { return static_cast<unsigned>(heap_pages.size()); }

} // namespace world

using namespace world;

bool mfn_valid(mfn_t mfn) { return truth(mfn_x(mfn)).valid; }
page_info *mfn_to_page(mfn_t mfn)
{
    // As in Xen the address alone means nothing, the frame may be anywhere.
    return reinterpret_cast<page_info *>(reinterpret_cast<uintptr_t>(frame) + mfn_x(mfn) * sizeof(page_info));
}
mfn_t page_to_mfn(const page_info *pg) { return _mfn(static_cast<unsigned long>(pg - frame)); }
domain *page_get_owner(const page_info *pg) { return owner_of(*pg); }

domain *page_get_owner_and_reference(page_info *pg)
{
    shim_race();
    unsigned long old = __atomic_load_n(&pg->count_info, __ATOMIC_SEQ_CST);
    do {
        if (((old + 2) & PGC_count_mask) <= 2)
            return nullptr;
    } while (!__atomic_compare_exchange_n(&pg->count_info, &old, old + 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    return owner_of(*pg);
}

// A reference on a page, or on its type, is gone: no map that needs the reference may be left.
static void dropped(const page_info &pg, int left, int base, bool typed)
{
    const auto mfn = static_cast<uint64_t>(&pg - frame);
    if (!typed && !threaded())
        log.puts++;
    // Threads change both numbers; a loss shows at their end.
    if (left < (threaded() ? 0 : base))
        violate("frame %lx: more %s dropped than taken", static_cast<unsigned long>(mfn),
                typed ? "types" : "references");
    if (owner_of(pg) != &io) // maps of MMIO hold nothing
        about_to_put(mfn, left - base, typed);
}

void put_page(page_info *pg)
{
    if (pg < frame || pg >= frame + kFrames)
        return violate("put_page of what is no frame");
    shim_race();
    dropped(*pg, add(*pg, -1), load(pg->base), false);
}

void shim_exchanged(const void *p, unsigned long from, unsigned long to)
{
    const auto at = reinterpret_cast<uintptr_t>(p) - reinterpret_cast<uintptr_t>(frame);
    if (at >= sizeof(frame) || to >= from)
        return;
    const page_info &pg = frame[at / sizeof(*frame)];
    if (p == &pg.count_info)
        dropped(pg, count_of(to), load(pg.base), false);
    else
        dropped(pg, types(pg), load(pg.base_types), true);
}

// As in Xen: others wait while the type changes, and find the old type after a failure.
int get_page_type(page_info *pg, unsigned long type)
{
    shim_race();
    unsigned long old = load_type(*pg), next;
    do {
        while ((old & PGT_count_mask) && !(old & PGT_validated)) {
            cpu_relax();
            old = load_type(*pg);
        }
        if ((old & PGT_count_mask) && (old & PGT_type_mask) != type)
            return 0;
        next = ((old & PGT_count_mask) + 1) | type;
        if ((old & PGT_type_mask) == type)
            next |= PGT_validated;
    } while (
        !__atomic_compare_exchange_n(&pg->u.inuse.type_info, &old, next, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    if ((old & PGT_type_mask) == PGT_writable_page && type != PGT_writable_page) {
        if (iommu_op_revoke(owner_of(*pg), pg)) {
            __atomic_store_n(&pg->u.inuse.type_info, old, __ATOMIC_SEQ_CST);
            return 0;
        }
        shim_race();
        revoked(mfn_x(page_to_mfn(pg)));
    }
    __atomic_fetch_or(&pg->u.inuse.type_info, PGT_validated, __ATOMIC_SEQ_CST);
    return 1;
}

void put_page_type(page_info *pg)
{
    if (pg < frame || pg >= frame + kFrames)
        return violate("put_page_type of what is no frame");
    shim_race();
    drop_types(*pg, 1);
    dropped(*pg, types(*pg), load(pg->base_types), true);
}

// The owner is only sure while the page is held.
void paging_mark_dirty(domain *d, mfn_t mfn)
{
    if (!d || frame[mfn_x(mfn)].owner != d || held(mfn_x(mfn)) < 1)
        return violate("frame %lx is marked dirty, but not held", mfn_x(mfn));
    std::lock_guard guard(pool_lock);
    dirty.insert(mfn_x(mfn));
}

unsigned int page_get_ram_type(mfn_t mfn)
{
    const uint64_t m = mfn_x(mfn);
    if ((m >= kVga && m < kXen) || (m >= kRmrr && m < kRmrrRam))
        return RAM_TYPE_RESERVED;
    return truth(m).valid ? RAM_TYPE_CONVENTIONAL : 0;
}

page_info *alloc_domheap_page(domain *, unsigned int) { return alloc_fails(Alloc::Shadow) ? nullptr : take_page(); }

page_info *world::take_page()
{
    std::lock_guard guard(pool_lock);
    if (pool.empty()) {
        violate("the world has no page left: give it more");
        return nullptr;
    }
    page_info *pg = &frame[kPool + pool.back()];
    pool.pop_back();
    pg->is_table = true;
    pg->leaf_of = kNone;
    pg->live = 0;
    return pg;
}

void free_domheap_page(page_info *pg)
{
    if (!pg->is_table)
        return violate("a page is freed that was not allocated");
    if (!threaded() && walk_cache_holds(pg))
        violate("a freed table is still in a walk cache");
    std::lock_guard guard(pool_lock);
    pg->is_table = false;
    // A late walk finds present entries of no known frame.
    std::memset(table_words(pg, 0), 0xdb, sizeof(storage[0]));
    pool.push_back(static_cast<uint32_t>(pg - frame - kPool));
}

void clear_domain_page(mfn_t mfn) { std::memset(table_words(&frame[mfn_x(mfn)], 0), 0, sizeof(storage[0])); }
void *__map_domain_page_global(page_info *pg)
{
    if (pg->is_table)
        return table_words(pg, 0);
    if (held(mfn_x(page_to_mfn(pg))) < 1 || held_types(mfn_x(page_to_mfn(pg))) < 1)
        violate("an accessed page is no table, nor held");
    if (alloc_fails(Alloc::Heap))
        return nullptr;
    std::lock_guard guard(pool_lock);
    return contents[mfn_x(page_to_mfn(pg))].data();
}
void unmap_domain_page_global(const void *) {}
mfn_t domain_page_map_to_mfn(const void *va)
{
    unsigned index;
    if (const page_info *pg = table_of(va, &index))
        return page_to_mfn(pg);
    std::lock_guard guard(pool_lock);
    for (const auto &[mfn, words] : contents)
        if (words.data() == va)
            return _mfn(mfn);
    violate("nothing is mapped there");
    return _mfn(0);
}

static void *zalloc(size_t size, Alloc what)
{
    if (alloc_fails(what))
        return nullptr;
    void *p = std::calloc(1, size);
    std::lock_guard guard(pool_lock);
    heap.insert(p);
    return p;
}

void *shim_zalloc(size_t size) { return zalloc(size, Alloc::Domain); }
void *shim_vzalloc(size_t size) { return zalloc(size, Alloc::Claim); }

void shim_free(void *p)
{
    std::lock_guard guard(pool_lock);
    if (p && !heap.erase(p))
        return violate("free of what was not allocated");
    std::free(p);
}

void *alloc_xenheap_page(void)
{
    if (alloc_fails(Alloc::Heap))
        return nullptr;
    void *p = std::aligned_alloc(PAGE_SIZE, PAGE_SIZE);
    std::memset(p, 0xdb, PAGE_SIZE);
    std::lock_guard guard(pool_lock);
    heap_pages.insert(p);
    return p;
}

void free_xenheap_page(void *p)
{
    std::lock_guard guard(pool_lock);
    if (!heap_pages.erase(p))
        return violate("free of a page that was not allocated");
    std::free(p);
}
