// SPDX-License-Identifier: GPL-2.0-only
/*
 * Domains of the IOMMU API. All of dom0's devices share one table. A domain is
 * therefore a set of maps in the table, and attaching a device changes nothing.
 *
 * VFIO's maps of one call leave in as few hypercalls as possible. VFIO's unmaps wait
 * for the sync, which VFIO makes before it releases any page, and leave in one
 * hypercall with one flush.
 *
 * Locking: callers of map and unmap may sleep, as VFIO does.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt
#define dev_fmt(fmt) "xen_pviommu: " fmt

#include <linux/atomic.h>
#include <linux/device.h>
#include <linux/errno.h>
#include <linux/idr.h>
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <xen/page.h>

#include "compat.h"
#include "iommu.h"
#include "isolate.h"
#include "map.h"
#include "translate.h"

/*
 * The most scattered frames of one hypercall, and the most frames that wait for a
 * sync. Both are carried out with interrupts off.
 */
#define MAP_STEP	XEN_IOMMUOP_MAX_LIST
#define WAIT_FRAMES	PVIOMMU_PIECE
#define WAIT_RANGES	64

struct pviommu_domain {
	struct iommu_domain domain;
	unsigned int id;		/* marks the domain's entries */
	struct mutex lock;		/* protects those, and all below */
	struct xen_iommu_op_range waiting[WAIT_RANGES];
	unsigned int nr_waiting;
	unsigned long nr_frames;	/* in them */
};

/*
 * Domains that map, which are VFIO's; or CLOSED, and none can exist. Claims are
 * released with the last domain.
 */
#define CLOSED	(-1)
static int users;
static DEFINE_MUTEX(users_lock);

static struct pviommu_domain *to_pviommu_domain(struct iommu_domain *domain)
{
	return container_of(domain, struct pviommu_domain, domain);
}

/*
 * The owner of each BFN: the domain's id, the PFN, and whether the unmap waits. One
 * array for all domains, because they have one table: the second owner is refused
 * before Xen is asked.
 */
#define ID_SHIFT	42
#define MAX_ID		((1U << 20) - 1)
static DEFINE_XARRAY(entries);
static DEFINE_IDA(ids);

static void *entry_of(const struct pviommu_domain *d, unsigned long pfn,
		      bool waits)
{
	return xa_mk_value((unsigned long)d->id << ID_SHIFT | pfn << 1 | waits);
}

static unsigned long entry_pfn(void *entry)
{
	return (xa_to_value(entry) & (BIT(ID_SHIFT) - 1)) >> 1;
}

static bool entry_waits(void *entry)
{
	return xa_to_value(entry) & 1;
}

/* The domain's own entry, or NULL. */
static void *domain_look(const struct pviommu_domain *d, u64 bfn)
{
	void *entry = xa_load(&entries, bfn);

	return entry && xa_to_value(entry) >> ID_SHIFT == d->id ? entry : NULL;
}

/*
 * The device may still reach the page, which is never given back. MMIO needs no such
 * care.
 */
static void domain_leak(unsigned long pfn)
{
	pviommu_count(PVIOMMU_LEAKED, 1);
	if (pfn_valid(pfn))
		get_page(pfn_to_page(pfn));
}

static void domain_forget(const struct xen_iommu_op_range *range, bool leaked)
{
	u64 bfn;
	void *entry;

	for (bfn = range->bfn; bfn < range->bfn + range->nr; bfn++) {
		entry = xa_erase(&entries, bfn);
		if (unlikely(leaked))
			domain_leak(entry_pfn(entry));
	}
}

/* Afterwards no device reaches what waited. */
static void domain_sync(struct pviommu_domain *d)
{
	struct pviommu_batch *b;
	unsigned long flags;
	unsigned int i;
	int err;

	if (!d->nr_waiting)
		return;
	b = pviommu_batch_begin(&flags);
	for (i = 0; i < d->nr_waiting; i++)
		pviommu_batch_unmap(b, d->waiting[i].bfn, d->waiting[i].nr);
	err = pviommu_batch_unmap_end(b);
	pviommu_batch_end(flags);

	if (unlikely(err))
		pr_err_ratelimited("unmap for VFIO failed (error %d): %lu pages are lost\n",
				   err, d->nr_frames);
	else
		pviommu_count(PVIOMMU_PAGES_UNMAPPED, d->nr_frames);
	for (i = 0; i < d->nr_waiting; i++)
		domain_forget(&d->waiting[i], err);
	d->nr_waiting = 0;
	d->nr_frames = 0;
}

/* Let the unmap of a BFN wait; false: nothing is mapped there. */
static bool domain_wait(struct pviommu_domain *d, u64 bfn)
{
	void *entry = domain_look(d, bfn);

	if (!entry || entry_waits(entry))
		return false;
	/* The entry has its place: nothing is allocated. */
	xa_store(&entries, bfn, entry_of(d, entry_pfn(entry), true), GFP_KERNEL);

	if (!d->nr_waiting ||
	    !pviommu_range_extend(&d->waiting[d->nr_waiting - 1], bfn, 1,
				  WAIT_FRAMES)) {
		d->waiting[d->nr_waiting].bfn = bfn;
		d->waiting[d->nr_waiting++].nr = 1;
	}
	if (++d->nr_frames == WAIT_FRAMES || d->nr_waiting == WAIT_RANGES)
		domain_sync(d);

	return true;
}

