/* The life of alarms in the pipeline, with the real store: what is silent and for how long, what surfaces, what
 * latches, what folds into one incident. */
#include "alarm_rig.h"

/* ---- shelves ---- */

Test(alarm_life, promise_31_a_shelved_alarm_opens_nothing_and_comes_back_by_itself) {
    struct fixture *f = with_site();
    born(f, "site-1");
    tele(f, "site-1", "level", 20, 0);
    const int64_t id = alarm_of(f, "site-1", "LevelHigh")->id;
    cr_expect_eq(tickets(f), 1);
    f->later_ms += 1000;
    tele(f, "site-1", "level", 1, 0);
    cr_assert_eq(ask(f, CHANGE_ALARM_SHELVE, id, "{\"minutes\":30,\"reason\":\"new sensor is on its way\"}"), 200, "%s",
                 reply);
    cr_expect(strstr(reply, "\"shelved\":{\"by\":\"eva\"") && strstr(reply, "\"suppressed\":null"), "%s", reply);
    f->later_ms += 2 * ALARM_HOLD_MS; /* the shelf is of the alarm, not of its row */
    cr_assert_eq(ask(f, CHANGE_ALARM_SHELVE, id, "{\"minutes\":30,\"reason\":\"again\"}"), 200);
    tele(f, "site-1", "level", 20, 0);
    cr_expect_neq(alarm_of(f, "site-1", "LevelHigh")->id, id);
    silent(f, "site-1", "LevelHigh", SILENCE_SHELVED, 1);
    f->later_ms += 29 * MINUTE;
    fixture_tick(f);
    silent(f, "site-1", "LevelHigh", SILENCE_SHELVED, 1);
    f->later_ms += 2 * MINUTE;
    fixture_tick(f);
    const struct alarm *a = alarm_of(f, "site-1", "LevelHigh");
    cr_expect(a->silence == SILENCE_NONE && a->shelf.until_ms == 0 && a->is_in_ticket && a->ticket == 1,
              "it is still there: the ticket hears of it");
    struct ticket ticket;
    cr_assert_eq(reader_ticket(f->reader, 1, &ticket), RESULT_OK);
    cr_expect(ticket_state_is_open(ticket.state) && ticket.alarms_active == 1);
    fixture_free(f);
}

