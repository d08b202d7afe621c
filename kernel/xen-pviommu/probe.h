/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XEN_PVIOMMU_PROBE_H
#define _XEN_PVIOMMU_PROBE_H

#include <linux/types.h>

/*
 * Frames that are mapped, or unmapped, with interrupts off at a time: some
 * 100,000 instructions, Xen's included. A longer run is done in pieces.
 */
#define PVIOMMU_PIECE	512U

/* Xen's answer to the query; constant once probe has succeeded. */
struct pviommu_xen {
	unsigned int max_ops;		/* ops a hypercall */
	unsigned int max_frames;	/* frames an op */
	unsigned int piece;		/* see PVIOMMU_PIECE; up to max_frames */
	unsigned int bfn_bits;		/* BFNs are below 1 << bfn_bits */
	u64 max_tables;			/* leaf tables, of 512 BFNs each */
	u64 max_ram;			/* first MFN above the host's RAM */
	bool host_map;			/* the host map stood, whole */
	u16 yield;			/* XEN_IOMMUOP_MAP_yield, or 0 */
};

extern struct pviommu_xen pviommu_xen __read_mostly;

/* probe.c */
int pviommu_probe(const char **reason);

#endif /* _XEN_PVIOMMU_PROBE_H */
