# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2153  # variables are shared with the other parts
# Paths, messages, steps, locks and content hashes, for every other part.

TB_ROOT=$(cd "$TB_HOME/../.." && pwd)
TB_BUILD=${TESTBED_BUILD_DIR:-$TB_ROOT/build/testbed}
TB_JOBS=$(nproc)

# The name of a build product, and of a directory of the source tree, in one place.
TB_LOGS=$TB_BUILD/logs
TB_IMAGES=$TB_BUILD/images
TB_STAMPS=$TB_BUILD/stamps

say() { printf 'testbed: %s\n' "$*" >&2; }

# die STATUS MESSAGE [REMEDY]
die() {
    say "$2"
    [ -z "${3-}" ] || say "  remedy: $3"
    exit "$1"
}

# The current step's message to the user, beside its progress line.
note() { printf '%s\n' "$*" >>"$TB_LOGS/notes"; }

# strictly COMMAND...: in a subshell with `set -e`, its status in TB_RC. On the left
# of `||`, or anywhere inside an `if`, bash would ignore -e. strictly and its callers
# are therefore plain commands.
strictly() {
    set +e
    (set -euo pipefail; "$@")
    TB_RC=$?
    set -e
}

# step LABEL REMEDY COMMAND... : run a function with its output in a log of its
# own, and print one line of progress.
step() {
    local label=$1 remedy=$2 log begin=$SECONDS TB_TITLE=1
    shift 2
    TB_STEP=$((TB_STEP + 1))
    log=$TB_LOGS/$TB_STEP-${label//[^A-Za-z0-9]/-}.log
    : >"$TB_LOGS/notes"
    printf '[%d/%d] %s ...' "$TB_STEP" "$TB_STEPS" "$label" >&2
    strictly "$@" >"$log" 2>&1 </dev/null
    if [ "$TB_RC" -ne 0 ]; then
        printf ' failed\n' >&2
        tail -n 25 "$log" | sed 's/^/    | /' >&2
        die 1 "$label failed (status $TB_RC); the whole log: $log" "$remedy"
    fi
    printf ' %d s\n' $((SECONDS - begin)) >&2
    sed 's/^/      /' "$TB_LOGS/notes" >&2
}

# skip: the step is up to date; the count goes on, so that numbers stay the same.
skip() { TB_STEP=$((TB_STEP + 1)); }

# Only one build at a time; the lock lives as long as the descriptor.
lock_build() {
    mkdir -p "$TB_LOGS" "$TB_IMAGES" "$TB_STAMPS"
    exec {TB_LOCK}>"$TB_BUILD/lock"
    if ! flock --nonblock "$TB_LOCK"; then
        say 'waiting for another build to finish'
        flock "$TB_LOCK"
    fi
}

unlock_build() { exec {TB_LOCK}>&-; }

# Compilers' files in a source directory are no input.
TB_DERIVED=(-name '*.o' -o -name '*.ko' -o -name '*.a' -o -name '*.cmd' -o -name '*.mod' -o -name '*.mod.c'
            -o -name Module.symvers -o -name modules.order -o -name .git -o -name build -o -name '.tmp*' -o -name '*.swp')

# hash_of WORD... -- PATH... : one hash over words and the names, modes and
# contents of files (a missing path counts as such).
hash_of() {
    local words=()
    while [ $# -gt 0 ] && [ "$1" != -- ]; do words+=("$1"); shift; done
    shift
    {
        printf '%s\n' "${words[@]}"
        if [ $# -gt 0 ]; then
            find "$@" \( "${TB_DERIVED[@]}" \) -prune -o \( -type f -o -type l \) -printf '%p %m\n' 2>/dev/null |
                sed "s|^$TB_ROOT/||" | sort
            find "$@" \( "${TB_DERIVED[@]}" \) -prune -o -type f -print0 2>/dev/null | sort -z | xargs -0r cat
        fi
    } | sha256sum | cut -c1-24
}

# A product is fresh when its stamp holds the hash of its inputs.
fresh() { [ "$(cat "$TB_STAMPS/$1" 2>/dev/null)" = "$2" ]; }
stamp() { printf '%s\n' "$2" >"$TB_STAMPS/$1.new" && mv "$TB_STAMPS/$1.new" "$TB_STAMPS/$1"; }
