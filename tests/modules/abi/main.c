// SPDX-License-Identifier: GPL-2.0-only
/* The groups, and a look at what each has left behind. */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <xen/xen.h>
#include "abi.h"

u64 abi_base;
struct xen_iommu_op_query abi_query;

int abi_expect;
module_param_named(expect, abi_expect, int, 0444);
MODULE_PARM_DESC(expect, "errno of all ops but query");

int abi_why;
module_param_named(why, abi_why, int, 0444);
MODULE_PARM_DESC(why, "XEN_IOMMUOP_WHY_* of query");

static struct dentry *dir;

static const struct tap_group groups[] = {
	{ "refused", abi_refused },
	{ "fields", abi_fields },
	{ "handles", abi_handles },
	{ "claims", abi_claims },
	{ "tables", abi_tables },
	{ "frames", abi_frames },
	{ "mmio", abi_mmio },
	{ "foreign", abi_foreign },
	{ "batch", abi_batch },
	{ "list", abi_list },
	{ "refs", abi_refs },
	{ "defer", abi_defer },
	{ "yield", abi_yield },
	{ "hostmap", abi_hostmap },
	{ "interrupt", abi_interrupt },
	{ "race", abi_race },
	{ "hotadd", abi_hotadd },
	{ "bounds", abi_bounds },
};

/* A group must leave nothing behind. */
static void run_group(const struct tap_group *g, struct tap *tap)
{
	struct xen_iommu_op_usage usage;
	long owned = frames_owned();

	g->run(tap);
	if (g->run == abi_refused)
		return;
	usage = abi_usage();
	tap_is(tap, usage.claims, 0, "%s: no claim is left", g->name);
	tap_is(tap, usage.tables, 0, "%s: no leaf table is left", g->name);
	tap_is(tap, usage.mapped, 0, "%s: no BFN is left mapped", g->name);
	tap_is(tap, usage.yielded, 0, "%s: none has yielded", g->name);
	tap_is(tap, frames_owned(), owned,
	       "%s: every frame went back to Xen, so no reference is left",
	       g->name);
}

/* Not TAP: Xen's count of this domain's use, for scripts. */
static int usage_show(struct seq_file *m, void *v)
{
	struct xen_iommu_op_usage usage = abi_usage();

	seq_printf(m, "claims %u, tables %u, mapped %llu, yielded %llu, host map %d\n",
		   usage.claims, usage.tables, usage.mapped, usage.yielded,
		   abi_host_map());
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(usage);

static int __init abi_init(void)
{
	struct xen_iommu_op op = op_bare(XEN_IOMMUOP_query);
	u64 mfn;

	if (!xen_pv_domain())
		return -ENODEV;
	mfn = abi_expect ? 0 : frames_get(0);
	if (!abi_expect && !mfn) {
		pr_err("abi_attack: dom0 may not grow, boot it with less than its maximum\n");
		return -ENOSPC;
	}
	if (mfn)
		frames_put(mfn, 0);
	if (!abi_call(&op, 1) && !op.status &&
	    op.u.query.magic == XEN_IOMMUOP_MAGIC)
		abi_query = op.u.query;
	/* The upper half of all BFNs: no RAM, no window of the module. */
	if (abi_query.bfn_bits)
		abi_base = 1ULL << (abi_query.bfn_bits - 1);

	dir = tap_files("abi_attack", groups, ARRAY_SIZE(groups), run_group,
			NULL);
	debugfs_create_file("usage", 0400, dir, NULL, &usage_fops);
	return 0;
}

static void __exit abi_exit(void)
{
	debugfs_remove_recursive(dir);
}

module_init(abi_init);
module_exit(abi_exit);
MODULE_DESCRIPTION("the iommu_op hypercall under attack");
MODULE_LICENSE("GPL");
