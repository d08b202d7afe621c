// SPDX-License-Identifier: GPL-2.0-only
/*
 * late_test: a driver for QEMU's `edu` device (1234:11e8) that unmaps after its unbind,
 * or never. Parameters, written while the device is bound:
 *
 *	pool	that many pages of a page_pool are in flight when the driver goes,
 *		as a network driver's are in a socket's queue
 *	keep	1: a mapping of each kind is kept when the driver goes
 *	leak	that many pages are mapped, and freed without an unmap
 *
 * and at any time:
 *
 *	fail	1: probe keeps a mapping of each kind, and fails
 *	finish	1: pages in flight come back, what is kept is taken down
 */
#include <linux/dma-mapping.h>
#include <linux/gfp.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include PAGE_POOL_HEADER
#include "engine.h"
#include "order.h"

#define MAX_IN_FLIGHT	256
#define LIST_ENTRIES	8

/* Of a size with one block of memory, and of a scattered size. */
static const size_t coherent_sizes[] = { SZ_4K, SZ_8M };

static DEFINE_MUTEX(lock);	/* of all below */
static struct device *bound;
static bool fail;

static struct page_pool *pool;
static struct page *in_flight[MAX_IN_FLIGHT];

static struct {
	struct device *dev;	/* referenced, while anything is kept */
	void *coherent[ARRAY_SIZE(coherent_sizes)];
	dma_addr_t coherent_at[ARRAY_SIZE(coherent_sizes)];
	struct page *page;
	dma_addr_t page_at;
	struct page *block;
	struct sg_table list;
} kept;

static void give_back(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(coherent_sizes); i++)
		if (kept.coherent[i])
			dma_free_coherent(kept.dev, coherent_sizes[i],
					  kept.coherent[i],
					  kept.coherent_at[i]);
	if (kept.page_at != DMA_MAPPING_ERROR)
		dma_unmap_page(kept.dev, kept.page_at, PAGE_SIZE,
			       DMA_FROM_DEVICE);
	if (kept.list.nents)
		dma_unmap_sgtable(kept.dev, &kept.list, DMA_FROM_DEVICE, 0);
	sg_free_table(&kept.list);
	if (kept.page)
		__free_page(kept.page);
	if (kept.block)
		__free_pages(kept.block, get_order(SZ_64K));
	put_device(kept.dev);
	memset(&kept, 0, sizeof(kept));
}

/* Every second page of a block: no two of them are neighbours. */
static int keep_list(void)
{
	struct scatterlist *sg;
	int err, i;

	kept.block = alloc_pages(GFP_KERNEL | __GFP_COMP, get_order(SZ_64K));
	if (!kept.block)
		return -ENOMEM;
	err = sg_alloc_table(&kept.list, LIST_ENTRIES, GFP_KERNEL);
	if (err)
		return err;
	for_each_sg(kept.list.sgl, sg, LIST_ENTRIES, i)
		sg_set_page(sg, kept.block + 2 * i, PAGE_SIZE, 0);
	kept.list.nents = 0;

	return dma_map_sgtable(kept.dev, &kept.list, DMA_FROM_DEVICE, 0);
}

static int keep_all(struct device *dev)
{
	size_t i;

	kept.dev = get_device(dev);
	kept.page_at = DMA_MAPPING_ERROR;
	for (i = 0; i < ARRAY_SIZE(coherent_sizes); i++)
		kept.coherent[i] = dma_alloc_coherent(dev, coherent_sizes[i],
						      &kept.coherent_at[i],
						      GFP_KERNEL | __GFP_NOWARN);
	/* xen-swiotlb does not have the large mapping. */
	if (!kept.coherent[0])
		return -ENOMEM;
	kept.page = alloc_page(GFP_KERNEL);
	if (!kept.page)
		return -ENOMEM;
	kept.page_at = dma_map_page(dev, kept.page, 0, PAGE_SIZE,
				    DMA_FROM_DEVICE);
	if (dma_mapping_error(dev, kept.page_at))
		return -ENOMEM;

	return keep_list();
}

