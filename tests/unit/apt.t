#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# scripts/apt.sh with the real apt and dpkg, on a system of their own: packages that
# are missing, in an upgrade or half installed, and locks of others.
set -u
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"

[ "$(id -u)" -eq 0 ] || skip_all 'apt and dpkg install for root only'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A system without a package, and an archive with one.
system=$work/system
mkdir -p "$system"/var/lib/{dpkg/{info,updates,triggers},apt/lists/partial} "$system"/var/{log,cache}/apt/archives/partial \
    "$system"/etc/apt/{apt.conf,preferences}.d "$work"/{archive,package/DEBIAN}
printf 'Package: probe\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: of %s\n' "$0" >"$work/package/DEBIAN/control"
dpkg-deb --build "$work/package" "$work/archive/probe.deb" >/dev/null
{
    cat "$work/package/DEBIAN/control"
    printf 'Filename: ./probe.deb\nSize: %s\nSHA256: %s\n' "$(stat -c %s "$work/archive/probe.deb")" \
        "$(sha256sum <"$work/archive/probe.deb" | cut -d' ' -f1)"
} >"$work/archive/Packages"
echo "deb [trusted=yes] file:$work/archive ./" >"$system/etc/apt/sources.list"
cat >"$work/apt.conf" <<CONF
Dir "$system";
Dir::Log "$system/var/log";
APT::Sandbox::User "root";
DPkg::Options { "--root=$system"; "--log=/dev/null"; };
CONF
export APT_CONFIG=$work/apt.conf DPKG_ADMINDIR=$system/var/lib/dpkg
unset APT_TERMINAL

state() { dpkg-query -W -f '${db:Status-Status}' probe 2>/dev/null; }
# set_state STATE: as if dpkg had reached this state.
set_state() {
    local word=${1#triggers-} trigger=
    [ "$word" = "$1" ] || trigger="\nTriggers-${word^}: other"
    : >"$DPKG_ADMINDIR/status"
    [ "$1" = none ] || sed "s/^Version:/Status: install ok $1$trigger\n&/" "$work/package/DEBIAN/control" >"$DPKG_ADMINDIR/status"
}
# deps PACKAGE...: the output is in $said and $err, the status in $status.
deps() {
    status=0
    said=$(timeout 120 "$root/scripts/install-deps" "$@" 2>"$work/err") || status=$?
    err=$(cat "$work/err")
}

set_state none
deps probe
is 'without lists: they are fetched, and the package is installed' "$status:$said:$err:$(state)" '0:installing: probe::installed'
deps probe
is 'an installed package: no word' "$status:$said:$err" 0::
for state in triggers-pending triggers-awaited; do
    set_state "$state"
    deps probe
    is "$state: the package is installed" "$status:$said:$err" 0::
done
set_state config-files
deps probe
is 'a removed package is installed again' "$status:$said:$(state)" '0:installing: probe:installed'

# hold LOCK: as apt and dpkg do, until release.
hold() {
    python3 - "$system/var/$1" >"$work/holds" <<'PYTHON' &
import fcntl, sys, time
lock = open(sys.argv[1], 'w')
fcntl.lockf(lock, fcntl.LOCK_EX)
print('yes', flush=True)
time.sleep(600)
PYTHON
    holder=$!
    until [ -s "$work/holds" ]; do sleep 0.05; done
}
release() { kill "$holder"; wait "$holder"; : >"$work/holds"; } 2>/dev/null

# waits COMMAND...: runs the command. Once the command prints its wait, calls meanwhile and
# releases the lock. The output is in $said, the status in $status.
meanwhile() { :; }
waits() {
    local try
    : >"$work/out"
    "$@" >>"$work/out" 2>&1 </dev/null &
    for ((try = 0; try < 600; try++)); do
        ! grep -q waiting "$work/out" && kill -0 $! 2>/dev/null || break
        sleep 0.1
    done
    meanwhile
    release
    status=0
    wait $! || status=$?
    said=$(cat "$work/out")
}
busy='install-deps: waiting for another apt or dpkg to end: Could not get lock'
held() { echo "$busy $system/var/$1. It is held by process $holder (python3)"; }

for lock in lib/dpkg/lock-frontend lib/dpkg/lock cache/apt/archives/lock; do
    set_state none
    hold "$lock"
    waits "$root/scripts/install-deps" probe
    is "$lock: a wait, a message, and the installation" "$status:$said:$(state)" "0:installing: probe
$(held "$lock"):installed"
done
set_state none
rm -rf "$system"/var/lib/apt/lists/*
hold lib/apt/lists/lock
waits "$root/scripts/install-deps" probe
is 'lib/apt/lists/lock: the same' "$status:$said:$(state)" "0:installing: probe
$(held lib/apt/lists/lock):installed"

hold lib/dpkg/lock-frontend
deps probe
is 'nothing lacks: no lock is asked for' "$status:$said:$err" 0::
set_state none
APT_PATIENCE=1 deps probe
like 'a lock that never comes is a failure' "$status:$err" '^install-deps: still no lock after 1 s: Could not get lock'
is 'with a status' "$status:$(state)" 1:
release

# In a step of the test machine output goes to a log, but not this.
hold lib/dpkg/lock-frontend
# shellcheck disable=SC2016  # the inner shell's
waits bash -c 'set -euo pipefail; TB_HOME=$1/scripts/testbed.d TESTBED_BUILD_DIR=$2/testbed; . "$TB_HOME/common.sh"; . "$TB_HOME/packages.sh"
    mkdir -p "$TB_LOGS"; TB_STEP=0 TB_STEPS=1; step installing none install_packages probe' testbed "$root" "$work"
like 'in a step: the user sees it' "$said" '^testbed: waiting for another apt or dpkg to end: Could not get lock'
is 'and the step passes' "$status:$(state)" 0:installed

# An upgrade by another process: dpkg has unpacked the new version, and goes on.
for state in unpacked half-configured half-installed; do
    set_state "$state"
    hold lib/dpkg/lock-frontend
    meanwhile() { set_state installed; }
    waits "$root/scripts/install-deps" probe
    is "$state: nothing is lacking, the upgrade's end is awaited" "$status:$said" "0:$(held lib/dpkg/lock-frontend)"
    meanwhile() { :; }
    set_state "$state"
    deps probe
    is "$state, and nobody works on the package: a message has the remedy" "$status:$said:$err" "1::install-deps: dpkg is not done with: probe
install-deps:   remedy: wait for it, or mend what it left: dpkg --configure -a"
done

set_state installed
deps probe none-such
like 'a package that does not exist' "$status:$err" '^install-deps: no such package: Unable to locate package none-such'
unlike 'is no fault of the network' "$err" 'network'
is 'with a status' "$status" 1
set_state none
rm -rf "$system"/var/lib/apt/lists/*
echo 'deb [trusted=yes] http://127.0.0.1:9/debian ./' >"$system/etc/apt/sources.list"
deps probe
like 'an archive out of reach' "$status:$err" '^install-deps: the network fails: Failed to fetch http://127\.0\.0\.1:9/'
unlike 'is no missing package' "$err" 'no such package'
is 'with a status, too' "$status" 1
done_testing
