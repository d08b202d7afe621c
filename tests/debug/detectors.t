#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The negative control of the debug kernel: a module has a bug for each detector. The
# detector finds the bug, and the test turns red.
set -u
. "$(dirname "$0")/../vm/lib.sh"
[ -n "$VM_KERNEL" ] || skip_all 'it is for a debug kernel: make check-debug'

# sins NAME...: the output of vm_test for a machine with these bugs.
sins() {
    (tap_start
        vm_test sins --mode strict --qemu-args "$DEVICES" -- sins.sh "$@"
        done_testing)
}

nvme
# lockdep ends its work with its first find, but for RCU's, and with any damage to
# memory; an oops ends all work on locks.
said=$(sins rcu_without_lock lock_both_ways beyond_array beyond_object free_twice read_freed_object delete_twice \
    free_active_timer sleep_under_lock unchecked_map leak read_freed_page)
VM_LOG=$TEST_LOG/sins

# finds NAME ERE: the judge, who shows no more than 60 lines, knows such a line.
finds() {
    console | grep -aE -e "$2" >"$VM_LOG/lines"
    like "$1" "$("$TESTS/../scripts/judge-log" "$VM_LOG/lines" 2>&1)" "$2"
}
# Xen's own lines are present if Xen printed any; the judge's examples have them.
if [ "$VM_XEN" = debug ]; then
    like 'Xen has assertions and UBSAN' "$(console)" 'Xen version .* debug=y ubsan=y'
fi
finds 'UBSAN: an index that an array does not have' 'UBSAN: array-index-out-of-bounds in .*sins\.c'
finds 'SLUB: a write behind an object' 'BUG kmalloc-64 .*: (Right )?Redzone overwritten'
finds 'SLUB: an object is freed twice' 'BUG kmalloc-64 .*: Object already free'
finds 'KFENCE: a read of what is free' 'BUG: KFENCE: use-after-free read in read_freed_object'
finds 'DEBUG_PAGEALLOC: a read of a page that is free' 'BUG: unable to handle page fault'
finds 'DEBUG_LIST: an entry is deleted twice' 'list_del corruption'
finds 'DEBUG_OBJECTS: a timer is freed while it runs' 'ODEBUG: free active .* object type: timer_list'
finds 'DEBUG_ATOMIC_SLEEP: sleep under a spinlock' 'BUG: sleeping function called from invalid context at .*sins\.c'
finds 'PROVE_RCU: a pointer is read without a lock' 'WARNING: suspicious RCU usage'
finds 'DMA_API_DEBUG: a map that nobody checked' 'DMA-API: nvme .*failed to check map error'
finds 'lockdep: locks are taken in both orders' 'WARNING: possible circular locking dependency'
finds 'kmemleak: memory that nobody has the address of' 'kmemleak: [0-9]+ new suspected memory leaks'

like 'the log is red' "$said" '^not ok [0-9]+ - sins: the machine ends well and its logs are clean'
like 'so is misuse of the DMA API' "$said" '^not ok [0-9]+ - sins: no other misuse of the DMA API'
like 'so is a lockdep that gave up' "$said" '^not ok [0-9]+ - sins: lockdep still looks'
like 'so is a leak' "$said" '^not ok [0-9]+ - sins: no memory leaked'
like 'the leak has its function' "$said" '^# .*leak\+0x.*\[sins\]'
is 'and nothing else is' "$(grep -c '^not ok' <<<"$said")" 4
done_testing
