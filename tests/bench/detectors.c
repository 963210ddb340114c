/* What a detector costs: ns for a sample and bytes for a state, each in use as a fleet has it: many states, that take
 * turns, after all of them have learnt. And the same of what is no detector but costs like one: time_to over a full
 * window. Samples are a day's wave with noise, ten seconds apart; a condition is a contact that chatters now and then.
 *
 *   bench-detectors [ROUNDS]
 *
 * Prints `name value unit` lines; ns are the median of the rounds, by the thread's own clock. A detector without a row
 * here is an error: it would never be measured. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fieldline/bytes.h"
#include "fieldline/log.h"
#include "fieldline/number.h"
#include "rules/detect/detectors.h"
#include "rules/detect/fleet_zscore.h"
#include "rules/detect/life_model.h"
#include "rules/fleet.h"
#include "rules/trend.h"

enum {
    STATES = 200,
    LEARN = 3000, /* samples of each before anything is measured */
    MEASURED = 300,
    ROUNDS_MAX = 50,
    STEP_MS = 10000,
    FLEET = 100000,
    FLEET_FEW = 1000,
    WINDOW_SAMPLES = 1000,
    LIVES = 10
};
#define BEGIN_MS 1790000000000

/* One for each row of a detector: its function, and the arguments that a pack would write. */
static const struct {
    const char *name;
    int inputs;
    double numbers[DETECTOR_NUMBERS_MAX];
    int number_count;
    bool needs_lives;
} rows[] = {
    {"anomaly_score", 1, {0}, 0, false},
    {"baseline", 1, {7 * 86400}, 1, false},
    {"drift_score", 1, {0}, 0, false},
    {"duty_cycle", 1, {3600}, 1, false},
    {"fleet_zscore", 1, {0}, 0, false},
    {"health", 4, {0}, 0, false},
    {"rul", 4, {0}, 0, true},
    {"run_hours", 1, {0}, 0, false},
    {"starts", 1, {3600}, 1, false},
};
enum { ROWS = sizeof rows / sizeof *rows };

static uint64_t random_state = 88172645463325252u;
static double uniform(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (double)(random_state >> 11) / 9007199254740992.0;
}

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double median(double *values, size_t count) {
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && values[k] < values[k - 1]; k--) {
            const double kept = values[k];
            values[k] = values[k - 1];
            values[k - 1] = kept;
        }
    return values[count / 2];
}

/* What rul() has learnt from ten units that wore out, in four metrics. */
static struct life_model *learn_lives(void) {
    static const char *const metrics[] = {"a", "b", "c", "d"};
    struct buf text, out;
    struct problems problems = {.to = &out};
    struct fault why;
    struct life_model *model;
    struct lives *lives = lives_new();
    buf_init(&text, 1 << 20);
    buf_init(&out, 4096);
    for (int unit = 0; unit < LIVES; unit++) {
        const int life = 150 + (int)(uniform() * 100);
        buf_reset(&text);
        buf_str(&text, "hours,a,b,c,d\n");
        for (int hour = 0; hour <= life; hour++) {
            const double worn = exp((hour - life) / 40.0);
            buf_printf(&text, "%d,%.3f,%.3f,%.3f,%.3f\n", hour, 5 * worn + uniform(), 50 - 9 * worn + uniform(),
                       20 + 3 * worn + uniform(), 7 + uniform());
        }
        if (!lives_read(lives, "unit.csv", buf_text(&text), text.count, &problems))
            die("bench.detectors", "%s", buf_text(&out));
    }
    if (life_model_new(lives, metrics, 4, 0, &model, &why) != RESULT_OK)
        die("bench.detectors", "%s", why.text);
    lives_free(lives);
    buf_fini(&text);
    buf_fini(&out);
    return model;
}

/* ---- detectors ---- */

struct herd {
    const struct detector_row *row;
    struct detector_spec spec;
    void *states[STATES];
    int64_t at_ms;
};

/* Made before the clock runs: a sample of one moment for all inputs. */
static void measure(const struct herd *h, int64_t at_ms, double *inputs) {
    const double wave = sin((double)(at_ms % 86400000) / 86400000 * 6.283185307179586);
    for (int i = 0; i < h->spec.input_count; i++)
        inputs[i] = h->row->input == DETECTOR_CONDITION ? uniform() < (wave > 0 ? 0.95 : 0.05)
                                                        : 50 + 10 * wave * (i + 1) + uniform();
}

/* `count` samples of every state, in turns; ns for each sample. */
static double run(struct herd *h, int count) {
    static double inputs[STATES][DETECTOR_INPUTS_MAX];
    double ns = 0, outputs[DETECTOR_OUTPUTS_MAX];
    for (int i = 0; i < count; i++) {
        h->at_ms += STEP_MS;
        for (int k = 0; k < STATES; k++)
            measure(h, h->at_ms, inputs[k]);
        const double begun = now_ns();
        for (int k = 0; k < STATES; k++)
            (void)h->row->update(h->states[k], &h->spec, h->at_ms, inputs[k], outputs);
        ns += now_ns() - begun;
    }
    return ns / count / STATES;
}

