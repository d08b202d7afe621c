#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# libpviommu on its simulated backend: its tests, also under ASan, UBSan and TSan; and its
# installation. tests/vm/libpviommu.t runs the same program on the device.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"

out=$root/build/meson
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

ok 'it builds' "$root/userspace/build.sh" plain all
ok 'for ASan and UBSan' "$root/userspace/build.sh" asan libpviommu/libpviommu-test
ok 'for TSan' "$root/userspace/build.sh" tsan libpviommu/libpviommu-test

# run KIND FILTER: the program's results become this test's, without other output.
run() {
    local status=0
    relay "$1" < <(UBSAN_OPTIONS=halt_on_error=1 "$out/$1/libpviommu/libpviommu-test" "--gtest_filter=$2" 2>"$work/err"
        echo $? >"$work/status")
    read -r status <"$work/status"
    is "$1: status and stderr" "$status:$(head -n 40 "$work/err")" 0:
}
run plain '*'
run asan '*'
run tsan 'Threads.*:*DevicesRace*:Spaces.AnotherLcore*'
nok 'an unknown option is wrong usage' "$out/plain/libpviommu/libpviommu-test" --devices

# As installed.
stage=$work/stage
ok 'it installs' env DESTDIR="$stage" meson install -C "$out/plain" --no-rebuild
libdir=$(dirname "$(cd "$stage" && find . -name 'libpviommu.so.0')")
is 'its files' "$(cd "$stage/usr/local" && find . -path '*pviommu*' ! -type d ! -name '*pviommuctl*' | sed 's|/lib/.*-gnu/|/lib/|' |
    sort | xargs -n 1 | sed 's|^\./||' | xargs)" \
    "include/pviommu/backend.h include/pviommu/batch.h include/pviommu/error.h include/pviommu/pviommu.h include/pviommu/sim.h \
include/pviommu/space.h include/pviommu/xen_pviommu.h lib/libpviommu.a lib/libpviommu.so lib/libpviommu.so.0 lib/libpviommu.so.0.1.0 \
lib/pkgconfig/libpviommu.pc share/man/man3/libpviommu.3"
export PKG_CONFIG_PATH=$stage/$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$stage

# The example of the page, unchanged.
sed -n '/^    #include/,/^    }$/{s/^    //p;/^$/p}' "$root/docs/libpviommu.md" >"$work/example.cpp"
sed -n '/^    int main/,/^    }$/s/^    //p' "$root/docs/libpviommu.md" >>"$work/example.cpp"
# shellcheck disable=SC2046  # several words
ok 'the example builds' g++ -std=c++20 -Wall -Wextra -Wpedantic -Werror "$work/example.cpp" -o "$work/shared" \
    $(pkg-config --cflags --libs libpviommu)
# shellcheck disable=SC2046
ok 'static, too' g++ -std=c++20 -static "$work/example.cpp" -o "$work/static" $(pkg-config --static --cflags --libs libpviommu)
export LD_LIBRARY_PATH=$stage/$libdir
for kind in shared static; do
    ok "$kind: it maps" "$work/$kind" sim
    if [ ! -e /dev/xen-pviommu ]; then
        is "$kind: without the module it says what helps" "$("$work/$kind" 2>&1; echo "$?")" \
            'open the device: No such file or directory: the module is not active: cat /sys/kernel/xen_pviommu/state, pviommuctl status
1'
    fi
done
like 'the shared build uses the library' "$(ldd "$work/shared")" "libpviommu\\.so\\.0 => $stage"

# The manual names the calls of programs, without const functions.
is 'the manual has no errors' "$(groff -ww -man -Tutf8 -z "$root/docs/man/libpviommu.3" 2>&1)" ''
manual=$(groff -man -Tascii -P-cbou "$root/docs/man/libpviommu.3")
for call in $(nm -DC --defined-only "$stage/$libdir/libpviommu.so.0" | grep -v ') const' |
    grep -oE 'pviommu::(Batch::|Lcore::|Space::|Region::)?[a-z_]+\(' | grep -oE '[a-z_]+\(' | sort -u); do
    like "the manual has ${call%?}()" "$manual" "\b${call%?}\("
done

# The library's symbols for programs.
library=$stage/$libdir/libpviommu.so.0
exported=$(nm -DC --defined-only "$library" | grep -v ' A LIBPVIOMMU_0\.1$')
cmp_ok 'it exports something' "$(wc -l <<<"$exported")" -gt 30
is 'all with a version' "$(grep -v '@@LIBPVIOMMU_0\.1$' <<<"$exported")" ''
is 'and in its namespace' "$(grep -vE ' [TWV] ((vtable|typeinfo|typeinfo name) for )?pviommu::' <<<"$exported")" ''
is 'no internal symbol' "$(grep -E 'State::|core_|bfn_|shim_|_failed' <<<"$exported")" ''
done_testing
