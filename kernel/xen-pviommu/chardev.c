// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/xen-pviommu: the door for processes that map their own memory for a
 * device. Their mappings belong to the file, and end with it.
 */
#define pr_fmt(fmt) "xen_pviommu: " fmt

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "chardev.h"
#include "compat.h"

static atomic_long_t files;

unsigned long pviommu_files(void)
{
	return atomic_long_read(&files);
}

static int chardev_open(struct inode *inode, struct file *file)
{
	struct pviommu_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	int err;

	if (!f)
		return -ENOMEM;
	err = pviommu_batch_init(&f->batch);
	if (err) {
		kfree(f);
		return err;
	}
	mutex_init(&f->lock);
	xa_init_flags(&f->regions, XA_FLAGS_ALLOC1);
	file->private_data = f;
	atomic_long_inc(&files);

	return nonseekable_open(inode, file);
}

/*
 * The last process has closed the file, or was killed. First no device reaches the
 * pages, then the pages and the BFNs are free.
 */
static int chardev_release(struct inode *inode, struct file *file)
{
	struct pviommu_file *f = file->private_data;
	struct pviommu_region *r;
	unsigned long id;

	pviommu_userops_end(f);
	xa_for_each(&f->regions, id, r) {
		if (r->mapped)
			pviommu_region_leak(r);
		else
			pviommu_region_delete(r);
	}
	pviommu_space_release(&f->space);
	xa_destroy(&f->regions);
	pviommu_batch_exit(&f->batch);
	mutex_destroy(&f->lock);
	kfree(f);
	atomic_long_dec(&files);

	return 0;
}

static int do_info(struct pviommu_file *f, void __user *arg)
{
	struct xen_pviommu_info info = {
		.version = XEN_PVIOMMU_VERSION,
		.page_size = PAGE_SIZE,
		.max_ops = XEN_PVIOMMU_MAX_OPS,
		.max_regions = XEN_PVIOMMU_MAX_REGIONS,
		.max_region = XEN_PVIOMMU_MAX_REGION,
		.min_window = XEN_PVIOMMU_MIN_WINDOW,
		.max_window = XEN_PVIOMMU_MAX_WINDOW,
	};

	if (mutex_lock_killable(&f->lock))
		return -EINTR;
	if (f->space.w) {
		info.window = PFN_PHYS(f->space.bfn);
		info.window_size = PFN_PHYS(f->space.nr);
	}
	mutex_unlock(&f->lock);

	return copy_to_user(arg, &info, sizeof(info)) ? -EFAULT : 0;
}

static int give_window(struct pviommu_file *f,
		       const struct xen_pviommu_window *window, void __user *arg)
{
	struct xen_pviommu_window answer = *window;
	int err;

	if (f->space.w)
		return -EBUSY;
	err = pviommu_space_take(&f->space, window->size, window->limit);
	if (err)
		return err;
	answer.iova = PFN_PHYS(f->space.bfn);
	if (!copy_to_user(arg, &answer, sizeof(answer)))
		return 0;
	pviommu_space_release(&f->space);

	return -EFAULT;
}

static int do_window(struct pviommu_file *f, void __user *arg)
{
	struct xen_pviommu_window window;
	int err;

	if (copy_from_user(&window, arg, sizeof(window)))
		return -EFAULT;
	if (window.iova || window.size < XEN_PVIOMMU_MIN_WINDOW ||
	    window.size > XEN_PVIOMMU_MAX_WINDOW || !is_power_of_2(window.size))
		return -EINVAL;
	if (mutex_lock_killable(&f->lock))
		return -EINTR;
	err = give_window(f, &window, arg);
	mutex_unlock(&f->lock);

	return err;
}

static int chardev_check(const struct xen_pviommu_region *region)
{
	u64 end;

	if (region->id || !region->flags ||
	    region->flags & ~(XEN_PVIOMMU_READ | XEN_PVIOMMU_WRITE) ||
	    !region->size || (region->addr | region->size) & ~PAGE_MASK ||
	    check_add_overflow(region->addr, region->size, &end))
		return -EINVAL;

	return region->size > XEN_PVIOMMU_MAX_REGION ? -E2BIG : 0;
}

/* Until the caller knows the id, no op finds the region: the lock is held. */
static int add_region(struct pviommu_file *f, struct pviommu_region *r,
		      u32 __user *to)
{
	u32 id;
	int err;

	err = xa_alloc(&f->regions, &id, r,
		       XA_LIMIT(1, XEN_PVIOMMU_MAX_REGIONS), GFP_KERNEL);
	if (err)
		return err == -EBUSY ? -ENOSPC : err;
	if (!put_user(id, to))
		return 0;
	xa_erase(&f->regions, id);

	return -EFAULT;
}

static int do_region_add(struct pviommu_file *f,
			 struct xen_pviommu_region __user *arg)
{
	struct xen_pviommu_region region;
	struct pviommu_region *r;
	int err;

