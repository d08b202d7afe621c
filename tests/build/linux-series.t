#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# kernel/series: the patches apply by git am to a fresh tree, together make what integrate
# makes, are clean by checkpatch --strict, and each has what its files need to compile.
set -u
. "$(dirname "$0")/../lint/lib.sh"
# shellcheck source=tests/build/series.sh
. "$TOP/tests/build/series.sh"

log=${TEST_LOG:-$TOP/build/tests/by-hand/linux-series}
dir=$TOP/build/linux-series
tree=$dir/tree
folder=drivers/xen/pviommu
guide=Documentation/admin-guide
changed=(drivers/xen/Kconfig drivers/xen/Makefile MAINTAINERS "$guide/index.rst" "$guide/kernel-parameters.txt")
mkdir -p "$log" "$dir"

# The files of Debian's source that the series changes.
tar=$(find /usr/src -maxdepth 1 -name 'linux-source-*.tar.xz' | sort -V | tail -n 1)
[ -n "$tar" ] || skip_all 'linux-source is not installed'
rm -rf "$dir/linux"
mkdir -p "$dir/linux"
tar -C "$dir/linux" --strip-components=1 -xf "$tar" "${changed[@]/#/$(basename "$tar" .tar.xz)/}"

ok 'the series is written' "$TOP/kernel/series" "$dir/patches" "$dir/linux"
patches=("$dir"/patches/*.patch)
cmp_ok 'in a handful of patches' "${#patches[@]}" -ge 5
cmp_ok 'or two' "${#patches[@]}" -le 12
"$TOP/kernel/series" "$dir/again" >/dev/null 2>&1
is 'from the package of the source as from its tree' "$(diff -r "$dir/patches" "$dir/again" 2>&1)" ''

base_tree "$dir/linux" "$tree"
ok 'git am takes the patches' git -C "$tree" am --quiet "${patches[@]}"
git -C "$tree" tag --force all >/dev/null
cp -r "$dir/linux" "$dir/integrated.new"
rm -rf "$dir/integrated"
mv "$dir/integrated.new" "$dir/integrated"
"$TOP/kernel/integrate" "$dir/integrated" >/dev/null
is "the code is integrate's" "$(diff -r "$dir/integrated/drivers" "$tree/drivers" 2>&1)" ''
is 'the rest is documents' "$(git -C "$tree" diff --name-only base all -- ':!drivers' | xargs)" \
    "$guide/index.rst $guide/kernel-parameters.txt $guide/xen-pviommu.rst MAINTAINERS"
like 'each option is documented' "$(<"$tree/$guide/kernel-parameters.txt")" '	xen_pviommu\.devices='
undocumented() {
    grep -ohE 'module_param(_named|_cb)?\([a-z_]+' kernel/xen-pviommu/*.c | sed 's/.*(//' | while IFS= read -r name; do
        grep -qP "^\txen_pviommu\.$name=" "$tree/$guide/kernel-parameters.txt" || echo "$name"
    done
}
is 'and none is missing' "$(undocumented)" ''

# --- checkpatch. The complaints that stay, and the reasons, are those of tests/lint/kernel.t.
# The public header is Xen's; the author's own address is wider than a line.

linux_scripts checkpatch.pl const_structs.checkpatch spelling.txt
checked() { # PATCH...
    perl build/lint/scripts/checkpatch.pl --no-tree --strict --terse --show-types --showfile --no-summary \
        --ignore FILE_PATH_CHANGES,UNDOCUMENTED_SETUP,ENOSYS,CONST_STRUCT,COMMIT_LOG_LONG_LINE "$@" |
        grep -vE '/compat\.h:.*:(LINUX_VERSION_CODE|CONSTANT_COMPARISON):' |
        grep -vE '/trace\.h:.*:(OPEN_ENDED_LINE|PARENTHESIS_ALIGNMENT):' |
        grep -vE '/counter_list\.h:.*:(COMPLEX_MACRO|MACRO_ARG_REUSE|BRACKET_SPACE):' |
        grep -vE '/iommu_op\.h:.*:(BIT_MACRO|PREFER_KERNEL_TYPES|NEW_TYPEDEFS):'
}
for patch in "${patches[@]}"; do
    is "checkpatch $(basename "$patch")" "$(checked "$patch")" ''
done
sed 's/^+#include "counters.h"$/+#include  "counters.h" /' "${patches[0]}" >"$dir/bad.patch"
like 'checkpatch finds a fault' "$(checked "$dir/bad.patch")" 'TRAILING_WHITESPACE'
is 'no line of a message is over 75 columns' "$(git -C "$tree" log --format='%s%n%b' base..all | grep -E '^.{76}' | grep -v '^Signed-off-by: ')" ''
is 'each is signed off' "$(grep -LE '^Signed-off-by: .+ <.+@.+>$' "${patches[@]}")" ''

# --- each step has what its files need. The folder's Makefile is the last step's: here it is
# beside the tree, with the files so far.

compile() { # COMMIT
    local objects
    git -C "$tree" checkout --quiet --force "$1"
    mapfile -t objects < <(git -C "$tree" diff --name-only --diff-filter=A "$1~" "$1" -- "$folder/*.c" | sed 's|.*/||; s|c$|o|')
    rsync -rlpc --delete --exclude='*.o' --exclude='.*.cmd' "$tree/$folder/" "$dir/module/"
    git -C "$tree" show "all:$folder/Makefile" >"$dir/module/Makefile"
    [ "${#objects[@]}" -eq 0 ] ||
        make -s -C "$(kernel_headers)" M="$dir/module" W=1 -j2 "${objects[@]}" >"$log/make.log" 2>&1 || { tail -n 20 "$log/make.log"; return 1; }
    ! grep -E 'warning:' "$log/make.log" | grep -vE '^warning: (the compiler|pahole version) differs'
}
rm -rf "$dir/module"
mkdir -p "$dir/module"
for commit in $(git -C "$tree" rev-list --reverse base..all); do
    ok "compiles: $(git -C "$tree" log -1 --format=%s "$commit")" compile "$commit"
done
is 'all files have been compiled' "$(find "$dir/module" -name '*.o' | wc -l)" "$(files 'kernel/xen-pviommu/*.c' | wc -l)"
is 'the last but the documents adds the option' "$(git -C "$tree" log --format=%s base..all -- drivers/xen/Kconfig)" "$(git -C "$tree" log -1 --format=%s all~)"
done_testing
