// SPDX-License-Identifier: GPL-2.0-only
//
// The end of the section of per-CPU variables: linked last. See percpu.h.
extern "C" {
#include <linux/percpu.h>

__attribute__((section("shim_percpu"), aligned(64))) char shim_percpu_room[NR_CPUS * SHIM_PERCPU_ROOM];
}
