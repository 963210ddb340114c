/* The alarm's states: active or cleared, acknowledged or not, under every firing. */
#include "rules/alarm.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define T ((int64_t)1700000000000)

static struct firing a_firing(enum firing_kind kind, enum severity severity, int64_t event_ms) {
    struct firing f = {.kind = kind,
                       .alarm = "TooWarm",
                       .part = "lid",
                       .severity = severity,
                       .opens_ticket = true,
                       .event_ms = event_ms,
                       .value = 8.5};
    snprintf(f.summary, sizeof f.summary, "too warm");
    snprintf(f.description, sizeof f.description, "8.5 degrees");
    return f;
}

/* In a state: N none, A active, K active and acknowledged, C cleared (a minute ago), D cleared and acknowledged (done).
 */
static struct alarm an_alarm(char state) {
    struct alarm a = {.id = 9,
                      .device_id = 3,
                      .severity = SEVERITY_IS_MAJOR,
                      .opens_ticket = true,
                      .value = 8.5,
                      .first_raised_ms = T - 7200000,
                      .raised_ms = T - 3600000,
                      .count = 2,
                      .flap_count = 1,
                      .ticket = 44};
    snprintf(a.device, sizeof a.device, "freezer-7");
    snprintf(a.alarm, sizeof a.alarm, "TooWarm");
    snprintf(a.part, sizeof a.part, "lid");
    snprintf(a.summary, sizeof a.summary, "too warm");
    snprintf(a.description, sizeof a.description, "8.5 degrees");
    a.is_active = state == 'A' || state == 'K';
    a.is_acknowledged = state == 'K' || state == 'D';
    if (a.is_acknowledged) {
        snprintf(a.acknowledged_by, sizeof a.acknowledged_by, "ann");
        a.acknowledged_ms = T - 1000;
    }
    a.cleared_ms = a.is_active ? 0 : T - 60000;
    return a;
}

Test(alarm, every_state_and_firing) {
    static const struct {
        char state;
        enum firing_kind kind;
        enum severity severity;
        enum alarm_change change;
        char next;
    } rows[] = {
        {'N', FIRING_RAISE, SEVERITY_IS_MAJOR, ALARM_RAISED, 'A'},
        {'N', FIRING_UPDATE, SEVERITY_IS_MAJOR, ALARM_RAISED, 'A'},
        {'N', FIRING_UNKNOWN, SEVERITY_IS_MAJOR, ALARM_SAME, 'N'},
        {'N', FIRING_CLEAR, SEVERITY_IS_MAJOR, ALARM_SAME, 'N'},
        {'A', FIRING_RAISE, SEVERITY_IS_MAJOR, ALARM_SAME, 'A'},
        {'A', FIRING_UPDATE, SEVERITY_IS_MAJOR, ALARM_SAME, 'A'},
        {'A', FIRING_UPDATE, SEVERITY_IS_CRITICAL, ALARM_ROSE, 'A'},
        {'A', FIRING_UPDATE, SEVERITY_IS_MINOR, ALARM_FELL, 'A'},
        {'A', FIRING_UNKNOWN, SEVERITY_IS_MAJOR, ALARM_LOST, 'A'},
        {'A', FIRING_CLEAR, SEVERITY_IS_MAJOR, ALARM_CLEARED, 'C'},
        {'K', FIRING_RAISE, SEVERITY_IS_MAJOR, ALARM_SAME, 'K'},
        {'K', FIRING_UPDATE, SEVERITY_IS_CRITICAL, ALARM_ROSE, 'A'},
        {'K', FIRING_UPDATE, SEVERITY_IS_MINOR, ALARM_FELL, 'K'},
        {'K', FIRING_UNKNOWN, SEVERITY_IS_MAJOR, ALARM_LOST, 'K'},
        {'K', FIRING_CLEAR, SEVERITY_IS_MAJOR, ALARM_CLEARED, 'D'},
        {'C', FIRING_RAISE, SEVERITY_IS_MAJOR, ALARM_REPEATED, 'A'},
        {'C', FIRING_UPDATE, SEVERITY_IS_MAJOR, ALARM_REPEATED, 'A'},
        {'C', FIRING_UNKNOWN, SEVERITY_IS_MAJOR, ALARM_SAME, 'C'},
        {'C', FIRING_CLEAR, SEVERITY_IS_MAJOR, ALARM_SAME, 'C'},
        {'D', FIRING_RAISE, SEVERITY_IS_MAJOR, ALARM_REPEATED, 'A'},
        {'D', FIRING_UNKNOWN, SEVERITY_IS_MAJOR, ALARM_SAME, 'D'},
        {'D', FIRING_CLEAR, SEVERITY_IS_MAJOR, ALARM_SAME, 'D'},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct alarm now = an_alarm(rows[i].state);
        const struct firing firing = a_firing(rows[i].kind, rows[i].severity, T);
        struct alarm next;
        enum alarm_change change;
        alarm_apply(rows[i].state == 'N' ? NULL : &now, &firing, &(struct alarm_traits){0}, &next, &change);
        cr_expect_eq(change, rows[i].change, "row %zu: %s", i, alarm_change_name(change));
        if (rows[i].next == 'N')
            continue;
        const bool is_active = rows[i].next == 'A' || rows[i].next == 'K',
                   is_acknowledged = rows[i].next == 'K' || rows[i].next == 'D';
        cr_expect(next.is_active == is_active && next.is_acknowledged == is_acknowledged, "row %zu", i);
        cr_expect_eq(next.acknowledged_ms != 0, is_acknowledged, "row %zu", i);
        cr_expect_eq(next.cleared_ms == 0, is_active, "row %zu", i);
        cr_expect_eq(next.is_unknown, rows[i].kind == FIRING_UNKNOWN && is_active, "row %zu", i);
        cr_expect_str_eq(next.alarm, "TooWarm");
    }
}

