/* Who may say what: a table of parts and messages, most of which are refused, and what follows when people come and go.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/json.h"
#include "hall.h"

#define RPC(method, params) "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"" method "\",\"params\":" params "}"

enum { TYPIST = 1, ENGINEER = 2, WATCHER = 4, MODERATOR = 8, GUEST = 16, STRANGER = 32, TOOL = 64 };
#define PEOPLE (TYPIST | ENGINEER | WATCHER | MODERATOR | GUEST)

/* Every message that there is, from every part: for those who are named it is fine, all others are refused. */
static const struct {
    const char *message; /* one that starts with { is text; else a binary message in hex */
    unsigned allowed;
} rows[] = {
    {RPC("terminal.open", "{\"cols\":80,\"rows\":24}"), 0 /* it is open already */},
    {RPC("terminal.resize", "{\"cols\":80,\"rows\":24}"), TYPIST},
    {RPC("terminal.typist", "{}"), 0},
    {RPC("diagnose.run", "{\"name\":\"disk\"}"), TYPIST},
    {RPC("observe.start", "{}"), TYPIST},
    {RPC("observe.stop", "{}"), TYPIST},
    {RPC("file.get", "{\"stream\":1,\"root\":\"logs\",\"path\":\"a\"}"), 0 /* not granted */},
    {RPC("stream.close", "{\"stream\":1}"), 0 /* none is open */},
    {RPC("notice.show", "{\"text\":\"x\"}"), 0},
    {RPC("session.state", "{}"), 0},
    {RPC("session.freeze", "{}"), MODERATOR},
    {RPC("session.thaw", "{}"), 0 /* it is not frozen */},
    {RPC("session.offer", "{\"to\":\"bob\"}"), TYPIST | MODERATOR},
    {RPC("session.offer", "{\"to\":\"\"}"), TYPIST | MODERATOR},
    {RPC("session.offer", "{\"to\":\"vera\"}"), 0 /* she may not type */},
    {RPC("session.offer", "{\"to\":\"nobody\"}"), 0},
    {RPC("session.offer", "{}"), 0},
    {RPC("session.take", "{}"), MODERATOR},
    {RPC("session.end", "{}"), TYPIST | MODERATOR},
    {RPC("chat.say", "{\"text\":\"hello\"}"), PEOPLE},
    {RPC("chat.say", "{\"text\":\"\"}"), 0},
    {RPC("chat.say", "{\"text\":\"a\\u001b[2Jb\"}"), 0},
    {RPC("chat.said", "{\"text\":\"x\",\"by\":\"ann\"}"), 0},
    {RPC("call.join", "{\"media\":[\"audio\"]}"), PEOPLE},
    {RPC("call.join", "{\"media\":[\"smell\"]}"), 0},
    {RPC("call.join", "{}"), 0},
    {RPC("call.leave", "{}"), PEOPLE},
    {RPC("call.signal", "{\"to\":\"ann\",\"data\":{}}"), 0 /* not in the call */},
    {"016c730d", TYPIST},                       /* ls\r */
    {"0200000000000000000000000000000000", 0},  /* a secret of his own */
    {"03000161", 0},                            /* a stream that nobody opened */
    {"fe0000000000000001", 0},                  /* an acknowledgement */
    {"ff0100001000", PEOPLE | STRANGER | TOOL}, /* credit */
};

static void send_row(struct hall *h, struct leg *leg, const char *message) {
    uint8_t bytes[64];
    if (message[0] == '{') {
        leg_message(&h->s, leg, true, message, strlen(message));
        return;
    }
    cr_assert(hex_decode(message, strlen(message), bytes, strlen(message) / 2));
    leg_message(&h->s, leg, false, bytes, strlen(message) / 2);
}

static bool is_refused(const struct leg *leg, size_t from) {
    return leg_got(leg, from, "\"error\":{") || leg_got(leg, from, "\"session.error\"") || leg->closed[0] != '\0';
}

