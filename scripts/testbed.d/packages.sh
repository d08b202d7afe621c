# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# Debian's parts: the host's tools, single packages that are unpacked but never
# installed, and source packages.

# shellcheck source=scripts/apt.sh
. "$(dirname "${BASH_SOURCE[0]}")/../apt.sh"

TB_HOST_PACKAGES=(
    qemu-system-x86                                             # the machine
    gcc libc6-dev make patch flex bison python3 libelf-dev      # Xen and modules
    g++                                                         # the machine's own programs
    m4 checkpolicy                                              # policies for Xen
    dpkg-dev rsync xz-utils zstd cpio kmod                      # unpacking, packing
    bash busybox-static util-linux e2fsprogs                    # on board
    bsdextrautils                                               # the demos' tables
    pciutils iproute2 ethtool netcat-openbsd fio iperf3 jq
    libstdc++6 libgcc-s1
)

# host_packages: prints all packages that build installs. The headers are those of the
# next kernel from the mirror, as far as apt knows today.
host_packages() {
    printf '%s\n' "${TB_HOST_PACKAGES[@]}"
    kernel_known || listed_dependency linux-image-amd64 linux-image- | sed 's/-image-/-headers-/'
}

# demand_packages STATUS: ends the script for a user without the right to install, before anything is done.
demand_packages() {
    local lack
    mapfile -t lack < <(host_packages)
    mapfile -t lack < <(lacking "${lack[@]}")
    may_install "${lack[@]}" || exit "$1"
}

apt_candidate() { apt-cache policy "$1" | sed -n 's/^  Candidate: //p' | grep -v '^(none)$'; }

# The one dependency of META whose name starts with PREFIX.
apt_dependency() {
    [ -n "$(apt_candidate "$1")" ] || apt_get update >&2
    listed_dependency "$@"
}

listed_dependency() { apt-cache depends "$1" 2>/dev/null | sed -n "s/^  Depends: \\($2.*\\)/\\1/p" | head -n 1; }

# download PACKAGE DIR [VERSION]: the newest version that the mirror really has; a
# listed version may be gone (a mirror drops superseded security updates).
download() { download_listed "$@" || { apt_get update && download_listed "$@"; }; }

download_listed() {
    local package=$1 dir=$2 version versions=${3-}
    mkdir -p "$dir"
    if [ -z "$versions" ]; then
        versions=$(apt-cache madison "$package" | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' | sort -rVu)
    fi
    for version in $versions; do
        if (cd "$dir" && apt_get -o APT::Sandbox::User=root download "$package=$version"); then
            return 0
        fi
        echo "no $package $version on the mirror, trying an older one"
    done
    echo "no version of $package could be fetched"
    return 1
}

# Debian's own suites among the host's, with their sources.
source_apt() { private_apt "$TB_BUILD/apt" "$@"; }

source_lists() {
    local dir=$TB_BUILD/apt key=/usr/share/keyrings/debian-archive-keyring.gpg option=
    mkdir -p "$dir"
    [ ! -e "$key" ] || option="[signed-by=$key] "
    debian_suites | sed "s|^|deb-src $option|" >"$dir/sources.list"
    [ -s "$dir/sources.list" ] || { echo 'apt knows no Debian archive'; return 1; }
    cat "$dir/sources.list"
    source_apt apt_get update
}

# fetch_source NAME SERIES DIR: download the newest available source version of
# SERIES, unpack the source to DIR, print its version into DIR.version.
fetch_source() {
    local name=$1 series=$2 dir=$3 version
    mkdir -p "$dir.download"
    # shellcheck disable=SC2016  # apt's own syntax
    for version in $(source_apt apt_get indextargets --format '$(FILENAME)' 'Created-By: Sources' |
                     xargs -r /usr/lib/apt/apt-helper cat-file |
                     awk -v name="$name" '/^Package: / { p = $2 } /^Version: / && p == name { print $2 }' |
                     grep "^$series" | sort -rVu); do
        echo "trying $name $version"
        if (cd "$dir.download" && source_apt apt_get source --download-only "$name=$version"); then
            rm -rf "$dir"
            dpkg-source --no-check -x "$dir.download/${name}_$version.dsc" "$dir"
            rm -rf "$dir.download"
            printf '%s\n' "$version" >"$dir.version"
            return 0
        fi
        rm -f "$dir.download"/*
    done
    echo "no version $series of the source package $name could be fetched"
    return 1
}
