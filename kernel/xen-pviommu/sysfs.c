// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/xen_pviommu: state, counters, and the module's use of Xen; and the
 * directory xen_pviommu of each served PCI device. One value a file.
 * docs/boot-options.md lists them.
 */
#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/sysfs.h>

#include "chardev.h"
#include "counters.h"
#include "device.h"
#include "xencall.h"
#include "iommu.h"
#include "isolate.h"
#include "queue.h"
#include "state.h"
#include "sysfs.h"
#include "window.h"

/* A file: RO or RW, and then its store() stands before. */
#define SYSFS_FILE(kind, name, format, value)				\
static ssize_t name##_show(struct kobject *kobj,			\
			   struct kobj_attribute *attr, char *buf)	\
{									\
	return sysfs_emit(buf, format "\n", value);			\
}									\
									\
static struct kobj_attribute name##_attr = __ATTR_##kind(name)

/* state */

SYSFS_FILE(RO, mode, "%s", pviommu_mode_names[pviommu_state.mode]);
SYSFS_FILE(RO, state, "%s", pviommu_state.state);
SYSFS_FILE(RO, reason, "%s", pviommu_state.reason);
SYSFS_FILE(RO, host_map, "%s", pviommu_host_map_names[READ_ONCE(pviommu_host_map)]);

static ssize_t switch_store(const char *buf, size_t len, int (*set)(bool on))
{
	bool on;
	int err;

	if (!pviommu_active())
		return -ENODEV;
	err = kstrtobool(buf, &on);
	if (!err)
		err = set(on);

	return err ?: len;
}

static ssize_t isolate_store(struct kobject *kobj, struct kobj_attribute *attr,
			     const char *buf, size_t len)
{
	return switch_store(buf, len, pviommu_isolate);
}

SYSFS_FILE(RW, isolate, "%d", pviommu_isolated());

static int sysfs_flush(bool on)
{
	if (on)
		pviommu_queues_drain();

	return 0;
}

static ssize_t flush_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t len)
{
	return switch_store(buf, len, sysfs_flush);
}

static struct kobj_attribute flush_attr = __ATTR_WO(flush);

static ssize_t vfio_store(struct kobject *kobj, struct kobj_attribute *attr,
			  const char *buf, size_t len)
{
	return switch_store(buf, len, pviommu_iommu_serve);
}

SYSFS_FILE(RW, vfio, "%d", pviommu_iommu_serves());

static struct attribute *state_attrs[] = {
	&mode_attr.attr,
	&state_attr.attr,
	&reason_attr.attr,
	&isolate_attr.attr,
	&host_map_attr.attr,
	&flush_attr.attr,
	&vfio_attr.attr,
	NULL
};

static const struct attribute_group state_group = {
	.attrs = state_attrs,
};

/* counters/ */

static u64 sysfs_total(enum pviommu_counter which)
{
	u64 sum = pviommu_counter_sum(which);

	if (which < PVIOMMU_DEVICE_COUNTERS)
		sum += pviommu_devices_sum(which);

	return sum;
}

struct counter_attr {
	struct kobj_attribute attr;
	enum pviommu_counter which;
};

static u64 yielded_live(void)
{
	return pviommu_yielded_live(&pviommu_high) +
	       pviommu_yielded_live(&pviommu_low);
}

static ssize_t counter_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	struct counter_attr *c = container_of(attr, struct counter_attr, attr);
	u64 value = sysfs_total(c->which);

	/* Counted at their unmap; here also those that nobody has unmapped yet. */
	if (c->which == PVIOMMU_STALE)
		value += yielded_live();

	return sysfs_emit(buf, "%llu\n", value);
}

static struct counter_attr counters[PVIOMMU_COUNTERS];

SYSFS_FILE(RO, bfns_in_use, "%ld",
	   bfn_in_use(&pviommu_high.bfns) + bfn_in_use(&pviommu_low.bfns));
SYSFS_FILE(RO, devices, "%u", pviommu_devices_attached());
SYSFS_FILE(RO, leftover, "%llu", pviommu_devices_leftover());
SYSFS_FILE(RO, files, "%lu", pviommu_files());
SYSFS_FILE(RO, pinned, "%lu", pviommu_pinned());

static struct attribute *gauge_attrs[] = {
	&bfns_in_use_attr.attr,
	&devices_attr.attr,
	&leftover_attr.attr,
	&files_attr.attr,
	&pinned_attr.attr,
};

/* The gauges, the counters, and NULL. */
static struct attribute *
counter_attrs[ARRAY_SIZE(gauge_attrs) + PVIOMMU_COUNTERS + 1];

/* The file of a counter, of the module or of a device. */
static struct attribute *counter_file(struct attribute *file,
				      enum pviommu_counter which)
{
	file->name = pviommu_counter_names[which];
	file->mode = 0444;

	return file;
}

static void list_counters(void)
{
	struct attribute **next = counter_attrs;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(gauge_attrs); i++)
		*next++ = gauge_attrs[i];
	for (i = 0; i < PVIOMMU_COUNTERS; i++) {
		counters[i].which = i;
		counters[i].attr.show = counter_show;
		*next++ = counter_file(&counters[i].attr.attr, i);
	}
}

