/* Escrow of hidden input. A keystroke has 256 values, so its hash alone would give it away: the frame carries 16 random
 * bytes, which are thrown away. Whoever must be able to prove later what was typed keeps them, sealed to somebody who
 * is neither gateway nor engineer; opening shows that salt and text make the hash that both ends have in their chains.
 *
 * In the line and not in a file of its own: so the line chain covers it, and it can be neither left out nor swapped
 * later. The box is bound to session and leaf. */
#include "sessions/escrow.h"

#include <string.h>

#define ESCROW_INFO "fieldline.escrow.1"
enum { PLACE_BYTES = CAP_UUID_BYTES + SHA256_BYTES };

static struct aead_place place_of(const char *session, const uint8_t leaf[SHA256_BYTES], uint8_t out[PLACE_BYTES]) {
    memset(out, 0, PLACE_BYTES);
    memcpy(out, session, strnlen(session, CAP_UUID_BYTES));
    memcpy(out + CAP_UUID_BYTES, leaf, SHA256_BYTES);
    return (struct aead_place){out, PLACE_BYTES};
}

enum result escrow_seal(const struct box_key *to, const char *session, const struct frame *frame,
                        const uint8_t leaf[SHA256_BYTES], struct buf *out) {
    uint8_t place[PLACE_BYTES];
    struct buf box;
    buf_init(&box, CAP_FRAME_BYTES + BOX_EXTRA_BYTES);
    enum result result = box_seal(to, ESCROW_INFO, place_of(session, leaf, place), frame->bytes, frame->count, &box);
    if (result == RESULT_OK) {
        base64url_encode(box.data, box.count, out);
    }
    buf_fini(&box);
    return result;
}

enum result escrow_open(const struct box_key *with, const char *session, const struct transcript_line *line,
                        struct buf *out, struct fault *fault) {
    uint8_t place[PLACE_BYTES], leaf[SHA256_BYTES];
    struct buf box, frame;
    enum result result = RESULT_OK;
    if (!line->has_leaf || line->escrow == NULL) {
        return fault_set(fault, RESULT_NOT_FOUND, "frame %llu has no escrow", (unsigned long long)line->n);
    }
    buf_init(&box, CAP_FRAME_BYTES + BOX_EXTRA_BYTES);
    buf_init(&frame, CAP_FRAME_BYTES);
    if (!base64url_decode(line->escrow, line->escrow_chars, &box) || box.overflow) {
        result = fault_set(fault, RESULT_CORRUPT, "its escrow is no base64url");
    } else {
        result = box_open(with, ESCROW_INFO, place_of(session, line->leaf, place), box.data, box.count, &frame, fault);
    }
    if (result == RESULT_OK) {
        chain_leaf(&(struct frame){.channel = line->channel, .bytes = frame.data, .count = frame.count}, leaf);
        result = frame.count >= SECRET_SALT_BYTES && memcmp(leaf, line->leaf, sizeof leaf) == 0
                     ? RESULT_OK
                     : fault_set(fault, RESULT_CORRUPT, "what lies in escrow is not what was typed");
    }
    if (result == RESULT_OK) {
        buf_add(out, frame.data + SECRET_SALT_BYTES, frame.count - SECRET_SALT_BYTES);
    } else {
        fault_prefix(fault, "frame %llu", (unsigned long long)line->n);
    }
    buf_fini(&box);
    buf_wipe(&frame);
    return result;
}
