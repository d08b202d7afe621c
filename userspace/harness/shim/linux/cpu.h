/* Whoever holds it sees no CPU come or go, nor one half way. */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif
void cpus_read_lock(void);
void cpus_read_unlock(void);
#ifdef __cplusplus
}
#endif
