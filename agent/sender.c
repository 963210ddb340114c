/* Sending: what may be sent is decided by window.c, what is sent by spool.c; this file only carries.
 *
 * The urgent lanes are served first each time, so they never wait behind bulk; a spare comes after the lane it stands
 * in for. What Paho does not take now is tried again a moment later: its queue is longer than all windows together, so
 * that is rare. Owned by uplink.c, loop thread. */
#include "sender.h"

#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"

enum { RETRY_MS = 1000 };
/* In the order in which they are served. */
static const enum spool_lane lane_order[SPOOL_LANES] = {SPOOL_URGENT, SPOOL_SPARE_URGENT, SPOOL_BULK, SPOOL_SPARE_BULK};

static size_t window_size(enum spool_lane lane) {
    return spool_lane_is_bulk(lane) ? CAP_WINDOW_BULK : CAP_WINDOW_URGENT;
}

static void on_timer(void *self);

static void arm_timer(struct sender *s, int64_t now) {
    int64_t soonest = INT64_MAX, due;
    for (int lane = 0; lane < SPOOL_LANES; lane++) {
        if (window_due(&s->windows[lane], &due) && due < soonest) {
            soonest = due;
        }
    }
    if (soonest == INT64_MAX) {
        loop_disarm(s->loop, &s->timer);
    } else {
        loop_arm(s->loop, &s->timer, soonest - now, on_timer, s);
    }
}

/* Every topic of ours is as long as this one, or nearly so. */
void sender_spend(struct sender *s, size_t bytes, bool is_stamped) {
    budget_spend(s->budget,
                 budget_message_bytes(sizeof "fl/1/00//up/event" + strlen(s->config->device), bytes, is_stamped));
}

/* false: nothing more can be sent now, by this lane or another. */
static bool send_one(struct sender *s, enum spool_lane lane, uint64_t seq, int64_t now) {
    struct spool_message message;
    if (spool_read(s->spool, lane, seq, wall_now(s->wall), &message) != RESULT_OK ||
        mqtt_publish(s->mqtt, message.kind, &message.stamp, message.payload, message.bytes) != RESULT_OK) {
        return false;
    }
    sender_spend(s, message.bytes, true);
    window_sent(&s->windows[lane], message.stamp.seq, message.bytes, now);
    s->sent_count++;
    s->sent_bytes += message.bytes;
    return true;
}

void sender_pump(struct sender *s) {
    int64_t now = clock_mono_ms();
    bool can_send = s->is_open;
    for (int i = 0; i < SPOOL_LANES && can_send; i++) {
        enum spool_lane lane = lane_order[i];
        uint64_t seq, last = spool_sendable_seq(s->spool, lane);
        bool is_held = s->windows[SPOOL_URGENT].acked < s->gate_seq || budget_pace(budget_level(s->budget))->holds_bulk;
        if (spool_lane_is_bulk(lane) && is_held) {
            break;
        }
        while (can_send && window_next(&s->windows[lane], last, &seq)) {
            can_send = send_one(s, lane, seq, now);
        }
    }
    if (!s->is_open) {
        return;
    }
    arm_timer(s, now);
    if (!can_send && !s->timer.is_armed) {
        loop_arm(s->loop, &s->timer, RETRY_MS, on_timer, s);
    }
}

static void on_timer(void *self) {
    struct sender *s = self;
    int64_t now = clock_mono_ms();
    for (int lane = 0; lane < SPOOL_LANES; lane++) {
        if (window_tick(&s->windows[lane], now)) {
            log_debug("agent.uplink", "no_ack", "lane=%s acked=%llu wait_ms=%lld",
                      spool_lane_name((enum spool_lane)lane), (unsigned long long)s->windows[lane].acked,
                      (long long)s->windows[lane].stall_ms);
        }
    }
    sender_pump(s);
}

static void begin_windows(struct sender *s, int64_t now) {
    for (int lane = 0; lane < SPOOL_LANES; lane++) {
        s->resent_count += s->windows[lane].resent_count;
        s->windows[lane].resent_count = 0;
        window_begin(&s->windows[lane], window_size((enum spool_lane)lane),
                     spool_acked_seq(s->spool, (enum spool_lane)lane), now);
    }
}

void sender_init(struct sender *s) {
    begin_windows(s, 0);
}

void sender_begin(struct sender *s) {
    begin_windows(s, clock_mono_ms());
    s->gate_seq = UINT64_MAX;
    s->is_open = true;
}

void sender_open_gate(struct sender *s, uint64_t urgent_seq) {
    s->gate_seq = urgent_seq;
    sender_pump(s);
}

void sender_end(struct sender *s) {
    s->is_open = false;
    loop_disarm(s->loop, &s->timer);
}

bool sender_ack(struct sender *s, enum spool_lane lane, uint64_t seq) {
    int64_t now = clock_mono_ms();
    struct window *w = &s->windows[lane];
    uint64_t timed_count = w->timed_count;
    bool is_news = window_ack(w, seq, now);
    if (w->timed_count > timed_count) {
        ack_times_add(&s->ack_times, w->took_ms);
    }
    for (int i = 0; i < SPOOL_LANES; i++) {
        window_nudge(&s->windows[i], now);
    }
    sender_pump(s);
    return is_news;
}

uint64_t sender_resent_count(const struct sender *s) {
    uint64_t count = s->resent_count;
    for (int lane = 0; lane < SPOOL_LANES; lane++) {
        count += s->windows[lane].resent_count;
    }
    return count;
}
