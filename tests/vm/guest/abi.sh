#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# abi.sh GROUP...: the hypercall under attack.
. /root/lib.sh

modprobe abi_attack
for g; do group "abi_attack/$g" "$g"; done
# Xen and dom0 live on: a disk and a second round of everything cheap.
[ -z "$(disks nvme)" ] || disk nvme
ok 'the attacker can be unloaded' rmmod abi_attack
done_testing
