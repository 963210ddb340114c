/* One fault of many devices is one incident with one ticket, whatever their number; what is no such thing stays apart.
 */
#include "alarm_rig.h"

static struct device *fleet_device(struct fixture *f, int number) {
    char id[32];
    snprintf(id, sizeof id, "fleet-%05d", number);
    return registry_find(f->core.registry, id);
}

/* So many devices of one model and firmware, in one transaction. */
static void fleet(struct fixture *f, int count, const char *firmware) {
    struct birth_message birth = {.event_ms = now_ms(f)};
    snprintf(birth.model, sizeof birth.model, "site-device");
    snprintf(birth.serial, sizeof birth.serial, "S");
    snprintf(birth.firmware, sizeof birth.firmware, "%s", firmware);
    snprintf(birth.agent, sizeof birth.agent, "1");
    clock_boot_id(birth.boot);
    begin(f);
    const int first = (int)registry_count(f->core.registry);
    for (int i = first; i < first + count; i++) {
        char id[32];
        snprintf(id, sizeof id, "fleet-%05d", i);
        cr_assert_eq(pipeline_born(&f->core, registry_add(f->core.registry, id), &birth, true, NULL), RESULT_OK);
    }
    end(f);
}

/* The alarm on devices [from, to), in turns of 1,000. */
static void storm(struct fixture *f, const char *alarm, enum firing_kind kind, int from, int to) {
    for (int i = from; i < to; i++) {
        struct firing firing = {.kind = kind,
                                .alarm = alarm,
                                .part = "",
                                .severity = SEVERITY_IS_MAJOR,
                                .opens_ticket = true,
                                .event_ms = now_ms(f)};
        const struct firings firings = {.items = &firing, .count = 1};
        if ((i - from) % 1000 == 0)
            begin(f);
        cr_assert_eq(cases_take(&f->core, fleet_device(f, i), &firings, now_ms(f), clock_mono_us()), RESULT_OK, "%s",
                     store_error(f->core.store));
        if ((i - from) % 1000 == 999 || i == to - 1)
            end(f);
    }
}

static void locate(struct fixture *f, int number, const char *site) {
    char body[80];
    snprintf(body, sizeof body, "{\"site\":\"%s\"}", site);
    struct change *change =
        fixture_ask(f, CHANGE_DEVICE_LOCATE, "eva", ROLE_ENGINEER, fleet_device(f, number)->id, body);
    cr_assert_eq(change->status, 200);
    change_free(change);
}

static int opened_lines;
static void count_opened(void *self, const struct ticket_event *event) {
    (void)self;
    opened_lines += event->kind != TICKET_EVENT_NONE;
}

Test(alarm_storm, promise_28_ten_thousand_devices_are_one_incident, .timeout = 120) {
    struct fixture *f = with_site();
    struct incident incident;
    struct ticket ticket;
    const int opened_before = tickets(f);
    fleet(f, 10000, "1.0");
    storm(f, "LevelHigh", FIRING_RAISE, 0, 10000);
    cr_assert_eq(reader_incident(f->reader, 1, &incident), RESULT_OK);
    cr_expect(incident.members == 10000 && incident.active == 10000 && incident.is_active, "%lld members, %lld active",
              (long long)incident.members, (long long)incident.active);
    cr_expect(strcmp(incident.model, "site-device") == 0 && strcmp(incident.firmware, "1.0") == 0);
    cr_expect_eq(reader_incident(f->reader, 2, &incident), RESULT_NOT_FOUND, "one");
    cr_expect_leq(tickets(f) - opened_before, 10, "%d tickets in ten minutes", tickets(f));
    int open = 0;
    int64_t next;
    cr_assert_eq(reader_tickets(f->reader, &(struct ticket_query){.is_open_only = true, .limit = 500}, count_ticket,
                                &open, &next),
                 RESULT_OK);
    cr_expect_eq(open, 1, "those that came first are folded in: %d", open);
    opened_lines = 0;
    cr_assert_eq(reader_ticket_events(f->reader, incident.ticket, count_opened, NULL), RESULT_OK);
    cr_expect_leq(opened_lines, 12, "%d lines", opened_lines);
    cr_expect_eq(alarm_of(f, "fleet-09999", "LevelHigh")->incident, 1);
    cr_expect_eq(alarm_of(f, "fleet-00000", "LevelHigh")->ticket, newest.ticket);
    storm(f, "LevelHigh", FIRING_CLEAR, 0, 9999);
    cr_assert_eq(reader_incident(f->reader, 1, &incident), RESULT_OK);
    cr_expect(incident.is_active && incident.active == 1);
    storm(f, "LevelHigh", FIRING_CLEAR, 9999, 10000);
    cr_assert_eq(reader_incident(f->reader, 1, &incident), RESULT_OK);
    cr_expect(!incident.is_active && incident.members == 10000 && incident.closed_ms > 0);
    cr_assert_eq(reader_ticket(f->reader, incident.ticket, &ticket), RESULT_OK);
    cr_expect(ticket.state == TICKET_RESOLVED && ticket.alarms_active == 0);
    fixture_free(f);
}

