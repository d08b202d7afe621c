// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dynamic path: a run of BFNs for each buffer. A map is in place when the
 * function returns. An unmap is done, or waits, as the device's mode says.
 */
#define dev_fmt(fmt) "xen_pviommu: " fmt

#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <xen/grant_table.h>
#include <xen/page.h>

#include "dispatch.h"

static u64 bfn_take(struct pviommu_window *w, unsigned int order)
{
	unsigned long flags;
	u64 bfn;

	local_irq_save(flags);
	bfn = bfn_alloc(&w->bfns, order);
	local_irq_restore(flags);

	return bfn;
}

/**
 * pviommu_bfn_alloc - take BFNs, in need also from this CPU's queue and table
 * @w: the window
 * @order: number of BFNs, as a power of two
 *
 * Waiting unmaps hold BFNs, as do idle mappings.
 *
 * Context: any but NMI, this CPU's batch not in use.
 * Return: the first BFN, aligned to the number of BFNs, or BFN_NONE.
 */
u64 pviommu_bfn_alloc(struct pviommu_window *w, unsigned int order)
{
	u64 bfn = bfn_take(w, order);

	if (likely(bfn != BFN_NONE))
		return bfn;
	pviommu_queues_relieve();

	return bfn_take(w, order);
}

/* The mapping's slot is in a chunk behind the run's first chunk. */
static void begin_behind(const struct pviommu_run *run,
			 unsigned long offset)
{
	unsigned long flags;

	local_irq_save(flags);
	bfn_large_begin(&run->w->bfns, run->bfn, run->bfn + offset);
	local_irq_restore(flags);
}

/**
 * pviommu_run_alloc - take BFNs that a device can reach
 * @pd: the device
 * @limit: highest address it can reach
 * @nr: number of BFNs
 * @align: a power of two of pages
 * @offset: the first BFN modulo @align
 * @run: set to the run, its window also on failure
 *
 * A run is aligned to its size rounded up. So the run crosses no boundary of
 * its own size or more.
 *
 * Context: as pviommu_bfn_alloc().
 * Return: false when no window lies under the limit, or has no such run.
 */
bool pviommu_run_alloc(struct pviommu_device *pd, u64 limit, unsigned long nr,
		       unsigned long align, unsigned long offset,
		       struct pviommu_run *run)
{
	run->w = pviommu_window_under(limit);
	if (unlikely(!run->w)) {
		pviommu_device_narrow(pd, limit);
		return false;
	}
	run->order = pviommu_order(nr, align, offset);
	run->bfn = pviommu_bfn_alloc(run->w, run->order);
	if (unlikely(run->bfn == BFN_NONE)) {
		if (READ_ONCE(run->w->bfns.starved))
			pviommu_device_starved(pd);
		return false;
	}
	offset &= align - 1;
	if (unlikely(offset >= BFN_CHUNK_SIZE))
		begin_behind(run, offset);
	run->bfn |= offset;

	return true;
}

/*
 * Find the frame behind a PFN, and its owner. To Xen, a page mapped from a
 * guest's grant belongs to the guest. Identity frames are no RAM: persistent
 * memory, or a device's.
 */
static int frame_behind(unsigned long pfn, u16 access,
			struct pviommu_frames *frame)
{
	unsigned long entry = __pfn_to_mfn(pfn);
	struct xen_page_foreign *foreign;

	frame->mfn = entry;
	frame->domid = DOMID_SELF;
	frame->flags = access;
	if (pviommu_mfn_is_own(entry))
		return 0;
	frame->flags &= ~XEN_IOMMUOP_MAP_yield;
	/* The entry has all bits set. */
	if (entry == INVALID_P2M_ENTRY)
		return -ENXIO;
	if (entry & IDENTITY_FRAME_BIT) {
		frame->mfn = entry & ~IDENTITY_FRAME_BIT;
		frame->flags |= XEN_IOMMUOP_MAP_mmio;
		return 0;
	}
	foreign = xen_page_foreign(pfn_to_page(pfn));
	if (!foreign)
		return -ENXIO;
	frame->mfn = entry & ~FOREIGN_FRAME_BIT;
	frame->domid = foreign->domid;

	return 0;
}

/*
 * Number of PFNs from @pfn whose frames are neighbours, up to a piece. The
 * first frame is dom0's own. So are all: a P2M entry with a flag is no MFN.
 */
