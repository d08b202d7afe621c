/* SPDX-License-Identifier: MIT */
/*
 * iommu_op: a PV hardware domain edits its own IOMMU map (BFN -> MFN).
 *
 *   long HYPERVISOR_iommu_op(struct xen_iommu_op *ops, unsigned int count);
 *
 * An array of different operations, each with a status of its own. The words:
 *
 *   BFN  the frame number on a device's bus: Xen's DFN
 *   MFN  a machine frame
 *   host map  BFN == MFN for all RAM, which Xen set up when it built dom0
 *
 * The page iommu-op.md is the reference; the rules in short:
 *
 *  - The call returns 0 when every op has its status. -E2BIG (count is over
 *    the limit), -EFAULT (ops can't be read or written): see the reference.
 *  - Ops are carried out in order. An op that fails changes nothing, and does
 *    not stop later ops.
 *  - Every unused field, every padding and every unknown flag of an op must be
 *    0: -EINVAL.
 *  - map and unmap touch only BFNs inside a claim of the caller.
 *  - An unmap has status 0 only once the IOTLB has forgotten the BFN, unless
 *    the op has the flag UNMAP_defer.
 *
 * This header is the only definition of the interface: hypervisor, kernel and
 * userspace include this very file.
 */
#ifndef __XEN_PUBLIC_IOMMU_OP_H__
#define __XEN_PUBLIC_IOMMU_OP_H__

/* The next free number in Xen 4.17 and 4.20, as in the 2018 series. */
#ifdef __XEN__
#include "xen.h"
#endif
#ifndef __HYPERVISOR_iommu_op
#define __HYPERVISOR_iommu_op 43
#endif

/* Of Xen's headers for 32-bit callers. */
#ifndef uint64_aligned_t
#define uint64_aligned_t uint64_t
#endif

/*
 * Others have used the number with other shapes. query has no side effect;
 * only this magic in its answer says that the rest of this file holds.
 */
#define XEN_IOMMUOP_MAGIC           0x554d4f49 /* "IOMU" */
#define XEN_IOMMUOP_VERSION         5

/* One page holds a whole batch: 128 ops of 32 bytes are 4096 bytes. */
#define XEN_IOMMUOP_MAX_OPS         128

/*
 * Limit of the frames of a map, unmap, flush or revoke: 8 MiB. The limit bounds
 * the time between two looks at pending work, as Xen preempts a batch only
 * between ops.
 */
#define XEN_IOMMUOP_MAX_FRAMES      2048

/*
 * A drop or restore goes through up to MAX_FRAMES frames of the host map; fewer
 * at the map's end, or if Xen has other work to do. Xen looks for other work
 * after at least this many frames.
 */
#define XEN_IOMMUOP_LEAST_PIECE     512

/* Claims start and end on a multiple of this: one leaf table, 2 MiB. */
#define XEN_IOMMUOP_CLAIM_FRAMES    512

/* 64 GiB a claim, 64 claims. */
#define XEN_IOMMUOP_MAX_CLAIM       (1u << 24)
#define XEN_IOMMUOP_MAX_CLAIMS      64

/* xen_iommu_op.op; ops of the 2018 series keep their numbers. */
#define XEN_IOMMUOP_query_reserved  1
#define XEN_IOMMUOP_map             2
#define XEN_IOMMUOP_unmap           3
#define XEN_IOMMUOP_flush           4
#define XEN_IOMMUOP_query           5
#define XEN_IOMMUOP_claim           6
#define XEN_IOMMUOP_release         7
#define XEN_IOMMUOP_drop_host_map   8
#define XEN_IOMMUOP_restore_host_map 9
#define XEN_IOMMUOP_usage           10
#define XEN_IOMMUOP_map_list        11
#define XEN_IOMMUOP_query_device    12
#define XEN_IOMMUOP_watch           13
#define XEN_IOMMUOP_revoke          14
#define XEN_IOMMUOP_OPS             15 /* numbers, from 1: all below it */

/*
 * map_list names its frames one by one. Their MFNs stand in the array's next
 * slots; those hold no op, and have no status.
 */
#define XEN_IOMMUOP_LIST_MFNS       4 /* a slot: all of its 32 bytes */
#define XEN_IOMMUOP_MAX_LIST \
    ((XEN_IOMMUOP_MAX_OPS - 1) * XEN_IOMMUOP_LIST_MFNS)

/* xen_iommu_op.flags of map and map_list: at least one of the first two. */
#define XEN_IOMMUOP_MAP_read        (1u << 0)
#define XEN_IOMMUOP_MAP_write       (1u << 1)
/* The frames are MMIO that the caller may access; no reference. Of map only. */
#define XEN_IOMMUOP_MAP_mmio        (1u << 2)
/*
 * The caller's own RAM, and the map holds no reference: the map yields. The
 * frame may become something else than an ordinary writable page of the
 * caller's: a page table, or nothing of the caller's at all. Xen first takes
 * the map from the devices, and sets the BFN's bit in the page of the watch op.
 * The BFN is in use until its unmap, which has status 0.
 */
