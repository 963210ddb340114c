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
