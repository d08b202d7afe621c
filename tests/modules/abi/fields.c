// SPDX-License-Identifier: GPL-2.0-only
/* Fields out of range, refusals, and handles that lead nowhere. */
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <asm/xen/hypercall.h>
#include <asm/xen/page.h>
#include "abi.h"

#define BODY	sizeof_field(struct xen_iommu_op, u)

/* Bytes FIRST .. LAST of the body, as a mask. */
#define BYTES(first, last)	GENMASK(last, first)

/*
 * One line an op: its known flags, the bytes of its body that must be 0, and whether
 * the op without these would succeed. All of the table comes from the header's
 * structs.
 */
static const struct shape {
	const char *name;
	u16 op;
	u16 flags;
	u32 zero;
} shapes[] = {
	{ "query_reserved", XEN_IOMMUOP_query_reserved, 0, BYTES(4, 23) },
	{ "map", XEN_IOMMUOP_map, 0xf, BYTES(0, 1) },
	{ "unmap", XEN_IOMMUOP_unmap, 1, BYTES(0, 3) | BYTES(16, 23) },
	{ "flush", XEN_IOMMUOP_flush, 0, BYTES(0, 3) | BYTES(16, 23) },
	{ "query", XEN_IOMMUOP_query, 0, BYTES(0, 23) },
	{ "claim", XEN_IOMMUOP_claim, 0, BYTES(0, 3) | BYTES(16, 23) },
	{ "release", XEN_IOMMUOP_release, 1, BYTES(0, 3) | BYTES(16, 23) },
	{ "drop_host_map", XEN_IOMMUOP_drop_host_map, 0, BYTES(0, 23) },
	{ "restore_host_map", XEN_IOMMUOP_restore_host_map, 0, BYTES(0, 23) },
	{ "usage", XEN_IOMMUOP_usage, 0, BYTES(0, 23) },
	{ "map_list", XEN_IOMMUOP_map_list, RW | XEN_IOMMUOP_MAP_yield,
	  BYTES(0, 3) | BYTES(16, 23) },
	{ "query_device", XEN_IOMMUOP_query_device, 0, BYTES(4, 23) },
	{ "watch", XEN_IOMMUOP_watch, 0, BYTES(0, 3) },
	{ "revoke", XEN_IOMMUOP_revoke, 0, BYTES(0, 3) | BYTES(16, 23) },
};

static const u16 unknown_ops[] = { 0, 15, 16, 0x80, 0xff, 0x102, 0x8002, 0xffff };

#define CLASS_IOMMU 0x0806

/* AMD's unit is a PCI function, VT-d's is none. */
static bool on_amd(void)
{
	struct pci_dev *unit = pci_get_class(CLASS_IOMMU << 8, NULL);

	pci_dev_put(unit);

	return unit;
}

/* A good op of that shape: BASE is claimed and empty, MFN ours. */
static struct xen_iommu_op good_op(const struct shape *s, u64 base, u64 mfn)
{
	switch (s->op) {
	case XEN_IOMMUOP_map:
		return op_map(base, mfn, 1, RW);
	case XEN_IOMMUOP_map_list:
		return op_range(s->op, base, 1, RW);
	case XEN_IOMMUOP_unmap:
	case XEN_IOMMUOP_flush:
	case XEN_IOMMUOP_revoke:
		return op_range(s->op, base, 1, 0);
	case XEN_IOMMUOP_claim:
		return op_range(s->op, base + LEAF, LEAF, 0);
	case XEN_IOMMUOP_release:
		return op_range(s->op, base, LEAF, 0);
	case XEN_IOMMUOP_watch:
		return op_watch(base, mfn, 1);
	case XEN_IOMMUOP_query_device:
		return op_device(0, 0, PCI_DEVFN(0x1f, 2));
	default:
		return op_bare(s->op);
	}
}

/* The op's status, with MFN as its list, for an op with a list. */
static int answer(struct xen_iommu_op op, u64 mfn)
{
	struct xen_iommu_op ops[2] = { op };
	long rc;

	memcpy(&ops[1], &mfn, sizeof(mfn));
	rc = abi_call(ops, op.op == XEN_IOMMUOP_map_list ? 2 : 1);
	return rc ?: ops[0].status;
}

/* The number of bits (of BITS wide FIELD) without an answer of -EINVAL. */
static unsigned int flip_flags(struct xen_iommu_op op, u16 known, u64 mfn)
{
	unsigned int bit, bad = 0;

	for (bit = 0; bit < 16; bit++) {
		struct xen_iommu_op try = op;

		if (known & BIT(bit))
			continue;
		try.flags |= BIT(bit);
		bad += answer(try, mfn) != -EINVAL;
	}
	return bad;
}