static noinline unsigned long map_neighbours(unsigned long pfn, unsigned long nr,
					     unsigned long mfn)
{
	unsigned long same = 1;

	nr = min_t(unsigned long, nr, pviommu_xen.piece);
	/* Not pviommu_p2m(): its check of the P2M's end would run each time. */
	nr = min(nr, xen_p2m_size - min(pfn, xen_p2m_size));
	while (same < nr && READ_ONCE(xen_p2m_addr[pfn + same]) == mfn + same)
		same++;

	return same;
}

/* See pviommu_batch_pages(): a page of dom0's own that continues no list. */
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
	struct pviommu_frames frame;
	unsigned long part;
	int err;

	for (; nr; nr -= part, pfn += part, bfn += part) {
		err = frame_behind(pfn, access, &frame);
		if (unlikely(err)) {
			pviommu_batch_map_abort(b, err);
			return err;
		}
		part = 1;
		if (likely(frame.domid == DOMID_SELF) &&
		    likely(frame.flags == access))
			part = map_neighbours(pfn, nr, frame.mfn);
		err = pviommu_batch_map(b, bfn, part, &frame);
		if (unlikely(err))
			return err;
	}

	return 0;
}

/*
 * Book a map that failed. Its BFNs are free again, unless they may still be
 * mapped. After a map without memory for a table, the next BFNs are elsewhere:
 * the caller may try again, PVIOMMU_RUN_TRIES times in all.
 */
void pviommu_map_failed(struct pviommu_device *pd,
			const struct pviommu_run *run, unsigned long nr,
			int error, bool unclean)
{
	unsigned long flags;

	if (unclean) {
		pviommu_count_device(pd, PVIOMMU_LEAKED, nr);
	} else {
		local_irq_save(flags);
		/* A part was mapped, and may have yielded. */
		pviommu_yielded_clear(run->w, run->bfn, run->order);
		bfn_free(&run->w->bfns, pviommu_run_start(run->bfn, run->order),
			 run->order);
		if (error == -ENOMEM)
			bfn_table_missing(&run->w->bfns,
					  pviommu_run_start(run->bfn, run->order),
					  run->order);
		local_irq_restore(flags);
	}
	if (!pviommu_is_of_the_page(error) && error != -ENOMEM)
		pviommu_device_failed(pd, error);
}

/* The driver has no such mapping: a bug of the driver. */
int pviommu_not_mapped(struct pviommu_device *pd, u64 bfn)
{
	pviommu_count(PVIOMMU_ERRORS, 1);
	dev_err_ratelimited(pd->dev, "unmap of BFN %#llx, which it has not mapped\n",
			    bfn);

	return -EIO;
}

/* The run may still be mapped, and is never used again. */
int pviommu_unmap_failed(struct pviommu_device *pd, unsigned long pages,
			 int error)
{
	pviommu_count_device(pd, PVIOMMU_LEAKED, pages);
	pviommu_device_failed(pd, error);

	return -EIO;
}

/* MMIO is named by its machine address, without the P2M. */
static int batch_mmio(struct pviommu_batch *b, u64 bfn, u64 mfn,
		      unsigned long nr, u16 access)
{
	struct pviommu_frames frame = {
		.mfn = mfn,
		.domid = DOMID_SELF,
		.flags = access & ~XEN_IOMMUOP_MAP_yield,
	};

	return pviommu_batch_map(b, bfn, nr, &frame);
}

/*
 * A mapping that is not at the start of its run never waits: its descriptor
 * does not have the offset, and another device may need the start. Nor does a
 * mapping wait that is longer than a rider.
 */
static bool may_wait(unsigned long pfn, unsigned long nr, unsigned long align,
		     u16 access)
{
	return !(pfn & (align - 1)) && nr <= pviommu_xen.piece &&
	       !(access & PVIOMMU_MAP_STRICT);
}

/*
 * Book a list. Its unmap may wait if one op suffices, and the list is at the
 * start of its run: see may_wait(). Interrupts are off.
 */
