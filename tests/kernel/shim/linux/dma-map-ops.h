/* SPDX-License-Identifier: GPL-2.0-only */
/* The DMA API, as far as map.c and the headers need. */
#pragma once
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/types.h>

enum dma_data_direction {
    DMA_BIDIRECTIONAL = 0,
    DMA_TO_DEVICE = 1,
    DMA_FROM_DEVICE = 2,
};
struct dma_map_ops {
    int unused;
};
struct device {
    const struct dma_map_ops *dma_ops;
    u64 bus_dma_limit;
};

#define DMA_MAPPING_ERROR (~(dma_addr_t)0)
#define dev_err_ratelimited(dev, ...) ((void)(dev), shim_log(__VA_ARGS__))
#define dev_warn(dev, ...) ((void)(dev), shim_log(__VA_ARGS__))
#define dev_warn_once(dev, ...) ((void)(dev), shim_log(__VA_ARGS__))
