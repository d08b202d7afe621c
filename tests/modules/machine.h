/* SPDX-License-Identifier: GPL-2.0-only */
/* Machine frames unknown to Linux, and a domain to give them to. */
#ifndef TEST_MACHINE_H
#define TEST_MACHINE_H

#include <linux/types.h>

#define SELF		0x7ff0	/* DOMID_SELF */

u64 frames_get(unsigned int order);
int frames_put(u64 mfn, unsigned int order);
long frames_owned(void);
int frame_pin_l1(u64 mfn, bool pin);

int domain_make(u64 kib);
int domain_destroy(u16 domid);
u64 domain_frame(u16 domid);

#endif /* TEST_MACHINE_H */
