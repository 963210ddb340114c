/* Fleets against sorting: who is unusual among the others, who counts, and who has left. */
#include "rules/fleet.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect_contract.h"
#include "rig.h"
#include "rules/detect/fleet_zscore.h"

#define BEGIN_MS 1790000000000
enum { DEVICES_MAX = 300, STALE_MS = 3600 * 1000, STEP_MS = 10000 };

static uint64_t state;
static double uniform(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

/* ---- the ranking ---- */

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

Test(fleet, a_ranking_is_what_sorting_says_whatever_comes_and_goes) {
    static struct ranked nodes[DEVICES_MAX];
    bool is_in[DEVICES_MAX] = {false};
    struct ranked *top = NULL;
    size_t count = 0;
    state = 7;
    for (int step = 0; step < 20000; step++) {
        const size_t i = (size_t)(uniform() * DEVICES_MAX);
        if (is_in[i]) {
            ranking_remove(&top, &nodes[i]);
            count--;
        } else {
            nodes[i] = (struct ranked){.value = floor(uniform() * 50), .serial = (uint32_t)step};
            ranking_insert(&top, &nodes[i]);
            count++;
        }
        is_in[i] = !is_in[i];
        cr_assert_eq(ranking_count(top), count);
        if (step % 50 != 0)
            continue;
        double sorted[DEVICES_MAX];
        size_t n = 0, before = 0;
        for (size_t k = 0; k < DEVICES_MAX; k++)
            if (is_in[k]) {
                sorted[n++] = nodes[k].value;
                before += nodes[k].value < nodes[i].value ||
                          (nodes[k].value == nodes[i].value && nodes[k].serial < nodes[i].serial);
            }
        qsort(sorted, n, sizeof *sorted, compare);
        for (size_t k = 0; k < n; k++)
            cr_assert_eq(ranking_nth(top, k), sorted[k], "step %d: number %zu of %zu", step, k, n);
        cr_assert_eq(ranking_before(top, &nodes[i]), before, "step %d", step);
    }
}

/* ---- who is unusual ---- */

struct rig {
    struct fleets *all;
    struct fleet *fleets[DEVICES_MAX];
    struct fleet_member members[DEVICES_MAX];
    size_t count;
};

static void enter(struct rig *r, size_t i, const char *firmware) {
    struct fleet *before = r->fleets[i];
    r->fleets[i] = fleet_enter(r->all, "pump", firmware);
    fleet_member_join(&r->members[i], r->fleets[i], "x", "");
    fleet_leave(before);
}

static struct rig *rig_new(size_t count) {
    struct rig *r = mem_alloc(sizeof *r);
    r->all = fleets_new();
    r->count = count;
    for (size_t i = 0; i < count; i++)
        enter(r, i, "1.0");
    return r;
}

static void rig_free(struct rig *r) {
    for (size_t i = 0; i < r->count; i++) {
        fleet_member_withdraw(&r->members[i]);
        fleet_leave(r->fleets[i]);
    }
    cr_assert_eq(fleets_count(r->all), 0);
    fleets_free(r->all);
    free(r);
}

/* NAN: no answer. */
static double tell(struct rig *r, size_t i, int64_t at_ms, double value) {
    double z;
    return fleet_zscore_update(&r->members[i], at_ms, value, STALE_MS, &z) ? z : NAN;
}

/* One value each; then what each is told when it says the same again. */
static void tell_all(struct rig *r, const double *values, double *told) {
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < r->count; i++)
            told[i] = tell(r, i, BEGIN_MS + round * STEP_MS, values[i]);
}

