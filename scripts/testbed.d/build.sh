# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# Brings every part of a run up to date, in order. Fresh parts are skipped, so a
# second call only compares hashes.  The caller holds the lock.

TB_STEPS=10

build_all() { # EXTRA-DRIVERS
    local lack dir hash image drivers=$1
    TB_STEP=0

    mapfile -t lack < <(lacking "${TB_HOST_PACKAGES[@]}")
    if [ -n "${lack[*]}$(unsettled "${TB_HOST_PACKAGES[@]}")" ]; then
        step "installing ${#lack[@]} packages" "$APT_NET_REMEDY" install_packages "${TB_HOST_PACKAGES[@]}"
    else skip; fi

    if kernel_known; then skip; else
        step "fetching Debian's Linux $TB_LINUX" "$APT_NET_REMEDY" fetch_kernel
        kernel_known || die 1 'the kernel that was fetched does not match the headers' "rm -r $TB_BUILD and build again"
    fi

    if xen_fetched; then skip; else
        step "fetching the source of Xen $TB_XEN_SERIES" \
            "$APT_NET_REMEDY; or set XEN_SOURCES to a folder with xen-stable-$TB_XEN_SERIES.tar.xz, or with its tree" fetch_xen
    fi

    build_one_xen xen
    if [ -z "$OPT_DEBUG_XEN" ]; then skip; else build_one_xen xen-debug; fi

    if [ -z "$(xen_suites "$TB_XEN_SERIES")" ] || [ -e "$(xen_image xen-unpatched)" ]; then skip; else
        step "fetching Debian's own Xen" "$APT_NET_REMEDY" fetch_unpatched_xen
    fi

    hash=$(base_hash)
    if fresh base "$hash" && [ -e "$TB_IMAGES/base.cpio" ] && [ -e "$TB_BUILD/host-pump" ]; then skip; else
        step 'packing the root file system' 'see the log' build_base "$hash"
    fi

    build_module_dir kernel/xen-pviommu
    build_module_dir tests/modules

    image=$(drivers_image "$drivers")
    if [ -e "$image" ]; then skip; else
        dir=$(unknown_drivers "$drivers")
        [ -z "$dir" ] || die 2 "--drivers: the kernel $KREL has no module $(echo "$dir" | xargs)" "see $TB_KERNEL/lib/modules/$KREL"
        step 'packing the drivers' 'see the log' build_drivers "$drivers" "$image"
    fi
}

build_one_xen() { # NAME
    local hash
    hash=$(xen_hash "$1")
    if fresh "$(xen_name "$1")" "$hash" && [ -e "$(xen_image "$1")" ]; then skip; return; fi
    step "building $1 $(basename "$(cat "$TB_XEN/pristine.version")")" 'mend hypervisor/, or see the log for what lacks' build_xen "$1" "$hash"
}

# One kbuild directory of the tree, if the directory exists.
build_module_dir() {
    local dir=$1 name hash
    name=$(module_stamp "$dir")
    if [ ! -e "$TB_ROOT/$dir/Makefile" ] && [ ! -e "$TB_ROOT/$dir/Kbuild" ]; then
        skip
        say "$dir has no Makefile yet: machines start without it"
        return
    fi
    hash=$(module_hash "$dir")
    if fresh "$name" "$hash"; then skip; return; fi
    step "building $dir for $KREL" "mend $dir; run --no-build uses what was built before" build_modules "$dir"
    stamp "$name" "$hash"
}
