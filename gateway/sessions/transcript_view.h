/* A recording's file as it is shown: its text with what a mask covers. It does not verify any more; what verifies is
 * transcript_copy's. */
#pragma once
#include "sessions/mask.h"
#include "sessions/vault_file.h"

/* Appends the lines of base+ending (".cast" or ".jsonl") to `out`; *covered: how many bytes were. Of a file that is
 * still written or was torn, the whole lines. Results as transcript_copy's. */
FL_CHECK enum result transcript_view(const struct vault *vault, const struct mask *mask, const char *base,
                                     const char *ending, struct buf *out, size_t *covered, struct fault *fault);
