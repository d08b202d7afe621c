// SPDX-License-Identifier: GPL-2.0
/*
 * Scatterlists: all entries of one list in one run of BFNs and, as a rule, one
 * hypercall. Neighbours become one segment for the device where that is
 * allowed.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/memremap.h>
#include <linux/pfn.h>
#include <linux/scatterlist.h>

#include "base.h"
#include "dma.h"
#include "fast.h"

/*
 * Where the entries are in the run. It is a function of lengths and PFNs alone,
 * so that all passes over the list come to the same result; for that the run
 * starts at a BFN that is origin modulo align, and modulo the boundary if it
 * does not end before that.
 */
struct layout {
	u64 boundary;		/* in pages; no entry crosses a multiple */
	unsigned long align;	/* PFN and BFN agree modulo this */
	unsigned long origin;	/* what the first PFN is modulo align */
	u64 end;		/* length so far, with gaps */
	unsigned long pages;	/* and without */
};

static unsigned long entry_pages(struct scatterlist *s)
{
	return s->length ? PFN_UP(offset_in_page(s->offset) + s->length) : 0;
}

/* The device's segment boundary in pages; a boundary inside a page is one. */
static u64 seg_boundary(struct device *dev)
{
	return PHYS_PFN((u64)dma_get_seg_boundary(dev)) + 1;
}

/* The run starts with the first entry that is not empty. */
static void layout_start(struct layout *l, struct device *dev,
			 struct scatterlist *sg)
{
	while (!sg->length && !sg_is_last(sg))
		sg = sg_next(sg);
	l->boundary = seg_boundary(dev);
	l->align = pviommu_min_align(dev);
	l->origin = PHYS_PFN(sg_phys(sg)) & (l->align - 1);
	l->end = 0;
	l->pages = 0;
}

/* The place of the next entry, in pages from the start of the run. */
static u64 layout_next(struct layout *l, struct scatterlist *s)
{
	unsigned long pfn = PHYS_PFN(sg_phys(s)) - l->origin;
	unsigned long nr = entry_pages(s);
	u64 at = l->end + ((pfn - l->end) & (l->align - 1));
	u64 room = l->boundary - ((at + l->origin) & (l->boundary - 1));

	if (!nr)
		return l->end;
	if (nr > room && nr <= l->boundary) {
		at += room;
		at += (pfn - at) & (l->align - 1);
	}
	l->end = at + nr;
	l->pages += nr;

	return at;
}

/*
 * How long the run is. Its alignment is that of its size rounded up, so that
 * it crosses a boundary only where the layout does.
 */
static int layout_measure(struct layout *l, struct device *dev,
			  struct scatterlist *sg, int nents)
{
	struct scatterlist *s;
	int i;

	layout_start(l, dev, sg);
	for_each_sg(sg, s, nents, i) {
		/* The base ops could not do it either. */
		if (unlikely(is_pci_p2pdma_page(sg_page(s))))
			return -EREMOTEIO;
		layout_next(l, s);
	}
	if (unlikely(!l->pages))
		return -EINVAL;

	return l->end <= PVIOMMU_RUN_MAX_NR ? 0 : -ENOMEM;
}

/* Write the bus addresses into the list. Return: the number of segments. */
static int emit(struct device *dev, struct scatterlist *sg, int nents, u64 bfn)
{
	u64 boundary_mask = dma_get_seg_boundary(dev);
	unsigned int max_len = dma_get_max_seg_size(dev);
	struct scatterlist *s, *cur = NULL;
	dma_addr_t addr, end = 0;
	int i, count = 0;
	struct layout l;

	layout_start(&l, dev, sg);
	for_each_sg(sg, s, nents, i) {
		unsigned int length = s->length;

		addr = PFN_PHYS(bfn + layout_next(&l, s)) +
			offset_in_page(s->offset);
		/* cur trails s: what is written here has been read already. */
		sg_dma_len(s) = 0;
		if (unlikely(!length))
			continue;
		if (cur && addr == end && (addr & boundary_mask) &&
		    length <= max_len - min(max_len, sg_dma_len(cur))) {
			sg_dma_len(cur) += length;
		} else {
			cur = cur ? sg_next(cur) : sg;
			sg_dma_address(cur) = addr;
			sg_dma_len(cur) = length;
			count++;
		}
		end = addr + length;
	}

	return count;
}

static int map_batch(struct pviommu_batch *b, struct device *dev,
		     struct scatterlist *sg, int nents, u64 bfn, u16 access)
{
	struct scatterlist *s;
	struct layout l;
	int i;

	layout_start(&l, dev, sg);
	for_each_sg(sg, s, nents, i) {
		if (pviommu_batch_pages(b, bfn + layout_next(&l, s),
					PHYS_PFN(sg_phys(s)), entry_pages(s),
					access))
			break;
	}

