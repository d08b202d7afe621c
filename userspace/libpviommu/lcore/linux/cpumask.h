/* SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause */
/* Each lcore is online. */
#pragma once
#include <linux/percpu.h>

#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu)
