/* A SHA-256 that is computed while bytes pass. */
#pragma once
#include "fieldline/bytes.h"

struct digest;
struct digest *digest_new(void);
void digest_free(struct digest *digest); /* NULL is fine */
void digest_add(struct digest *digest, const void *bytes, size_t count);
/* Of all that was added so far; more may be added afterwards. */
void digest_hex(const struct digest *digest, char out[SHA256_HEX_BYTES]);