void pviommu_list_mapped(struct pviommu_device *pd,
			 const struct pviommu_run *run, unsigned long nr,
			 unsigned long pages, u64 flags)
{
	u64 gaps = pages < nr ? PVIOMMU_DESC_GAPS : 0;

	if (gaps || nr > pviommu_xen.piece ||
	    run->bfn != pviommu_run_start(run->bfn, run->order))
		flags |= PVIOMMU_DESC_STRICT;
	if (run->w == &pviommu_low)
		flags |= PVIOMMU_DESC_LOW;
	pviommu_mapped(pd, run->w, run->bfn,
		       pviommu_desc(gaps, nr, run->order,
				    flags | PVIOMMU_DESC_QUEUE), pages);
}

/* See pviommu_map_at(): a piece of the run. */
static int map_piece(u64 bfn, unsigned long pfn, unsigned long nr, u16 access,
		     struct pviommu_outcome *outcome)
{
	struct pviommu_batch *b;
	unsigned long flags;
	int err;

	b = pviommu_batch_begin(&flags);
	if (unlikely(access & XEN_IOMMUOP_MAP_mmio))
		batch_mmio(b, bfn, pfn, nr, access);
	else
		pviommu_batch_pages(b, bfn, pfn, nr, access);
	err = pviommu_batch_map_end(b);
	outcome->unclean = b->unclean;
	outcome->desc |= b->desc;
	pviommu_batch_end(flags);

	return err;
}

/**
 * pviommu_map_at - map pages at the caller's BFNs
 * @bfn: first BFN
 * @phys: pseudo-physical address, with XEN_IOMMUOP_MAP_mmio a machine address
 * @nr: number of pages
 * @access: XEN_IOMMUOP_MAP_*
 * @outcome: set
 *
 * Interrupts are off for a piece at a time.
 *
 * Context: any but NMI, this CPU's batch not in use.
 * Return: 0, or an error: nothing is mapped then, unless @outcome is unclean.
 */
int pviommu_map_at(u64 bfn, phys_addr_t phys, unsigned long nr, u16 access,
		   struct pviommu_outcome *outcome)
{
	unsigned long pfn = PHYS_PFN(phys), done, part;
	int err = 0;

	*outcome = (struct pviommu_outcome){ .desc = 0 };
	access &= ~PVIOMMU_MAP_STRICT;
	for (done = 0; done < nr && !err; done += part) {
		part = min_t(unsigned long, nr - done, pviommu_xen.piece);
		err = map_piece(bfn + done, pfn + done, part, access, outcome);
	}
	if (unlikely(err) && pviommu_unmap_at(bfn, done - part))
		outcome->unclean = true;

	return err;
}

/* Book a mapping. Interrupts are on. */
static void map_book(struct pviommu_device *pd, const struct pviommu_run *run,
		     u64 desc, unsigned long pages)
{
	unsigned long flags;

	local_irq_save(flags);
	pviommu_mapped(pd, run->w, run->bfn, desc, pages);
	local_irq_restore(flags);
}

/*
 * Map a run of BFNs for any kind of buffer. A length of 0, a mistake of the
 * driver, maps the page of its address, as other DMA ops do.
 */
static dma_addr_t map_run(struct pviommu_device *pd, phys_addr_t phys,
			  unsigned long nr, u64 limit, u16 access,
			  unsigned long align)
{
	unsigned long pfn = PHYS_PFN(phys);
	unsigned int tries = PVIOMMU_RUN_TRIES;
	struct pviommu_outcome outcome;
	struct pviommu_run run;
	u64 desc;
	int err;

	if (unlikely(!nr)) {
		dev_warn_once(pd->dev, "maps 0 bytes: a page is mapped\n");
		nr = 1;
	}
	if (unlikely(nr > PVIOMMU_DESC_MAX_NR))
		return DMA_MAPPING_ERROR;
	do {
		if (unlikely(!pviommu_run_alloc(pd, limit, nr, align, pfn, &run)))
			return DMA_MAPPING_ERROR;
		err = pviommu_map_at(run.bfn, phys, nr,
				     access | pviommu_xen.yield, &outcome);
		if (unlikely(err))
			pviommu_map_failed(pd, &run, nr, err, outcome.unclean);
	} while (unlikely(err == -ENOMEM) && !outcome.unclean && --tries);
	if (unlikely(err))
		return DMA_MAPPING_ERROR;
	if (!(outcome.desc & PVIOMMU_DESC_STRICT) &&
	    may_wait(pfn, nr, align, access))
		desc = pviommu_desc_of(pfn, nr, align, access, run.w) | outcome.desc;
	else
		desc = pviommu_desc(0, nr, run.order, PVIOMMU_DESC_STRICT);
	map_book(pd, &run, desc, nr);

	return PFN_PHYS(run.bfn) | offset_in_page(phys);
}