static unsigned int flip_zeroes(struct xen_iommu_op op, u32 zero, u64 mfn)
{
	unsigned int bit, bad = 0;

	for (bit = 0; bit < BODY * 8; bit++) {
		struct xen_iommu_op try = op;

		if (!(zero & BIT(bit / 8)))
			continue;
		((u8 *)&try.u)[bit / 8] |= BIT(bit % 8);
		bad += answer(try, mfn) != -EINVAL;
	}
	return bad;
}

static void numbers(struct tap *tap, u64 base, u64 mfn)
{
	static const u32 bad_nr[] = { 0, XEN_IOMMUOP_MAX_FRAMES + 1, 1 << 20,
				      1u << 31, ~0u };
	static const u32 bad_claim[] = { 0, 1, LEAF - 1, LEAF + 1,
					 XEN_IOMMUOP_MAX_CLAIM + LEAF, 1u << 31,
					 ~0u };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_nr); i++) {
		u32 nr = bad_nr[i];

		tap_is(tap, do_map(base, mfn, nr, RW), -EINVAL,
		       "map of %u frames", nr);
		tap_is(tap, do_unmap(base, nr), -EINVAL, "unmap of %u frames",
		       nr);
		tap_is(tap, abi_one(op_range(XEN_IOMMUOP_flush, base, nr, 0)),
		       -EINVAL, "flush of %u frames", nr);
		tap_is(tap, abi_one(op_range(XEN_IOMMUOP_revoke, base, nr, 0)),
		       -EINVAL, "revoke of %u frames", nr);
	}
	for (i = 0; i < ARRAY_SIZE(bad_claim); i++)
		tap_is(tap, do_claim(base + LEAF, bad_claim[i]), -EINVAL,
		       "claim of %u frames", bad_claim[i]);
	tap_is(tap, do_claim(base + LEAF + 1, LEAF), -EINVAL,
	       "claim from a BFN that is no multiple of 512");
	tap_is(tap, do_claim(base + LEAF + 256, LEAF), -EINVAL,
	       "claim from half a leaf table");
}

