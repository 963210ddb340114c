/* The owner's own signature under a session: what the product said in session.hello about a consent that was given on
 * the owner's page, or beforehand by a window (fieldline/owner.h). Pure; any thread. */
#pragma once
#include "sessions/session.h"
#include "sessions/transcript.h"

struct owner_proof {
    bool is_signed;              /* the consent's method is one that an owner signs */
    bool holds;                  /* and it is signed, by that key, for this session and for no less than it was */
    char text[FAULT_TEXT_BYTES]; /* "consent signed by NAME, holds"; or "... does not hold: why"; "" unless is_signed */
};
/* `frame` is the first of the up chain. What is no session.hello proves nothing. */
void owner_proof_read(const struct transcript_head *head, const uint8_t *frame, size_t count, struct owner_proof *out);
