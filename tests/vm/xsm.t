#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# XSM decides: under an enforced FLASK policy with dom0's permission `xen2 iommu_op` all
# works. Without that permission Xen refuses and the module stays out.
set -u
. "$(dirname "$0")/lib.sh"

"$TESTS/../scripts/testbed" build >"$TEST_LOG/build.log" 2>&1 || diag "$(tail "$TEST_LOG/build.log")"
eval "$("$TESTS/../scripts/testbed" paths)"
source=$TB_XEN/source
policy=$(realpath "$TEST_LOG")/policy
# The attacker asks Xen for frames of its own: dom0 may grow.
enforce='xsm=flask flask=enforcing dom0_mem=768M,max:1024M'
denial='avc: +denied +\{ iommu_op \} .*tcontext=system_u:system_r:xen_t tclass=xen2$'

# build NAME: Xen's example policy, as in hypervisor/patches, unless a newer
# NAME.d/policy.conf exists.
build() {
    make -C "$source/tools/flask/policy" -f Makefile.common FLASK_BUILD_DIR="$policy/$1.d" POLICY_FILENAME="$policy/$1"
}

rm -rf "$policy"
mkdir -p "$policy"/{allowed,denied}.d
ok 'the example policy builds' build allowed
sed '/^allow dom0_t xen_t:xen2 {/,/^};/s/ iommu_op\b//' "$policy/allowed.d/policy.conf" >"$policy/denied.d/policy.conf"
ok 'and one that' build denied
is '... lacks one permission' "$(diff "$policy"/{allowed,denied}.d/policy.conf | grep '^[<>]')" \
    $'< \tcoverage_op iommu_op\n> \tcoverage_op'

nic_pair e1000e
nvme

# FLASK itself trips a debug Xen's UBSAN in the log of a denial.
own=()
[ "$VM_XEN" != debug ] || own=(--excuse 'UBSAN: .* in .*/xsm/flask/avc\.c:' --excuse 'Xen call trace:')

# boot POLICY: the machine under the policy.
boot() {
    vm_test "$1" "${own[@]}" --mode strict --xen-args "$enforce" --xen-module "$policy/$1" --qemu-args "$DEVICES" -- xsm.sh "$1"
    like "$1: FLASK enforces" "$(console)" 'Flask: +Starting in enforcing mode'
}

boot allowed
unlike 'allowed: nothing is denied' "$(console)" 'avc: +denied'

boot denied
is 'denied: nothing else is' "$(console | grep -E 'avc: +denied' | grep -cvE "$denial")" 0
# FLASK logs every refusal.
is 'denied: the module made one hypercall, the query' \
    "$(console | sed '/xsm: the attacker comes/q' | grep -cE "$denial")" 1

# Without a policy the same Xen does not even come to dom0: enforcing is meant.
vm none --xen-args "$enforce" --no-module -- true
is 'no policy, no dom0' "$VM_STATUS" 125
like 'no policy: Xen says so' "$(console)" 'Unable to load FLASK policy'
done_testing
