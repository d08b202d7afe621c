/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * iommu_op.h: shared by the files of the PV-IOMMU hypercall.
 *
 * A BFN's entry lives in a leaf table of its claim. Its states, and who may
 * change them (always by a compare and exchange, or as its only owner):
 *
 *           map                 unmap
 *   free ---------> mapped ---------------> pending(tag of the vCPU)
 *    ^                |                          |
 *    |                | unmap, deferred          | after the batch's flush:
 *    |                v       flush              | references are dropped
 *    |             pending(0) -----> pending(tag)|
 *    +-------------------------------------------+
 *
 * Only the vCPU of a pending entry's tag may settle the entry. So no vCPU
 * frees an entry by another vCPU's earlier flush.
 *
 * A map that yields has two more states, for the removal by Xen:
 *
 *   mapped ---> pending(TAG_REVOKE) ---> yielded ---> as if mapped: unmap
 *          the frame's use changes    after the flush
 *
 * The op revoke makes any map yielded, by way of pending(tag of the vCPU).
 */
#ifndef __X86_PV_IOMMU_OP_H__
#define __X86_PV_IOMMU_OP_H__

#include <xen/domain_page.h>
#include <xen/iommu.h>
#include <xen/mm.h>
#include <xen/rwlock.h>
#include <xen/sched.h>
#include <xen/spinlock.h>
#include <public/iommu_op.h>

/*
 * An entry has the hardware's format while mapped: a leaf table is an array of
 * entries. Both formats have the address in bits 12-51.
 *
 *             0   1   2-4    5-11   52-58  59-61  62  63
 *   VT-d      R   W   0      SNP    0      kind   0   0
 *   AMD-Vi    PR  0   kind   0      0      FC IR  IW  0
 *   pending   0   0   kind   tag    tag    kind   0   1
 *
 * With ENTRY_PRESENT clear the hardware ignores the whole entry. QEMU 7.2
 * grants IR and IW without PR, so they are then 0 on AMD-Vi. The contiguity
 * markers of the generic code do not live in leaf tables of claims.
 */
#define ENTRY_PRESENT   3ULL
#define ENTRY_PENDING   (1ULL << 63)
#define ENTRY_ADDRESS   (PADDR_MASK & PAGE_MASK)

/* The first bit of an entry's kind: iommu_leaf_info.kind_shift. */
#define KIND_LOW        2
#define KIND_HIGH       59

/* The kind: what holds the frame. No reference and no yield: device memory. */
#define KIND_TYPED      1U /* a writable type reference */
#define KIND_REF        2U /* a page reference */
#define KIND_YIELD      4U /* nothing: RAM whose map yields */
#define KIND_MASK       7U

/* A page reference on another domain's page, which a device may write. */
#define KIND_FOREIGN    (KIND_REF | KIND_YIELD)

/* The map has yielded: the BFN is not free, and maps nothing. */
#define KIND_YIELDED    (KIND_TYPED | KIND_YIELD)

static inline uint64_t kind_bits(unsigned int kind, unsigned int shift)
{
    return (uint64_t)kind << shift;
}

/* A pending entry's tag: 7 bits in 5-11, and 7 in 52-58. */
#define TAG_LOW_BITS    7
#define TAG_LOW_MASK    ((1U << TAG_LOW_BITS) - 1)
#define TAG_LOW_SHIFT   5
#define TAG_HIGH_SHIFT  52
#define TAG_MASK        (((uint64_t)TAG_LOW_MASK << TAG_LOW_SHIFT) | \
                         (0x7fULL << TAG_HIGH_SHIFT))

/* The pending bits of an entry: with a tag, or with none. */
#define PENDING_DEFERRED ENTRY_PENDING

static inline uint64_t pending_bits(unsigned int tag)
{
    return ENTRY_PENDING |
           ((uint64_t)(tag & TAG_LOW_MASK) << TAG_LOW_SHIFT) |
           ((uint64_t)(tag >> TAG_LOW_BITS) << TAG_HIGH_SHIFT);
}

/*
 * No vCPU's, except for the last two bits, which are the former access: the
 * revoker of the frame settles the entry.
 */
#define TAG_REVOKE      0x3ffcU

/* One tag a vCPU; 0 means deferred. */
static inline unsigned int vcpu_tag(const struct vcpu *v)
{
    BUILD_BUG_ON(MAX_VIRT_CPUS >= TAG_REVOKE);

    return v->vcpu_id + 1;
}

static inline bool entry_is_pending(uint64_t entry, uint64_t pending)
{
    return (entry & (ENTRY_PENDING | ENTRY_PRESENT | TAG_MASK)) == pending;
}

/* The access that an op's flags give. */
#define ACCESS_MASK     (XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write)

