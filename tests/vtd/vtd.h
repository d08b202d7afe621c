/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For tests of Xen's VT-d driver with hypervisor/ applied: a machine's units and
 * its hardware domain, and results. tests/build/vtd.sh makes iommu.h, leaf.h and
 * the missing .c files out of a patched tree.
 */
#pragma once

#include <stdio.h>
#include <string.h>

#include "xen.h"
#include "iommu.h"
#include "leaf.h"

bool iommu_snoop, rwbf_quirk, vmap_fails, lock_is_held;
unsigned int cpu;
struct acpi_drhd_unit drhd_units[2];
unsigned int nr_drhd_units;

/* Devices of the domain are behind unit 0 alone. */
static unsigned long devices_behind = 1;
static const struct iommu_ops ops;
static struct domain dom = {
    .domain_id = 5,
    .iommu.platform_ops = &ops,
    .iommu.arch.vtd = { .agaw = level_to_agaw(4), .iommu_bitmap = &devices_behind },
};

static unsigned int results;

void fail(const char *what)
{
    printf("not ok %u - %s\n1..%u\n", results + 1, what, results + 1);
    exit(1);
}

static void ok(bool good, const char *name)
{
    if ( !good )
        fail(name);
    printf("ok %u - %s\n", ++results, name);
}

static void done(void)
{
    printf("1..%u\n", results);
    exit(0);
}
