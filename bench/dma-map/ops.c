// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bare hypercall: batches of map ops of scattered frames, then of the unmap
 * ops that undo them. No allocator, no DMA API. A batch of none is the crossing.
 */
#include <linux/bottom_half.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <asm/xen/hypercall.h>
#include <asm/xen/page.h>
#include <public/iommu_op.h>
#include <xen/xen.h>
#include "bench.h"

#define ROUNDS	64

#define SELF	0x7ff0	/* DOMID_SELF */
#define RW	(XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write)

static long call(struct xen_iommu_op *ops, unsigned int n)
{
	return _hypercall2(long, iommu_op, ops, n);
}

static int one(u16 op, u16 flags, u64 bfn)
{
	struct xen_iommu_op ops = {
		.op = op,
		.flags = flags,
		.u.range = { .nr = XEN_IOMMUOP_CLAIM_FRAMES, .bfn = bfn },
	};
	long rc = call(&ops, 1);

	return rc ?: ops.status;
}

/* The upper half of all BFNs: no RAM, and no window of xen-pviommu. */
static u64 first_bfn(void)
{
	struct xen_iommu_op op = { .op = XEN_IOMMUOP_query };

	if (!xen_pv_domain() || call(&op, 1) || op.status ||
	    op.u.query.magic != XEN_IOMMUOP_MAGIC || op.u.query.why)
		return 0;
	return 1ULL << (op.u.query.bfn_bits - 1);
}

static struct xen_iommu_op map_op(struct bench *b, u64 bfn, unsigned int i)
{
	struct page *page = bench_scattered(b, i);

	return (struct xen_iommu_op){
		.op = XEN_IOMMUOP_map,
		.flags = RW,
		.u.map = {
			.domid = SELF,
			.nr = 1,
			.bfn = bfn + i,
			.mfn = pfn_to_mfn(page_to_pfn(page)),
		},
	};
}

static struct xen_iommu_op unmap_op(u64 bfn, unsigned int i)
{
	return (struct xen_iommu_op){
		.op = XEN_IOMMUOP_unmap,
		.u.range = { .nr = 1, .bfn = bfn + i },
	};
}

static void timed_call(struct bench *b, struct bench_clock *c,
		       struct xen_iommu_op *ops, unsigned int n)
{
	unsigned int i;
	long rc;

	bench_start(c);
	rc = call(ops, n);
	bench_stop(c, 1);
	for (i = 0; i < n; i++)
		b->failed += rc || ops[i].status;
}

static void batches(struct bench *b, struct xen_iommu_op *ops, unsigned int n,
		    u64 bfn, struct seq_file *m)
{
	struct bench_clock map = {}, unmap = {}, empty = {};
	unsigned int i, r;

	bench_mark(b, true);
	for (r = 0; r < ROUNDS; r++) {
		local_bh_disable();
		for (i = 0; i < n; i++)
			ops[i] = map_op(b, bfn, i);
		timed_call(b, &map, ops, n);
		for (i = 0; i < n; i++)
			ops[i] = unmap_op(bfn, i);
		timed_call(b, &unmap, ops, n);
		bench_start(&empty);
		bench_stop(&empty, 1);
		local_bh_enable();
	}
	bench_mark(b, false);
	seq_printf(m, "pairs %u\nentries %u\n", ROUNDS, n);
	bench_show(m, "map", &map);
	bench_show(m, "unmap", &unmap);
	bench_show(m, "empty", &empty);
}

void bench_ops(struct bench *b, const struct bench_work *w, struct seq_file *m)
{
	struct xen_iommu_op *ops;
	u64 bfn = first_bfn();

	/* Not there: no figure, and no failure. */
	if (!bfn)
		return;
	/* Xen reads the ops where they are: in one page. */
	ops = (void *)__get_free_page(GFP_KERNEL);
	if (!ops || one(XEN_IOMMUOP_claim, 0, bfn)) {
		b->failed++;
	} else {
		batches(b, ops, w->size, bfn, m);
		b->failed += !!one(XEN_IOMMUOP_release,
				   XEN_IOMMUOP_RELEASE_unmap, bfn);
	}
	free_page((unsigned long)ops);
}
