/* The daily budget: the policy as a table, and the count over restarts, days and clocks. */
#include "day_budget.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "scratch.h"

enum { HOUR = 3600 * 1000, DAY = 24 * HOUR, MIB = 1024 * 1024 };
#define MIDNIGHT INT64_C(1795305600000)

Test(budget, levels_by_use_and_time_of_day) {
    static const struct {
        const char *what;
        enum budget_level now;
        int64_t used, limit, ms_of_day;
        enum budget_level level;
    } rows[] = {{"unlimited", BUDGET_FREE, 1 << 30, 0, 0, BUDGET_FREE},
                {"unlimited, whatever it was", BUDGET_SPENT, 1 << 30, 0, HOUR, BUDGET_FREE},
                {"a new day", BUDGET_FREE, 0, MIB, 0, BUDGET_FREE},
                {"a lead of a tenth is allowed", BUDGET_FREE, MIB / 10, MIB, 0, BUDGET_FREE},
                {"ahead by a fifth", BUDGET_FREE, MIB / 5, MIB, 0, BUDGET_SLOW},
                {"ahead by a third", BUDGET_FREE, MIB / 3, MIB, 0, BUDGET_THIN},
                {"ahead by half", BUDGET_FREE, MIB / 2, MIB, 0, BUDGET_THINNER},
                {"half at noon", BUDGET_FREE, MIB / 2, MIB, 12 * HOUR, BUDGET_FREE},
                {"six tenths at noon", BUDGET_FREE, MIB / 10 * 6, MIB, 12 * HOUR, BUDGET_SLOW},
                {"two thirds at noon", BUDGET_FREE, MIB / 3 * 2, MIB, 12 * HOUR, BUDGET_THIN},
                {"nine tenths at noon", BUDGET_FREE, MIB / 10 * 9, MIB, 12 * HOUR, BUDGET_THINNER},
                {"all but the reserve", BUDGET_FREE, MIB / 100 * 98, MIB, 12 * HOUR, BUDGET_SPENT},
                {"the reserve shrinks towards midnight", BUDGET_FREE, MIB / 100 * 98, MIB, 23 * HOUR, BUDGET_THINNER},
                {"nothing is left", BUDGET_FREE, MIB, MIB, DAY - 1, BUDGET_SPENT},
                {"more than that is gone", BUDGET_THIN, 3 * MIB, MIB, DAY - 1, BUDGET_SPENT},
                {"it rises at once", BUDGET_SLOW, MIB / 2, MIB, 0, BUDGET_THINNER},
                {"it falls when it is clearly lower", BUDGET_THIN, MIB / 2, MIB, 12 * HOUR, BUDGET_FREE},
                {"and stays when it is barely lower", BUDGET_SLOW, MIB / 100 * 54, MIB, 12 * HOUR, BUDGET_SLOW}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        enum budget_level level = budget_decide(rows[i].now, rows[i].used, rows[i].limit, rows[i].ms_of_day);
        cr_expect_eq(level, rows[i].level, "%s: %s", rows[i].what, budget_pace(level)->name);
    }
}

Test(budget, each_level_saves_more_than_the_one_below) {
    for (int level = 1; level < BUDGET_LEVELS; level++) {
        const struct budget_pace *a = budget_pace((enum budget_level)(level - 1));
        const struct budget_pace *b = budget_pace((enum budget_level)level);
        cr_expect(b->wait_factor >= a->wait_factor && b->thin_ms >= a->thin_ms, "%s", b->name);
        cr_expect(b->only_warnings >= a->only_warnings && b->holds_bulk >= a->holds_bulk, "%s", b->name);
    }
    cr_expect(budget_pace(BUDGET_SPENT)->holds_bulk && !budget_pace(BUDGET_THINNER)->holds_bulk);
}

/* A product that would send eight times its budget: it adapts, and stays within it. */
Test(budget, a_day_stays_within_it) {
    int64_t used = 0, limit = 10 * MIB, minutes[BUDGET_LEVELS] = {0};
    enum budget_level level = BUDGET_FREE;
    for (int minute = 0; minute < 24 * 60; minute++) {
        static const int64_t bytes_a_minute[BUDGET_LEVELS] = {58000, 30000, 9000, 2000, 50};
        level = budget_decide(level, used, limit, minute * INT64_C(60000));
        used += bytes_a_minute[level];
        minutes[level]++;
    }
    cr_expect_leq(used, limit, "%ld", (long)used);
    cr_expect_geq(used, limit / 10 * 9, "%ld: most of it is used", (long)used);
    cr_expect_leq(minutes[BUDGET_SPENT], 15, "%ld minutes without telemetry", (long)minutes[BUDGET_SPENT]);
}

