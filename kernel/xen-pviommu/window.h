/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BFN ranges: reserved in the resource tree and claimed from Xen; and the two
 * of them that dynamic maps come from.
 */
#ifndef _XEN_PVIOMMU_WINDOW_H
#define _XEN_PVIOMMU_WINDOW_H

#include <linux/compiler.h>
#include <linux/ioport.h>
#include <linux/log2.h>
#include <linux/types.h>

#include "bfn.h"
#include "watch.h"

/* One range, claimed in parts of up to XEN_IOMMUOP_MAX_CLAIM BFNs. */
struct pviommu_range {
	struct resource res;	/* bus addresses; res.parent tells if we have it */
	struct pviommu_watch watch;
};

struct pviommu_window {
	struct bfn_window bfns;
	unsigned long *watch;	/* Xen's bits: word BFN / 64; ours has no first */
	struct pviommu_range range;
	dma_addr_t start;	/* first address */
	dma_addr_t last;	/* last address; 0: there is no such window */
};

/* The low one grows downwards: its start goes, its last stays. */
extern struct pviommu_window pviommu_high __read_mostly;
extern struct pviommu_window pviommu_low __read_mostly;

/* The window for a device of addresses up to @limit. */
static inline struct pviommu_window *pviommu_window_under(u64 limit)
{
	if (pviommu_high.last && limit >= pviommu_high.last)
		return &pviommu_high;
	if (pviommu_low.last && limit >= pviommu_low.last)
		return &pviommu_low;

	return NULL;
}

/* The window of an address, or NULL for an address in none. */
static inline struct pviommu_window *pviommu_window_of(dma_addr_t addr)
{
	if (addr >= pviommu_high.start && addr <= pviommu_high.last)
		return &pviommu_high;
	if (addr >= pviommu_low.start && addr <= pviommu_low.last)
		return &pviommu_low;

	return NULL;
}

/* watch.c */
bool pviommu_yielded_look(const struct pviommu_window *w, u64 bfn,
			  unsigned int order);
unsigned long pviommu_yielded_nr(const struct pviommu_window *w, u64 bfn,
				 unsigned int order);
void pviommu_yielded_clear(struct pviommu_window *w, u64 bfn,
			   unsigned int order);
u64 pviommu_yielded_live(struct pviommu_window *w);

/**
 * pviommu_yielded - did the map of a run yield, in part at least?
 * @w: the window
 * @bfn: a BFN of the run, which is allocated
 * @order: of the run
 *
 * Any context.
 */
static inline bool pviommu_yielded(const struct pviommu_window *w, u64 bfn,
				   unsigned int order)
{
	/* A run is aligned to its size: so all its bits are in this word. */
	if (likely(order <= ilog2(BITS_PER_LONG)) &&
	    likely(!READ_ONCE(w->watch[bfn / BITS_PER_LONG])))
		return false;

	return pviommu_yielded_look(w, bfn, order);
}

/* No address is in a window that starts behind them all. */
#define PVIOMMU_NOWHERE		(~0ULL)

/* range.c */
int pviommu_claim(u64 first, u64 end);
void pviommu_unclaim(u64 start, u64 end);
int pviommu_range_take(struct pviommu_range *r, const char *name, u64 frames,
		       u64 align);
int pviommu_range_take_most(struct pviommu_range *r, const char *name,
			    u64 most);
void pviommu_range_release(struct pviommu_range *r);

/* window.c */
int pviommu_windows_init(u64 max_frames);
void pviommu_windows_exit(void);
bool pviommu_window_more(u64 limit);

/* low.c */
int pviommu_low_init(u64 max_frames);
void pviommu_low_exit(void);
bool pviommu_low_more(void);

#endif /* _XEN_PVIOMMU_WINDOW_H */