static size_t domain_unmap(struct iommu_domain *domain, unsigned long iova,
			   size_t size, size_t count,
			   struct iommu_iotlb_gather *gather)
{
	struct pviommu_domain *d = to_pviommu_domain(domain);
	size_t done = 0;

	mutex_lock(&d->lock);
	while (done < count && domain_wait(d, PHYS_PFN(iova) + done))
		done++;
	mutex_unlock(&d->lock);

	return done * size;
}

static void iotlb_sync(struct iommu_domain *domain,
		       struct iommu_iotlb_gather *gather)
{
	struct pviommu_domain *d = to_pviommu_domain(domain);

	mutex_lock(&d->lock);
	domain_sync(d);
	mutex_unlock(&d->lock);
}

static void flush_iotlb_all(struct iommu_domain *domain)
{
	iotlb_sync(domain, NULL);
}

/* A frame that the P2M knows as itself is no RAM: another device's BAR. */
static bool is_mmio(unsigned long pfn)
{
	unsigned long mfn = __pfn_to_mfn(pfn);

	return mfn != INVALID_P2M_ENTRY && mfn & IDENTITY_FRAME_BIT;
}

/*
 * Make room in the array, so that nothing fails behind Xen. -EBUSY: a BFN is mapped, by
 * another domain as a rule. The error is not -EEXIST, by which DPDK understands
 * that its own memory is mapped there.
 */
static int domain_remember(struct pviommu_domain *d, u64 bfn, unsigned long pfn,
			   unsigned long nr, gfp_t gfp)
{
	unsigned long i;
	void *entry;
	int err = 0;

	for (i = 0; i < nr && !err; i++) {
		entry = domain_look(d, bfn + i);
		if (entry && entry_waits(entry))
			domain_sync(d);
		err = xa_insert(&entries, bfn + i, entry_of(d, pfn + i, false),
				gfp);
	}
	if (likely(!err))
		return 0;
	while (--i)
		xa_erase(&entries, bfn + i - 1);

	return err;
}

static int map_step(struct pviommu_domain *d, u64 bfn, unsigned long pfn,
		    unsigned long nr, u16 access, gfp_t gfp)
{
	unsigned long i;
	struct pviommu_outcome outcome;
	int err;

	err = domain_remember(d, bfn, pfn, nr, gfp);
	if (err)
		return err;
	err = pviommu_map_at(bfn, PFN_PHYS(pfn), nr, access, &outcome);
	if (likely(!err)) {
		pviommu_count(PVIOMMU_PAGES_MAPPED, nr);
		return 0;
	}
	for (i = 0; i < nr; i++) {
		if (outcome.unclean)
			domain_leak(pfn + i);
		xa_erase(&entries, bfn + i);
	}

	return err;
}

/*
 * VFIO may ask for write alone; hardware may read before a write. The maps hold
 * references: VFIO's claims have no watch pages, and VFIO pins the pages.
 */
static u16 access_of(unsigned long pfn, int prot)
{
	u16 access = XEN_IOMMUOP_MAP_read;

	if (prot & IOMMU_WRITE)
		access |= XEN_IOMMUOP_MAP_write;
	if (prot & IOMMU_MMIO || is_mmio(pfn))
		access |= XEN_IOMMUOP_MAP_mmio;

	return access;
}

static int domain_map(struct iommu_domain *domain, unsigned long iova,
		      phys_addr_t phys, size_t size, size_t count, int prot,
		      gfp_t gfp, size_t *mapped)
{
	struct pviommu_domain *d = to_pviommu_domain(domain);
	unsigned long pfn = PHYS_PFN(phys), nr;
	u64 bfn = PHYS_PFN(iova);
	int err;

	if (!(prot & (IOMMU_READ | IOMMU_WRITE)))
		return -EINVAL;
	err = pviommu_claims_cover(bfn, count);
	if (err)
		return err;

	mutex_lock(&d->lock);
	for (; count && !err; count -= nr, pfn += nr, bfn += nr) {
		nr = min_t(unsigned long, count, MAP_STEP);
		err = map_step(d, bfn, pfn, nr, access_of(pfn, prot), gfp);
		if (!err)
			*mapped += nr * size;
	}
	mutex_unlock(&d->lock);

	return err;
}

/* VFIO releases the page of this address. */
static phys_addr_t iova_to_phys(struct iommu_domain *domain, dma_addr_t iova)
{
	struct pviommu_domain *d = to_pviommu_domain(domain);
	void *entry = domain_look(d, PHYS_PFN(iova));

	if (!entry || entry_waits(entry))
		return 0;

	return PFN_PHYS(entry_pfn(entry)) | offset_in_page(iova);
}

/*
 * A process with a device can reach the whole host map through the device. As for
 * VFIO's own mode without an IOMMU, the log says so, and the kernel is tainted.
 */
