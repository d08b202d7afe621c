# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A new machine: Debian 12 as mmdebstrap's minbase, with git, make and ca-certificates,
# and a clone of HEAD. The machine is a file system and namespaces of its own.
# build/new-machine keeps the fresh file system, and the downloaded packages.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# shellcheck source=tests/tap.sh
. "$root/tests/tap.sh"
# shellcheck source=scripts/apt.sh
. "$root/scripts/apt.sh"

machines=$root/build/new-machine
log=${TEST_LOG:-$root/build/tests/by-hand/new-machine}
given=git,make,ca-certificates

[ "$(id -u)" -eq 0 ] || skip_all 'only root can make a new machine'
unshare --mount --pid --fork true || skip_all 'no namespaces can be made here'
mkdir -p "$machines/archives/partial" "$log"

# make_base: prints the reason of a failure. Made anew for another Debian or another list.
make_base() {
    local sources lock
    exec {lock}>"$machines/lock"
    flock "$lock"
    sources=$(debian_suites 2>/dev/null | sed 's|^|deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] |')
    [ -n "$sources" ] || { echo 'apt knows no Debian archive'; return 1; }
    [ "$(cat "$machines/base.of" 2>/dev/null)" != "$given $sources" ] || return 0
    rm -rf --one-file-system "$machines/base" "$machines/base.of"
    mmdebstrap --mode=root --variant=minbase --include="$given" --aptopt='Acquire::Retries "3"' \
        bookworm "$machines/base" - <<<"$sources" >"$log/mmdebstrap" 2>&1 || { grep '^E: ' "$log/mmdebstrap" | tail -n 2; return 1; }
    echo "$given $sources" >"$machines/base.of"
    exec {lock}>&-
}

# new_machine NAME: an unused machine, in $machine.
new_machine() {
    local why
    machine=$machines/$1
    why=$(make_base) || skip_all "no new machine can be made: $why"
    rm -rf --one-file-system "$machine"
    cp -a --reflink=auto "$machines/base" "$machine"
    cp -L /etc/resolv.conf /etc/hosts "$machine/etc/"
    git clone --quiet --no-hardlinks "$root" "$machine/root/clone" || { fail 'a clone'; done_testing; }
    diag "a new machine with $(git -C "$machine/root/clone" log -1 --format='%h %s')"
}

# on_it NAME COMMAND...: there, in the clone; without a network if OFFLINE says so. The output
# goes to NAME in the log.
on_it() {
    # unshare blocks SIGTERM, but the end of the test must end the machine.
    # shellcheck disable=SC2016  # the inner shell's
    setpriv --pdeathsig KILL unshare --mount --pid ${OFFLINE:+--net} --fork --kill-child --mount-proc="$machine/proc" bash -c '
        mount --rbind /dev "$1/dev" && mount --rbind /sys "$1/sys" &&
            mount --bind "$2" "$1/var/cache/apt/archives" && exec chroot "$1" "${@:3}"' \
        - "$machine" "$machines/archives" env -i -C /root/clone HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        ${http_proxy:+http_proxy="$http_proxy"} FUZZ_SECONDS=1 STRESS_SECONDS=1 "${@:2}" >"$log/$1" 2>&1 </dev/null
}

# works NAME COMMAND...: success on the machine. A failed network is told from a missing package.
works() {
    local status=0 before
    # (Not in a subshell, which has children of its own.)
    times >"$log/times"
    before=$(cpu_seconds)
    on_it "$@" || status=$?
    times >"$log/times"
    grep -E '# SKIP|[0-9]+ passed, ' "$log/$1" | sed 's/^/# /'
    diag "$1: $(($(cpu_seconds) - before)) s of CPU time"
    if [ "$status" -eq 0 ]; then
        pass "${*:2}"
    elif grep -qE 'the network fails: |remedy: check the network' "$log/$1"; then
        fail "${*:2}: the network failed, which says nothing of what lacks" "$(grep -B 3 -m 1 -E 'the network fails: |remedy: check the network' "$log/$1")
all of it: $log/$1"
    else
        fail "${*:2}: status $status" "$(grep -m 5 -E 'not found|No such file' "$log/$1")
$(tail -n 30 "$log/$1")
all of it: $log/$1"
    fi
}

# All ended processes below this shell.
cpu_seconds() { awk -F '[ms ]+' 'NR == 2 { printf "%d\n", $1 * 60 + $2 + $3 * 60 + $4 }' "$log/times"; }

remove_machine() { rm -rf --one-file-system "$machine"; }
