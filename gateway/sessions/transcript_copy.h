/* The text of a recording's file, decrypted, for whoever may have it. */
#pragma once
#include "sessions/vault_file.h"

/* Writes it to `fd` from where that stands. Of a file that is still written, or was torn, so much as is whole.
 * RESULT_NOT_FOUND: no such file; RESULT_TOO_BIG: more than `cap_bytes`; RESULT_CORRUPT: it was changed. */
FL_CHECK enum result transcript_copy(const struct vault *vault, const char *base, const char *ending, int fd,
                                     int64_t cap_bytes, int64_t *bytes, struct fault *fault);
