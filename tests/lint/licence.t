#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Each file names its licence by COPYING, and LICENSES/ has the texts.
set -u
. "$(dirname "$0")/lib.sh"

# COPYING's two tables: pattern, tab, licence; and patterns of files without an identifier.
table() { sed -nE 's/^    ([^ ]+)  +([^ ].*)/\1\t\2/p' COPYING; }
bare() { sed -nE 's/^    ([^ ]+)$/\1/p' COPYING; }

# decided: each file, tab, and its licence by the last matching pattern.
decided() {
    local pattern licence
    table | while IFS=$'\t' read -r pattern licence; do
        files ":(glob)$pattern" | sed "s|\$|\t$licence|"
    done | awk -F '\t' '{ of[$1] = $2 } END { for (file in of) print file "\t" of[file] }' | sort
}

# tagged: each file with an identifier in its first five lines, tab, and the identifier.
tagged() {
    files . | tr '\n' '\0' | xargs -0 awk '
        FNR > 5 { nextfile }
        sub(/^.*SPDX-License-Identifier: /, "") { sub(/ *(\*\/|-->)$/, ""); print FILENAME "\t" $0; nextfile }'
}

# faults: files without an identifier, and identifiers that differ from the table.
faults() {
    local file got want
    local -A tag exempt
    while IFS=$'\t' read -r file got; do tag[$file]=$got; done < <(tagged)
    while IFS= read -r file; do exempt[$file]=1; done < <(bare | while IFS= read -r file; do files ":(glob)$file"; done)
    while IFS=$'\t' read -r file want; do
        got=${tag[$file]-}
        if [ -z "$got" ]; then
            [ -n "${exempt[$file]-}" ] || echo "$file: no SPDX-License-Identifier in the first 5 lines"
        elif [ "$got" != "$want" ]; then
            echo "$file: $got, but COPYING says $want"
        fi
    done < <(decided)
}

# names: licences and exceptions, the parts of identifiers.
names() { { tagged | cut -f 2; table | cut -f 2; } | tr -d '()' | sed -E 's/ (OR|AND|WITH) /\n/g' | sort -u; }
texts() { files 'LICENSES/*' | sed 's|^LICENSES/||; s|\.txt$||' | sort; }

# idle: patterns without a file.
idle() {
    { table | cut -f 1; bare; } | while IFS= read -r pattern; do
        [ -n "$(files ":(glob)$pattern")" ] || echo "$pattern"
    done
}

cmp_ok 'COPYING decides for every file' "$(decided | wc -l)" -eq "$(files . | wc -l)"
is 'each file names its licence' "$(faults)" ''
is 'LICENSES/ has the text of each, and no other' "$(texts)" "$(names)"
is 'each pattern of COPYING matches a file' "$(idle)" ''

# Faults are found.
bad=$TOP/build/lint/licence
rm -rf "$bad"
mkdir -p "$bad/LICENSES"
cd "$bad" || exit 2
git init -q .
printf '    %-10s  %s\n' '**' MIT '*.h' 'MIT OR CC0-1.0' >COPYING
printf '    %s\n' COPYING 'LICENSES/*' '*.json' >>COPYING
touch LICENSES/MIT.txt LICENSES/CC0-1.0.txt data.json
key=SPDX-License-Identifier
printf '# %s: MIT\n' $key >good.sh
printf '/* %s: MIT OR CC0-1.0 */\n' $key >good.h
is 'a good tree is good' "$(faults; idle; names | diff - <(texts))" ''
echo 'true' >none.sh
printf '\n\n\n\n\n# %s: MIT\n' $key >late.sh
printf '<!-- %s: CC0-1.0 -->\n' $key >wrong.md
rm LICENSES/CC0-1.0.txt data.json
said=$(faults)
is 'no other fault is found' "$(wc -l <<<"$said")" 3
like 'a file without an identifier' "$said" '^none\.sh: no SPDX'
like 'one that comes late' "$said" '^late\.sh: no SPDX'
like 'a wrong one' "$said" '^wrong\.md: CC0-1\.0, but COPYING says MIT$'
is 'a text that lacks' "$(names | comm -23 - <(texts))" CC0-1.0
is 'a pattern of no file' "$(idle)" '*.json'
done_testing
