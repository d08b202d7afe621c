# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# The host's tools.

# shellcheck source=scripts/apt.sh
. "$(dirname "${BASH_SOURCE[0]}")/../apt.sh"

TB_HOST_PACKAGES=(
    qemu-system-x86                                             # the machine
    gcc libc6-dev make patch flex bison python3 libelf-dev      # Xen and modules
    patchelf                                                    # a newer Debian's tools
    g++                                                         # the machine's own programs
    m4 checkpolicy                                              # policies for Xen
    dpkg-dev rsync xz-utils zstd cpio kmod                      # unpacking, packing
    bash busybox-static util-linux e2fsprogs                    # on board
    bsdextrautils                                               # the demos' tables
    pciutils iproute2 ethtool netcat-openbsd fio iperf3 jq
    libstdc++6 libgcc-s1
)

# demand_packages STATUS: ends the script for a user without the right to install, before anything is done.
demand_packages() {
    local lack
    mapfile -t lack < <(lacking "${TB_HOST_PACKAGES[@]}")
    may_install "${lack[@]}" || exit "$1"
}