static inline bool entry_is_revoking(uint64_t entry)
{
    return entry_is_pending(entry & ~((uint64_t)ACCESS_MASK << TAG_LOW_SHIFT),
                            pending_bits(TAG_REVOKE));
}

static inline mfn_t entry_mfn(uint64_t entry)
{
    return maddr_to_mfn(entry & ENTRY_ADDRESS);
}

#define LEAF_FRAMES XEN_IOMMUOP_CLAIM_FRAMES

struct iommu_op_claim;

/* The leaf table of 512 BFNs; absent until the first map in them. */
struct iommu_op_leaf {
    uint64_t *entry;            /* mapped while the table exists */
    uint64_t *link;             /* see iommu_op_yield.h; absent until needed */
    struct iommu_op_claim *claim; /* set before the table is */
    atomic_t used;              /* entries in use */
};

struct iommu_op_claim {
    uint64_t bfn;
    unsigned int nr;
    bool in_host;               /* made where the host map was */
    spinlock_t attach_lock;     /* allocation of leaf tables, and of links */
    unsigned long **watch;      /* the guest's pages of bits; or NULL */
    struct iommu_op_leaf leaf[];
};

struct iommu_op_rmap;

struct iommu_op_reserved {
    uint64_t bfn, nr;
    uint32_t type;
};

enum host_map {
    HOST_present,
    HOST_dropping,              /* between present and dropped, or failed */
    HOST_dropped,
    HOST_restoring,             /* between dropped and present, or failed */
};

struct iommu_op_batch;

/* A domain, by its pages' owner. */
typedef typeof(((struct page_info *)NULL)->v.inuse._domain) iommu_op_owner_t;

/* Per domain, made by its first op. Never freed: the hardware domain stays. */
struct iommu_op_domain {
    /*
     * read: map, unmap, flush, from the first op of a batch to its flush.
     * write: changes of claims or the host map; and, without leaf tables
     * of iommu_op's own, everything.
     */
    percpu_rwlock_t lock;

    unsigned int nr_claims;
    struct iommu_op_claim *claim[XEN_IOMMUOP_MAX_CLAIMS];
    uint64_t epoch;             /* of them: moves on when a leaf table goes */

    unsigned int max_tables;
    atomic_t tables;

    struct iommu_op_rmap *rmap; /* absent until the first watch op */
    percpu_rwlock_t rmap_lock;  /* read: iommu_op_revoke(); write: removal */
    atomic_t yielded;           /* entries that are ENTRY_YIELDED */

    /* See struct iommu_leaf_info. */
    unsigned int bfn_bits;
    unsigned int flush_added;
    unsigned int kind_shift;
    uint64_t kept;              /* of an entry that becomes pending */
    uint64_t gone;              /* an entry that has yielded */
    /* Entries by their access, but for their addresses: without a kind, */
    uint64_t access[ACCESS_MASK + 1];
    uint64_t yielding[ACCESS_MASK + 1]; /* and with KIND_YIELD */
    bool direct;                /* leaf tables, not shadows of them */

    enum host_map host;         /* query reads it without the lock */
    unsigned long host_next;    /* next pdx of a drop or a restore */
    unsigned int host_flush;    /* IOMMU_FLUSHF_*: its flush is still due */

    /* A preempted claim goes on here; NO_CLAIM: none. */
#define NO_CLAIM (~0ULL)
    uint64_t claim_bfn, claim_next;

    unsigned int nr_reserved;
    struct iommu_op_reserved *reserved;

    unsigned int nr_vcpus;
    struct iommu_op_batch *batch[]; /* by vCPU; NULL before its first op */
};

static inline unsigned int entry_kind(const struct iommu_op_domain *pv,
                                      uint64_t entry)
{
    return (entry >> pv->kind_shift) & KIND_MASK;
}

static inline uint64_t entry_with_kind(const struct iommu_op_domain *pv,
                                       uint64_t entry, unsigned int kind)
{
    return (entry & ~kind_bits(KIND_MASK, pv->kind_shift)) |
           kind_bits(kind, pv->kind_shift);
}

static inline uint64_t entry_pending(const struct iommu_op_domain *pv,
                                     uint64_t entry, uint64_t pending)
{
    return (entry & pv->kept) | pending;
}

/* Not free, and no vCPU is about to free the entry. */
static inline bool entry_is_mapped(const struct iommu_op_domain *pv,
                                   uint64_t entry)
{
    return (entry & ENTRY_PRESENT) || entry == pv->gone ||
           entry_is_revoking(entry);
}

/* The access by a present entry. */
static inline unsigned int entry_access(const struct iommu_op_domain *pv,
                                        uint64_t entry)
{
    unsigned int access = ACCESS_MASK;

    /* Of the others, none has all bits of the full one. */
    while ( access && (entry & pv->access[access]) != pv->access[access] )
        access--;

    return access;
}

