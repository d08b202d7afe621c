// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The simulated backend: the rules for an op, as in kernel/xen-pviommu/userops.c.
// The ops for Xen are in sim_calls.h.
#include <pviommu/sim.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <mutex>

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "errors.h"
#include "sim_calls.h"

namespace pviommu {

namespace {

// An entry of the table: the address of a page, and the access in the bits below. A
// broken entry may still lead somewhere.
constexpr std::uintptr_t access_bits = XEN_PVIOMMU_READ | XEN_PVIOMMU_WRITE;
constexpr std::uintptr_t broken = 4;
constexpr std::uintptr_t flag_bits = page_size - 1;

constexpr std::uint64_t low_first = 0x40000000;
constexpr unsigned kept_faults = 64;

constexpr std::uint64_t up(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }
constexpr bool is_aligned(std::uint64_t value) { return value % page_size == 0; }
constexpr bool overflows(std::uint64_t at, std::uint64_t size) { return at + size < at; }

template <bool maps> bool is_wrong(const Op &op)
{
    if (op.pad0 || !op.size || !is_aligned(op.iova | op.size | op.offset) || overflows(op.iova, op.size))
        return true;
    if (!maps)
        return op.flags || op.region || op.offset;
    return !op.flags || op.flags & ~access_bits || overflows(op.offset, op.size);
}

// May the process lock so much?
bool may_lock(std::uint64_t bytes)
{
    rlimit limit{};
    getrlimit(RLIMIT_MEMLOCK, &limit);
    if (bytes <= limit.rlim_cur)
        return true;
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
    return !syscall(SYS_capget, &header, data.data()) && data[0].effective & 1U << CAP_IPC_LOCK;
}

// As pinning would: the pages are there, and may be written.
bool populate(const void *addr, std::uint64_t size)
{
    int err = 0;
    do {
        err = madvise(const_cast<void *>(addr), size, MADV_POPULATE_WRITE);
    } while (err && (errno == EAGAIN || errno == EINTR));
    return !err;
}

void burn(std::chrono::nanoseconds time)
{
    if (time.count() <= 0)
        return;
    const auto end = std::chrono::steady_clock::now() + time;
    while (std::chrono::steady_clock::now() < end) {
    }
}

struct Region {
    std::byte *base = nullptr; // nullptr: there is none
    std::uint64_t size = 0;
    std::uint16_t flags = 0;
    std::uint64_t mapped = 0; // pages of the window
};

struct Page {
    std::uint16_t region = 0;
    std::uint64_t touched = 0; // by the hypercall of that number
};

struct Machine {
    const Sim::Options options;

    // Read by devices: the table is there before its size is.
    std::unique_ptr<std::atomic<std::uintptr_t>[]> table;
    std::uint64_t base = 0;
    std::atomic<std::uint64_t> size{0};

    mutable std::mutex lock; // for all below
    std::array<Region, XEN_PVIOMMU_MAX_REGIONS + 1> regions;
    std::uint64_t locked = 0;
    std::unique_ptr<Page[]> pages;
    std::uint64_t next_op = 0;
    Sim::Counters counters{};
    Calls calls;

    mutable std::mutex fault_lock;
    std::array<Sim::Fault, kept_faults> fault{};
    std::atomic<std::uint64_t> nr_faults{0};

    explicit Machine(Sim::Options o) : options(std::move(o)) {}

