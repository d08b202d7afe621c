# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# hypervisor/ in another series of Xen: the hooks patch applies and the result builds,
# from the same sources as 4.17, in the test machine's own folders.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"
# shellcheck source=tests/build/vtd.sh
. "$root/tests/build/vtd.sh"

# uses_of_freed SYMS FUNCTIONS: uses of code or data that boot frees, by functions that
# live on. Xen has such functions, and knows the right time. Neither iommu_op nor its
# private callees in Xen may be among them.
uses_of_freed() {
    local from to
    read -r from to < <(nm "$1" | awk '$3 == "__init_begin" { from = $1 } $3 == "__init_end" { to = $1 } END { print from, to }')
    objdump -d --no-show-raw-insn "$1" | awk -v from="$from" -v to="$to" -v ours="$2" '
        /^[0-9a-f]+ <.*>:$/ { name = $2; mine = name ~ ours && $1 < from; next }
        mine && match($0, /[ (#]+ffff82d0[0-9a-f]+ </) {
            at = substr($0, RSTART, RLENGTH); gsub(/[^0-9a-f]/, "", at)
            if (at >= from && at < to) print name, $0
        }'
}
late='iommu_op|iommu_leaf|vacant_order|context_translates|entry_translates|qinval_|hwdom_perms|hwdom_iommu_map|xen_in_range|page_get_ram_type|rangeset_contains'

# test_xen SERIES
test_xen() {
    local series=$1 log status=0
    log=${TEST_LOG:-$root/build/tests/by-hand/xen-$series}
    mkdir -p "$log"
    "$root/scripts/testbed" build --xen "$series" >"$log/build.log" 2>&1 || status=$?
    eval "$("$root/scripts/testbed" paths --xen "$series")"
    [ -e "$TB_XEN/pristine.version" ] ||
        skip_all "the source of Xen $series can't be had: set XEN_SOURCES to a folder with xen-stable-$series.tar.xz, or with its tree (docs/testbed.md)"
    diag "source: $(basename "$(cat "$TB_XEN/pristine.version")")"
    is 'it builds' "$status" 0
    [ "$status" -eq 0 ] || diag "$(tail -n 20 "$log/build.log")"
    is 'it is of that series' "$(sed -nE 's/^(export )?XEN_(SUB)?VERSION *= *//p' "$TB_XEN/pristine/xen/Makefile" | paste -sd.)" "$series"
    ok 'the hooks patch applies without fuzz' patch -d "$TB_XEN/pristine" -p1 --dry-run --fuzz=0 --quiet --input="$root/hypervisor/patches/xen-$series.patch"
    nok 'our sources ask for no version' grep -nE '# *(el)?if.*XEN_(SUB)?VERSION' "$root"/hypervisor/{,vtd/,amd/}*.[ch]
    like 'the hypercall is present' "$(nm "$TB_XEN/object/xen-syms")" ' [Tt] do_iommu_op$'
    is 'for 64-bit PV only' "$(grep -c 'case __HYPERVISOR_iommu_op:' "$TB_XEN/object/include/xen/hypercall-defs.h")" 1
    is 'no function of iommu_op uses memory that boot frees' "$(uses_of_freed "$TB_XEN/object/xen-syms" "$late")" ''
    like 'and the check would see a use' "$(uses_of_freed "$TB_XEN/object/xen-syms" '<domain_create>')" '<domain_create>'
    test_vtd "$TB_XEN/source"
    nok 'apply refuses a patched tree' "$root/hypervisor/apply" "$TB_XEN/source"
    mkdir -p "$log/unknown/xen"
    sed -E 's/^(.*XEN_SUBVERSION *=).*/\1 18/' "$TB_XEN/pristine/xen/Makefile" >"$log/unknown/xen/Makefile"
    is 'for an unknown series apply names those that work' "$("$root/hypervisor/apply" "$log/unknown" 2>&1)" \
        "apply: Xen 4.18 is not known: 4.17 4.19 4.20 4.22 work"
    done_testing
}
