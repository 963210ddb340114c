/* The sums that run over a transcript: the line chain over every byte of both files, and the product's two direction
 * chains over what was said. The writer and the reader share this code, so they can only agree or find a difference. */
#include "sessions/transcript.h"

#include <string.h>

void transcript_sums_begin(struct transcript_sums *sums, const char *session, const char *device, int64_t started_ms) {
    struct buf seed;
    *sums = (struct transcript_sums){.started_ms = started_ms};
    memcpy(sums->session, session, strnlen(session, CAP_UUID_BYTES));
    memcpy(sums->device, device, strnlen(device, CAP_DEVICE_ID_BYTES));
    buf_init(&seed, 128);
    buf_printf(&seed, TRANSCRIPT_FORMAT "/%s", session);
    sha256(seed.data, seed.count, sums->lines);
    buf_fini(&seed);
    chain_begin(&sums->up, DIRECTION_UP, session);
    chain_begin(&sums->down, DIRECTION_DOWN, session);
}

static void add_bytes(struct transcript_sums *sums, const struct buf *jsonl, const struct buf *cast) {
    struct buf joined;
    buf_init(&joined, 3 * (size_t)TRANSCRIPT_LINE_BYTES);
    buf_add(&joined, sums->lines, SHA256_BYTES);
    buf_add(&joined, jsonl->data, jsonl->count);
    sums->jsonl_bytes += jsonl->count;
    if (cast != NULL) {
        buf_add(&joined, cast->data, cast->count);
        sums->cast_bytes += cast->count;
        sums->cast_lines++;
    }
    sha256(joined.data, joined.count, sums->lines);
    buf_fini(&joined);
}

void transcript_sums_head(struct transcript_sums *sums, const struct buf *jsonl) {
    add_bytes(sums, jsonl, NULL);
}

void transcript_sums_add(struct transcript_sums *sums, const struct transcript_line *line,
                         const uint8_t leaf[SHA256_BYTES], const struct buf *jsonl, const struct buf *cast) {
    add_bytes(sums, jsonl, cast);
    sums->frames++;
    sums->last_t_ms = line->t_ms;
    if (leaf != NULL) {
        chain_add_leaf(line->dir == TRANSCRIPT_UP ? &sums->up : &sums->down, leaf);
    }
}