Test(alarm, a_first_row) {
    const struct firing firing = a_firing(FIRING_RAISE, SEVERITY_IS_CRITICAL, T);
    struct alarm next;
    enum alarm_change change;
    alarm_apply(NULL, &firing, &(struct alarm_traits){0}, &next, &change);
    cr_expect(next.id == 0 && next.count == 1 && next.first_raised_ms == T && next.raised_ms == T && next.ticket == 0);
    cr_expect(strcmp(next.part, "lid") == 0 && strcmp(next.summary, "too warm") == 0 && next.value == 8.5 &&
              next.severity == SEVERITY_IS_CRITICAL && next.opens_ticket);
}

Test(alarm, the_same_row_within_the_hold_a_new_one_after) {
    static const struct {
        int64_t after_clear_ms;
        enum alarm_change change;
        int64_t id, count;
    } rows[] = {
        {0, ALARM_REPEATED, 9, 3},
        {-5000, ALARM_REPEATED, 9, 3}, /* a late one */
        {ALARM_HOLD_MS, ALARM_REPEATED, 9, 3},
        {ALARM_HOLD_MS + 1, ALARM_RAISED, 0, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct alarm now = an_alarm('C');
        const struct firing firing = a_firing(FIRING_RAISE, SEVERITY_IS_MAJOR, now.cleared_ms + rows[i].after_clear_ms);
        struct alarm next;
        enum alarm_change change;
        alarm_apply(&now, &firing, &(struct alarm_traits){0}, &next, &change);
        cr_expect(change == rows[i].change && next.id == rows[i].id && next.count == rows[i].count, "row %zu", i);
        cr_expect(next.device_id == 3 && strcmp(next.device, "freezer-7") == 0, "row %zu", i);
        cr_expect_eq(next.first_raised_ms, rows[i].id ? now.first_raised_ms : firing.event_ms);
        cr_expect_eq(next.ticket, 44, "row %zu: where it was handled last", i);
    }
}

Test(alarm, flapping_begins_with_quick_raises_and_ends_with_a_long_one) {
    struct alarm now = {0}, next;
    enum alarm_change change;
    int64_t t = T;
    for (int i = 1; i <= 6; i++, t += 60000) {
        struct firing firing = a_firing(FIRING_RAISE, SEVERITY_IS_MAJOR, t);
        alarm_apply(i == 1 ? NULL : &now, &firing, &(struct alarm_traits){0}, &next, &change);
        cr_expect_eq(next.is_flapping, i >= ALARM_FLAP_RAISES, "raise %d", i);
        now = next;
        firing = a_firing(FIRING_CLEAR, SEVERITY_IS_MAJOR, t + 30000);
        alarm_apply(&now, &firing, &(struct alarm_traits){0}, &next, &change);
        cr_expect_eq(next.is_flapping, i >= ALARM_FLAP_RAISES, "a quick clear does not end it");
        now = next;
    }
    struct firing firing = a_firing(FIRING_RAISE, SEVERITY_IS_MAJOR, t);
    alarm_apply(&now, &firing, &(struct alarm_traits){0}, &next, &change);
    cr_expect(next.is_flapping);
    now = next;
    firing = a_firing(FIRING_CLEAR, SEVERITY_IS_MAJOR, t + ALARM_FLAP_MS + 1);
    alarm_apply(&now, &firing, &(struct alarm_traits){0}, &next, &change);
    cr_expect_not(next.is_flapping, "it lasted");
    now = next;
    now.is_flapping = true;
    now.flap_count = 9;
    firing = a_firing(FIRING_RAISE, SEVERITY_IS_MAJOR, t + 3 * ALARM_FLAP_MS);
    alarm_apply(&now, &firing, &(struct alarm_traits){0}, &next, &change);
    cr_expect(!next.is_flapping && next.flap_count == 1, "it was quiet");
}

Test(alarm, data_that_comes_back_is_a_change) {
    struct alarm now = an_alarm('K'), next;
    enum alarm_change change;
    now.is_unknown = true;
    struct firing firing = a_firing(FIRING_UNKNOWN, SEVERITY_IS_MAJOR, T);
    alarm_apply(&now, &firing, &(struct alarm_traits){0}, &next, &change);
    cr_expect_eq(change, ALARM_SAME, "known to be unknown");
    firing = a_firing(FIRING_UPDATE, SEVERITY_IS_MAJOR, T);
    alarm_apply(&now, &firing, &(struct alarm_traits){0}, &next, &change);
    cr_expect(change == ALARM_CHANGED && !next.is_unknown && next.is_acknowledged);
}

Test(alarm, acknowledged_once) {
    struct alarm now = an_alarm('A'), next = now;
    struct fault fault;
    cr_assert_eq(alarm_acknowledge(&now, "eva", T + 5, &next, &fault), RESULT_OK);
    cr_expect(next.is_acknowledged && next.is_active && next.acknowledged_ms == T + 5 &&
              strcmp(next.acknowledged_by, "eva") == 0);
    now = next;
    cr_expect_eq(alarm_acknowledge(&now, "bob", T + 9, &next, &fault), RESULT_CONFLICT);
    cr_expect(strstr(fault.text, "by eva"), "%s", fault.text);
    now = an_alarm('C');
    cr_expect_eq(alarm_acknowledge(&now, "eva", T + 5, &next, &fault), RESULT_OK, "cleared ones, too: then it is done");
    cr_expect_not(next.is_active);
}

Test(alarm, long_texts_are_cut_at_a_character) {
    struct firing firing = a_firing(FIRING_RAISE, SEVERITY_IS_MAJOR, T);
    struct alarm next;
    enum alarm_change change;
    char name[200];
    for (size_t i = 0; i < 198; i += 3)
        memcpy(name + i, "水", 3);
    name[198] = '\0';
    firing.alarm = name;
    alarm_apply(NULL, &firing, &(struct alarm_traits){0}, &next, &change);
    cr_expect_eq(strlen(next.alarm), ALARM_NAME_BYTES / 3 * 3);
}
