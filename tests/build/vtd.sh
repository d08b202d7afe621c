# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The VT-d driver's side of hypervisor/: Xen's queue of invalidations with the hooks patch,
# and hypervisor/vtd, compiled on the host (tests/vtd).
vtd_tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/../vtd" && pwd)
vtd_programs='queue units'

# vtd_build TREE DIR [SED-SCRIPT]: from a tree with the patch; the script puts a bug in.
vtd_build() {
    local vtd=$1/xen/drivers/passthrough/vtd dir=$2 file program defines=()
    grep -q 'bool flush_dev_iotlb);' "$vtd/iommu.h" || defines=(-DFLUSH_WITHOUT_DEV_IOTLB)
    mkdir -p "$dir/good" || return
    for file in iommu.h qinval.c leaf.h leaf.c leaf_flush.c; do
        # Of devices with an IOTLB of their own, which 4.22 has in the same file, the tests have none.
        sed '/^#include/d; /^static bool device_in_domain(/,/^}/d; /^static int dev_invalidate_iotlb(/,/^}/d' "$vtd/$file" >"$dir/$file"
    done
    if [ $# -gt 2 ]; then
        cp "$dir"/*.[ch] "$dir/good/"
        sed -E -z -i "$3" "$dir"/*.[ch]
        ! diff -q --exclude=good --exclude=log "$dir" "$dir/good" || { echo 'the bug is nowhere put in'; return 1; }
    fi
    for program in $vtd_programs; do
        gcc -std=gnu11 -O1 -g -Wall -Werror -Wno-unused-function -fsanitize=address,undefined -D__XEN__ "${defines[@]}" \
            -I"$dir" -I"$vtd_tests" -I"$vtd_tests/../../hypervisor" -iquote "$vtd_tests/../hypervisor/shim/public" \
            -o "$dir/$program" "$vtd_tests/$program.c" || return
    done
}

vtd_run() { timeout 60 "$1/queue" && timeout 60 "$1/units"; }

# vtd_bug TREE NAME SED-SCRIPT: each such bug turns a test red.
vtd_bug() {
    local dir
    dir=$(mktemp -d)
    if vtd_build "$1" "$dir" "$3" >"$dir/log" 2>&1; then
        like "a bug is found: $2" "$(vtd_run "$dir" 2>&1)" '^not ok|ERROR: AddressSanitizer'
    else
        fail "a bug is found: $2" "$(cat "$dir/log")"
    fi
    rm -r "$dir"
}

# test_vtd TREE
test_vtd() {
    local dir program
    dir=$(mktemp -d)
    ok 'the VT-d driver builds on the host' vtd_build "$1" "$dir"
    for program in $vtd_programs; do
        relay "$program" < <(timeout 60 "$dir/$program")
    done
    rm -r "$dir"
    vtd_bug "$1" 'the head is stale after others wrap' \
        's/qinval_read_head\(iommu\) \)\n/(dmar_readl(iommu->reg, DMAR_IQH_REG) \/ sizeof(struct qinval_entry)) )\n/'
    vtd_bug "$1" 'the ring is taken for free' 's/qi_entry_nr - 1\)\) < 2\)/qi_entry_nr - 1)) < 1)/'
    vtd_bug "$1" 'the tail is not kept' 's/    iommu->qinval_tail = val;\n//'
    vtd_bug "$1" 'a queue that is enabled again goes on' 's/    iommu->qinval_tail = iommu->qinval_head = 0;\n//'
    vtd_bug "$1" 'a disabled queue keeps its promise' 's/    iommu->qinval_leaf = 0;\n//'
    vtd_bug "$1" 'no drain' 's/\.dr = cap_read_drain[^\n]*\n//'
    vtd_bug "$1" 'leaf_info of the units in use' \
        's/(min_t\(unsigned int, width, cap_mgaw)/test_bit(iommu->index, hd->arch.vtd.iommu_bitmap) ? \1/; s/cap_mgaw\(iommu->cap\)\);/cap_mgaw(iommu->cap)) : width;/;
         s/width = min\(width, level_to_offset_bits[^\n]*\n//'
    vtd_bug "$1" 'caching mode is asked of the first unit' 's/info->flush_added = IOMMU_FLUSHF_added;\n    \}/info->flush_added = IOMMU_FLUSHF_added;\n        break;\n    }/'
    vtd_bug "$1" 'a superpage is taken for a table' 's/dma_pte_superpage\(pte\)/0/'
    vtd_bug "$1" 'a leaf table replaces another' 's/!vacant_order\(hd, dfn\)/0/'
    vtd_bug "$1" 'a leaf table keeps markers' 's/    clear_page\(table\);\n//'
    vtd_bug "$1" 'a unit that is off' 's/!\(dmar_readl\(iommu->reg, DMAR_GSTS_REG\) & DMA_GSTS_TES\)/0/'
    vtd_bug "$1" 'phantom functions are passed over' 's/devfn \+= pdev->phantom_stride;/break;/'
    vtd_bug "$1" 'phantom functions of the next slot' 's/ &&[ \n]+PCI_SLOT\(devfn\) == PCI_SLOT\(pdev->devfn\)//'
    vtd_bug "$1" "another table under the domain's id" 's/context_address_root\(context\) == root/root/'
    vtd_bug "$1" "the domain's table under another id" 's/ &&[ \n]+context_domain_id[^;]*;/;/'
    vtd_bug "$1" 'pass-through' 's/ \|\|[ \n]+context_translation_type\(context\) == CONTEXT_TT_PASS_THRU//'
    vtd_bug "$1" "a bridge's own requests" 's/rc < 0 \|\| !context_translates\(d, iommu, bus, devfn\)/rc < 0/'
    vtd_bug "$1" "a PCIe bridge's secondary bus" 's/!context_translates\(d, iommu, secbus, 0\)/0/'
}
