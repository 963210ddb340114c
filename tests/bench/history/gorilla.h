/* Gorilla coding (Pelkonen et al., VLDB 2015, section 4.1), as the paper has it: the reference that our chunks are
 * compared with. Times in milliseconds. One stream for the whole series, so it never pays for a block's beginning. */
#pragma once
#include "store/chunk.h"

size_t gorilla_bytes(const struct point *points, size_t count);
