// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include <pviommu/batch.h>

#include <cerrno>
#include <utility>

#include "errors.h"
#include "state.h"

namespace pviommu {

namespace {

constexpr const char *queue = "queue an op";
constexpr const char *no_room = "the batch is full: submit it first";
constexpr const char *no_addresses = "none are free in the window: submit unmaps first, or open a larger one";

bool is_aligned(std::uint64_t value) { return value % page_size == 0; }

} // namespace

Batch::Batch(Lcore &lcore, std::unique_ptr<Op[]> ops, unsigned capacity) noexcept
    : lcore_(&lcore), ops_(std::move(ops)), capacity_(capacity)
{}

Batch::Batch(Batch &&other) noexcept
    : lcore_(other.lcore_), ops_(std::move(other.ops_)), capacity_(std::exchange(other.capacity_, 0)),
      nr_(std::exchange(other.nr_, 0)), done_(std::exchange(other.done_, 0))
{}

Batch &Batch::operator=(Batch &&other) noexcept
{
    std::swap(lcore_, other.lcore_);
    std::swap(ops_, other.ops_);
    std::swap(capacity_, other.capacity_);
    std::swap(nr_, other.nr_);
    std::swap(done_, other.done_);
    return *this;
}

Batch::~Batch() { clear(); }

Result<Batch> Batch::create(Lcore &lcore, unsigned capacity) noexcept
{
    if (!capacity || capacity > lcore.space().state_->max_ops)
        return fail(EINVAL, "create a batch", "it has 1 to 4096 ops");
    return guarded("create a batch",
                   [&]() -> Result<Batch> { return Batch(lcore, std::make_unique<Op[]>(capacity), capacity); });
}

void Batch::put(const Op &op) noexcept
{
    done_ = 0;
    ops_[nr_++] = op;
}

Result<std::uint64_t> Batch::map(Place place, std::uint64_t size, Access access) noexcept
{
    return map_burst({&place, 1}, size, access);
}

Result<std::uint64_t> Batch::map_burst(std::span<const Place> places, std::uint64_t size, Access access) noexcept
{
    if (places.size() > room())
        return fail(ENOBUFS, queue, no_room);
    Space::State &s = *lcore_->space().state_;
    if (places.empty() || !size || !is_aligned(size) || size > s.size / places.size())
        return fail(EINVAL, queue, "a size is a multiple of the page size, and all of them fit into the window");
    const std::uint64_t page = s.take(*lcore_, pages_of(size) * places.size());
    if (page == none)
        return fail(ENOSPC, queue, no_addresses);
    const std::uint64_t iova = s.base + page * page_size;
    std::uint64_t at = iova;
    for (const Place &place : places) {
        put(map_op(at, place.region, place.offset, size, access));
        at += size;
    }
    return iova;
}

Result<void> Batch::unmap(std::uint64_t iova, std::uint64_t size) noexcept
{
    if (!room())
        return fail(ENOBUFS, queue, no_room);
    const Space::State &s = *lcore_->space().state_;
    const std::uint64_t page = pages_of(iova - s.base);
    if (iova < s.base || iova - s.base >= s.size || !size || !is_aligned(iova | size) ||
        !s.left[s.head_of(page)].load(std::memory_order_relaxed) ||
        pages_of(size) > s.head_of(page) + (std::uint64_t{1} << s.order[page]) - page)
        return fail(EINVAL, queue, "unmap whole pages of what one map gave, once");
    put(unmap_op(iova, size));
    return {};
}

Result<unsigned> Batch::submit() noexcept
{
    if (!nr_)
        return 0;
    const Result<unsigned> failed = lcore_->space().state_->backend->submit({ops_.get(), nr_});
    if (!failed)
        return failed;
    settle();
    done_ = std::exchange(nr_, 0);
    return failed;
}

// A run whose unmap failed stays handed out. After -EIO the run is lost for ever.
void Batch::settle() noexcept
{
    Space::State &s = *lcore_->space().state_;
    std::uint64_t head = 0, pages = 0;

    for (unsigned i = 0; i < nr_; i++) {
        const Op &op = ops_[i];
        if (op.status == -EIO)
            s.leaked.fetch_add(pages_of(op.size), std::memory_order_relaxed);
        const bool is_free = (op.op == XEN_PVIOMMU_OP_MAP) == (op.status != 0);
        if (!is_free || op.status == -EIO)
            continue;
        const std::uint64_t page = pages_of(op.iova - s.base);
        // Members of a run in one go.
        if (pages && s.head_of(page) != head) {
            s.give(*lcore_, head, pages);
            pages = 0;
        }
        head = s.head_of(page);
        pages += pages_of(op.size);
    }
    if (pages)
        s.give(*lcore_, head, pages);
}

void Batch::clear() noexcept
{
    if (!nr_)
        return;
    for (unsigned i = 0; i < nr_; i++)
        ops_[i].status = -ECANCELED;
    settle();
    nr_ = 0;
}

} // namespace pviommu
