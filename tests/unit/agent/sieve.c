/* What passes while the budget is short, and what is counted as lost. */
#include "sieve.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scratch.h"

static struct loop *loop;
static struct wall wall;
static struct losses *losses;
static struct sieve *sieve;
static char passed[4096];
static char told[1024];

static void on_sample(void *self, const struct senml_record *r) {
    (void)self;
    size_t used = strlen(passed);
    snprintf(passed + used, sizeof passed - used, "%s=%g@%ld ", r->metric, r->value, (long)r->event_ms);
}
static void on_log(void *self, const struct log_record *r) {
    (void)self;
    size_t used = strlen(passed);
    snprintf(passed + used, sizeof passed - used, "log%d ", r->severity);
}
static void on_told(void *self, const struct event_message *event) {
    (void)self;
    size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "%lu %ld-%ld %.6s;", event->gap_count, (long)event->gap_first_ms,
             (long)event->gap_last_ms, event->text);
    cr_expect_eq(event->kind, EVENT_GAP);
}

static void set_up(void) {
    scratch_make();
    loop = loop_new();
    wall_init(&wall, wall_machine(), 0);
    losses = losses_new(loop, &wall, scratch_path(""), NULL, on_told);
    sieve = sieve_new(&(struct sink){.sample = on_sample, .log = on_log}, losses);
    passed[0] = told[0] = '\0';
}
static void tear_down(void) {
    sieve_free(sieve);
    losses_free(losses);
    loop_free(loop);
    scratch_remove();
}
TestSuite(sieve, .init = set_up, .fini = tear_down);

static void sample(const char *metric, double value, int64_t at_ms) {
    struct senml_record r = {.value = value, .event_ms = at_ms};
    snprintf(r.metric, sizeof r.metric, "%s", metric);
    sieve_sample(sieve, &r, at_ms);
}
#define PASSED(expected)                                                                                               \
    do {                                                                                                               \
        cr_expect_str_eq(passed, expected, "passed: %s", passed);                                                      \
        passed[0] = '\0';                                                                                              \
    } while (0)

Test(sieve, everything_passes_while_the_budget_is_free) {
    struct log_record line = {.severity = SEVERITY_DEBUG};
    sample("a", 1, 10);
    sample("a", 2, 20);
    sieve_log(sieve, &line);
    PASSED("a=1@10 a=2@20 log7 ");
    cr_expect_eq(losses_total(losses, LOSS_BUDGET), 0);
}

Test(sieve, lowest_highest_and_last_of_an_interval_pass) {
    sieve_set_pace(sieve, budget_pace(BUDGET_THIN));
    static const double values[] = {5, 7, 3, 9, 4, 6};
    for (int i = 0; i < 6; i++) {
        sample("a", values[i], 1000 * (i + 1));
    }
    sample("b", 1, 1500);
    PASSED("");
    sieve_sweep(sieve, 60999);
    PASSED("");
    sieve_sweep(sieve, 61000);
    PASSED("a=3@3000 a=9@4000 a=6@6000 ");
    cr_expect_eq(losses_total(losses, LOSS_BUDGET), 3);
    sieve_sweep(sieve, 61500);
    PASSED("b=1@1500 ");
    cr_expect_eq(losses_total(losses, LOSS_BUDGET), 3, "a single sample is no loss");
    losses_flush(losses);
    cr_expect_str_eq(told, "3 1000-6000 budget;", "%s", told);
}

Test(sieve, the_next_sample_ends_an_interval_too) {
    sieve_set_pace(sieve, budget_pace(BUDGET_THIN));
    sample("a", 1, 1000);
    sample("a", 1, 2000);
    sample("a", 8, 70000);
    PASSED("a=1@1000 a=1@2000 ");
    sieve_flush(sieve);
    PASSED("a=8@70000 ");
    cr_expect_eq(losses_total(losses, LOSS_BUDGET), 0);
}

Test(sieve, leaving_the_level_hands_on_what_is_held) {
    sieve_set_pace(sieve, budget_pace(BUDGET_THINNER));
    for (int i = 0; i < 100; i++) {
        sample("a", i, 1000 + i);
    }
    sieve_set_pace(sieve, budget_pace(BUDGET_FREE));
    PASSED("a=0@1000 a=99@1099 ");
    cr_expect_eq(losses_total(losses, LOSS_BUDGET), 98);
    sample("a", 5, 2000);
    PASSED("a=5@2000 ");
}

Test(sieve, logs_below_a_warning_go_first) {
    sieve_set_pace(sieve, budget_pace(BUDGET_THIN));
    for (int severity = SEVERITY_EMERGENCY; severity <= SEVERITY_DEBUG; severity++) {
        struct log_record line = {.severity = severity, .event_ms = 100 + severity};
        sieve_log(sieve, &line);
    }
    PASSED("log0 log1 log2 log3 log4 ");
    losses_flush(losses);
    cr_expect_str_eq(told, "3 105-107 budget;", "%s", told);
}

Test(sieve, series_beyond_its_room_pass_as_they_are) {
    char name[32];
    sieve_set_pace(sieve, budget_pace(BUDGET_THIN));
    for (int i = 0; i < SIEVE_SERIES_MAX; i++) {
        snprintf(name, sizeof name, "m%d", i);
        sample(name, 1, 1000);
    }
    PASSED("");
    sample("more", 1, 1000);
    PASSED("more=1@1000 ");
}

/* ---- losses ---- */

Test(sieve, losses_survive_a_kill) {
    losses_add(losses, LOSS_STATSD_FLOOD, 5, 1000, 2000);
    losses_add(losses, LOSS_STATSD_FLOOD, 2, 500, 1500);
    losses_add(losses, LOSS_TAIL, 0, 700, 700);
    losses_save(losses);
    struct losses *next = losses_new(loop, &wall, scratch_path(""), NULL, on_told);
    losses_flush(next);
    cr_expect_str_eq(told, "7 500-2000 statsd;0 700-700 a log ;", "%s", told);
    told[0] = '\0';
    losses_free(next);
    next = losses_new(loop, &wall, scratch_path(""), NULL, on_told);
    losses_flush(next);
    cr_expect_str_eq(told, "", "told once: %s", told);
    losses_free(next);
}

Test(sieve, a_losses_file_that_is_none_is_no_obstacle) {
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "{\"budget\":5}",
                                      "{\"budget\":{\"count\":-1,\"first\":1,\"last\":2}}",
                                      "{\"unknown\":{\"count\":1,\"first\":1,\"last\":2}}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        scratch_write("losses.json", bad[i]);
        struct losses *next = losses_new(loop, &wall, scratch_path(""), NULL, on_told);
        losses_flush(next);
        cr_expect_str_eq(told, "", "%s: %s", bad[i], told);
        losses_free(next);
    }
}
