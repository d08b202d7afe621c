// SPDX-License-Identifier: GPL-2.0-only
/* Memory from the DMA API, in all of its views. */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include "dma_test.h"

/* The memory that a process maps: one or the other. */
struct view {
	struct device *dev;
	void *at;
	dma_addr_t addr;
	struct sg_table *table;
	size_t size;
};

static int view_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct view *v = file->private_data;

	if (v->table)
		return dma_mmap_noncontiguous(v->dev, vma, v->size, v->table);

	return dma_mmap_coherent(v->dev, vma, v->at, v->addr, v->size);
}

static const struct file_operations view_fops = {
	.owner = THIS_MODULE,
	.mmap = view_mmap,
};

/* Each page tells its number. */
static void number(u8 *at, size_t size)
{
	size_t off;

	for (off = 0; off < size; off += PAGE_SIZE)
		*(u32 *)(at + off) = off >> PAGE_SHIFT;
}

static bool is_numbered(unsigned long user, size_t size, unsigned int first)
{
	unsigned int page;
	u32 word;

	for (page = 0; page < size >> PAGE_SHIFT; page++)
		if (get_user(word, (u32 __user *)(user + PFN_PHYS(page))) ||
		    word != first + page)
			return false;

	return true;
}

/* The process that reads the file sees the pages, all and from any page on. */
static void check_mmap(struct dma_test *t, struct view *v, const char *what)
{
	struct file *file = anon_inode_getfile("[dma_test]", &view_fops, v,
					       O_RDWR);
	unsigned int first = v->size > PAGE_SIZE;
	unsigned long user, size;

	if (!check(t, !IS_ERR(file), "%s: a file", what))
		return;
	size = v->size - PFN_PHYS(first);
	user = vm_mmap(file, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED,
		       PFN_PHYS(first));
	check(t, !IS_ERR_VALUE(user) && is_numbered(user, size, first),
	      "%s: a process maps it, all but %u pages", what, first);
	if (!IS_ERR_VALUE(user))
		vm_munmap(user, size);
	user = vm_mmap(file, 0, v->size, PROT_READ, MAP_SHARED, PAGE_SIZE);
	check(t, IS_ERR_VALUE(user), "%s: and no more than there is", what);
	if (!IS_ERR_VALUE(user))
		vm_munmap(user, v->size);
	fput(file);
}

/* A table of the same pages. */
static void check_table(struct dma_test *t, struct view *v, const char *what)
{
	unsigned int page = 0;
	struct sg_table table;
	struct scatterlist *sg;
	bool good = true;
	int err, i;

	err = dma_get_sgtable(t->dev, &table, v->at, v->addr, v->size);
	if (!check(t, !err, "%s: a table", what))
		return;
	for_each_sg(table.sgl, sg, table.orig_nents, i) {
		good = good && *(u32 *)sg_virt(sg) == page;
		page += sg->length >> PAGE_SHIFT;
	}
	check(t, good && page == v->size >> PAGE_SHIFT,
	      "%s: of its %u pages, in %u entries", what, page,
	      table.orig_nents);
	sg_free_table(&table);
}

static void one_coherent(struct dma_test *t, size_t size)
{
	struct view v = { .dev = t->dev, .size = PAGE_ALIGN(size) };
	char what[40];

	snprintf(what, sizeof(what), "%zu coherent bytes", size);
	v.at = dma_alloc_coherent(t->dev, size, &v.addr, GFP_KERNEL);
	if (!check(t, v.at, "%s", what))
		return;
	check(t, !(v.addr & (roundup_pow_of_two(v.size) - 1)),
	      "%s: %pad is aligned to them", what, &v.addr);
	check(t, !memchr_inv(v.at, 0, size), "%s: are 0", what);
	if (size >= SZ_1K)
		check(t, arrives(t, v.addr + size - SZ_1K, v.at + size - SZ_1K),
		      "%s: the device reaches their end", what);
	number(v.at, v.size);
	check_table(t, &v, what);
	check_mmap(t, &v, what);
	dma_free_coherent(t->dev, size, v.at, v.addr);
}

void group_coherent(struct tap *tap)
{
	struct dma_test *t = tap->subject;
	dma_addr_t addr;
	void *at;

	one_coherent(t, 1);
	one_coherent(t, 5000);
	one_coherent(t, SZ_4M);
	one_coherent(t, SZ_8M);
	one_coherent(t, SZ_64M - SZ_4K);
	one_coherent(t, SZ_256M);
	/* In atomic context: a block, or nothing. */
	at = dma_alloc_coherent(t->dev, SZ_8K, &addr, GFP_ATOMIC);
	check(t, at, "coherent memory without sleep");
	if (at)
		dma_free_coherent(t->dev, SZ_8K, at, addr);
	at = dma_alloc_coherent(t->dev, SZ_2G, &addr, GFP_KERNEL | __GFP_NOWARN);
	check(t, !at, "more than there is memory");
	if (at)
		dma_free_coherent(t->dev, SZ_2G, at, addr);
}

static void one_noncontiguous(struct dma_test *t, size_t size,
			      unsigned long attrs)
{
	struct view v = { .dev = t->dev, .size = PAGE_ALIGN(size) };
	char what[40];
	bool whole;
	u8 *at;

	snprintf(what, sizeof(what), "%zu bytes, attributes %#lx", size, attrs);
	v.table = dma_alloc_noncontiguous(t->dev, size, DMA_BIDIRECTIONAL,
					  GFP_KERNEL, attrs);
	if (!check(t, v.table, "%s", what))
		return;
	whole = v.table->nents == 1 && sg_dma_len(v.table->sgl) == v.size;
	check(t, whole, "%s: one segment", what);
	at = dma_vmap_noncontiguous(t->dev, size, v.table);
	if (check(t, at, "%s: the kernel maps them", what)) {
		bool good = arrives(t, sg_dma_address(v.table->sgl) + v.size -
				    SZ_1K, at + v.size - SZ_1K);

		check(t, good, "%s: the device reaches their end", what);
		number(at, v.size);
		check_mmap(t, &v, what);
		dma_vunmap_noncontiguous(t->dev, at);
	}
	dma_free_noncontiguous(t->dev, size, v.table, DMA_BIDIRECTIONAL);
}

void group_noncontiguous(struct tap *tap)
{
	struct dma_test *t = tap->subject;

	one_noncontiguous(t, 5000, 0);
	one_noncontiguous(t, SZ_8M, 0);
	one_noncontiguous(t, SZ_8M, DMA_ATTR_ALLOC_SINGLE_PAGES);
	one_noncontiguous(t, SZ_64M + SZ_4K, 0);
	one_noncontiguous(t, SZ_256M, 0);
}
