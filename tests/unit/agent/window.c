/* The sending window: what goes out next, given acknowledgements and time. Each row is one step. */
#include "window.h"

#include <criterion/criterion.h>

enum step_kind { SEND, SEND_GAP, FULL, ACK, REPEAT, TICK, QUIET, NUDGE };
struct step {
    enum step_kind kind;
    uint64_t seq; /* sent, or acknowledged; SEND_GAP: the last number it stands for */
    int64_t at_ms;
    const char *why;
};

/* Plays the steps on a window of 4 that begins behind `acked`; 1000 is the newest record. */
static void play(uint64_t acked, const struct step *steps, size_t count) {
    struct window w = {0};
    window_begin(&w, 4, acked, 0);
    for (size_t i = 0; i < count; i++) {
        const struct step *s = &steps[i];
        uint64_t seq = 0;
        switch (s->kind) {
        case SEND:
        case SEND_GAP:
            cr_assert(window_next(&w, 1000, &seq), "step %zu: %s", i, s->why);
            cr_assert(s->kind == SEND_GAP || seq == s->seq, "step %zu: %s: next is %lu", i, s->why, seq);
            window_sent(&w, s->seq, 100, s->at_ms);
            break;
        case FULL: cr_assert_not(window_next(&w, 1000, &seq), "step %zu: %s", i, s->why); break;
        case ACK: cr_assert(window_ack(&w, s->seq, s->at_ms), "step %zu: %s", i, s->why); break;
        case REPEAT: cr_assert_not(window_ack(&w, s->seq, s->at_ms), "step %zu: %s", i, s->why); break;
        case TICK: cr_assert(window_tick(&w, s->at_ms), "step %zu: %s", i, s->why); break;
        case QUIET: cr_assert_not(window_tick(&w, s->at_ms), "step %zu: %s", i, s->why); break;
        case NUDGE: window_nudge(&w, s->at_ms); break;
        }
    }
}
#define PLAY(acked, ...)                                                                                               \
    do {                                                                                                               \
        const struct step steps[] = {__VA_ARGS__};                                                                     \
        play(acked, steps, sizeof steps / sizeof steps[0]);                                                            \
    } while (0)

Test(window, holds_back_what_exceeds_it) {
    PLAY(7, {SEND, 8, 0, "behind the last acknowledged"}, {SEND, 9, 0, ""}, {SEND, 10, 0, ""}, {SEND, 11, 0, ""},
         {FULL, 0, 0, "four are under way"}, {ACK, 9, 10, "two are done"}, {SEND, 12, 10, ""}, {SEND, 13, 10, ""},
         {FULL, 0, 10, "four again"});
}

Test(window, a_gap_counts_as_one_message) {
    PLAY(0, {SEND_GAP, 500, 0, "stands for 1 to 500"}, {SEND, 501, 0, ""}, {SEND, 502, 0, ""}, {SEND, 503, 0, ""},
         {FULL, 0, 0, ""}, {ACK, 300, 5, "in the middle of the gap"}, {FULL, 0, 5, "the gap is still under way"},
         {ACK, 500, 6, ""}, {SEND, 504, 6, ""}, {FULL, 0, 6, ""});
}

Test(window, goes_back_to_where_the_gateway_is) {
    PLAY(40, {SEND, 41, 0, ""}, {REPEAT, 12, 5, "it has less than we thought"}, {SEND, 13, 5, "so again from there"},
         {REPEAT, 12, 6, "the same once more is no news"}, {SEND, 14, 6, "and does not send 13 again"});
}

Test(window, jumps_over_what_the_gateway_has_already) {
    PLAY(10, {SEND, 11, 0, ""}, {ACK, 40, 5, "of an earlier connection"}, {SEND, 41, 5, ""});
}

Test(window, a_stall_sends_one_and_opens_with_each_ack) {
    PLAY(0, {SEND, 1, 0, ""}, {SEND, 2, 0, ""}, {SEND, 3, 0, ""}, {QUIET, 0, 1999, "not yet"}, {TICK, 0, 2000, "2 s"},
         {SEND, 1, 2000, "from the first one on"}, {FULL, 0, 2000, "one probe only"}, {QUIET, 0, 5999, ""},
         {TICK, 0, 6000, "4 s the second time"}, {SEND, 1, 6000, ""}, {ACK, 1, 6100, "it is back"}, {SEND, 2, 6100, ""},
         {SEND, 3, 6100, "two now"}, {FULL, 0, 6100, ""}, {ACK, 3, 6200, ""}, {SEND, 4, 6200, ""}, {SEND, 5, 6200, ""},
         {SEND, 6, 6200, ""}, {SEND, 7, 6200, "all four"}, {FULL, 0, 6200, ""});
}

