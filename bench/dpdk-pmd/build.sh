#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
# bench/dpdk-pmd/build.sh: pviommu-pmd and its mempool driver, into build/dpdk-pmd.
# Exit status as in headers.sh.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
root=$(cd "$here/../.." && pwd)
out=$root/build/dpdk-pmd
library=$out/userspace

mkdir -p "$out"
exec {lock}>"$out/lock"
flock "$lock"
"$here/headers.sh" "$out/headers"
[ -e "$library/build.ninja" ] || meson setup -Dtests=false "$library" "$root/userspace"
meson compile -C "$library" -j 2 pviommu:shared_library
[ -e "$out/build.ninja" ] || PKG_CONFIG_PATH=$library/meson-uninstalled meson setup -Dheaders="$out/headers" "$out" "$here"
ninja -C "$out" -j2
