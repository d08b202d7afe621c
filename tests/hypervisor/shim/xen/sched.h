/* SPDX-License-Identifier: GPL-2.0-only */
/* Domains and vCPUs, as much of them as iommu_op looks at. */
#pragma once
#include <xen/iommu.h>

#define DOMID_SELF 0x7ff0u
#define MAX_VIRT_CPUS 8192u

struct domain {
    domid_t domain_id;
    unsigned int max_vcpus;
    bool pv, hardware, dead;
    int locks; /* rcu_lock_domain() without its unlock */
    struct domain_iommu iommu;
};

struct vcpu {
    unsigned int vcpu_id;
    struct domain *domain;
};

struct vcpu *shim_current(void);
#define current shim_current()
#define dom_iommu(d)            (&(d)->iommu)
#define is_pv_domain(d)         ((d)->pv)
#define is_hardware_domain(d)   ((d)->hardware)
/* As hardware_dom= names it. */
extern domid_t hardware_domid;
#define domain_tot_pages(d)     ((void)(d), total_pages)
#define is_iommu_enabled(d)     ((d)->iommu.enabled)
#define need_iommu_pt_sync(d)   ((d)->iommu.need_sync)

struct domain *rcu_lock_domain(struct domain *d);
struct domain *rcu_lock_domain_by_id(domid_t id);
void rcu_unlock_domain(struct domain *d);
bool hypercall_preempt_check(void);
bool general_preempt_check(void);

extern struct domain *dom_io;
