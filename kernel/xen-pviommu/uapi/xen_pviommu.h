/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * /dev/xen-pviommu: a process maps its own memory for devices, in a window of
 * bus addresses that its file has for itself.
 *
 *	open		a file without window and regions
 *	WINDOW		addresses for it, once
 *	REGION_ADD	memory that may be mapped: pinned
 *	OPS		maps and unmaps, an array of them
 *	close		unmaps, unpins, gives the window back
 *
 * docs/device.md is the reference. The rules in short:
 *
 *  - IN fields are read once. Unknown flags, padding and OUT fields must be 0:
 *    EINVAL. Status is the one OUT field that is ignored.
 *  - Addresses, offsets and sizes are bytes, and multiples of the page size.
 *  - The layout is the same for 32 and 64 bits.
 */
#ifndef _UAPI_XEN_PVIOMMU_H
#define _UAPI_XEN_PVIOMMU_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define XEN_PVIOMMU_VERSION	1

/* Ops an ioctl. */
#define XEN_PVIOMMU_MAX_OPS	4096
/* Regions a file; their ids are 1 to this. */
#define XEN_PVIOMMU_MAX_REGIONS	1024
/* Bytes a region: 1 GiB. */
#define XEN_PVIOMMU_MAX_REGION	0x40000000ULL
/* Bytes a window: a power of two from 2 MiB to 256 MiB. */
#define XEN_PVIOMMU_MIN_WINDOW	0x200000ULL
#define XEN_PVIOMMU_MAX_WINDOW	0x10000000ULL

struct xen_pviommu_info {
	__u32 version;			/* OUT XEN_PVIOMMU_VERSION */
	__u32 page_size;		/* OUT bytes: the unit of all that is mapped */
	__u32 max_ops;			/* OUT ops an ioctl */
	__u32 max_regions;		/* OUT regions a file */
	__aligned_u64 max_region;	/* OUT bytes a region */
	__aligned_u64 min_window;	/* OUT bytes */
	__aligned_u64 max_window;	/* OUT bytes */
	__aligned_u64 window;		/* OUT first address of this file's window */
	__aligned_u64 window_size;	/* OUT its bytes, 0: it has none yet */
};

/*
 * EBUSY	the file has one
 * EINVAL	the size is no power of two, or not min_window to max_window
 * ERANGE	the module has no BFNs at or below the limit
 * ENOSPC	it has, but no such run of them is free
 * ENOMEM
 */
struct xen_pviommu_window {
	__aligned_u64 size;	/* IN  bytes */
	__aligned_u64 limit;	/* IN  highest address that the device can drive */
	__aligned_u64 iova;	/* OUT first address, a multiple of the size; IN 0 */
};

/* Of regions and of map ops: what devices may do. At least one of them. */
#define XEN_PVIOMMU_READ	0x1U	/* read the memory */
#define XEN_PVIOMMU_WRITE	0x2U	/* write it */

/*
 * EINVAL	misaligned; size 0; the end is beyond 2^64
 * E2BIG	size over max_region
 * EFAULT	memory that the process can't write, or that can't be pinned
 * EOPNOTSUPP	memory that is not dom0's own RAM: a guest's, a device's
 * ENOSPC	max_regions
 * ENOMEM	no memory; RLIMIT_MEMLOCK, for who lacks CAP_IPC_LOCK
 * EINTR	a fatal signal
 */
struct xen_pviommu_region {
	__aligned_u64 addr;	/* IN  of the caller's memory */
	__aligned_u64 size;	/* IN  bytes, up to max_region */
	__u32 flags;		/* IN  XEN_PVIOMMU_READ, _WRITE: what maps may allow */
	__u32 id;		/* OUT 1 to max_regions; IN 0 */
};

/*
 * ENOENT	no such region
 * EBUSY	some of it is mapped
 */
struct xen_pviommu_region_del {
	__u32 id;		/* IN */
	__u32 pad0;		/* IN  0 */
};

/* xen_pviommu_op.op */
#define XEN_PVIOMMU_OP_MAP	1
#define XEN_PVIOMMU_OP_UNMAP	2

/*
 * Status of both ops, beside 0:
 *
 * EINVAL	unknown op or flag; padding; misaligned; size 0; the end is
 *		beyond 2^64
 * ENXIO	not wholly inside the file's window
 * EIO		it is not known what some BFN maps: these are never used again
 * EINTR	a fatal signal came first
 *
 * Of map:
 *
 * EINVAL	flags neither read nor write
 * ENOENT	no such region
 * EACCES	the region does not allow these flags
 * ERANGE	not wholly inside the region
 * EEXIST	an address is mapped already
 * others	what Xen says: ENOSPC and ENOMEM for want of tables, EBUSY
 *
 * Of unmap:
 *
 * EINVAL	flags, region or offset not 0
 * ENOENT	an address is not mapped
 *
 * An op whose status is not 0 changed nothing; but for EIO.
 */
struct xen_pviommu_op {
	__u16 op;		/* IN  XEN_PVIOMMU_OP_* */
	__u16 flags;		/* IN  map: XEN_PVIOMMU_READ, _WRITE; unmap: 0 */
	__u32 region;		/* IN  map: its id; unmap: 0 */
	__aligned_u64 iova;	/* IN  first bus address */
	__aligned_u64 offset;	/* IN  map: from the region's start; unmap: 0 */
	__aligned_u64 size;	/* IN  bytes */
	__s32 status;		/* OUT 0 or a negative errno; IN ignored */
	__u32 pad0;		/* IN  0 */
};

/*
 * The ops are carried out in order. When an unmap has status 0 no device
 * reaches the memory any more. The ioctl returns how many ops have a status
 * that is not 0; or an error:
 *
 * E2BIG	nr is over max_ops: nothing was done
 * EFAULT	the array can't be read, or not written: nothing was done, unless
 *		it was unmapped meanwhile, which loses the statuses
 * ENOMEM, EINTR nothing was done
 *
 * It is the command of IORING_OP_URING_CMD as well: cmd_op is
 * XEN_PVIOMMU_IOC_OPS, and this structure is the 16 bytes of cmd.
 */
struct xen_pviommu_ops {
	__aligned_u64 ops;	/* IN  address of an array of struct xen_pviommu_op */
	__u32 nr;		/* IN  how many, up to max_ops */
	__u32 pad0;		/* IN  0 */
};

#define XEN_PVIOMMU_IOC_INFO	   _IOR(0xd8, 0, struct xen_pviommu_info)
#define XEN_PVIOMMU_IOC_WINDOW	   _IOWR(0xd8, 1, struct xen_pviommu_window)
#define XEN_PVIOMMU_IOC_REGION_ADD _IOWR(0xd8, 2, struct xen_pviommu_region)
#define XEN_PVIOMMU_IOC_REGION_DEL _IOW(0xd8, 3, struct xen_pviommu_region_del)
#define XEN_PVIOMMU_IOC_OPS	   _IOWR(0xd8, 4, struct xen_pviommu_ops)

#endif /* _UAPI_XEN_PVIOMMU_H */
