/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#include <linux/minmax.h>
#include <linux/percpu.h>

#define for_each_online_cpu(cpu)   for_each_possible_cpu(cpu)
#define num_online_cpus() NR_CPUS
