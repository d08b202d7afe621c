/* SPDX-License-Identifier: GPL-2.0-only */
/* Declarations for the files of edu_test. */
#ifndef EDU_TEST_H
#define EDU_TEST_H

#include <linux/dma-mapping.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/seq_file.h>
#include <linux/types.h>

/* QEMU 7.2 takes the byte behind the last for a byte outside its 4096. */
#define EDU_MAX		4088

struct edu {
	struct pci_dev *pdev;
	struct device *dev;
	void __iomem *regs;
	struct dentry *dir;
	struct mutex lock;	/* one group at a time */

	struct seq_file *m;	/* of the running group */
	unsigned int nr;

	u8 *want;	/* random bytes */
	dma_addr_t held;
	void *held_at;
};

/* A coherent page for the bytes of all checks. */
struct bounce {
	dma_addr_t addr;
	u8 *at;
};

/* main.c */
__printf(3, 4) bool check(struct edu *edu, bool good, const char *fmt, ...);
int edu_dma(struct edu *edu, dma_addr_t addr, u32 off, u32 len, bool to_memory);
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
void group_dma(struct edu *edu);

/* lists.c */
void group_lists(struct edu *edu);
void group_layout(struct edu *edu);
void plain_list(struct edu *edu, struct bounce *b);

/* reach.c */
void group_faults(struct edu *edu);
void group_isolated(struct edu *edu);
void group_bound(struct edu *edu);
void group_taken_along(struct edu *edu);
void group_again(struct edu *edu);
void group_base(struct edu *edu);
void group_hold(struct edu *edu);

/* yields.c */
void group_yields(struct edu *edu);
void group_forgotten(struct edu *edu);

#endif /* EDU_TEST_H */