static const struct attribute_group counter_group = {
	.name = "counters",
	.attrs = counter_attrs,
};

/* usage/: asked from Xen at each read */

static int ask_usage(struct xen_iommu_op_usage *usage)
{
	struct xen_iommu_op op = { .op = XEN_IOMMUOP_usage };
	int err;

	/* In fallback nothing but the probe is ever asked from Xen. */
	if (!pviommu_active())
		return -ENODEV;
	err = pviommu_hypercall_op(&op);
	*usage = op.u.usage;

	return err;
}

#define USAGE(name, value)						\
static ssize_t usage_##name##_show(struct kobject *kobj,		\
				   struct kobj_attribute *attr,		\
				   char *buf)				\
{									\
	struct xen_iommu_op_usage usage;				\
	int err = ask_usage(&usage);					\
									\
	return err ?: sysfs_emit(buf, "%llu\n", (u64)(value));		\
}									\
									\
static struct kobj_attribute usage_##name =				\
	__ATTR(name, 0400, usage_##name##_show, NULL)

USAGE(claims, usage.claims);
USAGE(tables, usage.tables);
USAGE(mapped, usage.mapped);
USAGE(yielded, usage.yielded);

static struct attribute *usage_attrs[] = {
	&usage_claims.attr,
	&usage_tables.attr,
	&usage_mapped.attr,
	&usage_yielded.attr,
	NULL
};

static const struct attribute_group usage_group = {
	.name = "usage",
	.attrs = usage_attrs,
};

/* xen_pviommu/ of a device */

/* A device's file. */
#define DEVICE_FILE(name, mode, format, value, store)				\
static ssize_t device_##name##_show(struct device *dev,			\
				    struct device_attribute *attr,	\
				    char *buf)				\
{									\
	struct pviommu_device *pd = pviommu_device_lock(dev);		\
	ssize_t len;							\
									\
	if (!pd)							\
		return -ENODEV;						\
	len = sysfs_emit(buf, format "\n", value);			\
	pviommu_device_unlock(pd);					\
									\
	return len;							\
}									\
									\
static struct device_attribute device_##name =				\
	__ATTR(name, mode, device_##name##_show, store)

static ssize_t device_mode_store(struct device *dev,
				 struct device_attribute *attr,
				 const char *buf, size_t len)
{
	struct pviommu_device *pd = pviommu_device_lock(dev);
	int err;

	if (!pd)
		return -ENODEV;
	err = pviommu_device_set_mode(pd, buf);
	pviommu_device_unlock(pd);

	return err ?: len;
}

DEVICE_FILE(mode, 0644, "%s", pviommu_mode_names[pd->mode], device_mode_store);
DEVICE_FILE(path, 0444, "%s", pviommu_path_names[READ_ONCE(pd->path)], NULL);
DEVICE_FILE(leftover, 0444, "%llu", pviommu_device_leftover(pd), NULL);

struct device_counter_attr {
	struct device_attribute attr;
	enum pviommu_counter which;
};

static ssize_t device_counter_show(struct device *dev,
				   struct device_attribute *attr, char *buf)
{
	struct device_counter_attr *c =
		container_of(attr, struct device_counter_attr, attr);
	struct pviommu_device *pd = pviommu_device_lock(dev);
	ssize_t len;

	if (!pd)
		return -ENODEV;
	len = sysfs_emit(buf, "%llu\n", pviommu_device_counter_sum(pd, c->which));
	pviommu_device_unlock(pd);

	return len;
}

static struct device_counter_attr device_counters[PVIOMMU_DEVICE_COUNTERS];

static struct attribute *device_own_attrs[] = {
	&device_mode.attr,
	&device_path.attr,
	&device_leftover.attr,
};

/* Those, the counters, and NULL. */
static struct attribute *
device_attrs[ARRAY_SIZE(device_own_attrs) + PVIOMMU_DEVICE_COUNTERS + 1];

static void list_device_counters(void)
{
	struct attribute **next = device_attrs;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(device_own_attrs); i++)
		*next++ = device_own_attrs[i];
	for (i = 0; i < PVIOMMU_DEVICE_COUNTERS; i++) {
		device_counters[i].which = i;
		device_counters[i].attr.show = device_counter_show;
		*next++ = counter_file(&device_counters[i].attr.attr, i);
	}
}

const struct attribute_group pviommu_device_group = {
	.name = "xen_pviommu",
	.attrs = device_attrs,
};

static const struct attribute_group *groups[] = {
	&state_group,
	&counter_group,
	&usage_group,
	NULL
};

static struct kobject *root;

int pviommu_sysfs_init(void)
{
	int err;

	list_counters();
	list_device_counters();
	root = kobject_create_and_add("xen_pviommu", kernel_kobj);
	if (!root)
		return -ENOMEM;
	err = sysfs_create_groups(root, groups);
	if (err)
		kobject_put(root);

	return err;
}

void pviommu_sysfs_exit(void)
{
	kobject_put(root);
}
