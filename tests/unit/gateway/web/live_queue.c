/* A live subscriber's queue: order, no doubles, overflow becomes one resync. */
#include "web/live_queue.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct live_queue queue;

static void push(const char *kind, int id) {
    struct live_news news = {.device = "freezer-7"};
    snprintf(news.kind, sizeof news.kind, "%s", kind);
    snprintf(news.id, sizeof news.id, "%d", id);
    live_queue_push(&queue, &news);
}

static void expect(const char *text) {
    struct buf out;
    buf_init(&out, 1000);
    bool has = live_queue_pop(&queue, &out);
    cr_expect_str_eq(has ? buf_text(&out) : "nothing", text);
    buf_fini(&out);
}

Test(live_queue, tells_in_order_and_once) {
    push("ticket", 1);
    push("alarm", 1);
    push("ticket", 1);
    push("ticket", 2);
    expect("{\"kind\":\"ticket\",\"id\":\"1\",\"device\":\"freezer-7\"}");
    expect("{\"kind\":\"alarm\",\"id\":\"1\",\"device\":\"freezer-7\"}");
    push("ticket", 1);
    expect("{\"kind\":\"ticket\",\"id\":\"2\",\"device\":\"freezer-7\"}");
    expect("{\"kind\":\"ticket\",\"id\":\"1\",\"device\":\"freezer-7\"}");
    expect("nothing");
}

Test(live_queue, overflow_becomes_a_resync) {
    for (int i = 0; i < LIVE_QUEUE_ITEMS; i++) {
        push("device", i);
    }
    cr_expect_eq(queue.count, LIVE_QUEUE_ITEMS);
    push("device", LIVE_QUEUE_ITEMS);
    push("device", LIVE_QUEUE_ITEMS + 1);
    expect("{\"kind\":\"resync\"}");
    expect("nothing");
    push("device", 3);
    expect("{\"kind\":\"device\",\"id\":\"3\",\"device\":\"freezer-7\"}");
    expect("nothing");
}

Test(live_queue, a_miss_elsewhere_is_a_resync_too) {
    push("device", 1);
    live_queue_miss(&queue);
    expect("{\"kind\":\"resync\"}");
    expect("nothing");
}

Test(live_queue, survives_wrapping_around) {
    char text[100];
    for (int i = 0; i < 3 * LIVE_QUEUE_ITEMS; i++) {
        push("device", i);
        push("alarm", i);
        snprintf(text, sizeof text, "{\"kind\":\"device\",\"id\":\"%d\",\"device\":\"freezer-7\"}", i);
        expect(text);
        snprintf(text, sizeof text, "{\"kind\":\"alarm\",\"id\":\"%d\",\"device\":\"freezer-7\"}", i);
        expect(text);
    }
}