/* The same, with interrupts off. Meanwhile they may be on, if @flags say so. */
static noinline dma_addr_t map_batched(struct pviommu_device *pd, phys_addr_t phys,
				       unsigned long nr, u64 limit, u16 access,
				       unsigned long align, unsigned long flags)
{
	dma_addr_t addr;

	local_irq_restore(flags);
	addr = map_run(pd, phys, nr, limit, access, align);
	local_irq_save(flags);

	return addr;
}

/*
 * True for nearly all buffers: one op names all frames, the unmap may wait, and
 * no unmaps wait that should ride along. Interrupts are off.
 */
static inline bool is_single_op(unsigned long pfn, unsigned long nr,
				unsigned long mfn, u16 access, unsigned long align)
{
	return pviommu_mfn_is_own(mfn) &&
	       likely(!(access & (XEN_IOMMUOP_MAP_mmio | PVIOMMU_MAP_STRICT))) &&
	       likely(!(pfn & (align - 1))) &&
	       likely(this_cpu_ptr(pviommu_queues)->weight <
		      PVIOMMU_QUEUE_RIDE) &&
	       (nr == 1 || map_neighbours(pfn, nr, mfn) == nr);
}

/* The map failed, or Xen holds some of the pages. */
static noinline dma_addr_t single_op_slow(struct pviommu_device *pd,
					  struct pviommu_window *w, u64 bfn,
					  u64 desc, int status)
{
	bool unclean = this_cpu_ptr(&pviommu_batches)->unclean;
	struct pviommu_run run = {
		.w = w,
		.bfn = bfn,
		.order = pviommu_desc_order(desc),
	};
	unsigned long nr = pviommu_desc_nr(desc);

	if (status == XEN_IOMMUOP_STATUS_held) {
		pviommu_mapped(pd, w, bfn, pviommu_desc(0, nr, run.order,
							PVIOMMU_DESC_STRICT), nr);
		return PFN_PHYS(bfn);
	}
	pviommu_map_failed(pd, &run, nr, status, unclean);

	return status == -ENOMEM && !unclean ? 0 : DMA_MAPPING_ERROR;
}

/* Return: the first address, or 0: map_batched() has to map the buffer. */
static inline dma_addr_t map_single_op(struct pviommu_device *pd,
				       struct pviommu_window *w, unsigned long pfn,
				       unsigned long nr, u16 access,
				       unsigned long align)
{
	struct pviommu_batch *b = this_cpu_ptr(&pviommu_batches);
	struct pviommu_frames frames = {
		.mfn = pviommu_p2m(pfn),
		.domid = DOMID_SELF,
	};
	u64 bfn, desc;
	int status;

	if (unlikely(!is_single_op(pfn, nr, frames.mfn, access, align)))
		return 0;
	desc = pviommu_desc_of(pfn, nr, align, access, w);
	bfn = bfn_alloc(&w->bfns, pviommu_desc_order(desc));
	if (unlikely(bfn == BFN_NONE))
		return 0;
	frames.flags = access | pviommu_xen.yield;
	pviommu_op_map(&b->ops[0], bfn, nr, &frames);
	status = pviommu_batch_single(b);
	if (unlikely(status))
		return single_op_slow(pd, w, bfn, desc, status);
	pviommu_mapped(pd, w, bfn, desc, nr);

	return PFN_PHYS(bfn);
}

/**
 * pviommu_map_dynamic - map a buffer of contiguous PFNs
 * @pd: the device
 * @phys: pseudo-physical address, with XEN_IOMMUOP_MAP_mmio a machine address
 * @size: bytes
 * @limit: highest address that the device can reach
 * @access: XEN_IOMMUOP_MAP_*
 * @align: a power of two of pages: @phys and the bus address have the same
 *	remainder
 *
 * A hypercall for each PVIOMMU_PIECE pages, unless the frames are scattered and
 * need more ops than a hypercall takes.
 *
 * Context: any but NMI.
 * Return: the bus address, with the same offset in the page, or
 * DMA_MAPPING_ERROR.
 */
