/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hypervisor/amd: the frames of a domain's table, vacant ranges, leaf tables,
 * whether a unit translates all DMA of a device by the domain's table, and
 * flushes by two units.
 */
#include "xen.h"

/* Two buses; the domain's table, of each level one. */
static struct ivrs_mappings mappings[512];
static struct amd_iommu_dte entries[512];
static _Alignas(PAGE_SIZE) union amd_iommu_pte tables[7][PTE_PER_TABLE_SIZE];
static struct page_info root, leaf_page = { tables[1] };
struct amd_iommu units[UNITS];
static const struct iommu_ops ops;
static struct domain dom = {
    .domain_id = 5,
    .iommu = { .platform_ops = &ops, .arch.amd.root_table = &root },
};
static struct pci_dev dev;
unsigned int ivrs_bdf_entries = 512;

struct ivrs_mappings *get_ivrs_mappings(u16 seg)
{
    return seg ? NULL : mappings;
}

int get_dma_requestor_id(uint16_t seg, uint16_t bdf)
{
    assert(bdf < ivrs_bdf_entries);

    return mappings[bdf].dte_requestor_id;
}

struct page_info *page_at(uint64_t mfn)
{
    assert(mfn == (uintptr_t)leaf_page.at >> PAGE_SHIFT);

    return &leaf_page;
}

#include "leaf.c"
#include "leaf_flush.c"

static unsigned int results;

static void ok(bool good, const char *name)
{
    printf("%sok %u - %s\n", good ? "" : "not ", ++results, name);
}

static void set_levels(unsigned int levels)
{
    memset(tables, 0, sizeof(tables));
    dom.iommu.arch.amd.paging_mode = levels;
    root.at = tables[levels];
}

/* The entry of @level on the way to @bfn: its table of the next level, or a page. */
static void enter(unsigned int level, uint64_t bfn, unsigned int next)
{
    tables[level][(bfn >> (9 * (level - 1))) % 512] = (union amd_iommu_pte){
        .pr = true, .ir = true, .iw = true, .next_level = next,
        .mfn = next ? (uintptr_t)tables[next] >> PAGE_SHIFT : 0x12345,
    };
}

static void limits(unsigned int levels, unsigned int bits, const char *name)
{
    struct iommu_leaf_info info = {};

    set_levels(levels);
    amd_iommu_leaf_info(&dom, &info);
    ok(info.bfn_bits == bits && (bits < 28 ? !info.message_nr :
       info.message_bfn << 12 == 0xfd00000000 &&
       (info.message_bfn + info.message_nr) << 12 == 1ULL << 40), name);
}

static void vacant(uint64_t bfn, unsigned int order, const char *name)
{
    ok(amd_iommu_leaf_vacant(&dom, (dfn_t){ bfn }) == order &&
       !dom.iommu.arch.mapping_lock.held, name);
}

static void vacancy(void)
{
    const uint64_t bfn = 0x4321000;

    set_levels(4);
    vacant(bfn, 27, "an empty table: the entry of the top level");
    enter(4, bfn, 3);
    vacant(bfn, 18, "a table of 512 GiB");
    vacant(bfn + (1UL << 27), 27, "beside the table");
    enter(3, bfn, 2);
    vacant(bfn, 9, "a table of 1 GiB");
    vacant(bfn ^ 1UL << 18, 18, "beside that one");
    enter(2, bfn, 1);
    vacant(bfn, 0, "a leaf table");
    vacant(bfn ^ 512, 9, "beside the leaf table");
    /* An absent entry keeps the generic code's marker. */
    tables[2][(bfn >> 9) % 512] = (union amd_iommu_pte){ .ign0 = 9 };
    vacant(bfn, 9, "a marker");
    enter(2, bfn, 0);
    vacant(bfn, 0, "a page of 2 MiB");
    enter(3, bfn, 0);
    vacant(bfn, 0, "a page of 1 GiB");
}

