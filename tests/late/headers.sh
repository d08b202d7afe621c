#!/usr/bin/env bash
# headers.sh DIR: the kernel's interface to graphics devices, into DIR/drm. Debian has it
# in the kernel's headers, but not in those of the C library.
set -eu

source=$(find /usr/src -maxdepth 1 -name 'linux-headers-*-common' | sort -V | tail -n 1)/include/uapi/drm
mkdir -p "$1/drm"
for header in drm drm_mode; do
    # As `make headers_install` does.
    sed 's/ __user / /' "$source/$header.h" >"$1/drm/$header.h"
done
