// SPDX-License-Identifier: GPL-2.0-only
/*
 * edu_test: a driver for QEMU's `edu` device (1234:11e8, docs/specs/edu in
 * QEMU), a DMA engine that copies between its own 4 KiB and any bus address.
 * It shows what a device really reaches: the right bytes through a map, nothing
 * without one. Each file in debugfs runs a group of checks and gives TAP.
 *
 *	dma		every kind of mapping, both directions
 *	faults		after unmap, and against a read-only map (strict mode)
 *	isolated	machine addresses reach nothing (isolate is 1)
 *	base		machine addresses reach memory (isolate is 0)
 *	hold		an allocation that stays, until the file is read again
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <asm/xen/page.h>
#include <xen/xen.h>

#define EDU_SRC		0x80
#define EDU_DST		0x88
#define EDU_COUNT	0x90
#define EDU_CMD		0x98
#define EDU_CMD_START	1
#define EDU_CMD_WRITE	2	/* from the device to memory */
#define EDU_BUFFER	0x40000
/* QEMU 7.2 takes the byte behind the last for one outside its 4096. */
#define EDU_MAX		4088

#define ANSWER_SIZE	(64 << 10)

static unsigned int mask_bits = 64;
module_param(mask_bits, uint, 0444);
MODULE_PARM_DESC(mask_bits, "address bits of the device, 28 to 64");

struct edu {
	struct pci_dev *pdev;
	struct device *dev;
	void __iomem *regs;
	struct dentry *dir;
	struct mutex lock;	/* one group at a time */

	struct seq_file *m;	/* of the group that runs */
	unsigned int nr;

	u8 *want;	/* random bytes */
	u8 *got;	/* scratch */
	dma_addr_t held;
	void *held_at;
};

