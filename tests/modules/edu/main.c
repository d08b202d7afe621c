// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_test: a driver for QEMU's `edu` device (1234:11e8, docs/specs/edu in
 * QEMU), a DMA engine that copies between its own 4 KiB and any bus address.
 * The device shows the real reach: the right bytes through a map, nothing without a
 * map. Each file in debugfs runs a group of checks and gives TAP.
 *
 *	dma		every kind of mapping, both directions
 *	lists		scatterlists of every shape
 *	layout		what segments they become (not in static)
 *	faults		after unmap, and against a read-only map (strict mode)
 *	isolated	machine addresses reach nothing (isolate is 1)
 *	base		machine addresses reach memory (isolate is 0)
 *	hold		an allocation that stays, until the file is read again
 *	bound		what waits or idles is reachable, but not for long
 *	taken_along	until an unmap that can't wait
 *	again		an idle mapping is taken again for the same memory
 *	yields		pages that become page tables, or a guest's
 *	forgotten	a mapping that an earlier driver made: bind anew between two reads
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/random.h>
#include "edu.h"

#define EDU_SRC		0x80
#define EDU_DST		0x88
#define EDU_COUNT	0x90
#define EDU_CMD		0x98
#define EDU_CMD_START	1
#define EDU_CMD_WRITE	2	/* from the device to memory */
#define EDU_BUFFER	0x40000
#define ANSWER_SIZE	(64 << 10)

static unsigned int mask_bits = 64;
module_param(mask_bits, uint, 0444);
MODULE_PARM_DESC(mask_bits, "address bits of the device, 28 to 64");

bool check(struct edu *edu, bool good, const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	seq_printf(edu->m, "%sok %u - %pV\n", good ? "" : "not ", ++edu->nr,
		   &vaf);
	va_end(args);
	return good;
}

/* One DMA of LEN bytes at offset OFF of the device's buffer; 0 or -ETIMEDOUT. */
int edu_dma(struct edu *edu, dma_addr_t addr, u32 off, u32 len,
	    bool to_memory)
{
	u64 inside = EDU_BUFFER + off;
	unsigned int tries = 1000;

	writeq(to_memory ? inside : addr, edu->regs + EDU_SRC);
	writeq(to_memory ? addr : inside, edu->regs + EDU_DST);
	writeq(len, edu->regs + EDU_COUNT);
	writeq(EDU_CMD_START | (to_memory ? EDU_CMD_WRITE : 0),
	       edu->regs + EDU_CMD);
	/* The device takes its 100 ms of virtual time. */
	while (readq(edu->regs + EDU_CMD) & EDU_CMD_START) {
		if (!tries--)
			return -ETIMEDOUT;
		msleep(20);
	}
	return 0;
}

void fill(struct edu *edu)
{
	get_random_bytes(edu->want, EDU_MAX);
}

/*
 * The device reads LEN bytes at ADDR, which is AT for the CPU, and writes them
 * to BACK, a map known to be good.
 */
void reads(struct edu *edu, const char *name, dma_addr_t addr, u8 *at,
	   u32 len, dma_addr_t back, u8 *back_at)
{
	bool good;

	memset(back_at, 0, len);
	good = !edu_dma(edu, addr, 0, len, false) &&
	       !edu_dma(edu, back, 0, len, true) && !memcmp(back_at, at, len);
	check(edu, good, "%s: the device reads %u bytes at %pad", name, len,
	      &addr);
}

/* Fresh random bytes go through BACK into the device, and from there to ADDR. */
void writes(struct edu *edu, const char *name, dma_addr_t addr, u8 *at,
	    u32 len, dma_addr_t back, u8 *back_at)
{
	bool good;

	fill(edu);
	memcpy(back_at, edu->want, len);
	good = !edu_dma(edu, back, 0, len, false) &&
	       !edu_dma(edu, addr, 0, len, true) && !memcmp(at, edu->want, len);
	check(edu, good, "%s: the device writes %u bytes at %pad", name, len,
	      &addr);
}

int bounce_get(struct edu *edu, struct bounce *b)
{
	b->at = dma_alloc_coherent(edu->dev, PAGE_SIZE, &b->addr, GFP_KERNEL);
	check(edu, b->at, "a coherent page");
	return b->at ? 0 : -ENOMEM;
}

