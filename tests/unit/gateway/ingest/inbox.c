/* The inbox: order, bounds in messages and bytes, waiting, dropping, waking. */
#include "ingest/inbox.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"

static struct inbound *message(int number, size_t bytes) {
    char topic[16];
    uint8_t payload[1024] = {0};
    snprintf(topic, sizeof topic, "t/%d", number);
    return inbound_new(topic, strlen(topic), payload, bytes);
}

Test(inbox, gives_messages_in_order_of_arrival) {
    struct inbox *inbox = inbox_new(8, 1 << 20, 1, 1000000);
    struct inbound *out[8];
    for (int i = 0; i < 5; i++)
        cr_assert(inbox_push(inbox, message(i, 10)));
    cr_assert_eq(inbox_take(inbox, out, 3, 0, 0), 3);
    for (int i = 5; i < 8; i++) /* wraps around */
        cr_assert(inbox_push(inbox, message(i, 10)));
    cr_assert_eq(inbox_take(inbox, out + 3, 5, 0, 0), 5);
    for (int i = 0; i < 8; i++) {
        char expected[16];
        snprintf(expected, sizeof expected, "t/%d", i);
        cr_assert_str_eq(out[i]->topic, expected);
        inbound_free(out[i]);
    }
    inbox_free(inbox);
}

Test(inbox, refuses_and_counts_what_does_not_fit) {
    struct inbox *inbox = inbox_new(2, 1 << 20, 1, 1000000);
    cr_assert(inbox_push(inbox, message(0, 10)));
    cr_assert(inbox_push(inbox, message(1, 10)));
    cr_assert_not(inbox_push(inbox, message(2, 10)), "the third of two must be refused");
    const struct inbox_figures f = inbox_read_figures(inbox);
    cr_assert_eq(f.dropped, 1);
    cr_assert_eq(f.waited, 1);
    cr_assert_eq(f.received, 3);
    cr_assert_eq(f.depth, 2);
    inbox_free(inbox); /* frees what is still in it: leak checkers look */
}

Test(inbox, is_bounded_in_bytes_but_takes_one_big_message_when_empty) {
    struct inbox *inbox = inbox_new(100, 600, 1, 1000000);
    cr_assert(inbox_push(inbox, message(0, 1000)), "a message larger than the bound passes when it is alone");
    cr_assert_not(inbox_push(inbox, message(1, 10)));
    struct inbound *out[1];
    cr_assert_eq(inbox_take(inbox, out, 1, 0, 0), 1);
    inbound_free(out[0]);
    cr_assert(inbox_push(inbox, message(2, 10)));
    inbox_free(inbox);
}

static void *push_one(void *inbox) {
    inbox_push(inbox, message(7, 10));
    return NULL;
}

Test(inbox, a_full_inbox_lets_the_producer_in_when_room_comes) {
    struct inbox *inbox = inbox_new(1, 1 << 20, 5000, 1000000);
    struct inbound *out[1];
    pthread_t producer;
    cr_assert(inbox_push(inbox, message(0, 10)));
    pthread_create(&producer, NULL, push_one, inbox);
    while (inbox_read_figures(inbox).waited == 0)
        continue;
    cr_assert_eq(inbox_take(inbox, out, 1, 0, 0), 1);
    inbound_free(out[0]);
    pthread_join(producer, NULL);
    cr_assert_eq(inbox_read_figures(inbox).dropped, 0);
    cr_assert_eq(inbox_read_figures(inbox).depth, 1);
    inbox_free(inbox);
}

Test(inbox, wake_ends_a_wait_without_a_message) {
    struct inbox *inbox = inbox_new(1, 1 << 20, 1, 1000000);
    struct inbound *out[1];
    const int64_t begun_ms = clock_mono_ms();
    inbox_wake(inbox);
    cr_assert_eq(inbox_take(inbox, out, 1, 10000, 0), 0);
    cr_assert_lt(clock_mono_ms() - begun_ms, 5000, "it must not wait for the time-out");
    inbox_free(inbox);
}

