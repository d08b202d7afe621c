/* SPDX-License-Identifier: GPL-2.0-only */
/* No CPU comes or goes under this lock. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif
void cpus_read_lock(void);
void cpus_read_unlock(void);
#ifdef __cplusplus
}
#endif
