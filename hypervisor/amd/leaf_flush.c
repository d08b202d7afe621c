/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * leaf_flush.c: the flush of PV-IOMMU's leaf tables, by AMD-Vi's queues of
 * commands. All units work at the same time.
 */
#include <xen/iommu.h>
#include <xen/sched.h>

#include "iommu.h"

/* The first half of an INVALIDATE_IOMMU_PAGES, of entries alone. */
static uint64_t invalidation(const struct domain *d)
{
    return ((uint64_t)IOMMU_CMD_INVALIDATE_IOMMU_PAGES
            << (32 + IOMMU_CMD_OPCODE_SHIFT)) | ((uint64_t)d->domain_id << 32);
}

/*
 * The second half. With the flag S, the block's size is twice the first bit
 * from 12 on that is clear.
 */
static uint64_t invalidation_block(dfn_t dfn, unsigned int order)
{
    uint64_t addr = __dfn_to_daddr(dfn_x(dfn));

    if ( !order )
        return addr;

    return addr | (((1UL << (order - 1)) - 1) << PAGE_SHIFT) |
           IOMMU_INV_IOMMU_PAGES_S_FLAG_MASK;
}

/* The first half of a COMPLETION_WAIT; the second is the wait's number. */
static uint64_t completion_wait(const struct amd_iommu *iommu)
{
    return ((uint64_t)IOMMU_CMD_COMPLETION_WAIT
            << (32 + IOMMU_CMD_OPCODE_SHIFT)) |
           virt_to_maddr(&iommu->leaf_done) | IOMMU_COMP_WAIT_S_FLAG_MASK;
}

/* Wait for room for two commands. Called with the unit's lock held. */
static void wait_for_room(struct amd_iommu *iommu)
{
    struct ring_buffer *ring = &iommu->cmd_buffer;

    /*
     * The ring is full when one entry is left. Free entries stay free: each
     * taker of an entry reads the head, too.
     */
    while ( unlikely(((ring->head - ring->tail - sizeof(cmd_entry_t)) &
                      (ring->size - 1)) < 2 * sizeof(cmd_entry_t)) )
    {
        ring->head = readl(iommu->mmio_base + IOMMU_CMD_BUFFER_HEAD_OFFSET) &
                     IOMMU_RING_BUFFER_PTR_MASK;
        cpu_relax();
    }
}

/* The two words of the next command. */
static void put_command(struct ring_buffer *ring, uint64_t first,
                        uint64_t second)
{
    uint64_t *command = ring->buffer + ring->tail;

    command[0] = first;
    command[1] = second;
    ring->tail = (ring->tail + sizeof(cmd_entry_t)) & (ring->size - 1);
}

/* Queue an invalidation and a wait, by one write of the tail. */
static void queue_pair(struct amd_iommu *iommu, uint64_t first, uint64_t second)
{
    unsigned long flags;

    spin_lock_irqsave(&iommu->lock, flags);

    if ( unlikely(!iommu->leaf_wait) )
        iommu->leaf_wait = completion_wait(iommu);

    wait_for_room(iommu);
    put_command(&iommu->cmd_buffer, first, second);
    put_command(&iommu->cmd_buffer, iommu->leaf_wait, ++iommu->leaf_queued);
    writel(iommu->cmd_buffer.tail,
           iommu->mmio_base + IOMMU_CMD_BUFFER_TAIL_OFFSET);

    spin_unlock_irqrestore(&iommu->lock, flags);
}

/*
 * Wait until all pairs that are queued by now are done. A COMPLETION_WAIT
 * completes after all commands before it, so their numbers come in order.
 */
static void wait_for_pairs(const struct amd_iommu *iommu)
{
    uint64_t number = ACCESS_ONCE(iommu->leaf_queued);
    unsigned int spins = 0;

    /* As in the driver's own waits: without the number there is no way on. */
    while ( ACCESS_ONCE(iommu->leaf_done) < number )
    {
        if ( ++spins == 1U << 24 )
            AMD_IOMMU_WARN("an invalidation takes too long\n");
        cpu_relax();
    }
}

int __must_check cf_check amd_iommu_leaf_flush(struct domain *d, dfn_t dfn,
                                               unsigned int order)
{
    uint64_t first = invalidation(d), second = invalidation_block(dfn, order);
    struct amd_iommu *iommu;

    /* Devices have TLBs of their own: more is due. */
    for_each_amd_iommu ( iommu )
        if ( unlikely(!list_empty(&iommu->ats_devices)) )
            return iommu_call(dom_iommu(d)->platform_ops, iotlb_flush, d, dfn,
                              1UL << order, IOMMU_FLUSHF_modified);

    for_each_amd_iommu ( iommu )
        if ( likely(iommu->enabled) )
            queue_pair(iommu, first, second);

    for_each_amd_iommu ( iommu )
        if ( likely(iommu->enabled) )
            wait_for_pairs(iommu);

    return 0;
}

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
