#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
# bench/dpdk-pmd/drivers.sh NAME...: Debian's paths of these libraries of DPDK (net_e1000,
# mempool_ring), one a line, by the names for EAL to load.
set -euo pipefail

for name; do
    file=$(find /usr/lib -path '*/pmds-*' -name "librte_$name.so.[0-9]*" -not -name '*.so.*.*' | sort -V | tail -n 1)
    [ -n "$file" ] || { echo "${0##*/}: no librte_$name: apt-get install dpdk" >&2; exit 1; }
    printf '%s\n' "$file"
done