Test(window, waits_at_most_half_a_minute) {
    struct window w = {0};
    int64_t now = 0, due;
    window_begin(&w, 4, 0, 0);
    for (int i = 0; i < 10; i++) {
        window_sent(&w, 1, 100, now);
        cr_assert(window_due(&w, &due));
        cr_expect_leq(due - now, WINDOW_STALL_MAX_MS);
        now = due;
        cr_assert(window_tick(&w, now));
    }
    window_sent(&w, 1, 100, now);
    window_due(&w, &due);
    cr_expect_eq(due - now, WINDOW_STALL_MAX_MS);
}

Test(window, a_slow_link_is_no_stall) {
    PLAY(0, {SEND, 1, 0, ""}, {TICK, 0, 2000, "5 s of round trip look like a stall first"}, {SEND, 1, 2000, ""},
         {ACK, 1, 5000, "an ack of a repeated one is not measured"}, {SEND, 2, 5000, ""}, {QUIET, 0, 8999, ""},
         {TICK, 0, 9000, "still 4 s"}, {SEND, 2, 9000, ""}, {ACK, 2, 10000, ""}, {SEND, 3, 10000, ""},
         {ACK, 3, 15000, "sent once: 5 s is usual here"}, {SEND, 4, 15000, ""}, {QUIET, 0, 29999, "three times 5 s"},
         {TICK, 0, 30000, ""});
}

Test(window, a_sign_of_life_probes_at_once) {
    PLAY(0, {SEND, 1, 0, ""}, {TICK, 0, 2000, ""}, {SEND, 1, 2000, ""}, {NUDGE, 0, 2500, "too soon"},
         {FULL, 0, 2500, ""}, {NUDGE, 0, 3000, ""}, {SEND, 1, 3000, "the probe again"}, {FULL, 0, 3000, "still one"});
    PLAY(0, {SEND, 1, 0, ""}, {NUDGE, 0, 1500, "no stall: nothing to hurry"}, {SEND, 2, 1500, ""});
}

Test(window, nothing_under_way_is_never_late) {
    struct window w = {0};
    int64_t due;
    uint64_t seq;
    window_begin(&w, 4, 3, 0);
    cr_expect_not(window_due(&w, &due));
    cr_expect_not(window_tick(&w, 1000000));
    cr_expect_not(window_next(&w, 3, &seq), "3 is the newest and acknowledged");
}

Test(window, counts_what_it_repeats) {
    struct window w = {0};
    window_begin(&w, 4, 0, 0);
    window_sent(&w, 1, 100, 0);
    window_sent(&w, 2, 100, 0);
    cr_assert(window_tick(&w, 2000));
    window_sent(&w, 1, 100, 2000);
    cr_expect_eq(w.resent_count, 1);
}

Test(window, is_bounded_in_bytes_too_but_lets_one_message_through) {
    struct window w = {0};
    uint64_t seq = 0;
    window_begin(&w, CAP_WINDOW_BULK, 0, 0);
    cr_assert(window_next(&w, 100, &seq));
    window_sent(&w, 1, CAP_WINDOW_BYTES, 0);
    cr_expect_not(window_next(&w, 100, &seq), "full with one");
    cr_expect(window_ack(&w, 1, 10));
    for (int i = 0; i < 4; i++) {
        cr_assert(window_next(&w, 100, &seq), "message %d", i);
        window_sent(&w, seq, CAP_WINDOW_BYTES / 4, 10);
    }
    cr_expect_not(window_next(&w, 100, &seq));
    cr_expect(window_ack(&w, 3, 20));
    cr_expect(window_next(&w, 100, &seq), "acknowledged bytes make room");
    cr_expect_eq(seq, 6);
    window_begin(&w, CAP_WINDOW_BULK, 3, 30);
    cr_expect_eq(w.bytes, 0, "a new connection begins empty");
}
