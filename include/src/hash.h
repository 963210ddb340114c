/* SHA-256 over two pieces without joining them. Private to include/src. */
#pragma once
#include "fieldline/bytes.h"

void sha256_pair(const void *a, size_t a_count, const void *b, size_t b_count, uint8_t out[SHA256_BYTES]);
