/* How long the uplink waits, for one product and for a fleet. */
#include "retry.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static const struct agent_config config = {
    .backoff_min_ms = 1000, .backoff_max_ms = 120000, .reconnect_spread_ms = 30000};

Test(retry, one_product) {
    static const struct {
        const char *what;
        enum retry_cause causes[4]; /* the last one is looked at */
        size_t count;
        bool has_succeeded; /* before the last */
        int64_t lasted_ms, least_ms, most_ms;
    } rows[] = {{"a lost connection: anywhere in the spread", {RETRY_LOST}, 1, true, 0, 0, 30000},
                {"that had no answer: as a failure", {RETRY_LOST}, 1, false, 0, 500, 30500},
                {"the first failure", {RETRY_FAILED}, 1, false, 0, 500, 30500},
                {"the third failure", {RETRY_FAILED, RETRY_FAILED, RETRY_FAILED}, 3, false, 0, 2000, 32000},
                {"an answer begins anew", {RETRY_FAILED, RETRY_FAILED, RETRY_FAILED}, 3, true, 0, 500, 30500},
                {"taken over", {RETRY_TAKEN}, 1, true, 0, 60000, 120000},
                {"taken over again", {RETRY_TAKEN, RETRY_TAKEN}, 2, true, 600000, 120000, 240000},
                {"and again", {RETRY_TAKEN, RETRY_TAKEN, RETRY_TAKEN}, 3, true, 0, 240000, 480000},
                {"a failure between does not end the row",
                 {RETRY_TAKEN, RETRY_FAILED, RETRY_TAKEN},
                 3,
                 true,
                 0,
                 120000,
                 240000},
                {"a calm time does", {RETRY_TAKEN, RETRY_TAKEN, RETRY_TAKEN}, 3, true, RETRY_CALM_MS, 60000, 120000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t least_ms = INT64_MAX, most_ms = 0;
        for (uint64_t chance = 0; chance < 1000000; chance += 97) {
            struct retry r;
            int64_t ms = 0;
            retry_init(&r, &config);
            for (size_t k = 0; k < rows[i].count; k++) {
                bool is_last = k + 1 == rows[i].count;
                if (is_last && rows[i].has_succeeded) {
                    retry_succeeded(&r);
                }
                ms = retry_pause(&r, rows[i].causes[k], is_last ? rows[i].lasted_ms : 0, chance);
            }
            least_ms = ms < least_ms ? ms : least_ms;
            most_ms = ms > most_ms ? ms : most_ms;
        }
        cr_expect(least_ms >= rows[i].least_ms && least_ms <= rows[i].least_ms + 200, "%s: least %ld", rows[i].what,
                  (long)least_ms);
        cr_expect(most_ms <= rows[i].most_ms && most_ms >= rows[i].most_ms - 200, "%s: most %ld", rows[i].what,
                  (long)most_ms);
    }
}

Test(retry, pauses_are_bounded) {
    struct retry r;
    int64_t failed_ms = 0, taken_ms = 0;
    retry_init(&r, &config);
    for (int i = 0; i < 100; i++) {
        failed_ms = retry_pause(&r, RETRY_FAILED, 0, UINT64_MAX);
        taken_ms = retry_pause(&r, RETRY_TAKEN, 0, UINT64_MAX);
    }
    cr_expect_leq(failed_ms, 120000);
    cr_expect_leq(taken_ms, 2 * RETRY_TAKEN_MAX_MS);
    cr_expect_eq(r.taken_count, 100);
}

/* ---- the fleet ---- */

enum { FLEET = 10000, SECONDS = 400 };

static uint64_t chance(uint64_t *state) {
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

/* When each product is connected again, in seconds after the broker is back. */
static void lose_broker(int64_t outage_ms, int seconds[SECONDS]) {
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < FLEET; i++) {
        struct retry r;
        retry_init(&r, &config);
        retry_succeeded(&r);
        int64_t at_ms = retry_pause(&r, RETRY_LOST, 0, chance(&random));
        while (at_ms < outage_ms) {
            at_ms += 5 + retry_pause(&r, RETRY_FAILED, 0, chance(&random)); /* refused at once */
        }
        int64_t second = (at_ms - outage_ms) / 1000;
        cr_assert_lt(second, SECONDS);
        seconds[second]++;
    }
}

Test(retry, promise_10_ten_thousand_come_back_over_thirty_seconds) {
    static const int64_t outages_ms[] = {0, 500, 5000, 20000, 40000, 120000, 600000, 3600000};
    for (size_t i = 0; i < sizeof outages_ms / sizeof outages_ms[0]; i++) {
        int seconds[SECONDS] = {0}, most = 0, sum = 0, last = 0;
        lose_broker(outages_ms[i], seconds);
        for (int s = 0; s < SECONDS; s++) {
            most = seconds[s] > most ? seconds[s] : most;
            sum += seconds[s];
            last = seconds[s] > 0 ? s : last;
        }
        cr_expect_eq(sum, FLEET);
        cr_expect_geq(last, 28, "outage of %ld ms: all are back after %d s", (long)outages_ms[i], last);
        /* even would be a thirtieth a second; twice that is what waiting times look like from outside */
        cr_expect_leq(most, FLEET / 30 * 11 / 5, "outage of %ld ms: %d in one second", (long)outages_ms[i], most);
    }
}
