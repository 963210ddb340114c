/* Rule state: saved and loaded it goes on as if nothing had happened; anything else is refused and changes nothing. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"
#include <stdio.h>

static const char alerts[] =
    "groups:\n"
    "- name: g\n"
    "  rules:\n"
    "  - record: b:mean\n"
    "    expr: avg_over_time(b[1m])\n"
    "  - alert: Derived\n"
    "    expr: max_over_time(b:mean[5m:30s]) - b:mean offset 2m > 6 and avg_over_time((a > bool b)[3m:7s]) > 0.2\n"
    "    labels: {severity: minor}\n"
    "  - alert: Counted\n"
    "    expr: duty_cycle(a > 55, 10m) > 0.4 and starts(v{part='left'} > 20, 5m) > 3 and run_hours(b > 5) > 0.1\n"
    "    labels: {severity: minor}\n"
    "  - alert: Counted\n"
    "    expr: duty_cycle(a > 55, 10m) > 0.6\n"
    "    labels: {severity: critical}\n"
    "  - alert: High\n"
    "    expr: a > 50\n"
    "    for: 30s\n"
    "    keep_firing_for: 20s\n"
    "    labels: {severity: major}\n"
    "    annotations: {summary: high}\n"
    "  - alert: Rising\n"
    "    expr: deriv(b[2m]) > 0.2 and avg_over_time(b[5m]) > 10\n"
    "    labels: {severity: minor}\n"
    "    annotations: {summary: rising}\n"
    "  - alert: Spread\n"
    "    expr: max_over_time(v[10m]) - min_over_time(v[10m]) > 30 and stddev_over_time(v[1m]) > 4\n"
    "    labels: {severity: warning}\n"
    "    annotations: {summary: spread}\n"
    "  - alert: Resets\n"
    "    expr: increase(c[1h]) > 3400 or increase(k[30m]) > 1000 and changes(c[1m]) > 10\n"
    "    labels: {severity: warning}\n"
    "    annotations: {summary: resets}\n"
    "  - alert: Newest\n"
    "    expr: irate(c[1h]) < 0.5 or resets(c[2h]) > 2 or quantile_over_time(0.9, b[1h]) > 18 or mad_over_time(b[5m]) "
    "> 3\n"
    "    labels: {severity: warning}\n"
    "    annotations: {summary: newest}\n"
    "  - alert: Ahead\n"
    "    expr: time_to(b[30m], 25) < 600 or duty_cycle(a > 50, 10m) > 0.6 or starts(a > 50, 1h) > 5\n"
    "    labels: {severity: warning}\n"
    "    annotations: {summary: ahead}\n";

static uint64_t noise(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* A message of a few series that began long ago, with values that make every rule come and go. */
static void feed(struct rule_device *d, int64_t second, uint64_t *seed, struct firings *out) {
    static const char *const parts[] = {"", "left", "right"};
    struct sample samples[8];
    size_t count = 0;
    const int64_t at_ms = 1700000000000 + second * 1000;
    const double slow = sin((double)second / 97), fast = (double)(noise(seed) % 1000) / 100;
    samples[count++] = (struct sample){.metric = 0, .event_ms = at_ms, .value = 50 + 20 * slow};
    samples[count++] = (struct sample){.metric = 1, .event_ms = at_ms, .value = 12 + 8 * slow + fast / 3};
    for (int i = 1; i < 3; i++)
        samples[count++] = (struct sample){.metric = 2,
                                           .part = rule_device_part(d, parts[i]),
                                           .event_ms = at_ms,
                                           .value = fast * (second / 200 % 2 ? 4 : 1)};
    samples[count++] = (struct sample){.metric = 4, .event_ms = at_ms, .value = (double)(second % 700)};
    samples[count++] = (struct sample){.metric = 5, .event_ms = at_ms, .value = (double)second * 0.75};
    if (noise(seed) % 50 == 0) /* late */
        samples[count++] = (struct sample){.metric = 1, .event_ms = at_ms - 15500, .value = fast};
    rule_device_samples(d, samples, count, out);
}

static void save(const struct rule_device *d, struct buf *out) {
    buf_reset(out);
    rule_device_save(d, out);
    cr_assert_not(out->overflow);
}

