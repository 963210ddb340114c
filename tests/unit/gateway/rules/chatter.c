/* Alarms of a value that walks around its limit: holds and hysteresis keep them from chattering, whatever the walk
 * does, and whether samples are missing, late or uneven. */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "rig.h"

#define BEGIN_MS 1790000000000
enum { LIMIT = 50, BAND = 5, SAMPLES = 4000, TOLD_MAX = 2 * SAMPLES };

static uint64_t state;
static double uniform(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

/* A raise or a clear, when it was told, and where the value had been since the one before. */
struct told {
    bool is_raise;
    int64_t at_ms;
    double low, high;
};
struct walk {
    double value;
    int64_t at_ms;
};

/* Pulled back to the limit, so that it crosses it again and again. */
static void walk_on(struct walk *w, bool has_gaps) {
    w->value += (uniform() - 0.5) * 6 - (w->value - LIMIT) * 0.1;
    w->at_ms += has_gaps && uniform() < 0.01 ? (int64_t)(uniform() * 600000) : 200 + (int64_t)(uniform() * 1600);
}

static size_t watch(struct rule_device *d, uint64_t seed, bool has_gaps, struct told *told) {
    struct walk w = {LIMIT, BEGIN_MS};
    struct firings out;
    double low = INFINITY, high = -INFINITY;
    size_t count = 0;
    state = seed * 2654435761u + 1;
    firings_init(&out);
    for (int i = 0; i < SAMPLES; i++) {
        struct sample samples[2];
        const int64_t before_ms = w.at_ms;
        walk_on(&w, has_gaps);
        low = fmin(low, w.value);
        high = fmax(high, w.value);
        samples[0] = (struct sample){.event_ms = w.at_ms, .value = w.value};
        samples[1] = (struct sample){.event_ms = before_ms - 30000, .value = 100 * uniform()}; /* late */
        rule_device_samples(d, samples, has_gaps && uniform() < 0.05 ? 2 : 1, &out);
        for (size_t k = 0; k < out.count; k++) {
            if (out.items[k].kind != FIRING_RAISE && out.items[k].kind != FIRING_CLEAR)
                continue;
            told[count++] = (struct told){out.items[k].kind == FIRING_RAISE, w.at_ms, low, high};
            low = high = w.value;
        }
        firings_reset(&out);
    }
    firings_fini(&out);
    return count;
}

static const struct {
    const char *what;
    const char *hold, *keep, *recover; /* NULL: none */
    int64_t for_ms, keep_ms;
} rows[] = {
    {"raised only after it held", "30s", NULL, NULL, 30000, 0},
    {"cleared only after it was over for a while", NULL, "45s", NULL, 0, 45000},
    {"both", "20s", "30s", NULL, 20000, 30000},
    {"hysteresis", NULL, NULL, "a < 45", 0, 0},
    {"hysteresis and both holds", "10s", "20s", "a < 45", 10000, 20000},
};
static struct told told[TOLD_MAX];

Test(chatter, promise_29_at_most_one_transition_in_a_dwell) {
    struct pack *bare_pack = rig_rule("a > 50", NULL, NULL, NULL);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct pack *pack = rig_rule("a > 50", rows[row].hold, rows[row].keep, rows[row].recover);
        size_t all = 0, bare_all = 0;
        for (uint64_t seed = 1; seed <= 10; seed++) {
            struct rule_device *bare = rule_device_new(bare_pack, "pump-1"), *d = rule_device_new(pack, "pump-1");
            bare_all += watch(bare, seed, seed % 2, told);
            const size_t count = watch(d, seed, seed % 2, told);
            all += count;
            for (size_t i = 0; i < count; i++) {
                const int64_t since_ms = told[i].at_ms - (i > 0 ? told[i - 1].at_ms : BEGIN_MS);
                const int64_t dwell_ms = told[i].is_raise ? rows[row].for_ms : rows[row].keep_ms;
                cr_assert_eq(told[i].is_raise, i % 2 == 0, "%s: seed %d: raised and cleared in turns", rows[row].what,
                             (int)seed);
                cr_assert(since_ms >= dwell_ms, "%s: seed %d: a transition %lld ms after the one before",
                          rows[row].what, (int)seed, (long long)since_ms);
                if (rows[row].recover)
                    cr_assert(told[i].is_raise ? told[i].high > LIMIT : told[i].low < LIMIT - BAND,
                              "%s: seed %d: it did not cross the band", rows[row].what, (int)seed);
            }
            rule_device_free(bare);
            rule_device_free(d);
        }
        cr_assert(all > 20, "%s: %zu transitions: the walk tests nothing", rows[row].what, all);
        cr_assert(bare_all > 3 * all, "%s: %zu transitions, %zu without", rows[row].what, all, bare_all);
        pack_free(pack);
    }
    pack_free(bare_pack);
}
