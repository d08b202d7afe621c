// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scatterlists of every shape. The device writes all segments; then each byte
 * is where the list says, and none is anywhere else.
 */
#include <linux/gfp.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include "edu.h"

#define ORDER		4
#define MEMORY		(PAGE_SIZE << ORDER)
#define MAX_PARTS	8

/* A DMA; each takes other bytes of the device's buffer. */
#define PIECE		2048
#define STEP		61

struct part {
	unsigned int page, off, len;
};

struct shape {
	const char *name;
	unsigned int nr;
	struct part part[MAX_PARTS];
	unsigned int chained;	/* so many are in a table before the others' */
	unsigned int max_seg;	/* the device's limit, if not 0: */
	u64 boundary;
	unsigned int min_align;
	unsigned int segments;	/* the expected number of segments, if not 0 */
};

#define PARTS(...)							\
	.part = { __VA_ARGS__ },					\
	.nr = sizeof((struct part[]){ __VA_ARGS__ }) / sizeof(struct part)
#define FULL(page)	{ page, 0, PAGE_SIZE }

/* Segments of odd lengths at odd offsets in pages without neighbours. */
static const struct shape plain = {
	.name = "odd parts",
	PARTS({ 14, 0, 400 }, { 12, 64, 408 }, { 10, 128, 416 },
	      { 8, 192, 424 }, { 6, 256, 432 }, { 4, 320, 440 },
	      { 2, 384, 448 }, { 0, 448, 456 }),
};

static const struct shape shapes[] = {
	{ "pages", PARTS(FULL(0), FULL(5), FULL(3), FULL(9)) },
	{ "neighbours in memory", PARTS(FULL(0), FULL(1), FULL(2)) },
	{ "up to the end and on", PARTS({ 3, 4000, 96 }, { 7, 0, 100 }) },
	{ "one over a page's end",
	  PARTS(FULL(0), { 2, 4000, 200 }, { 5, 100, 50 }) },
	{ "the first over a page's end",
	  PARTS({ 2, 4000, 200 }, FULL(5), { 7, 100, 50 }) },
	{ "the last over a page's end",
	  PARTS(FULL(5), { 7, 100, 50 }, { 2, 4000, 200 }) },
	{ "an offset behind its page",
	  PARTS({ 0, 8, 40 }, { 6, 4196, 200 }, { 9, 0, 64 }) },
	{ "four pages in one", PARTS({ 8, 0, 16384 }, { 3, 0, 100 }) },
	{ "one is empty",
	  PARTS(FULL(0), { 4, 10, 0 }, { 6, 20, 300 }, FULL(7)) },
	{ "the first is empty", PARTS({ 4, 10, 0 }, FULL(6), FULL(2)) },
	{ "the last is empty", PARTS(FULL(6), FULL(2), { 4, 10, 0 }) },
	{ "two tables", .chained = 2,
	  PARTS(FULL(0), { 4, 10, 99 }, { 6, 20, 300 }, FULL(7)) },
	{ "two tables, one over a page's end", .chained = 1,
	  PARTS(FULL(0), { 4, 10, 99 }, { 6, 4000, 300 }, FULL(8)) },
	{ "segments of two pages at most", .max_seg = 2 * PAGE_SIZE,
	  PARTS(FULL(4), FULL(0), FULL(7), FULL(2), FULL(9)) },
	{ "a boundary of two pages", .boundary = 2 * PAGE_SIZE - 1,
	  PARTS(FULL(0), { 2, 4000, 200 }, FULL(5), FULL(7)) },
	{ "a boundary of a page", .boundary = PAGE_SIZE - 1,
	  PARTS(FULL(0), { 2, 40, 200 }, FULL(5)) },
};