/* True: the product got something that the gateway did not say by itself. */
static bool has_reached(const struct leg *product, size_t from) {
    for (size_t i = from; i < product->count; i++) {
        if (strstr(product->sent[i].bytes, "notice.show") == NULL) {
            return true;
        }
    }
    return false;
}

Test(relay_people, promise_42_who_may_say_what) {
    static const struct {
        unsigned part;
        const char *name;
    } parts[] = {
        {TYPIST, "typist"}, {ENGINEER, "another engineer"},      {WATCHER, "watcher"}, {MODERATOR, "moderator"},
        {GUEST, "guest"},   {STRANGER, "guest who may nothing"}, {TOOL, "tool"}};
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        struct hall h;
        int refused = 0;
        hall_open(&h);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct leg *leg = hall_leg(&h, p);
            size_t told = leg->count, product = h.s.product.count;
            const char *message = rows[i].message;
            send_row(&h, leg, message);
            bool may = (rows[i].allowed & parts[p].part) != 0;
            cr_expect_eq(!is_refused(leg, told), may, "%s: %s says %s", parts[p].name, may ? "refused" : "allowed",
                         message);
            bool may_reach = may && (parts[p].part == TYPIST || strstr(message, "session.end") != NULL ||
                                     strncmp(message, "ff", 2) == 0);
            cr_expect(may_reach || !has_reached(&h.s.product, product), "%s reaches the product with %s", parts[p].name,
                      message);
            if (may || ++refused == RELAY_STRIKES - 1) { /* anew: what was allowed has changed something */
                hall_close(&h);
                hall_open(&h);
                refused = 0;
            }
        }
        hall_close(&h);
    }
}

Test(relay_people, everybody_knows_who_is_there) {
    struct hall h;
    hall_open(&h);
    const char *people = hall_last(&h.watcher, "session.people");
    cr_assert_not_null(people);
    static const char *const parts[] = {
        "{\"name\":\"ann\",\"part\":\"typist\",\"may_type\":true,\"in_call\":false}",
        "{\"name\":\"bob\",\"part\":\"watcher\",\"may_type\":true,\"in_call\":false}",
        "{\"name\":\"vera\",\"part\":\"watcher\",\"may_type\":false,\"in_call\":false}",
        "{\"name\":\"sun\",\"part\":\"moderator\",\"may_type\":true,\"in_call\":false}",
        "{\"name\":\"guest Li\",\"part\":\"guest\",\"may_type\":false,\"in_call\":false}"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        cr_expect_not_null(strstr(people, parts[i]), "%s in %s", parts[i], people);
    }
    cr_expect_not_null(strstr(hall_last(&h.s.product, "notice.show"), "Recorded. ann works. Watching: "));
    relay_detach(h.watcher.leg, h.s.now);
    h.watcher.leg = NULL;
    cr_expect_null(strstr(hall_last(&h.s.engineer, "session.people"), "vera"));
    cr_expect_null(strstr(hall_last(&h.s.product, "notice.show"), "vera"));
    hall_close(&h);
}

Test(relay_people, a_person_is_there_once) {
    struct hall h;
    struct leg again;
    hall_open(&h);
    leg_init(&again);
    hall_join(&h, &again, &(struct relay_person){.name = "vera"});
    cr_expect_str_eq(h.watcher.closed, "replaced");
    const char *people = hall_last(&again, "session.people");
    const char *first = strstr(people, "\"vera\"");
    cr_assert_not_null(first);
    cr_expect_null(strstr(first + 1, "\"vera\""));
    hall_close(&h);
    leg_fini(&again);
}

Test(relay_people, a_guest_sees_what_the_link_says) {
    struct hall h;
    hall_open(&h);
    size_t from = h.stranger.count, guest = h.guest.count;
    product_terminal(&h.s, "hello from the product");
    cr_expect(leg_got(&h.guest, guest, "hello from the product"), "he was invited to watch");
    cr_expect_not(leg_got(&h.stranger, from, "hello from the product"), "he was not");
    engineer_text(&h.s, RPC("chat.say", "{\"text\":\"a word\"}"));
    cr_expect(leg_got(&h.guest, guest, "a word"));
    cr_expect_not(leg_got(&h.stranger, from, "a word"), "nor to chat");
    hall_close(&h);
}