/* The bits that the driver itself writes into an entry of the last level. */
static void format(void)
{
    const union amd_iommu_pte pte = { .pr = true, .fc = true, .ir = true, .iw = true };
    const union amd_iommu_pte software = { .ign0 = 0xe };
    struct iommu_leaf_info info = {};

    units[0].cap.header = units[1].cap.header = 0;
    amd_iommu_leaf_info(&dom, &info);
    ok((info.entry_bits | info.read | info.write) == pte.raw, "the bits of an entry");
    ok(info.read == (union amd_iommu_pte){ .ir = true }.raw &&
       info.write == (union amd_iommu_pte){ .iw = true }.raw, "the bits of its access");
    ok(7ULL << info.kind_shift == software.raw, "software's bits");
    ok(!info.flush_added, "units that cache no absent entry");
    units[1].cap.header = 1u << PCI_CAP_NP_CACHE_SHIFT;
    amd_iommu_leaf_info(&dom, &info);
    ok(info.flush_added == IOMMU_FLUSHF_modified, "one that does: a flush that does something");
}

/* The driver's own functions: their part is told, and not checked here. */
static struct { int fails; unsigned long dfn; unsigned int target; bool map, locked; } walked;
static struct { unsigned long dfn, nr; unsigned int order, flags, calls; } unmapped, flushed;

int iommu_pde_from_dfn(struct domain *d, unsigned long dfn, unsigned int target,
                       unsigned long *pt_mfn, unsigned int *flush_flags, bool map)
{
    walked.dfn = dfn;
    walked.target = target;
    walked.map = map;
    walked.locked = d->iommu.arch.mapping_lock.held;
    /* As it finds no table: with markers of contiguity. */
    for ( unsigned int i = 0; i < 512; i++ )
        tables[1][i] = (union amd_iommu_pte){ .ign0 = i % 15 };
    *pt_mfn = (uintptr_t)tables[1] >> PAGE_SHIFT;

    return walked.fails;
}

static int unmap_page(struct domain *d, dfn_t dfn, unsigned int order, unsigned int *flags)
{
    unmapped.dfn = dfn.dfn;
    unmapped.order = order;

    return 0;
}

static int iotlb_flush(struct domain *d, dfn_t dfn, unsigned long nr, unsigned int flags)
{
    flushed.dfn = dfn.dfn;
    flushed.nr = nr;
    flushed.flags = flags;
    flushed.calls++;

    return -EIO;
}

static const struct iommu_ops ops = { unmap_page, iotlb_flush };

static void leaf_tables(void)
{
    const uint64_t bfn = 0x4321000;
    unsigned int i, used = 0;

    set_levels(4);
    ok(amd_iommu_leaf_attach(&dom, _dfn(bfn)) == &leaf_page && walked.dfn == bfn &&
       walked.target == 1 && walked.map && walked.locked &&
       !dom.iommu.arch.mapping_lock.held, "a leaf table");
    for ( i = 0; i < 512; i++ )
        used += !!tables[1][i].raw;
    ok(!used, "its entries are free");
    walked.fails = 1;
    ok(!amd_iommu_leaf_attach(&dom, _dfn(bfn)) && !dom.iommu.arch.mapping_lock.held,
       "no memory for one");
    walked.fails = 0;
    enter(4, bfn, 0);
    walked.dfn = 0;
    ok(!amd_iommu_leaf_attach(&dom, _dfn(bfn)) && !walked.dfn, "no place for one");
    amd_iommu_leaf_detach(&dom, _dfn(bfn));
    ok(unmapped.dfn == bfn && unmapped.order == 9, "its end");
}

static void translate(unsigned int id)
{
    entries[id] = (struct amd_iommu_dte){
        .v = true, .tv = true, .ir = true, .iw = true, .domain_id = 5,
        .paging_mode = 4, .pt_root = (uintptr_t)root.at >> PAGE_SHIFT,
    };
}

static void device(unsigned int why, const char *name)
{
    ok(amd_iommu_leaf_device(&dom, &dev) == why, name);
}

static void no_device(struct amd_iommu_dte entry, const char *name)
{
    struct amd_iommu_dte good = entries[0x110];

    entries[0x110] = entry;
    device(XEN_IOMMUOP_DEVICE_other_table, name);
    entries[0x110] = good;
}

