/* SPDX-License-Identifier: GPL-2.0-only */
/* Per-CPU variables: an array, indexed by the thread's simulated CPU. */
#pragma once

#define NR_CPUS 8
unsigned int smp_processor_id(void);

#define DEFINE_PER_CPU(type, name)  __typeof__(type) per_cpu__##name[NR_CPUS]
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) per_cpu__##name[NR_CPUS]
#define this_cpu(name)              per_cpu__##name[smp_processor_id()]
#define get_per_cpu_var(name)       per_cpu__##name
