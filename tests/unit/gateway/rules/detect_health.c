/* health: a pump of four sensors that learns what it is like, and what must and must not be seen afterwards. Flow and
 * power follow the load, so they belong together; temperature wanders; noise is by itself. */
#include "rules/detect/health.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect_contract.h"

#define BEGIN_MS 1789948800000
enum { LEARNT = HEALTH_SAMPLES_DEFAULT, LONG = 4000, SENSORS = 4 };
enum { FLOW, POWER, TEMPERATURE, NOISE };

static uint64_t state;
static void begin(uint64_t seed) {
    state = 88172645463325252u ^ (seed * 0x9e3779b97f4a7c15u);
}
static double uniform(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}
static double normal(void) {
    return sqrt(-2 * log(1 - uniform())) * cos(6.283185307179586 * uniform());
}

static void healthy(int i, double *out) {
    const double load = normal();
    out[FLOW] = 30 + 2 * load + 0.2 * normal();
    out[POWER] = 5 + 0.5 * load + 0.05 * normal();
    out[TEMPERATURE] = 60 + 3 * sin(i / 150.0) + 0.3 * normal();
    out[NOISE] = normal();
}

static const struct detector_spec pump = {.input_count = SENSORS, .interval_ms = 1000};

static bool tell(struct detect_probe *p, int64_t second, const double *inputs, double *outputs) {
    return p->row->update(p->state, &p->spec, BEGIN_MS + second * 1000, inputs, outputs);
}

static bool refused(int inputs, double samples, const char **says) {
    static char why[160];
    const struct detector_spec spec = {.input_count = inputs, .number_count = 1, .numbers = {samples}};
    *says = why;
    return !detect_accepts(&detect_health, &spec, why, sizeof why);
}

Test(detect_health, what_it_may_learn_from) {
    static const struct {
        int inputs;
        double samples;
        const char *says; /* NULL: is taken */
    } rows[] = {
        {2, 80, NULL},
        {4, 4096, NULL},
        {32, 512, NULL},
        {2, 79, "learns from 79 samples, expected a whole number from 80 to 4096"},
        {2, 4097, "from 4097 samples"},
        {2, 100.5, "100.5 samples, expected a whole number"},
        {2, NAN, "nan samples"},
        {2, -400, "-400 samples"},
        {32, 513, "513 samples of 32 inputs, expected at most 16384 values (512 samples)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *says;
        const bool is_refused = refused(rows[i].inputs, rows[i].samples, &says);
        cr_assert_eq(is_refused, rows[i].says != NULL, "%d inputs, %g samples", rows[i].inputs, rows[i].samples);
        cr_assert(!is_refused || strstr(says, rows[i].says), "'%s' in '%s'", rows[i].says, says);
    }
}

/* What happens to the pump after `from`: given what it would have said. */
struct trouble {
    const char *what;
    void (*change)(int since, double *inputs);
    int from, until; /* it is as before from there on */
    bool is_seen;
    int within;          /* samples until it is */
    unsigned named;      /* a bit for each input that may be named */
    bool is_over_at_end; /* some time after `until` nothing is left of it */
};

static void nothing(int since, double *x) {
    (void)since, (void)x;
}
static void flow_falls(int since, double *x) {
    (void)since;
    x[FLOW] -= 6;
}
static void relation_breaks(int since, double *x) {
    (void)since;
    x[POWER] += 0.35; /* less than its own deviation */
}
static void noise_grows_a_mean(int since, double *x) {
    (void)since;
    x[NOISE] += 4;
}
static void temperature_creeps(int since, double *x) {
    x[TEMPERATURE] += since * 0.001; /* 3.6 degrees an hour: a warm day */
}
static void temperature_runs_away(int since, double *x) {
    x[TEMPERATURE] += since * 0.5;
}
static void one_outlier(int since, double *x) {
    (void)since;
    x[NOISE] += 30;
}
static void everything_jumps_and_a_little_stays(int since, double *x) {
    x[FLOW] += since < 600 ? 40 : 1;
    x[POWER] += since < 600 ? 10 : 0.25;
}

Test(detect_health, troubles) {
    static const struct trouble rows[] = {
        {"nothing happens", nothing, LONG, LONG, false, 0, 0, true},
        {"flow falls", flow_falls, 1500, 2500, true, 60, 1u << FLOW | 1u << POWER, true},
        {"flow and power no longer agree", relation_breaks, 1500, 2500, true, 60, 1u << FLOW | 1u << POWER, true},
        {"a shift of the noise", noise_grows_a_mean, 1500, 2500, true, 60, 1u << NOISE, true},
        {"a slow drift", temperature_creeps, 1500, LONG, false, 0, 0, true},
        {"a drift that never ends", temperature_runs_away, 1500, LONG, true, 1500, 1u << TEMPERATURE, false},
        {"one outlier is soon forgotten", one_outlier, 1500, 1501, true, 5, 1u << NOISE, true},
        {"what is left of a fault", everything_jumps_and_a_little_stays, 1500, LONG, true, 20, 1u << FLOW | 1u << POWER,
         true},
    };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const struct trouble *t = &rows[r];
        struct detect_probe p;
        int first = -1, before = 0;
        unsigned named = 0;
        double out[DETECTOR_OUTPUTS_MAX] = {0};
        begin(r);
        detect_probe_init(&p, &detect_health, &pump);
        for (int i = 0; i < LONG; i++) {
            double x[SENSORS];
            healthy(i, x);
            if (i >= t->from && i < t->until)
                t->change(i - t->from, x);
            const bool has = tell(&p, i, x, out);
            cr_assert_eq(has, i >= LEARNT, "%s: an answer at %d", t->what, i);
            if (!has || out[0] <= 1)
                continue;
            before += i < t->from;
            first = first < 0 ? i : first;
            named |= i < t->until ? 1u << (int)out[1] : 0;
        }
        cr_assert_eq(before, 0, "%s: %d alarms before anything happened", t->what, before);
        cr_assert_eq(first >= 0, t->is_seen, "%s: seen at %d", t->what, first);
        cr_assert(!t->is_seen || first - t->from <= t->within, "%s: seen only after %d samples", t->what,
                  first - t->from);
        cr_assert_eq(named & ~t->named, 0, "%s: inputs %x are named", t->what, named);
        cr_assert_eq(out[0] <= 1, t->is_over_at_end, "%s: %g at the end", t->what, out[0]);
        detect_probe_fini(&p);
    }
}

