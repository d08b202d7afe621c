// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer of many segments, each of which Linux hands over by a call of its own: the
 * requests of the block layer since 6.17. A run of BFNs is taken first. Then each
 * segment is linked to its place in the run, and one hypercall maps all links.
 *
 * Until then the links are in the slots of the run's BFNs. A link has no number of
 * BFNs, and so is no mapping's descriptor. All calls for a run come from one context at
 * a time.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/pfn.h>

#include "dispatch.h"
#include "iova.h"

/* With the page in the place of the PFN; in the run's first slot, with its order. */
#define LINK	PVIOMMU_DESC_QUEUE

/* BFNs of one run, and so of one chunk. */
struct part {
	struct pviommu_window *w;
	u64 bfn;
	unsigned long nr;
};

static struct part part_of(dma_addr_t addr, size_t size)
{
	return (struct part){
		.w = pviommu_window_of(addr),
		.bfn = PHYS_PFN(addr),
		.nr = PFN_UP(offset_in_page(addr) + size),
	};
}

static u64 link_take(u64 *slot)
{
	u64 link = *slot;

	*slot = 0;

	return link;
}

static bool failed_lately(const struct pviommu_device *pd)
{
	unsigned long failed = READ_ONCE(pd->links_failed);

	return failed && time_before(jiffies, failed + HZ);
}

/**
 * pviommu_links_alloc - take BFNs for a buffer of many segments
 * @pd: the device
 * @state: set to the buffer's bus address and size
 * @phys: any address with the offset in the page of the buffer's start
 * @size: bytes
 * @limit: highest address that the device can reach
 *
 * The run is up to PVIOMMU_PIECE pages long, because interrupts are off while all of it
 * is mapped. A second after a map that failed there is none: the buffer comes again,
 * segment by segment, and the base ops may serve some.
 *
 * Context: any but NMI.
 * Return: false: each segment is to be mapped by itself.
 */
bool pviommu_links_alloc(struct pviommu_device *pd, struct dma_iova_state *state,
			 phys_addr_t phys, size_t size, u64 limit)
{
	unsigned long nr = PFN_UP(offset_in_page(phys) + size), flags;
	struct pviommu_run run;

	if (unlikely(!nr) || nr > pviommu_xen.piece ||
	    unlikely(failed_lately(pd)) ||
	    unlikely(!pviommu_run_alloc(pd, limit, nr, 1, 0, &run)))
		return false;
	local_irq_save(flags);
	*bfn_slot_of(&run.w->bfns, run.bfn) = pviommu_desc(0, 0, run.order, LINK);
	local_irq_restore(flags);
	state->addr = PFN_PHYS(run.bfn) | offset_in_page(phys);
	state->__size = size;

	return true;
}

/**
 * pviommu_links_add - link a segment to its place in a buffer
 * @state: the buffer, not mapped yet
 * @phys: address of the segment, in dom0's memory
 * @offset: of the segment in the buffer
 * @size: bytes
 * @access: XEN_IOMMUOP_MAP_*, one for the buffer
 *
 * Context: any but NMI.
 * Return: 0; -EINVAL: the segment ends behind the buffer, or begins at another offset in
 * the page than its place. Only the first may begin in the middle of a page.
 */
int pviommu_links_add(const struct dma_iova_state *state, phys_addr_t phys,
		      size_t offset, size_t size, u16 access)
{
	const struct part p = part_of(state->addr + offset, size);
	u64 link = LINK | PHYS_PFN(phys), *slot;
	unsigned long flags, i;

	if (offset_in_page(state->addr + offset) != offset_in_page(phys) ||
	    (offset && offset_in_page(phys)) ||
	    offset > state->__size || size > state->__size - offset)
		return -EINVAL;
	if (access & XEN_IOMMUOP_MAP_write)
		link |= PVIOMMU_DESC_WRITE;
	local_irq_save(flags);
	slot = bfn_slot_of(&p.w->bfns, p.bfn);
	for (i = 0; i < p.nr; i++)
		slot[i] |= link + i;
	local_irq_restore(flags);

	return 0;
}

/* The slots are empty afterwards. Interrupts are off. */
static int map_links(struct pviommu_batch *b, const struct part *p, u64 *slot)
{
	u16 access = XEN_IOMMUOP_MAP_read | pviommu_xen.yield;
	unsigned long i;
	u64 link;

	if (*slot & PVIOMMU_DESC_WRITE)
		access |= XEN_IOMMUOP_MAP_write;
	for (i = 0; i < p->nr; i++) {
		link = link_take(&slot[i]);
		if (likely(link & PVIOMMU_DESC_PFN))
			pviommu_batch_pages(b, p->bfn + i,
					    link & PVIOMMU_DESC_PFN, 1, access);
		else
			pviommu_batch_map_abort(b, -ENXIO);
	}

	return pviommu_batch_map_end(b);
}

/**
 * pviommu_links_map - map a buffer, all of whose pages are linked
 * @pd: the device
 * @state: the buffer; after a failure it has no BFNs
 *
 * Context: any but NMI.
 * Return: 0, or -ENOMEM: nothing is mapped, and the caller may try again.
 */
int pviommu_links_map(struct pviommu_device *pd, struct dma_iova_state *state)
{
	const struct part p = part_of(state->addr, state->__size);
	struct pviommu_run run = { .w = p.w, .bfn = p.bfn };
	struct pviommu_batch *b;
	unsigned long flags;
	u64 *slot;
	int err;

	b = pviommu_batch_begin(&flags);
	slot = bfn_slot_of(&p.w->bfns, p.bfn);
	run.order = pviommu_desc_order(*slot);
	err = map_links(b, &p, slot);
	if (likely(!err))
		pviommu_list_mapped(pd, &run, p.nr, p.nr, b->desc);
	else
		pviommu_map_failed(pd, &run, p.nr, err, b->unclean);
	pviommu_batch_end(flags);
	if (likely(!err))
		return 0;
	state->addr = 0;
	WRITE_ONCE(pd->links_failed, jiffies ?: 1);

	return -ENOMEM;
}

/* Free a run of links. Return: false: it is mapped, or not the driver's. */
static bool free_links(const struct part *p)
{
	unsigned long flags, i;
	u64 *slot, first = 0;

	local_irq_save(flags);
	slot = bfn_slot(&p->w->bfns, p->bfn);
	if (slot && *slot && !pviommu_desc_nr(*slot)) {
		first = link_take(slot);
		for (i = 1; i < p->nr; i++)
			slot[i] = 0;
		bfn_free(&p->w->bfns, p->bfn, pviommu_desc_order(first));
	}
	local_irq_restore(flags);

	return first;
}

/**
 * pviommu_links_free - unmap a buffer as the device's mode says, and free its BFNs
 * @pd: the device
 * @state: the buffer, mapped or not
 *
 * Context: any but NMI.
 */
void pviommu_links_free(struct pviommu_device *pd,
			const struct dma_iova_state *state)
{
	const struct part p = part_of(state->addr, state->__size);

	if (likely(p.w) && likely(!free_links(&p)))
		pviommu_unmap(pd, state->addr);
}
