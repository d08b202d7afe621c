/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hypervisor/vtd/leaf.c: leaf_info is of all units, leaf tables join the domain's
 * table where nothing is mapped, and leaf_device says of a device whether the
 * domain's table translates all its DMA.
 */
#include "vtd.h"

static struct vtd_iommu first, second = { .index = 1 };
static uint32_t status;         /* of both: DMA_GSTS_* */

uint64_t unit_read(const void *reg)
{
    return (uintptr_t)reg == DMAR_GSTS_REG ? status : 0;
}

void unit_write(uint64_t val, void *reg)
{
    fail("a question writes no register");
}

void cpu_relax(void)
{
}

/* Buses 0 and 1, each with its table of contexts; others have none. */
static struct context_entry contexts[2][256];
static const paddr_t roots[2] = { 0x3000, 0x4000 };     /* by levels: 4, 3 */

static uint64_t bus_to_context_maddr(struct vtd_iommu *iommu, uint8_t bus)
{
    assert(iommu->lock.held);

    return bus < 2 ? virt_to_maddr(contexts[bus]) : 0;
}

static paddr_t domain_pgd_maddr(struct domain *d, paddr_t pgd_maddr,
                                unsigned int nr_pt_levels)
{
    assert(d->iommu.arch.mapping_lock.held);

    return roots[4 - nr_pt_levels];
}

static struct pci_dev dev;
static const struct acpi_drhd_unit *unit_of_dev;

static const struct acpi_drhd_unit *
acpi_find_matched_drhd_unit(const struct pci_dev *pdev)
{
    return unit_of_dev;
}

/* The device is behind this bridge on bus 0, if not NULL; or the bridge is unknown. */
static enum pdev_type bridge;
static uint8_t bridge_devfn;
static int bridges;

static int find_upstream_bridge(uint16_t seg, uint8_t *bus, uint8_t *devfn,
                                uint8_t *secbus)
{
    if ( bridges > 0 )
    {
        *secbus = *bus;
        *bus = 0;
        *devfn = bridge_devfn;
    }

    return bridges;
}

static enum pdev_type pdev_type(uint16_t seg, uint8_t bus, uint8_t devfn)
{
    return bus == 0 && devfn == bridge_devfn ? bridge : DEV_TYPE_PCIe_ENDPOINT;
}

/* The domain's table, by level; of each level there is one. */
static _Alignas(PAGE_SIZE) struct dma_pte tables[5][PTE_NUM];
static struct page_info leaf_page;
static bool no_memory;

static struct page_info *maddr_to_page(uint64_t maddr)
{
    leaf_page.maddr = maddr;

    return &leaf_page;
}

/* As in the driver, a fresh table has markers in its first entries. */
static uint64_t addr_to_dma_page_maddr(struct domain *d, uint64_t addr,
                                       unsigned int target,
                                       unsigned int *flush_flags, bool alloc)
{
    assert(d->iommu.arch.mapping_lock.held && target == 1 && alloc);
    memset(tables[1], 1, sizeof(tables[1]));

    return no_memory ? 0 : virt_to_maddr(tables[1]);
}

static dfn_t unlinked;

static int unmap(struct domain *d, dfn_t dfn, unsigned int order,
                 unsigned int *flush_flags)
{
    assert(order == LEVEL_STRIDE);
    unlinked = dfn;

    return 0;
}

static const struct iommu_ops ops = { .unmap_page = unmap };

#include "leaf.c"

/* 48 bits */
#define CAPS (47ULL << 16)
#define CACHING_MODE (1ULL << 7)

static void two_units(uint64_t cap, unsigned int levels)
{
    first = (struct vtd_iommu){ .cap = CAPS, .nr_pt_levels = 4 };
    second.cap = cap;
    second.nr_pt_levels = levels;
    drhd_units[0].iommu = &first;
    drhd_units[1].iommu = &second;
    nr_drhd_units = 2;
}

static void info(uint64_t cap, unsigned int levels, unsigned int bits, bool flush,
                 const char *name)
{
    struct iommu_leaf_info i = {};

    two_units(cap, levels);
    intel_iommu_leaf_info(&dom, &i);
    ok(i.bfn_bits == bits && i.flush_added == (flush ? IOMMU_FLUSHF_added : 0) &&
       !i.entry_bits && i.read == 1 && i.write == 2 && i.kind_shift == 59, name);
}

/* The entry for @dfn in the table of @level leads to the table of @next. */
static void link_table(unsigned int level, dfn_t dfn, unsigned int next)
{
    tables[level][address_level_offset(dfn_to_daddr(dfn), level)].val =
        virt_to_maddr(tables[next]) | DMA_PTE_READ;
}

static void leaf_tables(void)
{
    const dfn_t dfn = { 0x12345600 };
    unsigned int level;

    ok(intel_iommu_leaf_vacant(&dom, dfn) == 4 * LEVEL_STRIDE, "leaf_vacant: a domain without a table");
    dom.iommu.arch.vtd.pgd_maddr = virt_to_maddr(tables[4]);
    for ( level = 4; level > 1; level-- )
    {
        ok(intel_iommu_leaf_vacant(&dom, dfn) == (level - 1) * LEVEL_STRIDE, "an absent entry");
        no_memory = true;
        if ( intel_iommu_leaf_attach(&dom, dfn) )
            fail("leaf_attach without memory");
        no_memory = false;
        if ( intel_iommu_leaf_attach(&dom, dfn) != &leaf_page ||
             leaf_page.maddr != virt_to_maddr(tables[1]) ||
             tables[1][0].val || tables[1][PTE_NUM - 1].val )
            fail("leaf_attach gives an empty table");
        link_table(level, dfn, level - 1);
    }
    ok(!intel_iommu_leaf_vacant(&dom, dfn), "a table is there");
    ok(!intel_iommu_leaf_attach(&dom, dfn), "leaf_attach does not replace it");
    tables[2][address_level_offset(dfn_to_daddr(dfn), 2)].val |= DMA_PTE_SP;
    ok(!intel_iommu_leaf_vacant(&dom, dfn), "a superpage");
    tables[3][address_level_offset(dfn_to_daddr(dfn), 3)].val |= DMA_PTE_SP;
    tables[2][address_level_offset(dfn_to_daddr(dfn), 2)].val = 0;
    ok(!intel_iommu_leaf_vacant(&dom, dfn), "a large superpage");
    intel_iommu_leaf_detach(&dom, dfn);
    ok(unlinked.dfn == dfn.dfn, "leaf_detach: the entry of the whole table goes");
}

