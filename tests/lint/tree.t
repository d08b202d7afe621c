#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The tree as a whole: nothing of the machine of its authors, nothing that does not
# belong into git, and names that lead somewhere.
set -u
. "$(dirname "$0")/lib.sh"

found() { files . | xargs -d '\n' grep -nIE -e "$1" -- 2>/dev/null; }

# Paths and hosts of the authors' machine: the home and work directories, addresses of
# private networks outside of tests, and package mirrors other than
# Debian's own.
paths='(^|[^[:alnum:]_.-])/(home|work|mnt/data)/[[:alnum:]]|/tmp/(src|wt|tbt)\b'
is 'no path of a machine' "$(found "$paths" | grep -v '^tests/lint/tree\.t:')" ''
hosts=$(grep -rhoE '(https?|ftp)://[^/ ]+' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null |
    sed 's|.*://||; s|.*@||' | grep -vE '(^|\.)debian\.org$' | sort -u)
for host in $hosts "$(hostname -f 2>/dev/null)"; do
    # A host with a plain word for a name does not count.
    [[ $host = *.* ]] || continue
    is 'no host of this machine' "$(files . | xargs -d '\n' grep -nIF -e "$host")" ''
done

is 'no file over 512 KiB' "$(files . | xargs -d '\n' -I{} find {} -size +512k)" ''
# (but in the judge's list of patterns, which needs one, and in gnuplot's files)
is 'no space at the end of a line' "$(files . ':!*.patch' ':!*.svg' ':!scripts/judge-log' | xargs -d '\n' grep -nIE '[[:blank:]]+$')" ''
is 'no file without an end of line' "$(files . | while IFS= read -r f; do
    [ ! -s "$f" ] || [ -z "$(tail -c 1 "$f")" ] || echo "$f"; done)" ''
is 'no conflict marker' "$(found '^(<<<<<<<|>>>>>>>) ')" ''
is 'every test can be started' "$(files '*.t' | while IFS= read -r f; do [ -x "$f" ] || echo "$f"; done)" ''
is 'the ABI header is there once' "$(files '*iommu_op.h' | grep -c public)" 1

# Links in documents lead to existing files.
broken() {
    local file link
    files '*.md' | while IFS= read -r file; do
        grep -oE '\]\([^)#:]+[)#]' "$file" | sed 's/^](//; s/[)#]$//' | while IFS= read -r link; do
            [ -e "$(dirname "$file")/$link" ] || echo "$file: $link"
        done
    done
}
is 'no link is broken' "$(broken)" ''

# anchors FILE: its headings by GitHub's names. unheaded FILE...: links to missing headings.
anchors() { sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | sed 's/[^a-z0-9 _-]//g; s/ /-/g'; }
unheaded() {
    local file link to
    for file; do
        grep -oE '\]\([^)#:]*#[^)]+\)' "$file" | sed 's/^](//; s/)$//' | while IFS= read -r link; do
            to=$(dirname "$file")/${link%%#*}
            [ -n "${link%%#*}" ] || to=$file
            anchors "$to" | grep -qxF -e "${link#*#}" || echo "$file: $link"
        done
    done
}
mapfile -t pages < <(files '*.md')
is 'no link to a heading is broken' "$(unheaded "${pages[@]}")" ''
printf '## A heading\n[a](#a-heading) [b](#no-heading)\n' >build/lint/links.md
is 'and another would be found' "$(unheaded build/lint/links.md)" 'build/lint/links.md: #no-heading'

# absent PATTERN...: patterns without a match. MAINTAINERS has patterns, CONTRIBUTING.md has files.
absent() {
    local pattern
    for pattern; do
        # shellcheck disable=SC2086  # as a pattern
        ls -d $pattern >/dev/null 2>&1 || echo "$pattern"
    done
}
mapfile -t owned < <(sed -n 's/^F:\t//p' MAINTAINERS)
mapfile -t edited < <(grep -oE '`[a-z-]+/[^` ]+`' CONTRIBUTING.md | tr -d '`')
cmp_ok 'MAINTAINERS names files' "${#owned[@]}" -gt 10
cmp_ok 'CONTRIBUTING.md names files' "${#edited[@]}" -gt 10
is 'all of them are there' "$(absent "${owned[@]}" "${edited[@]}")" ''
is 'a missing file is found' "$(absent tests/lint tests/no-such/)" tests/no-such/

# The hypervisor's files, each with its part on the architecture page.
xen_files() { sed -n '/^## The Xen half/,/^## From/p' docs/architecture.md | grep -oE '`(public/|vtd/|amd/)?(iommu_op|leaf)[a-z_]*\.[ch]`' | tr -d '`'; }
mapfile -t described < <(xen_files)
cmp_ok 'the architecture page names files of Xen' "${#described[@]}" -gt 10
is 'and each source of them' "$(printf '%s\n' "${described[@]}" | grep '\.c$' | sort)" "$(files 'hypervisor/**.c' | sed 's|^hypervisor/||' | sort)"
is 'all of them exist' "$(cd hypervisor && absent "${described[@]}")" ''

# meson reads VERSION. A module is also built without the rest of the tree, and repeats the version.
versions() { grep -ohE '(MODULE_VERSION\("|PACKAGE_VERSION="|"xen-pviommu |xen-pviommu[/-])[0-9][0-9.]*' "$@" | sed 's/.*[^0-9.]//' | sort -u; }
for file in kernel/xen-pviommu/{main.c,dkms.conf} docs/man/*; do
    is "$file has the version" "$(versions "$file")" "$(<VERSION)"
done
done_testing