static struct inbound *about(const char *topic) {
    return inbound_new(topic, strlen(topic), "x", 1);
}

Test(inbox, a_batch_is_bounded_in_bytes) {
    struct inbox *inbox = inbox_new(100, 1 << 20, 1, 1000000);
    struct inbound *out[10];
    inbox_bound_batch(inbox, 1500);
    for (int i = 0; i < 5; i++)
        cr_assert(inbox_push(inbox, message(i, 1000)));
    const int64_t begun_ms = clock_mono_ms();
    for (size_t left = 5, taken; left > 0; left -= taken) {
        taken = inbox_take(inbox, out, 10, 10000, left > 1 ? 10000 : 0);
        cr_expect_eq(taken, left > 1 ? 2 : 1, "the one that passes the bound is the last");
        for (size_t i = 0; i < taken; i++)
            inbound_free(out[i]);
    }
    cr_expect_lt(clock_mono_ms() - begun_ms, 5000, "a full batch waits for nothing");
    inbox_free(inbox);
}

/* Who lingers sleeps until the batch is full; what is urgent, or a producer that has to wait, ends it. */
Test(inbox, lingering_ends_early_for_a_reason) {
    struct inbox *inbox = inbox_new(3, 1 << 20, 1, 1000000);
    struct inbound *out[4];
    const int64_t begun_ms = clock_mono_ms();
    cr_assert(inbox_push(inbox, message(0, 10)));
    cr_assert(inbox_push(inbox, message(1, 10)));
    cr_assert_eq(inbox_take(inbox, out, 2, 10000, 10000), 2, "the batch is full");
    inbound_free(out[0]);
    inbound_free(out[1]);
    cr_assert(inbox_push(inbox, message(2, 10)));
    cr_assert(inbox_push(inbox, about("fl/1/00/pump-1/up/event")));
    cr_assert_eq(inbox_take(inbox, out, 4, 10000, 10000), 2, "a fault code waits for nobody");
    cr_assert(out[0]->is_urgent);
    inbound_free(out[0]);
    inbound_free(out[1]);
    for (int i = 0; i < 4; i++)
        inbox_push(inbox, message(i, 10));
    cr_assert_eq(inbox_take(inbox, out, 4, 10000, 10000), 3, "a full inbox");
    for (int i = 0; i < 3; i++)
        inbound_free(out[i]);
    cr_assert_lt(clock_mono_ms() - begun_ms, 5000);
    cr_assert(inbox_push(inbox, message(0, 10)));
    cr_assert_eq(inbox_take(inbox, out, 4, 10000, 20), 1, "and otherwise when the time is over");
    inbound_free(out[0]);
    inbox_free(inbox);
}

Test(inbox, what_is_beyond_the_caps_is_not_copied) {
    static char big[CAP_PAYLOAD_BYTES + 1];
    struct inbound *m = inbound_new("t", 1, big, CAP_PAYLOAD_BYTES);
    cr_assert_not_null(m->payload);
    inbound_free(m);
    m = inbound_new("t", 1, big, sizeof big);
    cr_assert_null(m->payload);
    cr_assert_eq(m->payload_bytes, sizeof big, "how long it was is kept for the reason");
    inbound_free(m);
    m = inbound_new(big, 2000, "x", 1);
    cr_assert_null(m->payload);
    cr_assert_eq(m->topic_bytes, 2000);
    inbound_free(m);
    m = inbound_new("t", 1, NULL, 0);
    cr_assert_eq(m->payload_bytes, 0);
    inbound_free(m);
}

/* ---- what is urgent, and whose it is ---- */

static struct inbound *from(const char *device, const char *kind, uint64_t seq, int64_t at_ms) {
    char topic[CAP_TOPIC_BYTES + 1];
    snprintf(topic, sizeof topic, "fl/1/00/%s/%s", device, kind);
    struct inbound *m = inbound_new(topic, strlen(topic), "x", 1);
    m->recv_mono_us = at_ms * 1000;
    m->has_stamp = seq != 0;
    m->stamp.seq = m->stamp.from = seq;
    return m;
}