static void map_flags(struct tap *tap, u64 base, u64 mfn)
{
	static const u16 bad[] = {
		0,
		XEN_IOMMUOP_MAP_mmio,
		XEN_IOMMUOP_MAP_yield,
		XEN_IOMMUOP_MAP_mmio | XEN_IOMMUOP_MAP_yield,
		RW | 1 << 4,
		RW | XEN_IOMMUOP_MAP_mmio | XEN_IOMMUOP_MAP_yield,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		tap_is(tap, do_map(base, mfn, 1, bad[i]), -EINVAL,
		       "map with the flags 0x%x", bad[i]);
}

static void answers(struct tap *tap)
{
	struct xen_iommu_op op = op_bare(XEN_IOMMUOP_query);
	const struct xen_iommu_op_query *q = &op.u.query;

	tap_is(tap, abi_call(&op, 1), 0, "query: the call");
	tap_is(tap, op.status, 0, "query: its status");
	tap_is(tap, q->magic, XEN_IOMMUOP_MAGIC, "query: magic");
	tap_is(tap, q->version, XEN_IOMMUOP_VERSION, "query: version");
	tap_is(tap, q->max_ops, MAX_OPS, "query: max_ops");
	tap_is(tap, q->max_frames, XEN_IOMMUOP_MAX_FRAMES, "query: max_frames");
	tap_is(tap, q->claim_frames, LEAF, "query: claim_frames");
	tap_is(tap, q->why, XEN_IOMMUOP_WHY_ok, "query: why");
	tap_is(tap, q->bfn_bits, on_amd() ? 27 : 36,
	       "query: bfn_bits of a 48 bit IOMMU, or of AMD's three levels");
	tap_ok(tap, q->max_tables > 1024, "query: max_tables (%u)",
	       q->max_tables);
	tap_ok(tap, q->caps & XEN_IOMMUOP_CAP_host_map,
	       "query: the host map stands");
	tap_is(tap, q->caps & ~(XEN_IOMMUOP_CAP_host_map |
				XEN_IOMMUOP_CAP_leaf | XEN_IOMMUOP_CAP_yield),
	       0,
	       "query: no unknown caps");
}

static void one_device(struct tap *tap, u16 seg, u8 bus, u8 devfn, u8 why)
{
	struct xen_iommu_op op = op_device(seg, bus, devfn);

	tap_is(tap, abi_call(&op, 1), 0, "query_device %x:%x.%x: the call", seg,
	       bus, devfn);
	tap_is(tap, op.status, why ? -ENODEV : 0, "... its status");
	tap_is(tap, op.u.device.why, why, "... why");
	tap_ok(tap, op.u.device.seg == seg && op.u.device.bus == bus &&
	       op.u.device.devfn == devfn, "... the device as it was");
}

/* In scope of no unit, or without an entry there. */
static u32 why_not(const struct pci_dev *pdev)
{
	if (on_amd())
		return pdev->class >> 8 == CLASS_IOMMU ?
		       XEN_IOMMUOP_DEVICE_no_unit : XEN_IOMMUOP_DEVICE_ok;

	return pdev->class >> 8 == PCI_CLASS_BRIDGE_HOST ?
	       XEN_IOMMUOP_DEVICE_other_table : XEN_IOMMUOP_DEVICE_ok;
}

/*
 * All of the machine's are behind its unit, except VT-d's host bridge, and AMD's unit
 * itself.
 */
static void devices(struct tap *tap)
{
	struct pci_dev *pdev = NULL;
	unsigned int nr = 0;

	for_each_pci_dev(pdev) {
		u32 why = why_not(pdev);

		one_device(tap, 0, pdev->bus->number, pdev->devfn, why);
		nr += !why;
	}
	tap_ok(tap, nr >= 3, "%u devices", nr);
	one_device(tap, 0, 0, PCI_DEVFN(0x1f, 7), XEN_IOMMUOP_DEVICE_unknown);
	one_device(tap, 0, 0xff, PCI_DEVFN(0x1f, 2),
		   XEN_IOMMUOP_DEVICE_unknown);
	one_device(tap, 0xffff, 0, PCI_DEVFN(0x1f, 2),
		   XEN_IOMMUOP_DEVICE_unknown);
}

void abi_fields(struct tap *tap)
{
	u64 base = abi_base, mfn = frames_get(0);
	struct xen_iommu_op_usage before, after;
	unsigned int i;

	answers(tap);
	tap_is(tap, do_claim(base, LEAF), 0, "a claim to attack");
	before = abi_usage();
	for (i = 0; i < ARRAY_SIZE(unknown_ops); i++)
		tap_is(tap, abi_one(op_bare(unknown_ops[i])), -EINVAL,
		       "the unknown op %u", unknown_ops[i]);
	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		const struct shape *s = &shapes[i];
		struct xen_iommu_op op = good_op(s, base, mfn);

		tap_is(tap, flip_flags(op, s->flags, mfn), 0,
		       "%s: each unknown flag is -EINVAL", s->name);
		tap_is(tap, flip_zeroes(op, s->zero, mfn), 0,
		       "%s: each bit that must be 0 is -EINVAL", s->name);
	}
	devices(tap);
	numbers(tap, base, mfn);
	map_flags(tap, base, mfn);
	after = abi_usage();
	tap_ok(tap, !memcmp(&before, &after, sizeof(before)),
	       "no op changed anything");
	tap_ok(tap, abi_host_map(), "the host map stands still");
	/* The control: without the attack, the attacked op is good. */
	tap_is(tap, do_map(base, mfn, 1, RW), 0, "the good map");
	tap_is(tap, do_release(base, LEAF), 0, "release");
	tap_is(tap, frames_put(mfn, 0), 0, "the frame goes back");
}

/* Xen refuses everything: with one errno, whatever else is wrong. */
void abi_refused(struct tap *tap)
{
	struct xen_iommu_op op = op_bare(XEN_IOMMUOP_query);
	unsigned int i;

	if (abi_expect == -ENOSYS) {
		tap_is(tap, abi_call(&op, 1), -ENOSYS, "no such hypercall");
		return;
	}
	tap_is(tap, abi_call(&op, 1), 0, "query is answered");
	tap_is(tap, op.status, 0, "query: status");
	tap_is(tap, op.u.query.magic, XEN_IOMMUOP_MAGIC, "query: magic");
	tap_is(tap, op.u.query.why, abi_why, "query: why");
	tap_is(tap, op.u.query.bfn_bits, 0, "query: bfn_bits");
	tap_is(tap, op.u.query.max_tables, 0, "query: max_tables");
	tap_is(tap, op.u.query.caps, 0, "query: caps");
	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		const struct shape *s = &shapes[i];

		if (s->op == XEN_IOMMUOP_query)
			continue;
		op = good_op(s, 1ULL << 34, 0x1000);
		tap_is(tap, answer(op, 0x1000), abi_expect, "%s is refused",
		       s->name);
		op.flags = 0xffff;
		tap_is(tap, answer(op, 0x1000), abi_expect,
		       "%s is refused before its fields are looked at",
		       s->name);
	}
	for (i = 0; i < ARRAY_SIZE(unknown_ops); i++)
		tap_is(tap, abi_one(op_bare(unknown_ops[i])), -EINVAL,
		       "the unknown op %u is unknown first", unknown_ops[i]);
}

