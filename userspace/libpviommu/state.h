// SPDX-License-Identifier: GPL-2.0-only OR BSD-3-Clause
//
// The state of a space: for space.cpp and batch.cpp.
#pragma once

#include <atomic>
#include <bit>
#include <shared_mutex>
#include <vector>

#include <pviommu/space.h>

#include "core.h"

namespace pviommu {

constexpr std::uint64_t none = ~std::uint64_t{0};

inline std::uint64_t pages_of(std::uint64_t bytes) { return bytes / page_size; }
// The order of a run of so many pages.
inline unsigned order_of(std::uint64_t pages) { return static_cast<unsigned>(std::bit_width(pages - 1)); }

// A region, to be found.
struct Piece {
    const std::byte *base;
    std::uint64_t size;
    std::uint32_t id;
};

struct Space::State {
    struct CoreDelete {
        void operator()(pviommu_core *core) const noexcept { pviommu_core_delete(core); }
    };

    // The backend goes first: then nothing is mapped any more.
    std::unique_ptr<pviommu_core, CoreDelete> core;
    std::unique_ptr<Backend> backend;
    std::uint64_t base = 0, size = 0;
    unsigned max_ops = 0;
    std::vector<std::unique_ptr<Lcore>> lcores;

    mutable std::shared_mutex lock; // for pieces
    std::vector<Piece> pieces;

    // Of batches' runs, by page of the window: the order of the page's run, and at the
    // first page the number of mapped pages. A run is freed when the number
    // becomes 0. Orders are written before the run is handed out.
    std::unique_ptr<std::uint8_t[]> order;
    std::unique_ptr<std::atomic<std::uint32_t>[]> left;
    std::atomic<std::uint64_t> leaked{0};

    [[nodiscard]] std::uint64_t first_page() const { return pages_of(base); }
    [[nodiscard]] std::uint64_t head_of(std::uint64_t page) const
    {
        return page & ~((std::uint64_t{1} << order[page]) - 1);
    }
    // A run of a batch, from the window's first page; or none.
    std::uint64_t take(const Lcore &lcore, std::uint64_t pages) noexcept;
    // So many pages of the run at head are free.
    void give(const Lcore &lcore, std::uint64_t head, std::uint64_t pages) noexcept;
};

} // namespace pviommu
