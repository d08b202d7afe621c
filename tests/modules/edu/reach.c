// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device's reach where the device should reach nothing, or still may: behind an
 * unmap, against a map's direction, by machine address.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <asm/xen/page.h>
#include "edu.h"

/* A DMA to memory that must not arrive; the bytes there stay. */
static void blocked(struct edu *edu, const char *name, struct bounce *b,
		    dma_addr_t addr, u8 *at, u32 len)
{
	bool good;

	fill(edu);
	memcpy(b->at, edu->want, len);
	memset(at, 0x5a, len);
	good = !edu_dma(edu, b->addr, 0, len, false) &&
	       !edu_dma(edu, addr, 0, len, true) && !memchr_inv(at, 0x5a, len);
	check(edu, good, "%s: a write to %pad does not arrive", name, &addr);
}

/* A DMA from memory that must not see the bytes there. */
static void blind(struct edu *edu, const char *name, struct bounce *b,
		  dma_addr_t addr, u8 *at, u32 len)
{
	bool good;

	fill(edu);
	memcpy(at, edu->want, len);
	memset(b->at, 0xc3, len);
	edu_dma(edu, b->addr, 0, len, false);
	edu_dma(edu, addr, 0, len, false);
	memset(b->at, 0, len);
	good = !edu_dma(edu, b->addr, 0, len, true) &&
	       memcmp(b->at, edu->want, len);
	check(edu, good, "%s: a read from %pad does not see memory", name,
	      &addr);
}

/* Checks with a page for the device to aim at, and a coherent page. */
static void with_target(struct tap *tap,
			void (*checks)(struct edu *edu, struct bounce *b, u8 *page))
{
	u8 *page = (void *)__get_free_page(GFP_KERNEL);
	struct edu *edu = tap->subject;
	struct bounce b;

	if (page && !bounce_get(edu, &b)) {
		checks(edu, &b, page);
		bounce_put(edu, &b);
	}
	free_page((unsigned long)page);
}