#define XEN_IOMMUOP_MAP_yield       (1u << 3)

/*
 * xen_iommu_op.status of a map or map_list with MAP_yield: the op is done, but
 * some of its frames are held by a reference until the unmap, as if without the
 * flag.
 */
#define XEN_IOMMUOP_STATUS_held     1

/*
 * watch: number of BFNs with a bit in the same page. BFN b has bit b %
 * WATCH_FRAMES, as in an array of 64-bit words, of the page for b /
 * WATCH_FRAMES.
 */
#define XEN_IOMMUOP_WATCH_FRAMES    32768

/* xen_iommu_op.flags of unmap: a later flush settles it. */
#define XEN_IOMMUOP_UNMAP_defer     (1u << 0)

/* xen_iommu_op.flags of release: unmap first all BFNs still mapped. */
#define XEN_IOMMUOP_RELEASE_unmap   (1u << 0)

/* xen_iommu_op.u.query.why: why all ops but query are refused; their status. */
#define XEN_IOMMUOP_WHY_ok          0 /* no op is refused */
#define XEN_IOMMUOP_WHY_xsm         1 /* -EPERM: XSM does not allow it */
#define XEN_IOMMUOP_WHY_not_pv      2 /* -EPERM: not a PV hardware domain */
#define XEN_IOMMUOP_WHY_no_iommu    3 /* -EOPNOTSUPP: no IOMMU for the domain */
#define XEN_IOMMUOP_WHY_passthrough 4 /* -EOPNOTSUPP: DMA is not translated */
#define XEN_IOMMUOP_WHY_maintained  5 /* -EACCES: Xen maintains the map */
#define XEN_IOMMUOP_WHY_driver      6 /* -EOPNOTSUPP: of the IOMMU's driver */

/* xen_iommu_op.u.query.caps */
#define XEN_IOMMUOP_CAP_host_map    (1u << 0) /* the host map stands, whole */
#define XEN_IOMMUOP_CAP_leaf        (1u << 1) /* leaf tables, not shadows */
#define XEN_IOMMUOP_CAP_yield       (1u << 2) /* MAP_yield, watch, revoke */

/* xen_iommu_op.u.device.why: the reason for the status -ENODEV. */
#define XEN_IOMMUOP_DEVICE_ok       0 /* its DMA is translated: status 0 */
#define XEN_IOMMUOP_DEVICE_unknown  1 /* Xen has not been told of the device */
#define XEN_IOMMUOP_DEVICE_no_unit  2 /* in the scope of no IOMMU unit */
#define XEN_IOMMUOP_DEVICE_unit_off 3 /* its unit does not translate */
#define XEN_IOMMUOP_DEVICE_other_table 4 /* blocked, or another table's */

/* xen_iommu_op.u.reserved.type */
#define XEN_IOMMUOP_RESERVED_msi    1 /* the interrupt address range */
#define XEN_IOMMUOP_RESERVED_rmrr   2 /* mapped 1:1 for firmware's devices */

struct xen_iommu_op_map {
    uint16_t ctx;         /* IN  0: the caller's own, the only context */
    uint16_t domid;       /* IN  whose frames: DOMID_SELF, or a domain's id */
    uint32_t nr;          /* IN  1 .. MAX_FRAMES: BFNs and MFNs ascend */
    uint64_aligned_t bfn; /* IN  first */
    uint64_aligned_t mfn; /* IN  first */
};

/*
 * watch: pages in which Xen sets the bits of BFNs whose maps yielded, for the
 * claim that covers bfn. The first page is for bfn / WATCH_FRAMES; the other
 * pages follow, and each has BFNs of the claim. Xen sets bits, the caller
 * clears them. The pages are held until the claim is released.
 */
struct xen_iommu_op_watch {
    uint16_t ctx;         /* IN  0 */
    uint16_t pad0;        /* IN  0 */
    uint32_t nr;          /* IN  number of pages, whose MFNs ascend by 1 */
    uint64_aligned_t bfn; /* IN  a BFN of the first page */
    uint64_aligned_t mfn; /* IN  the first page: the caller's, writable */
};

/* map_list: the caller's own RAM, behind BFNs that ascend by 1. */
struct xen_iommu_op_list {
    uint16_t ctx;          /* IN  0 */
    uint16_t pad0;         /* IN  0 */
    uint32_t nr;           /* IN  1 .. MAX_LIST, 4 a slot behind the op */
    uint64_aligned_t bfn;  /* IN  first */
    uint64_aligned_t pad1; /* IN  0 */
};

