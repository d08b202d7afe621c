# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A series in a git repository of its own: which is kept, so that the next run compiles
# only what changed.

# as_git TREE ARGUMENT...: with an author, who is nobody's.
as_git() { git -C "$1" -c user.name=test -c user.email=test@localhost -c commit.gpgsign=false "${@:2}"; }

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
    as_git "$2" add --all --force
    as_git "$2" commit --quiet --allow-empty --message=base
    git -C "$2" tag --force base >/dev/null
}
