// SPDX-License-Identifier: GPL-2.0-only
/*
 * xen_pviommu: DMA operations for a PV dom0 that edits its own IOMMU map.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/printk.h>

#include "batch.h"
#include "chardev.h"
#include "dma.h"
#include "iommu.h"
#include "isolate.h"
#include "params.h"
#include "probe.h"
#include "queue.h"
#include "reserve.h"
#include "state.h"
#include "static.h"
#include "sysfs.h"
#include "window.h"
#include "xencall.h"

static int claim_windows(void)
{
	u64 frames = pviommu_xen.max_tables * XEN_IOMMUOP_CLAIM_FRAMES;
	int err;

	if (pviommu_state.mode != PVIOMMU_STRICT && !pviommu_xen.yield) {
		pr_notice("this Xen has no maps that yield: mode strict instead of %s\n",
			  pviommu_mode_names[pviommu_state.mode]);
		pviommu_state.mode = PVIOMMU_STRICT;
	}
	if (pviommu_state.mode == PVIOMMU_STATIC) {
		err = pviommu_static_init(&frames);
		if (err) {
			pviommu_state.mode = PVIOMMU_STRICT;
			pr_notice("no static map (error %d): mode strict instead\n",
				  err);
		}
	}
	err = pviommu_windows_init(frames);
	if (err)
		pviommu_static_exit();

	return err;
}

static void release_windows(void)
{
	pviommu_windows_exit();
	pviommu_static_exit();
}

static int __init pviommu_start(void)
{
	int err;

	err = pviommu_batches_init();
	if (err)
		return err;
	err = pviommu_isolate_init();
	if (err)
		goto batches;
	err = claim_windows();
	if (err)
		goto isolate;
	err = pviommu_queues_init();
	if (err)
		goto windows;
	err = pviommu_reserve_init();
	if (err)
		goto queues;
	err = pviommu_devices_init(pviommu_state.mode, &pviommu_dma_ops,
				   &pviommu_device_group);
	if (err)
		goto reserve;
	pviommu_state.state = "active";
	pr_info("active, mode %s\n", pviommu_mode_names[pviommu_state.mode]);
	if (pviommu_params.isolate)
		pviommu_isolate(true);
	if (pviommu_params.vfio) {
		err = pviommu_iommu_serve(true);
		if (err)
			pr_err("VFIO can't have devices: error %d\n", err);
	}
	pviommu_chardev_init();

	return 0;

reserve:
	pviommu_reserve_exit();
queues:
	pviommu_queues_exit();
windows:
	release_windows();
isolate:
	pviommu_isolate_exit();
batches:
	pviommu_batches_exit();

	return err;
}

/* All that Xen holds for us is to be gone now. */
static void log_leftovers(void)
{
	struct xen_iommu_op op = { .op = XEN_IOMMUOP_usage };
	const struct xen_iommu_op_usage *usage = &op.u.usage;

	if (pviommu_hypercall_op(&op))
		return;
	if (usage->claims || usage->tables || usage->mapped)
		pr_err("left over in Xen: %u claims, %u tables, %llu mapped\n",
		       usage->claims, usage->tables, usage->mapped);
}

static void pviommu_stop(void)
{
	/* First: no device has the module's ops any more, and no new device gets them. */
	pviommu_isolate_exit();
	pviommu_chardev_exit();
	pviommu_devices_exit();
	pviommu_reserve_exit();
	pviommu_queues_exit();
	release_windows();
	pviommu_batches_exit();
	log_leftovers();
}

/*
 * A refusal is not an error: the module stays, idle, and sysfs has the reason. From
 * pviommu_start() on devices may hold references to the module, so nothing may fail
 * behind it.
 */
static int __init pviommu_init(void)
{
	int err = pviommu_sysfs_init();

	if (err)
		return err;
	if (pviommu_state.mode == PVIOMMU_OFF)
		return 0;

	pviommu_state.state = "fallback";
	if (pviommu_probe(&pviommu_state.reason))
		return 0;
	err = pviommu_start();
	if (err) {
		pviommu_state.reason = "setup-failed";
		pr_err("setup failed (error %d): xen-swiotlb stays in charge\n",
		       err);
	}

	return 0;
}

static void __exit pviommu_exit(void)
{
	pviommu_sysfs_exit();
	if (pviommu_active())
		pviommu_stop();
}

/*
 * Built in: all BARs must have their addresses before the module looks for holes in the
 * address map. The last BARs get theirs by fs_initcall(), which x86's PCI code makes
 * behind the fs_initcall() of drivers/, and ACPI's by fs_initcall_sync(). Drivers come
 * with device_initcall().
 */
#ifdef MODULE
module_init(pviommu_init);
#else
rootfs_initcall(pviommu_init);
#endif
module_exit(pviommu_exit);

MODULE_DESCRIPTION("Xen PV-IOMMU: DMA mapping in a PV dom0 through the iommu_op hypercall");
MODULE_AUTHOR("The xen-pviommu authors");
MODULE_VERSION("0.1.0"); /* as in VERSION */
MODULE_LICENSE("GPL");