static void domain_taint(const char *cause)
{
	pr_warn("%s while the host map stands: a process can reach all of the host's memory, unless isolate=1 comes first; this taints the kernel\n",
		cause);
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
}

/* Without the table, a device would reach machine addresses. */
static int check_translated(struct device *dev)
{
	const char *why = pviommu_untranslated(to_pci_dev(dev));

	if (!why)
		return 0;
	dev_notice(dev, "VFIO can't have it: its DMA is not translated (%s)\n",
		   why);

	return -ENODEV;
}

/*
 * One table for all: a device reaches every map of any domain. Only the end of bus
 * mastering blocks a device; VFIO turns bus mastering on again when a process opens
 * the device.
 */
static int PVIOMMU_ATTACH_DEV(attach_blocked, domain, dev)
{
	pci_clear_master(to_pci_dev(dev));

	return 0;
}

static int PVIOMMU_ATTACH_DEV(attach_identity, domain, dev)
{
	return 0;
}

static int PVIOMMU_ATTACH_DEV(attach_paging, domain, dev)
{
	int err = check_translated(dev);

	if (!err && !pviommu_isolated())
		domain_taint(dev_name(dev));

	return err;
}

/* Linux 6.1 frees domains of each kind. */
static void domain_keep(struct iommu_domain *domain)
{
}

/* A process has the device, and no mapping of its own yet. */
struct iommu_domain pviommu_blocked_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &(const struct iommu_domain_ops){
		.attach_dev = attach_blocked,
		.free = domain_keep,
	},
};

/* The devices use the module's DMA operations. */
struct iommu_domain pviommu_identity_domain = {
	.type = IOMMU_DOMAIN_IDENTITY,
	.ops = &(const struct iommu_domain_ops){
		.attach_dev = attach_identity,
		.free = domain_keep,
	},
};

/* Its last owner may have left bus mastering on. */
static void domain_empty(struct pviommu_domain *d)
{
	unsigned long bfn;
	void *entry;

	mutex_lock(&d->lock);
	xa_for_each(&entries, bfn, entry)
		domain_wait(d, bfn);
	domain_sync(d);
	mutex_unlock(&d->lock);
}

static bool domain_users_add(void)
{
	bool open;

	mutex_lock(&users_lock);
	open = users != CLOSED;
	if (open)
		users++;
	mutex_unlock(&users_lock);

	return open;
}

static void domain_users_drop(void)
{
	mutex_lock(&users_lock);
	if (!--users)
		pviommu_claims_release();
	mutex_unlock(&users_lock);
}

/* Return: false if there is a domain that maps; else there will be none. */
bool pviommu_domains_close(void)
{
	bool closed;

	mutex_lock(&users_lock);
	closed = users <= 0;
	if (closed)
		users = CLOSED;
	mutex_unlock(&users_lock);

	return closed;
}

/*
 * The host map is back. Serialised by the lock: a later domain has its device attached
 * later, too, with a line in the log there.
 */
void pviommu_domains_exposed(void)
{
	bool used;

	mutex_lock(&users_lock);
	used = users > 0;
	mutex_unlock(&users_lock);
	if (used)
		domain_taint("VFIO has devices");
}

void pviommu_domains_open(void)
{
	mutex_lock(&users_lock);
	users = 0;
	mutex_unlock(&users_lock);
}

static void domain_free(struct iommu_domain *domain)
{
	struct pviommu_domain *d = to_pviommu_domain(domain);

	domain_empty(d);
	domain_users_drop();
	ida_free(&ids, d->id);
	kfree(d);
}

static const struct iommu_domain_ops domain_ops = {
	.attach_dev = attach_paging,
	.map_pages = domain_map,
	.unmap_pages = domain_unmap,
	.flush_iotlb_all = flush_iotlb_all,
	.iotlb_sync = iotlb_sync,
	.iova_to_phys = iova_to_phys,
	.free = domain_free,
};

/**
 * pviommu_domain_alloc - a domain of the IOMMU API, through which VFIO maps
 * @dev: any device, or NULL: all domains are alike
 *
 * Return: NULL when there is no memory, or the device file is open.
 */
struct iommu_domain *pviommu_domain_alloc(struct device *dev)
{
	struct pviommu_domain *d;
	int id;

	d = kzalloc(sizeof(*d), GFP_KERNEL);
	if (!d)
		return NULL;
	id = ida_alloc_max(&ids, MAX_ID, GFP_KERNEL);
	if (id < 0)
		goto no_id;
	if (!domain_users_add())
		goto unused;
	d->id = id;
	mutex_init(&d->lock);
	d->domain.type = IOMMU_DOMAIN_UNMANAGED;
	d->domain.ops = &domain_ops;
	d->domain.pgsize_bitmap = SZ_4K;
	d->domain.geometry.aperture_end =
		PFN_PHYS(1ULL << pviommu_xen.bfn_bits) - 1;
	d->domain.geometry.force_aperture = true;

	return &d->domain;

unused:
	ida_free(&ids, id);
no_id:
	kfree(d);

	return NULL;
}
