// SPDX-License-Identifier: GPL-2.0
/*
 * One buffer, one run of BFNs: the dynamic path. A map is in place when the
 * function returns, and an unmap is flushed; nothing is deferred here.
 */
#include <linux/dma-mapping.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <xen/grant_table.h>
#include <xen/page.h>

#include "map.h"

/**
 * pviommu_bfn_alloc - take BFNs that a device can reach
 * @pd: the device
 * @limit: highest address it can reach
 * @fit: what the run must look like, but for the limit
 * @w: set to the window they are from
 *
 * Return: the first BFN, or BFN_NONE when no window lies under the limit or
 * there is no such run in it.
 */
u64 pviommu_bfn_alloc(struct pviommu_device *pd, u64 limit,
		      struct bfn_fit *fit, struct pviommu_window **w)
{
	*w = pviommu_window_under(limit);
	if (unlikely(!*w)) {
		pviommu_device_narrow(pd, limit);
		return BFN_NONE;
	}
	fit->limit = PHYS_PFN(limit);

	return bfn_alloc(&(*w)->bfns, fit);
}

/* The device's segment boundary in pages; a boundary inside a page is one. */
u64 pviommu_seg_boundary(struct device *dev)
{
	return PHYS_PFN((u64)dma_get_seg_boundary(dev)) + 1;
}

/*
 * Whose frame is behind a PFN? Pages that are mapped from a guest's grant are
 * that guest's in Xen's eyes. Identity frames are no RAM of anybody's.
 */
