// SPDX-License-Identifier: GPL-2.0
/*
 * One buffer, one run of BFNs: the dynamic path. A map is in place when the
 * function returns. An unmap is done, or waits, as the device's mode says.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <xen/grant_table.h>
#include <xen/page.h>

#include "fast.h"

/**
 * pviommu_bfn_alloc - take BFNs, if it has to be from what this CPU keeps
 * @w: the window
 * @b: this CPU's batch, empty: interrupts are off
 * @order: how many, as a power of two
 *
 * Pages whose memory is waiting for its flush hold BFNs, as do idle mappings.
 *
 * Return: the first, aligned to its number, or BFN_NONE.
 */
u64 pviommu_bfn_alloc(struct pviommu_window *w, struct pviommu_batch *b,
		      unsigned int order)
{
	u64 bfn = bfn_alloc(&w->bfns, order);

	if (likely(bfn != BFN_NONE))
		return bfn;
	pviommu_queues_relieve(b);

	return bfn_alloc(&w->bfns, order);
}

/**
 * pviommu_place - take BFNs that a device can reach
 * @pd: the device
 * @b: this CPU's batch, empty
 * @limit: highest address it can reach
 * @nr: number of BFNs
 * @align: a power of two of pages
 * @offset: what the first BFN is modulo @align
 * @place: set to the run, its window also on failure
 *
 * A run is aligned to its size rounded up, so that it crosses no boundary that
 * is not smaller than itself.
 *
 * Return: false when no window lies under the limit, or has no such run.
 */
bool pviommu_place(struct pviommu_device *pd, struct pviommu_batch *b,
		   u64 limit, unsigned long nr, unsigned long align,
		   unsigned long offset, struct pviommu_place *place)
{
	place->w = pviommu_window_under(limit);
	if (unlikely(!place->w)) {
		pviommu_device_narrow(pd, limit);
		return false;
	}
	place->order = pviommu_order(nr, align, offset);
	place->bfn = pviommu_bfn_alloc(place->w, b, place->order);
	if (unlikely(place->bfn == BFN_NONE))
		return false;
	place->bfn |= offset & (align - 1);

	return true;
}

/*
 * Whose frame is behind a PFN? Pages that are mapped from a guest's grant are
 * that guest's in Xen's eyes. Identity frames are no RAM of anybody's.
 */
static int frame_behind(unsigned long pfn, struct pviommu_frames *frame)
{
	unsigned long entry = __pfn_to_mfn(pfn);
	struct xen_page_foreign *foreign;

	if (pviommu_mfn_is_own(entry)) {
		frame->mfn = entry;
		frame->domid = DOMID_SELF;
		return 0;
	}
	/* INVALID_P2M_ENTRY has all bits set. */
	if (entry & IDENTITY_FRAME_BIT)
		return -ENXIO;
	foreign = xen_page_foreign(pfn_to_page(pfn));
	if (!foreign)
		return -ENXIO;
	frame->mfn = entry & ~FOREIGN_FRAME_BIT;
	frame->domid = foreign->domid;

	return 0;
}

/*
 * PFNs whose frames follow that of the first, which is dom0's own. So are they
 * all: a P2M entry with a flag is no MFN.
 */
static noinline unsigned long neighbours(unsigned long pfn, unsigned long nr,
					 unsigned long mfn)
{
	unsigned long run = 1;

	nr = min_t(unsigned long, nr, pviommu_xen.max_frames);
	while (run < nr && __pfn_to_mfn(pfn + run) == mfn + run)
		run++;

	return run;
}

/* See pviommu_batch_pages(): a page that no list waits for. */
int pviommu_batch_page(struct pviommu_batch *b, u64 bfn, unsigned long mfn,
		       u16 access)
{
	struct pviommu_frames frames = {
		.mfn = mfn,
		.domid = DOMID_SELF,
		.flags = access,
	};

	return pviommu_batch_map(b, bfn, 1, &frames);
}

