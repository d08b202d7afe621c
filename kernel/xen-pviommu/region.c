// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a process that devices may be let at. Its pages are pinned for as
 * long as the region is there: neither munmap() nor the end of the process
 * gives them to anybody else before.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <xen/page.h>

#include "chardev.h"
#include "map.h"

/* Pages to pin between two looks at signals: 2 MiB. */
#define PIN_PAGES	512

static atomic_long_t pinned;

unsigned long pviommu_pinned(void)
{
	return atomic_long_read(&pinned);
}

/*
 * Ballooned, granted and device memory is behind the P2M entries with a flag. A
 * page of dom0's own stays in its frame while it is pinned.
 */
static bool is_own(struct page *const *pages, unsigned long nr)
{
	while (nr--)
		if (!pviommu_mfn_is_own(__pfn_to_mfn(page_to_pfn(pages[nr]))))
			return false;

	return true;
}

/*
 * Memory for reads is pinned as for writing, too. Otherwise the page might be the page
 * of zeros, or a page that the process shares until a write; devices would go on
 * reading the old page.
 */
static int pin(struct pviommu_region *r, unsigned long addr, unsigned long nr)
{
	int done;

	for (; r->nr < nr; r->nr += done) {
		if (fatal_signal_pending(current))
			return -EINTR;
		done = pin_user_pages_fast(addr + (r->nr << PAGE_SHIFT),
					   min_t(unsigned long, nr - r->nr,
						 PIN_PAGES),
					   FOLL_WRITE | FOLL_LONGTERM,
					   r->pages + r->nr);
		if (done <= 0)
			return done ?: -EFAULT;
		cond_resched();
	}

	return is_own(r->pages, r->nr) ? 0 : -EOPNOTSUPP;
}

static void unpin(struct pviommu_region *r)
{
	unpin_user_pages_dirty_lock(r->pages, r->nr,
				    r->flags & XEN_PVIOMMU_WRITE);
}

/**
 * pviommu_region_new - pin memory of the current process
 * @addr: user address, page aligned
 * @size: bytes, page aligned, from 1 page to XEN_PVIOMMU_MAX_REGION
 * @flags: XEN_PVIOMMU_READ, XEN_PVIOMMU_WRITE
 *
 * Context: process; no lock of a file is held, as page faults may take long.
 * Return: the region, or an ERR_PTR: -ENOMEM, also when RLIMIT_MEMLOCK would be
 * passed; -EFAULT, -EOPNOTSUPP, -EINTR.
 */
struct pviommu_region *pviommu_region_new(u64 addr, u64 size, u32 flags)
{
	unsigned long nr = PHYS_PFN(size);
	struct pviommu_region *r;
	int err = -ENOMEM;

	r = kzalloc(sizeof(*r), GFP_KERNEL_ACCOUNT);
	if (!r)
		return ERR_PTR(-ENOMEM);
	r->flags = flags;
	r->mm = current->mm;
	r->pages = kvmalloc_array(nr, sizeof(*r->pages), GFP_KERNEL_ACCOUNT);
	if (!r->pages)
		goto free;
	err = account_locked_vm(r->mm, nr, true);
	if (err)
		goto free;
	err = pin(r, addr, nr);
	if (err)
		goto unpin;
	mmgrab(r->mm);
	atomic_long_add(nr, &pinned);

	return r;

unpin:
	unpin(r);
	account_locked_vm(r->mm, nr, false);
free:
	kvfree(r->pages);
	kfree(r);

	return ERR_PTR(err);
}

/**
 * pviommu_region_delete - unpin a region, none of which is mapped
 * @r: the region
 *
 * Context: process; perhaps not the creator.
 */
void pviommu_region_delete(struct pviommu_region *r)
{
	unpin(r);
	atomic_long_sub(r->nr, &pinned);
	account_locked_vm(r->mm, r->nr, false);
	mmdrop(r->mm);
	kvfree(r->pages);
	kfree(r);
}

/* A device may still reach some of it: its pages stay pinned for ever. */
void pviommu_region_leak(struct pviommu_region *r)
{
	pr_err("%lu pages stay pinned: a device may still reach %lu of them\n",
	       r->nr, r->mapped);
	account_locked_vm(r->mm, r->nr, false);
	mmdrop(r->mm);
	kvfree(r->pages);
	kfree(r);
}
