/* SHA-256 of what does not fit into memory at once; bytes.h has the form for what does. */
#pragma once
#include "fieldline/bytes.h"

struct digest;
struct digest *digest_new(void);
void digest_add(struct digest *digest, const void *bytes, size_t count);
/* Of all that was added so far; more may be added afterwards. */
void digest_hex(const struct digest *digest, char out[SHA256_HEX_BYTES]);
void digest_end(struct digest *digest, uint8_t out[SHA256_BYTES]); /* frees it */
void digest_free(struct digest *digest);                           /* without an answer; NULL is fine */
