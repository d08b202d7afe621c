#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# hypervisor/amd on the host, with the entries' formats of Xen 4.17 (tests/amd). QEMU's
# unit has no phantom functions, no other table, and is never off.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"

log=${TEST_LOG:-$root/build/tests/by-hand/xen-amd}
mkdir -p "$log"
"$root/scripts/testbed" build >"$log/build.log" 2>&1 || diag "$(tail "$log/build.log")"
eval "$("$root/scripts/testbed" paths)"

# amd_build DIR [SED-SCRIPT]: the script puts a bug in.
amd_build() {
    sed '/^#include/d' "$root/hypervisor/amd/leaf.c" >"$1/good.c"
    sed -E -z "${2-}" "$1/good.c" >"$1/leaf.c"
    [ $# -eq 1 ] || ! cmp -s "$1/good.c" "$1/leaf.c" || { echo 'the bug is nowhere put in'; return 1; }
    gcc -std=gnu11 -O1 -g -Wall -Werror -fsanitize=address,undefined -D__XEN__ -I"$1" -I"$root/tests/amd" \
        -I"$root/hypervisor" -iquote "$root/tests/hypervisor/shim/public" \
        -I"$TB_XEN/source/xen/drivers/passthrough/amd" -o "$1/units" "$root/tests/amd/units.c"
}

# amd_bug NAME SED-SCRIPT: each such bug turns a test red.
amd_bug() {
    local dir
    dir=$(mktemp -d)
    if amd_build "$dir" "$2" >"$dir/log" 2>&1; then
        like "a bug is found: $1" "$(timeout 60 "$dir/units" 2>&1)" '^not ok|Assertion|runtime error|ERROR: AddressSanitizer'
    else
        fail "a bug is found: $1" "$(cat "$dir/log")"
    fi
    rm -r "$dir"
}

dir=$(mktemp -d)
ok 'the AMD-Vi driver builds on the host' amd_build "$dir"
relay units < <(timeout 60 "$dir/units")
rm -r "$dir"
amd_bug 'six levels have 54 bits' 's/min\((PTE[^,]*),[^)]*\)/\1/'
amd_bug 'a superpage is taken for a table' 's/        if \( !pte.next_level \)\n            return 0;\n//'
amd_bug 'an absent entry is a table' 's/        if \( !pte.pr \)\n            return order;\n//'
amd_bug 'a unit that is off' 's/!iommu->enabled/0/'
amd_bug 'a device behind the last' 's/ && pdev->sbdf.bdf < ivrs_bdf_entries//'
amd_bug 'phantom functions are passed over' 's/devfn \+= pdev->phantom_stride;/break;/'
amd_bug 'phantom functions of the next slot' 's/ &&[ \n]+PCI_SLOT\(devfn\) == PCI_SLOT\(pdev->devfn\)//'
amd_bug 'aliases are passed over' 's/get_dma_requestor_id\(pdev->seg,[ \n]+(PCI_BDF\(pdev->bus, devfn\))\)/\1/'
for field in v tv ir iw; do
    amd_bug "an entry's $field" "s/dte->$field &&//"
done
amd_bug "the domain's table under another id" 's/dte->domain_id == d->domain_id &&//'
amd_bug 'pass-through' 's/dte->paging_mode == hd->arch.amd.paging_mode &&//'
amd_bug "another table under the domain's id" 's/ &&\n +dte->pt_root == [^;]*;/;/'
done_testing