void bounce_put(struct edu *edu, struct bounce *b)
{
	dma_free_coherent(edu->dev, PAGE_SIZE, b->at, b->addr);
}

/*
 * A page may be mapped several times at once here. DMA_API_DEBUG reports that as
 * a mistake, unless the CPU's caches are no part of the map.
 */
dma_addr_t map(struct edu *edu, u8 *at, size_t len,
	       enum dma_data_direction dir)
{
	dma_addr_t addr = dma_map_single_attrs(edu->dev, at, len, dir,
					       DMA_ATTR_SKIP_CPU_SYNC);

	if (dma_mapping_error(edu->dev, addr))
		check(edu, false, "a map of %zu bytes", len);

	return addr;
}

void unmap(struct edu *edu, dma_addr_t addr, size_t len,
	   enum dma_data_direction dir)
{
	dma_unmap_single_attrs(edu->dev, addr, len, dir,
			       DMA_ATTR_SKIP_CPU_SYNC);
}

#define GROUP(name)							\
static int name##_show(struct seq_file *m, void *v)			\
{									\
	struct edu *edu = m->private;					\
									\
	mutex_lock(&edu->lock);						\
	edu->m = m;							\
	edu->nr = 0;							\
	group_##name(edu);						\
	seq_printf(m, "1..%u\n", edu->nr);				\
	mutex_unlock(&edu->lock);					\
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

GROUP(dma);
GROUP(lists);
GROUP(layout);
GROUP(faults);
GROUP(isolated);
GROUP(base);
GROUP(hold);
GROUP(bound);
GROUP(taken_along);
GROUP(again);
GROUP(yields);
GROUP(forgotten);

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct edu *edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	int rc;

	if (!edu)
		return -ENOMEM;
	edu->pdev = pdev;
	edu->dev = &pdev->dev;
	mutex_init(&edu->lock);
	edu->want = devm_kzalloc(edu->dev, PAGE_SIZE, GFP_KERNEL);
	if (!edu->want)
		return -ENOMEM;
	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;
	rc = pcim_iomap_regions(pdev, BIT(0), "edu_test");
	if (rc)
		return rc;
	edu->regs = pcim_iomap_table(pdev)[0];
	/* swiotlb keeps an address's place in its page on request. */
	dma_set_min_align_mask(edu->dev, PAGE_SIZE - 1);
	rc = dma_set_mask_and_coherent(edu->dev, DMA_BIT_MASK(mask_bits));
	if (rc)
		return rc;
	pci_set_master(pdev);
	pci_set_drvdata(pdev, edu);

	edu->dir = debugfs_create_dir("edu_test", NULL);
	debugfs_create_file("dma", 0400, edu->dir, edu, &dma_fops);
	debugfs_create_file("lists", 0400, edu->dir, edu, &lists_fops);
	debugfs_create_file("layout", 0400, edu->dir, edu, &layout_fops);
	debugfs_create_file("faults", 0400, edu->dir, edu, &faults_fops);
	debugfs_create_file("isolated", 0400, edu->dir, edu, &isolated_fops);
	debugfs_create_file("base", 0400, edu->dir, edu, &base_fops);
	debugfs_create_file("hold", 0400, edu->dir, edu, &hold_fops);
	debugfs_create_file("bound", 0400, edu->dir, edu, &bound_fops);
	debugfs_create_file("taken_along", 0400, edu->dir, edu,
			    &taken_along_fops);
	debugfs_create_file("again", 0400, edu->dir, edu, &again_fops);
	debugfs_create_file("yields", 0400, edu->dir, edu, &yields_fops);
	debugfs_create_file("forgotten", 0400, edu->dir, edu, &forgotten_fops);
	return 0;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	debugfs_remove_recursive(edu->dir);
	if (edu->held_at)
		dma_free_coherent(edu->dev, PAGE_SIZE, edu->held_at, edu->held);
	pci_clear_master(pdev);
}

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(0x1234, 0x11e8) },
	{ }
};

static struct pci_driver edu_driver = {
	.name = "edu_test",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};
module_pci_driver(edu_driver);

MODULE_DESCRIPTION("DMA by hand with QEMU's edu device");
MODULE_LICENSE("GPL");