static void free_all(struct inbound **messages, size_t count) {
    for (size_t i = 0; i < count; i++)
        inbound_free(messages[i]);
}

Test(inbox, promise_16_what_is_urgent_overtakes_and_order_is_kept_among_equals) {
    static const char *const sent[] = {"up/tele", "up/event", "up/log",   "up/birth",
                                       "up/tele", "state",    "up/reply", "up/events"};
    static const char *const taken[] = {"up/event", "up/birth", "state",   "up/reply",
                                        "up/tele",  "up/log",   "up/tele", "up/events"};
    struct inbox *inbox = inbox_new(100, 1 << 20, 1, 1000);
    struct inbound *out[8];
    for (size_t i = 0; i < 8; i++)
        cr_assert(inbox_push(inbox, from("device-1", sent[i], i + 1, 5)));
    cr_expect_eq(inbox_read_figures(inbox).urgent, 4);
    cr_assert_eq(inbox_take(inbox, out, 8, 0, 0), 8);
    uint64_t last[2] = {0, 0};
    for (size_t i = 0; i < 8; i++) {
        cr_expect_str_eq(out[i]->topic + strlen("fl/1/00/device-1/"), taken[i], "%zu", i);
        cr_expect_gt(out[i]->stamp.seq, last[out[i]->is_urgent], "order is kept");
        last[out[i]->is_urgent] = out[i]->stamp.seq;
    }
    free_all(out, 8);
    inbox_free(inbox);
}

Test(inbox, promise_16_at_twice_what_is_taken_no_urgent_message_waits_for_another_batch) {
    enum { ROUNDS = 200, BATCH = 100 };
    struct inbox *inbox = inbox_new(20000, 1 << 26, 1, 1000);
    struct inbound *out[BATCH];
    char name[32];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < 2 * BATCH; i++) {
            snprintf(name, sizeof name, "device-%d", i);
            inbox_push(inbox, from(name, "up/tele", (uint64_t)round + 1, 5 + round));
        }
        snprintf(name, sizeof name, "urgent-%d", round);
        cr_assert(inbox_push(inbox, from(name, "up/event", 1, 5 + round)));
        cr_assert_eq(inbox_take(inbox, out, BATCH, 0, 0), BATCH);
        cr_assert(out[0]->is_urgent && strstr(out[0]->topic, name), "round %d", round);
        free_all(out, BATCH);
    }
    const struct inbox_figures f = inbox_read_figures(inbox);
    cr_expect_geq(f.depth, ROUNDS * BATCH - 2 * ROUNDS, "the backlog of telemetry is what waits: %zu", f.depth);
    cr_expect_eq(f.urgent, 0);
    inbox_free(inbox);
}

Test(inbox, a_gap_record_goes_with_the_lane_that_it_stands_for) {
    struct inbox *inbox = inbox_new(100, 1 << 20, 1, 1000);
    struct inbound *out[2], *gap = from("device-1", "up/event", 9, 5);
    gap->stamp.from = 2;
    cr_assert(inbox_push(inbox, from("device-1", "up/tele", 1, 5)));
    cr_assert(inbox_push(inbox, gap));
    cr_assert_eq(inbox_take(inbox, out, 2, 0, 0), 2);
    cr_expect_eq(out[0]->stamp.seq, 1, "ahead of what is before it, it would be sent again");
    free_all(out, 2);
    inbox_free(inbox);
}

Test(inbox, a_full_inbox_has_room_for_what_is_urgent) {
    struct inbox *inbox = inbox_new(80, 1 << 20, 1, 1000);
    char name[32];
    for (int i = 0; i < 80; i++) {
        snprintf(name, sizeof name, "device-%d", i);
        cr_assert(inbox_push(inbox, from(name, "up/tele", 1, 5)));
    }
    cr_expect_not(inbox_push(inbox, from("other-1", "up/tele", 1, 5)));
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "urgent-%d", i);
        cr_expect(inbox_push(inbox, from(name, "up/event", 1, 5)));
    }
    cr_expect_not(inbox_push(inbox, from("urgent-11", "up/event", 1, 5)), "the reserve has an end too");
    inbox_free(inbox);
}