Test(alarm_storm, too_few_too_different_or_too_slow_is_no_storm) {
    struct fixture *f = with_site();
    struct incident incident;
    fleet(f, 9, "1.0");
    fleet(f, 9, "1.1");
    storm(f, "LevelHigh", FIRING_RAISE, 0, 18);
    cr_expect_eq(tickets(f), 18, "nine of each firmware");
    storm(f, "SupplyLost", FIRING_RAISE, 0, 9);
    cr_expect_eq(tickets(f), 18, "in the tickets of their devices");
    fleet(f, 20, "1.2");
    for (int i = 18; i < 38; i++) {
        storm(f, "PressureTrip", FIRING_RAISE, i, i + 1);
        f->later_ms += 70 * 1000;
    }
    cr_expect_eq(tickets(f), 38, "20 in 23 minutes");
    cr_expect_eq(reader_incident(f->reader, 1, &incident), RESULT_NOT_FOUND);
    fixture_free(f);
}

Test(alarm_storm, a_site_is_a_group_whatever_stands_there) {
    struct fixture *f = with_site();
    struct incident incident;
    fleet(f, 6, "1.0");
    fleet(f, 6, "1.1");
    for (int i = 0; i < 12; i++)
        locate(f, i, "plant-7");
    storm(f, "SupplyLost", FIRING_RAISE, 0, 12);
    cr_assert_eq(reader_incident(f->reader, 1, &incident), RESULT_OK);
    cr_expect(strcmp(incident.site, "plant-7") == 0 && incident.members == 12 && incident.model[0] == 0);
    cr_expect_eq(tickets(f), 10);
    fixture_free(f);
}

Test(alarm_storm, many_of_a_huge_fleet_wait_and_get_their_own_tickets) {
    struct fixture *f = with_site();
    struct incident incident;
    fleet(f, 1000, "1.0");
    storm(f, "LevelHigh", FIRING_RAISE, 0, 30);
    cr_expect_eq(tickets(f), 9);
    silent(f, "fleet-00029", "LevelHigh", SILENCE_GATHERING, 9);
    f->later_ms += 3 * MINUTE;
    fixture_tick(f);
    cr_expect_eq(tickets(f), 30, "3 % of a fleet are thirty faults: %d", tickets(f));
    cr_expect_eq(reader_incident(f->reader, 1, &incident), RESULT_NOT_FOUND);
    storm(f, "LevelHigh", FIRING_RAISE, 30, 50);
    cr_assert_eq(reader_incident(f->reader, 1, &incident), RESULT_OK, "now they are 5 %");
    cr_expect_eq(incident.members, 50);
    fixture_restart(f);
    storm(f, "LevelHigh", FIRING_RAISE, 50, 60);
    cr_assert_eq(reader_incident(f->reader, 1, &incident), RESULT_OK);
    cr_expect_eq(incident.members, 60, "it survives a restart");
    fixture_free(f);
}

Test(alarm_storm, a_storm_goes_on_counting_after_a_restart) {
    struct fixture *f = with_site();
    struct incident incident;
    fleet(f, 40, "1.0");
    storm(f, "LevelHigh", FIRING_RAISE, 0, 8);
    fixture_restart(f);
    storm(f, "LevelHigh", FIRING_RAISE, 8, 12);
    cr_assert_eq(reader_incident(f->reader, 1, &incident), RESULT_OK);
    cr_expect_eq(incident.members, 12);
    cr_expect_eq(tickets(f), 10);
    fixture_free(f);
}

Test(alarm_storm, what_is_silent_for_a_reason_is_no_member) {
    struct fixture *f = with_site();
    struct incident incident;
    char body[200];
    fleet(f, 20, "1.0");
    snprintf(body, sizeof body, "{\"scope\":\"all\",\"to_ms\":%lld,\"reason\":\"r\"}",
             (long long)(now_ms(f) + 60 * MINUTE));
    cr_assert_eq(ask(f, CHANGE_MAINTENANCE_BEGIN, 0, body), 201, "%s", reply);
    storm(f, "LevelHigh", FIRING_RAISE, 0, 20);
    cr_expect_eq(tickets(f), 0);
    cr_expect_eq(reader_incident(f->reader, 1, &incident), RESULT_NOT_FOUND);
    f->later_ms += 61 * MINUTE;
    fixture_tick(f);
    cr_assert_eq(reader_incident(f->reader, 1, &incident), RESULT_OK, "all that surfaces at once is one, too");
    cr_expect_eq(incident.members, 20);
    cr_expect_eq(tickets(f), 10);
    fixture_free(f);
}