/* See pviommu_batch_pages(): any other pages. */
int pviommu_batch_many(struct pviommu_batch *b, u64 bfn, unsigned long pfn,
		       unsigned long nr, u16 access)
{
	struct pviommu_frames frame = { .flags = access };
	unsigned long run;
	int err;

	for (; nr; nr -= run, pfn += run, bfn += run) {
		err = frame_behind(pfn, &frame);
		if (unlikely(err)) {
			pviommu_batch_map_abort(b, err);
			return err;
		}
		run = likely(frame.domid == DOMID_SELF)
			? neighbours(pfn, nr, frame.mfn) : 1;
		err = pviommu_batch_map(b, bfn, run, &frame);
		if (unlikely(err))
			return err;
	}

	return 0;
}

/*
 * Book one that failed. Its BFNs are free again, unless it is not known what
 * they map.
 */
void pviommu_map_failed(struct pviommu_device *pd,
			const struct pviommu_place *p, unsigned long nr,
			int error, bool unclean)
{
	if (unclean)
		pviommu_count_device(pd, PVIOMMU_LEAKED, nr);
	else
		bfn_free(&p->w->bfns, pviommu_run_start(p->bfn, p->order),
			 p->order);
	pviommu_device_failed(pd, error);
}

/* The driver has no such mapping: a bug of his. */
int pviommu_not_mapped(struct pviommu_device *pd, u64 bfn)
{
	pviommu_count(PVIOMMU_ERRORS, 1);
	dev_err_ratelimited(pd->dev, "unmap of BFN %#llx, which it has not mapped\n",
			    bfn);

	return -EIO;
}

/* What it maps is not known: the run and its page are never used again. */
int pviommu_unmap_failed(struct pviommu_device *pd, unsigned long pages,
			 int error)
{
	pviommu_count_device(pd, PVIOMMU_LEAKED, pages);
	pviommu_device_failed(pd, error);

	return -EIO;
}

/* MMIO is named by its machine address; the P2M has nothing to say on it. */
static int batch_mmio(struct pviommu_batch *b, u64 bfn, u64 mfn,
		      unsigned long nr, u16 access)
{
	struct pviommu_frames frame = {
		.mfn = mfn,
		.domid = DOMID_SELF,
		.flags = access,
	};
	int err = 0;

	for (; nr && !err; nr--, bfn++, frame.mfn++)
		err = pviommu_batch_map(b, bfn, 1, &frame);

	return err;
}

/*
 * What is no page of dom0's never waits. Nor does what is not at the start of
 * its run: the word does not say so, and another device may want it there.
 */
static bool may_wait(unsigned long pfn, unsigned long align, u16 access)
{
	return !(pfn & (align - 1)) &&
	       !(access & (XEN_IOMMUOP_MAP_mmio | PVIOMMU_MAP_STRICT)) &&
	       !(__pfn_to_mfn(pfn) & FOREIGN_FRAME_BIT);
}

/**
 * pviommu_map_at - map pages at BFNs that the caller has
 * @b: this CPU's batch, empty before and after
 * @bfn: first BFN
 * @phys: pseudo-physical address, with XEN_IOMMUOP_MAP_mmio a machine address
 * @nr: number of pages
 * @access: XEN_IOMMUOP_MAP_*
 *
 * Context: interrupts off.
 * Return: 0, or an error and nothing is mapped; unless b->unclean, then what
 * the BFNs map is not known.
 */
int pviommu_map_at(struct pviommu_batch *b, u64 bfn, phys_addr_t phys,
		   unsigned long nr, u16 access)
{
	access &= ~PVIOMMU_MAP_STRICT;
	if (unlikely(access & XEN_IOMMUOP_MAP_mmio))
		batch_mmio(b, bfn, PHYS_PFN(phys), nr, access);
	else
		pviommu_batch_pages(b, bfn, PHYS_PFN(phys), nr, access);

	return pviommu_batch_map_end(b);
}

