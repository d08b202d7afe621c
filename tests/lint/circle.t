#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel module's object files form no circle: each can be read after the files that
# it needs. A file needs another for a symbol that the other defines.
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

# needs OBJECT...: lines of two files; the first needs the second.
needs() {
    nm --print-file-name --format=posix "$@" | sed 's|^[^ ]*/||; s|:||' | awk '
        $3 ~ /[A-TV-Z]/ { home[$2] = $1 }
        $3 == "U" { file[NR] = $1; symbol[NR] = $2 }
        END {
            for (i in file)
                if (home[symbol[i]]) print file[i], home[symbol[i]]
        }' | sort -u
}

# circle EDGES: the files of a circle, if any.
circle() { tsort <<<"$1" 2>&1 >/dev/null; }

ok 'the module builds' build
mapfile -t built < <(objects)
edges=$(needs "${built[@]}")
cmp_ok 'its files need each other' "$(wc -l <<<"$edges")" -gt "${#built[@]}"
is 'no file needs itself by way of others' "$(circle "$edges")" ''
# docs/architecture.md lists them from the ground up.
mapfile -t order < <(sed -n '/^## The module/,/^## The Xen half/p' docs/architecture.md | grep '^|' | grep -oE '`[a-z]+\.c`' | tr -d '`' | sed 's/c$/o/')
is 'the architecture page has each file' "$(printf '%s\n' "${order[@]}" | sort)" "$(printf '%s\n' "${built[@]##*/}" | sort)"
upwards() {
    awk 'NR == FNR { at[$1] = FNR; next } at[$2] > at[$1] { print $1, "needs", $2 }' <(printf '%s\n' "${order[@]}") <(echo "$1")
}
is 'and a file needs only files above' "$(upwards "$edges")" ''
is 'a file that needs a lower file is found' "$(upwards 'counters.o map.o')" 'counters.o needs map.o'
# The control: one reference back is found, over files between.
like 'a reference back is found' "$(circle "$edges"$'\ncounters.o map.o')" '^tsort: counters\.o$'
done_testing