static __printf(3, 4) bool check(struct edu *edu, bool good, const char *fmt,
				 ...)
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
static int edu_dma(struct edu *edu, dma_addr_t addr, u32 off, u32 len,
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

static void fill(struct edu *edu)
{
	get_random_bytes(edu->want, EDU_MAX);
}

/*
 * The device reads LEN bytes at ADDR, which is AT for the CPU, and writes them
 * to BACK, a map that is known to be good.
 */
static void reads(struct edu *edu, const char *name, dma_addr_t addr, u8 *at,
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
static void writes(struct edu *edu, const char *name, dma_addr_t addr, u8 *at,
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

/* A coherent page that all checks move their bytes through. */
struct bounce {
	dma_addr_t addr;
	u8 *at;
};

static int bounce_get(struct edu *edu, struct bounce *b)
{
	b->at = dma_alloc_coherent(edu->dev, PAGE_SIZE, &b->addr, GFP_KERNEL);
	check(edu, b->at, "a coherent page");
	return b->at ? 0 : -ENOMEM;
}

static void bounce_put(struct edu *edu, struct bounce *b)
{
	dma_free_coherent(edu->dev, PAGE_SIZE, b->at, b->addr);
}

static void check_coherent(struct edu *edu, struct bounce *b)
{
	struct bounce c;
	u8 *end;

	c.at = dma_alloc_coherent(edu->dev, 4 * PAGE_SIZE, &c.addr, GFP_KERNEL);
	if (!check(edu, c.at, "four coherent pages"))
		return;
	fill(edu);
	memcpy(c.at, edu->want, EDU_MAX);
	reads(edu, "coherent", c.addr, c.at, EDU_MAX, b->addr, b->at);
	writes(edu, "coherent", c.addr, c.at, EDU_MAX, b->addr, b->at);
	end = c.at + 4 * PAGE_SIZE - 2000;
	memcpy(end, edu->want, 2000);
	reads(edu, "coherent, its end", c.addr + 4 * PAGE_SIZE - 2000, end,
	      2000, b->addr, b->at);
	writes(edu, "coherent, over a page's end", c.addr + 2 * PAGE_SIZE - 1000,
	       c.at + 2 * PAGE_SIZE - 1000, 2000, b->addr, b->at);
	dma_free_coherent(edu->dev, 4 * PAGE_SIZE, c.at, c.addr);
}

/*
 * A page may be mapped several times at once here. DMA_API_DEBUG takes that for
 * a mistake, unless the CPU's caches are no part of it.
 */
static dma_addr_t map(struct edu *edu, u8 *at, size_t len,
		      enum dma_data_direction dir)
{
	dma_addr_t addr = dma_map_single_attrs(edu->dev, at, len, dir,
					       DMA_ATTR_SKIP_CPU_SYNC);

	if (dma_mapping_error(edu->dev, addr))
		check(edu, false, "a map of %zu bytes", len);

	return addr;
}

static void unmap(struct edu *edu, dma_addr_t addr, size_t len,
		  enum dma_data_direction dir)
{
	dma_unmap_single_attrs(edu->dev, addr, len, dir,
			       DMA_ATTR_SKIP_CPU_SYNC);
}

/* One streaming map of LEN bytes at OFF of four pages, in direction DIR. */
static void streaming(struct edu *edu, struct bounce *b, u8 *pages, u32 off,
		      u32 len, enum dma_data_direction dir)
{
	static const char * const names[] = { "both ways", "to the device",
					      "from the device" };
	const char *name = names[dir];
	dma_addr_t addr;
	bool good;

	fill(edu);
	memcpy(pages + off, edu->want, len);
	addr = dma_map_single(edu->dev, pages + off, len, dir);
	good = !dma_mapping_error(edu->dev, addr) &&
	       offset_in_page(addr) == offset_in_page(off);
	if (!check(edu, good, "%s: map of %u bytes at offset %u", name, len,
		   off))
		return;
	if (dir != DMA_FROM_DEVICE)
		reads(edu, name, addr, edu->want, len, b->addr, b->at);
	/* The CPU sees it behind the unmap, or behind a sync. */
	if (dir != DMA_TO_DEVICE) {
		fill(edu);
		memcpy(b->at, edu->want, len);
		good = !edu_dma(edu, b->addr, 0, len, false) &&
		       !edu_dma(edu, addr, 0, len, true);
		check(edu, good, "%s: the device writes %u bytes", name, len);
		dma_sync_single_for_cpu(edu->dev, addr, len, dir);
		check(edu, !memcmp(pages + off, edu->want, len),
		      "%s: sync shows the bytes", name);
		dma_sync_single_for_device(edu->dev, addr, len, dir);
	}
	dma_unmap_single(edu->dev, addr, len, dir);
	check(edu, !memcmp(pages + off, edu->want, len),
	      "%s: the bytes behind unmap", name);
}

#define SG_LEN	8
#define SG_PART	400

/* Segments of odd lengths at odd offsets in pages that are no neighbours. */
static void check_sg(struct edu *edu, struct bounce *b, u8 *pages)
{
	struct scatterlist sgl[SG_LEN], *sg;
	unsigned int i, off = 0, bad = 0;
	bool good;
	int n;

	sg_init_table(sgl, SG_LEN);
	for (i = 0; i < SG_LEN; i++)
		sg_set_buf(&sgl[i], pages + (SG_LEN - 1 - i) * PAGE_SIZE * 2 +
			   i * 64, SG_PART + i * 8);
	n = dma_map_sg(edu->dev, sgl, SG_LEN, DMA_BIDIRECTIONAL);
	if (!check(edu, n > 0, "map_sg of %u segments gave %d", SG_LEN, n))
		return;
	/* The device fills them one after the other from one buffer. */
	fill(edu);
	memcpy(b->at, edu->want, EDU_MAX);
	bad += edu_dma(edu, b->addr, 0, EDU_MAX, false) != 0;
	for_each_sg(sgl, sg, n, i) {
		bad += edu_dma(edu, sg_dma_address(sg), off, sg_dma_len(sg),
			       true) != 0;
		off += sg_dma_len(sg);
	}
	check(edu, !bad, "map_sg: %u bytes go to all segments", off);
	dma_unmap_sg(edu->dev, sgl, SG_LEN, DMA_BIDIRECTIONAL);
	good = off == SG_LEN * SG_PART + 8 * SG_LEN * (SG_LEN - 1) / 2 &&
	       sg_copy_to_buffer(sgl, SG_LEN, edu->got, off) == off &&
	       !memcmp(edu->got, edu->want, off);
	check(edu, good, "map_sg: each byte is in its place");
}

/* Maps of one page many times over: aliases and reuse of addresses. */
static void check_many(struct edu *edu, struct bounce *b, u8 *page)
{
	dma_addr_t first = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	dma_addr_t second = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);

	writes(edu, "the first map", first, page, 512, b->addr, b->at);
	unmap(edu, first, PAGE_SIZE, DMA_BIDIRECTIONAL);
	writes(edu, "the second map, without the first", second, page, 512,
	       b->addr, b->at);
	unmap(edu, second, PAGE_SIZE, DMA_BIDIRECTIONAL);
}

static void group_dma(struct edu *edu)
{
	u8 *pages = (void *)__get_free_pages(GFP_KERNEL, 4);
	struct bounce b;

	if (!pages || bounce_get(edu, &b))
		return;
	check(edu, b.addr <= dma_get_mask(edu->dev), "%pad is below the mask",
	      &b.addr);
	seq_printf(edu->m, "# bus address %pad, machine address 0x%llx\n",
		   &b.addr, (u64)virt_to_machine(b.at).maddr);
	check_coherent(edu, &b);
	streaming(edu, &b, pages, 0, EDU_MAX, DMA_BIDIRECTIONAL);
	streaming(edu, &b, pages, 1, 1, DMA_BIDIRECTIONAL);
	streaming(edu, &b, pages, 3000, 2000, DMA_BIDIRECTIONAL);
	streaming(edu, &b, pages, 4095, 2, DMA_TO_DEVICE);
	streaming(edu, &b, pages, 8192 + 17, 4000, DMA_TO_DEVICE);
	streaming(edu, &b, pages, 4000, 4088, DMA_FROM_DEVICE);
	streaming(edu, &b, pages, 64, 512, DMA_FROM_DEVICE);
	check_sg(edu, &b, pages);
	check_many(edu, &b, pages);
	bounce_put(edu, &b);
	free_pages((unsigned long)pages, 4);
}

/* A DMA to memory that must not arrive; the bytes there are to stay. */
static void blocked(struct edu *edu, const char *name, struct bounce *b,
		    dma_addr_t addr, u8 *at, u32 len)
{
	bool good;

	fill(edu);
	memcpy(b->at, edu->want, len);
	memset(at, 0x5a, len);
	good = !edu_dma(edu, b->addr, 0, len, false) &&
	       !edu_dma(edu, addr, 0, len, true) && !memchr_inv(at, 0x5a, len);
	check(edu, good, "%s: a write to %pad does not arrive", name, &addr);
}

/* A DMA from memory that must not see what is there. */
static void blind(struct edu *edu, const char *name, struct bounce *b,
		  dma_addr_t addr, u8 *at, u32 len)
{
	bool good;

	fill(edu);
	memcpy(at, edu->want, len);
	memset(b->at, 0xc3, len);
	edu_dma(edu, b->addr, 0, len, false);
	edu_dma(edu, addr, 0, len, false);
	memset(b->at, 0, len);
	good = !edu_dma(edu, b->addr, 0, len, true) &&
	       memcmp(b->at, edu->want, len);
	check(edu, good, "%s: a read from %pad does not see memory", name,
	      &addr);
}

static void group_faults(struct edu *edu)
{
	u8 *page = (void *)__get_free_pages(GFP_KERNEL, 1);
	dma_addr_t addr, first;
	struct bounce b, c;

	if (!page || bounce_get(edu, &b))
		return;
	addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	writes(edu, "mapped", addr, page, 512, b.addr, b.at);
	unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	blocked(edu, "unmapped", &b, addr, page, 512);
	blind(edu, "unmapped", &b, addr, page, 512);

	addr = map(edu, page, PAGE_SIZE, DMA_TO_DEVICE);
	blocked(edu, "mapped to be read only", &b, addr, page, 512);
	memcpy(page, edu->want, 512);
	reads(edu, "mapped to be read only", addr, page, 512, b.addr, b.at);
	unmap(edu, addr, PAGE_SIZE, DMA_TO_DEVICE);

	if (!bounce_get(edu, &c)) {
		writes(edu, "coherent", c.addr, c.at, 512, b.addr, b.at);
		addr = c.addr;
		bounce_put(edu, &c);
		blocked(edu, "freed", &b, addr, page, 512);
	}
	/* A map of one page does not open the next, where b must not be. */
	first = map(edu, page, PAGE_SIZE, DMA_FROM_DEVICE);
	addr = first + PAGE_SIZE != b.addr ? first :
	       map(edu, page, PAGE_SIZE, DMA_FROM_DEVICE);
	writes(edu, "one page", addr, page, 512, b.addr, b.at);
	blocked(edu, "the page behind it", &b, addr + PAGE_SIZE,
		page + PAGE_SIZE, 512);
	unmap(edu, addr, PAGE_SIZE, DMA_FROM_DEVICE);
	if (addr != first)
		unmap(edu, first, PAGE_SIZE, DMA_FROM_DEVICE);
	bounce_put(edu, &b);
	free_pages((unsigned long)page, 1);
}

static void group_isolated(struct edu *edu)
{
	u8 *page = (void *)__get_free_page(GFP_KERNEL);
	struct bounce b;
	dma_addr_t addr;

	if (!page || bounce_get(edu, &b))
		return;
	addr = virt_to_machine(page).maddr;
	blocked(edu, "machine address", &b, addr, page, 512);
	blind(edu, "machine address", &b, addr, page, 512);
	addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	writes(edu, "mapped", addr, page, 512, b.addr, b.at);
	reads(edu, "mapped", addr, page, 512, b.addr, b.at);
	unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	blocked(edu, "unmapped", &b, addr, page, 512);
	bounce_put(edu, &b);
	free_page((unsigned long)page);
}

/* The device takes 100 ms a DMA: seen is what waits for long. */
static unsigned int bound_ms = 40;
module_param(bound_ms, uint, 0444);
MODULE_PARM_DESC(bound_ms, "longer than anything may wait or idle");

/* Does a write arrive at an address that was unmapped just now? */
static bool arrives(struct edu *edu, struct bounce *b, dma_addr_t addr, u8 *at)
{
	fill(edu);
	memcpy(b->at, edu->want, 512);
	memset(at, 0x5a, 512);

	return !edu_dma(edu, b->addr, 0, 512, false) &&
	       !edu_dma(edu, addr, 0, 512, true) && !memcmp(at, edu->want, 512);
}

/* Map and unmap; whether it still arrived. A timer may fire in between. */
static bool lingers(struct edu *edu, struct bounce *b, u8 *page,
		    dma_addr_t *addr)
{
	unsigned int tries;

	for (tries = 0; tries < 20; tries++) {
		*addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
		unmap(edu, *addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
		if (arrives(edu, b, *addr, page))
			return true;
	}

	return false;
}

/* What waits is reachable, and after the bound it is not. */
static void group_bound(struct edu *edu)
{
	u8 *page = (void *)__get_free_page(GFP_KERNEL);
	struct bounce b;
	dma_addr_t addr;

	if (!page || bounce_get(edu, &b))
		return;
	check(edu, lingers(edu, &b, page, &addr), "at once: reachable");
	msleep(bound_ms);
	blocked(edu, "after the bound", &b, addr, page, 512);
	blind(edu, "after the bound", &b, addr, page, 512);
	check(edu, page_count(virt_to_page(page)) == 1, "its page is released");
	bounce_put(edu, &b);
	free_page((unsigned long)page);
}

/* The first unmap that can't wait takes along what does. */
static void group_taken_along(struct edu *edu)
{
	u8 *page = (void *)__get_free_page(GFP_KERNEL);
	struct bounce b, c;
	dma_addr_t addr;

	if (!page || bounce_get(edu, &b) || bounce_get(edu, &c))
		return;
	check(edu, lingers(edu, &b, page, &addr), "at once: reachable");
	migrate_disable();
	addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	bounce_put(edu, &c);
	migrate_enable();
	blocked(edu, "after an unmap that can't wait", &b, addr, page, 512);
	bounce_put(edu, &b);
	free_page((unsigned long)page);
}

/* The same memory, mapped in the same way, is where it was; else it is not. */
static void group_again(struct edu *edu)
{
	u8 *page = (void *)__get_free_page(GFP_KERNEL);
	dma_addr_t addr, second, read;
	struct bounce b;

	if (!page || bounce_get(edu, &b))
		return;
	migrate_disable();
	addr = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	second = map(edu, page, PAGE_SIZE, DMA_BIDIRECTIONAL);
	check(edu, second != addr, "two maps at a time are two");
	unmap(edu, second, PAGE_SIZE, DMA_BIDIRECTIONAL);
	unmap(edu, addr, PAGE_SIZE, DMA_BIDIRECTIONAL);
	read = map(edu, page, PAGE_SIZE, DMA_TO_DEVICE);
	check(edu, read != addr && read != second, "read only is another one");
	blocked(edu, "read only", &b, read, page, 512);
	unmap(edu, read, PAGE_SIZE, DMA_TO_DEVICE);
	second = map(edu, page + 100, 50, DMA_BIDIRECTIONAL);
	writes(edu, "taken again", second, page + 100, 50, b.addr, b.at);
	unmap(edu, second, 50, DMA_BIDIRECTIONAL);
	migrate_enable();
	msleep(bound_ms);
	blocked(edu, "after the bound", &b, second, page + 100, 50);
	bounce_put(edu, &b);
	free_page((unsigned long)page);
}

static void group_base(struct edu *edu)
{
	u8 *page = (void *)__get_free_page(GFP_KERNEL);
	struct bounce b;
	dma_addr_t addr;

	if (!page || bounce_get(edu, &b))
		return;
	addr = virt_to_machine(page).maddr;
	fill(edu);
	memcpy(page, edu->want, 512);
	reads(edu, "machine address", addr, page, 512, b.addr, b.at);
	writes(edu, "machine address", addr, page, 512, b.addr, b.at);
	bounce_put(edu, &b);
	free_page((unsigned long)page);
}

static void group_hold(struct edu *edu)
{
	if (!edu->held_at) {
		edu->held_at = dma_alloc_coherent(edu->dev, PAGE_SIZE,
						  &edu->held, GFP_KERNEL);
		check(edu, edu->held_at, "a coherent page that stays");
		return;
	}
	dma_free_coherent(edu->dev, PAGE_SIZE, edu->held_at, edu->held);
	edu->held_at = NULL;
	check(edu, true, "the coherent page is freed");
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
GROUP(faults);
GROUP(isolated);
GROUP(base);
GROUP(hold);
GROUP(bound);
GROUP(taken_along);
GROUP(again);

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
	edu->got = devm_kzalloc(edu->dev, PAGE_SIZE, GFP_KERNEL);
	if (!edu->want || !edu->got)
		return -ENOMEM;
	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;
	rc = pcim_iomap_regions(pdev, BIT(0), "edu_test");
	if (rc)
		return rc;
	edu->regs = pcim_iomap_table(pdev)[0];
	rc = dma_set_mask_and_coherent(edu->dev, DMA_BIT_MASK(mask_bits));
	if (rc)
		return rc;
	pci_set_master(pdev);
	pci_set_drvdata(pdev, edu);

	edu->dir = debugfs_create_dir("edu_test", NULL);
	debugfs_create_file("dma", 0400, edu->dir, edu, &dma_fops);
	debugfs_create_file("faults", 0400, edu->dir, edu, &faults_fops);
	debugfs_create_file("isolated", 0400, edu->dir, edu, &isolated_fops);
	debugfs_create_file("base", 0400, edu->dir, edu, &base_fops);
	debugfs_create_file("hold", 0400, edu->dir, edu, &hold_fops);
	debugfs_create_file("bound", 0400, edu->dir, edu, &bound_fops);
	debugfs_create_file("taken_along", 0400, edu->dir, edu,
			    &taken_along_fops);
	debugfs_create_file("again", 0400, edu->dir, edu, &again_fops);
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
