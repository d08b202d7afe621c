# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A series in a git repository of its own: which is kept, so that the next run compiles
# only what changed.

# An author, also where git knows none; for the series, too.
export GIT_CONFIG_COUNT=3 GIT_CONFIG_KEY_0=user.name GIT_CONFIG_VALUE_0=test
export GIT_CONFIG_KEY_1=user.email GIT_CONFIG_VALUE_1=test@localhost
export GIT_CONFIG_KEY_2=commit.gpgsign GIT_CONFIG_VALUE_2=false

# base_tree SOURCE TREE: the source as the tag base, checked out.
base_tree() {
    if [ -d "$2/.git" ]; then
        git -C "$2" am --abort 2>/dev/null
        git -C "$2" checkout --quiet --force base
        git -C "$2" clean -fdxq
        rsync -rlpc --delete --exclude=.git "$1/" "$2/"
    else
        rsync -a --exclude=.git "$1/" "$2/"
        git init --quiet "$2"
    fi
    git -C "$2" add --all --force
    git -C "$2" commit --quiet --allow-empty --message=base
    git -C "$2" tag --force base >/dev/null
}
