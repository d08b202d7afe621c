/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Xen's queue of invalidations, and the flush of leaf tables, on a unit with the
 * queue's registers alone.
 */
#include "vtd.h"
#include "qinval.c"
#include "leaf_flush.c"

/*
 * The unit. It takes a descriptor whenever a CPU waits, and never by itself, so the
 * queue gets as full as possible.
 */
static struct unit {
    _Alignas(PAGE_SIZE) uint8_t regs[PAGE_SIZE];
    struct qinval_entry *ring;
    unsigned int head, tail, size;
    bool on;
    unsigned int most;              /* highest number of queued entries */
    unsigned long done;             /* IOTLB invalidations */
    struct qinval_entry last;       /* of them */
} unit;

static unsigned int pending(void)
{
    return (unit.tail - unit.head) % unit.size;
}

static bool unit_works(void)
{
    struct qinval_entry *e = &unit.ring[unit.head];

    if ( !unit.on || !pending() )
        return false;
    unit.head = (unit.head + 1) % unit.size;

    switch ( e->q.inv_wait_dsc.lo.type )
    {
    case TYPE_INVAL_IOTLB:
        unit.done++;
        unit.last = *e;
        break;

    case TYPE_INVAL_WAIT:
        *(volatile uint32_t *)e->q.inv_wait_dsc.hi.saddr =
            e->q.inv_wait_dsc.lo.sdata;
        break;

    case TYPE_INVAL_IEC:
        break;

    default:
        fail("a descriptor of no known type");
    }
    /* A second take of an entry finds no type. */
    *e = (struct qinval_entry){};

    return true;
}

uint64_t unit_read(const void *reg)
{
    switch ( (const uint8_t *)reg - unit.regs )
    {
    case DMAR_GSTS_REG:
        return unit.on ? DMA_GSTS_QIES : 0;

    case DMAR_IQH_REG:
        return unit.head * sizeof(*unit.ring);

    case DMAR_IQT_REG:
        return unit.tail * sizeof(*unit.ring);
    }

    return 0;
}

static void new_tail(unsigned int tail)
{
    unsigned int added = (tail - unit.tail) % unit.size;

    /* A full queue would look like an empty queue. */
    if ( pending() + added >= unit.size )
        fail("the queue runs over");
    unit.tail = tail;
    if ( pending() > unit.most )
        unit.most = pending();
}

void unit_write(uint64_t val, void *reg)
{
    switch ( (uint8_t *)reg - unit.regs )
    {
    case DMAR_GCMD_REG:
        unit.on = val & DMA_GCMD_QIE;
        break;

    case DMAR_IQA_REG:
        unit.ring = (void *)(val & PAGE_MASK);
        unit.size = (PAGE_SIZE << (val & 7)) / sizeof(*unit.ring);
        unit.head = unit.tail = 0;
        break;

    case DMAR_IQT_REG:
        new_tail(val / sizeof(*unit.ring));
        break;
    }
}

/* While a CPU waits, without the lock, the next CPU calls. */
static void (*next_calls)(void), (*last_call)(void);
static unsigned int calls_left;

void cpu_relax(void)
{
    static unsigned int idle;

    if ( calls_left && !lock_is_held )
    {
        unsigned int me = cpu++;

        (--calls_left ? next_calls : last_call)();
        cpu = me;
    }
    idle = unit_works() ? 0 : idle + 1;
    if ( idle > 1000 )
        fail("a CPU waits for ever");
}

static struct vtd_iommu iommu;
static unsigned long asked, by_all_units;

/* Each invalidation is of a domain and an address of its own. */
static u16 did(void)
{
    return asked % 0xffff;
}

static u64 addr(void)
{
    return asked * 8 * PAGE_SIZE;
}

static void by_driver(void)
{
    asked++;
    if ( iommu.flush.iotlb(&iommu, did(), addr(), 3, DMA_TLB_PSI_FLUSH, false
                           DEV_IOTLB(false)) )
        fail("the driver's flush works");
}

static void by_leaf(void)
{
    asked++;
    if ( qinval_iotlb_sync(&iommu, did(), addr(), 3) )
        fail("a leaf's flush works");
}

static void of_interrupts(void)
{
    if ( iommu_flush_iec_global(&iommu) )
        fail("the flush of interrupts works");
}

