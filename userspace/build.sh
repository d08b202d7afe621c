#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# userspace/build.sh plain|asan|tsan TARGET...: build with meson, in build/meson/KIND. Without
# optimisation, because optimisation takes longer than the tests.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
kind=$1
shift
case $kind in
    plain) options=() ;;
    asan) options=(-Db_sanitize=address,undefined -Db_lundef=false) ;;
    tsan) options=(-Db_sanitize=thread -Db_lundef=false) ;;
    *) echo "userspace/build.sh: plain, asan or tsan, not $kind" >&2; exit 2 ;;
esac
out=$root/build/meson/$kind
mkdir -p "$root/build/meson"
exec 9>"$root/build/meson/$kind.lock"
flock 9
[ -e "$out/build.ninja" ] || meson setup -Dbuildtype=debug "${options[@]}" "$out" "$root/userspace"
ninja -j2 -C "$out" "$@"
