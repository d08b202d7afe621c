// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver of QEMU's `edu` device, which is a PCI device like any other for
 * the DMA API: the device does no DMA here. Files in debugfs run the
 * measurements.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include "bench.h"

unsigned int bench_pairs = 8192;
module_param_named(pairs, bench_pairs, uint, 0444);
MODULE_PARM_DESC(pairs, "pairs of one page in a measurement");

static const struct bench_work works[] = {
	{ "hot-1", bench_pair, 1, 64 },
	{ "hot-16", bench_pair, 16, 64 },
	{ "hot-64", bench_pair, 64, 64 },
	{ "apart-1", bench_apart, 1, 64 },
	{ "apart-16", bench_apart, 16, 64 },
	{ "apart-64", bench_apart, 64, 64 },
	{ "fresh-1", bench_pair, 1, 4096 },
	{ "fresh-16", bench_pair, 16, 1024 },
	{ "fresh-64", bench_pair, 64, 320 },
	{ "ring-1", bench_ring, 1, 512 },
	{ "ring-16", bench_ring, 16, 512 },
	{ "ring-64", bench_ring, 64, 320 },
	{ "sg-1", bench_sg, 1 },
	{ "sg-8", bench_sg, 8 },
	{ "sg-64", bench_sg, 64 },
	{ "sg-256", bench_sg, 256 },
	{ "ops-0", bench_ops, 0 },
	{ "ops-1", bench_ops, 1 },
	{ "ops-2", bench_ops, 2 },
	{ "ops-4", bench_ops, 4 },
	{ "ops-8", bench_ops, 8 },
	{ "ops-16", bench_ops, 16 },
	{ "ops-32", bench_ops, 32 },
	{ "ops-64", bench_ops, 64 },
	{ "ops-128", bench_ops, 128 },
	{ "threads-1", bench_threads, 1, 1024 },
	{ "threads-2", bench_threads, 2, 1024 },
	{ "locks-1", bench_thread_locks, 1, 1024 },
	{ "locks-2", bench_thread_locks, 2, 1024 },
};

/* A single device, or the names would be ambiguous. */
static struct bench *bench;
static struct dentry *dir;
static DEFINE_MUTEX(one_at_a_time);

/* Page 0 of COUNT buffers of SIZE pages each, side by side in the blocks. */
void bench_buffers(struct bench *b, unsigned int size, unsigned int count)
{
	unsigned int i, at;

	for (i = 0, at = 0; i < count; i++, at += size)
		b->page[i] = b->block[at / BLOCK_PAGES] + at % BLOCK_PAGES;
}

/* Every other page: no two are neighbours. */
struct page *bench_scattered(struct bench *b, unsigned int i)
{
	unsigned int at = i * 2;

	return b->block[at / BLOCK_PAGES] + at % BLOCK_PAGES;
}

/*
 * A mark in QEMU's trace of configuration accesses, to count the trace between
 * two marks: the serial number of the run, and 0 behind the run.
 */
static int mark_set(void *data, u64 serial)
{
	struct bench *b = data;

	return pci_write_config_byte(to_pci_dev(b->dev), PCI_INTERRUPT_LINE,
				     serial);
}

/* For other measurements. */
DEFINE_DEBUGFS_ATTRIBUTE(mark_fops, NULL, mark_set, "%llu\n");

void bench_mark(struct bench *b, bool on)
{
	mark_set(b, on ? b->serial : 0);
}

static int work_show(struct seq_file *m, void *v)
{
	const struct bench_work *w = m->private;

	mutex_lock(&one_at_a_time);
	bench->failed = 0;
	bench->serial = bench->serial % 255 + 1;
	w->run(bench, w, m);
	seq_printf(m, "serial %u\nfailed %u\n", bench->serial, bench->failed);
	mutex_unlock(&one_at_a_time);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(work);

static void blocks_put(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < BLOCKS && b->block[i]; i++)
		__free_pages(b->block[i], BLOCK_ORDER);
}

static int blocks_get(struct bench *b)
{
	unsigned int i;

	for (i = 0; i < BLOCKS; i++) {
		/* Compound, as drivers' blocks are: they can be held. */
		b->block[i] = alloc_pages(GFP_KERNEL | __GFP_COMP, BLOCK_ORDER);
		if (!b->block[i]) {
			blocks_put(b);
			return -ENOMEM;
		}
	}
	return 0;
}

static int bench_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct bench *b;
	unsigned int i;
	int rc;

	if (bench)
		return -EBUSY;
	b = devm_kzalloc(&pdev->dev, sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	b->dev = &pdev->dev;
	b->page = devm_kcalloc(b->dev, PAGES, sizeof(*b->page), GFP_KERNEL);
	b->addr = devm_kcalloc(b->dev, PAGES, sizeof(*b->addr), GFP_KERNEL);
	if (!b->page || !b->addr)
		return -ENOMEM;
	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;
	rc = dma_set_mask_and_coherent(b->dev, DMA_BIT_MASK(64));
	if (rc)
		return rc;
	rc = blocks_get(b);
	if (rc)
		return rc;

	bench = b;
	dir = debugfs_create_dir("dma_bench", NULL);
	for (i = 0; i < ARRAY_SIZE(works); i++)
		debugfs_create_file(works[i].name, 0400, dir,
				    (void *)&works[i], &work_fops);
	debugfs_create_file("mark", 0200, dir, b, &mark_fops);
	return 0;
}

static void bench_remove(struct pci_dev *pdev)
{
	debugfs_remove_recursive(dir);
	bench_locks_exit();
	blocks_put(bench);
	bench = NULL;
}

static const struct pci_device_id bench_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};

static struct pci_driver bench_driver = {
	.name = "dma_bench",
	.id_table = bench_ids,
	.probe = bench_probe,
	.remove = bench_remove,
};
module_pci_driver(bench_driver);

MODULE_DESCRIPTION("the price of DMA mapping");
MODULE_LICENSE("GPL");