static void set_writable(void *page, bool writable)
{
	pgprot_t prot = writable ? PAGE_KERNEL : PAGE_KERNEL_RO;

	if (HYPERVISOR_update_va_mapping((unsigned long)page,
					 mfn_pte(virt_to_mfn(page), prot),
					 UVMF_INVLPG | UVMF_ALL))
		pr_err("abi_attack: a page can't change its protection\n");
}

/* The statuses can't be written: the ops took effect all the same. */
static void read_only(struct tap *tap, u64 base)
{
	struct xen_iommu_op *ops = (void *)get_zeroed_page(GFP_KERNEL);

	if (!ops)
		return;
	ops[0] = op_range(XEN_IOMMUOP_claim, base, LEAF, 0);
	ops[1] = op_bare(XEN_IOMMUOP_query);
	set_writable(ops, false);
	tap_is(tap, abi_call(ops, 2), -EFAULT, "a read-only array");
	tap_is(tap, ops[0].status, UNTOUCHED, "... has no status");
	tap_is(tap, abi_usage().claims, 1, "... but its op took effect");
	set_writable(ops, true);
	free_page((unsigned long)ops);
	tap_is(tap, do_release(base, LEAF), 0, "... release undoes the claim");
}

void abi_handles(struct tap *tap)
{
	static const unsigned int too_many[] = { MAX_OPS + 1, 1 << 20, 1u << 27,
						 1u << 31, ~0u };
	/* One page, and behind the page vmalloc's hole. */
	struct xen_iommu_op *ops = vmalloc(PAGE_SIZE);
	struct xen_iommu_op *end = ops + PAGE_SIZE / sizeof(*ops);
	struct xen_iommu_op *odd;
	u64 base = abi_base;
	unsigned int i;

	if (!tap_ok(tap, ops, "a page"))
		return;
	memset(ops, 0, PAGE_SIZE);
	for (i = 0; i < ARRAY_SIZE(too_many); i++) {
		ops[0] = op_range(XEN_IOMMUOP_claim, base, LEAF, 0);
		tap_is(tap, abi_call(ops, too_many[i]), -E2BIG, "%u ops",
		       too_many[i]);
		tap_is(tap, ops[0].status, UNTOUCHED, "... and none is done");
	}
	tap_is(tap, abi_usage().claims, 0, "... as usage says");
	tap_is(tap, abi_call(ops, 0), 0, "no ops");
	tap_is(tap, ops[0].status, UNTOUCHED, "... and none is done");
	tap_is(tap, abi_call(NULL, 0), 0, "no ops at NULL");
	tap_is(tap, abi_call(NULL, 1), -EFAULT, "NULL");
	tap_is(tap, abi_call(end, 1), -EFAULT, "an address without a page");
	tap_is(tap, abi_call((void *)0xffff830000001000, 1), -EFAULT,
	       "an address of Xen's");
	tap_is(tap, abi_call((void *)(1UL << 63), 1), -EFAULT,
	       "an uncanonical address");
	tap_is(tap, abi_call((void *)-32UL, 2), -EFAULT,
	       "an array around the end of all addresses");

	end[-1] = op_range(XEN_IOMMUOP_claim, base, LEAF, 0);
	tap_is(tap, abi_call(end - 1, 2), -EFAULT,
	       "an array beyond its page");
	tap_is(tap, end[-1].status, UNTOUCHED, "... has no status");
	tap_is(tap, abi_usage().claims, 0, "... and nothing was done");

	odd = (void *)ops + 3;
	*odd = op_bare(XEN_IOMMUOP_query);
	tap_is(tap, abi_call(odd, 1), 0, "an array at an odd address");
	tap_is(tap, odd->status, 0, "... is answered");
	vfree(ops);
	read_only(tap, base);
}
