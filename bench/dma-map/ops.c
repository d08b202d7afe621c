// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bare hypercall: batches of map ops of scattered frames, then of their unmap
 * ops. No allocator, no DMA API. A batch of none is the crossing.
 */
#include <linux/bottom_half.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <asm/xen/hypercall.h>
#include <asm/xen/page.h>
#include <public/iommu_op.h>
#include <xen/xen.h>
#include "bench.h"

#define ROUNDS	64

/*
 * The time of each call. The median counts: the calls are alike, and too few for
 * Xen's timer, which hits at most one of them.
 */
struct samples {
	u64 ns[ROUNDS];
	unsigned int n;
};

struct call_samples {
	struct samples map, unmap, empty;
};

#define SELF	0x7ff0	/* DOMID_SELF */
#define RW	(XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write)

/* As the module maps: with MAP_yield where Xen has MAP_yield. */
static u16 map_flags = RW;

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
	if (op.u.query.caps & XEN_IOMMUOP_CAP_yield)
		map_flags |= XEN_IOMMUOP_MAP_yield;
	return 1ULL << (op.u.query.bfn_bits - 1);
}

/* The page in which Xen marks yielded BFNs: none yields here. */
static int watch(u64 bfn, const void *page)
{
	struct xen_iommu_op op = {
		.op = XEN_IOMMUOP_watch,
		.u.watch = { .nr = 1, .bfn = bfn, .mfn = virt_to_mfn(page) },
	};
	long rc = call(&op, 1);

	return map_flags == RW ? 0 : rc ?: op.status;
}

static struct xen_iommu_op map_op(struct bench *b, u64 bfn, unsigned int i)
{
	struct page *page = bench_scattered(b, i);

	return (struct xen_iommu_op){
		.op = XEN_IOMMUOP_map,
		.flags = map_flags,
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

static void sample(struct samples *s, const struct bench_clock *c)
{
	if (c->n)
		s->ns[s->n++] = c->ns;
}

static int ns_cmp(const void *a, const void *b)
{
	const u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

static void show_median(struct seq_file *m, const char *name, struct samples *s)
{
	struct bench_clock median = { .n = !!s->n };

	sort(s->ns, s->n, sizeof(s->ns[0]), ns_cmp, NULL);
	median.ns = s->ns[s->n / 2];
	bench_show(m, name, &median);
}

static void timed_call(struct bench *b, struct samples *s,
		       struct xen_iommu_op *ops, unsigned int n)
{
	struct bench_clock c = {};
	unsigned int i;
	long rc;

	bench_start(&c);
	rc = call(ops, n);
	bench_stop(&c, 1);
	sample(s, &c);
	for (i = 0; i < n; i++)
		b->failed += rc || ops[i].status;
}

static void timed_nothing(struct samples *s)
{
	struct bench_clock c = {};

	bench_start(&c);
	bench_stop(&c, 1);
	sample(s, &c);
}

static void batches(struct bench *b, struct xen_iommu_op *ops, unsigned int n,
		    u64 bfn, struct call_samples *s)
{
	unsigned int i, r;

	bench_mark(b, true);
	for (r = 0; r < ROUNDS; r++) {
		local_bh_disable();
		for (i = 0; i < n; i++)
			ops[i] = map_op(b, bfn, i);
		timed_call(b, &s->map, ops, n);
		for (i = 0; i < n; i++)
			ops[i] = unmap_op(bfn, i);
		timed_call(b, &s->unmap, ops, n);
		timed_nothing(&s->empty);
		local_bh_enable();
	}
	bench_mark(b, false);
}

void bench_ops(struct bench *b, const struct bench_work *w, struct seq_file *m)
{
	struct call_samples *s;
	struct xen_iommu_op *ops;
	u64 bfn = first_bfn();
	void *bits;

	/* Not there: no figure, and no failure. */
	if (!bfn)
		return;
	/* Xen reads the ops in place: in one page. */
	ops = (void *)__get_free_page(GFP_KERNEL);
	bits = (void *)get_zeroed_page(GFP_KERNEL);
	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!ops || !bits || !s || one(XEN_IOMMUOP_claim, 0, bfn)) {
		b->failed++;
	} else {
		b->failed += !!watch(bfn, bits);
		batches(b, ops, w->size, bfn, s);
		b->failed += !!one(XEN_IOMMUOP_release,
				   XEN_IOMMUOP_RELEASE_unmap, bfn);
		seq_printf(m, "pairs %u\nentries %u\n", ROUNDS, w->size);
		show_median(m, "map", &s->map);
		show_median(m, "unmap", &s->unmap);
		show_median(m, "empty", &s->empty);
	}
	kfree(s);
	free_page((unsigned long)bits);
	free_page((unsigned long)ops);
}
