# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# What comes from Debian: the host's tools, single packages that are unpacked
# but never installed, and source packages.

export DEBIAN_FRONTEND=noninteractive

TB_HOST_PACKAGES=(
    qemu-system-x86                                             # the machine
    gcc libc6-dev make patch flex bison python3 libelf-dev      # Xen and modules
    g++                                                         # the machine's own programs
    m4 checkpolicy                                              # policies for Xen
    dpkg-dev rsync xz-utils zstd cpio kmod                      # unpacking, packing
    bash busybox-static util-linux e2fsprogs                    # what goes aboard
    pciutils iproute2 ethtool netcat-openbsd fio iperf3 jq
    libstdc++6 libgcc-s1
)

APT_NET_REMEDY='check the network and /etc/apt/sources.list*, run apt-get update, and try again'

# Prints those of the named packages that are not installed.  dpkg-query fails
# when it has never heard of one.
lacking() {
    local have
    # shellcheck disable=SC2016  # dpkg's own syntax
    have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p') || true
    printf '%s\n' "$@" | grep -vxF -e "$have" || true
}

# The lists may never have been fetched, or be older than what the mirror holds.
apt_update_once() {
    [ -z "${TB_APT_UPDATED-}" ] || return 0
    apt-get update
    TB_APT_UPDATED=1
}

install_packages() {
    apt_update_once
    apt-get install -y --no-install-recommends "$@"
}

apt_candidate() { apt-cache policy "$1" | sed -n 's/^  Candidate: //p' | grep -v '^(none)$'; }

# The one dependency of META whose name starts with PREFIX.
apt_dependency() {
    [ -n "$(apt_candidate "$1")" ] || apt_update_once >&2
    apt-cache depends "$1" | sed -n "s/^  Depends: \\($2.*\\)/\\1/p" | head -n 1
}

# download PACKAGE DIR [VERSION]: the newest version that the mirror really
# has; a listed one may be gone (a mirror drops superseded security updates).
download() {
    local package=$1 dir=$2 version versions=${3-}
    mkdir -p "$dir"
    if [ -z "$versions" ]; then
        versions=$(apt-cache madison "$package" | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' | sort -rVu)
    fi
    for version in $versions; do
        if (cd "$dir" && apt-get -o APT::Sandbox::User=root download "$package=$version"); then
            return 0
        fi
        echo "no $package $version on the mirror, trying an older one"
    done
    echo "no version of $package could be fetched"
    return 1
}

# A private apt configuration with the sources of Debian's own suites that the
# host uses: the host's configuration is read and never changed.
source_apt() {
    local dir=$TB_BUILD/apt
    apt-get -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State::lists="$dir/lists" -o APT::Sandbox::User=root "$@"
}

source_lists() {
    local dir=$TB_BUILD/apt key=/usr/share/keyrings/debian-archive-keyring.gpg option=
    mkdir -p "$dir/lists/partial"
    [ ! -e "$key" ] || option="[signed-by=$key] "
    # shellcheck disable=SC2016  # apt's own syntax
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
        sort -u | sed "s|^|deb-src $option|" >"$dir/sources.list"
    [ -s "$dir/sources.list" ] || { echo 'apt knows no Debian archive'; return 1; }
    cat "$dir/sources.list"
    source_apt update
}

# fetch_source NAME SERIES DIR: download the newest source version of SERIES
# that can be fetched, unpack it to DIR, print its version into DIR.version.
fetch_source() {
    local name=$1 series=$2 dir=$3 version
    mkdir -p "$dir.download"
    # shellcheck disable=SC2016  # apt's own syntax
    for version in $(source_apt indextargets --format '$(FILENAME)' 'Created-By: Sources' |
                     xargs -r /usr/lib/apt/apt-helper cat-file |
                     awk -v name="$name" '/^Package: / { p = $2 } /^Version: / && p == name { print $2 }' |
                     grep "^$series" | sort -rVu); do
        echo "trying $name $version"
        if (cd "$dir.download" && source_apt source --download-only "$name=$version"); then
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
