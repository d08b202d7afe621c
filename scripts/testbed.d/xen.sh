# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# The hypervisor: Debian's source with hypervisor/ applied, and Debian's binary.

# use_xen SERIES: the hypervisor of the machine, one of hypervisor/patches.
use_xen() {
    TB_XEN_SERIES=$1
    TB_XEN=$TB_BUILD/xen-$1
}
use_xen "${TESTBED_XEN:-4.17}"

xen_known_series() { find "$TB_ROOT/hypervisor/patches" -name 'xen-*.patch' | sed -E 's/.*xen-(.*)\.patch/\1/' | sort -V; }

# xen_suites SERIES: the suites of Debian with the series.
xen_suites() {
    case $1 in
    4.17) echo bookworm bookworm-security ;;
    4.20) echo trixie trixie-security ;;
    esac
}

# given_xen: prints the tarball or the tree of the series in the folder XEN_SOURCES; the
# last by name.
given_xen() {
    [ -z "${XEN_SOURCES-}" ] ||
        find "$XEN_SOURCES" -mindepth 1 -maxdepth 1 -regex ".*/xen-\(stable-\)?${TB_XEN_SERIES}[^/]*" | sort -V | tail -n 1
}

xen_fetched() {
    local have
    [ -e "$TB_XEN/pristine.version" ] || return 1
    # A given source may have changed.
    have=$(given_xen)
    [ -z "$have" ] || ! grep -q / "$TB_XEN/pristine.version" || ! [ "$have" -nt "$TB_XEN/pristine.version" ]
}

# fetch_xen: Debian's source into $TB_XEN/pristine, or else the given one.
fetch_xen() {
    local have suites
    suites=$(xen_suites "$TB_XEN_SERIES")
    mkdir -p "$TB_XEN"
    TB_RC=1
    # shellcheck disable=SC2086  # words
    [ -z "$suites" ] || strictly fetch_debian_xen $suites
    [ "$TB_RC" -ne 0 ] || return 0
    have=$(given_xen)
    if [ -z "$have" ]; then
        echo "Xen $TB_XEN_SERIES can't be had from Debian, nor from XEN_SOURCES"
        return 1
    fi
    rm -rf "$TB_XEN/pristine"
    mkdir "$TB_XEN/pristine"
    if [ -d "$have" ]; then
        rsync -rlp --chmod=u+w --exclude=.git "$have/" "$TB_XEN/pristine/"
    else
        tar -C "$TB_XEN/pristine" --strip-components=1 -xf "$have"
        chmod -R u+w "$TB_XEN/pristine"
    fi
    echo "$have" >"$TB_XEN/pristine.version"
}

fetch_debian_xen() { # SUITE...
    archive_suites deb-src "$@"
    archive_source xen "$TB_XEN_SERIES" "$TB_XEN/pristine"
}

xen_hash() { # NAME
    hash_of "$(cat "$TB_XEN/pristine.version")" "$1" -- "$TB_ROOT/hypervisor" "$TB_HOME/xen.sh"
}

# hypervisor/apply works on a fresh copy, whose contents are then synchronized
# into the tree that make sees: only what really changed gets a new time.
patch_xen() {
    rsync -a --delete "$TB_XEN/pristine/" "$TB_XEN/stage/"
    if [ -e "$TB_ROOT/hypervisor/apply" ]; then
        "$TB_ROOT/hypervisor/apply" "$TB_XEN/stage"
    else
        note 'hypervisor/apply does not exist yet: Xen is built unpatched'
    fi
    mkdir -p "$TB_XEN/source"
    rsync -rlpc --delete "$TB_XEN/stage/" "$TB_XEN/source/"
}

configure_xen() { # OBJECT FRAGMENT...
    local object=$1 config=$TB_XEN/fragment${1#"$TB_XEN/object"}.config debian=$TB_XEN/source/debian/xen-kconfig
    # Upstream has no configuration of its own.
    [ -e "$debian" ] || debian=
    cat $debian "${@:2}" >"$config.new"
    # An unchanged configuration must keep its time, or everything recompiles.
    cmp -s "$config" "$config.new" && [ -e "$object/.config" ] && return
    mkdir -p "$object"
    cp "$config.new" "$object/.config"
    make -C "$TB_XEN/source/xen" O="$object" olddefconfig
    mv "$config.new" "$config"
}

# build_xen NAME HASH: xen; or xen-debug, which has what checks Xen itself.
build_xen() {
    local object=$TB_XEN/object${1#xen} fragments=("$TB_ROOT/hypervisor/xen.config")
    [ "$1" = xen ] || fragments+=("$TB_ROOT/hypervisor/$1.config")
    patch_xen
    configure_xen "$object" "${fragments[@]}"
    make -C "$TB_XEN/source/xen" O="$object" -j"$TB_JOBS"
    install_xen "$object/xen.gz" "$1"
    stamp "$(xen_name "$1")" "$2"
}

# xen_name xen|xen-debug|xen-unpatched: of its image and its stamp.
xen_name() { echo "xen-$TB_XEN_SERIES${1#xen}"; }
xen_image() { echo "$TB_IMAGES/$(xen_name "$1").bin"; }

# QEMU's multiboot loader wants the ELF file itself.
install_xen() { # FILE NAME
    local image
    image=$(xen_image "$2")
    gzip -dc "$1" >"$image.new"
    mv "$image.new" "$image"
}

fetch_unpatched_xen() {
    local package=xen-hypervisor-$TB_XEN_SERIES-amd64 dir=$TB_XEN/unpatched
    # shellcheck disable=SC2046  # words
    archive_suites deb $(xen_suites "$TB_XEN_SERIES")
    rm -rf "$dir"
    archive_unpack "$dir" "$package"
    install_xen "$(ls "$dir"/boot/xen-*.gz)" xen-unpatched
    rm -r "$dir"
    stamp "$(xen_name xen-unpatched)" "$package"
}
