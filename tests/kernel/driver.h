// SPDX-License-Identifier: GPL-2.0-only
//
// A driver's work with its buffers, by map.c and, for lists, as sg.c does;
// and the driver's guarantees, checked each time.
#pragma once

#include "world.h"

struct Mapping {
    dma_addr_t addr = DMA_MAPPING_ERROR;
    unsigned long pfn = 0, nr = 0;
    bool write = false;
    std::vector<std::pair<unsigned long, unsigned long>> parts = {}; // of a list: place in the run, pages

    explicit operator bool() const { return addr != DMA_MAPPING_ERROR; }
    uint64_t bfn() const { return addr >> PAGE_SHIFT; }
};

struct How {
    bool write = true, strict = false;
    uint64_t limit = ~0ull;
    unsigned long align = 1, offset = 0;
    bool empty = false; // a length of 0
};

// Pages of a list, and the gap in front of them.
struct Part {
    unsigned long pfn, nr, gap = 0;
};

class Device {
    pviommu_device pd_ = {};
    device dev_ = {};
    unsigned slot_ = 0;

    void check(const Mapping &m, bool lives) const;
    void check_part(const Mapping &m, unsigned long at, unsigned long pfn, unsigned long nr) const;
    std::vector<std::pair<pviommu_counter, uint64_t>> take_counters();
    int map_parts(const Mapping &m, const std::vector<Part> &parts, uint64_t bfn, bool &unclean, uint64_t &desc);
    int unmap_parts(uint64_t bfn, const std::vector<std::pair<unsigned long, unsigned long>> &parts,
                    unsigned long &pages);

public:
    // Unmaps may fail: then the reach of a device is unknown.
    bool faults = false;

    explicit Device(pviommu_mode mode);
    ~Device();
    Device(const Device &) = delete;
    Device &operator=(const Device &) = delete;

    pviommu_device *get() { return &pd_; }
    const volatile void *mode_word() const { return &pd_.mode; }
    void set_owner(unsigned nr) { pd_.owner = pviommu_desc_owner(nr); }
    pviommu_revoked revoke() const { return pviommu_revoke(pd_.owner); }
    void set_mode(pviommu_mode mode) { __atomic_store_n(&pd_.mode, mode, __ATOMIC_RELAXED); }
    Mapping map(unsigned long pfn, unsigned long nr = 1, const How &how = {});
    Mapping map_mmio(uint64_t mfn, unsigned long nr);
    int unmap(const Mapping &m);
    Mapping map_list(const std::vector<Part> &parts, bool write = true);
    int unmap_list(const Mapping &m);
    // A list of single pages, by one op, as in sg.c; nothing if one op can't. unmap() ends the mapping.
    Mapping map_pages(const std::vector<unsigned long> &pfns, bool write = true);
    // A buffer of single pages, by iova.c: nothing if there are no BFNs. map_links() and free_links() end that.
    dma_iova_state alloc_links(unsigned long pages, unsigned long offset = 0);
    static int link(const dma_iova_state &state, unsigned long pfn, size_t at, size_t size, bool write = true);
    Mapping map_links(dma_iova_state &state, const std::vector<unsigned long> &pfns, bool write = true);
    void free_links(const dma_iova_state &state) { pviommu_links_free(&pd_, &state); }
    uint64_t counter(pviommu_counter which) const;
};
