#include "rules/condition.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* A story: at each second what is read (T true, O over, B between, ? unknown, or g: a gap until then), and what is
 * told: R U ? C with the second of the event. */
struct story {
    const char *what;
    struct hold hold;
    struct {
        int at_s;
        char reading;
        const char *told;
    } steps[12];
};

static const struct story stories[] = {
    {"no hold: raised at once, cleared at once", {0, 0}, {{1, 'T', "R1"}, {2, 'T', ""}, {3, 'O', "C3"}, {4, 'O', ""}}},
    {"held for ten seconds, raised with the time since when",
     {10000, 0},
     {{1, 'T', ""}, {10, 'T', ""}, {11, 'T', "R1"}, {12, 'O', "C12"}}},
    {"false in between: the hold begins anew",
     {10000, 0},
     {{1, 'T', ""}, {9, 'O', ""}, {10, 'T', ""}, {19, 'T', ""}, {20, 'T', "R10"}}},
    {"between in between as well",
     {10000, 0},
     {{1, 'T', ""}, {9, 'B', ""}, {10, 'T', ""}, {11, 'T', ""}, {20, 'T', "R10"}}},
    {"unknown in between as well",
     {10000, 0},
     {{1, 'T', ""}, {9, '?', ""}, {10, 'T', ""}, {11, 'T', ""}, {20, 'T', "R10"}}},
    {"a gap in between as well",
     {10000, 0},
     {{1, 'T', ""}, {8, 'g', ""}, {15, 'T', ""}, {20, 'T', ""}, {25, 'T', "R15"}}},
    {"keep_firing_for holds it; the clear says since when it was over",
     {0, 10000},
     {{1, 'T', "R1"}, {5, 'O', ""}, {14, 'O', ""}, {15, 'O', "C5"}}},
    {"true again during that: as if nothing had been",
     {0, 10000},
     {{1, 'T', "R1"}, {5, 'O', ""}, {9, 'T', ""}, {10, 'O', ""}, {19, 'O', ""}, {20, 'O', "C10"}}},
    {"neither true nor recovered: it stays, and recovery begins anew",
     {0, 10000},
     {{1, 'T', "R1"}, {5, 'O', ""}, {9, 'B', ""}, {15, 'O', ""}, {24, 'O', ""}, {25, 'O', "C15"}}},
    {"unknown does not clear, is told once, and data that is back is told",
     {0, 0},
     {{1, 'T', "R1"}, {5, '?', "?5"}, {6, '?', ""}, {9, 'T', "U9"}, {10, 'O', "C10"}}},
    {"unknown, then recovered at once: one word is enough", {0, 0}, {{1, 'T', "R1"}, {5, '?', "?5"}, {9, 'O', "C9"}}},
    {"unknown interrupts a recovery",
     {0, 10000},
     {{1, 'T', "R1"}, {5, 'O', ""}, {8, '?', "?8"}, {10, 'O', "U10"}, {19, 'O', ""}, {20, 'O', "C10"}}},
    {"a gap does not clear either", {0, 0}, {{1, 'T', "R1"}, {5, 'g', "?5"}, {60, 'g', ""}, {90, 'T', "U90"}}},
    {"a gap does not count as recovery",
     {0, 10000},
     {{1, 'T', "R1"}, {5, 'O', ""}, {8, 'g', "?8"}, {60, 'O', "U60"}, {70, 'O', "C60"}}},
    {"never true: nothing", {0, 0}, {{1, 'O', ""}, {2, '?', ""}, {3, 'B', ""}, {4, 'g', ""}}},
    {"cleared, then true again: raised again", {0, 0}, {{1, 'T', "R1"}, {2, 'O', "C2"}, {3, 'T', "R3"}}},
};

static struct transition play(struct condition *c, const struct hold *hold, char reading, int64_t now_ms) {
    switch (reading) {
    case 'T': return condition_read(c, hold, READING_TRUE, 7, now_ms, now_ms + 1000);
    case 'O': return condition_read(c, hold, READING_OVER, 0, now_ms, now_ms + 1000);
    case 'B': return condition_read(c, hold, READING_BETWEEN, 0, now_ms, now_ms + 1000);
    case '?': return condition_read(c, hold, READING_UNKNOWN, 0, now_ms, INT64_MAX);
    default: return condition_gap(c, now_ms);
    }
}

Test(condition, stories) {
    static const char kinds[] = {
        [FIRING_RAISE] = 'R', [FIRING_UPDATE] = 'U', [FIRING_UNKNOWN] = '?', [FIRING_CLEAR] = 'C'};
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        struct condition c = {.until_ms = INT64_MAX};
        for (size_t k = 0; stories[i].steps[k].reading; k++) {
            char told[32] = "";
            struct transition t =
                play(&c, &stories[i].hold, stories[i].steps[k].reading, stories[i].steps[k].at_s * INT64_C(1000));
            if (t.is_told)
                snprintf(told, sizeof told, "%c%lld", kinds[t.kind], (long long)(t.event_ms / 1000));
            cr_expect_str_eq(told, stories[i].steps[k].told, "\"%s\", second %d: told \"%s\", expected \"%s\"",
                             stories[i].what, stories[i].steps[k].at_s, told, stories[i].steps[k].told);
        }
    }
}

Test(condition, knows_when_time_alone_matters) {
    struct hold hold = {.for_ms = 10000, .keep_firing_ms = 20000};
    struct condition c = {.until_ms = INT64_MAX};
    cr_expect_eq(condition_due_ms(&c, &hold), INT64_MAX, "idle: never");
    (void)condition_read(&c, &hold, READING_TRUE, 1, 1000, 61000);
    cr_expect_eq(condition_due_ms(&c, &hold), 11000, "pending: the hold ends");
    (void)condition_read(&c, &hold, READING_TRUE, 1, 1000, 5000);
    cr_expect_eq(condition_due_ms(&c, &hold), 5001, "pending: stale before that");
    (void)condition_read(&c, &hold, READING_TRUE, 1, 11000, 71000);
    cr_expect_eq(condition_due_ms(&c, &hold), 71001, "firing: stale");
    (void)condition_read(&c, &hold, READING_OVER, 1, 12000, 72000);
    cr_expect_eq(condition_due_ms(&c, &hold), 32000, "recovering: kept so long");
}

Test(condition, data_from_before_a_restored_alarm_does_not_clear_it) {
    struct hold hold = {0};
    struct condition c = {.phase = PHASE_FIRING, .since_ms = 50000, .until_ms = INT64_MAX};
    struct transition t = condition_read(&c, &hold, READING_OVER, 0, 40000, 100000);
    cr_expect_not(t.is_told);
    cr_expect_eq(c.phase, PHASE_FIRING);
    t = condition_read(&c, &hold, READING_OVER, 0, 60000, 120000);
    cr_expect(t.is_told && t.kind == FIRING_CLEAR);
}