Test(relay_people, a_link_that_ends_ends_the_guest) {
    static const char *const reasons[] = {"revoked", "expired"};
    for (size_t i = 0; i < 2; i++) {
        struct hall h;
        hall_open(&h);
        stage_tick(&h.s, RELAY_TICK_MS);
        cr_expect_str_empty(h.guest.closed);
        h.gone = reasons[i];
        stage_tick(&h.s, RELAY_TICK_MS);
        cr_expect_str_eq(h.guest.closed, reasons[i]);
        cr_expect_str_empty(h.watcher.closed);
        cr_expect_null(strstr(hall_last(&h.s.engineer, "session.people"), "guest Li"));
        hall_close(&h);
    }
}

Test(relay_people, watchers_are_told_the_terminals_size) {
    struct hall h;
    hall_open(&h);
    cr_expect(
        leg_got(&h.watcher, 0, "\"method\":\"terminal.open\",\"params\":{\"cols\":100,\"rows\":30,\"by\":\"ann\"}"));
    engineer_text(&h.s, RPC("terminal.resize", "{\"cols\":132,\"rows\":43}"));
    cr_expect(
        leg_got(&h.guest, 0, "\"method\":\"terminal.resize\",\"params\":{\"cols\":132,\"rows\":43,\"by\":\"ann\"}"));
    cr_expect_not(leg_got(&h.stranger, 0, "\"cols\":132"));
    struct leg late;
    leg_init(&late);
    hall_join(&h, &late, &(struct relay_person){.name = "otto"});
    cr_expect(leg_got(&late, 0, "\"cols\":132,\"rows\":43"), "who comes late, too");
    hall_close(&h);
    leg_fini(&late);
}

Test(relay_people, chat_has_a_length_and_a_pace) {
    struct hall h;
    char text[700], line[600];
    hall_open(&h);
    memset(line, 'x', sizeof line);
    line[501] = '\0';
    snprintf(text, sizeof text, RPC("chat.say", "{\"text\":\"%s\"}"), line);
    engineer_text(&h.s, text);
    cr_expect(leg_got(&h.s.engineer, 0, "1 to 500 characters"));
    line[500] = '\0';
    snprintf(text, sizeof text, RPC("chat.say", "{\"text\":\"%s\"}"), line);
    for (int i = 0; i < 10; i++) {
        engineer_text(&h.s, text);
    }
    cr_expect_not(leg_got(&h.s.engineer, 0, "more than 10 lines"));
    engineer_text(&h.s, text);
    cr_expect(leg_got(&h.s.engineer, 0, "more than 10 lines"));
    h.s.now += 10 * 1000;
    size_t from = h.watcher.count;
    engineer_text(&h.s, text);
    cr_expect(leg_got(&h.watcher, from, "\"chat.said\""), "and then again");
    hall_close(&h);
}

Test(relay_people, coming_and_going_is_in_the_record) {
    struct hall h;
    size_t bytes;
    hall_open(&h);
    h.s.now += 5000;
    relay_detach(h.watcher.leg, h.s.now);
    h.watcher.leg = NULL;
    engineer_text(&h.s, RPC("chat.say", "{\"text\":\"good bye\"}"));
    hall_end(&h);
    char *record = stage_read(&h.s, ".jsonl", &bytes);
    static const char *const notes[] = {
        "\"session.joined\",\"params\":{\"by\":\"vera\",\"part\":\"watcher\"}",
        "\"session.joined\",\"params\":{\"by\":\"guest Li\",\"part\":\"guest\"}",
        "\"session.left\",\"params\":{\"by\":\"vera\",\"part\":\"watcher\",\"seconds\":5}",
        "\"chat.said\",\"params\":{\"by\":\"ann\",\"text\":\"good bye\",\"t_ms\":"};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        cr_expect_not_null(strstr(record, notes[i]), "%s", notes[i]);
    }
    free(record);
    hall_close(&h);
}
