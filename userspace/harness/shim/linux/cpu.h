/* SPDX-License-Identifier: GPL-2.0-only */
/* While it is held no CPU comes or goes. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif
void cpus_read_lock(void);
void cpus_read_unlock(void);
#ifdef __cplusplus
}
#endif