static void bench_detector(size_t index, int64_t rounds) {
    const struct detector_function *f = detector_find(rows[index].name, strlen(rows[index].name));
    struct herd h = {.row = f->row, .at_ms = BEGIN_MS};
    double ns[ROUNDS_MAX], bytes = 0;
    struct fleets *all = fleets_new();
    h.spec = (struct detector_spec){
        .input_count = rows[index].inputs, .number_count = rows[index].number_count, .interval_ms = STEP_MS};
    memcpy(h.spec.numbers, rows[index].numbers, sizeof h.spec.numbers);
    struct life_model *model = rows[index].needs_lives ? learn_lives() : NULL;
    h.spec.library = model;
    struct fleet *fleet = fleet_enter(all, "bench", "1");
    for (int k = 0; k < STATES; k++) {
        h.states[k] = mem_alloc(f->row->state_bytes);
        if (f->row->init)
            f->row->init(h.states[k], &h.spec);
        if (f->row == &detect_fleet_zscore)
            fleet_zscore_join(h.states[k], fleet, "x", "");
    }
    (void)run(&h, LEARN);
    for (int64_t i = 0; i < rounds; i++)
        ns[i] = run(&h, MEASURED);
    for (int k = 0; k < STATES; k++) {
        bytes += (double)f->row->state_bytes + (f->row->bytes ? (double)f->row->bytes(h.states[k]) : 0);
        if (f->row->fini)
            f->row->fini(h.states[k]);
        free(h.states[k]);
    }
    life_model_free(model);
    fleet_leave(fleet);
    fleets_free(all);
    printf("detector_%s_ns_per_sample %.0f ns\n", f->name, median(ns, (size_t)rounds));
    printf("detector_%s_bytes %.0f bytes\n", f->name, bytes / STATES);
    fflush(stdout);
}

/* Each detector once; what stands in the engine's table and not in this one is named. */
static void check_rows(void) {
    for (const struct detector_function *f = detector_functions; f->name; f++) {
        size_t i = 0;
        while (i < ROWS && detector_find(rows[i].name, strlen(rows[i].name))->row != f->row)
            i++;
        if (i == ROWS)
            die("bench.detectors", "%s has no row in tests/bench/detectors.c", f->name);
    }
}

/* ---- a big fleet ---- */

/* ns for a sample with `count` devices that are heard in any order. */
static double run_fleet(size_t count, int64_t rounds) {
    struct fleets *all = fleets_new();
    struct fleet *fleet = fleet_enter(all, "bench", "1");
    struct fleet_member **members = mem_alloc(count * sizeof *members);
    double ns[ROUNDS_MAX], z;
    int64_t at_ms = BEGIN_MS;
    for (size_t i = 0; i < count; i++) {
        members[i] = mem_alloc(sizeof **members);
        fleet_member_join(members[i], fleet, "x", "");
        (void)fleet_zscore_update(members[i], BEGIN_MS, 50 + 10 * uniform(), FLEET_MEMORY_MS, &z);
    }
    for (int64_t r = 0; r < rounds; r++) {
        const double begun = now_ns();
        for (int i = 0; i < FLEET; i++) {
            const size_t at = (size_t)(uniform() * (double)count);
            at_ms += STEP_MS / (int64_t)count + 1;
            (void)fleet_zscore_update(members[at], at_ms, 50 + 10 * uniform(), 24 * FLEET_MEMORY_MS, &z);
        }
        ns[r] = (now_ns() - begun) / FLEET;
    }
    for (size_t i = 0; i < count; i++) {
        fleet_member_withdraw(members[i]);
        free(members[i]);
    }
    free(members);
    fleet_leave(fleet);
    fleets_free(all);
    return median(ns, (size_t)rounds);
}

/* ---- time_to ---- */

static void bench_time_to(int64_t rounds) {
    const struct window_spec spec = {.range_ms = (int64_t)WINDOW_SAMPLES * STEP_MS, .needs = WINDOW_READ};
    struct window *windows[STATES];
    double ns[ROUNDS_MAX], seconds = 0, bytes = 0;
    for (int k = 0; k < STATES; k++) {
        windows[k] = window_new(&spec);
        for (int i = 0; i < WINDOW_SAMPLES; i++)
            window_add(windows[k], &spec, BEGIN_MS + i * STEP_MS, round(100 * (20 + 0.01 * i + uniform())) / 100);
        bytes += (double)window_bytes(windows[k]);
    }
    for (int64_t r = 0; r < rounds; r++) {
        const double begun = now_ns();
        for (int k = 0; k < STATES; k++) {
            struct trend trend;
            if (!trend_fit(windows[k], &spec, BEGIN_MS + WINDOW_SAMPLES * STEP_MS, TREND_BEST, &trend) ||
                !trend_time_to(&trend, 100, 0.9, &seconds))
                die("bench.detectors", "a trend was not found");
        }
        ns[r] = (now_ns() - begun) / STATES;
    }
    for (int k = 0; k < STATES; k++)
        window_free(windows[k]);
    printf("detector_time_to_ns_per_sample %.0f ns\n", median(ns, (size_t)rounds));
    printf("detector_time_to_bytes %.0f bytes\n", bytes / STATES);
}

int main(int argc, char **argv) {
    int64_t rounds = 5;
    if (argc > 2 || (argc > 1 && !number_i64(argv[1], strlen(argv[1]), 1, ROUNDS_MAX, &rounds)))
        die("bench.detectors", "usage: bench-detectors [ROUNDS]");
    check_rows();
    for (size_t i = 0; i < ROWS; i++)
        bench_detector(i, rounds);
    bench_time_to(rounds);
    const double few = run_fleet(FLEET_FEW, rounds), many = run_fleet(FLEET, rounds);
    printf("fleet_ns_per_sample_many %.0f ns\n", many);
    printf("fleet_cost_growth %.2f ratio\n", many / few);
    return 0;
}
