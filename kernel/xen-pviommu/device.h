/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A PCI device whose DMA we map, or did. The object lives from the device's
 * first driver until the device is gone.
 */
#ifndef _XEN_PVIOMMU_DEVICE_H
#define _XEN_PVIOMMU_DEVICE_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/dma-map-ops.h>
#include <linux/list.h>
#include <linux/percpu.h>

#include "counters.h"

struct attribute_group;
struct mutex;
struct pci_dev;

enum pviommu_mode {
	PVIOMMU_OFF,		/* we are not there */
	PVIOMMU_STATIC,		/* all of dom0's memory is mapped, once */
	PVIOMMU_REUSE,		/* an unmapped mapping may be taken again */
	PVIOMMU_LAZY,		/* unmaps wait, and leave many at a time */
	PVIOMMU_STRICT,		/* mapped exactly while the driver says so */
	PVIOMMU_MODES
};

extern const char *const pviommu_mode_names[PVIOMMU_MODES];

enum pviommu_path {
	PVIOMMU_PATH_OURS,
	PVIOMMU_PATH_UNDECIDED,	/* virtio: its first DMA operation decides */
	PVIOMMU_PATH_BASE,	/* latched: new mappings go to the base ops */
	PVIOMMU_PATHS
};

extern const char *const pviommu_path_names[PVIOMMU_PATHS];

enum pviommu_life {
	PVIOMMU_LIFE_IDLE,	/* without a driver, or with one that is not ours */
	PVIOMMU_LIFE_SERVED,	/* its driver maps by our ops */
	PVIOMMU_LIFE_LATE,	/* its driver is gone, mappings of it are not */
	PVIOMMU_LIFE_GONE,	/* the device is gone; it may have such mappings */
};

struct pviommu_device {
	struct dma_map_ops ops;		/* dev->dma_ops if SERVED, LATE or GONE */
	const struct dma_map_ops *base;	/* the device's ops without us */
	const struct dma_map_ops *saved;	/* dev->dma_ops as we found it */
	struct device *dev;
	enum pviommu_mode mode;		/* READ_ONCE: sysfs may change it */
	enum pviommu_path path;		/* READ_ONCE; only ever leaves OURS */
	unsigned int failures;		/* map failures in a row; racy, a hint */
	atomic_long_t base_live;	/* mappings of the base ops that live */
	bool strangers;			/* so do some that were not counted */
	bool told_narrow;		/* the log has its line on a narrow mask */
	bool told_stale;		/* and on memory freed while mapped */
	bool in_sysfs;
	bool holds_module;
	enum pviommu_life life;		/* changes under both locks, device.c */
	unsigned long links_failed;	/* in jiffies, or 0: iova.c; racy, a hint */
	u64 leftover;			/* as its present driver found it */
	u64 owner;			/* the field of runs' descriptors, or 0 */
	struct pviommu_device_counters __percpu *counters;
	const struct attribute_group *files;	/* of its directory in sysfs */
	struct list_head node;		/* in the list of devices, device.c */
};

/* Only inside our own dma_map_ops: a child may have copied its parent's ops. */
static inline struct pviommu_device *to_pviommu_device(struct device *dev)
{
	return container_of(dev->dma_ops, struct pviommu_device, ops);
}

/* The total has the count, too: sysfs.c adds up the devices. */
static inline void pviommu_count_device(struct pviommu_device *pd,
					enum pviommu_counter which, u64 n)
{
	this_cpu_add(pd->counters->value[which], n);
}

/* The highest address that @dev can put on the bus, given its mask. */
static inline u64 pviommu_limit(struct device *dev, u64 mask)
{
	return min_not_zero(mask, dev->bus_dma_limit);
}

/* device.c */
bool pviommu_device_decide(struct pviommu_device *pd);
void pviommu_device_failed(struct pviommu_device *pd, int error);
void pviommu_device_starved(struct pviommu_device *pd);
void pviommu_device_narrow(struct pviommu_device *pd, u64 limit);
u64 pviommu_devices_sum(enum pviommu_counter which);
u64 pviommu_device_counter_sum(struct pviommu_device *pd,
			       enum pviommu_counter which);
struct pviommu_device *pviommu_device_lock(struct device *dev);
void pviommu_device_unlock(struct pviommu_device *pd);

/* device.c, for bind.c and late.c */
extern struct mutex pviommu_devices_lock;
extern struct list_head pviommu_devices;
struct pviommu_device *pviommu_device_find(struct device *dev);
void pviommu_device_rest(struct pviommu_device *pd);
void pviommu_device_fold(struct pviommu_device *pd);
void pviommu_device_free(struct pviommu_device *pd);
u64 pviommu_owner_new(void);

/* bind.c */
int pviommu_devices_init(enum pviommu_mode mode, const struct dma_map_ops *ops,
			 const struct attribute_group *files);
void pviommu_devices_exit(void);
unsigned int pviommu_devices_attached(void);
struct device *pviommu_devices_find_base(void);

/* late.c */
u64 pviommu_device_leftover(struct pviommu_device *pd);
u64 pviommu_devices_leftover(void);
void pviommu_late_schedule(void);
void pviommu_late_revoke(struct pviommu_device *pd);
void pviommu_late_removed(struct device *dev);
void pviommu_late_exit(void);

/* mode.c */
enum pviommu_mode pviommu_mode_for(struct pci_dev *pdev,
				   enum pviommu_mode otherwise);
int pviommu_device_set_mode(struct pviommu_device *pd, const char *name);

/* Do new mappings of the device take our path? */
static inline bool pviommu_device_ready(struct pviommu_device *pd)
{
	if (likely(READ_ONCE(pd->path) == PVIOMMU_PATH_OURS))
		return true;

	return pviommu_device_decide(pd);
}

#endif /* _XEN_PVIOMMU_DEVICE_H */
