/* Signed heads of a recording under way: ID.heads, a line for each, in plain text. A head says how far the line chain
 * had come when everything up to there was on the disk; so a tail that is cut off before the seal is missed.
 *
 *   {"n":120,"cast_bytes":9000,"jsonl_bytes":21000,"lines":"<hex>","at_ms":1700000000000,"signature":"<base64url>"}
 *
 * n: frames so far. The signature (Ed25519, the gateway's seal key) covers "fieldline.heads.1/SESSION\n", the head's
 * number in the file, and the line up to its comma before "signature". The form is rigid, as the seal's is. */
#pragma once
#include "fieldline/keys.h"
#include "sessions/transcript.h"

enum {
    HEADS_LINE_BYTES = 512,
    HEADS_EVERY_MS = 60 * 1000,    /* a head is due when frames were added and the last one is so old, */
    HEADS_EVERY_BYTES = 64 * 1024, /* or when so much text was added */
    HEADS_MAX = 1000000
};

struct head {
    uint64_t n, cast_bytes, jsonl_bytes;
    uint8_t lines[SHA256_BYTES];
    int64_t at_ms; /* wall */
    uint8_t signature[64];
};
/* `number` counts from 1. */
FL_CHECK enum result head_sign(const struct transcript_sums *sums, uint64_t number, int64_t at_ms,
                               const struct key *key, struct head *out, struct fault *fault);
void head_print(const struct head *head, struct buf *out); /* the line and its newline */
FL_CHECK enum result head_parse(const char *line, size_t chars, struct head *out, struct fault *fault);
FL_CHECK bool head_signature_holds(const struct head *head, const char *session, uint64_t number,
                                   const struct key *key);

/* Reads base.heads in order. */
struct heads;
/* No file is no failure: there are no heads then. */
FL_CHECK enum result heads_open(const char *base, struct heads **out, struct fault *fault);
void heads_close(struct heads *heads);
/* The next head, and its number; RESULT_NOT_FOUND: the end; RESULT_CORRUPT: the line is no head, or torn. */
FL_CHECK enum result heads_next(struct heads *heads, struct head *out, uint64_t *number, struct fault *fault);
/* Of all that was read so far. */
uint64_t heads_count(const struct heads *heads);
uint64_t heads_bytes(const struct heads *heads);
void heads_digest(const struct heads *heads, uint8_t out[SHA256_BYTES]);
