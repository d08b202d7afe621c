# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The one way to Debian's packages: every call of apt-get goes through here. A
# script sources this before its output goes to a log.

export DEBIAN_FRONTEND=noninteractive

# shellcheck disable=SC2034  # for those who source this
APT_NET_REMEDY='check the network and /etc/apt/sources.list*, run apt-get update, and try again'

# Seconds to wait for another apt or dpkg. An upgrade of a whole machine fits.
: "${APT_PATIENCE:=1800}"

# The user's stderr, wherever a script redirects its own: inherited, or today's.
if [ -z "${APT_TERMINAL-}" ] || ! { : >&"$APT_TERMINAL"; } 2>/dev/null; then exec {APT_TERMINAL}>&2; fi
export APT_TERMINAL

# To the user; behind a step's title, which has no end of line yet, on a line of its own.
apt_say() {
    printf '%s%s: %s\n' "${TB_TITLE:+$'\n'}" "${0##*/}" "$*" >&"$APT_TERMINAL"
    TB_TITLE=
}

# apt_get ARGUMENT...: apt-get that waits for locks of another apt or dpkg, with a
# message. DPkg::Lock::Timeout does not wait for the locks of lists and archives, and
# its message goes to the log.
apt_get() {
    local said status end=$((SECONDS + APT_PATIENCE)) told=
    while :; do
        status=0
        { said=$(LC_ALL=C apt-get -o Acquire::Retries=3 "$@" 2>&1 >&3 3>&-) || status=$?; } 3>&1
        [ "$status" -ne 0 ] && [[ $said =~ 'Could not get lock '[^$'\n']* ]] || break
        if [ "$SECONDS" -ge "$end" ]; then
            apt_say "still no lock after $APT_PATIENCE s: ${BASH_REMATCH[0]}"
            break
        fi
        [ -n "$told" ] || apt_say "waiting for another apt or dpkg to end: ${BASH_REMATCH[0]}"
        told=1
        sleep 1
    done
    [ -z "$said" ] || printf '%s\n' "$said" >&2
    return "$status"
}

# packages_in STATES PACKAGE...: prints the packages in one of dpkg's states, an ERE.
# dpkg-query fails for a package unknown to dpkg.
packages_in() {
    # shellcheck disable=SC2016  # dpkg's own syntax
    { dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${@:2}" 2>/dev/null || true; } | sed -nE "s/^($1) //p" | sort -u
}

# lacking PACKAGE...: prints the packages to install. A package under dpkg's hands is
# not lacking.
lacking() {
    local have
    have=$(packages_in 'installed|triggers-.*|unpacked|half-.*' "$@")
    printf '%s\n' "$@" | awk '!seen[$0]++' | grep -vxF -e "$have" || true
}

# unsettled PACKAGE...: prints the packages that dpkg is, or was, in the middle of.
unsettled() { packages_in 'unpacked|half-.*' "$@" | xargs; }

# settle PACKAGE...: wait until dpkg has finished with the packages. A working dpkg
# holds its lock, and `apt-get check` asks for the lock.
settle() {
    [ -n "$(unsettled "$@")" ] || return 0
    [ "$(id -u)" -ne 0 ] || apt_get -qq check || true
    [ -n "$(unsettled "$@")" ] || return 0
    apt_say "dpkg is not done with: $(unsettled "$@")"
    apt_say '  remedy: wait for it, or mend what it left: dpkg --configure -a'
    return 1
}

# install_packages PACKAGE...: install missing packages. Without lists, or with lists
# older than the mirror's, new lists are fetched.
install_packages() {
    local lack said
    settle "$@" || return
    mapfile -t lack < <(lacking "$@")
    [ "${#lack[@]}" -gt 0 ] || return 0
    may_install "${lack[@]}" || return
    apt_install "${lack[@]}" 2>/dev/null && return
    said=$(upgrade_packages "${lack[@]}" 2>&1) && return
    printf '%s\n' "$said" >&2
    why_not "$said"
    return 1
}

# why_not OUTPUT: tells a failed network from a package that does not exist. An update
# with a source out of reach succeeds, and then packages are unknown.
why_not() {
    local line
    if line=$(grep -m 1 -E '^[WE]: (Failed to fetch|Some index files failed)' <<<"$1"); then
        apt_say "the network fails: ${line#?: }"
        apt_say "  remedy: $APT_NET_REMEDY"
    elif line=$(grep -m 1 -E '^E: (Unable to locate package|Package .* has no installation candidate)' <<<"$1"); then
        apt_say "no such package: ${line#?: }"
        apt_say '  remedy: this wants Debian 12, with its main archive among the sources of apt'
    else
        apt_say "apt fails: $(grep -m 1 '^E: ' <<<"$1")"
    fi
}

# upgrade_packages PACKAGE...: to the newest version on the mirror.
upgrade_packages() { apt_get update -qq && apt_install "$@"; }

apt_install() { apt_get install -qq -y --no-install-recommends "$@"; }

# may_install PACKAGE...: only root may; others see the commands for root.
may_install() {
    [ $# -gt 0 ] && [ "$(id -u)" -ne 0 ] || return 0
    apt_say "installing Debian packages needs root; lacking: $*"
    apt_say "  remedy: run it as root, or this first: sudo $(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/install-deps $*"
    return 1
}

# debian_suites: prints URI, suite and component of each part of Debian's archive in
# the host's sources. The lists tell apt the owner of each archive.
debian_suites() { known_suites | grep . || { apt_get update >&2 && known_suites; }; }

known_suites() {
    # shellcheck disable=SC2016  # apt's own syntax
    apt_get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' | sort -u
}