static struct context_entry *context(unsigned int bus, unsigned int devfn)
{
    struct context_entry *c = &contexts[bus][devfn];

    *c = (struct context_entry){};
    context_set_present(*c);
    context_set_address_root(*c, roots[0]);
    c->hi |= dom.domain_id << 8;

    return c;
}

/* A translated device, alone on bus 1. */
static void device(enum pdev_type type, uint8_t devfn)
{
    two_units(CAPS, 4);
    memset(contexts, 0, sizeof(contexts));
    status = DMA_GSTS_TES;
    bridges = 0;
    dev = (struct pci_dev){ .bus = 1, .devfn = devfn, .type = type };
    unit_of_dev = drhd_units;
    context(1, devfn);
}

static void answer(unsigned int want, const char *name)
{
    ok(intel_iommu_leaf_device(&dom, &dev) == want, name);
}

static void one_function(void)
{
    device(DEV_TYPE_PCIe_ENDPOINT, 8);
    answer(XEN_IOMMUOP_DEVICE_ok, "a device of the domain is translated");

    status = 0;
    answer(XEN_IOMMUOP_DEVICE_unit_off, "not by a unit that is off");
    status = DMA_GSTS_TES;
    unit_of_dev = NULL;
    answer(XEN_IOMMUOP_DEVICE_no_unit, "nor in no unit's scope");
    unit_of_dev = drhd_units + 1;
    answer(XEN_IOMMUOP_DEVICE_other_table, "nor by a unit without flushes");

    unit_of_dev = drhd_units;
    context_set_translation_type(*context(1, 8), CONTEXT_TT_PASS_THRU);
    answer(XEN_IOMMUOP_DEVICE_other_table, "nor passed through");
    context(1, 8)->hi = 6 << 8;
    answer(XEN_IOMMUOP_DEVICE_other_table, "nor under another domain's id");
    *context(1, 8) = (struct context_entry){ .lo = 0x5001, .hi = 5 << 8 };
    answer(XEN_IOMMUOP_DEVICE_other_table, "nor by another table");
    context_clear_present(*context(1, 8));
    answer(XEN_IOMMUOP_DEVICE_other_table, "nor without a context");
    dev.bus = 2;
    answer(XEN_IOMMUOP_DEVICE_other_table, "nor on a bus without contexts");

    device(DEV_TYPE_PCIe_ENDPOINT, 8);
    first.nr_pt_levels = 3;
    answer(XEN_IOMMUOP_DEVICE_other_table, "a narrow unit has its own root");
    context(1, 8)->lo = roots[1] | 1;
    answer(XEN_IOMMUOP_DEVICE_ok, "which translates");
}

static void phantom_functions(void)
{
    unsigned int devfn;

    device(DEV_TYPE_PCIe_ENDPOINT, 8);
    dev.phantom_stride = 2;
    for ( devfn = 10; devfn < 16; devfn += 2 )
    {
        answer(XEN_IOMMUOP_DEVICE_other_table, "a phantom function is not translated");
        context(1, devfn);
    }
    answer(XEN_IOMMUOP_DEVICE_ok, "all of them are; the next slot is another's");

    device(DEV_TYPE_PCIe_ENDPOINT, 0xf8);
    dev.phantom_stride = 4;
    context(1, 0xfc);
    answer(XEN_IOMMUOP_DEVICE_ok, "in the last slot, too");
}

static void behind_a_bridge(void)
{
    device(DEV_TYPE_PCI, 8);
    answer(XEN_IOMMUOP_DEVICE_ok, "a conventional device of the root bus");
    bridges = -1;
    answer(XEN_IOMMUOP_DEVICE_other_table, "behind a device unknown to Xen");

    bridges = 1;
    bridge = DEV_TYPE_LEGACY_PCI_BRIDGE;
    bridge_devfn = 0xf0;
    answer(XEN_IOMMUOP_DEVICE_other_table, "an untranslated bridge");
    context(0, 0xf0);
    answer(XEN_IOMMUOP_DEVICE_ok, "a translated bridge");
    bridge = DEV_TYPE_PCIe2PCI_BRIDGE;
    answer(XEN_IOMMUOP_DEVICE_other_table, "a PCIe bridge speaks for its bus' first device, too");
    context(1, 0);
    answer(XEN_IOMMUOP_DEVICE_ok, "which is translated");
}

int main(void)
{
    info(CAPS, 4, 36, false, "leaf_info: all units are alike");
    info(37ULL << 16, 4, 26, false, "a unit without devices is narrower");
    info(CAPS, 3, 27, false, "or has fewer levels");
    info(CAPS | CACHING_MODE, 4, 36, true, "or caches absent entries");
    leaf_tables();
    one_function();
    phantom_functions();
    behind_a_bridge();
    done();
}
