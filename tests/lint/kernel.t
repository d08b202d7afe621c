#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The kernel's C: checkpatch --strict, and sparse with no warning.
set -u
. "$(dirname "$0")/lib.sh"

# The reasons: the tree is no Linux tree, with MAINTAINERS and Documentation (here docs/).
# ENOSYS is the error of a missing hypercall. Names of tests happen to be names of
# functions. container_of finds a device's copy of dma_map_ops, so the copy is not
# const.
ignored=FILE_PATH_CHANGES,UNDOCUMENTED_SETUP,ENOSYS,EMBEDDED_FUNCTION_NAME,CONST_STRUCT
# The one file with checks of the kernel's version.
version=LINUX_VERSION_CODE,CONSTANT_COMPARISON
# And the file of tracepoints, whose macros have a layout of their own.
layout=OPEN_ENDED_LINE,PARENTHESIS_ALIGNMENT
# A list that is written once is a macro that takes macros.
list=COMPLEX_MACRO,MACRO_ARG_REUSE,BRACKET_SPACE

linux_scripts checkpatch.pl const_structs.checkpatch spelling.txt
checkpatch() { # IGNORED FILE...
    perl build/lint/scripts/checkpatch.pl --no-tree --strict --terse --show-types --no-summary \
        --ignore "$1" --file "${@:2}"
}
# A start takes longer than a file: once for all files.
mapfile -t sources < <(files 'kernel/**.[ch]' 'tests/modules/**.[ch]' 'bench/dma-map/*.[ch]' 'bench/pool-nic/*.[ch]')
mapfile -t compat < <(printf '%s\n' "${sources[@]}" | grep '/compat\.h$')
mapfile -t trace < <(printf '%s\n' "${sources[@]}" | grep '/trace\.h$')
mapfile -t lists < <(printf '%s\n' "${sources[@]}" | grep '_list\.h$')
mapfile -t others < <(printf '%s\n' "${sources[@]}" | grep -Ev '/(compat|trace)\.h$|_list\.h$')
said=$(checkpatch "$ignored" "${others[@]}"; checkpatch "$ignored,$version" "${compat[@]}"
    checkpatch "$ignored,$layout" "${trace[@]}"; checkpatch "$ignored,$list" "${lists[@]}")
for file in "${sources[@]}"; do
    is "checkpatch $file" "$(grep -F "$file:" <<<"$said")" ''
done
# The control: a fault is found.
printf 'int  f( void ){ if(1) return(0); }\n' >build/lint/bad.c
like 'checkpatch finds a fault' "$(checkpatch "$ignored" "${others[0]}" build/lint/bad.c)" '^build/lint/bad\.c:1: ERROR'

# In a copy, as make leaves its products beside the sources. C=2 also checks files
# that need no new build.
sparse() {
    local dir=build/lint/$1
    mkdir -p build/lint/kernel build/lint/tests build/lint/bench
    rsync -rlpc hypervisor build/lint/
    rsync -rlpc --delete --exclude='*.o' --exclude='*.ko' --exclude='.*.cmd' --exclude='*.mod' --exclude='*.mod.c' \
        --exclude=Module.symvers --exclude=modules.order "$1/" "$dir/"
    make -s -C "$dir" -j2 C=2 CF='-Wsparse-error' KDIR="$(kernel_headers)" 2>&1 | tee "$dir.log" |
        grep -E 'warning:|error:|Error ' && return 1
    find "$dir" -maxdepth 1 -name '*.ko' | grep -q . || { cat "$dir.log"; return 1; }
}
for dir in kernel/xen-pviommu tests/modules bench/dma-map bench/pool-nic; do
    ok "sparse $dir" sparse "$dir"
done
printf '\n#include <linux/types.h>\nint lint_control(int __user *p);\nint lint_control(int __user *p)\n{\n\treturn *p;\n}\n' >>build/lint/tests/modules/edu/main.c
nok 'sparse finds a fault' bash -c "! make -s -C build/lint/tests/modules C=2 KDIR='$(kernel_headers)' 2>&1 | grep 'warning:'"
done_testing
