/* Allocations, each of which the test may fail. The real xzalloc comes by mm.h's company. */
#pragma once
#include <xen/types.h>

void *shim_zalloc(size_t size);
void shim_free(void *p);
#define vzalloc(size) shim_zalloc(size)
#define vfree(p)      shim_free(p)
#define xzalloc(type) ((type *)shim_zalloc(sizeof(type)))
#define xfree(p)      shim_free(p)
