/* SPDX-License-Identifier: GPL-2.0-only */
/* Declarations for the files of dma_test. */
#ifndef DMA_TEST_H
#define DMA_TEST_H

#include <linux/dma-mapping.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include "../engine.h"
#include "../tap.h"

struct dma_test {
	struct tap *tap;	/* the first: see tap_files() */
	struct device *dev;
	struct pci_dev *pdev;
	void __iomem *regs;
	struct dentry *dir;

	dma_addr_t bounce;	/* a coherent page for bytes on their way */
	u8 *bounce_at;
};

#define check(t, good, ...) tap_ok((t)->tap, good, __VA_ARGS__)

/* main.c */
bool arrives(struct dma_test *t, dma_addr_t addr, u8 *at);

/* pool.c: blocks of pages, for lists of any length */
struct pool {
	unsigned int order, nr;
	struct page *block[];
};

struct pool *pool_get(unsigned int order, unsigned int nr);
void pool_put(struct pool *pool);
int pool_list(struct pool *pool, struct sg_table *table, u64 bytes);
u64 list_bytes(const struct sg_table *table);

/* sizes.c */
void group_nothing(struct tap *tap);
void group_promises(struct tap *tap);
void group_large(struct tap *tap);
void group_refused(struct tap *tap);

/* alloc.c */
void group_coherent(struct tap *tap);
void group_noncontiguous(struct tap *tap);

/* masks.c */
void group_masks(struct tap *tap);
void group_narrow(struct tap *tap);

/* irqs.c */
void group_irqs(struct tap *tap);

#endif /* DMA_TEST_H */
