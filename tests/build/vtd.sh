# shellcheck shell=bash
# The VT-d driver's side of hypervisor/: what the hooks patch makes of Xen's queue of
# invalidations, and leaf_info and leaf_flush, compiled on the host (tests/vtd).
vtd_tests=$(cd "$(dirname "${BASH_SOURCE[0]}")/../vtd" && pwd)

# functions FILE NAME...: with their bodies.
functions() {
    local name
    for name in "${@:2}"; do
        awk -v name="$name" '
            /^static / { text = "" }
            { text = text $0 "\n" }
            /^\{/ { found = text ~ "[ *]" name "\\(" }
            /^\}/ && found { printf "%s\n", text; exit }
        ' "$1"
    done
}

# vtd_build TREE DIR [SED-SCRIPT]: from a tree with the patch; the script puts a bug in.
vtd_build() {
    local vtd=$1/xen/drivers/passthrough/vtd dir=$2 file
    mkdir -p "$dir" || return
    functions "$vtd/iommu.c" intel_iommu_leaf_info intel_iommu_leaf_flush >"$dir/leaf.c"
    for file in iommu.h qinval.c; do sed '/^#include/d' "$vtd/$file" >"$dir/$file"; done
    if [ $# -gt 2 ]; then
        sed -E -z -i.good "$3" "$dir"/{leaf,qinval}.c
        ! cmp -s "$dir/leaf.c" "$dir/leaf.c.good" || ! cmp -s "$dir/qinval.c" "$dir/qinval.c.good" ||
            { echo 'the bug is nowhere put in'; return 1; }
    fi
    gcc -std=gnu11 -O1 -g -Wall -Werror -Wno-unused-function -fsanitize=address,undefined -I"$dir" -iquote "$vtd_tests" -o "$dir/vtd" \
        "$vtd_tests/main.c"
}

# vtd_bug TREE NAME SED-SCRIPT: each such bug turns a test red.
vtd_bug() {
    local dir
    dir=$(mktemp -d)
    if vtd_build "$1" "$dir" "$3" >"$dir/log" 2>&1; then
        like "a bug is found: $2" "$(timeout 60 "$dir/vtd" 2>&1)" '^not ok|ERROR: AddressSanitizer'
    else
        fail "a bug is found: $2" "$(cat "$dir/log")"
    fi
    rm -r "$dir"
}

# test_vtd TREE
test_vtd() {
    local dir
    dir=$(mktemp -d)
    ok "Xen's queue of invalidations builds on the host" vtd_build "$1" "$dir"
    relay 'on the host' < <(timeout 60 "$dir/vtd")
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
    vtd_bug "$1" 'caching mode is asked of the first unit' 's/info->flush_added = true;\n    \}/info->flush_added = true;\n        break;\n    }/'
}
