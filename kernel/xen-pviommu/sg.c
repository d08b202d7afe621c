// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scatterlists: a run of BFNs and, as a rule, a single hypercall for all
 * entries of a list. Neighbours become one segment for the device where the DMA
 * API allows.
 */
#include <linux/errno.h>
#include <linux/memremap.h>
#include <linux/pfn.h>
#include <linux/scatterlist.h>

#include "base.h"
#include "dma.h"
#include "dispatch.h"
#include "layout.h"

/* Does an entry lie within a page? Most do. Empty entries wrap, and do not. */
static inline bool entry_is_page(const struct scatterlist *s)
{
	return (u64)s->offset + (u32)(s->length - 1) < PAGE_SIZE;
}

/*
 * List simple entries of dom0's own pages: a BFN each. A device's page is not
 * dom0's RAM in the P2M.
 * Return: the number of segments, or 0 at any other entry.
 */
static int list_pages(struct pviommu_batch *b, struct device *dev,
		      struct scatterlist *sg, int nents, u64 bfn, u16 access)
{
	u64 *mfn = pviommu_batch_list(b, bfn, nents, access);
	struct segments g = segments_of(dev);
	dma_addr_t addr = PFN_PHYS(bfn);
	struct scatterlist *s;
	int i;

	for (s = sg, i = nents; i; s = entry_next(s, --i)) {
		if (unlikely(!entry_is_page(s)))
			return 0;
		*mfn = pviommu_p2m(page_to_pfn(sg_page(s)));
		if (!pviommu_mfn_is_own(*mfn++))
			return 0;
		segments_add(&g, sg, addr | s->offset, s->length);
		addr += PAGE_SIZE;
	}

	return segments_end(&g, nents);
}

/* The segments of a list whose run is at @bfn; sets their number. */
static int list_segments(struct device *dev, struct scatterlist *sg, int nents,
			 const struct layout *l, u64 bfn)
{
	struct segments g = segments_of(dev);
	struct scatterlist *s;
	u64 end = 0, at;
	int i;

	for (s = sg, i = nents; i; s = entry_next(s, --i)) {
		unsigned long nr = entry_pages(s);

		if (unlikely(!s->length))
			continue;
		at = layout_place(l, s, end, nr);
		end = at + nr;
		segments_add(&g, sg,
			     PFN_PHYS(bfn + at) + offset_in_page(s->offset),
			     s->length);
	}

	return segments_end(&g, nents);
}

/* How far a list is mapped, in pages of the run. */
struct progress {
	struct scatterlist *s;	/* the entry at hand; NULL at the end */
	int left;		/* entries from it on */
	u64 at;			/* where the entry begins */
	unsigned long done;	/* mapped pages of the entry */
	u64 end;		/* the end of the mapped pages */
};

static void progress_next(struct progress *p)
{
	p->s = entry_next(p->s, --p->left);
	p->done = 0;
}

/* Part of an entry. Return: its pages, which the batch has if *@err is 0. */
static unsigned long list_part(struct pviommu_batch *b, struct progress *p,
			       const struct layout *l, u64 bfn, u16 access,
			       unsigned long room, int *err)
{
	unsigned long nr = entry_pages(p->s), part;

	if (!p->done)
		p->at = layout_place(l, p->s, p->end, nr);
	part = min(nr - p->done, room);
	*err = pviommu_batch_pages(b, bfn + p->at + p->done,
				   PHYS_PFN(sg_phys(p->s)) + p->done, part,
				   access);
	p->done += part;
	p->end = p->at + p->done;
	if (p->done == nr)
		progress_next(p);

	return part;
}

/*
 * A piece of a list's run: all of it, or nothing and an error. Pages that lie apart
 * cost more than those of a block, so a list's pieces are shorter.
 */
static int list_piece(struct progress *p, const struct layout *l, u64 bfn,
		      u16 access, struct pviommu_outcome *outcome)
{
	unsigned long room = pviommu_xen.piece - pviommu_xen.piece / 8, flags;
	struct pviommu_batch *b;
	int err = 0;

	b = pviommu_batch_begin(&flags);
	while (p->s && room && !err) {
		if (likely(p->s->length)) {
			room -= list_part(b, p, l, bfn, access, room, &err);
		} else {
			progress_next(p);
			room--;
		}
	}
	err = pviommu_batch_map_end(b);
	outcome->unclean = b->unclean;
	outcome->desc |= b->desc;
	pviommu_batch_end(flags);

	return err;
}

