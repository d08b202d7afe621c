/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parameters of the module, docs/boot-options.md. The mode that is asked for is
 * in pviommu_state.
 */
#ifndef _XEN_PVIOMMU_PARAMS_H
#define _XEN_PVIOMMU_PARAMS_H

#include <linux/cache.h>
#include <linux/types.h>

struct pviommu_params {
	bool isolate;
	bool vfio;
	char *devices;			/* or NULL: see mode.c */
	unsigned int low_mb;
	unsigned int max_ops;
	unsigned int wait_ms;		/* the limit for a queued unmap */
	unsigned int reuse_ms;		/* and, beside that, for an idle mapping */
	unsigned int reuse_sets;	/* of PVIOMMU_REUSE_WAYS mappings, a CPU */
};

extern struct pviommu_params pviommu_params __read_mostly;

/* params.c */
int pviommu_mode_parse(const char *word, size_t len);
int pviommu_mode_of_line(const char *line);

#endif /* _XEN_PVIOMMU_PARAMS_H */