Test(budget, what_a_message_costs) {
    int64_t small = budget_message_bytes(30, 100, true), large = budget_message_bytes(30, 16000, true);
    cr_expect(small > 300 && small < 500, "%ld", (long)small);
    cr_expect(large > 16000 + 11 * 80 && large < 18000, "%ld", (long)large);
    cr_expect_lt(budget_message_bytes(30, 100, false), small);
}

/* ---- the count ---- */

static struct moment clocks;
static struct wall wall;
static struct moment read_clocks(void *self) {
    (void)self;
    return clocks;
}

static void set_up(void) {
    scratch_make();
    clocks = (struct moment){.mono_ms = 1000, .wall_ms = MIDNIGHT + HOUR};
    wall_init(&wall, (struct wall_source){.read = read_clocks}, 0);
}
TestSuite(budget_count, .init = set_up, .fini = scratch_remove);

static int64_t used_after_restart(int64_t limit) {
    struct budget *b = budget_new(scratch_path(""), limit, &wall);
    int64_t used = budget_state(b).used;
    budget_free(b);
    return used;
}

Test(budget_count, survives_a_restart_within_the_day) {
    struct budget *b = budget_new(scratch_path(""), MIB, &wall);
    budget_spend(b, 300000);
    budget_spend(b, 77);
    budget_free(b);
    cr_expect_eq(used_after_restart(MIB), 300077);
    clocks.wall_ms += 22 * HOUR;
    clocks.mono_ms += 22 * HOUR;
    cr_expect_eq(used_after_restart(MIB), 300077);
    clocks.wall_ms += 2 * HOUR;
    clocks.mono_ms += 2 * HOUR;
    cr_expect_eq(used_after_restart(MIB), 0, "another day");
}

Test(budget_count, a_kill_forgets_a_hundredth_and_that_is_counted_as_used) {
    struct budget *b = budget_new(scratch_path(""), MIB, &wall);
    for (int i = 0; i < 3000; i++) {
        budget_spend(b, 100);
    }
    cr_expect_geq(used_after_restart(MIB), 300000, "as if killed: the file is what was saved last");
    cr_expect_leq(used_after_restart(MIB), 300000 + 2 * MIB / 100);
    budget_free(b);
}

Test(budget_count, the_day_ends_while_it_runs) {
    struct budget *b = budget_new(scratch_path(""), MIB, &wall);
    budget_spend(b, MIB);
    cr_expect_eq(budget_level(b), BUDGET_SPENT);
    clocks.wall_ms += 23 * HOUR - 1;
    clocks.mono_ms += 23 * HOUR - 1;
    cr_expect_eq(budget_level(b), BUDGET_SPENT);
    clocks.wall_ms++;
    clocks.mono_ms++;
    cr_expect_eq(budget_level(b), BUDGET_FREE);
    cr_expect_eq(budget_state(b).used, 0);
    cr_expect_eq(budget_state(b).ever_used, MIB);
    budget_free(b);
}

Test(budget_count, a_file_that_is_none_is_no_obstacle) {
    static const char *const bad[] = {"",
                                      "{",
                                      "{}",
                                      "[]",
                                      "{\"day\":\"x\"}",
                                      "{\"day\":1,\"used\":-5,\"closed\":true}",
                                      "{\"day\":99999999,\"used\":5,\"closed\":true}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        scratch_write("budget.json", bad[i]);
        cr_expect_eq(used_after_restart(MIB), 0, "%s", bad[i]);
    }
}

Test(budget_count, unlimited_writes_nothing) {
    struct budget *b = budget_new(scratch_path(""), 0, &wall);
    budget_spend(b, MIB);
    cr_expect_eq(budget_level(b), BUDGET_FREE);
    cr_expect_eq(budget_state(b).ever_used, MIB);
    budget_free(b);
    FILE *file = fopen(scratch_path("budget.json"), "r");
    cr_expect_null(file);
}