static int flush_all_units(struct domain *d, dfn_t dfn, unsigned long nr,
                           unsigned int flags)
{
    by_all_units++;

    return 0;
}

static const struct iommu_ops ops = { .iotlb_flush = flush_all_units };

/* Page-selective invalidations, of up to 2^9 pages. */
#define PAGE_SELECTIVE (1ULL << 39)
#define CAPS (PAGE_SELECTIVE | (9ULL << 48))
#define DRAINS (3ULL << 54)

/* A unit with these capabilities, and with its queue. */
static void start(uint64_t cap)
{
    unit = (struct unit){};
    iommu = (struct vtd_iommu){
        .reg = unit.regs, .cap = cap, .ecap = 2, .drhd = drhd_units,
    };
    drhd_units[0].iommu = &iommu;
    nr_drhd_units = 1;
    asked = by_all_units = 0;
    if ( enable_qinval(&iommu) )
        fail("the queue can be enabled");
}

static void same_descriptor(uint64_t cap, const char *name)
{
    struct qinval_entry want;

    start(cap);
    by_driver();
    want = unit.last;
    asked--;
    by_leaf();
    ok(unit.done == 2 && !memcmp(&want, &unit.last, sizeof(want)) &&
       want.q.iotlb_inv_dsc.lo.did == did() &&
       want.q.iotlb_inv_dsc.hi.am == 3, name);
}

/*
 * 127 waiting calls, each with two entries, leave one free. Then comes another
 * call, at any place of the queue.
 */
static void full_queue(void (*others)(void), void (*last)(void), const char *name)
{
    unsigned int offset, i;

    start(CAPS);
    for ( offset = 0; offset < unit.size; offset++ )
    {
        by_leaf();
        for ( i = 0; i < offset; i++ )
            by_driver();

        unit.most = 0;
        next_calls = others;
        last_call = last;
        calls_left = 127;
        others();
        if ( unit.most < unit.size - 2 )
            fail("the queue fills up");
    }
    ok(unit.done == asked && !pending(), name);
}

static void leaf_flush(unsigned int order)
{
    if ( intel_iommu_leaf_flush(&dom, (dfn_t){ 0x400 }, order) )
        fail("leaf_flush works");
}

static void disabled(void)
{
    start(CAPS);
    by_leaf();
    leaf_flush(3);
    ok(unit.done == 2 && !by_all_units, "leaf_flush is one descriptor and its wait");
    leaf_flush(10);
    ok(unit.done == 2 && by_all_units == 1, "more than the unit can do is the driver's ordinary flush");

    disable_qinval(&iommu);
    leaf_flush(3);
    ok(by_all_units == 2, "a disabled queue: everything by all units");
    if ( enable_qinval(&iommu) )
        fail("the queue can be enabled again");
    by_leaf();
    leaf_flush(3);
    ok(unit.done == 4 && by_all_units == 2, "enabled again, the queue starts anew");

    disable_qinval(&iommu);
    iommu.ecap = 0;
    if ( !enable_qinval(&iommu) )
        fail("a unit without a queue is told of");
    leaf_flush(3);
    ok(by_all_units == 3, "no wait for a queue that does not come back");
}

static void ordinary(const char *name)
{
    leaf_flush(3);
    ok(by_all_units == 1 && !unit.done, name);
}

static void without(void)
{
    start(CAPS & ~PAGE_SELECTIVE);
    ordinary("without page-selective invalidation");

    drhd_units[0].igd = true;
    start(CAPS);
    ordinary("a graphics device's own unit");
    drhd_units[0].igd = false;

    vmap_fails = true;
    start(CAPS);
    ordinary("an unmapped queue");
    vmap_fails = false;
}

int main(void)
{
    same_descriptor(CAPS, "a leaf's flush is the driver's own descriptor");
    same_descriptor(CAPS | DRAINS, "on a unit with drains, too");
    full_queue(by_driver, by_leaf, "a leaf's flush behind the driver's in a full queue");
    full_queue(of_interrupts, by_leaf, "behind those of interrupts");
    full_queue(by_leaf, by_driver, "the driver's behind those of leaves");
    full_queue(by_leaf, by_leaf, "and nothing but leaves'");
    disabled();
    without();
    done();
}
