/* The mailbox: order, bounds, and a descriptor that tells the truth. */
#include "mailbox.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static bool is_readable(struct mailbox *m) {
    struct pollfd p = {.fd = mailbox_fd(m), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

Test(mailbox, letters_in_order) {
    struct mailbox *m = mailbox_new(10);
    cr_expect_not(is_readable(m));
    cr_expect_null(mailbox_take(m));
    mailbox_put(m, MQTT_CONNECTED, NULL);
    mailbox_put_message(m, TOPIC_DOWN_ACK, "one", 3, true, 77);
    mailbox_put(m, MQTT_LOST, "why");
    cr_expect(is_readable(m));
    struct letter *a = mailbox_take(m), *b = mailbox_take(m), *c = mailbox_take(m);
    cr_expect(a->kind == MQTT_CONNECTED && a->text[0] == '\0');
    cr_expect(b->kind == MQTT_MESSAGE && b->topic == TOPIC_DOWN_ACK && b->bytes == 3 &&
              memcmp(b->payload, "one", 3) == 0);
    cr_expect(b->has_expiry && b->expires_mono_ms == 77);
    cr_expect_eq(c->kind, MQTT_LOST);
    cr_expect_str_eq(c->text, "why");
    free(a);
    free(b);
    free(c);
    cr_expect_null(mailbox_take(m));
    cr_expect_not(is_readable(m));
    mailbox_put(m, MQTT_SUBSCRIBED, NULL); /* left inside: freed with the box */
    mailbox_free(m);
}

Test(mailbox, a_flood_is_dropped_but_never_what_the_connection_says) {
    struct mailbox *m = mailbox_new(5);
    for (int i = 0; i < 20; i++) {
        mailbox_put_message(m, TOPIC_DOWN_CMD, &i, sizeof i, false, 0);
    }
    mailbox_put(m, MQTT_LOST, "x");
    cr_expect_eq(mailbox_dropped_count(m), 15);
    for (int i = 0; i < 5; i++) {
        struct letter *letter = mailbox_take(m);
        cr_expect_eq(memcmp(letter->payload, &i, sizeof i), 0, "the oldest are kept");
        free(letter);
    }
    struct letter *last = mailbox_take(m);
    cr_expect_eq(last->kind, MQTT_LOST);
    free(last);
    mailbox_put_message(m, TOPIC_DOWN_CMD, "", 0, false, 0);
    free(mailbox_take(m));
    cr_expect_eq(mailbox_dropped_count(m), 15, "there is room again");
    mailbox_free(m);
}

static void *post(void *self) {
    for (int i = 0; i < 5000; i++) {
        mailbox_put_message(self, TOPIC_DOWN_ACK, &i, sizeof i, false, 0);
    }
    return NULL;
}

Test(mailbox, two_threads_post_and_one_reads) {
    struct mailbox *m = mailbox_new(100000);
    pthread_t threads[2];
    int count = 0;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, post, m), 0);
    }
    while (count < 10000) {
        struct pollfd p = {.fd = mailbox_fd(m), .events = POLLIN};
        cr_assert_eq(poll(&p, 1, 10000), 1, "a wake-up was lost after %d letters", count);
        for (struct letter *letter; (letter = mailbox_take(m)) != NULL; count++) {
            free(letter);
        }
    }
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    cr_expect_eq(count, 10000);
    mailbox_free(m);
}
