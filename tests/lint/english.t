#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# English for people, in documents, comments and messages: english.cpp has the bars and the
# counted words, prose.cpp finds the prose.
set -u
. "$(dirname "$0")/lib.sh"

# The judged parts of the tree.
parts=(*.md docs userspace bench scripts tests Makefile Kconfig .ci .clang-tidy .shellcheckrc kernel/integrate kernel/series kernel/xen-pviommu hypervisor)

english=build/lint/english
ok 'the judge builds' g++ -std=c++20 -O1 -Wall -Wextra -Wpedantic -Werror -o "$english" tests/lint/english.cpp tests/lint/prose.cpp

# Texts of licences, data and patches are no prose of ours.
prose() { files "$@" ':!LICENSES' ':!COPYING' ':!MAINTAINERS' ':!*.'{txt,json,svg,patch,config,map}; }

is 'the English is plain' "$(prose "${parts[@]}" | "$english")" ''
prose "${parts[@]}" | "$english" --figures | while IFS= read -r line; do diag "$line"; done

# The messages of series.
mkdir -p build/lint/messages
rm -f build/lint/messages/*
messages() {
    files 'hypervisor/series.d/[0-9]*' 'kernel/series.d/[0-9]*' | while IFS= read -r file; do
        sed '1,/^$/d' "$file" >"build/lint/messages/${file//\//-}.md"
    done
    find build/lint/messages -type f | sort
}
mapfile -t made < <(messages)
cmp_ok 'the series have messages' "${#made[@]}" -gt 20
is 'and their English is plain' "$(printf '%s\n' "${made[@]}" | "$english")" ''

# Faults are found: each sample has one fault.
mkdir -p build/lint/english-samples
cd build/lint/english-samples || exit 2
rm -f ./*
judge() { echo "$1" | "$TOP/$english"; }
words() { printf "$1%.0s" $(seq "$2"); }

echo 'The queue holds unmaps until the next map.' >good.md
is 'a good text is good' "$(judge good.md)" ''
echo "The module $(words 'maps pages and ' 10)stops." >long.md
like 'a long sentence' "$(judge long.md)" '^long\.md:1: a sentence of 33 words'
printf 'The map ends.\nWhat the driver\nmaps stays. Pages stay, too.\n' >start.md
like 'a pronoun at the start' "$(judge start.md)" '^start\.md:2: begins with "what"'
printf '/* The map ends.\n *\n * Whoever maps a page unmaps the same page in the end.\n */\n' >start.c
like 'also in a comment' "$(judge start.c)" '^start\.c:3: begins with "whoever"'
printf '# A comment.\nis "which page has the driver" 1 1\n' >start.sh
like 'and in a message of a script' "$(judge start.sh)" '^start\.sh:2: begins with "which"'
printf 'pr_err("that which the driver "\n       "has mapped stays");\n' >message.c
like 'and of a program' "$(judge message.c)" '^message\.c:1: begins with "that"'
printf '.SH NAME\nThe driver frees\n.B his\npages.\n' >page.1
like 'his for its' "$(judge page.1)" '^page\.1:3: "his" for "its"'
{ echo "[A link]($(words x 100)) is short."; words x 101; } >wide.md
is 'a wide line' "$(judge wide.md)" 'wide.md:2: wider than 100 columns'
{ words '| x ' 40; echo '|'; echo; echo "    $(words x 120)"; } >table.md
is 'but neither a table nor code' "$(judge table.md)" ''
words 'The map has it. The page has a frame. ' 13 | fold -sw 90 >vague.md
is 'a vague file' "$(judge vague.md)" 'vague.md:1: 11.1 vague pronouns in 100 words
tree: 11.1 vague pronouns in 100 words'
words 'It waits. ' 3 >few.md
is 'a few words are judged with the tree' "$(printf '%s\n' few.md good.md | "$TOP/$english")" 'tree: 21.4 vague pronouns in 100 words'
words 'The `what` of it. ' 2 >code.md
is 'code is one word' "$(echo code.md | "$TOP/$english" --figures | tail -n 1 | xargs)" '25.00 2 8 all'
done_testing
