/* The sending window of one lane.
 *
 * Go-back-N, not selective repeat: messages reach the gateway in order or not at all (one TCP connection, one broker
 * queue), so after a loss everything behind it is unacknowledged too. Repeats are harmless, the gateway drops them, but
 * they cost the owner's data plan: hence one probe after a stall instead of the whole window, while the gateway may be
 * down for hours. The gateway coalesces acknowledgements (half a window, or a moment), so the shortest stall is well
 * above that moment; on slow links it follows what was measured, and only messages sent once are timed (an
 * acknowledgement of a repeated one does not say which copy it is for). A duplicate acknowledgement alone is no sign of
 * loss here: repeats are answered with one. */
#include "window.h"

#include <assert.h>

static void go_back(struct window *w, uint64_t acked) {
    w->acked = acked;
    w->next = acked + 1;
    w->first = 0;
    w->under_way = 0;
    w->bytes = 0;
    w->timed_seq = 0;
}

static int64_t within(int64_t ms) {
    return ms < WINDOW_STALL_MIN_MS ? WINDOW_STALL_MIN_MS : ms > WINDOW_STALL_MAX_MS ? WINDOW_STALL_MAX_MS : ms;
}

void window_begin(struct window *w, size_t size, uint64_t acked, int64_t mono_ms) {
    assert(size > 0 && size <= WINDOW_MAX);
    uint64_t resent = w->resent_count, timed = w->timed_count;
    *w = (struct window){.size = size, .open_size = size, .stall_ms = WINDOW_STALL_MIN_MS, .progress_mono_ms = mono_ms};
    w->resent_count = resent;
    w->timed_count = timed;
    go_back(w, acked);
}

bool window_next(const struct window *w, uint64_t last, uint64_t *seq) {
    if (w->under_way >= w->open_size || w->next > last || (w->under_way > 0 && w->bytes >= CAP_WINDOW_BYTES)) {
        return false;
    }
    *seq = w->next;
    return true;
}

void window_sent(struct window *w, uint64_t seq, size_t bytes, int64_t mono_ms) {
    assert(seq >= w->next && w->under_way < WINDOW_MAX);
    if (w->under_way == 0) {
        w->progress_mono_ms = mono_ms;
    }
    size_t place = (w->first + w->under_way++) % WINDOW_MAX;
    w->ends[place] = seq;
    w->sizes[place] = (uint32_t)bytes;
    w->bytes += bytes;
    w->next = seq + 1;
    if (seq <= w->highest_sent) {
        w->resent_count++;
        return;
    }
    w->highest_sent = seq;
    if (w->timed_seq == 0) {
        w->timed_seq = seq;
        w->timed_mono_ms = mono_ms;
    }
}

/* A slow acknowledgement counts at once, fast ones win slowly. */
static void measure(struct window *w, int64_t took_ms) {
    int64_t faded = w->usual_ms * 7 / 8;
    w->took_ms = took_ms;
    w->timed_count++;
    w->usual_ms = took_ms > faded ? took_ms : faded;
    w->stall_ms = within(3 * w->usual_ms);
    w->timed_seq = 0;
}

bool window_ack(struct window *w, uint64_t seq, int64_t mono_ms) {
    if (seq == w->acked) {
        return false;
    }
    w->progress_mono_ms = mono_ms;
    if (seq < w->acked) {
        go_back(w, seq);
        return false;
    }
    w->acked = seq;
    if (w->timed_seq != 0 && seq >= w->timed_seq) {
        measure(w, mono_ms - w->timed_mono_ms);
    }
    w->open_size = w->open_size * 2 < w->size ? w->open_size * 2 : w->size;
    while (w->under_way > 0 && w->ends[w->first] <= seq) {
        w->bytes -= w->sizes[w->first];
        w->first = (w->first + 1) % WINDOW_MAX;
        w->under_way--;
    }
    if (w->next <= seq) {
        go_back(w, seq); /* it has more than we sent on this connection */
    }
    return true;
}

bool window_due(const struct window *w, int64_t *mono_ms) {
    *mono_ms = w->progress_mono_ms + w->stall_ms;
    return w->under_way > 0;
}

bool window_tick(struct window *w, int64_t mono_ms) {
    int64_t due;
    if (!window_due(w, &due) || mono_ms < due) {
        return false;
    }
    go_back(w, w->acked);
    w->open_size = 1;
    w->progress_mono_ms = mono_ms;
    w->stall_ms = within(w->stall_ms * 2);
    return true;
}

void window_nudge(struct window *w, int64_t mono_ms) {
    if (w->under_way > 0 && w->open_size < w->size && mono_ms - w->progress_mono_ms >= WINDOW_NUDGE_MS) {
        go_back(w, w->acked);
        w->open_size = 1;
        w->progress_mono_ms = mono_ms;
    }
}