/* A run of BFNs for a buffer of whatever kind. Interrupts are off. */
static noinline dma_addr_t map_any(struct pviommu_device *pd, phys_addr_t phys,
				   unsigned long nr, u64 limit, u16 access,
				   unsigned long align)
{
	struct pviommu_batch *b = pviommu_batch_here();
	unsigned long pfn = PHYS_PFN(phys);
	struct pviommu_place p;
	u64 run;
	int err;

	if (unlikely(nr > PVIOMMU_RUN_MAX_NR) ||
	    unlikely(!pviommu_place(pd, b, limit, nr, align, pfn, &p)))
		return DMA_MAPPING_ERROR;

	err = pviommu_map_at(b, p.bfn, phys, nr, access);
	if (unlikely(err)) {
		pviommu_map_failed(pd, &p, nr, err, b->unclean);
		return DMA_MAPPING_ERROR;
	}
	run = pviommu_run_of(pfn, nr, align, access, p.w);
	if (!may_wait(pfn, align, access))
		run |= PVIOMMU_RUN_STRICT;
	pviommu_mapped(pd, p.w, p.bfn, run, nr);

	return PFN_PHYS(p.bfn) | offset_in_page(phys);
}

/*
 * Nearly all buffers are like this: one op names all frames, its unmap may
 * wait, and nothing waits that should go along. Interrupts are off.
 */
static inline bool is_lone(unsigned long pfn, unsigned long nr,
			   unsigned long mfn, u16 access, unsigned long align)
{
	return pviommu_mfn_is_own(mfn) &&
	       likely(!(access & (XEN_IOMMUOP_MAP_mmio | PVIOMMU_MAP_STRICT))) &&
	       likely(!(pfn & (align - 1))) &&
	       likely(this_cpu_ptr(pviommu_queues)->nr < PVIOMMU_QUEUE_RIDE) &&
	       (nr == 1 || neighbours(pfn, nr, mfn) == nr);
}

static noinline dma_addr_t lone_failed(struct pviommu_device *pd,
				       struct pviommu_window *w, u64 bfn,
				       u64 run, int error)
{
	struct pviommu_place p = {
		.w = w,
		.bfn = bfn,
		.order = pviommu_run_order(run),
	};

	pviommu_map_failed(pd, &p, pviommu_run_nr(run), error,
			   this_cpu_ptr(&pviommu_batches)->unclean);

	return DMA_MAPPING_ERROR;
}

/* Return: the first address, or 0 if that is a matter for map_any(). */
static inline dma_addr_t map_lone(struct pviommu_device *pd,
				  struct pviommu_window *w, unsigned long pfn,
				  unsigned long nr, u16 access,
				  unsigned long align)
{
	struct pviommu_batch *b = this_cpu_ptr(&pviommu_batches);
	struct pviommu_frames frames = {
		.mfn = __pfn_to_mfn(pfn),
		.domid = DOMID_SELF,
		.flags = access,
	};
	u64 bfn, run;
	int err;

	if (unlikely(!is_lone(pfn, nr, frames.mfn, access, align)))
		return 0;
	run = pviommu_run_of(pfn, nr, align, access, w);
	bfn = bfn_alloc(&w->bfns, pviommu_run_order(run));
	if (unlikely(bfn == BFN_NONE))
		return 0;
	pviommu_op_map(&b->ops[0], bfn, nr, &frames);
	err = pviommu_batch_lone(b);
	if (unlikely(err))
		return lone_failed(pd, w, bfn, run, err);
	pviommu_mapped(pd, w, bfn, run, nr);

	return PFN_PHYS(bfn);
}

/**
 * pviommu_map_new - map a buffer that is contiguous in dom0's eyes
 * @pd: the device
 * @phys: pseudo-physical address, with XEN_IOMMUOP_MAP_mmio a machine address
 * @size: bytes, at least 1
 * @limit: highest address that the device can reach
 * @access: XEN_IOMMUOP_MAP_*
 * @align: a power of two of pages, which @phys and the bus address shall have
 *	the same remainder of
 *
 * One hypercall, unless the frames are so scattered that they need more ops than
 * it takes.
 *
 * Context: any but NMI.
 * Return: the bus address, with the same offset in the page, or
 * DMA_MAPPING_ERROR.
 */
