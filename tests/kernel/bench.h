/* SPDX-License-Identifier: GPL-2.0-only */
/* Between bench.cpp and bench_pairs.c, which is compiled as the kernel's files are. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif
void bench_init(void);
void bench_on_cpu(unsigned int cpu);
void bench_pviommu(unsigned int order, unsigned long pairs);
void bench_linux_iova(unsigned int order, unsigned long pairs);
unsigned long bench_shared_locks(void);
extern unsigned long shim_shared_locks;
#ifdef __cplusplus
}
#endif
