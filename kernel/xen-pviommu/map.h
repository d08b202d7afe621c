/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XEN_PVIOMMU_MAP_H
#define _XEN_PVIOMMU_MAP_H

#include <linux/types.h>
#include <xen/page.h>

#include "batch.h"
#include "device.h"
#include "desc.h"
#include "static.h"
#include "window.h"

/* The access that the device needs, by the DMA API's direction. */
static inline u16 pviommu_access(enum dma_data_direction dir)
{
	if (dir == DMA_TO_DEVICE)
		return XEN_IOMMUOP_MAP_read;

	return XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write;
}

static inline bool pviommu_static_serves(const struct pviommu_device *pd,
					 u64 limit)
{
	return READ_ONCE(pd->mode) == PVIOMMU_STATIC &&
	       limit >= pviommu_static.last;
}

/*
 * Beside XEN_IOMMUOP_MAP_*, and not for Xen: the caller frees the memory when
 * the unmap returns.
 */
#define PVIOMMU_MAP_STRICT	BIT(15)

/* Runs to try for a mapping while Xen has no memory for their tables. */
#define PVIOMMU_RUN_TRIES	4

/* How a map went. */
struct pviommu_outcome {
	bool unclean;	/* after a failure: the BFNs may be mapped or not */
	u64 desc;	/* after a success: flags of the run's descriptor */
};

/* A run of BFNs, between the allocator and the hypercall. */
struct pviommu_run {
	struct pviommu_window *w;
	u64 bfn;		/* first BFN in use */
	unsigned int order;	/* of the whole run, and its alignment */
};

static inline u64 pviommu_run_start(u64 bfn, unsigned int order)
{
	return bfn & ~(BIT_ULL(order) - 1);
}

/* The page may not be mapped: neither the device nor Xen is at fault. */
static inline bool pviommu_is_of_the_page(int error)
{
	return error == -ENXIO || error == -EPERM;
}

/* map.c */
u64 pviommu_bfn_alloc(struct pviommu_window *w, unsigned int order);
bool pviommu_run_alloc(struct pviommu_device *pd, u64 limit, unsigned long nr,
		       unsigned long align, unsigned long offset,
		       struct pviommu_run *run);
int pviommu_batch_page(struct pviommu_batch *b, u64 bfn, unsigned long mfn,
		       u16 access);
int pviommu_batch_many(struct pviommu_batch *b, u64 bfn, unsigned long pfn,
		       unsigned long nr, u16 access);
void pviommu_map_failed(struct pviommu_device *pd,
			const struct pviommu_run *run, unsigned long nr,
			int error, bool unclean);
void pviommu_list_mapped(struct pviommu_device *pd,
			 const struct pviommu_run *run, unsigned long nr,
			 unsigned long pages, u64 flags);
int pviommu_not_mapped(struct pviommu_device *pd, u64 bfn);
int pviommu_unmap_failed(struct pviommu_device *pd, unsigned long pages,
			 int error);
dma_addr_t pviommu_map_dynamic(struct pviommu_device *pd, phys_addr_t phys,
			       size_t size, u64 limit, u16 access,
			       unsigned long align);
int pviommu_map_at(u64 bfn, phys_addr_t phys, unsigned long nr, u16 access,
		   struct pviommu_outcome *outcome);
int pviommu_unmap_dynamic(struct pviommu_device *pd, dma_addr_t addr);

/* watch.c */
void pviommu_stale(struct pviommu_device *pd, struct pviommu_window *w, u64 bfn,
		   unsigned int order);

/* traced.c */
dma_addr_t pviommu_map_traced(struct pviommu_device *pd, phys_addr_t phys,
			      size_t size, u64 limit, u16 access,
			      unsigned long align);
int pviommu_unmap_traced(struct pviommu_device *pd, dma_addr_t addr);

/*
 * The P2M's entry of a PFN, or INVALID_P2M_ENTRY behind the P2M's end. Not
 * __pfn_to_mfn(): a call in its slow path makes the compiler save registers.
 */