void group_faults(struct tap *tap)
{
	struct edu *edu = tap->subject;
	u8 *page = (void *)__get_free_pages(GFP_KERNEL, 1);
	struct bounce b, c;
	dma_addr_t addr;

	if (!page || bounce_get(edu, &b))
		return;
	addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	writes(edu, "mapped", addr, page, 512, b.addr, b.at);
	unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	blocked(edu, "unmapped", &b, addr, page, 512);
	blind(edu, "unmapped", &b, addr, page, 512);

	addr = map(edu, page, PAGE_SIZE, DMA_TO_DEVICE);
	blocked(edu, "mapped to be read only", &b, addr, page, 512);
	memcpy(page, edu->want, 512);
	reads(edu, "mapped to be read only", addr, page, 512, b.addr, b.at);
	unmap(edu, addr, PAGE_SIZE, DMA_TO_DEVICE);

	if (!bounce_get(edu, &c)) {
		writes(edu, "coherent", c.addr, c.at, 512, b.addr, b.at);
		addr = c.addr;
		bounce_put(edu, &c);
		blocked(edu, "freed", &b, addr, page, 512);
	}
	/* A map of one page does not open the next, where b must not be. */
	addr = map(edu, page, PAGE_SIZE, DMA_FROM_DEVICE);
	if (addr + PAGE_SIZE == b.addr && !bounce_get(edu, &c)) {
		bounce_put(edu, &b);
		b = c;
	}
	writes(edu, "one page", addr, page, 512, b.addr, b.at);
	blocked(edu, "the page behind", &b, addr + PAGE_SIZE,
		page + PAGE_SIZE, 512);
	unmap(edu, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	bounce_put(edu, &b);
	free_pages((unsigned long)page, 1);
}

static void isolated(struct edu *edu, struct bounce *b, u8 *page)
{
	dma_addr_t addr;

	addr = virt_to_machine(page).maddr;
	blocked(edu, "machine address", b, addr, page, 512);
	blind(edu, "machine address", b, addr, page, 512);
	addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	writes(edu, "mapped", addr, page, 512, b->addr, b->at);
	reads(edu, "mapped", addr, page, 512, b->addr, b->at);
	unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	blocked(edu, "unmapped", b, addr, page, 512);
}

void group_isolated(struct tap *tap)
{
	with_target(tap, isolated);
}

/* The device takes 100 ms a DMA: only long waits are seen. */
static unsigned int bound_ms = 40;
module_param(bound_ms, uint, 0444);
MODULE_PARM_DESC(bound_ms, "longer than anything may wait or idle");

/* Does a write arrive at an address right after its unmap? */
static bool arrives(struct edu *edu, struct bounce *b, dma_addr_t addr, u8 *at)
{
	fill(edu);
	memcpy(b->at, edu->want, 512);
	memset(at, 0x5a, 512);

	return !edu_dma(edu, b->addr, 0, 512, false) &&
	       !edu_dma(edu, addr, 0, 512, true) && !memcmp(at, edu->want, 512);
}

/* Map and unmap; did the write still arrive? A timer may fire in between. */
static bool lingers(struct edu *edu, struct bounce *b, u8 *page,
		    dma_addr_t *addr)
{
	unsigned int tries;

	for (tries = 0; tries < 20; tries++) {
		*addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
		unmap(edu, *addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
		if (arrives(edu, b, *addr, page))
			return true;
	}

	return false;
}

/* A waiting mapping is reachable, and after the bound unreachable. */
static void bound(struct edu *edu, struct bounce *b, u8 *page)
{
	dma_addr_t addr;

	check(edu, lingers(edu, b, page, &addr), "at once: reachable");
	msleep(bound_ms);
	blocked(edu, "after the bound", b, addr, page, 512);
	blind(edu, "after the bound", b, addr, page, 512);
	check(edu, page_count(virt_to_page(page)) == 1, "its page is released");
}

void group_bound(struct tap *tap)
{
	with_target(tap, bound);
}

/* The first unmap that can't wait takes along all waiting unmaps. */
static void taken_along(struct edu *edu, struct bounce *b, u8 *page)
{
	struct bounce c;
	dma_addr_t addr;

	if (bounce_get(edu, &c))
		return;
	check(edu, lingers(edu, b, page, &addr), "at once: reachable");
	migrate_disable();
	addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	bounce_put(edu, &c);
	migrate_enable();
	blocked(edu, "after an unmap that can't wait", b, addr, page, 512);
}

void group_taken_along(struct tap *tap)
{
	with_target(tap, taken_along);
}

/* The same memory, mapped in the same way, is at its old address; else at another. */
static void again(struct edu *edu, struct bounce *b, u8 *page)
{
	dma_addr_t addr, second, read;

	migrate_disable();
	addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	second = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	check(edu, second != addr, "two maps at a time are two");
	unmap(edu, second, PAGE_SIZE, DMA_BIDIRECTIONAL);
	unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	read = map(edu, page, PAGE_SIZE, DMA_TO_DEVICE);
	check(edu, read != addr && read != second, "read only is another mapping");
	blocked(edu, "read only", b, read, page, 512);
	unmap(edu, read, PAGE_SIZE, DMA_TO_DEVICE);
	second = map(edu, page + 100, 50, DMA_BIDIRECTIONAL);
	writes(edu, "taken again", second, page + 100, 50, b->addr, b->at);
	unmap(edu, second, 50, DMA_BIDIRECTIONAL);
	migrate_enable();
	msleep(bound_ms);
	blocked(edu, "after the bound", b, second, page + 100, 50);
}

void group_again(struct tap *tap)
{
	with_target(tap, again);
}

static void base(struct edu *edu, struct bounce *b, u8 *page)
{
	dma_addr_t addr;

	addr = virt_to_machine(page).maddr;
	fill(edu);
	memcpy(page, edu->want, 512);
	reads(edu, "machine address", addr, page, 512, b->addr, b->at);
	writes(edu, "machine address", addr, page, 512, b->addr, b->at);
}

void group_base(struct tap *tap)
{
	with_target(tap, base);
}

void group_hold(struct tap *tap)
{
	struct edu *edu = tap->subject;

	if (!edu->held_at) {
		edu->held_at = dma_alloc_coherent(edu->dev, PAGE_SIZE,
						  &edu->held, GFP_KERNEL);
		check(edu, edu->held_at, "a coherent page that stays");
		return;
	}
	dma_free_coherent(edu->dev, PAGE_SIZE, edu->held_at, edu->held);
	edu->held_at = NULL;
	check(edu, true, "the coherent page is freed");
}
