#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# For a PREEMPT_RT kernel make, DKMS and Kconfig refuse the module, each with one
# line. For the ordinary kernel beside, the module builds.
set -u
. "$(dirname "$0")/../lint/lib.sh"
. "$(dirname "$0")/headers.sh"

dir=$TOP/build/preempt-rt
mkdir -p "$dir"
line='xen-pviommu: not for PREEMPT_RT kernels: it takes spinlocks and allocates memory with interrupts off'

fetch() {
    local release
    archive_suites deb bookworm bookworm-security
    release=$(archive_needs linux-headers-rt-amd64 '^linux-headers-.*-rt-amd64$' | sed 's/^linux-headers-//' | head -n 1)
    rm -rf "$dir/root" "$dir/dkms"
    archive_unpack "$dir/dkms" dkms
    unpack_headers "$release" "$dir/root"
    echo "$release" >"$dir/release"
}
[ -e "$dir/release" ] || (set -e; fetch) >"$dir/log" 2>&1
[ -e "$dir/release" ] || skip_all "a PREEMPT_RT kernel's headers can't be fetched: $(tail -n 1 "$dir/log")"
release=$(cat "$dir/release")
rt=$dir/root/usr/src/linux-headers-$release
ordinary=$(kernel_headers)
[ -n "$ordinary" ] || skip_all 'linux-headers-amd64 is not installed'

objects() { find "$dir/work" -name '*.o' -o -name '*.ko'; }

# --- by hand

module=kernel/xen-pviommu
copy_module "$module" "$dir/work"
said=$(make -C "$dir/work/$module" KDIR="$rt" 2>&1)
status=$?
cmp_ok "make fails for $release" "$status" -ne 0
is 'and says why, once' "$(grep -cF "$line" <<<"$said")" 1
is 'nothing was compiled' "$(objects)" ''
ok 'make clean works there' make -C "$dir/work/$module" clean KDIR="$rt"
ok "make builds for $(basename "$ordinary")" make -C "$dir/work/$module" KDIR="$ordinary"
like 'a module' "$(objects)" '/xen-pviommu\.ko$'

# --- by DKMS, unpacked, with trees of its own

version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' "$module/dkms.conf")
dkms() { # HEADERS
    local krel=${1##*/linux-headers-}
    rm -rf "$dir/tree" "$dir/work"
    mkdir -p "$dir/tree" "$dir/work/xen-pviommu-$version"
    # As dkms.conf says.
    cp -r "$module"/* hypervisor/public/iommu_op.h "$dir/work/xen-pviommu-$version/"
    find "$dir/work" -name '*.o' -delete
    # Nor does DKMS make a key on the host.
    sign_file=none bash "$dir/dkms/usr/sbin/dkms" build -m xen-pviommu -v "$version" -k "$krel" -a x86_64 -j 2 \
        --dkmstree "$dir/tree" --sourcetree "$dir/work" --kernelsourcedir "$1" 2>&1
}
said=$(dkms "$rt")
is 'DKMS leaves such a kernel out: status 77, which no upgrade fails for' "$?" 77
like 'as our dkms.conf says' "$said" 'includes a BUILD_EXCLUSIVE directive which does not match this kernel'
is 'nothing was compiled by it' "$(find "$dir/tree" -name '*.ko')" ''
said=$(dkms "$ordinary")
is 'and builds for the ordinary one' "$?" 0
like 'a module by DKMS' "$(find "$dir/tree" -name '*.ko*')" '/xen-pviommu\.ko'

# --- by Kconfig

like 'Kconfig does not offer it' "$(sed -n '/^config XEN_PVIOMMU$/,/help/p' "$module/Kconfig")" 'depends on .*!PREEMPT_RT'
done_testing
