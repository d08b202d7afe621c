#pragma once
#include <linux/types.h>
#define pr_err_ratelimited(...) shim_log(__VA_ARGS__)