static int keep_order(const char *word, const struct kernel_param *kp)
{
	int err = -ENODEV;

	mutex_lock(&lock);
	if (bound && !kept.dev)
		err = keep_all(bound);
	if (err && kept.dev)
		give_back();
	mutex_unlock(&lock);

	return err;
}

static int take_pages(unsigned int nr)
{
	struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP,
		.pool_size = MAX_IN_FLIGHT,
		.nid = NUMA_NO_NODE,
		.dev = bound,
		.dma_dir = DMA_FROM_DEVICE,
	};
	unsigned int i;

	pool = page_pool_create(&params);
	if (IS_ERR(pool)) {
		pool = NULL;
		return -ENOMEM;
	}
	for (i = 0; i < nr; i++) {
		in_flight[i] = page_pool_alloc_pages(pool, GFP_KERNEL);
		if (!in_flight[i])
			return -ENOMEM;
	}

	return 0;
}

static int pool_order(const char *word, const struct kernel_param *kp)
{
	unsigned int nr;
	int err = kstrtouint(word, 0, &nr);

	if (err)
		return err;
	mutex_lock(&lock);
	if (!bound || pool || nr > MAX_IN_FLIGHT)
		err = -EINVAL;
	else
		err = take_pages(nr);
	mutex_unlock(&lock);

	return err;
}

/* The sockets are read: the network stack gives the pages back. */
static void return_pages(void)
{
	unsigned int i;

	local_bh_disable();
	for (i = 0; i < MAX_IN_FLIGHT && in_flight[i]; i++)
		page_pool_put_full_page(pool, in_flight[i], false);
	local_bh_enable();
	memset(in_flight, 0, sizeof(in_flight));
	pool = NULL;
}

static int leak_order(const char *word, const struct kernel_param *kp)
{
	struct page **pages;
	unsigned int nr, i;
	int err = kstrtouint(word, 0, &nr);

	if (err)
		return err;
	pages = kvcalloc(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	mutex_lock(&lock);
	for (i = 0; i < nr && bound && !err; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		if (!pages[i])
			break;
		err = dma_mapping_error(bound,
					dma_map_page(bound, pages[i], 0,
						     PAGE_SIZE,
						     DMA_FROM_DEVICE));
	}
	mutex_unlock(&lock);
	err = i < nr ? -ENOMEM : err;
	while (i--)
		if (pages[i])
			__free_page(pages[i]);
	kvfree(pages);

	return err;
}

static int finish_order(const char *word, const struct kernel_param *kp)
{
	mutex_lock(&lock);
	if (pool)
		return_pages();
	if (kept.dev)
		give_back();
	mutex_unlock(&lock);

	return 0;
}

ORDER(pool);
MODULE_PARM_DESC(pool, "pages of a page_pool in flight when the driver goes");
ORDER(keep);
MODULE_PARM_DESC(keep, "keep a mapping of each kind when the driver goes");
ORDER(leak);
MODULE_PARM_DESC(leak, "pages mapped, and freed without an unmap");
ORDER(finish);
MODULE_PARM_DESC(finish, "unmap all remaining mappings, now");
module_param(fail, bool, 0600);
MODULE_PARM_DESC(fail, "probe keeps a mapping of each kind, and fails");

static int late_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int err = pcim_enable_device(pdev);

	if (!err)
		err = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (err)
		return err;
	pci_set_master(pdev);
	mutex_lock(&lock);
	if (fail) {
		err = kept.dev ? -EBUSY : keep_all(&pdev->dev);
		if (!err)
			err = -EIO;
	} else {
		bound = &pdev->dev;
	}
	mutex_unlock(&lock);

	return err;
}

static void late_remove(struct pci_dev *pdev)
{
	mutex_lock(&lock);
	bound = NULL;
	if (pool)
		page_pool_destroy(pool);
	mutex_unlock(&lock);
	pci_clear_master(pdev);
}

ENGINE_DRIVER(late_test, late_probe, late_remove);

MODULE_DESCRIPTION("Tests of xen_pviommu: mappings that outlive their driver");
MODULE_LICENSE("GPL");