Test(alarm_life, promise_31_shelving_is_refused_without_an_end_or_a_reason) {
    struct fixture *f = with_site();
    born(f, "site-1");
    tele(f, "site-1", "level", 20, 0);
    const int64_t id = alarm_of(f, "site-1", "LevelHigh")->id;
    static const struct {
        enum change_verb verb;
        const char *body, *says;
        int status;
        int64_t more;
    } rows[] = {
        {CHANGE_ALARM_SHELVE, "{\"minutes\":30}", "'reason' is missing", 400, 0},
        {CHANGE_ALARM_SHELVE, "{\"minutes\":30,\"reason\":\" \"}", "'reason' is empty", 400, 0},
        {CHANGE_ALARM_SHELVE, "{\"reason\":\"r\"}", "'minutes' is missing", 400, 0},
        {CHANGE_ALARM_SHELVE, "{\"minutes\":10081,\"reason\":\"r\"}", "'minutes'", 400, 0},
        {CHANGE_ALARM_SHELVE, "{\"minutes\":0,\"reason\":\"r\"}", "'minutes'", 400, 0},
        {CHANGE_ALARM_SHELVE, "{\"minutes\":9,\"reason\":\"r\"}", "no such alarm", 404, 99},
        {CHANGE_ALARM_UNSHELVE, "{}", "not shelved", 409, 0},
        {CHANGE_ALARM_UNSHELVE, "{}", "no such alarm", 404, 99},
        {CHANGE_ALARM_RESET, "{}", "needs no reset", 409, 0},
        {CHANGE_ALARM_RESET, "{}", "no such alarm", 404, 99},
        {CHANGE_ALARM_ACK, "{}", "no such alarm", 404, 99},
        {CHANGE_MAINTENANCE_BEGIN, "{\"scope\":\"universe\",\"to_ms\":1,\"reason\":\"r\"}", "'scope' is 'universe'",
         400, 0},
        {CHANGE_MAINTENANCE_BEGIN, "{\"scope\":\"all\",\"to_ms\":1,\"reason\":\"r\"}", "'to_ms'", 400, 0},
        {CHANGE_MAINTENANCE_BEGIN, "{\"scope\":\"all\",\"reason\":\"r\"}", "'to_ms' is missing", 400, 0},
        {CHANGE_MAINTENANCE_END, "{}", "no such maintenance", 404, 99},
        {CHANGE_DEVICE_LOCATE, "{\"site\":\"x\"}", "no such device", 404, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(ask(f, rows[i].verb, id + rows[i].more, rows[i].body), rows[i].status, "row %zu: %s", i, reply);
        cr_expect_not_null(strstr(reply, rows[i].says), "row %zu: %s", i, reply);
    }
    silent(f, "site-1", "LevelHigh", SILENCE_NONE, 1);
    fixture_free(f);
}

static void count_shelf(void *self, const struct shelf_row *row) {
    cr_expect(row->is_active && strcmp(row->device, "site-1") == 0 && strcmp(row->by, "eva") == 0);
    ++*(int *)self;
}

Test(alarm_life, unshelving_tells_at_once) {
    struct fixture *f = with_site();
    int shelves = 0;
    born(f, "site-1");
    code(f, "site-1", "S01", true, 0);
    const int64_t id = alarm_of(f, "site-1", "S01")->id;
    cr_assert_eq(ask(f, CHANGE_ALARM_SHELVE, id, "{\"minutes\":10080,\"reason\":\"r\"}"), 200, "%s", reply);
    silent(f, "site-1", "S01", SILENCE_SHELVED, 1);
    cr_assert_eq(reader_shelves(f->reader, 10, count_shelf, &shelves), RESULT_OK);
    cr_expect_eq(shelves, 1);
    fixture_restart(f);
    cr_assert_eq(ask(f, CHANGE_ALARM_UNSHELVE, id, "{}"), 200, "%s", reply);
    silent(f, "site-1", "S01", SILENCE_NONE, 1);
    fixture_free(f);
}

/* ---- latched ---- */

Test(alarm_life, a_latched_alarm_stays_until_it_is_reset) {
    struct fixture *f = with_site();
    struct ticket ticket;
    born(f, "site-1");
    tele(f, "site-1", "pressure", 900000, 0);
    const int64_t id = alarm_of(f, "site-1", "PressureTrip")->id;
    cr_expect_eq(ask(f, CHANGE_ALARM_RESET, id, "{}"), 409, "its condition holds");
    f->later_ms += 1000;
    tele(f, "site-1", "pressure", 100, 0);
    cr_expect(alarm_of(f, "site-1", "PressureTrip")->is_latched && newest.is_active);
    fixture_restart(f);
    f->later_ms += 1000;
    tele(f, "site-1", "pressure", 100, 0);
    cr_expect(alarm_of(f, "site-1", "PressureTrip")->is_latched, "a restart is no reset");
    f->later_ms += 1000;
    tele(f, "site-1", "pressure", 900000, 0);
    cr_expect(!alarm_of(f, "site-1", "PressureTrip")->is_latched && newest.count == 2 && newest.id == id);
    f->later_ms += 1000;
    tele(f, "site-1", "pressure", 100, 0);
    cr_assert_eq(reader_ticket(f->reader, 1, &ticket), RESULT_OK);
    cr_expect(ticket.alarms_active == 1 && ticket.state == TICKET_NEW);
    cr_assert_eq(ask(f, CHANGE_ALARM_RESET, id, "{}"), 200, "%s", reply);
    cr_expect(strstr(reply, "\"state\":\"normal\"") && strstr(reply, "\"acknowledged_by\":\"eva\""), "%s", reply);
    cr_assert_eq(reader_ticket(f->reader, 1, &ticket), RESULT_OK);
    cr_expect(ticket.alarms_active == 0 && ticket.state == TICKET_NEW, "a trip that was reset is a case still");
    cr_expect_eq(tickets(f), 1);
    fixture_free(f);
}

/* ---- maintenance ---- */

Test(alarm_life, promise_31_maintenance_silences_and_ends_by_itself) {
    static const struct {
        const char *what, *window;
        bool is_silent;
    } rows[] = {
        {"the device", "\"scope\":\"device\",\"target\":\"site-1\"", true},
        {"its site", "\"scope\":\"site\",\"target\":\"plant-7\"", true},
        {"its model", "\"scope\":\"model\",\"target\":\"site-device\"", true},
        {"all", "\"scope\":\"all\"", true},
        {"another device", "\"scope\":\"device\",\"target\":\"site-2\"", false},
        {"another site", "\"scope\":\"site\",\"target\":\"plant-8\"", false},
        {"another model", "\"scope\":\"model\",\"target\":\"test-product\"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture *f = with_site();
        char body[300];
        born(f, "site-2");
        born(f, "site-1");
        struct change *change =
            fixture_ask(f, CHANGE_DEVICE_LOCATE, "eva", ROLE_ENGINEER, "site-1", "{\"site\":\"plant-7\"}");
        cr_assert_eq(change->status, 200, "%s", buf_text(&change->reply));
        change_free(change);
        snprintf(body, sizeof body, "{%s,\"to_ms\":%lld,\"reason\":\"filters\"}", rows[i].window,
                 (long long)(now_ms(f) + 60 * MINUTE));
        cr_assert_eq(ask(f, CHANGE_MAINTENANCE_BEGIN, 0, body), 201, "%s: %s", rows[i].what, reply);
        tele(f, "site-1", "level", 20, 0);
        silent(f, "site-1", "LevelHigh", rows[i].is_silent ? SILENCE_MAINTENANCE : SILENCE_NONE, !rows[i].is_silent);
        fixture_tick(f);
        cr_expect_eq(tickets(f), !rows[i].is_silent, "%s", rows[i].what);
        f->later_ms += 61 * MINUTE;
        fixture_tick(f);
        silent(f, "site-1", "LevelHigh", SILENCE_NONE, 1);
        fixture_free(f);
    }
}

Test(alarm_life, what_comes_and_goes_under_maintenance_is_nobodys_ticket) {
    struct fixture *f = with_site();
    char body[200];
    born(f, "site-1");
    snprintf(body, sizeof body, "{\"scope\":\"all\",\"from_ms\":%lld,\"to_ms\":%lld,\"reason\":\"r\"}",
             (long long)now_ms(f), (long long)(now_ms(f) + 60 * MINUTE));
    cr_assert_eq(ask(f, CHANGE_MAINTENANCE_BEGIN, 0, body), 201, "%s", reply);
    tele(f, "site-1", "level", 20, 0);
    f->later_ms += 1000;
    tele(f, "site-1", "level", 1, 0);
    cr_expect(!alarm_of(f, "site-1", "LevelHigh")->is_active && newest.silence == SILENCE_MAINTENANCE, "why is kept");
    cr_assert_eq(ask(f, CHANGE_MAINTENANCE_END, 1, "{}"), 200, "%s", reply);
    cr_expect_not_null(strstr(reply, "\"in_force\":false"), "%s", reply);
    cr_expect_eq(ask(f, CHANGE_MAINTENANCE_END, 1, "{}"), 409);
    f->later_ms += 1000;
    fixture_tick(f);
    cr_expect_eq(tickets(f), 0);
    tele(f, "site-1", "level", 20, 0);
    cr_expect_eq(tickets(f), 1, "it was ended");
    fixture_free(f);
}

/* ---- dependencies ---- */

static void hang(struct fixture *f, const char *device, const char *parent, int status) {
    char body[120];
    snprintf(body, sizeof body, "{\"parent\":\"%s\"}", parent);
    struct change *change = fixture_ask(f, CHANGE_DEVICE_LOCATE, "eva", ROLE_ENGINEER, device, body);
    cr_expect_eq(change->status, status, "%s on %s: %s", device, parent, buf_text(&change->reply));
    change_free(change);
}

static void presence(struct fixture *f, const char *device, const char *state) {
    char topic[CAP_TOPIC_BYTES + 1];
    topic_format(device, TOPIC_STATE, topic);
    fixture_feed(f, topic, state, strlen(state), NULL, 0, 0);
}

Test(alarm_life, behind_a_dead_router_contact_alarms_wait) {
    struct fixture *f = with_site();
    born(f, "router-1");
    born(f, "site-1");
    presence(f, "router-1", "online");
    hang(f, "site-1", "router-1", 200);
    presence(f, "router-1", "offline");
    tele(f, "site-1", "sensor_silent", 100, 0);
    silent(f, "site-1", "SensorSilent", SILENCE_PARENT, 0);
    tele(f, "site-1", "level", 20, 0);
    silent(f, "site-1", "LevelHigh", SILENCE_NONE, 1); /* a real fault is one wherever it stands */
    f->later_ms += 30 * MINUTE;
    fixture_tick(f);
    silent(f, "site-1", "SensorSilent", SILENCE_PARENT, 1);
    presence(f, "router-1", "online");
    fixture_tick(f);
    f->later_ms += MINUTE;
    fixture_tick(f);
    silent(f, "site-1", "SensorSilent", SILENCE_PARENT, 1); /* it may be on its way back */
    f->later_ms += 2 * MINUTE;
    fixture_tick(f);
    silent(f, "site-1", "SensorSilent", SILENCE_NONE, 1); /* in the ticket of the device */
    cr_expect_eq(newest.ticket, 1);
    fixture_free(f);
}

Test(alarm_life, an_isolating_alarm_of_the_parent_counts_and_grandparents_do) {
    struct fixture *f = with_site();
    born(f, "site-1");
    born(f, "switch-1");
    presence(f, "switch-1", "online");
    born(f, "router-1");
    presence(f, "router-1", "online");
    hang(f, "switch-1", "router-1", 200);
    hang(f, "site-1", "switch-1", 200);
    tele(f, "router-1", "link", 0, 0);
    cr_expect(alarm_of(f, "router-1", "UplinkDown")->isolates && tickets(f) == 1);
    next_seq = 0;
    tele(f, "site-1", "sensor_silent", 100, 0);
    silent(f, "site-1", "SensorSilent", SILENCE_PARENT, 1);
    fixture_free(f);
}

Test(alarm_life, what_hangs_on_itself_is_refused) {
    struct fixture *f = with_site();
    char name[32], above[32];
    for (int i = 0; i <= 9; i++) {
        snprintf(name, sizeof name, "site-%d", i);
        born(f, name);
    }
    hang(f, "site-1", "site-1", 409);
    hang(f, "site-1", "site-2", 200);
    hang(f, "site-2", "site-1", 409);
    hang(f, "site-1", "nobody-1", 404);
    hang(f, "nobody-1", "site-1", 404);
    hang(f, "site-1", "", 200);
    for (int i = 1; i <= 9; i++) {
        snprintf(name, sizeof name, "site-%d", i);
        snprintf(above, sizeof above, "site-%d", i - 1);
        hang(f, name, above, i <= 8 ? 200 : 409);
    }
    static const char *const bad[] = {"{}", "{\"site\":\"Plant 7\"}", "{\"site\":5}", "{\"site\":\"-x\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct change *change = fixture_ask(f, CHANGE_DEVICE_LOCATE, "eva", ROLE_ENGINEER, "site-1", bad[i]);
        cr_expect_eq(change->status, 400, "%s", bad[i]);
        change_free(change);
    }
    fixture_free(f);
}

Test(alarm_life, an_alarm_explains_another) {
    struct fixture *f = with_site();
    born(f, "site-1");
    tele(f, "site-1", "supply", 10, 0);
    cr_expect_eq(tickets(f), 1);
    f->later_ms += 1000;
    tele(f, "site-1", "level", 20, 0);
    silent(f, "site-1", "LevelHigh", SILENCE_ALARM, 1);
    struct ticket ticket;
    cr_assert_eq(reader_ticket(f->reader, 1, &ticket), RESULT_OK);
    cr_expect(ticket.repeats == 0 && ticket.alarms_active == 1, "it is not even told in the ticket");
    f->later_ms += 1000;
    tele(f, "site-1", "supply", 230, 0);
    fixture_tick(f);
    silent(f, "site-1", "LevelHigh", SILENCE_ALARM, 1); /* a minute to come right */
    f->later_ms += 2 * MINUTE;
    fixture_tick(f);
    silent(f, "site-1", "LevelHigh", SILENCE_NONE, 2);
    fixture_free(f);
}

/* ---- backlogs ---- */

Test(alarm_life, promise_4_a_backlog_pages_nobody_for_the_past) {
    struct fixture *f = with_site();
    born(f, "site-1");
    tele(f, "site-1", "level", 20, 300 * MINUTE);
    silent(f, "site-1", "LevelHigh", SILENCE_PAST, 0);
    tele(f, "site-1", "level", 1, 290 * MINUTE);
    cr_expect(!alarm_of(f, "site-1", "LevelHigh")->is_active && newest.silence == SILENCE_PAST, "history");
    tele(f, "site-1", "level", 20, 60 * MINUTE);
    f->later_ms += 5 * MINUTE;
    fixture_tick(f);
    silent(f, "site-1", "LevelHigh", SILENCE_PAST, 0); /* it has not drained: it may be over */
    tele(f, "site-1", "level", 30, 0);
    fixture_tick(f);
    silent(f, "site-1", "LevelHigh", SILENCE_NONE, 1); /* it has, and it is not */
    fixture_free(f);
}

Test(alarm_life, promise_4_a_fault_code_that_comes_first_does_not_end_a_backlog) {
    struct fixture *f = with_site();
    born(f, "site-1");
    tele(f, "site-1", "level", 20, 300 * MINUTE);
    code(f, "site-1", "Z9", true, 0); /* its lane is quicker */
    fixture_tick(f);
    silent(f, "site-1", "LevelHigh", SILENCE_PAST, 0);
    tele(f, "site-1", "level", 1, 200 * MINUTE);
    cr_expect_not(alarm_of(f, "site-1", "LevelHigh")->is_active);
    cr_expect_eq(tickets(f), 0);
    fixture_free(f);
}

/* A firing as the rules would tell it. */
static void fire(struct fixture *f, enum firing_kind kind, enum severity severity, bool opens_ticket) {
    struct firing firing = {.kind = kind,
                            .alarm = "Worn",
                            .part = "",
                            .severity = severity,
                            .opens_ticket = opens_ticket,
                            .event_ms = now_ms(f)};
    begin(f);
    cr_assert_eq(cases_take(&f->core, registry_find(f->core.registry, "site-1"),
                            &(struct firings){.items = &firing, .count = 1}, now_ms(f), 0),
                 RESULT_OK);
    end(f);
    f->later_ms += 1000;
}

static void see_ticket(void *self, const struct ticket *ticket) {
    if (ticket_state_is_open(ticket->state))
        ++*(int *)self;
}
static int open_tickets(struct fixture *f) {
    int count = 0;
    int64_t next;
    cr_assert_eq(reader_tickets(f->reader, &(struct ticket_query){.limit = 500}, see_ticket, &count, &next), RESULT_OK);
    return count;
}

Test(alarm_life, what_rises_again_after_its_ticket_was_closed_has_one_again) {
    struct fixture *f = with_site();
    born(f, "site-1");
    fire(f, FIRING_RAISE, SEVERITY_IS_MINOR, false);
    cr_expect_eq(tickets(f), 0);
    fire(f, FIRING_UPDATE, SEVERITY_IS_CRITICAL, true);
    cr_expect_eq(open_tickets(f), 1);
    fire(f, FIRING_CLEAR, SEVERITY_IS_CRITICAL, true);
    cr_expect_eq(open_tickets(f), 0, "it healed by itself");
    fire(f, FIRING_RAISE, SEVERITY_IS_MINOR, false);
    cr_expect_eq(open_tickets(f), 0);
    fire(f, FIRING_UPDATE, SEVERITY_IS_CRITICAL, true);
    cr_expect_eq(open_tickets(f), 1, "%d open tickets for a critical alarm", open_tickets(f));
    fixture_free(f);
}

Test(alarm_life, promise_4_raised_and_over_in_one_message_of_the_past) {
    struct fixture *f = with_site();
    char topic[CAP_TOPIC_BYTES + 1], payload[500];
    born(f, "site-1");
    topic_format("site-1", TOPIC_UP_TELE, topic);
    const double now = (double)now_ms(f) / 1000;
    snprintf(payload, sizeof payload,
             "[{\"n\":\"level\",\"u\":\"m\",\"t\":%.3f,\"v\":20},{\"n\":\"level\",\"u\":\"m\",\"t\":%.3f,\"v\":1},"
             "{\"n\":\"supply\",\"u\":\"V\",\"t\":%.3f,\"v\":10}]",
             now - 7200, now - 7190, now);
    fixture_feed(f, topic, payload, strlen(payload), fixture_bulk, 1, 1);
    cr_expect_eq(tickets(f), 1, "of what is so now");
    cr_expect(!alarm_of(f, "site-1", "LevelHigh")->is_active && newest.ticket == 0);
    cr_expect(alarm_of(f, "site-1", "SupplyLost")->is_active && newest.ticket == 1);
    fixture_free(f);
}

Test(alarm_life, promise_4_an_old_fault_code_waits_a_minute_for_its_end) {
    struct fixture *f = with_site();
    born(f, "site-1");
    code(f, "site-1", "S01", true, 60 * MINUTE);
    silent(f, "site-1", "S01", SILENCE_PAST, 0);
    code(f, "site-1", "S01", false, 50 * MINUTE);
    code(f, "site-1", "S01", true, 40 * MINUTE);
    f->later_ms += MINUTE / 2;
    fixture_tick(f);
    silent(f, "site-1", "S01", SILENCE_PAST, 0);
    f->later_ms += MINUTE / 2;
    fixture_tick(f);
    silent(f, "site-1", "S01", SILENCE_NONE, 1);
    fixture_free(f);
}

Test(alarm_life, promise_4_a_condition_with_a_long_hold_is_not_the_past) {
    struct fixture *f = with_site();
    born(f, "site-1");
    for (int i = 0; i <= 41; i++) {
        tele(f, "site-1", "level", 6, 0);
        f->later_ms += MINUTE / 2;
    }
    const struct alarm *a = alarm_of(f, "site-1", "LevelRising");
    cr_expect(a->is_active && a->silence == SILENCE_NONE && a->raised_ms < now_ms(f) - SILENCE_PAST_MS &&
              tickets(f) == 1);
    fixture_free(f);
}

Test(alarm_life, pending_conditions_are_listed) {
    struct fixture *f = with_site();
    born(f, "site-1");
    tele(f, "site-1", "level", 6, 0);
    struct change *change = fixture_ask(f, CHANGE_DEVICE_PENDING, "eva", ROLE_ENGINEER, "site-1", NULL);
    cr_expect(change->status == 200 && strstr(buf_text(&change->reply), "\"alarm\":\"LevelRising\"") &&
                  strstr(buf_text(&change->reply), "\"for_ms\":600000"),
              "%s", buf_text(&change->reply));
    change_free(change);
    change = fixture_ask(f, CHANGE_DEVICE_PENDING, "eva", ROLE_ENGINEER, "site-9", NULL);
    cr_expect_eq(change->status, 404);
    change_free(change);
    fixture_free(f);
}

/* ---- flapping ---- */

Test(alarm_life, a_flapping_alarm_is_one_ticket_and_calms_down) {
    struct fixture *f = with_site();
    struct ticket ticket;
    born(f, "site-1");
    int64_t version = 0;
    for (int i = 1; i <= 30; i++) {
        tele(f, "site-1", "level", 20, 0);
        f->later_ms += 10000;
        tele(f, "site-1", "level", 1, 0);
        f->later_ms += 10000;
        cr_assert_eq(reader_ticket(f->reader, 1, &ticket), RESULT_OK);
        if (i == ALARM_FLAP_RAISES)
            version = ticket.version;
    }
    cr_expect(tickets(f) == 1 && ticket.version == version, "it said so once: %lld, %lld", (long long)version,
              (long long)ticket.version);
    cr_expect(alarm_of(f, "site-1", "LevelHigh")->is_flapping && newest.count == 30);
    f->later_ms += 9 * MINUTE;
    fixture_tick(f);
    cr_expect(alarm_of(f, "site-1", "LevelHigh")->is_flapping);
    f->later_ms += MINUTE;
    fixture_tick(f);
    cr_expect_not(alarm_of(f, "site-1", "LevelHigh")->is_flapping);
    cr_assert_eq(reader_ticket(f->reader, 1, &ticket), RESULT_OK);
    cr_expect(ticket.state == TICKET_RESOLVED && ticket.alarms_active == 0);
    fixture_free(f);
}
