/* SPDX-License-Identifier: GPL-2.0-only */
/* Guest memory is the test's memory; each access may fault. The functions return the uncopied rest. */
#pragma once
#include <xen/types.h>

unsigned long shim_copy_from(void *to, const void *from, size_t size);
unsigned long shim_copy_to(void *to, const void *from, size_t size);

#define copy_from_guest_offset(ptr, hnd, off, nr) shim_copy_from(ptr, (hnd).p + (off), sizeof(*(ptr)) * (nr))
#define __copy_to_guest_offset(hnd, off, ptr, nr) shim_copy_to((hnd).p + (off), ptr, sizeof(*(ptr)) * (nr))
#define copy_from_guest(ptr, hnd, nr)     shim_copy_from(ptr, (hnd).p, sizeof(*(ptr)) * (nr))
#define __copy_to_guest(hnd, ptr, nr)      shim_copy_to((hnd).p, ptr, sizeof(*(ptr)) * (nr))
#define __copy_field_to_guest(hnd, ptr, f) shim_copy_to(&(hnd).p->f, &(ptr)->f, sizeof((ptr)->f))
#define guest_handle_add_offset(hnd, nr)  ((hnd).p += (nr))