Test(detect_health, healthy_pumps_stay_silent) {
    int alarms = 0;
    for (uint64_t seed = 100; seed < 130; seed++) {
        struct detect_probe p;
        bool had = false;
        begin(seed);
        detect_probe_init(&p, &detect_health, &pump);
        for (int i = 0; i < LONG; i++) {
            double x[SENSORS], out[DETECTOR_OUTPUTS_MAX];
            healthy(i, x);
            had |= tell(&p, i, x, out) && out[0] > 1;
        }
        alarms += had;
        detect_probe_fini(&p);
    }
    cr_assert_leq(alarms, 1, "%d of 30 pumps raised an alarm", alarms);
}

Test(detect_health, an_input_that_never_changed_is_not_judged) {
    struct detect_probe p;
    double out[DETECTOR_OUTPUTS_MAX];
    begin(7);
    detect_probe_init(&p, &detect_health, &pump);
    for (int i = 0; i < 1000; i++) {
        double x[SENSORS];
        healthy(i, x);
        x[NOISE] = i < 700 ? 21.7 : 500;
        if (tell(&p, i, x, out))
            cr_assert_leq(out[0], 1, "at %d: %g", i, out[0]);
    }
    detect_probe_fini(&p);
}

Test(detect_health, sensors_that_say_the_same) {
    static const struct detector_spec spec = {.input_count = 3};
    struct detect_probe p;
    double out[DETECTOR_OUTPUTS_MAX];
    begin(8);
    detect_probe_init(&p, &detect_health, &spec);
    for (int i = 0; i < 1200; i++) {
        const double value = normal(), x[] = {value, 2 * value + 1, i < 800 ? -value : 3 - value};
        if (!tell(&p, i, x, out))
            continue;
        cr_assert(isfinite(out[0]));
        cr_assert(i >= 800 || out[0] <= 1, "at %d: %g", i, out[0]);
        cr_assert(i < 850 || (out[0] > 1 && out[1] == 2), "at %d: %g of input %g", i, out[0], out[1]);
    }
    detect_probe_fini(&p);
}

Test(detect_health, after_a_gap_it_waits_for_the_means_to_come_in) {
    struct detect_probe p;
    double out[DETECTOR_OUTPUTS_MAX];
    int silent = 0;
    begin(9);
    detect_probe_init(&p, &detect_health, &pump);
    for (int i = 0; i < 1500; i++) {
        double x[SENSORS];
        healthy(i, x);
        x[FLOW] += i >= 1000 && i < 1003 ? 15 : 0; /* it starts up */
        const bool has = tell(&p, i < 1000 ? i : i + 3600, x, out);
        silent += !has && i >= LEARNT;
        cr_assert(!has || out[0] <= 1, "at %d: %g", i, out[0]);
    }
    cr_assert_eq(silent, 2 * (LEARNT / 40) - 1);
    detect_probe_fini(&p);
}

Test(detect_health, values_of_any_size) {
    struct detect_probe p;
    double out[DETECTOR_OUTPUTS_MAX];
    begin(10);
    detect_probe_init(&p, &detect_health, &pump);
    for (int i = 0; i < 2000; i++) {
        double x[SENSORS];
        healthy(i, x);
        x[i % SENSORS] = i > 500 && i % 50 < 5 ? (i % 2 ? 1e100 : -1e100) : x[i % SENSORS];
        x[NOISE] *= 1e-90;
        cr_assert(!tell(&p, i, x, out) || isfinite(out[0]), "at %d: %g", i, out[0]);
    }
    detect_probe_fini(&p);
}

Test(detect_health, contract) {
    enum { COUNT = 1600 };
    struct detect_sample *samples = calloc(COUNT, sizeof *samples);
    begin(11);
    for (int i = 0; i < COUNT; i++) {
        healthy(i, samples[i].inputs);
        if (i > 900 && i < 1200)
            flow_falls(0, samples[i].inputs);
        samples[i].at_ms = BEGIN_MS + (i < 1400 ? i : i + 500) * INT64_C(1000);
    }
    detect_contract(&detect_health, &pump, samples, COUNT, "a pump with a fault and a gap");
    free(samples);
}

Test(detect_health, memory_is_what_the_header_says) {
    struct detect_probe p;
    double out[DETECTOR_OUTPUTS_MAX];
    begin(12);
    detect_probe_init(&p, &detect_health, &pump);
    cr_assert_eq(detect_health.bytes(p.state), (size_t)(LEARNT * SENSORS * 8));
    for (int i = 0; i < LEARNT; i++) {
        double x[SENSORS];
        healthy(i, x);
        (void)tell(&p, i, x, out);
    }
    cr_assert_leq(detect_health.bytes(p.state), (size_t)(150 * SENSORS + SENSORS * SENSORS * 8));
    detect_probe_fini(&p);
}