Test(fleet, the_answer_is_the_others_median_and_quartiles_by_sorting) {
    static const size_t counts[] = {9, 10, 11, 12, 13, 40, 101, 300};
    state = 11;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        struct rig *r = rig_new(counts[c]);
        double values[DEVICES_MAX], told[DEVICES_MAX];
        for (size_t i = 0; i < r->count; i++)
            values[i] = floor(uniform() * 40) + (i == 3 ? 1000 : 0);
        tell_all(r, values, told);
        for (size_t i = 0; i < r->count; i++) {
            double others[DEVICES_MAX];
            size_t n = 0;
            for (size_t k = 0; k < r->count; k++)
                if (k != i)
                    others[n++] = values[k];
            qsort(others, n, sizeof *others, compare);
            const double median = (others[(n - 1) / 2] + others[n / 2]) / 2;
            const double sigma = (others[n - 1 - (n - 1) / 4] - others[(n - 1) / 4]) / 1.3489795003921634;
            cr_assert_float_eq(told[i], (values[i] - median) / sigma, 1e-9, "%zu devices, number %zu: %g", r->count, i,
                               told[i]);
        }
        cr_assert(told[3] > 30, "the odd one is told %g", told[3]);
        rig_free(r);
    }
}

Test(fleet, a_quarter_of_the_fleet_may_be_broken) {
    struct rig *r = rig_new(40);
    double values[DEVICES_MAX], told[DEVICES_MAX];
    state = 5;
    for (size_t i = 0; i < 40; i++)
        values[i] = 20 + uniform() + (i < 9 ? 1e6 : 0);
    tell_all(r, values, told);
    for (size_t i = 0; i < 40; i++)
        cr_assert(i < 9 ? told[i] > 1e5 : fabs(told[i]) < 4, "number %zu is told %g", i, told[i]);
    rig_free(r);
}

/* Moments of a device in a fleet: where it has an answer. */
Test(fleet, who_counts_and_who_has_no_answer) {
    struct rig *r = rig_new(10);
    for (size_t i = 0; i < 8; i++)
        cr_assert(isnan(tell(r, i, BEGIN_MS, (double)i)), "number %zu has fewer than eight others", i);
    cr_assert_not(isnan(tell(r, 8, BEGIN_MS, 8)), "the ninth has eight");
    /* the first is silent for as long as it may be, and for longer */
    for (size_t i = 1; i < 9; i++)
        (void)tell(r, i, BEGIN_MS + STALE_MS, (double)i);
    cr_assert_not(isnan(tell(r, 8, BEGIN_MS + STALE_MS + 0, 8)));
    for (size_t i = 1; i < 9; i++)
        (void)tell(r, i, BEGIN_MS + STALE_MS + 1, (double)i);
    cr_assert(isnan(tell(r, 8, BEGIN_MS + STALE_MS + 2, 8)), "seven are left");
    cr_assert_not(isnan(tell(r, 0, BEGIN_MS + STALE_MS + 3, 0)), "back again");
    cr_assert_not(isnan(tell(r, 8, BEGIN_MS + STALE_MS + 4, 8)));
    /* one that catches up on yesterday is nobody's equal */
    cr_assert(isnan(tell(r, 9, BEGIN_MS - 86400000, 1e9)));
    cr_assert_not(r->members[9].is_present);
    cr_assert_not(isnan(tell(r, 9, BEGIN_MS + STALE_MS, 9)), "arrived");
    /* a firmware of its own: nobody to compare with; and it does not count for the others */
    enter(r, 8, "2.0");
    enter(r, 9, "2.0");
    cr_assert_eq(fleets_count(r->all), 2);
    cr_assert(isnan(tell(r, 9, BEGIN_MS + STALE_MS + 10, 9)));
    cr_assert(isnan(tell(r, 1, BEGIN_MS + STALE_MS + 10, 1)), "seven others");
    enter(r, 9, "1.0");
    cr_assert(isnan(tell(r, 1, BEGIN_MS + STALE_MS + 11, 1)), "it begins anew: not before its next sample");
    (void)tell(r, 9, BEGIN_MS + STALE_MS + 12, 9);
    cr_assert_not(isnan(tell(r, 1, BEGIN_MS + STALE_MS + 13, 1)));
    rig_free(r);
}