	return pviommu_batch_map_end(b);
}

/*
 * A list's pages are too many to be held: its unmap never waits. It is one
 * hypercall and one flush for all of them.
 */
static int map_run(struct pviommu_device *pd, struct pviommu_batch *b,
		   struct device *dev, struct scatterlist *sg, int nents,
		   const struct layout *l, u16 access, u64 *bfn)
{
	u64 limit = pviommu_limit(dev, dma_get_mask(dev));
	struct pviommu_place p;
	int err;

	if (unlikely(!pviommu_place(pd, b, limit, l->end, l->align, l->origin,
				    &p)))
		return -ENOMEM;
	err = map_batch(b, dev, sg, nents, p.bfn, access);
	if (unlikely(err)) {
		pviommu_map_failed(pd, &p, l->end, err, b->unclean);
		return -EIO;
	}
	pviommu_mapped(pd, p.w, p.bfn, pviommu_run(0, l->end, p.order,
						   PVIOMMU_RUN_STRICT),
		       l->pages);
	*bfn = p.bfn;

	return 0;
}

/* Return: the number of segments, -EREMOTEIO, or another negative errno. */
static int map_dynamic(struct pviommu_device *pd, struct device *dev,
		       struct scatterlist *sg, int nents, u16 access)
{
	struct pviommu_batch *b;
	unsigned long flags;
	struct layout l;
	u64 bfn;
	int err;

	err = layout_measure(&l, dev, sg, nents);
	if (err)
		return err;
	b = pviommu_batch_get(&flags);
	err = map_run(pd, b, dev, sg, nents, &l, access, &bfn);
	pviommu_batch_put(flags);

	return err ?: emit(dev, sg, nents, bfn);
}

/* A list of one entry is a buffer like any other. */
static int map_single(struct pviommu_device *pd, struct device *dev,
		      struct scatterlist *sg, u64 limit, u16 access)
{
	dma_addr_t addr;

	if (unlikely(!sg->length))
		return -EINVAL;
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

/* All entries by the static map, each a segment, or false and none. */
static bool map_static(struct pviommu_device *pd, struct scatterlist *sg,
		       int nents)
{
	struct scatterlist *s;
	dma_addr_t addr;
	int i;

	for_each_sg(sg, s, nents, i) {
		addr = pviommu_static_addr(sg_phys(s), s->length);
		if (unlikely(!addr)) {
			pviommu_count_device(pd, PVIOMMU_STATIC_MISSES, 1);
			return false;
		}
		sg_dma_address(s) = addr;
		sg_dma_len(s) = s->length;
	}
	pviommu_count_device(pd, PVIOMMU_MAPS, 1);
	pviommu_count_device(pd, PVIOMMU_STATIC_HITS, 1);

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
			ret = map_dynamic(pd, dev, sg, nents,
					  pviommu_access(dir));
		if (likely(ret > 0) || ret == -EREMOTEIO || ret == -EINVAL)
			return ret;
	}

	return pviommu_base_map_sg(pd, dev, sg, nents, dir, attrs);
}

/* Unmap the segments, but not the gaps between them, which are not mapped. */
static void unmap_dynamic(struct pviommu_device *pd, struct pviommu_window *w,
			  struct pviommu_batch *b, struct scatterlist *sg,
			  int nents)
{
	u64 first = PHYS_PFN(sg_dma_address(sg));
	u64 run = pviommu_run_take(w, first);
	unsigned long nr, pages = 0;
	struct scatterlist *s;
	int i;

	if (unlikely(!run)) {
		pviommu_not_mapped(pd, first);
		return;
	}
	for_each_sg(sg, s, nents, i) {
		if (!sg_dma_len(s))
			break;
		nr = PFN_UP(offset_in_page(sg_dma_address(s)) + sg_dma_len(s));
		pviommu_batch_unmap(b, PHYS_PFN(sg_dma_address(s)), nr);
		pages += nr;
	}
	pviommu_unmapped(pd, w, first, run, pages, pviommu_batch_unmap_end(b));
}

static void unmap_list(struct pviommu_device *pd, struct pviommu_window *w,
		       struct scatterlist *sg, int nents)
{
	struct pviommu_batch *b;
	unsigned long flags;

	b = pviommu_batch_get(&flags);
	unmap_dynamic(pd, w, b, sg, nents);
	pviommu_batch_put(flags);
}

void pviommu_unmap_sg(struct device *dev, struct scatterlist *sg, int nents,
		      enum dma_data_direction dir, unsigned long attrs)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	struct pviommu_window *w = pviommu_window_of(sg_dma_address(sg));

	if (nents == 1 && w)
		pviommu_unmap(pd, sg_dma_address(sg));
	else if (likely(w))
		unmap_list(pd, w, sg, nents);
	else if (pviommu_static_contains(sg_dma_address(sg)))
		pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);
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
