/* Why an alarm is silent, and when a backlog has drained. */
#include "rules/silence.h"

#include <criterion/criterion.h>

#define NOW ((int64_t)1700000000000)

Test(silence, the_first_reason_counts) {
    static const struct {
        const char *what;
        struct silence_facts facts;
        enum silence silence;
    } rows[] = {
        {"nothing", {0}, SILENCE_NONE},
        {"shelved before all", {true, true, true, true, true, true}, SILENCE_SHELVED},
        {"maintenance", {.is_in_maintenance = true, .is_past = true}, SILENCE_MAINTENANCE},
        {"contact, and the parent is down", {.is_contact = true, .is_parent_down = true}, SILENCE_PARENT},
        {"no contact alarm, whatever the parent does", {.is_parent_down = true}, SILENCE_NONE},
        {"contact, and the parent is there", {.is_contact = true}, SILENCE_NONE},
        {"another alarm explains it", {.is_explained = true, .is_past = true}, SILENCE_ALARM},
        {"a backlog", {.is_past = true}, SILENCE_PAST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(silence_of(&rows[i].facts), rows[i].silence, "%s", rows[i].what);
    for (int s = 0; s < SILENCE_COUNT; s++)
        cr_expect(silence_name((enum silence)s) && silence_settle_ms((enum silence)s) >= 0);
}

Test(silence, promise_4_when_a_backlog_has_drained) {
    static const struct {
        const char *what;
        int64_t front_ago_ms, taken_ago_ms;
        bool is_fault_code, has_drained;
    } rows[] = {
        {"data of an hour ago comes in", 3600000, 1000, false, false},
        {"it has come to now", 1000, 1000, false, true},
        {"two minutes are now", SILENCE_NEAR_MS, 1000, false, true},
        {"more is not", SILENCE_NEAR_MS + 1, 1000, false, false},
        {"nothing was heard since the start", NOW, 1000, false, false},
        {"a fault code, and more may come", 3600000, SILENCE_CODES_MS - 1, true, false},
        {"a fault code, and no more came", 3600000, SILENCE_CODES_MS, true, true},
        {"a backlog that does not end", 3600000, SILENCE_WAIT_MS, false, true},
        {"nearly", 3600000, SILENCE_WAIT_MS - 1, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct silence_backlog backlog = {.front_ms = NOW - rows[i].front_ago_ms,
                                                .taken_ms = NOW - rows[i].taken_ago_ms,
                                                .is_fault_code = rows[i].is_fault_code};
        cr_expect_eq(silence_has_drained(&backlog, NOW), rows[i].has_drained, "%s", rows[i].what);
    }
}
