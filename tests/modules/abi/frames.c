// SPDX-License-Identifier: GPL-2.0-only
/* Frames that may be mapped: the caller's own, within their present use. */
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <asm/xen/page.h>
#include "abi.h"

#define LAPIC_MFN	0xfee00	/* Xen's own */
#define IOAPIC_MFN	0xfec00	/* readable for dom0 */
#define HPET_MFN	0xfed00	/* readable for dom0 */

/* A map that must fail, for reading and for writing, and leave nothing. */
static void refuse(struct tap *tap, u64 mfn, u32 nr, u16 flags, int want,
		   const char *what)
{
	u64 mapped = abi_usage().mapped;

	tap_ok(tap, mfn, "%s: the frame exists", what);
	tap_is(tap, do_map(abi_base, mfn, nr, RO | flags), want, "%s, read",
	       what);
	tap_is(tap, do_map(abi_base, mfn, nr, RW | flags), want, "%s, write",
	       what);
	if (!tap_is(tap, abi_usage().mapped, mapped, "%s: nothing is mapped",
		    what))
		do_unmap(abi_base, nr);
}

/* A frame that a device may read, but not write in its present use. */
static void not_writable(struct tap *tap, u64 mfn, const char *what)
{
	if (!tap_ok(tap, mfn, "%s: the frame exists", what))
		return;
	tap_is(tap, do_map(abi_base, mfn, 1, RW), -EBUSY, "%s, write", what);
	tap_is(tap, do_map(abi_base, mfn, 1, XEN_IOMMUOP_MAP_write), -EBUSY,
	       "%s, write only", what);
	tap_is(tap, do_map(abi_base, mfn, 1, RO), 0, "%s, read", what);
	tap_is(tap, do_unmap(abi_base, 1), 0, "%s: unmap", what);
}

static void strangers(struct tap *tap)
{
	u64 nobody = frames_get(0);

	frames_put(nobody, 0);
	refuse(tap, frame_of_xen(), 1, 0, -EPERM, "Xen's own image");
	refuse(tap, frame_of_m2p(), 1, 0, -EPERM, "Xen's M2P");
	refuse(tap, frame_of_shared_info(), 1, 0, -EPERM, "the shared info");
	refuse(tap, nobody, 1, 0, -EPERM, "a free frame");
	refuse(tap, ~0ULL, 1, 0, -ENXIO, "MFN ~0");
	refuse(tap, ~0ULL, 2, 0, -ENXIO, "MFNs around the end of 64 bits");
	refuse(tap, 1ULL << 63, 1, 0, -ENXIO, "MFN 1 << 63");
	refuse(tap, 1ULL << 52, 1, 0, -ENXIO, "MFN 1 << 52");
	refuse(tap, 1ULL << 40, 1, 0, -ENXIO, "MFN 1 << 40");
	refuse(tap, 1ULL << 35, 1, 0, -ENXIO, "MFN 1 << 35");
}

/* A run of four, whose third frame was given back to Xen. */
static void hole(struct tap *tap)
{
	u64 mfn = frames_get(2);

	if (!tap_ok(tap, mfn, "four frames in a row"))
		return;
	tap_is(tap, do_map(abi_base, mfn, 4, RW), 0, "a run of four");
	tap_is(tap, do_unmap(abi_base, 4), 0, "... and its unmap");
	frames_put(mfn + 2, 0);
	refuse(tap, mfn, 4, 0, -EPERM, "a run whose third frame is not ours");
	frames_put(mfn, 0);
	frames_put(mfn + 1, 0);
	frames_put(mfn + 3, 0);
}

/* A run of two, whose second frame is a page table. */
static void half_table(struct tap *tap)
{
	u64 mfn = frames_get(1);

	tap_is(tap, frame_pin_l1(mfn + 1, true), 0, "a page table in a run");
	tap_is(tap, do_map(abi_base, mfn, 2, RW), -EBUSY,
	       "a run with a page table, write");
	tap_is(tap, do_map(abi_base, mfn, 2, RO), 0,
	       "a run with a page table, read");
	tap_is(tap, do_unmap(abi_base, 2), 0, "... and its unmap");
	/* The failure left no type on the first frame, which can be a table. */
	tap_is(tap, frame_pin_l1(mfn, true), 0,
	       "the frame in front has no reference left");
	tap_is(tap, frame_pin_l1(mfn, false), 0, "unpin");
	tap_is(tap, frame_pin_l1(mfn + 1, false), 0, "unpin");
	tap_is(tap, frames_put(mfn, 1), 0, "the frames go back");
}

