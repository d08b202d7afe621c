#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# xen_pviommu as a part of the kernel: the module starts before the drivers, and the
# boot options have the effect of docs/boot-options.md.
set -u
. "$(dirname "$0")/lib.sh"

build() { "$TESTS/vm/small-kernel" builtin "$TEST_LOG" >"$TEST_LOG/build.log" 2>&1 || { tail -n 20 "$TEST_LOG/build.log"; return 1; }; }

# Functions of System.map, which runs initcalls by address, in the order.
initcalls() { sort "$TEST_LOG/System.map" | sed -nE "s/.*__initcall__.*_($1)(rootfs|[0-9]s?)\$/\\1/p" | xargs; }

# boot NAME ARGUMENTS SCRIPT [ARGUMENT]...
boot() { vm_test "$1" --kernel "$TEST_LOG/bzImage" --linux-args "$2" --qemu-args "$DEVICES" -- "${@:3}"; }

ok 'the kernel builds' build
# BARs without an address from firmware must have their places before the windows.
is 'the module starts behind PCI and before the drivers' \
    "$(initcalls 'pcibios_assign_resources|pnp_system_init|acpi_reserve_resources|pviommu_init|nvme_init|e1000_init_module')" \
    'pnp_system_init pcibios_assign_resources acpi_reserve_resources pviommu_init nvme_init e1000_init_module'

nic_pair e1000e
nvme
boot strict xen_pviommu=strict drivers.sh strict 'nic:e1000e disk:nvme' ''
boot static xen_pviommu=static drivers.sh static 'nic:e1000e disk:nvme' ''
boot parameters 'xen_pviommu.mode=strict xen_pviommu.isolate=1' builtin.sh strict active 1 'host map dropped'
boot off xen_pviommu=off builtin.sh off off 0 ''
boot wrong xen_pviommu=sometimes builtin.sh strict active 0 'xen_pviommu=sometimes is not a mode: strict it is$'
done_testing
