// SPDX-License-Identifier: GPL-2.0-only
/* Results, and the files in debugfs that run the groups. */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <xen/xen.h>
#include "abi.h"

/* A group's whole answer: seq_file would run a larger answer again. */
#define ANSWER_SIZE	(256 << 10)

u64 abi_base;
struct xen_iommu_op_query abi_query;

int abi_expect;
module_param_named(expect, abi_expect, int, 0444);
MODULE_PARM_DESC(expect, "errno of all ops but query");

int abi_why;
module_param_named(why, abi_why, int, 0444);
MODULE_PARM_DESC(why, "XEN_IOMMUOP_WHY_* of query");

static DEFINE_MUTEX(one_at_a_time);
static struct dentry *dir;

static bool result(struct tap *tap, bool good, const char *fmt, va_list *args)
{
	struct va_format vaf = { .fmt = fmt, .va = args };

	seq_printf(tap->m, "%sok %u - %pV\n", good ? "" : "not ", ++tap->nr,
		   &vaf);
	return good;
}

bool tap_ok(struct tap *tap, bool good, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	result(tap, good, fmt, &args);
	va_end(args);
	return good;
}

bool tap_is(struct tap *tap, long got, long want, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	result(tap, got == want, fmt, &args);
	va_end(args);
	if (got != want)
		seq_printf(tap->m, "# got %ld, want %ld\n", got, want);
	return got == want;
}

struct group {
	const char *name;
	void (*run)(struct tap *tap);
	bool refused;	/* for a hypercall that is refused */
};

static const struct group groups[] = {
	{ "refused", abi_refused, true },
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
static void run_group(const struct group *g, struct tap *tap)
{
	struct xen_iommu_op_usage usage;
	long owned = frames_owned();

	g->run(tap);
	if (g->refused)
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

static int group_show(struct seq_file *m, void *v)
{
	const struct group *g = m->private;
	struct tap tap = { .m = m };

	mutex_lock(&one_at_a_time);
	run_group(g, &tap);
	mutex_unlock(&one_at_a_time);
	seq_printf(m, "1..%u\n", tap.nr);
	if (seq_has_overflowed(m))
		pr_err("abi_attack: the answer of %s was too long\n", g->name);
	return 0;
}

static int group_open(struct inode *inode, struct file *file)
{
	return single_open_size(file, group_show, inode->i_private,
				ANSWER_SIZE);
}

static const struct file_operations group_fops = {
	.owner = THIS_MODULE,
	.open = group_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

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
	unsigned int i;
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

	dir = debugfs_create_dir("abi_attack", NULL);
	for (i = 0; i < ARRAY_SIZE(groups); i++)
		debugfs_create_file(groups[i].name, 0400, dir,
				    (void *)&groups[i], &group_fops);
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
