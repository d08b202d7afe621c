#pragma once
#include <linux/kernel.h>
#include_next <linux/bitops.h>
