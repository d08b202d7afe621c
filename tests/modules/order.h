/* SPDX-License-Identifier: GPL-2.0-only */
/* An order is a parameter of a module: a write calls a function. */
#ifndef TEST_ORDER_H
#define TEST_ORDER_H

#include <linux/moduleparam.h>

/* A write to the parameter calls name##_order(word, kp). */
#define ORDER(name)							\
static const struct kernel_param_ops name##_ops = {			\
	.set = name##_order,						\
};									\
									\
module_param_cb(name, &name##_ops, NULL, 0200)

#endif /* TEST_ORDER_H */
