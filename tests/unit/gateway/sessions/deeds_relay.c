/* The deeds of transcripts that the real relay wrote, so that a note which nobody reads, or a name which nobody writes,
 * is found here: freeze, hand-over, chat, help call, refusals, and a product that goes away and comes back. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hall.h"
#include "sessions/deeds.h"

static void print_deed(void *self, const struct deed *d) {
    buf_printf(self, "%d %s|%s|%s|%lld s\n", (int)d->kind, d->by, d->name, d->text,
               (long long)(d->end_ms - d->t_ms) / 1000);
}

/* "kind by|name|text|how long" of everything that was done. */
static void read_deeds(const struct stage *s, struct buf *out) {
    struct transcript_reader *reader;
    struct transcript_entry entry;
    struct fault fault = {""};
    char base[256];
    stage_path(s, "", base);
    buf_init(out, 64 * 1024);
    cr_assert_eq(transcript_reader_open(NULL, base, &reader, &fault), RESULT_OK, "%s", fault.text);
    struct deeds *deeds = deeds_new(print_deed, out);
    enum result result;
    while ((result = transcript_reader_next(reader, &entry, &fault)) == RESULT_OK) {
        deeds_frame(deeds, &entry);
    }
    cr_assert_eq(result, RESULT_NOT_FOUND, "%s", fault.text);
    deeds_finish(deeds, transcript_reader_sums(reader)->last_t_ms);
    deeds_free(deeds);
    transcript_reader_close(reader);
}

static void expect_once(struct buf *all, enum deed_kind kind, const char *rest) {
    char line[200];
    snprintf(line, sizeof line, "%d %s\n", (int)kind, rest);
    const char *at = strstr(buf_text(all), line);
    cr_expect_not_null(at, "%s is not in\n%s", line, buf_text(all));
    cr_expect(at == NULL || strstr(at + 1, line) == NULL, "%s is twice in\n%s", line, buf_text(all));
}

Test(deeds, of_what_the_relay_wrote_when_people_work_together) {
    static const struct {
        enum deed_kind kind;
        const char *rest;
    } wanted[] = {
        {DEED_CONTROL, "sun|frozen|froze the session|0 s"},
        {DEED_CONTROL, "sun|thawed|let the session go on|0 s"},
        {DEED_CONTROL, "ann|offered|offered the keyboard to bob|0 s"},
        {DEED_CONTROL, "ann|offered|took back the offer of the keyboard|0 s"},
        {DEED_CONTROL, "sun|taken|took the keyboard from ann|0 s"},
        {DEED_CHAT, "guest Li||look at the fan|0 s"},
        {DEED_CALL, "ann||audio, screen|15 s"},
        {DEED_CALL, "guest Li|||12 s"},
        {DEED_REFUSED, "ann|frozen|a moderator has frozen the session|0 s"},
        {DEED_REFUSED, "vera|denied|your role or qualification does not let you type on this product|0 s"},
        {DEED_REFUSED, "guest Li|denied|'session.freeze' is not for a guest|0 s"},
        {DEED_PRESENCE, "ann||watcher|15 s"}, /* the part that he played last; his tool's going is not his */
        {DEED_PRESENCE, "guest Li||guest|12 s"},
    };
    struct hall h;
    struct buf all;
    hall_open(&h);
    hall_says(&h, &h.s.engineer, "call.join", "{\"media\":[\"audio\"]}");
    hall_says(&h, &h.guest, "call.join", "{\"media\":[]}");
    hall_says(&h, &h.moderator, "session.freeze", "{}");
    hall_says(&h, &h.s.engineer, "diagnose.run", "{\"name\":\"disk\"}");
    hall_says(&h, &h.moderator, "session.thaw", "{}");
    hall_says(&h, &h.watcher, "session.take", "{}");
    hall_says(&h, &h.guest, "session.freeze", "{}");
    hall_says(&h, &h.guest, "chat.say", "{\"text\":\"look at the fan\"}");
    hall_says(&h, &h.s.engineer, "session.offer", "{\"to\":\"bob\"}");
    hall_says(&h, &h.s.engineer, "session.offer", "{\"to\":\"\"}");
    h.s.now += 7000;
    hall_says(&h, &h.s.engineer, "call.join", "{\"media\":[\"audio\",\"screen\"]}");
    hall_says(&h, &h.moderator, "session.take", "{}");
    cr_expect_str_eq(h.tool.closed, "keyboard_taken", "a tool goes with the hands that it was for");
    h.s.now += 5000;
    hall_leave(&h, &h.guest);
    h.s.now += 3000;
    hall_end(&h);
    read_deeds(&h.s, &all);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        expect_once(&all, wanted[i].kind, wanted[i].rest);
    }
    buf_fini(&all);
    hall_close(&h);
}

