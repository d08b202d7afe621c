#!/usr/bin/env bash
# The kernel's C: checkpatch --strict, and sparse with no warning.
set -u
. "$(dirname "$0")/lib.sh"

# Why each is off: the tree is no Linux tree, with its MAINTAINERS and its
# Documentation (ours is docs/). ENOSYS is what a hypercall that is not there
# gives. Names of tests happen to be names of functions. A device's copy of
# dma_map_ops is found by container_of, so it is not const.
ignored=FILE_PATH_CHANGES,UNDOCUMENTED_SETUP,ENOSYS,EMBEDDED_FUNCTION_NAME,CONST_STRUCT
# The one file that may look at the kernel's version.
version=LINUX_VERSION_CODE,CONSTANT_COMPARISON

linux_scripts checkpatch.pl const_structs.checkpatch spelling.txt
checkpatch() {
    local ignored=$ignored
    [[ $1 != */compat.h ]] || ignored+=,$version
    perl build/lint/scripts/checkpatch.pl --no-tree --strict --terse --show-types --no-summary \
        --ignore "$ignored" --file "$1"
}
for file in $(files 'kernel/**.[ch]' 'tests/modules/**.[ch]' 'bench/dma-map/*.[ch]'); do
    ok "checkpatch $file" checkpatch "$file"
done
# The control: what is wrong is found.
printf 'int  f( void ){ if(1) return(0); }\n' >build/lint/bad.c
nok 'checkpatch finds what is wrong' checkpatch build/lint/bad.c

# In a copy, as make leaves its products beside the sources.
sparse() {
    local dir=build/lint/$1
    mkdir -p build/lint/kernel build/lint/tests build/lint/bench
    rm -rf "$dir"
    cp -r hypervisor build/lint/
    cp -r "$1" "$dir"
    make -s -C "$dir" -j2 C=2 CF='-Wsparse-error' KDIR="$(kernel_headers)" 2>&1 | tee "$dir.log" |
        grep -E 'warning:|error:|Error ' && return 1
    find "$dir" -maxdepth 1 -name '*.ko' | grep -q . || { cat "$dir.log"; return 1; }
}
for dir in kernel/xen-pviommu tests/modules bench/dma-map; do
    ok "sparse $dir" sparse "$dir"
done
printf '\n#include <linux/types.h>\nint lint_control(int __user *p);\nint lint_control(int __user *p)\n{\n\treturn *p;\n}\n' >>build/lint/tests/modules/edu_test.c
nok 'sparse finds what is wrong' bash -c "! make -s -C build/lint/tests/modules C=2 KDIR='$(kernel_headers)' 2>&1 | grep 'warning:'"
done_testing
