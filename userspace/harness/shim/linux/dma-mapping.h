#pragma once
#include <linux/dma-map-ops.h>
