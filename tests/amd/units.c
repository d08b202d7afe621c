/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hypervisor/amd/leaf.c: the frames of a domain's table, vacant ranges, and
 * whether a unit translates all DMA of a device by the domain's table.
 */
#include "xen.h"

/* Two buses; the domain's table, of each level one. */
static struct ivrs_mappings mappings[512];
static struct amd_iommu_dte entries[512];
static _Alignas(PAGE_SIZE) union amd_iommu_pte tables[7][PTE_PER_TABLE_SIZE];
static struct page_info root;
static struct amd_iommu unit;
static struct domain dom = { .domain_id = 5, .iommu.arch.amd.root_table = &root };
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

#include "leaf.c"

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
    unit = (struct amd_iommu){ .enabled = 1, .dev_table.buffer = entries };
    for ( id = 0; id < 512; id++ )
        mappings[id].dte_requestor_id = id;
    dev = (struct pci_dev){ .bus = 1, .devfn = 0x10, .sbdf.bdf = 0x110 };

    device(XEN_IOMMUOP_DEVICE_no_unit, "a device that firmware does not name");
    mappings[0x110].iommu = &unit;
    device(XEN_IOMMUOP_DEVICE_other_table, "a device without an entry");
    translate(0x110);
    device(XEN_IOMMUOP_DEVICE_ok, "a device");
    unit.enabled = 0;
    device(XEN_IOMMUOP_DEVICE_unit_off, "a unit that is off");
    unit.enabled = 1;
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

int main(void)
{
    limits(3, 27, "three levels");
    limits(4, 36, "four levels");
    limits(6, 52, "six levels translate 64 bits");
    vacancy();
    devices();
    printf("1..%u\n", results);

    return 0;
}