Test(state, promise_23_goes_on_as_if_nothing_had_happened) {
    struct pack *pack = rig_pack(alerts);
    struct rule_device *kept = rule_device_new(pack, "pump-1");
    struct firings of_kept, of_loaded;
    struct buf state;
    uint64_t seed = 7;
    size_t told = 0;
    buf_init(&state, 1 << 24);
    firings_init(&of_kept);
    firings_init(&of_loaded);
    for (int64_t second = 0; second < 9000; second++) {
        firings_reset(&of_kept);
        feed(kept, second, &seed, &of_kept);
        if (second % 613 != 0)
            continue;
        /* a copy, which has seen only the state, from here on beside the original */
        struct rule_device *loaded = rule_device_new(pack, "pump-1");
        (void)rule_device_part(loaded, "spare"); /* parts have other indices here */
        save(kept, &state);
        cr_assert_eq(rule_device_load(loaded, state.data, state.count), RESULT_OK);
        uint64_t seed_of_loaded = seed;
        for (int64_t next = second + 1; next < second + 700; next++) {
            firings_reset(&of_kept);
            firings_reset(&of_loaded);
            feed(kept, next, &seed, &of_kept);
            feed(loaded, next, &seed_of_loaded, &of_loaded);
            char expected[8000];
            strncpy(expected, rig_firings(&of_kept), sizeof expected - 1);
            expected[sizeof expected - 1] = 0;
            cr_assert_str_eq(rig_firings(&of_loaded), expected, "second %lld: %s, expected %s", (long long)next,
                             rig_firings(&of_loaded), expected);
            told += of_kept.count;
        }
        second += 699;
        rule_device_free(loaded);
    }
    cr_assert_gt(told, 20, "the rules fired: %zu", told);
    buf_fini(&state);
    firings_fini(&of_kept);
    firings_fini(&of_loaded);
    rule_device_free(kept);
    pack_free(pack);
}

static const char edited[] = "groups:\n- name: g\n  rules:\n"
                             "  - record: a:mean\n    expr: avg_over_time(a[1m])\n"
                             "  - alert: Kept\n    expr: avg_over_time(a[1m]) > 5\n    for: 2m\n"
                             "    labels: {severity: major}\n"
                             "  - alert: %s\n    expr: a > %d\n    for: 2m\n    labels: {severity: major}\n"
                             "  - alert: New\n    expr: min_over_time(a[%s]) > 5 and count_over_time(a[5m]) > 100\n"
                             "    labels: {severity: minor}\n";

static struct pack *edited_pack(const char *name, int limit, const char *range) {
    char text[2000];
    snprintf(text, sizeof text, edited, name, limit, range);
    return rig_pack(text);
}

/* `seconds` samples of a = 8, one a second, from `from` on; what fired as "name@second ". */
static void feed_eights(struct rule_device *d, int from, int seconds, char *told, size_t room) {
    struct firings f;
    firings_init(&f);
    told[0] = 0;
    for (int second = from; second < from + seconds; second++) {
        firings_reset(&f);
        rule_device_samples(d, &(struct sample){.metric = 0, .event_ms = (int64_t)second * 1000, .value = 8}, 1, &f);
        for (size_t i = 0; i < f.count; i++)
            if (f.items[i].kind == FIRING_RAISE)
                snprintf(told + strlen(told), room - strlen(told), "%s@%d ", f.items[i].alarm, second);
    }
    firings_fini(&f);
}

Test(state, an_edit_of_other_rules_leaves_a_rule_its_hold) {
    struct pack *before = edited_pack("Changed", 5, "1m"), *after = edited_pack("Changed", 6, "1m");
    struct rule_device *d = rule_device_new(before, "pump-1"), *e = rule_device_new(after, "pump-1");
    struct buf state;
    char told[400];
    buf_init(&state, 1 << 24);
    feed_eights(d, 0, 100, told, sizeof told);
    save(d, &state);
    cr_assert_eq(rule_device_load(e, state.data, state.count), RESULT_OK);
    cr_expect_not(rule_device_is_cold(e), "all windows were there");
    feed_eights(e, 100, 200, told, sizeof told);
    cr_expect_str_eq(told, "New@100 Kept@120 Changed@220 ", "%s", told);
    buf_fini(&state);
    rule_device_free(d);
    rule_device_free(e);
    pack_free(before);
    pack_free(after);
}

Test(state, an_edit_leaves_new_windows_cold_and_history_warms_them) {
    struct pack *before = edited_pack("Changed", 5, "1m"), *after = edited_pack("Other", 5, "3m");
    struct rule_device *d = rule_device_new(before, "pump-1"), *e = rule_device_new(after, "pump-1");
    struct buf state;
    char told[400];
    buf_init(&state, 1 << 24);
    feed_eights(d, 0, 100, told, sizeof told);
    save(d, &state);
    cr_assert_eq(rule_device_load(e, state.data, state.count), RESULT_OK);
    cr_expect(rule_device_is_cold(e), "min_over_time(a[3m]) is new");
    for (int second = 0; second < 100; second++) /* the last of them was 2 */
        rule_device_warm(e, &(struct sample){.metric = 0, .event_ms = (int64_t)second * 1000, .value = second ? 8 : 2});
    feed_eights(e, 100, 100, told, sizeof told);
    cr_expect_str_eq(told, "Kept@120 New@180 ", "%s", told);
    buf_fini(&state);
    rule_device_free(d);
    rule_device_free(e);
    pack_free(before);
    pack_free(after);
}