	if (copy_from_user(&region, arg, sizeof(region)))
		return -EFAULT;
	err = chardev_check(&region);
	if (err)
		return err;
	r = pviommu_region_new(region.addr, region.size, region.flags);
	if (IS_ERR(r))
		return PTR_ERR(r);
	err = mutex_lock_killable(&f->lock);
	if (!err) {
		err = add_region(f, r, &arg->id);
		mutex_unlock(&f->lock);
	}
	if (err)
		pviommu_region_delete(r);

	return err;
}

static int do_region_del(struct pviommu_file *f, void __user *arg)
{
	struct xen_pviommu_region_del del;
	struct pviommu_region *r;
	int err = 0;

	if (copy_from_user(&del, arg, sizeof(del)))
		return -EFAULT;
	if (del.pad0)
		return -EINVAL;
	if (mutex_lock_killable(&f->lock))
		return -EINTR;
	r = xa_load(&f->regions, del.id);
	if (!r)
		err = -ENOENT;
	else if (r->mapped)
		err = -EBUSY;
	else
		xa_erase(&f->regions, del.id);
	mutex_unlock(&f->lock);
	if (!err)
		pviommu_region_delete(r);

	return err;
}

/* The statuses of each @step-th op, and of the last one. */
static int put_statuses(struct xen_pviommu_op __user *to,
			const struct xen_pviommu_op *ops, unsigned int nr,
			unsigned int step)
{
	unsigned int i;

	if (!user_write_access_begin(to, array_size(nr, sizeof(*to))))
		return -EFAULT;
	for (i = 0; i < nr; i += step)
		unsafe_put_user(ops[i].status, &to[i].status, fault);
	unsafe_put_user(ops[nr - 1].status, &to[nr - 1].status, fault);
	user_write_access_end();

	return 0;

fault:
	user_write_access_end();

	return -EFAULT;
}

/* In each page of an array, or in its neighbour, one op has its status. */
#define OPS_A_PAGE	(PAGE_SIZE / sizeof(struct xen_pviommu_op))

static int do_ops(struct pviommu_file *f, const struct xen_pviommu_ops *arg)
{
	struct xen_pviommu_op __user *at = u64_to_user_ptr(arg->ops);
	struct xen_pviommu_op *ops;
	int err;

	if (arg->pad0)
		return -EINVAL;
	if (arg->nr > XEN_PVIOMMU_MAX_OPS)
		return -E2BIG;
	if (!arg->nr)
		return 0;
	ops = vmemdup_user(at, array_size(arg->nr, sizeof(*ops)));
	if (IS_ERR(ops))
		return PTR_ERR(ops);
	/* Statuses that can't be told are found while nothing is done yet. */
	err = put_statuses(at, ops, arg->nr, OPS_A_PAGE);
	if (!err && mutex_lock_killable(&f->lock))
		err = -EINTR;
	if (!err) {
		err = pviommu_userops(f, ops, arg->nr);
		mutex_unlock(&f->lock);
		if (put_statuses(at, ops, arg->nr, 1))
			err = -EFAULT;
	}
	kvfree(ops);

	return err;
}

static long chardev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pviommu_file *f = file->private_data;
	void __user *at = (void __user *)arg;
	struct xen_pviommu_ops ops;

	switch (cmd) {
	case XEN_PVIOMMU_IOC_INFO:
		return do_info(f, at);
	case XEN_PVIOMMU_IOC_WINDOW:
		return do_window(f, at);
	case XEN_PVIOMMU_IOC_REGION_ADD:
		return do_region_add(f, at);
	case XEN_PVIOMMU_IOC_REGION_DEL:
		return do_region_del(f, at);
	case XEN_PVIOMMU_IOC_OPS:
		if (copy_from_user(&ops, at, sizeof(ops)))
			return -EFAULT;
		return do_ops(f, &ops);
	default:
		return -ENOTTY;
	}
}

/*
 * The same ops from a ring. They may sleep, so a worker does them. The command may
 * lie in memory that the process writes, and is read once.
 */
static int uring_cmd(struct io_uring_cmd *cmd, unsigned int issue_flags)
{
	struct xen_pviommu_ops ops;
	int ret;

	if (cmd->cmd_op != XEN_PVIOMMU_IOC_OPS)
		return -ENOTTY;
	if (issue_flags & IO_URING_F_NONBLOCK)
		return -EAGAIN;
	memcpy(&ops, pviommu_uring_payload(cmd, struct xen_pviommu_ops),
	       sizeof(ops));
	ret = do_ops(cmd->file->private_data, &ops);

	return pviommu_uring_done(cmd, ret, issue_flags);
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.open = chardev_open,
	.release = chardev_release,
	.unlocked_ioctl = chardev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = uring_cmd,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xen-pviommu",
	.mode = 0600,
	.fops = &fops,
};

static bool registered;

/* Drivers use us already: without the device we are of use, too. */
void pviommu_chardev_init(void)
{
	int err = misc_register(&device);

	registered = !err;
	if (err)
		pr_err("no /dev/xen-pviommu: error %d\n", err);
}

/* No file is open: they hold the module. */
void pviommu_chardev_exit(void)
{
	if (registered)
		misc_deregister(&device);
}
