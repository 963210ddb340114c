/* What was typed while nothing was echoed, for whoever decides a dispute: the frame (salt and text) sealed to the
 * X25519 key of a third party, kept in its line of the .jsonl as "escrow". Without a key nothing of it is kept but its
 * hash. */
#pragma once
#include "fieldline/aead.h"
#include "sessions/transcript.h"

enum { ESCROW_CHARS = (CAP_FRAME_BYTES + BOX_EXTRA_BYTES) * 4 / 3 + 4 };
/* Appends base64url. `leaf` is the frame's. */
FL_CHECK enum result escrow_seal(const struct box_key *to, const char *session, const struct frame *frame,
                                 const uint8_t leaf[SHA256_BYTES], struct buf *out);
/* Appends the text. RESULT_NOT_FOUND: the line has none. RESULT_DENIED: sealed to another key. RESULT_CORRUPT: it
 * opens, but does not hash to the leaf that was recorded: what lies in it is not what was typed. */
FL_CHECK enum result escrow_open(const struct box_key *with, const char *session, const struct transcript_line *line,
                                 struct buf *out, struct fault *fault);
