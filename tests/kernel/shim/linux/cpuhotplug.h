/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/types.h>

enum cpuhp_state {
    CPUHP_INVALID = 0,
    CPUHP_IOMMU_IOVA_DEAD = 1,
    CPUHP_BP_PREPARE_DYN = 2,
    CPUHP_BP_PREPARE_DYN_END = 127,
    CPUHP_AP_ONLINE_DYN = 128,
};

#ifdef __cplusplus
extern "C" {
#endif
int cpuhp_setup_state_nocalls(enum cpuhp_state state, const char *name, int (*up)(unsigned int cpu),
                              int (*dead)(unsigned int cpu));
void cpuhp_remove_state_nocalls(enum cpuhp_state state);
/* The work of a CPU that comes is ignored here. */
int cpuhp_setup_state(enum cpuhp_state state, const char *name, int (*up)(unsigned int cpu),
                      int (*down)(unsigned int cpu));
#ifdef __cplusplus
}
#endif
