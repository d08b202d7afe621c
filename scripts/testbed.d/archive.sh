# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# Debian's archive beside the host's own sources: packages and sources of any suite, from
# the host's mirrors. They are unpacked and never installed.

# shellcheck source=scripts/apt.sh
. "$(dirname "${BASH_SOURCE[0]}")/../apt.sh"

TB_ARCHIVE=$TB_BUILD/apt

# archive_apt COMMAND ARGUMENT...: apt_get, apt-cache, ... with lists of our own: the host's
# are never changed, and its packages count for nothing.
archive_apt() {
    mkdir -p "$TB_ARCHIVE/lists/partial"
    "$1" -o Dir::Etc::sourcelist="$TB_ARCHIVE/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$TB_ARCHIVE/lists" -o Dir::State::status=/dev/null \
        -o Dir::Cache::pkgcache="$TB_ARCHIVE/pkgcache.bin" -o Dir::Cache::srcpkgcache="$TB_ARCHIVE/srcpkgcache.bin" \
        -o APT::Sandbox::User=root "${@:2}"
}

# archive_suites TYPE SUITE...: from now on archive_apt knows these suites; TYPE is deb or
# deb-src. Suites of security updates are skipped on a host without a mirror of them.
archive_suites() {
    local key=/usr/share/keyrings/debian-archive-keyring.gpg option='' mirrors main security suite
    mkdir -p "$TB_ARCHIVE"
    mirrors=$(debian_suites)
    main=$(awk '$1 !~ /security/ { print $1; exit }' <<<"$mirrors")
    security=$(awk '$1 ~ /security/ { print $1; exit }' <<<"$mirrors")
    [ -n "$main" ] || { echo 'apt knows no Debian archive'; return 1; }
    [ ! -e "$key" ] || option="[signed-by=$key] "
    for suite in "${@:2}"; do
        case $suite in
        *-security) [ -z "$security" ] || echo "$1 $option$security $suite main" ;;
        *) echo "$1 $option$main $suite main" ;;
        esac
    done >"$TB_ARCHIVE/sources.list"
    cat "$TB_ARCHIVE/sources.list"
    archive_apt apt_get update
}

# archive_needs PACKAGE ERE: the dependencies of a package with a matching name.
archive_needs() { archive_apt apt-cache depends "$1" 2>/dev/null | sed -nE 's/^ *Depends: //p' | grep -E "$2" || true; }

# archive_unpack ROOT PACKAGE...: download all, and then unpack. Mirrors drop packages one
# by one: without one of them nothing is unpacked.
archive_unpack() {
    local root=$1 deb package
    deb=$(mktemp -d "$TB_ARCHIVE/deb.XXXXXX")
    for package in "${@:2}"; do
        (cd "$deb" && archive_apt apt_get download "$package") || { rm -rf "$deb"; return 1; }
    done
    mkdir -p "$root"
    for package in "$deb"/*.deb; do dpkg-deb -x "$package" "$root"; done
    rm -rf "$deb"
}

# archive_version PACKAGE: the version of a package that is to be downloaded.
archive_version() { archive_apt apt-cache policy "$1" | sed -n 's/^  Candidate: //p'; }

# archive_source NAME SERIES DIR: unpack the newest available source of SERIES to DIR, and
# print its version into DIR.version. Mirrors drop the .dsc of a source before its tarballs:
# the two tarballs are taken by the hashes in the signed index.
archive_source() {
    local name=$1 series=$2 dir=$3 version uri file hash
    for version in $(archive_apt apt-cache showsrc --only-source "$name" | sed -n "s/^Version: \\($series.*\\)/\\1/p" | sort -rVu); do
        echo "trying $name $version"
        rm -rf "$dir.download"
        mkdir -p "$dir.download"
        while read -r uri file _ hash; do
            [[ $file = *.dsc || $file = *.asc ]] ||
                archive_apt /usr/lib/apt/apt-helper download-file "${uri//\'/}" "$dir.download/$file" "$hash" || continue 2
        done < <(archive_apt apt_get source --download-only --print-uris "$name=$version" | grep "^'")
        compgen -G "$dir.download/*.debian.tar.xz" >/dev/null || continue
        unpack_source "$dir"
        printf '%s\n' "$version" >"$dir.version"
        return 0
    done
    echo "no version $series of the source package $name could be fetched"
    return 1
}

# As dpkg-source does, but without the .dsc.
unpack_source() { # DIR
    local patch
    rm -rf "$1"
    mkdir "$1"
    tar -C "$1" --strip-components=1 -xf "$1".download/*.orig.tar.*[!c]
    tar -C "$1" -xf "$1".download/*.debian.tar.xz
    while read -r patch; do
        patch -d "$1" -p1 --quiet --no-backup-if-mismatch <"$1/debian/patches/$patch"
    done < <(grep -v '^#' "$1/debian/patches/series")
    rm -r "$1.download"
}