static inline unsigned long pviommu_p2m(unsigned long pfn)
{
	if (unlikely(pfn >= xen_p2m_size))
		return INVALID_P2M_ENTRY;

	return READ_ONCE(xen_p2m_addr[pfn]);
}

/* Is the frame dom0's own: no grant of a guest, and no MMIO? */
static inline bool pviommu_mfn_is_own(unsigned long mfn)
{
	return likely(!(mfn & (FOREIGN_FRAME_BIT | IDENTITY_FRAME_BIT)));
}

/**
 * pviommu_batch_pages - map pages as part of a batch's run
 * @b: this CPU's batch
 * @bfn: first BFN
 * @pfn: first PFN
 * @nr: number of pages
 * @access: XEN_IOMMUOP_MAP_*, but not mmio; only dom0's own pages yield
 *
 * Return: 0, or an error after which nothing of the run is mapped.
 */
static inline int pviommu_batch_pages(struct pviommu_batch *b, u64 bfn,
				      unsigned long pfn, unsigned long nr,
				      u16 access)
{
	unsigned long mfn = pviommu_p2m(pfn);

	if (unlikely(nr != 1) || !pviommu_mfn_is_own(mfn))
		return pviommu_batch_many(b, bfn, pfn, nr, access);
	/* Nearly all pages take this way, but the first two do not. */
	if (likely(b->nr) && likely(pviommu_batch_list_add(b, bfn, mfn)))
		return 0;

	return pviommu_batch_page(b, bfn, mfn, access);
}

/* Book a mapping that succeeded: its unmap reads the run's descriptor. */
static inline void pviommu_mapped(struct pviommu_device *pd,
				  struct pviommu_window *w, u64 bfn, u64 desc,
				  unsigned long pages)
{
	*bfn_slot_of(&w->bfns, bfn) = desc | pd->owner;
	pviommu_count_device(pd, PVIOMMU_MAPS, 1);
	trace_pviommu_map(pd->dev, bfn, pages, PVIOMMU_BY_XEN);
	pviommu_count_device(pd, PVIOMMU_PAGES_MAPPED, pages);
	if (unlikely(READ_ONCE(pd->failures)))
		WRITE_ONCE(pd->failures, 0);
}

/* Book an unmap in the static map, which stays as it is. */
static inline void pviommu_unmapped_static(struct pviommu_device *pd,
					   dma_addr_t addr)
{
	pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);
	trace_pviommu_unmap(pd->dev, PHYS_PFN(addr), 0, PVIOMMU_BY_STATIC);
}

/**
 * pviommu_unmapped - book an unmap, and free its BFNs after a success
 * @pd: the device
 * @w: the window
 * @bfn: the mapping's first BFN
 * @desc: the mapping's descriptor
 * @pages: number of mapped BFNs in the run
 * @error: Xen's status
 *
 * Return: 0, or -EIO if the device may still reach some of the run: its BFNs
 * are then never used again.
 */
static inline int pviommu_unmapped(struct pviommu_device *pd,
				   struct pviommu_window *w, u64 bfn, u64 desc,
				   unsigned long pages, int error)
{
	unsigned int order = pviommu_desc_order(desc);

	pviommu_count_device(pd, PVIOMMU_UNMAPS, 1);
	trace_pviommu_unmap(pd->dev, bfn, pages, PVIOMMU_BY_XEN);
	if (unlikely(error))
		return pviommu_unmap_failed(pd, pages, error);
	pviommu_count_device(pd, PVIOMMU_PAGES_UNMAPPED, pages);
	if (unlikely(pviommu_yielded(w, bfn, order))) {
		pviommu_stale(pd, w, bfn, order);
		pviommu_yielded_clear(w, bfn, order);
	}
	bfn_free(&w->bfns, pviommu_run_start(bfn, order), order);

	return 0;
}

#endif /* _XEN_PVIOMMU_MAP_H */
