# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# For lint tests: which files there are, and where Linux' tools are.

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$TOP/tests/tap.sh"
cd "$TOP" || exit 2
mkdir -p build/lint

# files PATHSPEC...: those that git has or would take, and that still exist.
files() {
    local file
    git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while IFS= read -r file; do
        [ ! -f "$file" ] || printf '%s\n' "$file"
    done
}

# The newest kernel that there are headers for.
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

# Every shell script there is: by name, or by what the first line says. A fragment
# without a first line says it is one.
shell_scripts() {
    {
        files '*.sh' '*.t'
        files . ':!*.sh' ':!*.t' | while IFS= read -r file; do
            head -c 100 "$file" | head -n 1 | grep -qaE '^#!.*\b(ba|da)?sh\b' && echo "$file"
        done
        files . ':!*.sh' ':!*.t' | xargs -r grep -lE '^# shellcheck shell='
    } | sort -u
}
