#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel module's object files form no circle: each can be read when those that it
# needs are known. A file needs another for a symbol that the other defines.
set -u
. "$(dirname "$0")/lib.sh"

module=kernel/xen-pviommu
dir=build/lint/circle/$module

# In a copy, as make leaves its products beside the sources.
build() {
    mkdir -p "$dir" build/lint/circle/hypervisor
    rsync -rlpc hypervisor/public build/lint/circle/hypervisor/
    rsync -rlpc --delete --exclude='*.o' --exclude='.*.cmd' "$module/" "$dir/"
    make -s -C "$dir" -j2 KDIR="$(kernel_headers)"
}

objects() { files "$module/*.c" | sed "s|.*/|$dir/|; s|c$|o|"; }

# needs OBJECT...: lines of two files, the first of which needs the second.
needs() {
    nm --print-file-name --format=posix "$@" | sed 's|^[^ ]*/||; s|:||' | awk '
        $3 ~ /[A-TV-Z]/ { home[$2] = $1 }
        $3 == "U" { file[NR] = $1; symbol[NR] = $2 }
        END {
            for (i in file)
                if (home[symbol[i]]) print file[i], home[symbol[i]]
        }' | sort -u
}

# circle EDGES: the files of one, if there is one.
circle() { tsort <<<"$1" 2>&1 >/dev/null; }

ok 'the module builds' build
mapfile -t built < <(objects)
edges=$(needs "${built[@]}")
cmp_ok 'its files need each other' "$(wc -l <<<"$edges")" -gt "${#built[@]}"
is 'no file needs itself by way of others' "$(circle "$edges")" ''
# The control: one reference back is found, over files between.
like 'a reference back is found' "$(circle "$edges"$'\ncounters.o map.o')" '^tsort: counters\.o$'
done_testing