dma_addr_t pviommu_map_dynamic(struct pviommu_device *pd, phys_addr_t phys,
			       size_t size, u64 limit, u16 access,
			       unsigned long align)
{
	unsigned long nr = PFN_UP(offset_in_page(phys) + size);
	struct pviommu_window *w = pviommu_window_under(limit);
	dma_addr_t addr = 0;
	unsigned long flags;

	local_irq_save(flags);
	if (likely(w))
		addr = map_single_op(pd, w, PHYS_PFN(phys), nr, access, align);
	if (unlikely(!addr))
		addr = map_batched(pd, phys, nr, limit, access, align, flags);
	local_irq_restore(flags);

	return addr | offset_in_page(phys);
}

/* Let the unmap wait, if the device may do so. */
static inline bool map_postpone(struct pviommu_device *pd, struct pviommu_window *w,
				u64 bfn, u64 desc)
{
	enum pviommu_mode mode = READ_ONCE(pd->mode);

	if ((mode != PVIOMMU_REUSE && mode != PVIOMMU_LAZY) ||
	    desc & PVIOMMU_DESC_STRICT)
		return false;
	if (unlikely(pviommu_yielded(w, bfn, pviommu_desc_order(desc))))
		pviommu_stale(pd, w, bfn, pviommu_desc_order(desc));
	pviommu_queue_add(this_cpu_ptr(pviommu_queues), bfn, desc);
	pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);
	trace_pviommu_unmap(pd->dev, bfn, pviommu_desc_nr(desc), PVIOMMU_BY_QUEUE);

	return true;
}

/*
 * Queued unmaps ride along, or the run is longer than a piece. The run is not
 * the driver's any more, and has no new owner yet. So interrupts may be on
 * meanwhile, if the caller's @flags say so.
 */
static noinline int unmap_batch(u64 bfn, unsigned long nr, unsigned long flags)
{
	int err;

	local_irq_restore(flags);
	err = pviommu_unmap_at(bfn, nr);
	local_irq_save(flags);

	return err;
}

static inline int unmap_run(struct pviommu_device *pd, struct pviommu_window *w,
			    u64 bfn, u64 desc, unsigned long flags)
{
	struct pviommu_batch *b = this_cpu_ptr(&pviommu_batches);
	unsigned long nr = pviommu_desc_nr(desc);
	int err;

	if (likely(!this_cpu_ptr(pviommu_queues)->nr) &&
	    likely(nr <= pviommu_xen.piece)) {
		pviommu_op_unmap(&b->ops[0], bfn, nr);
		err = pviommu_batch_single(b);
		pviommu_count_flush(PVIOMMU_FLUSH_STRICT, 0);
	} else {
		err = unmap_batch(bfn, nr, flags);
	}

	return pviommu_unmapped(pd, w, bfn, desc, nr, err);
}

/**
 * pviommu_unmap_dynamic - unmap a mapping of pviommu_map(), now or later
 * @pd: the device
 * @addr: the bus address
 *
 * How soon no device reaches the buffer any more depends on the mode: see
 * docs/protection.md. With PVIOMMU_MAP_STRICT no device reaches the buffer when
 * the function returns.
 *
 * Context: any but NMI.
 * Return: 0 when done; -ENOENT if the mapping is not ours but the base ops';
 * -EIO if the unmap failed: the device may still reach the buffer.
 */
int pviommu_unmap_dynamic(struct pviommu_device *pd, dma_addr_t addr)
{
	struct pviommu_window *w = pviommu_window_of(addr);
	unsigned long flags;
	int err = 0;
	u64 desc;

	if (unlikely(!w)) {
		if (!pviommu_static_contains(addr))
			return -ENOENT;
		pviommu_unmapped_static(pd, addr);
		return 0;
	}

	local_irq_save(flags);
	desc = pviommu_desc_take(w, PHYS_PFN(addr));
	if (unlikely(!desc))
		err = pviommu_not_mapped(pd, PHYS_PFN(addr));
	else if (!map_postpone(pd, w, PHYS_PFN(addr), desc))
		err = unmap_run(pd, w, PHYS_PFN(addr), desc, flags);
	local_irq_restore(flags);

	return err;
}