    // Of an op inside the window.
    [[nodiscard]] std::uint64_t first(const Op &op) const { return (op.iova - base) / page_size; }
    [[nodiscard]] std::uint64_t end(const Op &op) const { return first(op) + op.size / page_size; }
    int check_region(const Op &op) const;
    template <bool maps> int look(const Op &op);
    template <bool maps> int check(const Op &op);
    template <bool maps> void count(const Op &op);
    template <bool maps> int carry_out(const Op &op);
    template <bool maps> int refuse(const Op &op, int status);
    int carry_out(const Op &op);
    void call();
    void set_map(const Op &op);
    void set_unmap(const Op &op);
    std::byte *reach(std::uint64_t iova, bool write) const;
    void add_fault(std::uint64_t iova, bool write);
};

int Machine::check_region(const Op &op) const
{
    if (op.region >= regions.size() || !regions[op.region].base)
        return -ENOENT;
    const Region &r = regions[op.region];
    if (op.flags & ~r.flags)
        return -EACCES;
    return op.offset >= r.size || op.size > r.size - op.offset ? -ERANGE : 0;
}

// Two ops on the same page need two hypercalls. The first page in a wrong state
// counts.
template <bool maps> int Machine::look(const Op &op)
{
    bool touched = false;
    int status = 0;
    for (std::uint64_t i = first(op), to = end(op); i < to; i++) {
        const std::uintptr_t entry = table[i].load(std::memory_order_relaxed);
        touched |= pages[i].touched == counters.hypercalls + 1;
        if (!status && (entry & broken))
            status = -EIO;
        else if (!status && (entry != 0) == maps)
            status = maps ? -EEXIST : -ENOENT;
    }
    if (touched)
        call();
    return status;
}

template <bool maps> int Machine::check(const Op &op)
{
    if (is_wrong<maps>(op))
        return -EINVAL;
    const std::uint64_t at = op.iova - base, window = size.load(std::memory_order_relaxed);
    if (op.iova < base || at >= window || op.size > window - at)
        return -ENXIO;
    const int status = maps ? check_region(op) : 0;
    return status ? status : look<maps>(op);
}

void Machine::call()
{
    const Calls::Call c = calls.flush();
    if (!c.slots)
        return;
    counters.hypercalls++;
    counters.ops += c.ops;
    counters.slots += c.slots;
    burn(options.hypercall);
    if (c.unmaps) {
        counters.flushes++;
        burn(options.flush);
    }
}

// An op of several hypercalls shares none.
template <bool maps> void Machine::count(const Op &op)
{
    std::uint64_t frame = 0;
    if (maps)
        frame = reinterpret_cast<std::uintptr_t>(regions[op.region].base + op.offset) / page_size;
    bool several = false;
    const std::uint64_t from = first(op);
    for (std::uint64_t i = from, to = end(op); i < to; i++, frame++) {
        const auto put = [&] { return maps ? calls.map(i, frame << options.scattered, op.flags) : calls.unmap(i); };
        if (!put()) {
            several |= i > from;
            call();
            put();
        }
        pages[i].touched = counters.hypercalls + 1;
    }
    if (several)
        call();
}

void Machine::set_map(const Op &op)
{
    Region &r = regions[op.region];
    auto at = reinterpret_cast<std::uintptr_t>(r.base + op.offset);
    for (std::uint64_t i = first(op), to = end(op); i < to; i++, at += page_size) {
        pages[i].region = static_cast<std::uint16_t>(op.region);
        table[i].store(at | op.flags, std::memory_order_release);
    }
    r.mapped += op.size / page_size;
    counters.maps++;
    counters.pages_mapped += op.size / page_size;
}

void Machine::set_unmap(const Op &op)
{
    for (std::uint64_t i = first(op), to = end(op); i < to; i++) {
        regions[pages[i].region].mapped--;
        table[i].store(0, std::memory_order_release);
    }
    counters.unmaps++;
    counters.pages_unmapped += op.size / page_size;
}

// Xen refuses a correct op. Pages whose unmap fails keep their region.
template <bool maps> int Machine::refuse(const Op &op, int status)
{
    if (maps && status != -EIO && status != -EEXIST)
        return status;
    for (std::uint64_t i = first(op), to = end(op); i < to; i++)
        table[i].fetch_or(broken, std::memory_order_release);
    return -EIO;
}

template <bool maps> int Machine::carry_out(const Op &op)
{
    int status = check<maps>(op);
    if (status)
        return status;
    count<maps>(op);
    status = options.inject ? options.inject(next_op++, op) : 0;
    if (status)
        return refuse<maps>(op, status);
    if (maps)
        set_map(op);
    else
        set_unmap(op);
    return 0;
}

int Machine::carry_out(const Op &op)
{
    if (op.op == XEN_PVIOMMU_OP_MAP)
        return carry_out<true>(op);
    return op.op == XEN_PVIOMMU_OP_UNMAP ? carry_out<false>(op) : -EINVAL;
}

std::byte *Machine::reach(std::uint64_t iova, bool write) const
{
    const std::uint64_t at = iova - base;
    if (iova < base || at >= size.load(std::memory_order_acquire))
        return nullptr;
    const std::uintptr_t entry = table[at / page_size].load(std::memory_order_acquire);
    if (!(entry & (write ? XEN_PVIOMMU_WRITE : XEN_PVIOMMU_READ)))
        return nullptr;
    return reinterpret_cast<std::byte *>((entry & ~flag_bits) + iova % page_size);
}

void Machine::add_fault(std::uint64_t iova, bool write)
{
    const std::lock_guard guard(fault_lock);
    const std::uint64_t nr = nr_faults.load(std::memory_order_relaxed);
    fault[nr % kept_faults] = {iova, write};
    nr_faults.store(nr + 1, std::memory_order_relaxed);
}

} // namespace

// In a namespace without a name, so that the compiler sees all of an op at once.
struct Sim::State : Machine {
    using Machine::Machine;
};

Sim::Sim() : Sim(Options{}) {}
Sim::Sim(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Sim::~Sim() = default;

// --- Ioctls

Result<Info> Sim::info() noexcept
{
    const std::lock_guard guard(state_->lock);
    Info info{};
    info.version = XEN_PVIOMMU_VERSION;
    info.page_size = page_size;
    info.max_ops = XEN_PVIOMMU_MAX_OPS;
    info.max_regions = XEN_PVIOMMU_MAX_REGIONS;
    info.max_region = XEN_PVIOMMU_MAX_REGION;
    info.min_window = XEN_PVIOMMU_MIN_WINDOW;
    info.max_window = XEN_PVIOMMU_MAX_WINDOW;
    info.window = state_->base;
    info.window_size = state_->size;
    return info;
}

Result<std::uint64_t> Sim::take_window(std::uint64_t size, std::uint64_t limit) noexcept
{
    if (size < XEN_PVIOMMU_MIN_WINDOW || size > XEN_PVIOMMU_MAX_WINDOW || !std::has_single_bit(size))
        return window_failed(EINVAL);
    State &s = *state_;
    const std::lock_guard guard(s.lock);
    if (s.size)
        return window_failed(EBUSY);
    std::uint64_t base = up(s.options.first, size);
    if (base + size - 1 > limit)
        base = up(low_first, size);
    if (base + size - 1 > limit)
        return window_failed(ERANGE);
    return guarded("take a window", [&]() -> Result<std::uint64_t> {
        s.table = std::make_unique<std::atomic<std::uintptr_t>[]>(size / page_size);
        s.pages = std::make_unique<Page[]>(size / page_size);
        s.base = base;
        s.size.store(size, std::memory_order_release);
        return base;
    });
}

Result<std::uint32_t> Sim::add_region(const void *addr, std::uint64_t size, Access access) noexcept
{
    const auto at = reinterpret_cast<std::uintptr_t>(addr);
    const auto flags = static_cast<std::uint16_t>(access);
    if (!flags || flags & ~access_bits || !size || !is_aligned(at | size) || overflows(at, size))
        return region_failed(EINVAL);
    if (size > XEN_PVIOMMU_MAX_REGION)
        return region_failed(E2BIG);
    State &s = *state_;
    const std::lock_guard guard(s.lock);
    if (!may_lock(s.locked + size))
        return region_failed(ENOMEM);
    if (!populate(addr, size))
        return region_failed(EFAULT);
    for (std::uint32_t id = 1; id < s.regions.size(); id++) {
        if (s.regions[id].base)
            continue;
        s.regions[id] = {static_cast<std::byte *>(const_cast<void *>(addr)), size, flags, 0};
        s.locked += size;
        return id;
    }
    return region_failed(ENOSPC);
}

Result<void> Sim::del_region(std::uint32_t id) noexcept
{
    State &s = *state_;
    const std::lock_guard guard(s.lock);
    if (id >= s.regions.size() || !s.regions[id].base)
        return region_del_failed(ENOENT);
    if (s.regions[id].mapped)
        return region_del_failed(EBUSY);
    s.locked -= s.regions[id].size;
    s.regions[id] = {};
    return {};
}

Result<unsigned> Sim::submit(std::span<Op> ops) noexcept
{
    if (ops.size() > XEN_PVIOMMU_MAX_OPS)
        return submit_failed(E2BIG);
    State &s = *state_;
    const std::lock_guard guard(s.lock);
    unsigned failed = 0;
    for (Op &op : ops) {
        op.status = s.carry_out(op);
        failed += op.status != 0;
    }
    s.call();
    s.counters.calls++;
    s.counters.failed += failed;
    return failed;
}

// --- The side of a device

Sim::Segment Sim::translate(std::uint64_t iova, std::uint64_t len, bool write) noexcept
{
    std::byte *const data = state_->reach(iova, write);
    if (!data) {
        state_->add_fault(iova, write);
        return {nullptr, 0};
    }
    std::uint64_t size = page_size - iova % page_size;
    while (size < len && state_->reach(iova + size, write) == data + size)
        size += page_size;
    return {data, std::min(size, len)};
}

bool Sim::dma_read(std::uint64_t iova, std::span<std::byte> to) noexcept
{
    while (!to.empty()) {
        const Segment from = translate(iova, to.size(), false);
        if (!from.data)
            return false;
        std::memcpy(to.data(), from.data, from.size);
        iova += from.size;
        to = to.subspan(from.size);
    }
    return true;
}

bool Sim::dma_write(std::uint64_t iova, std::span<const std::byte> from) noexcept
{
    while (!from.empty()) {
        const Segment to = translate(iova, from.size(), true);
        if (!to.data)
            return false;
        std::memcpy(to.data, from.data(), to.size);
        iova += to.size;
        from = from.subspan(to.size);
    }
    return true;
}

// --- Results

Sim::Counters Sim::counters() const noexcept
{
    const std::lock_guard guard(state_->lock);
    Counters counters = state_->counters;
    counters.faults = state_->nr_faults.load(std::memory_order_relaxed);
    return counters;
}

unsigned Sim::faults(std::span<Fault> to) const noexcept
{
    const std::lock_guard guard(state_->fault_lock);
    const std::uint64_t end = state_->nr_faults.load(std::memory_order_relaxed);
    const std::uint64_t nr = std::min({end, std::uint64_t{kept_faults}, std::uint64_t{to.size()}});
    for (std::uint64_t i = 0; i < nr; i++)
        to[i] = state_->fault[(end - nr + i) % kept_faults];
    return static_cast<unsigned>(nr);
}

} // namespace pviommu