/*
 * A piece of the BFNs of the segments, below @end. Return: 0, or an error when
 * a device may still reach some.
 */
static int unmap_piece(struct progress *p, u64 end)
{
	unsigned long room = pviommu_xen.piece, flags, part;
	struct pviommu_batch *b;
	u64 first, last;
	int err;

	b = pviommu_batch_begin(&flags);
	while (p->s && room) {
		first = PHYS_PFN(sg_dma_address(p->s)) + p->done;
		last = PFN_UP(sg_dma_address(p->s) + sg_dma_len(p->s));
		last = min(last, end);
		if (!sg_dma_len(p->s) || first >= last) {
			/* The segments end, or the BFNs to unmap do. */
			p->s = NULL;
			break;
		}
		part = min_t(u64, last - first, room);
		pviommu_batch_unmap(b, first, part);
		room -= part;
		p->done += part;
		p->end += part;
		if (first + part == last)
			progress_next(p);
	}
	err = pviommu_batch_unmap_end(b);
	pviommu_batch_end(flags);

	return err;
}

/* Unmap the segments' BFNs below @end, but not the gaps: they are not mapped. */
static int unmap_segments(struct scatterlist *sg, int nents, u64 end,
			  unsigned long *pages)
{
	struct progress p = { .s = sg, .left = nents };
	int err = 0, error;

	while (p.s) {
		error = unmap_piece(&p, end);
		err = err ?: error;
	}
	*pages = p.end;

	return err;
}

/* Take back the first @nr pages of a run that has failed. */
static int list_undo(struct scatterlist *sg, int nents, const struct layout *l,
		     u64 bfn, u64 nr)
{
	unsigned long pages;

	if (l->dense)
		return pviommu_unmap_at(bfn, nr);

	return unmap_segments(sg, nents, bfn + nr, &pages);
}

/*
 * Map the run of a list, whole or not at all. The segments of a run with gaps
 * are made already.
 */
static int list_map(struct scatterlist *sg, int nents, const struct layout *l,
		    u64 bfn, u16 access, struct pviommu_outcome *outcome)
{
	struct progress p = { .s = sg, .left = nents };
	u64 mapped = 0;
	int err = 0;

	*outcome = (struct pviommu_outcome){ .desc = 0 };
	while (p.s && !err) {
		mapped = p.end;
		err = list_piece(&p, l, bfn, access, outcome);
	}
	if (unlikely(err) && list_undo(sg, nents, l, bfn, mapped))
		outcome->unclean = true;

	return err;
}

/*
 * One look at each entry: a run for simple entries has a BFN for each.
 * Return: the number of segments, -EIO, or 0: map_layout() has to map the list,
 * also after a want of memory for a table.
 */
static noinline int map_pages_list(struct pviommu_device *pd, struct device *dev,
				   struct scatterlist *sg, int nents, u64 limit,
				   u16 access)
{
	struct pviommu_run run = { .w = pviommu_window_under(limit) };
	struct pviommu_batch *b;
	unsigned long flags;
	int ret = 0, err;

	if (!entry_is_page(sg) || !pviommu_list_fits(nents) ||
	    unlikely(pviommu_min_align(dev) != 1) ||
	    unlikely(nents > seg_boundary(dev)) || unlikely(!run.w))
		return 0;
	run.order = pviommu_order(nents, 1, 0);
	b = pviommu_batch_begin(&flags);
	run.bfn = bfn_alloc(&run.w->bfns, run.order);
	if (likely(run.bfn != BFN_NONE)) {
		ret = list_pages(b, dev, sg, nents, run.bfn,
				 access | pviommu_xen.yield);
		err = likely(ret) ? pviommu_batch_map_end(b) : 0;
		if (unlikely(err)) {
			pviommu_map_failed(pd, &run, nents, err, b->unclean);
			ret = err == -ENOMEM && !b->unclean ? 0 : -EIO;
		} else if (likely(ret)) {
			pviommu_list_mapped(pd, &run, nents, nents, b->desc);
		} else {
			bfn_free(&run.w->bfns, run.bfn, run.order);
		}
	}
	pviommu_batch_end(flags);

	return ret;
}

/*
 * Map a list in its run, and book the mapping. Return: 0; -ENOMEM, if another
 * run may have its tables; or -EIO.
 */