Test(fleet, all_the_same_is_no_yardstick) {
    struct rig *r = rig_new(20);
    double values[DEVICES_MAX] = {0}, told[DEVICES_MAX];
    values[4] = 5;
    tell_all(r, values, told);
    for (size_t i = 0; i < 20; i++)
        cr_assert(isnan(told[i]), "number %zu is told %g", i, told[i]);
    rig_free(r);
}

Test(fleet, one_strange_sample_is_not_the_device) {
    struct rig *r = rig_new(20);
    double z = 0;
    state = 3;
    for (int64_t step = 0; step < 1000; step++)
        for (size_t i = 0; i < 20; i++)
            z = tell(r, i, BEGIN_MS + step * STEP_MS, 20 + (double)i / 10 + (i == 19 && step == 900 ? 50 : 0));
    cr_assert(fabs(z) < 2.5, "number 19 is told %g", z);
    /* but half an hour of it is */
    for (int64_t step = 1000; step < 1180; step++)
        for (size_t i = 0; i < 20; i++)
            z = tell(r, i, BEGIN_MS + step * STEP_MS, 20 + (double)i / 10 + (i == 19 ? 50 : 0));
    cr_assert(z > 10, "number 19 is told %g", z);
    rig_free(r);
}

Test(fleet, parts_and_expressions_are_compared_with_their_like) {
    struct fleets *all = fleets_new();
    struct fleet *fleet = fleet_enter(all, "pump", "1.0");
    static struct fleet_member members[40];
    double z = 0;
    memset(members, 0, sizeof members);
    for (size_t i = 0; i < 40; i++)
        fleet_member_join(&members[i], fleet, i % 4 < 2 ? "x" : "y", i % 2 ? "front" : "rear");
    for (size_t i = 0; i < 40; i++)
        cr_assert_eq(fleet_zscore_update(&members[i], BEGIN_MS, (double)(i % 4) * 1000 + (double)i, STALE_MS, &z),
                     i >= 32, "number %zu", i);
    cr_assert(fabs(z) < 3, "%g: compared with others", z);
    for (size_t i = 0; i < 40; i++)
        fleet_member_withdraw(&members[i]);
    fleet_leave(fleet);
    fleets_free(all);
}

/* ---- restarts ---- */

Test(fleet, promise_23_a_fleet_is_there_again_from_the_states_of_its_devices) {
    struct rig *kept = rig_new(30), *restarted = rig_new(30);
    state = 17;
    for (int64_t step = 0; step < 200; step++) {
        if (step % 60 == 50) { /* every state through its bytes, into a new fleet */
            struct rig *next = mem_alloc(sizeof *next);
            next->all = fleets_new();
            next->count = 30;
            for (size_t i = 30; i-- > 0;) {
                struct buf saved;
                buf_init(&saved, 1000);
                fleet_member_save(&restarted->members[i], &saved);
                struct cursor in = cursor_of(saved.data, saved.count);
                cr_assert(fleet_member_load(&next->members[i], &in) && in.left == 0);
                buf_fini(&saved);
                enter(next, i, "1.0");
            }
            rig_free(restarted);
            restarted = next;
        }
        for (size_t i = 0; i < 30; i++) {
            const double value = 20 + (double)i / 7 + uniform();
            const double a = tell(kept, i, BEGIN_MS + step * STEP_MS, value);
            const double b = tell(restarted, i, BEGIN_MS + step * STEP_MS, value);
            cr_assert(a == b || (isnan(a) && isnan(b)), "step %d, number %zu: %.17g, and %.17g after a restart",
                      (int)step, i, a, b);
        }
    }
    rig_free(kept);
    rig_free(restarted);
}