Test(inbox, promise_15_one_device_cannot_fill_it_and_the_others_do_not_notice) {
    struct inbox *inbox = inbox_new(20000, 1 << 26, 1, 100);
    struct inbox_flood floods[INBOX_FLOODS_KEPT];
    int in = 0;
    for (int i = 0; i < 24000; i++)
        in += inbox_push(inbox, from("noisy-1", "up/tele", (uint64_t)i + 1, 5));
    cr_expect_eq(in, INBOX_DEVICE_MESSAGES);
    for (int i = 0; i < CAP_WINDOW_BULK + CAP_WINDOW_URGENT; i++)
        cr_expect(inbox_push(inbox, from("quiet-1", "up/tele", (uint64_t)i + 1, 5)), "whoever keeps to its window");
    const struct inbox_figures f = inbox_read_figures(inbox);
    cr_expect_eq(f.throttled, 24000 - INBOX_DEVICE_MESSAGES, "every drop is counted");
    cr_expect_eq(f.dropped, 0);
    cr_expect_eq(f.waited, 0, "nobody waited for it");
    cr_assert_eq(inbox_take_floods(inbox, floods), 1);
    cr_expect_str_eq(floods[0].device, "noisy-1");
    cr_expect_eq(floods[0].dropped, 24000 - INBOX_DEVICE_MESSAGES);
    cr_expect_eq(inbox_take_floods(inbox, floods), 0, "told once");
    inbox_free(inbox);
}

/* Pushes `count` stamped messages of a device and takes all that is there; how many were let in. */
static int round_of(struct inbox *inbox, const char *device, int count, int64_t at_ms) {
    struct inbound *out[1000];
    int in = 0;
    for (int i = 0; i < count; i++)
        in += inbox_push(inbox, from(device, "up/tele", 1, at_ms));
    free_all(out, inbox_take(inbox, out, 1000, 0, 0));
    return in;
}

Test(inbox, promise_15_who_goes_on_flooding_is_let_through_at_the_rate_only) {
    struct inbox *inbox = inbox_new(20000, 1 << 26, 1, 100);
    int in = round_of(inbox, "noisy-1", 2 * INBOX_DEVICE_MESSAGES + 10, 1000);
    cr_expect_eq(in, INBOX_DEVICE_MESSAGES);
    in = 0;
    for (int64_t at = 1010; at < 6010; at += 10) /* 20,000 a second, taken at once */
        in += round_of(inbox, "noisy-1", 200, at);
    cr_expect_leq(in, 6 * 100, "five seconds and a bucket: %d", in);
    cr_expect_geq(in, 5 * 100 - 10, "it is not shut out: %d", in);
    cr_expect_eq(round_of(inbox, "noisy-1", 60, 8000), 60, "quiet for a second: free again");
    in = 0;
    for (int64_t at = 1000; at < 6000; at += 10)
        in += round_of(inbox, "busy-1", 50, at); /* 5,000 a second, a window at a time */
    cr_expect_eq(in, 500 * 50, "a busy device that keeps to its window is not held back");
    inbox_free(inbox);
}