static int map_list_run(struct pviommu_device *pd, struct scatterlist *sg,
			int nents, const struct layout *l,
			const struct pviommu_run *run, u16 access)
{
	struct pviommu_outcome outcome;
	unsigned long flags;
	int err;

	err = list_map(sg, nents, l, run->bfn,
		       (access & ~PVIOMMU_MAP_STRICT) | pviommu_xen.yield,
		       &outcome);
	if (unlikely(err)) {
		pviommu_map_failed(pd, run, l->end, err, outcome.unclean);
		return err == -ENOMEM && !outcome.unclean ? -ENOMEM : -EIO;
	}
	if (access & PVIOMMU_MAP_STRICT)
		outcome.desc |= PVIOMMU_DESC_STRICT;
	local_irq_save(flags);
	pviommu_list_mapped(pd, run, l->end, l->pages, outcome.desc);
	local_irq_restore(flags);

	return 0;
}

/* All entries are empty, a mistake of the driver: the first entry is mapped. */
static int map_empty(struct pviommu_device *pd, struct device *dev,
		     struct scatterlist *sg, u64 limit, u16 access)
{
	dma_addr_t addr;

	if (is_pci_p2pdma_page(sg_page(sg)))
		return -EREMOTEIO;
	addr = pviommu_map_dynamic(pd, sg_phys(sg), 0, limit, access,
				   pviommu_min_align(dev));
	if (addr == DMA_MAPPING_ERROR)
		return -EIO;
	sg_dma_address(sg) = addr;
	sg_dma_len(sg) = 0;
	sg_dma_len(sg_next(sg)) = 0;

	return 1;
}

/*
 * Three looks at each entry: for the run's length, for the segments, and for
 * the entry's place in the run.
 * Return: the number of segments, -EREMOTEIO, or another negative errno.
 */
static noinline int map_layout(struct pviommu_device *pd, struct device *dev,
			       struct scatterlist *sg, int nents, u64 limit,
			       u16 access)
{
	unsigned int tries = PVIOMMU_RUN_TRIES;
	struct pviommu_run run;
	struct layout l;
	int ret, err;

	err = layout_make(&l, dev, sg, nents);
	if (err == -ENODATA)
		return map_empty(pd, dev, sg, limit, access);
	if (err)
		return err;
	do {
		if (unlikely(!pviommu_run_alloc(pd, limit, l.end, l.align,
						l.origin, &run)))
			return -ENOMEM;
		ret = list_segments(dev, sg, nents, &l, run.bfn);
		err = map_list_run(pd, sg, nents, &l, &run, access);
	} while (unlikely(err == -ENOMEM) && --tries);

	return err ?: ret;
}

/**
 * pviommu_map_table - map a table of whole pages as one run, without any gap
 * @pd: the device
 * @table: its pages
 * @nr: number of pages
 * @limit: highest address that the device can reach
 * @access: XEN_IOMMUOP_MAP_*, PVIOMMU_MAP_STRICT
 *
 * Context: process.
 * Return: the address, aligned to the size rounded up, or DMA_MAPPING_ERROR.
 */
dma_addr_t pviommu_map_table(struct pviommu_device *pd,
			     const struct sg_table *table, unsigned long nr,
			     u64 limit, u16 access)
{
	const struct layout l = {
		.dense = true,
		.align = 1,
		.end = nr,
		.pages = nr,
	};
	unsigned int tries = PVIOMMU_RUN_TRIES;
	struct pviommu_run run;
	int err;

	if (nr > PVIOMMU_DESC_MAX_NR)
		return DMA_MAPPING_ERROR;
	do {
		if (!pviommu_run_alloc(pd, limit, nr, 1, 0, &run))
			return DMA_MAPPING_ERROR;
		err = map_list_run(pd, table->sgl, table->orig_nents, &l, &run,
				   access);
	} while (err == -ENOMEM && --tries);

	return err ? DMA_MAPPING_ERROR : PFN_PHYS(run.bfn);
}

/* A list of one entry is a buffer like any other. */
static int map_single(struct pviommu_device *pd, struct device *dev,
		      struct scatterlist *sg, u64 limit, u16 access)
{
	dma_addr_t addr;

	if (unlikely(is_pci_p2pdma_page(sg_page(sg))))
		return -EREMOTEIO;
	addr = pviommu_map(pd, sg_phys(sg), sg->length, limit, access,
			   pviommu_min_align(dev));
	if (unlikely(addr == DMA_MAPPING_ERROR))
		return -EIO;
	sg_dma_address(sg) = addr;
	sg_dma_len(sg) = sg->length;

	return 1;
}

