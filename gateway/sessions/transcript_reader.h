/* Reads a recorded session, both files in step, keeping the sums (transcript.h). For verify, recover and report. */
#pragma once
#include "sessions/vault_file.h"

struct transcript_reader;
/* `base` is the path without extension; `vault` (NULL: plain files only) is needed while this is called. Reads the
 * first line too. RESULT_NOT_FOUND when a file is missing, RESULT_DENIED when it is encrypted under a key that is not
 * here. */
FL_CHECK enum result transcript_reader_open(const struct vault *vault, const char *base, struct transcript_reader **out,
                                            struct fault *fault);
void transcript_reader_close(struct transcript_reader *reader);
const struct transcript_head *transcript_reader_head(const struct transcript_reader *reader);

struct transcript_entry {
    struct transcript_line line;
    const uint8_t *bytes; /* the frame's; NULL for a secret; lives until the next call */
    size_t count;
    uint8_t leaf[SHA256_BYTES];
    char cast_kind; /* 0: none; 'h': the cast's header; 'o' 'i' 'r' */
};
/* The next frame. RESULT_NOT_FOUND: the end, and nothing is left over in either file. RESULT_CORRUPT: this frame is not
 * what the writer wrote; the fault says where; the sums stand at the last good one. */
FL_CHECK enum result transcript_reader_next(struct transcript_reader *reader, struct transcript_entry *out,
                                            struct fault *fault);
const struct transcript_sums *transcript_reader_sums(const struct transcript_reader *reader);