/* The pending bits during a removal. */
static inline uint64_t revoking_bits(const struct iommu_op_domain *pv,
                                     uint64_t entry)
{
    return pending_bits(TAG_REVOKE | entry_access(pv, entry));
}

static inline uint64_t entry_unrevoked(const struct iommu_op_domain *pv,
                                       uint64_t entry)
{
    return (entry & pv->kept) |
           pv->access[(entry >> TAG_LOW_SHIFT) & ACCESS_MASK];
}

DECLARE_PERCPU_RWLOCK_GLOBAL(iommu_op_rwlock);
DECLARE_PERCPU_RWLOCK_GLOBAL(iommu_op_rmap_rwlock);

static inline bool iommu_op_ranges_overlap(uint64_t bfn, uint64_t nr,
                                           uint64_t first, uint64_t n)
{
    return bfn < first + n && first < bfn + nr;
}

/* Claims start and end anywhere within a watch page's bits. */
static inline unsigned int iommu_op_watch_index(const struct iommu_op_claim *c,
                                                uint64_t bfn)
{
    return bfn / XEN_IOMMUOP_WATCH_FRAMES - c->bfn / XEN_IOMMUOP_WATCH_FRAMES;
}

/* iommu_op_domain.c */
struct iommu_op_batch *iommu_op_batch_make(const struct vcpu *v);
void iommu_op_limits(struct domain *d, struct xen_iommu_op_query *q);
int iommu_op_query_reserved(const struct iommu_op_domain *pv,
                            struct xen_iommu_op_reserved *r);
void iommu_op_usage(const struct iommu_op_domain *pv,
                    struct xen_iommu_op_usage *u);

/* iommu_op_leaf.c */
struct iommu_op_claim *iommu_op_find_claim(const struct iommu_op_domain *pv,
                                           uint64_t bfn, unsigned int nr);
bool iommu_op_is_claimed(const struct iommu_op_domain *pv, uint64_t bfn,
                         uint64_t nr);
int iommu_op_flush_result(int rc);
int iommu_op_flush_all(struct domain *d, unsigned int flags);
void iommu_op_put_table(struct domain *d, const struct iommu_op_domain *pv,
                        uint64_t *entry, struct page_info *table, uint64_t bfn);
uint64_t *iommu_op_links_get(struct iommu_op_leaf *leaf);
int iommu_op_leaves_get(struct domain *d, struct iommu_op_domain *pv,
                        struct iommu_op_claim *c, uint64_t bfn,
                        unsigned int nr);

/* iommu_op_claim.c */
int iommu_op_claim(struct domain *d, struct iommu_op_domain *pv,
                   const struct xen_iommu_op_range *r);
int iommu_op_release(struct iommu_op_batch *b,
                     const struct xen_iommu_op_range *r, bool unmap);

/* iommu_op_host.c */
bool iommu_op_host_overlaps(const struct xen_iommu_op_range *r);
int iommu_op_host_flush(struct domain *d, struct iommu_op_domain *pv);
int iommu_op_host_drop(struct domain *d, struct iommu_op_domain *pv);
int iommu_op_host_restore(struct domain *d, struct iommu_op_domain *pv);

/* iommu_op_device.c */
int iommu_op_query_device(struct domain *d, struct xen_iommu_op_device *q);

/* iommu_op_page.c */
int iommu_op_get_ram(const struct domain *owner, uint64_t mfn, bool typed);
int iommu_op_get_frame(const struct domain *d, const struct domain *owner,
                       uint64_t mfn, unsigned int kind, unsigned int access);
int iommu_op_lock_owner(struct domain *d, domid_t domid, struct domain **owner);
unsigned int iommu_op_foreign_kind(unsigned int kind, unsigned int access,
                                   const struct domain *owner);
void iommu_op_put_held(struct iommu_op_domain *pv, uint64_t entry);

/* iommu_op_yield.c */
void iommu_op_put_entry(struct iommu_op_domain *pv, uint64_t entry,
                        struct iommu_op_leaf *leaf, unsigned int index);

/* iommu_op_watch.c */
int iommu_op_watch(struct domain *d, struct iommu_op_domain *pv,
                   const struct xen_iommu_op_watch *w);
void iommu_op_unwatch(struct iommu_op_claim *c);
bool iommu_op_rmap_clear(struct iommu_op_domain *pv);

#endif /* __X86_PV_IOMMU_OP_H__ */

/*
 * Local variables:
 * mode: C
 * c-file-style: "BSD"
 * c-basic-offset: 4
 * tab-width: 4
 * indent-tabs-mode: nil
 * End:
 */
