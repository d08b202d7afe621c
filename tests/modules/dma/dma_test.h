/* SPDX-License-Identifier: GPL-2.0-only */
/* Declarations for the files of dma_test. */
#ifndef DMA_TEST_H
#define DMA_TEST_H

#include <linux/dma-mapping.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/types.h>

struct dma_test {
	struct device *dev;
	struct pci_dev *pdev;
	void __iomem *regs;
	struct dentry *dir;
	struct mutex lock;	/* one group at a time */

	struct seq_file *m;	/* of the running group */
	unsigned int nr;

	dma_addr_t bounce;	/* a coherent page for bytes on their way */
	u8 *bounce_at;
};

/* main.c */
__printf(3, 4) bool check(struct dma_test *t, bool good, const char *fmt, ...);
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
void group_nothing(struct dma_test *t);
void group_promises(struct dma_test *t);
void group_large(struct dma_test *t);
void group_refused(struct dma_test *t);

/* alloc.c */
void group_coherent(struct dma_test *t);
void group_noncontiguous(struct dma_test *t);

/* masks.c */
void group_masks(struct dma_test *t);
void group_narrow(struct dma_test *t);

/* irqs.c */
void group_irqs(struct dma_test *t);

#endif /* DMA_TEST_H */
