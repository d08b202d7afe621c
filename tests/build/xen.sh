# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# hypervisor/ in another series of Xen: the hooks patch applies and the result builds,
# from the same sources as 4.17. The source of Xen is Debian's, or from XEN_SOURCES
# (docs/testbed.md). All products stay in build/xen-SERIES; xen.bin there boots in the
# test machine with --qemu-args '-kernel build/xen-SERIES/xen.bin'.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"
# shellcheck source=tests/build/vtd.sh
. "$root/tests/build/vtd.sh"
# shellcheck source=scripts/apt.sh
. "$root/scripts/apt.sh"

# Debian's archive through apt, with a configuration of our own.
own_apt() { private_apt "$build/apt" "$@"; }

# fetch URI FILE HASH: by apt's own downloader, with a check of the hash.
fetch() { own_apt /usr/lib/apt/apt-helper download-file "$1" "$build/$2" "$3"; }

# Mirrors drop the .dsc of a source before its tarballs. Take the two tarballs, by the
# hashes in the signed index, of the newest version with both.
fetch_source() {
    local version uri file hash mirrors
    [ -n "$suite" ] || { echo "no release of Debian has it"; return 1; }
    mirrors=$(debian_suites) || return
    awk -v suite="$suite" '
        !seen[$1]++ { print "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]", $1, suite (/security/ ? "-security" : ""), "main" }
    ' <<<"$mirrors" >"$build/apt/sources.list"
    own_apt apt_get update || return
    for version in $(own_apt apt-cache showsrc --only-source xen | sed -n "s/^Version: \\($series.*\\)/\\1/p" | sort -rVu); do
        echo "trying $version"
        rm -f "$build"/*.tar.xz
        while read -r uri file _ hash; do
            case $file in
                *.dsc) ;;
                *) fetch "${uri//\'/}" "$file" "$hash" || continue 2 ;;
            esac
        done < <(own_apt apt_get source --download-only --print-uris "xen=$version" | grep "^'")
        compgen -G "$build/*.debian.tar.xz" && return
    done
    echo "no source of $series could be fetched"
    return 1
}

# As dpkg-source does, but without the .dsc.
unpack() {
    local patch
    rm -rf "$build/unpacked" && mkdir "$build/unpacked" &&
        tar -C "$build/unpacked" --strip-components=1 -xf "$build"/*.orig.tar.xz &&
        tar -C "$build/unpacked" -xf "$build"/*.debian.tar.xz || return
    while read -r patch; do
        patch -d "$build/unpacked" -p1 --quiet --no-backup-if-mismatch <"$build/unpacked/debian/patches/$patch" || return
    done < <(grep -v '^#' "$build/unpacked/debian/patches/series")
    rm -f "$build"/*.tar.xz
}

# given: prints the tarball or tree of the series in XEN_SOURCES; the last by name.
given() {
    [ -z "${XEN_SOURCES-}" ] ||
        find "$XEN_SOURCES" -mindepth 1 -maxdepth 1 -regex ".*/xen-\(stable-\)?${series}[^/]*" | sort -V | tail -n 1
}

unpack_given() {
    rm -rf "$build/unpacked" && mkdir "$build/unpacked" || return
    if [ -d "$1" ]; then
        rsync -rlp --chmod=u+w --exclude=.git "$1/" "$build/unpacked/"
    else
        tar -C "$build/unpacked" --strip-components=1 -xf "$1" && chmod -R u+w "$build/unpacked"
    fi
}

# Into build/pristine, and the origin into build/origin. Debian's source stays; a given
# source may have changed.
get_source() {
    local have
    have=$(given)
    if [ -d "$build/pristine" ] && { [ -z "$have" ] || ! grep -qs / "$build/origin"; }; then return; fi
    if [ ! -d "$build/pristine" ] && fetch_source >"$log/fetch.log" 2>&1; then
        have="Debian's $suite"
        ok "the source of Xen $series unpacks" unpack
    elif [ -n "$have" ]; then
        ok "the source of Xen $series unpacks" unpack_given "$have"
    else
        skip_all "Debian's source of Xen $series can't be fetched ($(tail -n 1 "$log/fetch.log")): \
set XEN_SOURCES to a folder with xen-stable-$series.tar.xz, or with its tree (docs/testbed.md)"
    fi
    [ "$TAP_FAILED" -eq 0 ] || done_testing
    rm -rf "$build/pristine"
    mv "$build/unpacked" "$build/pristine"
    echo "$have" >"$build/origin"
}

patched() {
    rm -rf "$build/stage" && cp -a "$build/pristine" "$build/stage" && "$root/hypervisor/apply" "$build/stage"
}

# make sees a tree where only changed files have a new time.
compile() {
    # Upstream has no configuration of its own.
    local fragments=$build/source/debian/xen-kconfig
    mkdir -p "$build/source" "$build/object" &&
        rsync -rlpc --delete "$build/stage/" "$build/source/" &&
        { cat "$fragments" 2>/dev/null; cat "$root/hypervisor/xen.config"; } >"$build/object/.config.new" || return
    if ! cmp -s "$build/object/.config.new" "$build/object/.config.was"; then
        cp "$build/object/.config.new" "$build/object/.config" &&
            make -C "$build/source/xen" O="$build/object" olddefconfig &&
            mv "$build/object/.config.new" "$build/object/.config.was" || return
    fi
    make -C "$build/source/xen" O="$build/object" -j"$(nproc)" >"$log/make.log" 2>&1 || { tail -n 20 "$log/make.log"; return 1; }
    gzip -dc "$build/object/xen.gz" >"$build/xen.bin"
}

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
late='iommu_op|iommu_leaf|vacant_order|context_translates|qinval_|hwdom_perms|hwdom_iommu_map|xen_in_range|page_get_ram_type|rangeset_contains'

# test_xen SERIES [SUITE]: SUITE is Debian's release with the series.
test_xen() {
    local series=$1 suite=${2-} build log lock
    build=${TESTBED_BUILD_DIR:-$root/build}/xen-$series
    log=${TEST_LOG:-$root/build/tests/by-hand/xen-$series}
    mkdir -p "$build/apt" "$log"
    exec {lock}>"$build/lock"
    flock "$lock"

    get_source
    diag "source: $(cat "$build/origin")"
    is 'it is of that series' "$(sed -nE 's/^(export )?XEN_(SUB)?VERSION *= *//p' "$build/pristine/xen/Makefile" | paste -sd.)" "$series"
    ok 'the hooks patch applies' patched
    ok 'without fuzz' patch -d "$build/pristine" -p1 --dry-run --fuzz=0 --quiet --input="$root/hypervisor/patches/xen-$series.patch"
    nok 'our sources ask for no version' grep -nE '# *(el)?if.*XEN_(SUB)?VERSION' "$root"/hypervisor/{,vtd/}*.[ch]
    ok 'it builds' compile
    like 'the hypercall is present' "$(nm "$build/object/xen-syms")" ' [Tt] do_iommu_op$'
    is 'for 64-bit PV only' "$(grep -c 'case __HYPERVISOR_iommu_op:' "$build/object/include/xen/hypercall-defs.h")" 1
    is 'no function of iommu_op uses memory that boot frees' "$(uses_of_freed "$build/object/xen-syms" "$late")" ''
    like 'and the check would see a use' "$(uses_of_freed "$build/object/xen-syms" '<domain_create>')" '<domain_create>'
    test_vtd "$build/stage"
    nok 'apply refuses a patched tree' "$root/hypervisor/apply" "$build/stage"
    done_testing
}
