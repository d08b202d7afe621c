#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a perf.data says of xen_pviommu's batches: perf script -i perf.data -s pviommu-report.py

For where there is no pviommuctl. perf calls a function for each event. It says itself,
on stderr, if events were lost.
"""
import sys
from collections import Counter, defaultdict

events, sizes, flushes, waited, devices = Counter(), Counter(), Counter(), Counter(), defaultdict(Counter)
ns = Counter()
words = {}


def define_symbolic_field(event, field, *more):
    """perf tells what its numbers mean, before the first event."""


def define_symbolic_value(event, field, value, word, *more):
    words[field, value] = word


def xen_pviommu__pviommu_map(name, context, cpu, secs, nsecs, pid, comm, chain, dev, bfn, pages, by, *more):
    events["maps"] += 1
    devices[dev]["maps"] += 1


def xen_pviommu__pviommu_unmap(name, context, cpu, secs, nsecs, pid, comm, chain, dev, bfn, pages, by, *more):
    events["unmaps"] += 1
    devices[dev]["unmaps"] += 1


def xen_pviommu__pviommu_reuse_hit(name, context, cpu, secs, nsecs, pid, comm, chain, dev, bfn, pages, by, *more):
    events["reuse_hits"] += 1
    devices[dev]["reuse_hits"] += 1


def xen_pviommu__pviommu_fallback(name, context, cpu, secs, nsecs, pid, comm, chain, dev, *more):
    events["fallbacks"] += 1
    devices[dev]["fallbacks"] += 1


def xen_pviommu__pviommu_batch(name, context, cpu, secs, nsecs, pid, comm, chain, slots, maps, unmaps, others,
                               mapped, unmapped, status, took, *more):
    events["hypercalls"] += 1
    ops = maps + unmaps + others
    events["ops"] += ops
    sizes[ops] += 1
    ns[ops] += took


def xen_pviommu__pviommu_flush(name, context, cpu, secs, nsecs, pid, comm, chain, reason, wait, *more):
    word = words.get(("reason", reason), str(reason))
    flushes[word] += 1
    waited[word] += wait


def trace_unhandled(name, *more):
    events[name] += 1


def table(title, rows):
    print(f"\n{title}")
    for row in rows:
        print("  " + "  ".join(f"{cell:>14}" for cell in row))


def trace_end():
    for name, count in sorted(events.items()):
        print(f"{name:32} {count}")
    if events["hypercalls"]:
        print(f"{'ops per hypercall':32} {events['ops'] / events['hypercalls']:.2f}")
    table("ops, hypercalls, ns of an op", ((size, sizes[size], round(ns[size] / (sizes[size] * size or 1)))
                                           for size in sorted(sizes)))
    table("flushes, unmaps that had waited", ((why, flushes[why], waited[why]) for why in sorted(flushes)))
    table("device, maps, unmaps, reuse hits, fallbacks",
          ((dev, *(count[what] for what in ("maps", "unmaps", "reuse_hits", "fallbacks")))
           for dev, count in sorted(devices.items())))


# Only inside of perf there is this module.
try:
    import perf_trace_context  # noqa: F401
except ImportError:
    print(__doc__.strip())
    sys.exit("--help" not in sys.argv)