/* Firings of 1,000,000 samples as one digest; `lives` > 1: killed and loaded again in between, at moments of its own.
 */
static void log_of_a_million(int lives, uint8_t out[SHA256_BYTES], size_t *told) {
    struct pack *pack = rig_pack(alerts);
    struct rule_device *d = rule_device_new(pack, "pump-1");
    struct firings f;
    struct buf log, state;
    uint64_t seed = 11;
    buf_init(&log, 1 << 28);
    buf_init(&state, 1 << 24);
    firings_init(&f);
    *told = 0;
    for (int64_t second = 0; second < 1000000 / 6; second++) {
        firings_reset(&f);
        feed(d, second, &seed, &f);
        *told += f.count;
        for (size_t i = 0; i < f.count; i++)
            buf_printf(&log, "%d %s/%s %d %lld %.17g %s %s\n", (int)f.items[i].kind, f.items[i].alarm, f.items[i].part,
                       (int)f.items[i].severity, (long long)f.items[i].event_ms, f.items[i].value, f.items[i].summary,
                       f.items[i].explanation);
        if (lives == 1 || second % (1000000 / 6 / lives) != 77)
            continue;
        save(d, &state);
        rule_device_free(d);
        d = rule_device_new(pack, "pump-1");
        cr_assert_eq(rule_device_load(d, state.data, state.count), RESULT_OK);
    }
    cr_assert_not(log.overflow);
    sha256(log.data, log.count, out);
    buf_fini(&log);
    buf_fini(&state);
    firings_fini(&f);
    rule_device_free(d);
    pack_free(pack);
}

Test(state, promise_24_the_same_input_gives_the_same_log) {
    uint8_t first[SHA256_BYTES], second[SHA256_BYTES], killed[SHA256_BYTES];
    size_t told, told_killed;
    log_of_a_million(1, first, &told);
    log_of_a_million(1, second, &told);
    log_of_a_million(97, killed, &told_killed);
    cr_expect_gt(told, 1000, "the rules fired: %zu", told);
    cr_expect_eq(told, told_killed, "%zu, %zu", told, told_killed);
    cr_expect_eq(memcmp(first, second, SHA256_BYTES), 0);
    cr_expect_eq(memcmp(first, killed, SHA256_BYTES), 0, "kills leave no trace in it");
}

Test(state, damaged_is_refused_and_changes_nothing) {
    struct pack *pack = rig_pack(alerts), *other = rig_rule("avg_over_time(a[3m]) > 5", NULL, NULL, NULL);
    struct rule_device *d = rule_device_new(pack, "pump-1"), *b = rule_device_new(other, "pump-1");
    struct firings f;
    struct buf state, before, after;
    uint64_t seed = 1;
    buf_init(&state, 1 << 24);
    buf_init(&before, 1 << 24);
    buf_init(&after, 1 << 24);
    firings_init(&f);
    for (int64_t second = 0; second < 400; second++)
        feed(d, second, &seed, &f);
    save(d, &state);
    rig_feed(b, other, "0 a=1; 1 a=2", &f);
    save(b, &before);
    state.data[state.count - 1] ^= 1;
    cr_expect_eq(rule_device_load(b, state.data, state.count), RESULT_CORRUPT);
    state.data[state.count - 1] ^= 1;
    save(b, &after);
    cr_expect_eq(after.count, before.count);
    cr_expect_eq(memcmp(after.data, before.data, before.count), 0);
    struct rule_device *fresh = rule_device_new(pack, "pump-1");
    cr_expect_eq(rule_device_load(fresh, state.data, 0), RESULT_CORRUPT);
    for (size_t cut = 0; cut < state.count; cut += 1 + cut / 20)
        cr_expect_eq(rule_device_load(fresh, state.data, cut), RESULT_CORRUPT, "cut at %zu", cut);
    for (int i = 0; i < 2000; i++) {
        const size_t at = noise(&seed) % state.count;
        const uint8_t bit = (uint8_t)(1u << (noise(&seed) % 8));
        state.data[at] ^= bit;
        cr_expect_eq(rule_device_load(fresh, state.data, state.count), RESULT_CORRUPT, "byte %zu", at);
        state.data[at] ^= bit;
    }
    cr_expect_eq(rule_device_load(fresh, state.data, state.count), RESULT_OK);
    rule_device_free(fresh);
    rule_device_free(d);
    rule_device_free(b);
    firings_fini(&f);
    buf_fini(&state);
    buf_fini(&before);
    buf_fini(&after);
    pack_free(pack);
    pack_free(other);
}
