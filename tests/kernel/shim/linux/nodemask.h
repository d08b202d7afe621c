/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
#define for_each_online_node(node) for ((node) = 0; (node) < 1; (node)++)