/* Where they lie on the bus is a matter of the dynamic path. */
static const struct shape layouts[] = {
	{ "pages become one segment", .segments = 1,
	  PARTS(FULL(0), FULL(5), FULL(3), FULL(9)) },
	{ "parts that meet, too", .segments = 1,
	  PARTS({ 3, 4000, 96 }, FULL(5), { 7, 0, 100 }) },
	{ "parts that do not meet are two", .segments = 2,
	  PARTS({ 3, 4000, 95 }, { 7, 0, 100 }) },
	{ "two tables become one segment", .segments = 1, .chained = 2,
	  PARTS(FULL(0), FULL(5), FULL(3), FULL(9)) },
	{ "and so do entries of several pages", .segments = 1,
	  PARTS(FULL(0), { 8, 0, 16384 }, { 3, 0, 100 }) },
	{ "segments of two pages at most", .segments = 3,
	  .max_seg = 2 * PAGE_SIZE,
	  PARTS(FULL(4), FULL(0), FULL(7), FULL(2), FULL(9)) },
	{ "a boundary of two pages", .segments = 2,
	  .boundary = 2 * PAGE_SIZE - 1,
	  PARTS(FULL(4), FULL(0), FULL(7), FULL(2)) },
	{ "a gap before the boundary", .segments = 3,
	  .boundary = 2 * PAGE_SIZE - 1,
	  PARTS(FULL(0), { 2, 4000, 200 }, FULL(5)) },
	{ "as aligned as in memory", .min_align = 2 * PAGE_SIZE - 1,
	  PARTS(FULL(1), FULL(3), FULL(4), { 8, 100, 200 }) },
};

/* The memory, its expected contents, and the list's bytes in their order. */
struct lists {
	u8 *memory, *image, *bytes;
	struct scatterlist table[2][MAX_PARTS + 1];
};

/* Old contents must not matter. */
static void soil(struct scatterlist *sg, unsigned int nr)
{
	for (; nr; nr--, sg = sg_next(sg)) {
		sg_dma_address(sg) = PAGE_SIZE;
		sg_dma_len(sg) = PAGE_SIZE;
	}
}

static void build(struct lists *l, const struct shape *s)
{
	struct scatterlist *sg = l->table[0];
	unsigned int i;

	if (s->chained) {
		sg_init_table(l->table[0], s->chained + 1);
		sg_init_table(l->table[1], s->nr - s->chained);
		sg_chain(l->table[0], s->chained + 1, l->table[1]);
	} else {
		sg_init_table(l->table[0], s->nr);
	}
	for (i = 0; i < s->nr; i++, sg = sg_next(sg))
		sg_set_page(sg, virt_to_page(l->memory) + s->part[i].page,
			    s->part[i].len, s->part[i].off);
	soil(l->table[0], s->nr);
}

/* Let the device write all segments. Return: bytes, or 0 after a failure. */
static unsigned int write_segments(struct edu *edu, struct lists *l, int n)
{
	unsigned int pos = 0, off = 0, o, len;
	struct scatterlist *sg;
	int i;

	for_each_sg(l->table[0], sg, n, i) {
		for (o = 0; o < sg_dma_len(sg); o += len) {
			len = min_t(unsigned int, PIECE, sg_dma_len(sg) - o);
			if (pos + len > MEMORY ||
			    edu_dma(edu, sg_dma_address(sg) + o, off, len,
				    true))
				return 0;
			memcpy(l->bytes + pos, edu->want + off, len);
			pos += len;
			off = (off + STEP) % (ENGINE_MAX - PIECE);
		}
	}

	return pos;
}

/* Are the segments within the device's limits? */
static bool is_taken(struct edu *edu, struct lists *l, const struct shape *s,
		     int n)
{
	u64 mask = dma_get_seg_boundary(edu->dev);
	struct scatterlist *sg;
	int i;

	for_each_sg(l->table[0], sg, n, i) {
		u64 first = sg_dma_address(sg), len = sg_dma_len(sg);

		if (len > dma_get_max_seg_size(edu->dev) ||
		    (len && first / (mask + 1) !=
			    (first + len - 1) / (mask + 1)))
			return false;
	}
	/* Joined segments are aligned with their first entry. */
	sg = l->table[0];

	return !s->min_align ||
	       !((sg_dma_address(sg) ^ sg_phys(sg)) & s->min_align);
}

