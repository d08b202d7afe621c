#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
# bench/dpdk-pmd/headers.sh DIR: headers of a poll-mode driver that libdpdk-dev leaves
# out, of the same version, from Debian's source package, into DIR. Exit status 77
# without the source: tests then skip.
set -euo pipefail

TB_HOME=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../scripts/testbed.d" && pwd)
# shellcheck source=scripts/testbed.d/common.sh
. "$TB_HOME/common.sh"

[ $# -eq 1 ] || { echo "usage: ${0##*/} DIR" >&2; exit 2; }
wanted=(lib/eal/include/dev_driver.h lib/ethdev/ethdev_driver.h lib/ethdev/ethdev_vdev.h drivers/bus/vdev/bus_vdev_driver.h)
version=$(dpkg-query -W -f '${source:Upstream-Version}' libdpdk-dev)
[ "$(cat "$1/.version" 2>/dev/null)" != "$version" ] || exit 0

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck disable=SC2034  # of archive.sh
TB_BUILD=$scratch
# shellcheck source=scripts/testbed.d/archive.sh
. "$TB_HOME/archive.sh"
mapfile -t suites < <(debian_suites | awk '{ print $2 }' | sort -u)
if ! { archive_suites deb-src "${suites[@]}" && archive_source dpdk "$version" "$scratch/dpdk"; } >"$scratch/log" 2>&1; then
    tail -n 5 "$scratch/log" >&2
    echo "${0##*/}: Debian's source of DPDK $version can't be fetched: $APT_NET_REMEDY" >&2
    exit 77
fi
mkdir -p "$1"
cp "${wanted[@]/#/$scratch/dpdk/}" "$1/"
printf '%s\n' "$version" >"$1/.version"
