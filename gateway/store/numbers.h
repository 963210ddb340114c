/* A column of whole numbers, compressed: the next is guessed from those before, what is left is coded by an adaptive
 * range coder. Pure, exact for every int64 (arithmetic wraps). Private to gateway/store: chunk.h and tier.h are made of
 * such columns. */
#pragma once
#include "store/range.h"

enum { NUMBERS_MAX = 2048 /* in one column */ };
/* count may be 0 (nothing is written). */
void numbers_encode(const int64_t *numbers, size_t count, struct range_encoder *out);
/* False: what was read cannot have been written. Whatever the bytes are, it ends and writes only out[0..count). */
FL_CHECK bool numbers_decode(struct range_decoder *in, int64_t *out, size_t count);