Test(inbox, promise_15_who_sends_in_vain_by_the_hundred_is_let_through_at_the_rate_only) {
    struct inbox *inbox = inbox_new(20000, 1 << 26, 1, 100);
    struct inbound *out[8];
    int in = 0, go_backs = 0;
    for (int64_t at = 1000; at < 6000; at++) { /* 2,000 repeats a second, taken at once: there is always room */
        in += inbox_push(inbox, from("vain-1", "up/tele", 1, at)) + inbox_push(inbox, from("vain-1", "up/tele", 1, at));
        const size_t count = inbox_take(inbox, out, 8, 0, 0);
        for (size_t i = 0; i < count; i++)
            inbox_note_waste(inbox, out[i]);
        free_all(out, count);
    }
    cr_expect_leq(in, INBOX_DEVICE_WASTE + 6 * 100, "%d", in);
    for (int64_t at = 1000; at < 6000; at += 200) /* five windows a second in vain: a bad link */
        for (int i = 0; i < CAP_WINDOW_BULK; i++) {
            go_backs += inbox_push(inbox, from("resends-1", "up/tele", 1, at));
            cr_assert_eq(inbox_take(inbox, out, 1, 0, 0), 1);
            inbox_note_waste(inbox, out[0]);
            free_all(out, 1);
        }
    cr_expect_eq(go_backs, 25 * CAP_WINDOW_BULK, "is not held back");
    inbox_free(inbox);
}

Test(inbox, unstamped_messages_are_held_to_the_rate_and_states_to_one_of_their_own) {
    struct inbox *inbox = inbox_new(20000, 1 << 26, 1, 100);
    struct inbound *out[1000];
    int in = 0;
    for (int64_t at = 1000; at < 11000; at++) { /* 1,000 a second */
        in += inbox_push(inbox, from("plain-1", "up/tele", 0, at));
        free_all(out, inbox_take(inbox, out, 1000, 0, 0));
    }
    cr_expect_leq(abs(in - 1100), 5, "ten seconds and a full bucket: %d", in);
    cr_expect(inbox_push(inbox, from("plain-1", "state", 0, 11000)), "its Last Will still comes through");
    in = 0;
    for (int i = 0; i < 100; i++)
        in += inbox_push(inbox, from("plain-1", "state", 0, 11000));
    cr_expect_eq(in, INBOX_STATES_PER_SECOND - 1);
    inbox_free(inbox);
}

Test(inbox, one_device_cannot_fill_it_with_bytes_either) {
    struct inbox *inbox = inbox_new(20000, 8 << 20, 1, 1000);
    static uint8_t big[CAP_PAYLOAD_BYTES];
    const char *topic = "fl/1/00/device-1/up/tele";
    int in = 0;
    for (int i = 0; i < 100; i++) {
        struct inbound *m = inbound_new(topic, strlen(topic), big, sizeof big);
        m->has_stamp = true;
        in += inbox_push(inbox, m);
    }
    cr_expect_eq(in, (8 << 20) / INBOX_DEVICE_BYTES_PART / CAP_PAYLOAD_BYTES - 1, "%d", in);
    cr_expect(inbox_push(inbox, from("device-2", "up/tele", 1, 5)));
    inbox_free(inbox);
}

static void push_at(struct inbox *inbox, struct inbound *m, int64_t at_ms) {
    m->recv_mono_us = at_ms * 1000;
    inbox_push(inbox, m);
}

Test(inbox, hostile_topics_are_counted_and_need_no_memory) {
    struct inbox *inbox = inbox_new(20000, 1 << 26, 1, 1);
    struct inbox_flood floods[INBOX_FLOODS_KEPT];
    static char topic[2000];
    struct inbound *out[1000];
    for (int i = 0; i < 5000; i++) { /* each name twice: the second has no token */
        memset(topic, i % 3 ? 'a' : '/', sizeof topic);
        const int chars = snprintf(topic, 100, "%s%d%c%c", i % 2 ? "fl/1/" : "x/", i / 2 * 2, 0, 0xff);
        for (int again = 0; again < 2; again++)
            push_at(inbox, inbound_new(topic, i % 5 == 0 ? sizeof topic : (size_t)chars, "x", 1), 7);
        free_all(out, inbox_take(inbox, out, 1000, 0, 0));
    }
    cr_expect_leq(inbox_take_floods(inbox, floods), INBOX_FLOODS_KEPT);
    cr_expect_gt(inbox_read_figures(inbox).throttled, 1000);
    inbox_free(inbox);
}