dma_addr_t pviommu_map_new(struct pviommu_device *pd, phys_addr_t phys,
			   size_t size, u64 limit, u16 access,
			   unsigned long align)
{
	unsigned long nr = PFN_UP(offset_in_page(phys) + size);
	struct pviommu_window *w = pviommu_window_under(limit);
	dma_addr_t addr = 0;
	unsigned long flags;

	local_irq_save(flags);
	if (likely(w))
		addr = map_lone(pd, w, PHYS_PFN(phys), nr, access, align);
	if (unlikely(!addr))
		addr = map_any(pd, phys, nr, limit, access, align);
	local_irq_restore(flags);

	return addr | offset_in_page(phys);
}

/* Let the unmap wait, if the device may do so. */
static inline bool postpone(struct pviommu_device *pd, u64 bfn, u64 run)
{
	enum pviommu_mode mode = READ_ONCE(pd->mode);

	if ((mode != PVIOMMU_REUSE && mode != PVIOMMU_LAZY) ||
	    run & PVIOMMU_RUN_STRICT || unlikely(!pviommu_hold(run)))
		return false;
	pviommu_queue_add(this_cpu_ptr(pviommu_queues), bfn, run);
	pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);
	trace_pviommu_unmap(pd->dev, bfn, pviommu_run_nr(run), PVIOMMU_BY_QUEUE);

	return true;
}

/* What waits goes along; or there is more than one op can name. */
static noinline int unmap_batch(u64 bfn, unsigned long nr)
{
	struct pviommu_batch *b = pviommu_batch_here();

	pviommu_batch_unmap(b, bfn, nr);

	return pviommu_batch_unmap_end(b);
}

static inline int unmap_run(struct pviommu_device *pd, struct pviommu_window *w,
			    u64 bfn, u64 run)
{
	struct pviommu_batch *b = this_cpu_ptr(&pviommu_batches);
	unsigned long nr = pviommu_run_nr(run);
	int err;

	if (likely(!this_cpu_ptr(pviommu_queues)->nr) &&
	    likely(nr <= pviommu_xen.max_frames)) {
		pviommu_op_unmap(&b->ops[0], bfn, nr);
		err = pviommu_batch_lone(b);
		pviommu_count_flush(PVIOMMU_FLUSH_STRICT, 0);
		pviommu_count(PVIOMMU_FLUSHES, 1);
	} else {
		err = unmap_batch(bfn, nr);
	}

	return pviommu_unmapped(pd, w, bfn, run, nr, err);
}

/**
 * pviommu_unmap_now - take down what pviommu_map() made, or let that wait
 * @pd: the device
 * @addr: the bus address
 *
 * Context: any but NMI.
 * Return: 0 when it is done: how soon no device reaches the buffer any more is
 * the mode's affair, docs/protection.md has it; if it was mapped with
 * PVIOMMU_MAP_STRICT, now. -ENOENT if we did not make it: the base ops did.
 * -EIO if it failed, so that the device may still reach the buffer.
 */
int pviommu_unmap_now(struct pviommu_device *pd, dma_addr_t addr)
{
	struct pviommu_window *w = pviommu_window_of(addr);
	unsigned long flags;
	int err = 0;
	u64 run;

	if (unlikely(!w)) {
		if (!pviommu_static_contains(addr))
			return -ENOENT;
		pviommu_unmapped_static(pd, addr);
		return 0;
	}

	local_irq_save(flags);
	run = pviommu_run_take(w, PHYS_PFN(addr));
	if (unlikely(!run))
		err = pviommu_not_mapped(pd, PHYS_PFN(addr));
	else if (!postpone(pd, PHYS_PFN(addr), run))
		err = unmap_run(pd, w, PHYS_PFN(addr), run);
	local_irq_restore(flags);

	return err;
}
