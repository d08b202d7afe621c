// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameters of the module, and the words for modes. The user of a value
 * brings the value into its bounds.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "iommu_op.h"
#include "params.h"
#include "reuse.h"
#include "state.h"

struct pviommu_params pviommu_params __read_mostly = {
	.low_mb = 512,
	.max_ops = XEN_IOMMUOP_MAX_OPS,
	.wait_ms = 10,
	.reuse_ms = 10,
	.reuse_sets = PVIOMMU_REUSE_SETS,
};

module_param_named(isolate, pviommu_params.isolate, bool, 0444);
MODULE_PARM_DESC(isolate, "drop the host map at load (default: 0)");

module_param_named(vfio, pviommu_params.vfio, bool, 0444);
MODULE_PARM_DESC(vfio, "be VFIO's IOMMU driver from load on (default: 0)");

module_param_named(devices, pviommu_params.devices, charp, 0444);
MODULE_PARM_DESC(devices, "modes of single devices: ADDRESS=MODE or VENDOR:DEVICE=MODE, with commas between");

module_param_named(low_mb, pviommu_params.low_mb, uint, 0444);
MODULE_PARM_DESC(low_mb, "most MiB of the window below 4 GiB, which grows by 64; 0: none (default: 512)");

module_param_named(max_ops, pviommu_params.max_ops, uint, 0444);
MODULE_PARM_DESC(max_ops, "most ops a hypercall, for measurement (default: 128)");

module_param_named(wait_ms, pviommu_params.wait_ms, uint, 0444);
MODULE_PARM_DESC(wait_ms, "how long an unmap may wait, 1 to 1000 (default: 10)");

module_param_named(reuse_ms, pviommu_params.reuse_ms, uint, 0444);
MODULE_PARM_DESC(reuse_ms, "how long a mapping may idle, plus wait_ms, 1 to 10000 (default: 10)");

module_param_named(reuse_sets, pviommu_params.reuse_sets, uint, 0444);
MODULE_PARM_DESC(reuse_sets, "sets of 4 idle mappings a CPU, a power of two up to 2048 (default: 256)");

const char *const pviommu_mode_names[PVIOMMU_MODES] = {
	[PVIOMMU_OFF] = "off",
	[PVIOMMU_STATIC] = "static",
	[PVIOMMU_REUSE] = "reuse",
	[PVIOMMU_LAZY] = "lazy",
	[PVIOMMU_STRICT] = "strict",
};

/* The mode of that name, or -EINVAL. */
int pviommu_mode_parse(const char *word, size_t len)
{
	int mode;

	for (mode = 0; mode < PVIOMMU_MODES; mode++)
		if (strlen(pviommu_mode_names[mode]) == len &&
		    !strncmp(word, pviommu_mode_names[mode], len))
			return mode;

	return -EINVAL;
}

/* The same, as written to a file: a newline may follow the name. */
int pviommu_mode_of_line(const char *line)
{
	size_t len = strlen(line);

	return pviommu_mode_parse(line, len && line[len - 1] == '\n' ? len - 1 :
								       len);
}

static int set_mode(const char *word, const struct kernel_param *kp)
{
	int mode = pviommu_mode_of_line(word);

	if (mode < 0)
		return mode;
	pviommu_state.mode = mode;

	return 0;
}

static int get_mode(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", pviommu_mode_names[pviommu_state.mode]);
}

static const struct kernel_param_ops mode_ops = {
	.set = set_mode,
	.get = get_mode,
};

module_param_cb(mode, &mode_ops, NULL, 0444);
MODULE_PARM_DESC(mode, "off, static, reuse, lazy or strict (default: strict)");

#ifndef MODULE
static int __init boot_option(char *word)
{
	if (set_mode(word, NULL))
		pr_err("xen_pviommu=%s is not a mode: %s it is\n", word,
		       pviommu_mode_names[pviommu_state.mode]);

	return 1;
}
__setup("xen_pviommu=", boot_option);
#endif
