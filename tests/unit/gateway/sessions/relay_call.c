/* The help call: who hears whose signals, and what of it is in the record. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hall.h"

Test(relay_call, signals_go_to_who_is_in_the_call_and_nobody_else) {
    struct hall h;
    hall_open(&h);
    hall_says(&h, &h.s.engineer, "call.join", "{\"media\":[\"audio\",\"video\"]}");
    cr_expect(leg_got(&h.s.engineer, 0, "\"people\":[],\"ice_servers\":[{\"urls\":[\"stun:ann\"]}]"));
    hall_says(&h, &h.guest, "call.join", "{\"media\":[]}");
    cr_expect(leg_got(&h.guest, 0, "\"people\":[\"ann\"]"));
    hall_says(&h, &h.guest, "call.signal", "{\"to\":\"ann\",\"data\":{\"description\":\"secret way\"}}");
    cr_expect(leg_got(&h.s.engineer, 0,
                      "\"call.signal\",\"params\":{\"from\":\"guest Li\",\"data\":{\"description\":\"secret way\"}}"));
    cr_expect_not(leg_got(&h.watcher, 0, "secret way"));
    cr_expect_not(leg_got(&h.moderator, 0, "secret way"));
    hall_says(&h, &h.guest, "call.signal", "{\"to\":\"vera\",\"data\":{\"x\":\"to nobody\"}}");
    cr_expect_not(leg_got(&h.watcher, 0, "to nobody"), "she is not in the call");
    hall_says(&h, &h.watcher, "call.signal", "{\"to\":\"ann\",\"data\":{\"x\":\"from outside\"}}");
    cr_expect_not(leg_got(&h.s.engineer, 0, "from outside"));
    hall_close(&h);
}

Test(relay_call, four_are_in_it_and_no_more) {
    struct hall h;
    struct leg fifth;
    hall_open(&h);
    leg_init(&fifth);
    struct leg *four[] = {&h.s.engineer, &h.bob, &h.moderator, &h.guest};
    for (size_t i = 0; i < 4; i++) {
        hall_says(&h, four[i], "call.join", "{\"media\":[\"audio\"]}");
    }
    hall_says(&h, &h.watcher, "call.join", "{\"media\":[\"audio\"]}");
    cr_expect(leg_got(&h.watcher, 0, "4 people are in the call already"));
    hall_says(&h, &h.bob, "call.leave", "{}");
    hall_says(&h, &h.watcher, "call.join", "{\"media\":[\"audio\"]}");
    cr_expect(leg_got(&h.watcher, 0, "ice_servers"));
    hall_close(&h);
}

Test(relay_call, who_when_how_long_with_what_and_not_what_was_signalled) {
    struct hall h;
    size_t bytes;
    hall_open(&h);
    hall_says(&h, &h.s.engineer, "call.join", "{\"media\":[\"audio\"]}");
    hall_says(&h, &h.guest, "call.join", "{\"media\":[]}");
    hall_says(&h, &h.guest, "call.signal", "{\"to\":\"ann\",\"data\":{\"description\":\"secret way\"}}");
    h.s.now += 7000;
    hall_says(&h, &h.s.engineer, "call.join", "{\"media\":[\"audio\",\"screen\"]}");
    h.s.now += 5000;
    hall_leave(&h, &h.guest);
    h.s.now += 3000;
    hall_end(&h);
    char *record = stage_read(&h.s, ".jsonl", &bytes);
    static const char *const notes[] = {
        "\"call.started\",\"params\":{\"by\":\"ann\",\"media\":[\"audio\"]}",
        "\"call.started\",\"params\":{\"by\":\"guest Li\",\"media\":[]}",
        "\"call.changed\",\"params\":{\"by\":\"ann\",\"media\":[\"audio\",\"screen\"]}",
        "\"call.left\",\"params\":{\"by\":\"guest Li\",\"seconds\":12,\"media\":[]}",
        "\"call.left\",\"params\":{\"by\":\"ann\",\"seconds\":15,\"media\":[\"audio\",\"screen\"]}", /* at the end */
    };
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        cr_expect_not_null(strstr(record, notes[i]), "%s", notes[i]);
    }
    cr_expect_null(strstr(record, "secret way"));
    cr_expect_null(strstr(record, "ice_servers"), "nor who the servers' passwords are for");
    free(record);
    hall_close(&h);
}

Test(relay_call, what_is_no_signal) {
    static const struct {
        const char *what, *params, *text;
    } rows[] = {{"to whom is missing", "{\"data\":{}}", "'to' is missing"},
                {"no data", "{\"to\":\"ann\"}", "'data' must be an object"},
                {"data that is a text", "{\"to\":\"ann\",\"data\":\"x\"}", "'data' must be an object"},
                {"a name that is none", "{\"to\":7,\"data\":{}}", "'to' is a number"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hall h;
        hall_open(&h);
        hall_says(&h, &h.bob, "call.join", "{\"media\":[]}");
        hall_says(&h, &h.bob, "call.signal", rows[i].params);
        cr_expect(leg_got(&h.bob, 0, rows[i].text), "%s", rows[i].what);
        hall_close(&h);
    }
}

Test(relay_call, a_signal_has_a_size_and_a_pace) {
    struct hall h;
    hall_open(&h);
    hall_says(&h, &h.s.engineer, "call.join", "{\"media\":[]}");
    hall_says(&h, &h.bob, "call.join", "{\"media\":[]}");
    char *text = calloc(1, 16 * 1024);
    strcpy(text,
           "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"call.signal\",\"params\":{\"to\":\"ann\",\"data\":{\"d\":\"");
    size_t head = strlen(text);
    memset(text + head, 'x', 12 * 1024);
    strcpy(text + head + 12 * 1024, "\"}}}");
    leg_message(&h.s, &h.bob, true, text, strlen(text));
    cr_expect(leg_got(&h.bob, 0, "longer than 12288 bytes"));
    free(text);
    for (int i = 0; i < 400; i++) {
        hall_says(&h, &h.bob, "call.signal", "{\"to\":\"ann\",\"data\":{}}");
    }
    cr_expect_not(leg_got(&h.bob, 0, "more than 400 signals"));
    hall_says(&h, &h.bob, "call.signal", "{\"to\":\"ann\",\"data\":{}}");
    cr_expect(leg_got(&h.bob, 0, "more than 400 signals"));
    hall_close(&h);
}
