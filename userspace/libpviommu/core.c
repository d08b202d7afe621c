// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
/*
 * A window of the allocator, called as an lcore: see core.h, and lcore/linux/percpu.h
 * for lcores in place of CPUs.
 */
#include <linux/percpu.h>
#include <linux/slab.h>

#include "bfn.h"

struct pviommu_core {
    struct bfn_window w;
    unsigned int lcores;
};

struct pviommu_core *pviommu_core_new(u64 first, unsigned long nr, unsigned int lcores);
void pviommu_core_delete(struct pviommu_core *core);
u64 pviommu_core_alloc(struct pviommu_core *core, unsigned int lcore, unsigned int order);
void pviommu_core_free(struct pviommu_core *core, unsigned int lcore, u64 first, unsigned int order);
u64 pviommu_core_in_use(struct pviommu_core *core);

__thread unsigned long shim_lcore_offset;
__thread unsigned int shim_lcores;

void *shim_alloc_percpu(unsigned int lcores)
{
    return shim_alloc(lcores * SHIM_PERCPU_ROOM);
}

void free_percpu(void *p)
{
    shim_free(p);
}

struct pviommu_core *pviommu_core_new(u64 first, unsigned long nr, unsigned int lcores)
{
    struct pviommu_core *core = shim_alloc(sizeof(*core));

    if (!core)
        return NULL;
    core->lcores = lcores;
    shim_lcores = lcores;
    if (!bfn_window_init(&core->w, first, nr))
        return core;
    shim_free(core);

    return NULL;
}

void pviommu_core_delete(struct pviommu_core *core)
{
    shim_lcores = core->lcores;
    bfn_window_destroy(&core->w);
    shim_free(core);
}

/* When the window is short, the caches of this lcore and of the depot join to larger runs. */
u64 pviommu_core_alloc(struct pviommu_core *core, unsigned int lcore, unsigned int order)
{
    u64 first;

    shim_lcore_offset = lcore * SHIM_PERCPU_ROOM;
    first = bfn_alloc(&core->w, order);
    if (likely(first != BFN_NONE))
        return first;
    bfn_reclaim(&core->w);

    return bfn_alloc(&core->w, order);
}

void pviommu_core_free(struct pviommu_core *core, unsigned int lcore, u64 first, unsigned int order)
{
    shim_lcore_offset = lcore * SHIM_PERCPU_ROOM;
    bfn_free(&core->w, first, order);
}

u64 pviommu_core_in_use(struct pviommu_core *core)
{
    long in_use;

    shim_lcores = core->lcores;
    in_use = bfn_in_use(&core->w);

    return in_use > 0 ? (u64)in_use : 0;
}
