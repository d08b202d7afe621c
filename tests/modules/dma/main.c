// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma_test: drivers' calls of the DMA API, beyond buffers and lists of the usual
 * kind. The module drives QEMU's `edu` device (1234:11e8), which can show the target of
 * a bus address. Each file in debugfs runs a group of checks and gives TAP.
 *
 *	nothing		lengths of 0
 *	promises	max_mapping_size and its like, and what they promise
 *	large		lists of 600 MiB and 2 GiB
 *	refused		long runs of which Xen refuses the last page (isolated)
 *	coherent	coherent memory of up to 256 MiB
 *	noncontiguous	and memory that need not be contiguous
 *	masks		2000 MiB at a time, for devices of 36 to 64 bits
 *	narrow		all that devices of 32 bits can have (isolated)
 *	irqs		for how long interrupts are off (the instruction clock)
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/module.h>
#include <linux/random.h>
#include "dma_test.h"

#define EDU_SRC		0x80
#define EDU_DST		0x88
#define EDU_COUNT	0x90
#define EDU_CMD		0x98
#define EDU_CMD_START	1
#define EDU_CMD_WRITE	2	/* from the device to memory */
#define EDU_BUFFER	0x40000
#define DMA_BYTES	512
#define ANSWER_SIZE	(64 << 10)

bool check(struct dma_test *t, bool good, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	seq_printf(t->m, "%sok %u - %pV\n", good ? "" : "not ", ++t->nr, &vaf);
	va_end(args);

	return good;
}

static bool edu_dma(struct dma_test *t, u64 from, u64 to, u32 command)
{
	unsigned int tries = 1000;

	writeq(from, t->regs + EDU_SRC);
	writeq(to, t->regs + EDU_DST);
	writeq(DMA_BYTES, t->regs + EDU_COUNT);
	writeq(EDU_CMD_START | command, t->regs + EDU_CMD);
	/* The device takes its 100 ms of virtual time. */
	while (readq(t->regs + EDU_CMD) & EDU_CMD_START) {
		if (!tries--)
			return false;
		msleep(20);
	}

	return true;
}

/* Does the device write to AT when it writes to ADDR? */
bool arrives(struct dma_test *t, dma_addr_t addr, u8 *at)
{
	get_random_bytes(t->bounce_at, DMA_BYTES);
	memset(at, 0x5a, DMA_BYTES);

	return edu_dma(t, t->bounce, EDU_BUFFER, 0) &&
	       edu_dma(t, EDU_BUFFER, addr, EDU_CMD_WRITE) &&
	       !memcmp(at, t->bounce_at, DMA_BYTES);
}

#define GROUP(name)							\
static int name##_show(struct seq_file *m, void *v)			\
{									\
	struct dma_test *t = m->private;				\
									\
	mutex_lock(&t->lock);						\
	t->m = m;							\
	t->nr = 0;							\
	group_##name(t);						\
	seq_printf(m, "1..%u\n", t->nr);				\
	mutex_unlock(&t->lock);						\
	return 0;							\
}									\
									\
static int name##_open(struct inode *inode, struct file *file)		\
{									\
	return single_open_size(file, name##_show, inode->i_private,	\
				ANSWER_SIZE);				\
}									\
									\
static const struct file_operations name##_fops = {			\
	.owner = THIS_MODULE,						\
	.open = name##_open,						\
	.read = seq_read,						\
	.llseek = seq_lseek,						\
	.release = single_release,					\
}

GROUP(nothing);
GROUP(promises);
GROUP(large);
GROUP(refused);
GROUP(coherent);
GROUP(noncontiguous);
GROUP(masks);
GROUP(narrow);
GROUP(irqs);

static void make_files(struct dma_test *t)
{
	t->dir = debugfs_create_dir("dma_test", NULL);
	debugfs_create_file("nothing", 0400, t->dir, t, &nothing_fops);
	debugfs_create_file("promises", 0400, t->dir, t, &promises_fops);
	debugfs_create_file("large", 0400, t->dir, t, &large_fops);
	debugfs_create_file("refused", 0400, t->dir, t, &refused_fops);
	debugfs_create_file("coherent", 0400, t->dir, t, &coherent_fops);
	debugfs_create_file("noncontiguous", 0400, t->dir, t,
			    &noncontiguous_fops);
	debugfs_create_file("masks", 0400, t->dir, t, &masks_fops);
	debugfs_create_file("narrow", 0400, t->dir, t, &narrow_fops);
	debugfs_create_file("irqs", 0400, t->dir, t, &irqs_fops);
}

static int dma_test_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct dma_test *t = devm_kzalloc(&pdev->dev, sizeof(*t), GFP_KERNEL);
	int rc;

	if (!t)
		return -ENOMEM;
	t->pdev = pdev;
	t->dev = &pdev->dev;
	mutex_init(&t->lock);
	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;
	rc = pcim_iomap_regions(pdev, BIT(0), "dma_test");
	if (rc)
		return rc;
	t->regs = pcim_iomap_table(pdev)[0];
	rc = dma_set_mask_and_coherent(t->dev, DMA_BIT_MASK(64));
	if (rc)
		return rc;
	dma_set_max_seg_size(t->dev, UINT_MAX);
	pci_set_master(pdev);
	t->bounce_at = dmam_alloc_coherent(t->dev, PAGE_SIZE, &t->bounce,
					   GFP_KERNEL);
	if (!t->bounce_at)
		return -ENOMEM;
	pci_set_drvdata(pdev, t);
	make_files(t);

	return 0;
}

static void dma_test_remove(struct pci_dev *pdev)
{
	struct dma_test *t = pci_get_drvdata(pdev);

	debugfs_remove_recursive(t->dir);
	pci_clear_master(pdev);
}

static const struct pci_device_id dma_test_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};

static struct pci_driver dma_test_driver = {
	.name = "dma_test",
	.id_table = dma_test_ids,
	.probe = dma_test_probe,
	.remove = dma_test_remove,
};
module_pci_driver(dma_test_driver);

MODULE_DESCRIPTION("Drivers' calls of the DMA API");
MODULE_LICENSE("GPL");
