// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pages that change their use while they are mapped, or while their mapping waits or
 * idles: from that moment on a device does not reach them.
 */
#include <linux/gfp.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/xen/hypercall.h>
#include <asm/xen/page.h>
#include "edu.h"
#include "../machine.h"

static int va_is(void *at, pte_t pte, u16 domid)
{
	unsigned long flags = UVMF_INVLPG | UVMF_ALL;

	if (domid == SELF)
		return HYPERVISOR_update_va_mapping((unsigned long)at, pte,
						    flags);

	return _hypercall4(int, update_va_mapping_otherdomain, at, pte.pte,
			   flags, domid);
}

static pte_t pte_of(u64 mfn, pgprot_t prot)
{
	return native_make_pte((mfn << PAGE_SHIFT) | pgprot_val(prot));
}

/*
 * A write of the device does not arrive in a page, which has @want, and a read does
 * not see the page.
 */
static void closed(struct edu *edu, const char *name, struct bounce *b,
		   dma_addr_t addr, const u8 *at, const u8 *want)
{
	bool good;

	get_random_bytes(b->at, 512);
	good = !edu_dma(edu, b->addr, 0, 512, false) &&
	       !edu_dma(edu, addr, 0, 512, true) && !memcmp(at, want, PAGE_SIZE);
	check(edu, good, "%s: a write to %pad does not arrive", name, &addr);
	memset(b->at, 0xc3, 512);
	edu_dma(edu, b->addr, 0, 512, false);
	edu_dma(edu, addr, 0, 512, false);
	good = !edu_dma(edu, b->addr, 0, 512, true) && memcmp(b->at, want, 512);
	check(edu, good, "%s: a read from %pad is blocked", name, &addr);
}

/* Entries that are not present: Xen ignores the rest of them. */
static void fill_table(u8 *at)
{
	unsigned int i;

	get_random_bytes(at, PAGE_SIZE);
	for (i = 0; i < PAGE_SIZE; i += sizeof(u64))
		at[i] &= ~1;
}

/* Is the page a page table? The kernel must not write to it then. */
static int be_table(u8 *at, bool table)
{
	u64 mfn = virt_to_mfn(at);
	int rc = 0;

	if (table)
		return va_is(at, pte_of(mfn, PAGE_KERNEL_RO), SELF) ?:
		       frame_pin_l1(mfn, true);
	rc = frame_pin_l1(mfn, false);

	return rc ?: va_is(at, pte_of(mfn, PAGE_KERNEL), SELF);
}

/* A mapping of @page exists; or waits, idles, or is gone, by the mode. */
static void to_a_page_table(struct edu *edu, const char *name, struct bounce *b,
			    u8 *page, u8 *want, bool unmapped)
{
	dma_addr_t addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);

	writes(edu, name, addr, page, 512, b->addr, b->at);
	if (unmapped)
		unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	fill_table(page);
	memcpy(want, page, PAGE_SIZE);
	check(edu, !be_table(page, true), "%s: the page becomes a page table", name);
	closed(edu, name, b, addr, page, want);
	check(edu, !be_table(page, false), "%s: and a page again", name);
	if (!unmapped)
		unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	writes(edu, "mapped again", addr, page, 512, b->addr, b->at);
	unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
}

/* Does Xen give the domain this frame, which dom0 gave back just now? */
static bool gets(u16 domid, u64 mfn)
{
	u64 frame;

	do {
		frame = domain_frame(domid);
	} while (frame && frame != mfn);

	return frame;
}

/* Another frame for a page without its own. */
static int refill(u8 *page)
{
	unsigned long pfn = virt_to_pfn(page);
	u64 mfn = frames_get(0);
	struct mmu_update to_pfn = {
		.ptr = (mfn << PAGE_SHIFT) | MMU_MACHPHYS_UPDATE,
		.val = pfn,
	};
	int rc = HYPERVISOR_mmu_update(&to_pfn, 1, NULL, SELF);

	if (!mfn || rc)
		return -ENOMEM;
	xen_p2m_addr[pfn] = mfn;

	return va_is(page, pte_of(mfn, PAGE_KERNEL), SELF);
}

/* The page's frame goes back to Xen, as by ballooning, and a guest gets it. */
static void to_a_guest(struct edu *edu, struct bounce *b, u8 *page, u8 *want)
{
	dma_addr_t addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	u64 mfn = virt_to_mfn(page);
	/* A debug Xen gives a frame that was just freed after many others. */
	int domid = domain_make(SZ_1G / 1024);

	writes(edu, "before", addr, page, 512, b->addr, b->at);
	if (!check(edu, domid > 0, "a domain (%d)", domid))
		return;
	check(edu, !va_is(page, __pte(0), SELF) && !frames_put(mfn, 0),
	      "the page is given back");
	check(edu, gets(domid, mfn), "the domain gets the frame");
	if (check(edu, !va_is(page, pte_of(mfn, PAGE_KERNEL), domid),
		  "we look at it")) {
		get_random_bytes(page, PAGE_SIZE);
		memcpy(want, page, PAGE_SIZE);
		closed(edu, "the domain's page", b, addr, page, want);
	}
	check(edu, !va_is(page, __pte(0), SELF) && !domain_destroy(domid),
	      "the domain goes");
	check(edu, !refill(page), "another frame");
	unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	writes(edu, "afterwards", addr, page, 512, b->addr, b->at);
	unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
}

/*
 * The first driver maps a page, and goes. The next one's device does not reach
 * it, and takes it down.
 */
void group_forgotten(struct tap *tap)
{
	struct edu *edu = tap->subject;
	static dma_addr_t addr;
	static u8 *page;
	struct bounce b;
	u8 *want;

	if (bounce_get(edu, &b))
		return;
	if (!page) {
		page = (void *)get_zeroed_page(GFP_KERNEL);
		addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
		writes(edu, "mapped", addr, page, 512, b.addr, b.at);
	} else {
		want = kmemdup(page, PAGE_SIZE, GFP_KERNEL);
		if (check(edu, want, "a copy"))
			closed(edu, "forgotten", &b, addr, page, want);
		unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
		kfree(want);
		free_page((unsigned long)page);
		page = NULL;
	}
	bounce_put(edu, &b);
}

void group_yields(struct tap *tap)
{
	struct edu *edu = tap->subject;
	u8 *page = (void *)__get_free_page(GFP_KERNEL);
	u8 *want = (void *)__get_free_page(GFP_KERNEL);
	struct bounce b;

	if (!page || !want || bounce_get(edu, &b))
		return;
	to_a_page_table(edu, "mapped", &b, page, want, false);
	to_a_page_table(edu, "unmapped", &b, page, want, true);
	to_a_guest(edu, &b, page, want);
	bounce_put(edu, &b);
	free_page((unsigned long)want);
	free_page((unsigned long)page);
}