Test(fleet, a_state_that_is_not_one_is_refused) {
    static const struct {
        const char *bytes;
        size_t count;
    } rows[] = {
        {"", 0},
        {"\x01", 1},
        {"\x01\x02", 2},
        {"\x01\x02\x00\x00\x00\x00", 6},
        {"\xe9\x07\x02\x00\x00\x00\x00\x00\x00\x00\x00", 11}, /* 1,001 samples */
        {"\x01\x02\x7f\xf0\x00\x00\x00\x00\x00\x00", 10},     /* infinite */
        {"\x01\x02\x7f\xf8\x00\x00\x00\x00\x00\x00", 10},     /* not a number */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fleet_member m = {0};
        struct cursor in = cursor_of(rows[i].bytes, rows[i].count);
        cr_assert_not(fleet_member_load(&m, &in), "row %zu", i);
    }
}

/* ---- as a detector, in rules ---- */

Test(fleet, the_row_keeps_the_contract_of_detectors) {
    static struct detect_sample samples[500];
    const struct detector_spec spec = {.input_count = 1, .interval_ms = 10000};
    state = 23;
    for (size_t i = 0; i < 500; i++)
        samples[i] = (struct detect_sample){BEGIN_MS + (int64_t)i * (i % 90 ? 10000 : 9900000), {uniform()}};
    for (size_t i = 1; i < 500; i++)
        if (samples[i].at_ms <= samples[i - 1].at_ms)
            samples[i].at_ms = samples[i - 1].at_ms + 10000;
    detect_contract(&detect_fleet_zscore, &spec, samples, 500, "fleet_zscore");
}

enum { RULED = 12 };

static void feed_fleet(struct rule_device **devices, int64_t from_s, int64_t until_s, char told[RULED][200]) {
    struct firings out;
    firings_init(&out);
    for (int64_t s = from_s; s < until_s; s += 10)
        for (int i = 0; i < RULED; i++) {
            struct sample sample = {.event_ms = BEGIN_MS + s * 1000, .value = 50 + i + (i == 5 && s >= 3600 ? 80 : 0)};
            rule_device_samples(devices[i], &sample, 1, &out);
            for (size_t k = 0; k < out.count; k++)
                if (out.items[k].kind != FIRING_UPDATE && strlen(told[i]) < 150)
                    strcat(told[i], out.items[k].kind == FIRING_RAISE ? "raised " : "other ");
            firings_reset(&out);
        }
    firings_fini(&out);
}

Test(fleet, a_rule_raises_for_the_one_that_is_unlike_the_others_and_goes_on_after_a_restart) {
    struct pack *pack = rig_rule("fleet_zscore(a) > 6", NULL, NULL, NULL);
    struct fleets *all = fleets_new();
    struct rule_device *devices[RULED];
    char told[RULED][200] = {{0}};
    struct buf saved;
    buf_init(&saved, 1 << 20);
    for (int i = 0; i < RULED; i++) {
        devices[i] = rule_device_new(pack, "pump");
        rule_device_join(devices[i], fleet_enter(all, "pump", "1.0"));
        rule_device_join(devices[i], fleet_enter(all, "pump", "1.0")); /* born again: the same */
    }
    feed_fleet(devices, 0, 4000, told);
    for (int i = 0; i < RULED; i++) { /* one of them is loaded over itself, the others into new ones */
        buf_reset(&saved);
        rule_device_save(devices[i], &saved);
        if (i > 0) {
            rule_device_free(devices[i]);
            devices[i] = rule_device_new(pack, "pump");
            rule_device_join(devices[i], fleet_enter(all, "pump", "1.0"));
        }
        cr_assert_eq(rule_device_load(devices[i], saved.data, saved.count), RESULT_OK);
    }
    feed_fleet(devices, 4000, 9000, told);
    for (int i = 0; i < RULED; i++) {
        cr_assert_str_eq(told[i], i == 5 ? "raised " : "", "number %d: %s", i, told[i]);
        rule_device_free(devices[i]);
    }
    cr_assert_eq(fleets_count(all), 0);
    fleets_free(all);
    pack_free(pack);
    buf_fini(&saved);
}
