/* The lane's small state file.
 *
 * Rewritten in place, slot by slot, because it changes with every acknowledgement: renaming a new file over it would
 * cost a flash disk two directory updates each time. The slot with the higher generation and a right checksum counts.
 * Holes are kept only for what they tell people; which numbers are missing is always seen from the segments themselves,
 * so a lost or forgotten hole costs a reason, never correctness. Loop thread. */
#include "lane_state.h"

#include <string.h>
#include <unistd.h>

enum { SLOT_BYTES = 512, SLOTS = 2, CHECK_BYTES = 8 };
static const char mark[8] = "FLSTATE1";

static const char *const reason_texts[GAP_REASON_COUNT] = {
    [GAP_SPOOL_FULL] = "the spool was full, the oldest records were dropped",
    [GAP_DISK] = "the disk did not take the records",
    [GAP_POWER_CUT] = "power was cut, records of the last moments may be missing",
    [GAP_DAMAGED] = "the records on disk were damaged",
    [GAP_DONE] = "the records had been acknowledged and deleted before"};

const char *gap_reason_text(enum gap_reason reason) {
    return reason_texts[reason];
}

static void encode(const struct lane_state *s, struct buf *out) {
    uint8_t digest[SHA256_BYTES];
    buf_add(out, mark, sizeof mark);
    buf_add_u64be(out, s->generation);
    buf_add(out, s->stream, CAP_UUID_BYTES);
    buf_add(out, s->boot, CAP_UUID_BYTES);
    buf_add_u8(out, s->is_closed);
    buf_add_u64be(out, s->base);
    buf_add_u64be(out, s->acked);
    buf_add_u64be(out, s->next);
    buf_add_u64be(out, s->reserved);
    buf_add_u64be(out, s->dropped);
    buf_add_u8(out, (uint8_t)s->hole_count);
    for (size_t i = 0; i < s->hole_count; i++) {
        const struct lane_hole *h = &s->holes[i];
        buf_add_u64be(out, h->from);
        buf_add_u64be(out, h->to);
        buf_add_u8(out, (uint8_t)h->reason);
        buf_add_u64be(out, (uint64_t)h->first_ms);
        buf_add_u64be(out, (uint64_t)h->last_ms);
    }
    while (out->count < SLOT_BYTES - CHECK_BYTES) {
        buf_add_u8(out, 0);
    }
    sha256(out->data, out->count, digest);
    buf_add(out, digest, CHECK_BYTES);
}

static bool take_text(struct cursor *c, char out[CAP_UUID_BYTES + 1]) {
    const uint8_t *text;
    if (!cursor_take(c, CAP_UUID_BYTES, &text)) {
        return false;
    }
    memcpy(out, text, CAP_UUID_BYTES);
    out[CAP_UUID_BYTES] = '\0';
    return uuid_valid(out);
}

static bool take_holes(struct cursor *c, struct lane_state *s) {
    uint8_t count, reason;
    if (!cursor_u8(c, &count) || count > LANE_HOLES) {
        return false;
    }
    for (s->hole_count = 0; s->hole_count < count; s->hole_count++) {
        struct lane_hole *h = &s->holes[s->hole_count];
        uint64_t first, last;
        if (!cursor_u64be(c, &h->from) || !cursor_u64be(c, &h->to) || !cursor_u8(c, &reason) ||
            !cursor_u64be(c, &first) || !cursor_u64be(c, &last) || reason >= GAP_REASON_COUNT) {
            return false;
        }
        h->reason = (enum gap_reason)reason;
        h->first_ms = (int64_t)first;
        h->last_ms = (int64_t)last;
    }
    return true;
}

static bool decode(const uint8_t slot[SLOT_BYTES], struct lane_state *out) {
    uint8_t digest[SHA256_BYTES], is_closed;
    const uint8_t *found;
    struct lane_state s = {0};
    struct cursor c = cursor_of(slot, SLOT_BYTES - CHECK_BYTES);
    sha256(slot, SLOT_BYTES - CHECK_BYTES, digest);
    if (memcmp(digest, slot + SLOT_BYTES - CHECK_BYTES, CHECK_BYTES) != 0 || !cursor_take(&c, sizeof mark, &found) ||
        memcmp(found, mark, sizeof mark) != 0 || !cursor_u64be(&c, &s.generation) || !take_text(&c, s.stream) ||
        !take_text(&c, s.boot) || !cursor_u8(&c, &is_closed) || !cursor_u64be(&c, &s.base) ||
        !cursor_u64be(&c, &s.acked) || !cursor_u64be(&c, &s.next) || !cursor_u64be(&c, &s.reserved) ||
        !cursor_u64be(&c, &s.dropped) || !take_holes(&c, &s)) {
        return false;
    }
    s.is_closed = is_closed != 0;
    *out = s;
    return true;
}

enum result lane_state_read(int fd, struct lane_state *out) {
    enum result result = RESULT_NOT_FOUND;
    for (int i = 0; i < SLOTS; i++) {
        uint8_t slot[SLOT_BYTES];
        struct lane_state s;
        if (pread(fd, slot, sizeof slot, i * SLOT_BYTES) == SLOT_BYTES && decode(slot, &s) &&
            (result != RESULT_OK || s.generation > out->generation)) {
            *out = s;
            result = RESULT_OK;
        }
    }
    return result;
}

enum result lane_state_write(int fd, struct lane_state *state) {
    struct buf slot;
    buf_init(&slot, SLOT_BYTES);
    state->generation++;
    encode(state, &slot);
    int64_t offset = (int64_t)(state->generation % SLOTS) * SLOT_BYTES;
    bool is_written = !slot.overflow && pwrite(fd, slot.data, slot.count, offset) == (ssize_t)slot.count;
    buf_fini(&slot);
    return is_written ? RESULT_OK : RESULT_IO;
}

void lane_state_add_hole(struct lane_state *state, const struct lane_hole *hole) {
    for (size_t i = 0; i < state->hole_count; i++) {
        struct lane_hole *h = &state->holes[i];
        if (h->reason == hole->reason && h->to + 1 == hole->from) {
            h->to = hole->to;
            h->last_ms = hole->last_ms;
            return;
        }
    }
    size_t at = state->hole_count;
    while (at > 0 && state->holes[at - 1].from > hole->from) {
        at--;
    }
    if (state->hole_count == LANE_HOLES) {
        if (at == 0) {
            return;
        }
        at--;
        memmove(state->holes, state->holes + 1, at * sizeof *state->holes);
        state->holes[at] = *hole;
        return;
    }
    memmove(state->holes + at + 1, state->holes + at, (state->hole_count - at) * sizeof *state->holes);
    state->holes[at] = *hole;
    state->hole_count++;
}

void lane_state_forget_holes(struct lane_state *state, uint64_t up_to) {
    size_t gone = 0;
    while (gone < state->hole_count && state->holes[gone].to <= up_to) {
        gone++;
    }
    state->hole_count -= gone;
    memmove(state->holes, state->holes + gone, state->hole_count * sizeof *state->holes);
}

const struct lane_hole *lane_state_hole(const struct lane_state *state, uint64_t seq) {
    for (size_t i = 0; i < state->hole_count; i++) {
        if (state->holes[i].from <= seq && seq <= state->holes[i].to) {
            return &state->holes[i];
        }
    }
    return NULL;
}

uint64_t lane_state_hole_after(const struct lane_state *state, uint64_t seq, uint64_t to) {
    for (size_t i = 0; i < state->hole_count; i++) {
        if (state->holes[i].from > seq && state->holes[i].from <= to) {
            return state->holes[i].from - 1; /* they ascend */
        }
    }
    return to;
}
