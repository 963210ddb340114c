/* Promise 25: every sequence of firings and of what people do, up to a length, against a model that is nothing but the
 * words of ISA-18.2: a condition that holds or not, seen or not, and for an alarm that latches, reset or not. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "rules/alarm.h"

#define T ((int64_t)1700000000000)
enum { LENGTH = 6 };

enum act { RAISE, RAISE_HIGHER, FALL, LOSE, CLEAR, ACKNOWLEDGE, RESET, ACTS };
static const char *const act_names[ACTS] = {"raise", "higher", "fall", "lose", "clear", "ack", "reset"};

struct model {
    bool exists, holds, is_latched, is_seen, is_unknown;
    int severity;
    int raises;
};

/* What ought to happen; false: a person's act is refused. */
static bool model_step(struct model *m, enum act act, bool latches) {
    switch (act) {
    case RAISE:
    case RAISE_HIGHER:
    case FALL: {
        const int severity = act == RAISE_HIGHER ? SEVERITY_IS_CRITICAL
                             : act == FALL       ? SEVERITY_IS_MINOR
                                                 : SEVERITY_IS_MAJOR;
        if (!m->holds) {
            m->raises++;
            m->is_seen = false;
        } else if (severity > m->severity) {
            m->is_seen = false;
        }
        m->exists = m->holds = true;
        m->is_latched = m->is_unknown = false;
        m->severity = severity;
        return true;
    }
    case LOSE: m->is_unknown = m->is_unknown || m->holds; return true;
    case CLEAR:
        m->is_latched = m->is_latched || (m->holds && latches);
        m->holds = m->is_unknown = false;
        return true;
    case ACKNOWLEDGE:
        if (!m->exists || m->is_seen)
            return false;
        m->is_seen = true;
        return true;
    case RESET:
        if (!m->is_latched)
            return false;
        m->is_latched = false;
        m->is_seen = true;
        return true;
    case ACTS: break;
    }
    return false;
}

struct rows { /* what a store would hold: the newest is the last */
    struct alarm items[LENGTH + 1];
    int count;
};

static bool alarm_step(struct rows *rows, enum act act, bool latches, int64_t at_ms) {
    static const enum firing_kind kinds[] = {FIRING_RAISE, FIRING_UPDATE, FIRING_UPDATE, FIRING_UNKNOWN, FIRING_CLEAR};
    struct alarm next;
    struct fault fault;
    enum alarm_change change;
    struct alarm *now = rows->count ? &rows->items[rows->count - 1] : NULL;
    if (act == ACKNOWLEDGE || act == RESET) {
        if (!now)
            return false;
        const enum result result = act == RESET ? alarm_reset(now, "eva", at_ms, &next, &fault)
                                                : alarm_acknowledge(now, "eva", at_ms, &next, &fault);
        if (result == RESULT_OK)
            *now = next;
        return result == RESULT_OK;
    }
    const struct firing firing = {.kind = kinds[act],
                                  .alarm = "A",
                                  .part = "",
                                  .severity = act == RAISE_HIGHER ? SEVERITY_IS_CRITICAL
                                              : act == FALL       ? SEVERITY_IS_MINOR
                                                                  : SEVERITY_IS_MAJOR,
                                  .event_ms = at_ms};
    alarm_apply(now, &firing, &(struct alarm_traits){.latches = latches}, &next, &change);
    if (change == ALARM_RAISED) {
        next.id = rows->count + 1;
        rows->items[rows->count++] = next;
    } else if (change != ALARM_SAME) {
        *now = next;
    }
    return true;
}

static void expect_same(const struct rows *rows, const struct model *m, const char *path) {
    int active = 0, raises = 0;
    for (int i = 0; i < rows->count; i++) {
        active += rows->items[i].is_active;
        raises += (int)rows->items[i].count;
    }
    const bool is_active = m->holds || m->is_latched;
    cr_assert_eq(active, is_active, "%s: exactly one is active, or none", path);
    cr_assert_eq(raises, m->raises, "%s: raises", path);
    if (!m->exists)
        return;
    const struct alarm *a = &rows->items[rows->count - 1];
    const char *state = m->is_latched ? "latched"
                        : m->holds    ? (m->is_seen ? "acknowledged" : "active")
                                      : (m->is_seen ? "normal" : "cleared");
    cr_assert_str_eq(alarm_state_name(a), state, "%s: %s, expected %s", path, alarm_state_name(a), state);
    cr_assert(a->is_acknowledged == m->is_seen && a->is_unknown == m->is_unknown && a->is_latched == m->is_latched,
              "%s", path);
    cr_assert_eq(a->cleared_ms != 0, !is_active, "%s", path);
    cr_assert_eq(a->gone_ms != 0, m->is_latched, "%s", path);
    if (m->holds)
        cr_assert_eq((int)a->severity, m->severity, "%s", path);
}