static void check_bytes(struct edu *edu, struct lists *l, const struct shape *s,
			unsigned int pos)
{
	unsigned int i, total = 0;

	memset(l->image, 0x5a, MEMORY);
	for (i = 0; i < s->nr; i++) {
		const struct part *p = &s->part[i];

		memcpy(l->image + p->page * PAGE_SIZE + p->off,
		       l->bytes + total, p->len);
		total += p->len;
	}
	check(edu, pos == total && !memcmp(l->memory, l->image, MEMORY),
	      "%s: each of %u bytes is in its place", s->name, total);
}

static void check_shape(struct edu *edu, struct lists *l, struct bounce *b,
			const struct shape *s)
{
	unsigned int pos;
	bool good;
	int n;

	memset(l->memory, 0x5a, MEMORY);
	build(l, s);
	n = dma_map_sg(edu->dev, l->table[0], s->nr, DMA_BIDIRECTIONAL);
	good = n > 0 && n <= s->nr && (!s->segments || n == s->segments);
	check(edu, good, "%s: %u entries are %d segments", s->name, s->nr, n);
	if (n <= 0)
		return;
	check(edu, is_taken(edu, l, s, n), "%s: the device takes them",
	      s->name);
	fill(edu);
	memcpy(b->at, edu->want, ENGINE_MAX);
	pos = edu_dma(edu, b->addr, 0, ENGINE_MAX, false) ? 0 :
	      write_segments(edu, l, n);
	dma_unmap_sg(edu->dev, l->table[0], s->nr, DMA_BIDIRECTIONAL);
	check_bytes(edu, l, s, pos);
}

/* The same, by a device of the shape. */
static void check_limits(struct edu *edu, struct lists *l, struct bounce *b,
			 const struct shape *s)
{
	unsigned int max_seg = dma_get_max_seg_size(edu->dev);
	unsigned int min_align = dma_get_min_align_mask(edu->dev);
	u64 boundary = dma_get_seg_boundary(edu->dev);

	dma_set_max_seg_size(edu->dev, s->max_seg ?: max_seg);
	dma_set_seg_boundary(edu->dev, s->boundary ?: boundary);
	dma_set_min_align_mask(edu->dev, s->min_align);
	check_shape(edu, l, b, s);
	dma_set_max_seg_size(edu->dev, max_seg);
	dma_set_seg_boundary(edu->dev, boundary);
	dma_set_min_align_mask(edu->dev, min_align);
}

static void check_shapes(struct edu *edu, struct bounce *b,
			 const struct shape *s, unsigned int nr)
{
	struct lists *l = kzalloc(sizeof(*l), GFP_KERNEL);

	if (!l)
		return;
	l->memory = (void *)__get_free_pages(GFP_KERNEL, ORDER);
	l->image = kvmalloc(MEMORY, GFP_KERNEL);
	l->bytes = kvmalloc(MEMORY, GFP_KERNEL);
	if (check(edu, l->memory && l->image && l->bytes, "memory for lists"))
		for (; nr; nr--, s++)
			check_limits(edu, l, b, s);
	kvfree(l->bytes);
	kvfree(l->image);
	free_pages((unsigned long)l->memory, ORDER);
	kfree(l);
}

void plain_list(struct edu *edu, struct bounce *b)
{
	check_shapes(edu, b, &plain, 1);
}

static void group_of(struct edu *edu, const struct shape *s, unsigned int nr)
{
	struct bounce b;

	if (bounce_get(edu, &b))
		return;
	check_shapes(edu, &b, s, nr);
	bounce_put(edu, &b);
}

void group_lists(struct tap *tap)
{
	group_of(tap->subject, shapes, ARRAY_SIZE(shapes));
}

void group_layout(struct tap *tap)
{
	group_of(tap->subject, layouts, ARRAY_SIZE(layouts));
}
