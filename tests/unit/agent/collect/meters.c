/* What statsd values add up to. */
#include "collect/meters.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct out {
    char text[8192];
    size_t count;
};

static void on_sample(void *self, const struct senml_record *r) {
    struct out *o = self;
    size_t used = strlen(o->text);
    if (used < sizeof o->text - 256) {
        snprintf(o->text + used, sizeof o->text - used, "%s%s%s=%g@%lld ", r->metric, r->part[0] ? "/" : "", r->part,
                 r->value, (long long)r->event_ms);
    }
    o->count++;
}

static const char *flush(struct meters *m, int64_t now, struct out *o) {
    struct sink sink = {.self = o, .sample = on_sample};
    o->text[0] = '\0';
    o->count = 0;
    meters_flush(m, now, &sink);
    return o->text;
}

static enum result take(struct meters *m, const char *name, enum statsd_kind kind, double value, int64_t now) {
    struct statsd_value v = {.kind = kind, .value = value, .rate = 1};
    snprintf(v.metric, sizeof v.metric, "%s", name);
    double level;
    return meters_take(m, &v, &(struct moment){.mono_ms = now, .wall_ms = now}, &level);
}

Test(meters, a_gauge_is_its_last_value_when_there_was_one) {
    struct meters *m = meters_new();
    struct out o;
    cr_expect_eq(take(m, "t", STATSD_GAUGE, 5, 100), RESULT_OK);
    cr_expect_eq(take(m, "t", STATSD_GAUGE, 7, 200), RESULT_OK);
    cr_expect_str_eq(flush(m, 1000, &o), "t=7@200 ", "with the time it arrived");
    cr_expect_str_eq(flush(m, 2000, &o), "", "silence is a gap, not a repeat");
    cr_expect_eq(take(m, "t", STATSD_GAUGE_DELTA, -2, 2100), RESULT_OK);
    cr_expect_str_eq(flush(m, 3000, &o), "t=5@2100 ");
    meters_free(m);
}

Test(meters, a_measured_time_is_kept) {
    struct meters *m = meters_new();
    struct out o;
    struct statsd_value v = {
        .kind = STATSD_GAUGE, .metric = "t", .value = 1, .rate = 1, .has_event_ms = true, .event_ms = 42};
    cr_expect_eq(meters_take(m, &v, &(struct moment){500, 500}, &(double){0}), RESULT_OK);
    cr_expect_str_eq(flush(m, 1000, &o), "t=1@42 ");
    meters_free(m);
}

Test(meters, a_counter_is_cumulative_and_speaks_always) {
    struct meters *m = meters_new();
    struct out o;
    struct statsd_value sampled = {.kind = STATSD_COUNTER, .metric = "c", .value = 1, .rate = 0.1};
    cr_expect_eq(take(m, "c", STATSD_COUNTER, 2, 100), RESULT_OK);
    cr_expect_eq(meters_take(m, &sampled, &(struct moment){100, 100}, &(double){0}), RESULT_OK);
    cr_expect_str_eq(flush(m, 1000, &o), "c=12@1000 ");
    cr_expect_str_eq(flush(m, 2000, &o), "c=12@2000 ", "silence means that nothing happened");
    cr_expect_eq(take(m, "c", STATSD_COUNTER, -1, 2100), RESULT_BAD_INPUT, "it cannot go down");
    cr_expect_str_eq(flush(m, 3000, &o), "c=12@3000 ");
    meters_free(m);
}

Test(meters, a_timer_is_four_metrics) {
    struct meters *m = meters_new();
    struct out o;
    for (int i = 1; i <= 100; i++) {
        cr_assert_eq(take(m, "lat", STATSD_TIMER, i, 100), RESULT_OK);
    }
    cr_expect_str_eq(flush(m, 1000, &o), "lat_count=100@1000 lat_sum=5050@1000 lat_max=100@1000 lat_p95=95@1000 ");
    cr_expect_str_eq(flush(m, 2000, &o), "lat_count=100@2000 lat_sum=5050@2000 ", "no values, no maximum");
    cr_expect_eq(take(m, "lat", STATSD_TIMER, 7, 2100), RESULT_OK);
    cr_expect_str_eq(flush(m, 3000, &o), "lat_count=101@3000 lat_sum=5057@3000 lat_max=7@3000 lat_p95=7@3000 ");
    meters_free(m);
}

Test(meters, a_flood_is_sampled_but_counted) {
    struct meters *m = meters_new();
    struct out o;
    long long count = 0;
    double sum = 0, max = 0, p95 = 0;
    for (int i = 0; i < 100000; i++) {
        cr_assert_eq(take(m, "lat", STATSD_TIMER, i % 1000, 100), RESULT_OK);
    }
    flush(m, 1000, &o);
    cr_assert_eq(
        sscanf(o.text, "lat_count=%lld@1000 lat_sum=%lf@1000 lat_max=%lf@1000 lat_p95=%lf", &count, &sum, &max, &p95),
        4);
    cr_expect_eq(count, 100000);
    cr_expect_eq(max, 999);
    cr_expect(p95 > 800 && p95 < 1000, "p95 %g: 128 of 100000 values are a fair sample", p95);
    meters_free(m);
}

Test(meters, refusals) {
    struct meters *m = meters_new();
    struct out o;
    char name[CAP_METRIC_BYTES + 1];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    cr_expect_eq(take(m, name, STATSD_TIMER, 1, 0), RESULT_BAD_INPUT, "no room for _count");
    cr_expect_eq(take(m, "x", STATSD_GAUGE, 1, 0), RESULT_OK);
    cr_expect_eq(take(m, "x", STATSD_COUNTER, 1, 0), RESULT_CONFLICT, "a name has one kind");
    cr_expect_eq(take(m, "x", STATSD_GAUGE_DELTA, 1, 0), RESULT_OK, "a relative gauge is a gauge");
    cr_expect_str_eq(flush(m, 1000, &o), "x=2@0 ");
    meters_free(m);
}

Test(meters, full_until_one_was_idle_for_an_hour) {
    struct meters *m = meters_new();
    char name[32];
    for (int i = 0; i < METERS_MAX; i++) {
        snprintf(name, sizeof name, "m%d", i);
        cr_assert_eq(take(m, name, STATSD_GAUGE, i, i == 17 ? 0 : 1000), RESULT_OK);
    }
    cr_expect_eq(take(m, "one_more", STATSD_GAUGE, 1, 3600000 - 1), RESULT_FULL);
    cr_expect_eq(take(m, "m5", STATSD_GAUGE, 1, 2000), RESULT_OK, "known ones go on");
    cr_expect_eq(take(m, "one_more", STATSD_GAUGE, 1, 3600000), RESULT_OK, "m17 makes room");
    cr_expect_eq(meters_count(m), METERS_MAX);
    meters_free(m);
}
