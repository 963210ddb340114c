/* The body of a chunk of version 1. Private to gateway/store. */
#pragma once
#include "store/chunk.h"

/* Exactly `count` points and nothing left over, or false. */
FL_CHECK bool chunk_v1_decode(struct cursor *in, struct point *out, size_t count);