static void devices(void)
{
    struct amd_iommu_dte entry;
    unsigned int id;

    set_levels(4);
    units[0] = (struct amd_iommu){ .enabled = 1, .dev_table.buffer = entries };
    for ( id = 0; id < 512; id++ )
        mappings[id].dte_requestor_id = id;
    dev = (struct pci_dev){ .bus = 1, .devfn = 0x10, .sbdf.bdf = 0x110 };

    device(XEN_IOMMUOP_DEVICE_no_unit, "a device that firmware does not name");
    mappings[0x110].iommu = &units[0];
    device(XEN_IOMMUOP_DEVICE_other_table, "a device without an entry");
    translate(0x110);
    device(XEN_IOMMUOP_DEVICE_ok, "a device");
    units[0].enabled = 0;
    device(XEN_IOMMUOP_DEVICE_unit_off, "a unit that is off");
    units[0].enabled = 1;
    dev.seg = 1;
    device(XEN_IOMMUOP_DEVICE_no_unit, "a segment without a unit");
    dev.seg = 0;
    ivrs_bdf_entries = 0x110;
    device(XEN_IOMMUOP_DEVICE_no_unit, "a device behind the last that firmware names");
    ivrs_bdf_entries = 512;

#define NO(field, value, name) \
    entry = entries[0x110]; entry.field = value; no_device(entry, name)
    NO(v, false, "an entry that is not valid");
    NO(tv, false, "an entry without a table");
    NO(ir, false, "an entry that reads nothing");
    NO(iw, false, "an entry that writes nothing");
    NO(domain_id, 6, "the domain's table under another id");
    NO(paging_mode, 0, "pass-through");
    NO(pt_root, 1, "another table under the domain's id");

    dev.phantom_stride = 4;
    device(XEN_IOMMUOP_DEVICE_other_table, "a phantom function without an entry");
    translate(0x114);
    device(XEN_IOMMUOP_DEVICE_ok, "a phantom function, and none of the next slot");
    dev.phantom_stride = 0;

    mappings[0x110].dte_requestor_id = 0x08;
    device(XEN_IOMMUOP_DEVICE_other_table, "an alias without an entry");
    translate(0x08);
    device(XEN_IOMMUOP_DEVICE_ok, "an alias");
}

/*
 * The units: each reads its ring up to the tail, and writes what a
 * COMPLETION_WAIT asks for, at once or when it is polled.
 */
#define RING 4096
static char registers[UNITS][0x4000];
static _Alignas(RING) char rings_of[UNITS][RING];
static struct { uint64_t command[8][2]; unsigned int nr, head_reads; bool lazy; } seen[UNITS];

static uint32_t *reg(unsigned int u, unsigned int offset)
{
    return (uint32_t *)(registers[u] + offset);
}

static void work(unsigned int u)
{
    uint32_t *head = reg(u, IOMMU_CMD_BUFFER_HEAD_OFFSET);

    for ( ; *head != *reg(u, IOMMU_CMD_BUFFER_TAIL_OFFSET); *head = (*head + 16) % RING )
    {
        uint64_t *c = memcpy(seen[u].command[seen[u].nr++ % 8], rings_of[u] + *head, 16);

        if ( c[0] >> 60 == IOMMU_CMD_COMPLETION_WAIT )
            *(uint64_t *)(uintptr_t)(c[0] & 0xffffffffffff8) = c[1];
    }
}

uint32_t readl(const void *at)
{
    unsigned int u = ((const char *)at - registers[0]) / sizeof(registers[0]);

    assert((const char *)at == registers[u] + IOMMU_CMD_BUFFER_HEAD_OFFSET && units[u].lock.held);
    seen[u].head_reads++;
    if ( seen[u].lazy )
        work(u);

    return *(const uint32_t *)at;
}

void writel(uint32_t value, void *at)
{
    unsigned int u = ((char *)at - registers[0]) / sizeof(registers[0]);

    assert((char *)at == registers[u] + IOMMU_CMD_BUFFER_TAIL_OFFSET && units[u].lock.held);
    *(uint32_t *)at = value;
    if ( !seen[u].lazy )
        work(u);
}

