# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034  # variables are for the test machine's parts
# Headers of kernels that the host lacks, by the test machine's way to Debian's archive.

TB_BUILD=$TOP/build/headers
TB_STAMPS=$TB_BUILD
. "$TOP/scripts/testbed.d/archive.sh"
. "$TOP/scripts/testbed.d/kernel.sh"

# copy_module DIR WORK: the module's directory, and its shared files, in WORK, without products.
copy_module() {
    rm -rf "$2"
    mkdir -p "$2/$(dirname "$1")"
    cp -r hypervisor "$2/"
    cp -r "$1" "$2/$1"
    find "$2" -name '*.o' -delete
}
