#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Xen with iommu_op in other configurations than the test machine's: without HVM, by
# clang, and as an exclusive PV shim, which lacks iommu_op. Each is built and linked
# whole, in objects of its own in the test machine's folders.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"

log=${TEST_LOG:-$root/build/tests/by-hand/xen-configs}
mkdir -p "$log"
"$root/scripts/install-deps" clang >"$log/install.log" 2>&1
"$root/scripts/testbed" build >"$log/build.log" 2>&1 || diag "$(tail "$log/build.log")"
eval "$("$root/scripts/testbed" paths)"
build=$TB_XEN
mkdir -p "$build/configs"
exec {lock}>"$build/configs/lock"
flock "$lock"

# compile NAME MAKE-ARGUMENT...: with the options on stdin.
compile() {
    local object=$build/configs/$1
    mkdir -p "$object"
    cat >"$object/.config.new"
    # An unchanged configuration must keep its time, or everything recompiles.
    if ! cmp -s "$object/.config.new" "$object/.config.was"; then
        cp "$object/.config.new" "$object/.config" &&
            make -C "$build/source/xen" O="$object" "${@:2}" olddefconfig &&
            mv "$object/.config.new" "$object/.config.was" || return
    fi
    make -C "$build/source/xen" O="$object" "${@:2}" -j"$(nproc)"
}

# configuration NAME SETTING [MAKE-ARGUMENT...]: the options on stdin lead to SETTING.
configuration() {
    object=$build/configs/$1
    if compile "$1" "${@:3}" >"$log/$1.log" 2>&1; then pass "$1: it builds"; else fail "$1: it builds" "$(tail -n 20 "$log/$1.log")"; fi
    like "$1: the configuration is as intended" "$(<"$object/.config")" "^$2\$"
    is "$1: no warning" "$(grep -iE 'warning: ' "$log/$1.log")" ''
    # make does not compile a file again after a warning.
    ! grep -qiE 'warning: ' "$log/$1.log" || rm -rf "$object"
}
hypercall() { nm "$object/xen-syms" | grep -cE ' [Tt] (do_)?iommu_op(_|$)'; }

configuration hvm-off '# CONFIG_HVM is not set' < <(cat "$root/hypervisor/xen.config"; echo '# CONFIG_HVM is not set')
cmp_ok 'hvm-off: the hypercall is present' "$(hypercall)" -gt 1
# clang's warning in flask_op.c is of Xen's own code.
configuration clang 'CONFIG_CC_IS_CLANG=y' clang=y EXTRA_CFLAGS_XEN_CORE=-Wno-align-mismatch <"$root/hypervisor/xen.config"
cmp_ok 'clang: the hypercall is present' "$(hypercall)" -gt 1
configuration shim 'CONFIG_PV_SHIM_EXCLUSIVE=y' <"$build/source/xen/arch/x86/configs/pvshim_defconfig"
is 'shim: the hypercall is absent' "$(hypercall)" 0
is 'shim: nor its number' "$(grep -c '__HYPERVISOR_iommu_op' "$object/include/xen/hypercall-defs.h")" 0
done_testing