/* All entries by the static map, each a segment; or false, and no entry. */
static bool map_static(struct pviommu_device *pd, struct scatterlist *sg,
		       int nents)
{
	struct scatterlist *s;
	dma_addr_t addr;
	int i;

	for (s = sg, i = nents; i; s = entry_next(s, --i)) {
		addr = pviommu_static_addr(sg_phys(s), s->length);
		if (unlikely(!addr))
			addr = pviommu_static_renew(pd, sg_phys(s), s->length);
		if (unlikely(!addr)) {
			pviommu_count_device(pd, PVIOMMU_STATIC_MISSES, 1);
			return false;
		}
		sg_dma_address(s) = addr;
		sg_dma_len(s) = s->length;
	}
	pviommu_count_device(pd, PVIOMMU_MAPS, 1);
	pviommu_count_device(pd, PVIOMMU_STATIC_HITS, 1);
	trace_pviommu_map(pd->dev, PHYS_PFN(sg_dma_address(sg)), nents,
			  PVIOMMU_BY_STATIC);

	return true;
}

int pviommu_map_sg(struct device *dev, struct scatterlist *sg, int nents,
		   enum dma_data_direction dir, unsigned long attrs)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	u64 limit = pviommu_limit(dev, dma_get_mask(dev));
	int ret;

	if (likely(pviommu_device_ready(pd))) {
		if (pviommu_static_serves(pd, limit) &&
		    map_static(pd, sg, nents))
			return nents;
		if (nents == 1)
			ret = map_single(pd, dev, sg, limit,
					 pviommu_access(dir));
		else
			ret = map_pages_list(pd, dev, sg, nents, limit,
					     pviommu_access(dir)) ?:
			      map_layout(pd, dev, sg, nents, limit,
					 pviommu_access(dir));
		if (likely(ret > 0) || ret == -EREMOTEIO)
			return ret;
	}

	return pviommu_base_map_sg(pd, dev, sg, nents, dir, attrs);
}

/* A list whose run has gaps. */
static noinline void unmap_layout(struct pviommu_device *pd,
				  struct pviommu_window *w,
				  struct scatterlist *sg, int nents)
{
	u64 first = PHYS_PFN(sg_dma_address(sg)), desc;
	unsigned long flags, pages;
	int err;

	local_irq_save(flags);
	desc = pviommu_desc_take(w, first);
	local_irq_restore(flags);
	if (unlikely(!desc)) {
		pviommu_not_mapped(pd, first);
		return;
	}
	err = unmap_segments(sg, nents, BFN_NONE, &pages);
	local_irq_save(flags);
	pviommu_unmapped(pd, w, first, desc, pages, err);
	local_irq_restore(flags);
}

static bool has_gaps(struct pviommu_window *w, dma_addr_t addr)
{
	const u64 *slot;
	bool gaps;

	rcu_read_lock_sched();
	slot = bfn_slot(&w->bfns, PHYS_PFN(addr));
	gaps = slot && *slot & PVIOMMU_DESC_STRICT && *slot & PVIOMMU_DESC_GAPS;
	rcu_read_unlock_sched();

	return gaps;
}

void pviommu_unmap_sg(struct device *dev, struct scatterlist *sg, int nents,
		      enum dma_data_direction dir, unsigned long attrs)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	struct pviommu_window *w = pviommu_window_of(sg_dma_address(sg));

	if (w && nents > 1 && unlikely(has_gaps(w, sg_dma_address(sg))))
		unmap_layout(pd, w, sg, nents);
	else if (likely(w))
		pviommu_unmap(pd, sg_dma_address(sg));
	else if (pviommu_static_contains(sg_dma_address(sg)))
		pviommu_unmapped_static(pd, sg_dma_address(sg));
	else
		pviommu_base_unmap_sg(pd, dev, sg, nents, dir, attrs);
}

void pviommu_sync_sg_for_cpu(struct device *dev, struct scatterlist *sg,
			     int nents, enum dma_data_direction dir)
{
	const struct dma_map_ops *base = to_pviommu_device(dev)->base;

	if (unlikely(!pviommu_is_ours(sg_dma_address(sg))) &&
	    base->sync_sg_for_cpu)
		base->sync_sg_for_cpu(dev, sg, nents, dir);
}

void pviommu_sync_sg_for_device(struct device *dev, struct scatterlist *sg,
				int nents, enum dma_data_direction dir)
{
	const struct dma_map_ops *base = to_pviommu_device(dev)->base;

	if (unlikely(!pviommu_is_ours(sg_dma_address(sg))) &&
	    base->sync_sg_for_device)
		base->sync_sg_for_device(dev, sg, nents, dir);
}
