/* The keyboard from hand to hand, freeze and thaw, a session that needs a moderator. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hall.h"
#include "sessions/verify.h"

static void types(struct hall *h, struct leg *leg, const char *text) {
    struct buf message;
    buf_init(&message, 1024);
    frame_encode(CHANNEL_TERMINAL, text, strlen(text), &message);
    leg_message(&h->s, leg, false, message.data, message.count);
    buf_fini(&message);
}

static bool product_got(const struct hall *h, const char *text) {
    return leg_got(&h->s.product, 0, text);
}

Test(relay_floor, the_keyboard_is_offered_and_taken_and_each_key_has_its_author) {
    struct hall h;
    size_t bytes;
    hall_open(&h);
    types(&h, &h.s.engineer, "by ann");
    hall_says(&h, &h.s.engineer, "session.offer", "{\"to\":\"bob\"}");
    cr_expect_not_null(strstr(hall_last(&h.bob, "session.people"), "\"offered\":\"bob\""));
    types(&h, &h.bob, "too early");
    hall_says(&h, &h.bob, "session.take", "{}");
    types(&h, &h.bob, "by bob");
    types(&h, &h.s.engineer, "too late");
    cr_expect(product_got(&h, "by ann"));
    cr_expect(product_got(&h, "by bob"));
    cr_expect_not(product_got(&h, "too early"));
    cr_expect_not(product_got(&h, "too late"));
    cr_expect(product_got(&h, "\"terminal.typist\",\"params\":{\"by\":\"bob\"}"));
    cr_expect_not_null(strstr(hall_last(&h.bob, "session.state"), "\"may_type\":true"));
    cr_expect_not_null(strstr(hall_last(&h.s.engineer, "session.state"), "\"may_type\":false"));
    hall_says(&h, &h.bob, "session.offer", "{\"to\":\"ann\"}");
    hall_says(&h, &h.s.engineer, "session.take", "{}");
    types(&h, &h.s.engineer, "ann again");
    cr_expect(product_got(&h, "\"terminal.typist\",\"params\":{\"by\":\"ann\"}"));
    hall_end(&h);
    char *record = stage_read(&h.s, ".jsonl", &bytes);
    cr_expect_not_null(strstr(record, "\"session.offered\",\"params\":{\"by\":\"ann\",\"to\":\"bob\"}"));
    cr_expect_not_null(strstr(record, "\"session.taken\",\"params\":{\"by\":\"bob\",\"from\":\"ann\"}"));
    cr_expect_not_null(strstr(record, "\"ch\":1,\"by\":\"bob\""), "a key of bob's");
    free(record);
    char path[256], key[256], ca[256];
    struct verdict verdict;
    struct fault fault;
    stage_path(&h.s, ".jsonl", path);
    snprintf(key, sizeof key, "%s/seal.pub", h.s.dir);
    snprintf(ca, sizeof ca, "%s/ca.crt", h.s.dir);
    struct verify_options options = {.seal_pub = key, .ca = ca};
    cr_assert_eq(transcript_verify(path, &options, &verdict, &fault), RESULT_OK, "%s", fault.text);
    cr_expect(verdict.is_ok && verdict.is_countersigned && verdict.is_complete, "%s", verdict.text);
    hall_close(&h);
}

Test(relay_floor, who_holds_the_keyboard_gets_it_back) {
    struct hall h;
    struct leg again;
    hall_open(&h);
    leg_init(&again);
    hall_says(&h, &h.s.engineer, "session.offer", "{\"to\":\"bob\"}");
    hall_says(&h, &h.bob, "session.take", "{}");
    hall_leave(&h, &h.bob);
    hall_join(&h, &again, &(struct relay_person){.name = "bob", .may_type = true});
    cr_expect_not_null(strstr(hall_last(&again, "session.state"), "\"may_type\":true"));
    cr_expect_not_null(strstr(hall_last(&h.s.engineer, "session.state"), "\"may_type\":false"), "ann did not get it");
    hall_close(&h);
    leg_fini(&again);
}

Test(relay_floor, nobody_holds_it_who_may_take_it) {
    static const struct {
        const char *what;
        size_t leg;
        bool may;
    } rows[] = {
        {"another engineer", 1, true}, {"a watcher", 2, false}, {"a moderator", 3, true}, {"a guest", 4, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hall h;
        hall_open(&h);
        hall_leave(&h, &h.s.engineer);
        hall_says(&h, hall_leg(&h, rows[i].leg), "session.take", "{}");
        types(&h, hall_leg(&h, rows[i].leg), "typed");
        cr_expect_eq(product_got(&h, "typed"), rows[i].may, "%s", rows[i].what);
        hall_close(&h);
    }
}

Test(relay_floor, an_offer_holds_for_one_and_can_be_withdrawn) {
    struct hall h;
    hall_open(&h);
    hall_says(&h, &h.s.engineer, "session.offer", "{\"to\":\"bob\"}");
    hall_says(&h, &h.s.engineer, "session.offer", "{\"to\":\"\"}");
    hall_says(&h, &h.bob, "session.take", "{}");
    cr_expect(leg_got(&h.bob, 0, "not offered to you"));
    hall_says(&h, &h.s.engineer, "session.offer", "{\"to\":\"bob\"}");
    hall_leave(&h, &h.bob);
    cr_expect_not_null(strstr(hall_last(&h.s.engineer, "session.people"), "\"offered\":\"\""));
    hall_close(&h);
}

Test(relay_floor, frozen_nothing_reaches_the_product_and_its_output_is_shown) {
    struct hall h;
    hall_open(&h);
    hall_says(&h, &h.moderator, "session.freeze", "{}");
    types(&h, &h.s.engineer, "typed while frozen");
    hall_says(&h, &h.s.engineer, "diagnose.run", "{\"name\":\"disk\"}");
    hall_says(&h, &h.s.engineer, "session.offer", "{\"to\":\"bob\"}");
    hall_says(&h, &h.bob, "session.take", "{}");
    types(&h, &h.bob, "typed by another");
    cr_expect_not(product_got(&h, "typed"));
    cr_expect_not(product_got(&h, "diagnose.run"));
    cr_expect(leg_got(&h.s.engineer, 0, "a moderator has frozen the session"));
    size_t from = h.watcher.count;
    product_terminal(&h.s, "still going on");
    cr_expect(leg_got(&h.watcher, from, "still going on"));
    cr_expect_not_null(
        strstr(hall_last(&h.watcher, "session.state"), "\"frozen\":\"moderator\",\"frozen_by\":\"sun\""));
    cr_expect_not_null(strstr(hall_last(&h.s.product, "notice.show"), "Frozen."));
    hall_says(&h, &h.moderator, "session.thaw", "{}");
    types(&h, &h.bob, "after the thaw");
    cr_expect(product_got(&h, "after the thaw"));
    hall_close(&h);
}

Test(relay_floor, a_session_that_needs_a_moderator_waits_for_one) {
    struct hall h;
    hall_open_moderated(&h);
    hall_says(&h, &h.s.engineer, "terminal.open", "{\"cols\":80,\"rows\":24}");
    cr_expect(leg_got(&h.s.engineer, 0, "frozen until a moderator is there"));
    cr_expect_not(product_got(&h, "terminal.open"));
    struct relay_person sun = {.name = "sun", .may_type = true, .may_moderate = true};
    hall_join(&h, &h.moderator, &sun);
    hall_says(&h, &h.s.engineer, "terminal.open", "{\"cols\":80,\"rows\":24}");
    cr_expect(product_got(&h, "terminal.open"));
    product_text(&h.s, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    product_credit(&h.s, 4096);
    hall_leave(&h, &h.moderator);
    types(&h, &h.s.engineer, "alone");
    cr_expect_not(product_got(&h, "alone"), "frozen at once");
    stage_tick(&h.s, 59 * 1000);
    cr_expect_eq(h.s.over_count, 0);
    hall_join(&h, &h.moderator, &sun);
    types(&h, &h.s.engineer, "watched");
    cr_expect(product_got(&h, "watched"), "he came back in time");
    hall_leave(&h, &h.moderator);
    stage_tick(&h.s, 60 * 1000);
    cr_expect(product_got(&h, "\"session.end\",\"params\":{\"reason\":\"moderator_left\""));
    hall_close(&h);
}

Test(relay_floor, who_is_no_moderator_of_it) {
    static const struct {
        const char *what;
        struct relay_person person;
        const char *approver;
    } rows[] = {
        {"an engineer", {.name = "otto", .may_type = true}, ""},
        {"the engineer himself, whatever his role", {.name = "ann", .may_type = true, .may_moderate = true}, ""},
        {"the engineer himself, named as his own approver", {.name = "ann"}, "ann"},
        {"a guest who claims it",
         {.name = "otto", .is_guest = true, .may_moderate = true, .invite = "the link"},
         "otto"},
        {"a tool", {.name = "ann", .is_tool = true, .may_moderate = true}, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hall h;
        struct leg leg;
        hall_open_moderated(&h);
        hall_close(&h);
        memset(&h, 0, sizeof h);
        stage_open(&h.s);
        relay_free(h.s.relay);
        h.s.options.needs_moderator = true;
        snprintf(h.s.options.approver, sizeof h.s.options.approver, "%s", rows[i].approver);
        h.s.relay = relay_new(&h.s.options, h.s.now, 1700000000000);
        stage_live(&h.s);
        leg_init(&leg);
        hall_join(&h, &leg, &rows[i].person);
        struct leg *ann = strcmp(rows[i].person.name, "ann") == 0 && !rows[i].person.is_tool ? &leg : &h.s.engineer;
        hall_says(&h, ann, "observe.start", "{}");
        cr_expect_not(product_got(&h, "observe.start"), "%s", rows[i].what);
        hall_close(&h);
        leg_fini(&leg);
    }
}

Test(relay_floor, who_approved_it_moderates) {
    struct hall h;
    memset(&h, 0, sizeof h);
    stage_open(&h.s);
    relay_free(h.s.relay);
    h.s.options.needs_moderator = true;
    snprintf(h.s.options.approver, sizeof h.s.options.approver, "%s", "otto");
    h.s.relay = relay_new(&h.s.options, h.s.now, 1700000000000);
    stage_live(&h.s);
    hall_join(&h, &h.moderator, &(struct relay_person){.name = "otto"});
    hall_says(&h, &h.s.engineer, "observe.start", "{}");
    cr_expect(product_got(&h, "observe.start"));
    hall_close(&h);
}

Test(relay_floor, a_moderator_who_takes_the_keyboard_does_not_watch_himself) {
    struct hall h;
    hall_open_moderated(&h);
    hall_join(&h, &h.moderator, &(struct relay_person){.name = "sun", .may_type = true, .may_moderate = true});
    hall_says(&h, &h.moderator, "session.take", "{}");
    hall_says(&h, &h.moderator, "observe.start", "{}");
    cr_expect_not(product_got(&h, "observe.start"));
    cr_expect_not_null(strstr(hall_last(&h.bob, "session.state"), "\"frozen\":\"no_moderator\""));
    hall_close(&h);
}

Test(relay_floor, no_moderator_ever_came) {
    struct hall h;
    hall_open_moderated(&h);
    stage_tick(&h.s, 10 * 60 * 1000 - 1);
    cr_expect_not(product_got(&h, "session.end"));
    stage_tick(&h.s, 1);
    cr_expect(product_got(&h, "\"session.end\",\"params\":{\"reason\":\"no_moderator\""));
    hall_close(&h);
}

Test(relay_floor, a_moderator_ends_it) {
    struct hall h;
    hall_open(&h);
    hall_says(&h, &h.moderator, "session.end", "{}");
    cr_expect(product_got(&h, "\"session.end\",\"params\":{\"reason\":\"ended_by_moderator\",\"by\":\"sun\"}"));
    hall_close(&h);
}