Test(deeds, of_a_session_that_lacks_its_moderator) {
    struct hall h;
    struct buf all;
    struct leg vera;
    hall_open_moderated(&h);
    leg_init(&vera);
    hall_join(&h, &vera, &(struct relay_person){.name = "vera", .may_moderate = true});
    h.s.now += 2000;
    hall_leave(&h, &vera);
    hall_end(&h);
    read_deeds(&h.s, &all);
    expect_once(&all, DEED_CONTROL, "gateway|thawed|let the session go on: a moderator came|0 s");
    expect_once(&all, DEED_CONTROL, "gateway|frozen|froze the session: no moderator is there|0 s");
    expect_once(&all, DEED_PRESENCE, "vera||moderator|2 s");
    buf_fini(&all);
    leg_fini(&vera);
    hall_close(&h);
}

/* The product's hello says that it can come back; its link breaks; it comes with its ticket. */
Test(deeds, of_a_product_that_went_away_and_came_back) {
    struct stage s;
    struct leg again;
    struct buf all;
    struct fault fault;
    char text[800], token[128];
    stage_open(&s);
    leg_init(&again);
    cr_assert_eq(stage_dial(&s, &fault), RESULT_OK, "%s", fault.text);
    snprintf(text, sizeof text,
             "{\"jsonrpc\":\"2.0\",\"method\":\"session.hello\",\"params\":{\"session\":\"%s\",\"agent\":\"1.0.0\","
             "\"capabilities\":[\"shell\"],\"consent\":{\"method\":\"code\",\"by\":\"owner\",\"at_ms\":1700000000000,"
             "\"until_ms\":1700001800000},\"deadline_s\":1800,\"resume\":true}}",
             s.options.session);
    product_text(&s, text);
    stage_join(&s);
    const char *ticket = NULL;
    for (size_t i = 0; i < s.product.count && ticket == NULL; i++) {
        ticket = strstr(s.product.sent[i].bytes, "\"session.ticket\",\"params\":{\"token\":\"");
    }
    cr_assert_not_null(ticket);
    cr_assert_eq(sscanf(ticket, "\"session.ticket\",\"params\":{\"token\":\"%127[^\"]", token), 1);
    relay_detach(s.product.leg, s.now);
    s.now += 9000;
    cr_assert_eq(
        relay_attach_product(s.relay, token, "freezer-7", s.certificate, &leg_ops, &again, s.now, &again.leg, &fault),
        RESULT_OK, "%s", fault.text);
    snprintf(
        text, sizeof text,
        "{\"jsonrpc\":\"2.0\",\"method\":\"session.resume\",\"params\":{\"session\":\"%s\",\"up\":%llu,\"down\":0}}",
        s.options.session, (unsigned long long)s.up.count);
    leg_message(&s, &again, true, text, strlen(text));
    cr_assert(leg_got(&again, 0, "session.resumed"));
    read_deeds(&s, &all);
    expect_once(&all, DEED_CONTROL, "|away|the product's link broke; it had 30 s to come back|0 s");
    expect_once(&all, DEED_CONTROL, "|back|the product was back after 9 s|0 s");
    buf_fini(&all);
    stage_close(&s);
    leg_fini(&again);
}
