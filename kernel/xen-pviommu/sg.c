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
#include "map.h"

/*
 * Where the entries are in the run. It is a function of lengths and PFNs alone,
 * so that all passes over the list come to the same result; for that the run
 * starts at a BFN that is origin modulo align, and modulo the boundary if it is
 * longer than that.
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

static void layout_start(struct layout *l, struct device *dev,
			 struct scatterlist *sg)
{
	l->boundary = pviommu_seg_boundary(dev);
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

	if (nr > room && nr <= l->boundary) {
		at += room;
		at += (pfn - at) & (l->align - 1);
	}
	l->end = at + nr;
	l->pages += nr;

	return at;
}

/*
 * How long the run is, and how it must be aligned. A run that is no longer
 * than the boundary is placed so as not to cross it at all.
 */
static int layout_measure(struct device *dev, struct scatterlist *sg, int nents,
			  struct bfn_fit *fit, unsigned long *pages)
{
	struct scatterlist *s;
	struct layout l;
	int i;

	layout_start(&l, dev, sg);
	for_each_sg(sg, s, nents, i) {
		/* The base ops could not do it either. */
		if (unlikely(is_pci_p2pdma_page(sg_page(s))))
			return -EREMOTEIO;
		layout_next(&l, s);
	}

	if (unlikely(!l.pages))
		return -EINVAL;

	*pages = l.pages;
	fit->nr = l.end;
	fit->align = l.align;
	fit->offset = l.origin;
	fit->boundary = l.boundary;
	if (l.end > l.boundary) {
		fit->align = max_t(u64, l.align, l.boundary);
		fit->boundary = BFN_NO_BOUNDARY;
	}

	return 0;
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

static int map_batch(struct device *dev, struct scatterlist *sg, int nents,
		     u64 bfn, u16 access, bool *unclean)
{
	struct pviommu_batch *b;
	struct scatterlist *s;
	unsigned long flags;
	struct layout l;
	int err, i;

	layout_start(&l, dev, sg);
	b = pviommu_batch_get(&flags);
	for_each_sg(sg, s, nents, i) {
		if (pviommu_batch_pages(b, bfn + layout_next(&l, s),
					PHYS_PFN(sg_phys(s)), entry_pages(s),
					access))
			break;
	}
	err = pviommu_batch_map_end(b);
	*unclean = b->unclean;
	pviommu_batch_put(flags);

	return err;
}

/* Return: the number of segments, -EREMOTEIO, or another negative errno. */
static int map_dynamic(struct pviommu_device *pd, struct device *dev,
		       struct scatterlist *sg, int nents, u16 access)
{
	struct pviommu_window *w;
	unsigned long pages;
	struct bfn_fit fit;
	bool unclean;
	u64 bfn;
	int err;

	err = layout_measure(dev, sg, nents, &fit, &pages);
	if (err)
		return err;
	bfn = pviommu_bfn_alloc(pd, pviommu_limit(dev, dma_get_mask(dev)), &fit,
				&w);
	if (bfn == BFN_NONE)
		return -ENOMEM;
	err = map_batch(dev, sg, nents, bfn, access, &unclean);
	if (unlikely(err)) {
		pviommu_map_failed(pd, w, bfn, fit.nr, err, unclean);
		return -EIO;
	}
	pviommu_mapped(pd, pages);

	return emit(dev, sg, nents, bfn);
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
		ret = map_dynamic(pd, dev, sg, nents, pviommu_access(dir));
		if (likely(ret > 0) || ret == -EREMOTEIO || ret == -EINVAL)
			return ret;
	}

	return pviommu_base_map_sg(pd, dev, sg, nents, dir, attrs);
}

/*
 * Unmap the segments, but not the gaps between them, which are not mapped.
 * Together they are the run, whose BFNs are freed in one.
 */
static void unmap_dynamic(struct pviommu_device *pd, struct pviommu_window *w,
			  struct scatterlist *sg, int nents)
{
	unsigned long flags, nr, pages = 0;
	u64 first = PHYS_PFN(sg_dma_address(sg)), end = first, bfn;
	struct pviommu_batch *b;
	struct scatterlist *s;
	int err, i;

	b = pviommu_batch_get(&flags);
	for_each_sg(sg, s, nents, i) {
		if (!sg_dma_len(s))
			break;
		bfn = PHYS_PFN(sg_dma_address(s));
		nr = PFN_UP(offset_in_page(sg_dma_address(s)) + sg_dma_len(s));
		pviommu_batch_unmap(b, bfn, nr);
		end = bfn + nr;
		pages += nr;
	}
	err = pviommu_batch_unmap_end(b);
	pviommu_batch_put(flags);

	pviommu_unmapped(pd, w, first, end - first, pages, err);
}

void pviommu_unmap_sg(struct device *dev, struct scatterlist *sg, int nents,
		      enum dma_data_direction dir, unsigned long attrs)
{
	struct pviommu_device *pd = to_pviommu_device(dev);
	struct pviommu_window *w = pviommu_window_of(sg_dma_address(sg));

	if (likely(w))
		unmap_dynamic(pd, w, sg, nents);
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
