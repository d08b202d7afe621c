// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
#include <pviommu/space.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <utility>

#include "errors.h"
#include "state.h"

namespace pviommu {

namespace {

constexpr unsigned max_lcores = 1024;

} // namespace

// --- Regions

Region::Region(Space *space, std::uint32_t id, std::span<std::byte> memory, Access access) noexcept
    : space_(space), id_(id), access_(access), memory_(memory)
{}

Region::Region(Region &&other) noexcept { *this = std::move(other); }

Region &Region::operator=(Region &&other) noexcept
{
    std::swap(space_, other.space_);
    std::swap(id_, other.id_);
    std::swap(access_, other.access_);
    std::swap(memory_, other.memory_);
    return *this;
}

Region::~Region() { remove(); }

// No thread finds the region any more before its end.
Result<void> Region::remove() noexcept
{
    if (!space_)
        return {};
    Space::State &s = *space_->state_;
    const std::unique_lock guard(s.lock);
    const Result<void> removed = s.backend->del_region(id_);
    if (!removed)
        return removed;
    std::erase_if(s.pieces, [this](const auto &piece) { return piece.id == id_; });
    space_ = nullptr;
    id_ = 0;
    memory_ = {};
    return {};
}

// --- Addresses

Result<std::uint64_t> Lcore::alloc(std::uint64_t pages) noexcept
{
    if (!pages || pages > max_pages_)
        return fail(EINVAL, "take addresses", "from 1 page to all of the window");
    const std::uint64_t page = pviommu_core_alloc(core_, index_, order_of(pages));
    if (page == none)
        return fail(ENOSPC, "take addresses", "none are free in the window: unmap first, or open a larger one");
    return page * page_size;
}

void Lcore::free(std::uint64_t iova, std::uint64_t pages) noexcept
{
    pviommu_core_free(core_, index_, pages_of(iova), order_of(pages));
}

std::uint64_t Space::State::take(const Lcore &lcore, std::uint64_t pages) noexcept
{
    const unsigned run = order_of(pages);
    std::uint64_t page = pviommu_core_alloc(core.get(), lcore.index(), run);
    if (page == none)
        return none;
    page -= first_page();
    std::memset(&order[page], static_cast<int>(run), pages);
    left[page].store(static_cast<std::uint32_t>(pages), std::memory_order_relaxed);
    return page;
}

// Earlier work of lcores on their pages is over when the run is used again.
void Space::State::give(const Lcore &lcore, std::uint64_t head, std::uint64_t pages) noexcept
{
    const auto n = static_cast<std::uint32_t>(pages);
    if (left[head].fetch_sub(n, std::memory_order_acq_rel) == n)
        pviommu_core_free(core.get(), lcore.index(), first_page() + head, order[head]);
}

// --- Spaces

Space::Space(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}

Space::~Space() = default;

Result<std::unique_ptr<Space>> Space::open(std::unique_ptr<Backend> backend, const Options &options) noexcept
{
    if (!backend || !options.lcores || options.lcores > max_lcores)
        return fail(EINVAL, "open a space", "it has a backend, and 1 to 1024 lcores");
    return guarded("open a space", [&]() -> Result<std::unique_ptr<Space>> {
        const Result<Info> info = backend->info();
        if (!info)
            return Failure(info.error());
        const Result<std::uint64_t> base = backend->take_window(options.window, options.limit);
        if (!base)
            return Failure(base.error());

        auto state = std::make_unique<State>();
        const std::uint64_t pages = pages_of(options.window);
        state->core.reset(pviommu_core_new(pages_of(*base), pages, options.lcores));
        if (!state->core)
            throw std::bad_alloc();
        state->backend = std::move(backend);
        state->base = *base;
        state->size = options.window;
        state->max_ops = info->max_ops;
        state->order = std::make_unique<std::uint8_t[]>(pages);
        state->left = std::make_unique<std::atomic<std::uint32_t>[]>(pages);

        // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new): guarded() has it
        std::unique_ptr<Space> space(new Space(std::move(state)));
        State &s = *space->state_;
        for (unsigned i = 0; i < options.lcores; i++)
            // NOLINTNEXTLINE(bugprone-unhandled-exception-at-new)
            s.lcores.push_back(std::unique_ptr<Lcore>(new Lcore(space.get(), s.core.get(), pages, i)));
        return space;
    });
}

Backend &Space::backend() const noexcept { return *state_->backend; }
std::uint64_t Space::base() const noexcept { return state_->base; }
std::uint64_t Space::size() const noexcept { return state_->size; }
Lcore &Space::lcore(unsigned i) noexcept { return *state_->lcores[i]; }
unsigned Space::lcores() const noexcept { return static_cast<unsigned>(state_->lcores.size()); }

Result<Region> Space::add(std::span<std::byte> memory, Access access) noexcept
{
    return guarded("add a region", [&]() -> Result<Region> {
        // Memory may take long to pin: without the lock.
        const Result<std::uint32_t> id = state_->backend->add_region(memory.data(), memory.size(), access);
        if (!id)
            return Failure(id.error());
        Region region(this, *id, memory, access);
        const std::unique_lock guard(state_->lock);
        state_->pieces.push_back({memory.data(), memory.size(), *id});
        return region;
    });
}

Result<Place> Space::region_of(const void *addr, std::uint64_t len) const noexcept
{
    const auto at = reinterpret_cast<std::uintptr_t>(addr);
    const std::shared_lock guard(state_->lock);
    for (const Piece &piece : state_->pieces) {
        const std::uint64_t offset = at - reinterpret_cast<std::uintptr_t>(piece.base);
        if (offset <= piece.size && len <= piece.size - offset)
            return Place{piece.id, offset};
    }
    return fail(ENOENT, "find a region", "add the memory as a region first, in one piece");
}

Space::Stats Space::stats() const noexcept
{
    return {pviommu_core_in_use(state_->core.get()), state_->leaked.load(std::memory_order_relaxed)};
}

} // namespace pviommu
