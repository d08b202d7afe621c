/* SPDX-License-Identifier: GPL-2.0-only */
/* Loads by an index of the guest's: the world notes each, for tests. */
#pragma once

unsigned long shim_index_nospec(unsigned long index, unsigned long size);
#define array_index_nospec(i, size) shim_index_nospec(i, size)
