// SPDX-License-Identifier: GPL-2.0-only
/* A run of BFNs taken and given back, by our allocator and by Linux' iova.c. */
#include <linux/iova.h>
#include <linux/irqflags.h>

#include "bench.h"
#include "bfn.h"

static struct bfn_window window;
static struct iova_domain domain;

void bench_init(void)
{
    if (bfn_window_init(&window, 1UL << 20, 1UL << 20))
        abort();
    if (iova_cache_get())
        abort();
    init_iova_domain(&domain, PAGE_SIZE, 1);
    if (iova_domain_init_rcaches(&domain))
        abort();
}

void bench_on_cpu(unsigned int cpu)
{
    shim_percpu_offset = cpu * SHIM_PERCPU_ROOM;
}

/* As map.c does, interrupts are off around each; iova.c does so by itself. */
void bench_pviommu(unsigned int order, unsigned long pairs)
{
    unsigned long flags;
    u64 bfn;

    while (pairs--) {
        local_irq_save(flags);
        bfn = bfn_alloc(&window, order);
        local_irq_restore(flags);
        local_irq_save(flags);
        bfn_free(&window, bfn, order);
        local_irq_restore(flags);
    }
}

/* As dma-iommu.c does for a device of 64 bits. */
void bench_linux_iova(unsigned int order, unsigned long pairs)
{
    unsigned long pfn;

    while (pairs--) {
        pfn = alloc_iova_fast(&domain, 1UL << order, ~0UL >> PAGE_SHIFT, true);
        if (!pfn)
            abort();
        free_iova_fast(&domain, pfn, 1UL << order);
    }
}

unsigned long bench_shared_locks(void)
{
    return shim_shared_locks;
}