static int walk(const struct rows *rows, const struct model *model, bool latches, int64_t step_ms, int left,
                const char *path) {
    int sequences = 1;
    for (int act = 0; left > 0 && act < ACTS; act++) {
        struct rows r = *rows;
        struct model m = *model;
        char longer[LENGTH * 10 + 1];
        snprintf(longer, sizeof longer, "%s %s", path, act_names[act]);
        const bool is_taken = alarm_step(&r, (enum act)act, latches, T + (LENGTH - left) * step_ms);
        cr_assert_eq(is_taken, model_step(&m, (enum act)act, latches), "%s", longer);
        expect_same(&r, &m, longer);
        sequences += walk(&r, &m, latches, step_ms, left - 1, longer);
    }
    return sequences;
}

/* A minute between steps keeps to one row, two hours make new ones. */
Test(alarm, promise_25_every_sequence) {
    static const int64_t steps[] = {60 * 1000, 2 * 60 * 60 * 1000};
    for (int i = 0; i < 4; i++) {
        const struct rows rows = {.count = 0};
        const struct model model = {.exists = false};
        cr_expect_gt(walk(&rows, &model, i & 1, steps[i >> 1], LENGTH - (i & 1), ""), 10000);
    }
}

Test(alarm, a_reset_that_is_refused_says_why) {
    static const struct {
        bool is_active, latches, is_latched;
        const char *says;
    } rows[] = {{true, true, false, "while its condition holds"},
                {true, false, false, "needs no reset"},
                {false, true, false, "cleared already"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct alarm now = {
            .alarm = "A", .is_active = rows[i].is_active, .latches = rows[i].latches, .is_latched = rows[i].is_latched};
        struct alarm next;
        struct fault fault;
        cr_expect_eq(alarm_reset(&now, "eva", T, &next, &fault), RESULT_CONFLICT);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "%s", fault.text);
    }
}

Test(alarm, calm_after_ten_quiet_minutes) {
    struct alarm now = {.is_flapping = true, .flap_count = 7, .taken_ms = T}, next;
    cr_expect_not(alarm_calm(&now, T + ALARM_FLAP_MS, &next));
    cr_assert(alarm_calm(&now, T + ALARM_FLAP_MS + 1, &next));
    cr_expect(!next.is_flapping && next.flap_count == 0);
    now.is_flapping = false;
    cr_expect_not(alarm_calm(&now, T + 2 * ALARM_FLAP_MS, &next), "it did not flap");
}

Test(alarm, promise_31_a_shelf_has_a_reason_and_an_end) {
    static const struct {
        int64_t minutes;
        const char *reason, *says;
    } rows[] = {{0, "r", "'minutes' is 0"},
                {-1, "r", "expected 1 to 10080"},
                {SHELF_MINUTES_MAX + 1, "r", "expected 1 to 10080"},
                {INT64_MAX, "r", "expected 1 to"},
                {5, "", "'reason' is empty"},
                {5, " \t\n", "'reason' is empty"}};
    struct shelf shelf;
    struct fault fault;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(shelf_make("eva", rows[i].reason, rows[i].minutes, T, &shelf, &fault), RESULT_BAD_INPUT, "%zu", i);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "%s", fault.text);
    }
    cr_assert_eq(shelf_make("eva", "spare part is on its way", SHELF_MINUTES_MAX, T, &shelf, &fault), RESULT_OK);
    cr_expect(shelf.until_ms == T + INT64_C(7) * 86400000 && shelf.from_ms == T && strcmp(shelf.by, "eva") == 0);
}

Test(alarm, the_explanation_is_of_the_newest_raise_and_whole_or_not_there) {
    struct firing firing = {
        .kind = FIRING_RAISE, .alarm = "A", .part = "", .severity = SEVERITY_IS_MINOR, .event_ms = T};
    struct alarm now, next;
    enum alarm_change change;
    const struct alarm_traits none = {.latches = false};
    snprintf(firing.explanation, sizeof firing.explanation, "[{\"term\":\"a\",\"value\":6,\"at\":%lld}]", (long long)T);
    alarm_apply(NULL, &firing, &none, &now, &change);
    cr_expect_str_eq(now.explanation, firing.explanation);
    firing.kind = FIRING_UPDATE;
    firing.value = 7;
    firing.explanation[0] = '\0';
    alarm_apply(&now, &firing, &none, &next, &change);
    cr_expect(change == ALARM_CHANGED && strstr(next.explanation, "\"term\""), "it still says why it was raised");
    firing.severity = SEVERITY_IS_MAJOR;
    snprintf(firing.explanation, sizeof firing.explanation, "[{\"term\":\"b\"}]");
    alarm_apply(&now, &firing, &none, &next, &change);
    cr_expect(change == ALARM_ROSE && strstr(next.explanation, "\"b\""));
}