static int map_of(u16 domid, u16 flags, u64 mfn)
{
	struct xen_iommu_op op = op_map(abi_base, mfn, 1, flags);

	op.u.map.domid = domid;
	return abi_one(op);
}

static void domids(struct tap *tap)
{
	static const u16 none[] = { 1, 2, 1234, 0x7fef, 0x7ff1, 0x7ff2, 0x7ff3,
				    0x7ff4, 0x7ff5, 0x7fff, 0x8000, 0xffff };
	u64 mfn = frames_get(0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(none); i++) {
		tap_is(tap, map_of(none[i], RW, mfn), -ESRCH,
		       "a frame of domain 0x%x", none[i]);
		tap_is(tap, map_of(none[i], RW | XEN_IOMMUOP_MAP_mmio, mfn),
		       -EINVAL, "MMIO of domain 0x%x", none[i]);
		tap_is(tap, map_of(none[i], RW | XEN_IOMMUOP_MAP_yield, mfn),
		       -EINVAL, "yielding, of domain 0x%x", none[i]);
	}
	tap_is(tap, map_of(0, RW, mfn), 0, "its own number is right");
	tap_is(tap, do_unmap(abi_base, 1), 0, "... and its unmap");
	tap_is(tap, frames_put(mfn, 0), 0, "the frame goes back");
}

void abi_frames(struct tap *tap)
{
	u64 mfn;

	tap_is(tap, do_claim(abi_base, LEAF), 0, "a claim");
	strangers(tap);
	hole(tap);
	not_writable(tap, frame_of_pte_page(), "a page table (L1)");
	not_writable(tap, virt_to_mfn(current->active_mm->pgd),
		     "a page table (L4)");
	not_writable(tap, frame_of_gdt(), "the GDT");
	mfn = frames_get(0);
	frame_pin_l1(mfn, true);
	not_writable(tap, mfn, "a frame pinned as L1");
	frame_pin_l1(mfn, false);
	frames_put(mfn, 0);
	half_table(tap);
	domids(tap);
	tap_is(tap, do_release(abi_base, LEAF), 0, "release");
}

/* Some BAR of some device. */
static u64 frame_of_bar(void)
{
	struct pci_dev *pdev = NULL;
	u64 mfn = 0;
	int bar;

	for_each_pci_dev(pdev)
		for (bar = 0; bar < PCI_STD_NUM_BARS && !mfn; bar++)
			if (pci_resource_flags(pdev, bar) & IORESOURCE_MEM &&
			    pci_resource_len(pdev, bar) >= PAGE_SIZE)
				mfn = pci_resource_start(pdev, bar) >> PAGE_SHIFT;
	return mfn;
}

static void read_only(struct tap *tap, u64 mfn, const char *what)
{
	tap_is(tap, do_map(abi_base, mfn, 1, RW | XEN_IOMMUOP_MAP_mmio), -EPERM,
	       "%s, write", what);
	tap_is(tap, do_map(abi_base, mfn, 1, RO | XEN_IOMMUOP_MAP_mmio), 0,
	       "%s, read", what);
	tap_is(tap, do_unmap(abi_base, 1), 0, "... and its unmap");
}

void abi_mmio(struct tap *tap)
{
	u64 bar = frame_of_bar(), mfn = frames_get(0);
	u16 mmio = XEN_IOMMUOP_MAP_mmio;

	tap_is(tap, do_claim(abi_base, LEAF), 0, "a claim");
	if (tap_ok(tap, bar, "some device has a BAR")) {
		refuse(tap, bar, 1, 0, -ENXIO, "a BAR without mmio");
		tap_is(tap, do_map(abi_base, bar, 1, RW | mmio), 0,
		       "a BAR with mmio");
		tap_is(tap, do_unmap(abi_base, 1), 0, "... and its unmap");
		tap_is(tap, do_map(abi_base, bar, 1, RO | mmio), 0,
		       "a BAR with mmio, read");
		tap_is(tap, do_unmap(abi_base, 1), 0, "... and its unmap");
	}
	refuse(tap, mfn, 1, mmio, -ENXIO, "RAM with mmio");
	refuse(tap, frame_of_xen(), 1, mmio, -ENXIO, "Xen's image with mmio");
	refuse(tap, LAPIC_MFN, 1, mmio, -EPERM, "the local APIC");
	read_only(tap, IOAPIC_MFN, "the IO-APIC");
	read_only(tap, HPET_MFN, "the HPET");
	tap_is(tap, frames_put(mfn, 0), 0, "the frame goes back");
	tap_is(tap, do_release(abi_base, LEAF), 0, "release");
}