/* In the flush's wait: slow units go on once all have their commands. */
void cpu_relax(void)
{
    static unsigned int spins;
    unsigned int u;

    assert(++spins < 100000);

    for ( u = 0; u < UNITS; u++ )
        if ( units[u].lock.held )
            return;

    for ( u = 0; u < UNITS; u++ )
    {
        assert(units[0].leaf_queued == units[1].leaf_queued);
        work(u);
    }
}

static void start(unsigned int u)
{
    memset(registers[u], 0, sizeof(registers[u]));
    memset(&seen[u], 0, sizeof(seen[u]));
    units[u] = (struct amd_iommu){
        .enabled = 1, .mmio_base = registers[u],
        .cmd_buffer = { .buffer = rings_of[u], .size = RING },
    };
}

static void flush(unsigned int order, uint64_t second, const char *name)
{
    const uint64_t bfn = 0x123456000;
    const uint64_t (*c)[2] = (const void *)seen[1].command;

    start(0);
    start(1);
    ok(!amd_iommu_leaf_flush(&dom, _dfn(bfn), order) && seen[0].nr == 2 && seen[1].nr == 2 &&
       c[0][0] == 0x3000000500000000 && c[0][1] == ((bfn << 12) | second) &&
       c[1][0] >> 60 == 1 && c[1][1] == 1 && !units[1].lock.held, name);
}

static void commands(void)
{
    flush(0, 0, "a flush of a page");
    flush(1, 1, "a flush of two: the first clear bit is 12");
    flush(2, 0x1001, "of four: bit 13");
    flush(9, 0xff001, "of 512, as Xen's own driver has them");
    flush(12, 0x7ff001, "of 4096");

    units[1].ats_devices.full = true;
    ok(amd_iommu_leaf_flush(&dom, _dfn(64), 3) == -EIO && flushed.calls == 1 && flushed.dfn == 64 &&
       flushed.nr == 8 && flushed.flags == IOMMU_FLUSHF_modified && seen[0].nr == 2,
       "a device with a TLB of its own: Xen's own flush, and its result");
    units[1].ats_devices.full = false;

    units[0].enabled = 0;
    ok(!amd_iommu_leaf_flush(&dom, _dfn(64), 0) && seen[0].nr == 2 && seen[1].nr == 4,
       "a unit that is off gets no command");
}

static void rings(void)
{
    unsigned int i;

    start(0);
    start(1);
    seen[0].lazy = seen[1].lazy = true;
    ok(!amd_iommu_leaf_flush(&dom, _dfn(64), 0) && seen[0].nr == 2 && seen[1].nr == 2,
       "both units have their commands before a wait");

    for ( i = 1; i < 1000; i++ )
        if ( amd_iommu_leaf_flush(&dom, _dfn(i), 0) || seen[0].nr != 2 * (i + 1) )
            break;
    ok(i == 1000, "round the ring");
    ok(seen[0].head_reads > 0 && seen[0].head_reads < 20, "the head is seldom read");

    /* Commands of others, up to where one entry is free; the unit rests. */
    units[0].cmd_buffer.head = *reg(0, IOMMU_CMD_BUFFER_HEAD_OFFSET);
    units[0].cmd_buffer.tail = (units[0].cmd_buffer.head + RING - 32) % RING;
    for ( i = 0; i < RING; i += 16 )
        memset(rings_of[0] + i, 0, 16);
    *reg(0, IOMMU_CMD_BUFFER_TAIL_OFFSET) = units[0].cmd_buffer.tail;
    seen[0].nr = seen[0].head_reads = 0;
    ok(!amd_iommu_leaf_flush(&dom, _dfn(i), 0) && seen[0].head_reads &&
       seen[0].nr == RING / 16 - 2 + 2, "a ring without room for two waits for the unit");
}

int main(void)
{
    limits(3, 27, "three levels");
    limits(4, 36, "four levels");
    limits(6, 52, "six levels translate 64 bits");
    format();
    vacancy();
    leaf_tables();
    devices();
    commands();
    rings();
    printf("1..%u\n", results);

    return 0;
}
