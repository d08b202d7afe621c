/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * abi_attack: the hypercall under attack from dom0's kernel. Each group of
 * attacks is a file in debugfs.
 */
#ifndef ABI_ATTACK_H
#define ABI_ATTACK_H

#include <linux/types.h>
#include <public/iommu_op.h>
#include "../machine.h"
#include "../tap.h"

#define LEAF		XEN_IOMMUOP_CLAIM_FRAMES
#define MAX_OPS		XEN_IOMMUOP_MAX_OPS
#define RW		(XEN_IOMMUOP_MAP_read | XEN_IOMMUOP_MAP_write)
#define RO		XEN_IOMMUOP_MAP_read

/* A value that no hypercall writes as a status: the op was not reached. */
#define UNTOUCHED	0x5a5a5a5a

/* main.c: where the attacks take place, far above any memory */
extern u64 abi_base;
extern struct xen_iommu_op_query abi_query;
extern int abi_expect;
extern int abi_why;

/* calls.c: the hypercall, and the making of ops */
long abi_call(struct xen_iommu_op *ops, unsigned int count);
int abi_one(struct xen_iommu_op op);
struct xen_iommu_op op_map(u64 bfn, u64 mfn, u32 nr, u16 flags);
struct xen_iommu_op op_range(u16 op, u64 bfn, u32 nr, u16 flags);
struct xen_iommu_op op_bare(u16 op);
struct xen_iommu_op op_device(u16 seg, u8 bus, u8 devfn);
struct xen_iommu_op op_watch(u64 bfn, u64 mfn, u32 nr);
int do_claim(u64 bfn, u32 nr);
int do_release(u64 bfn, u32 nr);
int do_map(u64 bfn, u64 mfn, u32 nr, u16 flags);
int do_unmap(u64 bfn, u32 nr);
int do_list(u64 bfn, const u64 *mfns, u32 nr, u16 flags);
struct xen_iommu_op_usage abi_usage(void);
bool abi_host_map(void);

/* calls.c: frames that are not the caller's, or not to be written */
u64 frame_of_xen(void);
u64 frame_of_m2p(void);
u64 frame_of_shared_info(void);
u64 frame_of_pte_page(void);
u64 frame_of_gdt(void);

/* the groups */
void abi_refused(struct tap *tap);	/* fields.c */
void abi_fields(struct tap *tap);
void abi_handles(struct tap *tap);
void abi_claims(struct tap *tap);	/* claims.c */
void abi_tables(struct tap *tap);
void abi_frames(struct tap *tap);	/* frames.c */
void abi_mmio(struct tap *tap);
void abi_foreign(struct tap *tap);	/* foreign.c */
void abi_batch(struct tap *tap);	/* batch.c */
void abi_list(struct tap *tap);		/* list.c */
void abi_refs(struct tap *tap);		/* refs.c */
void abi_defer(struct tap *tap);
void abi_yield(struct tap *tap);	/* yield.c */
void abi_hostmap(struct tap *tap);	/* hostmap.c */
void abi_interrupt(struct tap *tap);	/* interrupt.c */
void abi_race(struct tap *tap);		/* race.c */
void abi_hotadd(struct tap *tap);	/* hotadd.c */
void abi_bounds(struct tap *tap);	/* bounds.c */

#endif
