#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# hypervisor/amd on the host, with the formats of Xen 4.17 (tests/amd). QEMU's unit has no
# phantom functions, no other table, no second unit beside, takes any size of a flush, and is
# never off.
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
    local file
    for file in leaf leaf_flush; do
        sed '/^#include/d' "$root/hypervisor/amd/$file.c" >"$1/$file.good"
        sed -E -z "${2-}" "$1/$file.good" >"$1/$file.c"
    done
    [ $# -eq 1 ] || ! cmp -s "$1/leaf.good" "$1/leaf.c" || ! cmp -s "$1/leaf_flush.good" "$1/leaf_flush.c" ||
        { echo 'the bug is nowhere put in'; return 1; }
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
amd_bug 'entries without FC' 's/, .fc = true//'
amd_bug 'reads and writes changed about' 's/\.ir = true \}\.raw;/.iw = true }.raw;/'
amd_bug "marks in the driver's bits" 's/kind_shift = 2;/kind_shift = 4;/'
amd_bug 'fresh entries of a caching unit' 's/PCI_CAP_NP_CACHE_SHIFT/PCI_CAP_EFRSUP_SHIFT/'
amd_bug 'a leaf table with markers' 's/    clear_domain_page[^;]*;\n//'
amd_bug 'a leaf table over a map' 's/!vacant_order\(hd, dfn_x\(dfn\)\) \|\|//'
amd_bug 'one end of 4 KiB' 's/(unmap_page, d, dfn,\n +)PTE_PER_TABLE_SHIFT/\10/'
amd_bug 'the size of a block' 's/order - 1/order/'
amd_bug 'a block without its flag' 's/ \|\n +IOMMU_INV_IOMMU_PAGES_S_FLAG_MASK//'
amd_bug "another domain's pages" 's/d->domain_id << 32/0 << 32/'
amd_bug 'device TLBs are passed over' 's/!list_empty\([^)]*\)/0/'
amd_bug 'units one by one' 's/(queue_pair\(iommu, first, second\));\n/{ \1; wait_for_pairs(iommu); }\n/'
amd_bug 'the wait is for the last pair but one' 's/< number/< number - 1/'
amd_bug 'a full ring' 's/< 2 \* sizeof/< 0 * sizeof/'
amd_bug 'the head is always read' 's/    while \( unlikely\(\(\(ring->head/    ring->head = readl(iommu->mmio_base + IOMMU_CMD_BUFFER_HEAD_OFFSET);\n&/'
amd_bug "another table under the domain's id" 's/ &&\n +dte->pt_root == [^;]*;/;/'
done_testing
