#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The modules build without a warning against Debian's newer kernels, from the same
# sources as for 6.1.
set -u
. "$(dirname "$0")/../lint/lib.sh"
. "$(dirname "$0")/headers.sh"
log=${TEST_LOG:-$TOP/build/tests/by-hand/linux}
mkdir -p "$log"

# build MODULE: prints the file, or what went wrong.
build() {
    local work=$TB_BUILD/work-$series
    copy_module "$1" "$work"
    make -C "$work/$1" -j2 KDIR="$KDIR" "${TB_KBUILD[@]}" W=1 >"$log/make.log" 2>&1 || { tail -n 20 "$log/make.log"; return 1; }
    find "$work/$1" -name '*.ko' | grep . || { echo 'no module came out'; return 1; }
    # The build says that host and kernel have different compilers.
    ! grep -E 'warning:|WARNING:' "$log/make.log" | grep -vE '^warning: (the compiler|pahole version) differs'
}
for series in 6.12 newest; do
    ok "Linux $series can be had, and the test machine's parts build" "$TOP/scripts/testbed" build --linux "$series"
    eval "$("$TOP/scripts/testbed" paths --linux "$series")"
    for module in kernel/xen-pviommu tests/modules bench/dma-map bench/pool-nic; do
        ok "$module builds against $KREL" build "$module"
    done
done

# The series of the last kernel, to a make that takes it for another.
make_as() { # VERSION PATCHLEVEL
    make -C "$TB_BUILD/work-$series/kernel/xen-pviommu" KDIR="$KDIR" "${TB_KBUILD[@]}" VERSION="$1" PATCHLEVEL="$2" clean modules 2>&1
}
copy_module kernel/xen-pviommu "$TB_BUILD/work-$series"
said=$(make_as 5 19)
cmp_ok 'Linux 5.19 is refused' $? -ne 0
like 'with the versions that work' "$said" 'xen-pviommu: Linux 5\.19 is too old: Linux 6\.1 to 7\.3 work'
said=$(make_as 7 4)
is 'Linux 7.4 is tried' $? 0
like 'with the versions that were' "$said" '^xen-pviommu: Linux 7\.4 was never tried: Linux 6\.1 to 7\.3 work'
done_testing
