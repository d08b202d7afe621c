/* SPDX-License-Identifier: GPL-2.0-only */
/* Declarations for the files of edu_test. */
#ifndef EDU_TEST_H
#define EDU_TEST_H

#include <linux/dma-mapping.h>
#include <linux/types.h>
#include "../engine.h"
#include "../tap.h"

struct edu {
	struct tap *tap;	/* the first: see tap_files() */
	struct device *dev;
	void __iomem *regs;
	struct dentry *dir;

	u8 *want;	/* random bytes */
	dma_addr_t held;
	void *held_at;
};

/* A coherent page for the bytes of all checks. */
struct bounce {
	dma_addr_t addr;
	u8 *at;
};

#define check(edu, good, ...) tap_ok((edu)->tap, good, __VA_ARGS__)

static inline int edu_dma(struct edu *edu, dma_addr_t addr, u32 off, u32 len,
			  bool to_memory)
{
	return engine_copy(edu->regs, addr, off, len, to_memory);
}

/* main.c */
void fill(struct edu *edu);
void reads(struct edu *edu, const char *name, dma_addr_t addr, u8 *at, u32 len,
	   dma_addr_t back, u8 *back_at);
void writes(struct edu *edu, const char *name, dma_addr_t addr, u8 *at, u32 len,
	    dma_addr_t back, u8 *back_at);
int bounce_get(struct edu *edu, struct bounce *b);
void bounce_put(struct edu *edu, struct bounce *b);
dma_addr_t map(struct edu *edu, u8 *at, size_t len,
	       enum dma_data_direction dir);
void unmap(struct edu *edu, dma_addr_t addr, size_t len,
	   enum dma_data_direction dir);

/* maps.c */
void group_dma(struct tap *tap);

/* lists.c */
void group_lists(struct tap *tap);
void group_layout(struct tap *tap);
void plain_list(struct edu *edu, struct bounce *b);

/* reach.c */
void group_faults(struct tap *tap);
void group_isolated(struct tap *tap);
void group_bound(struct tap *tap);
void group_taken_along(struct tap *tap);
void group_again(struct tap *tap);
void group_base(struct tap *tap);
void group_hold(struct tap *tap);

/* yields.c */
void group_yields(struct tap *tap);
void group_forgotten(struct tap *tap);

#endif /* EDU_TEST_H */