/*
 * unmap, flush, claim, release; and revoke: devices lose the mapped BFNs of the
 * range. These are in use until their unmap, which has status 0, as if their
 * maps had yielded; but no bit is set. Other BFNs stay as they are.
 */
struct xen_iommu_op_range {
    uint16_t ctx;          /* IN  0 */
    uint16_t pad0;         /* IN  0 */
    uint32_t nr;           /* IN  number of BFNs */
    uint64_aligned_t bfn;  /* IN  first */
    uint64_aligned_t pad1; /* IN  0 */
};

/* drop_host_map, restore_host_map */
struct xen_iommu_op_none {
    uint64_aligned_t pad[3]; /* IN  0 */
};

struct xen_iommu_op_query {
    uint32_t magic;        /* OUT XEN_IOMMUOP_MAGIC;    IN 0, as all below */
    uint16_t version;      /* OUT XEN_IOMMUOP_VERSION */
    uint16_t max_ops;      /* OUT ops a call */
    uint32_t caps;         /* OUT XEN_IOMMUOP_CAP_* */
    uint32_t max_frames;   /* OUT frames a map, unmap or flush */
    uint8_t  why;          /* OUT XEN_IOMMUOP_WHY_* */
    uint8_t  bfn_bits;     /* OUT BFNs are below 1 << bfn_bits */
    uint16_t claim_frames; /* OUT claims are multiples of this */
    uint32_t max_tables;   /* OUT limit of the caller's leaf tables */
};

struct xen_iommu_op_reserved {
    uint32_t index;       /* IN  0, 1, ... until the status is -ENOENT */
    uint32_t type;        /* OUT XEN_IOMMUOP_RESERVED_*; IN 0, as below */
    uint64_aligned_t bfn; /* OUT first */
    uint64_aligned_t nr;  /* OUT number of BFNs */
};

/* query_device: does the caller's table translate all DMA of a PCI device? */
struct xen_iommu_op_device {
    uint16_t seg;             /* IN  PCI segment */
    uint8_t  bus;             /* IN */
    uint8_t  devfn;           /* IN */
    uint8_t  why;             /* OUT XEN_IOMMUOP_DEVICE_*;        IN 0 */
    uint8_t  pad0[3];         /* IN  0 */
    uint64_aligned_t pad1[2]; /* IN  0 */
};

struct xen_iommu_op_usage {
    uint32_t claims;          /* OUT number of claims; IN 0, as all below */
    uint32_t tables;          /* OUT leaf tables */
    uint64_aligned_t mapped;  /* OUT BFNs in use: mapped, yielded, or waiting */
    uint64_aligned_t yielded; /* OUT of these: yielded or revoked */
};

struct xen_iommu_op {
    uint16_t op;     /* IN  XEN_IOMMUOP_* */
    uint16_t flags;  /* IN  flags of that op */
    int32_t  status; /* OUT 0, a negative errno, or STATUS_held; IN ignored */
    union {
        struct xen_iommu_op_map map;
        struct xen_iommu_op_list list;
        struct xen_iommu_op_watch watch;
        struct xen_iommu_op_range range;
        struct xen_iommu_op_none none;
        struct xen_iommu_op_query query;
        struct xen_iommu_op_reserved reserved;
        struct xen_iommu_op_usage usage;
        struct xen_iommu_op_device device;
    } u;
};

/*
 * Xen's trace buffer, which xentrace reads: class 0x0100f000, TRC_IOMMU.
 *
 * flush: the changed BFNs of a batch are about to leave the IOTLB. batch: a
 * batch has ended, its flush included. Each part of a batch that Xen interrupts
 * and continues counts as a batch. Both records have a time.
 */
#define XEN_IOMMUOP_TRC_batch       0x01001001
#define XEN_IOMMUOP_TRC_flush       0x01001002

struct xen_iommu_op_trc_batch {
    uint32_t slots;    /* in the batch */
    uint32_t done;     /* slots done: fewer than slots if interrupted */
    uint32_t ops;      /* in the slots done */
    uint32_t failed;   /* of the ops */
    uint32_t mapped;   /* frames, by ops that did not fail */
    uint32_t unmapped;
    uint32_t error;    /* of the first failed op, as a positive errno */
};

struct xen_iommu_op_trc_flush {
    uint32_t runs;     /* of neighbouring frames; 0: the whole domain */
    uint32_t frames;   /* in them */
    uint32_t waiting;  /* waiting unmaps; neighbours count as one */
};

#ifdef __XEN__
typedef struct xen_iommu_op xen_iommu_op_t;
DEFINE_XEN_GUEST_HANDLE(xen_iommu_op_t);
#endif

#endif /* __XEN_PUBLIC_IOMMU_OP_H__ */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
