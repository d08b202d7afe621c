#pragma once

#define array_index_nospec(i, size) ((i) < (size) ? (i) : 0)
