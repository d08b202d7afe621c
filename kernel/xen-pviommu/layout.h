/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of a scatterlist in its run of BFNs, and its segments for the device.
 * Part of sg.c.
 */
#ifndef _XEN_PVIOMMU_LAYOUT_H
#define _XEN_PVIOMMU_LAYOUT_H

#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/memremap.h>
#include <linux/pfn.h>
#include <linux/scatterlist.h>

#include "dma.h"
#include "run.h"

/*
 * The places of the entries in the run. The layout is a function of lengths and PFNs
 * alone, so both passes over the list agree. The run therefore starts at a BFN that is
 * origin modulo align, and modulo the boundary if the run does not end
 * before the boundary.
 */
struct layout {
	bool dense;		/* one entry behind the other: no gaps */
	u64 boundary;		/* in pages; no entry crosses a multiple */
	unsigned long align;	/* PFN and BFN agree modulo this */
	unsigned long origin;	/* the first PFN modulo align */
	u64 end;		/* length, with gaps */
	unsigned long pages;	/* and without */
};

static inline unsigned long entry_pages(const struct scatterlist *s)
{
	return PFN_UP(offset_in_page(s->offset) + s->length);
}

/* sg_next() is a call that looks for the end. This entry is not the last. */
static inline struct scatterlist *entry_behind(struct scatterlist *s)
{
	s++;

	return unlikely(sg_is_chain(s)) ? sg_chain_ptr(s) : s;
}

/* The next entry in a loop with a count: @left are behind. */
static inline struct scatterlist *entry_next(struct scatterlist *s, int left)
{
	return left ? entry_behind(s) : NULL;
}

/* The device's segment boundary in pages; a boundary inside a page is one. */
static inline u64 seg_boundary(struct device *dev)
{
	return PHYS_PFN((u64)dma_get_seg_boundary(dev)) + 1;
}

/* The run starts with the first entry that is not empty. */
static inline void layout_start(struct layout *l, struct device *dev,
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

/* The place of an entry, from @at on, where align and boundary want gaps. */
static inline u64 layout_gap(const struct layout *l, struct scatterlist *s,
			     u64 at, unsigned long nr)
{
	unsigned long pfn = PHYS_PFN(sg_phys(s)) - l->origin;
	u64 room;

	at += (pfn - at) & (l->align - 1);
	room = l->boundary - ((at + l->origin) & (l->boundary - 1));
	if (nr > room && nr <= l->boundary) {
		at += room;
		at += (pfn - at) & (l->align - 1);
	}

	return at;
}

/* The same, in pages from the start of the run: @at is where the last ended. */
static inline u64 layout_place(const struct layout *l, struct scatterlist *s,
			       u64 at, unsigned long nr)
{
	return likely(l->dense) ? at : layout_gap(l, s, at, nr);
}

static inline int layout_measure(struct layout *l, struct scatterlist *sg, int nents)
{
	unsigned long nr, pages = 0;
	struct scatterlist *s;
	u64 end = 0;
	int i;

	for (s = sg, i = nents; i; s = entry_next(s, --i)) {
		if (unlikely(!s->length))
			continue;
		/* The base ops could not do it either. */
		if (unlikely(is_pci_p2pdma_page(sg_page(s))))
			return -EREMOTEIO;
		nr = entry_pages(s);
		end = layout_place(l, s, end, nr) + nr;
		pages += nr;
	}
	l->end = end;
	l->pages = pages;
	if (unlikely(!pages))
		return -ENODATA;

	return end <= PVIOMMU_RUN_MAX_NR ? 0 : -ENOMEM;
}

/*
 * The length of the run. Its alignment is that of its size rounded up, so the run
 * crosses a boundary only where the layout does. A run within the boundary has no
 * gap, and crosses no boundary.
 */
static inline int layout_make(struct layout *l, struct device *dev,
			      struct scatterlist *sg, int nents)
{
	int err;

	layout_start(l, dev, sg);
	l->dense = l->align == 1;
	err = layout_measure(l, sg, nents);
	if (likely(l->dense) && unlikely(l->end > l->boundary)) {
		l->dense = false;
		err = layout_measure(l, sg, nents);
	}

	return err;
}

/* The device's view of a list: the entries' bus addresses, joined. */
struct segments {
	u64 boundary_mask;
	unsigned int max_len;
	struct scatterlist *cur;	/* the last segment; it trails the list */
	dma_addr_t end;			/* where that ends: no address at first */
	int count;
};

static inline struct segments segments_of(struct device *dev)
{
	return (struct segments){
		.boundary_mask = dma_get_seg_boundary(dev),
		.max_len = dma_get_max_seg_size(dev),
		.end = DMA_MAPPING_ERROR,
	};
}

static inline void segments_add(struct segments *g, struct scatterlist *sg,
				dma_addr_t addr, unsigned int length)
{
	struct scatterlist *cur = g->cur;

	if (addr == g->end && (addr & g->boundary_mask) &&
	    (u64)sg_dma_len(cur) + length <= g->max_len) {
		sg_dma_len(cur) += length;
	} else {
		cur = cur ? entry_behind(cur) : sg;
		sg_dma_address(cur) = addr;
		sg_dma_len(cur) = length;
		g->cur = cur;
		g->count++;
	}
	g->end = addr + length;
}

/* All entries are in a segment. The segments end where a length is 0. */
static inline int segments_end(struct segments *g, int nents)
{
	if (g->count < nents)
		sg_dma_len(entry_behind(g->cur)) = 0;

	return g->count;
}

#endif /* _XEN_PVIOMMU_LAYOUT_H */