static int frame_behind(unsigned long pfn, struct pviommu_frames *frame)
{
	unsigned long entry = __pfn_to_mfn(pfn);
	struct xen_page_foreign *foreign;

	if (likely(!(entry & (FOREIGN_FRAME_BIT | IDENTITY_FRAME_BIT)))) {
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

/**
 * pviommu_batch_pages - map pages as part of a batch's run
 * @b: this CPU's batch
 * @bfn: first BFN
 * @pfn: first PFN
 * @nr: number of pages
 * @access: XEN_IOMMUOP_MAP_read, or that and write
 *
 * Return: 0, or an error after which nothing of the run is mapped.
 */
int pviommu_batch_pages(struct pviommu_batch *b, u64 bfn, unsigned long pfn,
			unsigned long nr, u16 access)
{
	struct pviommu_frames frame = { .flags = access };
	int err;

	for (; nr; nr--, pfn++, bfn++) {
		err = frame_behind(pfn, &frame);
		if (unlikely(err)) {
			pviommu_batch_map_abort(b, err);
			return err;
		}
		err = pviommu_batch_map(b, bfn, 1, &frame);
		if (unlikely(err))
			return err;
	}

	return 0;
}

/* Book a mapping of @nr BFNs that succeeded. */
void pviommu_mapped(struct pviommu_device *pd, unsigned long nr)
{
	pviommu_count_device(pd, PVIOMMU_MAPS, 1);
	pviommu_count_device(pd, PVIOMMU_PAGES_MAPPED, nr);
	if (unlikely(READ_ONCE(pd->failures)))
		WRITE_ONCE(pd->failures, 0);
}

/*
 * Book one that failed. Its BFNs are free again, unless it is not known what
 * they map.
 */
void pviommu_map_failed(struct pviommu_device *pd, struct pviommu_window *w,
			u64 bfn, unsigned long nr, int error, bool unclean)
{
	if (unclean)
		pviommu_count_device(pd, PVIOMMU_LEAKED, nr);
	else
		bfn_free(&w->bfns, bfn, nr);
	pviommu_device_failed(pd, error);
}

/**
 * pviommu_unmapped - book an unmap, and free its BFNs if nothing reaches them
 * @pd: the device
 * @w: the window
 * @bfn: first BFN of the run
 * @nr: length of the run, gaps included
 * @pages: BFNs in it that were mapped
 * @error: what the batch returned
 *
 * Return: 0, or -EIO if the device may still reach some of the run, which then
 * is never used again.
 */
int pviommu_unmapped(struct pviommu_device *pd, struct pviommu_window *w,
		     u64 bfn, unsigned long nr, unsigned long pages, int error)
{
	pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);
	if (unlikely(error)) {
		pviommu_count_device(pd, PVIOMMU_LEAKED, nr);
		pviommu_device_failed(pd, error);
		return -EIO;
	}
	pviommu_count_device(pd, PVIOMMU_PAGES_UNMAPPED, pages);
	bfn_free(&w->bfns, bfn, nr);

	return 0;
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

/* A run of BFNs of its own for one buffer. See pviommu_map(). */
static dma_addr_t map_dynamic(struct pviommu_device *pd, phys_addr_t phys,
			      size_t size, u64 limit, u16 access,
			      unsigned long align)
{
	struct bfn_fit fit = {
		.nr = PFN_UP(offset_in_page(phys) + size),
		.align = align,
		.offset = PHYS_PFN(phys),
		.boundary = pviommu_seg_boundary(pd->dev),
	};
	struct pviommu_window *w;
	struct pviommu_batch *b;
	unsigned long flags;
	bool unclean;
	int err;
	u64 bfn;

	/* A buffer larger than the boundary can't but cross it. */
	if (fit.nr > fit.boundary)
		fit.boundary = BFN_NO_BOUNDARY;
	bfn = pviommu_bfn_alloc(pd, limit, &fit, &w);
	if (unlikely(bfn == BFN_NONE))
		return DMA_MAPPING_ERROR;

	b = pviommu_batch_get(&flags);
	if (access & XEN_IOMMUOP_MAP_mmio)
		batch_mmio(b, bfn, PHYS_PFN(phys), fit.nr, access);
	else
		pviommu_batch_pages(b, bfn, PHYS_PFN(phys), fit.nr, access);
	err = pviommu_batch_map_end(b);
	unclean = b->unclean;
	pviommu_batch_put(flags);

	if (unlikely(err)) {
		pviommu_map_failed(pd, w, bfn, fit.nr, err, unclean);
		return DMA_MAPPING_ERROR;
	}
	pviommu_mapped(pd, fit.nr);

	return PFN_PHYS(bfn) | offset_in_page(phys);
}

/**
 * pviommu_map - map a buffer that is contiguous in dom0's eyes
 * @pd: the device
 * @phys: pseudo-physical address, with XEN_IOMMUOP_MAP_mmio a machine address
 * @size: bytes, at least 1
 * @limit: highest address that the device can reach
 * @access: XEN_IOMMUOP_MAP_*
 * @align: a power of two of pages, which @phys and the bus address shall have
 *	the same remainder of
 *
 * No hypercall if the static map serves it; else one, unless the frames are so
 * scattered that they need more ops than it takes.
 *
 * Context: any but NMI.
 * Return: the bus address, with the same offset in the page, or
 * DMA_MAPPING_ERROR.
 */
dma_addr_t pviommu_map(struct pviommu_device *pd, phys_addr_t phys, size_t size,
		       u64 limit, u16 access, unsigned long align)
{
	dma_addr_t addr;

	if (pviommu_static_serves(pd, limit) &&
	    !(access & XEN_IOMMUOP_MAP_mmio)) {
		addr = pviommu_static_addr(phys, size);
		if (likely(addr)) {
			pviommu_count_device(pd, PVIOMMU_MAPS, 1);
			pviommu_count_device(pd, PVIOMMU_STATIC_HITS, 1);
			return addr;
		}
		pviommu_count_device(pd, PVIOMMU_STATIC_MISSES, 1);
	}

	return map_dynamic(pd, phys, size, limit, access, align);
}

/**
 * pviommu_unmap - take down what pviommu_map() made
 * @pd: the device
 * @addr: the bus address
 * @size: bytes, as they were mapped
 *
 * Context: any but NMI.
 * Return: 0 when it is done: unless the static map served it, no device reaches
 * the buffer any more. -ENOENT if we did not make it: the base ops did. -EIO if
 * it failed, so that the device may still reach the buffer.
 */
int pviommu_unmap(struct pviommu_device *pd, dma_addr_t addr, size_t size)
{
	unsigned long flags, nr = PFN_UP(offset_in_page(addr) + size);
	struct pviommu_window *w = pviommu_window_of(addr);
	struct pviommu_batch *b;
	int err;

	if (!w) {
		if (!pviommu_static_contains(addr))
			return -ENOENT;
		pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);
		return 0;
	}

	b = pviommu_batch_get(&flags);
	pviommu_batch_unmap(b, PHYS_PFN(addr), nr);
	err = pviommu_batch_unmap_end(b);
	pviommu_batch_put(flags);

	return pviommu_unmapped(pd, w, PHYS_PFN(addr), nr, nr, err);
}
