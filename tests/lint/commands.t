#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Each command of scripts and makefiles comes from a package of their target, or from
# Debian's essential set: a new machine has no other.
set -u
. "$(dirname "$0")/lib.sh"
. "$TOP/scripts/apt.sh"

unit=$(make -s --eval 'print: ; @echo $(UNIT_PACKAGES)' print)
check=$(make -s --eval 'print: ; @echo $(UNIT_PACKAGES) $(VM_PACKAGES)' print)
machine=$(scripts/testbed packages)

# Each target: its packages (beside those of a new machine), and its files. A + marks files of shared functions.
named() { python3 tests/lint/commands.py --packages "$@" | xargs; }
declare -A packages=([demo]=$machine [dpdk-demo]="$machine $(named scripts/dpdk-demo)" [profile-demo]="$machine $(named scripts/profile-demo)"
    [bench]="$machine $(named scripts/bench)" [unit]=$unit [check]=$check)
declare -A uses=(
    [demo]="Makefile .ci/* scripts/demo scripts/testbed scripts/testbed.d/*.sh scripts/apt.sh scripts/install-deps scripts/judge-log
        hypervisor/apply kernel/xen-pviommu/Makefile tests/modules/Makefile"
    [dpdk-demo]='scripts/dpdk-demo bench/dpdk-pmd/*.sh +scripts/apt.sh +scripts/testbed.d/*.sh'
    [profile-demo]='scripts/profile-demo userspace/build.sh'
    [bench]='scripts/bench bench/Makefile bench/*/Makefile tests/kernel/*.sh bench/dpdk-pmd/*.sh
        +scripts/apt.sh +scripts/testbed.d/*.sh'
    [unit]='tests/run tests/tap.sh tests/lint/*.sh tests/lint/*.t tests/unit/*.t tests/harness/*.sh tests/harness/*.mk tests/hypervisor/Makefile
        tests/kernel/Makefile tests/kernel/*.sh
        userspace/*.sh userspace/*/*.sh userspace/*/Makefile bench/Makefile bench/dpdk-pmd/*.sh scripts/apt.sh scripts/install-deps
        +scripts/testbed.d/*.sh'
    [check]='tests/build/*.sh tests/build/*.t tests/debug/*.t tests/newest/*.t tests/vm/*.sh tests/vm/*.t tests/vm/small-kernel tests/matrix kernel/integrate packaging/build
        kernel/series hypervisor/series scripts/split-series
        tests/new-machine/*.sh tests/new-machine/*.t +tests/tap.sh +tests/lint/lib.sh +scripts/apt.sh +scripts/testbed.d/*.sh')
# Scripts in the test machine have the commands on board; the last are for users, who may have the commands.
elsewhere='tests/build/fresh/* packaging/early/* packaging/debian/*.post* scripts/*.d/guest scripts/bench.d/* tests/vm/guest/* scripts/perf/* *.bash-completion userspace/pviommuctl/*.bash-completion'

# expand PATTERN...: to files, each with its pattern's +.
expand() {
    local pattern file
    for pattern; do
        compgen -G "${pattern#+}" | while IFS= read -r file; do printf '%s%s\n' "${pattern%%[!+]*}" "$file"; done
    done
}
# lacks TARGET [FILE]...: commands in its files, or in these, of packages that the target does not install.
lacks() {
    local files
    # shellcheck disable=SC2086  # several patterns
    mapfile -t files < <(set -f; expand ${uses[$1]})
    [ $# -eq 1 ] || files=("${files[@]/#/+}")
    python3 tests/lint/commands.py "${packages[$1]} apt git make ca-certificates" "${files[@]/#++/+}" "${@:2}" 2>&1
}

for target in "${!uses[@]}"; do
    # make lint installs its own packages only: dpkg does not know the commands of others here.
    # shellcheck disable=SC2086  # several packages
    missing=$(lacking ${packages[$target]} | xargs)
    if [ -z "$missing" ]; then
        is "$target: each command is of a package of the target" "$(lacks "$target")" ''
    else
        skip "$target: each command is of a package of the target" "not installed here: $missing"
    fi
done
set -f
# shellcheck disable=SC2086  # several patterns
known=$({ for target in "${!uses[@]}"; do expand ${uses[$target]}; done; expand $elsewhere; } | grep -v '^+' | sort -u)
set +f
is 'no script is left out' "$({ shell_scripts; files '*Makefile' '*.mk'; } | grep -v '^scripts/testbed.bash' | sort -u | grep -vxF -e "$known")" ''

# make check asks for all packages at once, with those of tests that run alone.
mapfile -t tests < <(shell_scripts | grep -E '^(tests|userspace|bench/dpdk-pmd)/')
is "make check installs its tests' packages" "$(named "${tests[@]}" | xargs -n 1 | grep -vxF -e "$(xargs -n 1 <<<"$check")")" ''

# Faults are found.
cat >build/lint/bad-commands <<'BASH'
#!/bin/bash
mine() { jq . | sort; }
mine | env A=1 timeout 5 no-such-command --all
ok 'in words' bash -c 'xl list'
BASH
is 'a command of no such package is found' "$(lacks unit build/lint/bad-commands | cut -d: -f2,3 | xargs -d '\n')" ' no-such-command: no package  xl: no package'
is 'and a command of a package that is not named' "$(packages[unit]='make'; uses[unit]=; lacks unit build/lint/bad-commands | grep -c 'jq: jq$')" 1

# apt-get waits for locks only by scripts/apt.sh.
calls() { grep -nE '(^|[;&|({!]|then|do|else) *(sudo +|exec +)?apt(-get|itude)? ' "$@" /dev/null; }
mapfile -t others < <(shell_scripts | grep -vx scripts/apt.sh)
is 'apt-get is called in one place' "$(calls "${others[@]}")" ''
printf 'true && %s install x\n' apt-get >build/lint/bad.sh
like 'and another would be found' "$(calls build/lint/bad.sh)" 'apt-get install'
done_testing
