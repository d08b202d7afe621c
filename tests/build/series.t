#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# hypervisor/series: the patches apply by git am to a fresh tree, together make what apply
# makes, and each one builds, with the option and without.
#
# The first build compiles all of Xen. From then on each step compiles its own files, and
# those users of headers that are listed here; all the rest keeps its objects, and each step
# is linked. The last step with all files anew is the build of xen-4.22.t.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"
# shellcheck source=tests/build/series.sh
. "$root/tests/build/series.sh"

version=4.22
log=${TEST_LOG:-$root/build/tests/by-hand/series}
mkdir -p "$log"
eval "$("$root/scripts/testbed" paths --xen $version)"
work=$TB_XEN/series
tree=$work/tree
object=$work/object
mkdir -p "$work"
exec {lock}>"$work/lock"
flock "$lock"

"$root/hypervisor/series" $version "$work/patches" >"$log/series.log" 2>&1
status=$?
[ -e "$TB_XEN/pristine.version" ] ||
    skip_all "the source of Xen $version can't be had: set XEN_SOURCES to a folder with xen-stable-$version.tar.xz, or with its tree (docs/testbed.md)"
is 'the series is written' "$status" 0
[ "$status" -eq 0 ] || { diag "$(<"$log/series.log")"; done_testing; exit; }
patches=("$work"/patches/*.patch)
cmp_ok 'in about a dozen patches' "${#patches[@]}" -ge 11

# --- on a fresh tree

base_tree "$TB_XEN/pristine" "$tree"
ok 'git am takes the patches' git -C "$tree" am --quiet "${patches[@]}"
git -C "$tree" tag --force all >/dev/null
rsync -a --delete "$TB_XEN/pristine/" "$work/applied/"
"$root/hypervisor/apply" "$work/applied"
cp -r "$tree/CHANGELOG.md" "$tree/MAINTAINERS" "$tree/SUPPORT.md" "$tree/docs" "$work/applied/"
is "the result is apply's, and documents" "$(diff --recursive --brief --exclude=.git "$work/applied" "$tree" 2>&1)" ''
like 'the documents name the option and its state' "$(git -C "$tree" diff base all -- SUPPORT.md)" 'Experimental'
is 'the page is docs/iommu-op.md' "$(diff "$root/docs/iommu-op.md" "$tree/docs/designs/iommu-op.md" | grep -c '^[<>]')" 2

# Nothing is left out: not a line, not a file.
refused() { # SED-PROGRAM FILE
    rm -rf "$work/steps"
    cp -r "$root/hypervisor/series.d" "$work/steps"
    sed -i "$1" "$work/steps/$2"
    "$root/scripts/split-series" "$TB_XEN/pristine" "$work/applied" "$work/steps" "$work/refused" 2>&1
}
like 'a missing file is refused' "$(refused '/trace\.h$/d' 14-flush)" 'do not make the whole change'
like 'and a missing part of a file' "$(refused '/x86\/iommu\.c$/d' 12-host-map)" 'do not make the whole change'
like 'and a part that finds nothing' "$(refused 's/hwdom_map = map/no_such_line/' 01-hwdom-map)" "no line of .* is new by 'no_such_line'"
is 'and the steps as they are, are not' "$(refused '' 01-hwdom-map | grep -v 'left out')" ''

# Xen has no checkpatch: its rules by hand.
is 'git sees no fault in white space' "$(git -C "$tree" diff --check base all 2>&1)" ''
is 'no added line of C is over 80 columns' "$(git -C "$tree" diff base all -- '*.[ch]' | sed -n 's/^+//p' | grep -E '^.{81}')" ''
is 'no added line of C has a tab' "$(git -C "$tree" diff base all -- '*.[ch]' | grep -P '^\+.*\t')" ''
unsigned() { grep -LE '^Signed-off-by: .+ <.+@.+>$' "${patches[@]}"; }
is 'each is signed off' "$(unsigned)" ''
long() { git -C "$tree" log --format='%s%n%b' base..all | grep -E '^.{76}' | grep -v '^Signed-off-by: '; }
is 'no line of a message is over 75 columns' "$(long)" ''

# --- each step builds

# Compiled again when a header changes.
users=(arch/x86/mm.c arch/x86/pv/mm.c drivers/passthrough/{iommu.c,x86/iommu.c,vtd/iommu.c,vtd/qinval.c,amd/pci_amd_iommu.c} xsm/dummy.c)

# go_to COMMIT: its files; `stale` has those that are to be compiled.
go_to() {
    local from
    from=$(git -C "$tree" rev-parse HEAD)
    git -C "$tree" checkout --quiet --force "$1"
    mapfile -t stale < <(git -C "$tree" diff --name-only --diff-filter=d "$from" "$1" -- '*.c' ':!xen/include')
    git -C "$tree" diff --quiet "$from" "$1" -- '*.h' || stale+=("${users[@]/#/xen/}")
}
xen() { make -C "$tree/xen" O="$object" -j"$(nproc)" "$@"; }

# only_stale: generate what Xen's build generates, and let all other objects seem new. Xen
# without objects can't be linked.
only_stale() {
    xen ALL_OBJS-y= ALL_LIBS-y= ARCH_LIBS-y= >"$log/generate.log" 2>&1
    find "$object" -name '*.o' -print0 | xargs -0r touch
    # A file's time has the length of a clock tick.
    sleep 0.1
    [ "${#stale[@]}" -eq 0 ] || (cd "$tree" && touch "${stale[@]}")
}
# build NAME y|n: prints what went wrong.
build() {
    mkdir -p "$object"
    {
        cat "$root/hypervisor/xen.config"
        echo '# CONFIG_DEBUG_INFO is not set'
        ! grep -q '^config IOMMU_OP' "$tree/xen/arch/x86/Kconfig" || echo "CONFIG_IOMMU_OP=$2"
    } >"$object/fragment.new"
    {
        cmp "$object/fragment.new" "$object/fragment" || {
            cp "$object/fragment.new" "$object/.config"
            xen olddefconfig && mv "$object/fragment.new" "$object/fragment"
        }
        only_stale
        xen
    } >"$log/$1-$2.log" 2>&1 || { tail -n 20 "$log/$1-$2.log"; return 1; }
    ! grep -i 'warning: ' "$log/$1-$2.log"
}
option() { sed -n 's/^CONFIG_IOMMU_OP=//p' "$object/.config"; }
subject() { git -C "$tree" log -1 --format=%s "$1"; }

# all_steps y|n: from base on.
all_steps() {
    local commit number=0
    for commit in $(git -C "$tree" rev-list --reverse base..all); do
        number=$((number + 1))
        go_to "$commit"
        # Without the option, only steps that change other files differ.
        [ "$1" = y ] || git -C "$tree" diff --name-only "$commit~" "$commit" | grep -qvE 'iommu_op|/leaf|pv/Makefile|\.md$' || continue
        ok "$1: $number $(subject "$commit")" build $number "$1"
    done
}
# The first build is kept for the next run.
made_of=$(cat "$TB_XEN/pristine.version" "$root/hypervisor/xen.config" | sha256sum)
go_to base
if [ "$(cat "$work/base-made-of" 2>&1)" != "$made_of" ]; then
    rm -rf "$object" "$work/base"
    ok 'Xen without the series builds' build 0 y
    is 'and has no such option' "$(option)" ''
    cp -a "$object" "$work/base"
    echo "$made_of" >"$work/base-made-of"
fi
fresh() { rm -rf "$object" && cp -a "$work/base" "$object" && go_to base; }
fresh
all_steps y
is 'the option is set' "$(option)" y
like 'the hypercall is present' "$(nm "$object/xen-syms")" ' [Tt] do_iommu_op$'
fresh
all_steps n
is 'the option is off' "$(option)" ''
is 'the hypercall is absent' "$(nm "$object/xen-syms" | grep -cE ' [Tt] (do_)?iommu_op(_|$)')" 0
done_testing
