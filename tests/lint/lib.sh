# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For lint tests: the files of the tree, and Linux' tools.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$TOP/tests/tap.sh"
cd "$TOP" || exit 2
mkdir -p build/lint

# files PATHSPEC...: existing files that git has or would take.
files() {
    local file
    git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while IFS= read -r file; do
        [ ! -f "$file" ] || printf '%s\n' "$file"
    done
}

# The newest kernel with installed headers.
kernel_headers() { find /usr/src -maxdepth 1 -name 'linux-headers-*-amd64' | sort -V | tail -n 1; }

# linux_script NAME...: out of Linux' own sources, into build/lint/scripts.
linux_scripts() {
    local tar name wanted=()
    tar=$(find /usr/src -maxdepth 1 -name 'linux-source-*.tar.xz' | sort -V | tail -n 1)
    for name; do
        [ -e "build/lint/scripts/$name" ] || wanted+=("$(basename "$tar" .tar.xz)/scripts/$name")
    done
    [ "${#wanted[@]}" -eq 0 ] ||
        xz --decompress --stdout --threads=0 "$tar" | tar -x --strip-components=1 -C build/lint "${wanted[@]}"
}

# Every shell script: by name, or by the first line. A fragment without a first line
# has a comment for shellcheck.
shell_scripts() {
    {
        files '*.sh' '*.t'
        files . ':!*.sh' ':!*.t' | while IFS= read -r file; do
            head -c 100 "$file" | head -n 1 | grep -qaE '^#!.*\b(ba|da)?sh\b' && echo "$file"
        done
        files . ':!*.sh' ':!*.t' | xargs -r grep -lE '^# shellcheck shell='
    } | sort -u
}
