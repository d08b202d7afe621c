#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# pviommuctl profile in the machine: its report agrees with the driver's counts, lost
# events are reported, and fio and iperf3 in lazy and strict have their pages.
set -u
. "$(dirname "$0")/lib.sh"

TOP=$(cd "$TESTS/.." && pwd)
ok 'pviommuctl builds' "$TOP/userspace/build.sh" plain pviommuctl/pviommuctl

nvme
nic_pair e1000e
vm_test profile --no-module --timeout 1500 --qemu-args "$DEVICES" --copy /usr/bin/perf \
    --copy "$TOP/build/meson/plain/pviommuctl/pviommuctl" --copy "$TOP/scripts/profile-demo.d/guest" \
    --copy "$TOP/scripts/perf/stat" --copy "$TOP/scripts/perf/record" \
    --copy /usr/bin/bpftrace --copy "$TOP/scripts/perf/pviommu.bt" -- profile.sh

# The report for perf script reads a record of the machine, as in dom0.
sed -n '/^BEGIN perf.data$/,/^END perf.data$/p' "$VM_LOG/stderr" | grep -vE ' perf\.data$' >"$VM_LOG/both"
grep ' ' "$VM_LOG/both" >"$VM_LOG/grown"
grep -v ' ' "$VM_LOG/both" | base64 -d >"$VM_LOG/perf.data"
perf script -i "$VM_LOG/perf.data" -s "$TOP/scripts/perf/pviommu-report.py" >"$VM_LOG/report" 2>"$VM_LOG/report.err"
for name in maps unmaps hypercalls ops; do
    is "pviommu-report.py: $name" "$(awk -v name=$name '$1 == name && NF == 2 { print $2 }' "$VM_LOG/report")" \
        "$(awk -v name=$name '$1 == name { print $2 }' "$VM_LOG/grown")"
done
is 'pviommu-report.py: flushes by reason' "$(sed -n '/^flushes/,/^$/p' "$VM_LOG/report" | awk 'NF == 3 { print $1, $2 }')" \
    "$(awk '/^flush_/ && $2 { sub("flush_", ""); print }' "$VM_LOG/grown" | sort)"
done_testing
