/* Predictive functions in rules: what an author writes, on a device that measures `a` every ten seconds. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "rig.h"

#define BEGIN_MS 1789948800000 /* a Monday, 00:00 UTC */
enum { STEP_S = 10, HOUR_S = 3600, DAY_S = 86400 };

static double ramp(int64_t s) {
    return 20 + (double)s / HOUR_S;
}
static double growth(int64_t s) {
    return exp((double)s / HOUR_S);
}
static double fall(int64_t s) {
    return 90 - (double)s / HOUR_S;
}
static double level(int64_t s) {
    (void)s;
    return 20;
}
static double cycles(int64_t s) { /* on for a minute of four */
    return s % 240 < 60 ? 100 : 0;
}
static double longer_cycles(int64_t s) { /* from the third hour on for three of four */
    return s % 240 < (s < 3 * HOUR_S ? 60 : 180) ? 100 : 0;
}
static double days(int64_t s) { /* 10 by night and 30 by day; the fourth noon is odd */
    const bool is_day = s % DAY_S >= 8 * HOUR_S && s % DAY_S < 20 * HOUR_S;
    return (is_day ? 30 : 10) + (s / DAY_S == 3 && s % DAY_S / HOUR_S == 12 ? 8 : 0);
}

static const struct {
    const char *expr;
    double (*value)(int64_t second);
    int64_t until_s;
    int64_t raised_s, slack_s; /* first; -1: never */
} rows[] = {
    {"time_to(a[1h], 30) < 2 * 3600", ramp, 12 * HOUR_S, 8 * HOUR_S, 2 * STEP_S},
    {"time_to(a[1h], 30, 0.9) < 2 * 3600", ramp, 12 * HOUR_S, 8 * HOUR_S, 2 * STEP_S},
    {"time_to_linear(a[1h], 80) < 1h", fall, 12 * HOUR_S, 9 * HOUR_S, 2 * STEP_S},
    {"time_to_exponential(a[6h], 30) < 1h", ramp, 12 * HOUR_S, 9 * HOUR_S, 1200},
    {"time_to_model(a[1h]) == 1", ramp, 12 * HOUR_S, 1800, 2 * STEP_S},
    {"time_to_model(a[1h]) == 2", ramp, 12 * HOUR_S, -1, 0},
    {"time_to_model(a[1h]) == 2", growth, 12 * HOUR_S, 1800, 2 * HOUR_S},
    {"time_to(a[1h], 10) < 100d", ramp, 12 * HOUR_S, -1, 0},
    {"time_to(a[1h], 30) < 100d", level, 12 * HOUR_S, -1, 0},
    {"time_to(a[1h], 30, 0.2) < 100d", ramp, 12 * HOUR_S, -1, 0},
    {"duty_cycle(a > 50, 1h) > 0.5 and duty_cycle_known(a > 50, 1h) > 0.9", longer_cycles, 6 * HOUR_S,
     3 * HOUR_S + 1800, 300},
    {"duty_cycle(a > 50, 1h) > 0.5 and duty_cycle_known(a > 50, 1h) > 0.9", cycles, 6 * HOUR_S, -1, 0},
    {"duty_cycle(a > 50, 1h) > 0.5", cycles, 6 * HOUR_S, STEP_S, 0}, /* all that is known so far */
    {"duty_cycle_known(a > 50, 1h) >= 0.5", cycles, 6 * HOUR_S, 1800, STEP_S},
    {"run_hours(a > 50) >= 1", cycles, 6 * HOUR_S, 59 * 240 + 60, STEP_S},
    {"starts(a > 50, 1h) >= 15", cycles, 6 * HOUR_S, HOUR_S, STEP_S},
    {"starts(a > 50, 1h) > 15", cycles, 6 * HOUR_S, -1, 0},
    {"starts(a, 1h) >= 15", cycles, 6 * HOUR_S, HOUR_S, STEP_S},
    {"a - baseline(a, 1d) > 5", days, 5 * DAY_S, 3 * DAY_S + 12 * HOUR_S, STEP_S},
    {"a > baseline(a, 1d) + 3 * clamp_min(baseline_spread(a, 1d), 3)", days, 5 * DAY_S, -1, 0},
    {"max_over_time(run_hours(a > 50)[10m]) >= 1", cycles, 6 * HOUR_S, 59 * 240 + 60, STEP_S},
};

static int64_t first_raise_s(struct rule_device *d, double (*value)(int64_t), int64_t until_s) {
    struct firings out;
    int64_t raised_s = -1;
    firings_init(&out);
    for (int64_t s = 0; s < until_s && raised_s < 0; s += STEP_S) {
        struct sample sample = {.event_ms = BEGIN_MS + s * 1000, .value = value(s)};
        rule_device_samples(d, &sample, 1, &out);
        for (size_t i = 0; i < out.count; i++)
            if (out.items[i].kind == FIRING_RAISE)
                raised_s = s;
        firings_reset(&out);
    }
    firings_fini(&out);
    return raised_s;
}

Test(predictive, rules_that_look_ahead_are_raised_when_they_should_be) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pack *pack = rig_rule(rows[i].expr, NULL, NULL, NULL);
        struct rule_device *d = rule_device_new(pack, "pump-1");
        const int64_t raised_s = first_raise_s(d, rows[i].value, rows[i].until_s);
        if (rows[i].raised_s < 0)
            cr_expect_eq(raised_s, -1, "%s: raised at %lld s", rows[i].expr, (long long)raised_s);
        else
            cr_expect(llabs(raised_s - rows[i].raised_s) <= rows[i].slack_s,
                      "%s: raised at %lld s, expected about %lld", rows[i].expr, (long long)raised_s,
                      (long long)rows[i].raised_s);
        rule_device_free(d);
        pack_free(pack);
    }
}
