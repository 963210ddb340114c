/* rul: a fleet of machines that wear out, some of them recorded to the end; forecasts for others, and what is refused.
 *
 * A machine's wear grows ever faster from a level of its own; three sensors show it, each in its way, under noise; a
 * fourth shows nothing. It fails when the wear reaches 1. */
#include "rules/detect/rul.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "detect_contract.h"
#include "rules/detect/life_library.h"
#include "rules/pack.h"
#include "rules/plan.h"

#define BEGIN_MS 1789948800000
enum { SENSORS = 4, HOURS = SENSORS, INPUTS = SENSORS + 1, RECORDED = 60, LONGEST = 400 };
static const char *const metrics[] = {"vibration", "current", "efficiency", "humidity", "hours"};

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

struct machine {
    int life;
    double level;
};
static struct machine machine_new(void) {
    return (struct machine){.life = (int)fmin(fmax(200 + 40 * normal(), 100), LONGEST), .level = 0.1 * uniform()};
}
static void measure(const struct machine *m, double hour, double *out) {
    const double wear = m->level + (1 - m->level) * (exp(4 * hour / m->life) - 1) / (exp(4) - 1);
    out[0] = 1 + 3 * wear + 0.2 * normal();
    out[1] = 10 + 2 * wear * wear + 0.2 * normal();
    out[2] = 90 - 20 * wear + 1.5 * normal();
    out[3] = 50 + 10 * normal();
    out[HOURS] = hour;
}

static struct lives *record(int units, uint64_t seed) {
    struct lives *lives = lives_new();
    struct buf text, said;
    struct problems problems = {.to = &said};
    buf_init(&said, 1 << 16);
    buf_init(&text, 1 << 20);
    begin(seed);
    for (int u = 0; u < units; u++) {
        const struct machine m = machine_new();
        buf_reset(&text);
        buf_str(&text, "hours,vibration,current,efficiency,humidity\n");
        for (int hour = 1; hour <= m.life; hour++) {
            double x[INPUTS];
            measure(&m, hour, x);
            buf_printf(&text, "%d,%.6g,%.6g,%.6g,%.6g\n", hour, x[0], x[1], x[2], x[3]);
        }
        cr_assert(lives_read(lives, "life.csv", buf_text(&text), text.count, &problems), "%s", buf_text(&said));
    }
    buf_fini(&text);
    buf_fini(&said);
    return lives;
}

static struct life_model *learn(const struct lives *lives, int inputs) {
    struct life_model *model = NULL;
    struct fault why;
    cr_assert_eq(life_model_new(lives, metrics, inputs, 0, &model, &why), RESULT_OK, "%s", why.text);
    return model;
}

static struct detector_spec spec_of(const struct life_model *model) {
    return (struct detector_spec){.input_count = model->input_count, .library = model};
}

static bool tell(struct detect_probe *p, double hour, const double *x, double *outputs) {
    return p->row->update(p->state, &p->spec, BEGIN_MS + (int64_t)(hour * 1000), x, outputs);
}

/* Forecasts for machines that were not recorded, at every hour of their lives. */
struct quality {
    double squares, count, inside, width;
};
static struct quality judge(const struct life_model *model, int machines, double step) {
    struct quality q = {0};
    const struct detector_spec spec = spec_of(model);
    for (int u = 0; u < machines; u++) {
        const struct machine m = machine_new();
        struct detect_probe p;
        detect_probe_init(&p, &detect_rul, &spec);
        for (double hour = step; hour <= m.life; hour += step) {
            double x[INPUTS], out[DETECTOR_OUTPUTS_MAX];
            measure(&m, hour, x);
            const double left = m.life - hour;
            if (!tell(&p, hour, x, out))
                continue;
            cr_assert(out[1] <= out[0] && out[0] <= out[2] && out[1] >= 0, "%g in [%g, %g]", out[0], out[1], out[2]);
            q.squares += pow(out[0] - fmin(left, model->cap), 2);
            q.inside += left >= out[1] && left <= out[2];
            q.width += out[2] - out[1];
            q.count++;
        }
        detect_probe_fini(&p);
    }
    return q;
}

Test(detect_rul, machines_that_were_not_recorded) {
    static const struct {
        const char *what;
        int inputs; /* with the age or without */
        int recorded;
        double step, error; /* of a mean life of 200 hours */
    } rows[] = {
        {"age is known", INPUTS, RECORDED, 1, 12},
        {"age is not known", SENSORS, RECORDED, 1, 20},
        {"few lives", INPUTS, 8, 1, 20},
        {"it sends twice as often as those recorded", INPUTS, RECORDED, 0.5, 12},
        {"it sends half as often", INPUTS, RECORDED, 2, 16},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct lives *lives = record(rows[i].recorded, i);
        struct life_model *model = learn(lives, rows[i].inputs);
        const struct quality q = judge(model, 60, rows[i].step);
        const double error = sqrt(q.squares / q.count), inside = q.inside / q.count;
        cr_assert_leq(error, rows[i].error, "%s: %.1f hours off", rows[i].what, error);
        cr_assert(inside > 0.85 && inside < 0.995, "%s: %.3f inside", rows[i].what, inside);
        cr_assert_leq(fabs(error - model->error), 0.35 * error, "%s: it said %.1f off, and was %.1f", rows[i].what,
                      model->error, error);
        life_model_free(model);
        lives_free(lives);
    }
}

Test(detect_rul, the_interval_narrows_as_the_end_comes) {
    struct lives *lives = record(RECORDED, 20);
    struct life_model *model = learn(lives, INPUTS);
    const struct detector_spec spec = spec_of(model);
    const struct machine m = {.life = 200, .level = 0.05};
    struct detect_probe p;
    double width_early = 0, width_late = 0;
    detect_probe_init(&p, &detect_rul, &spec);
    for (int hour = 1; hour <= m.life; hour++) {
        double x[INPUTS], out[DETECTOR_OUTPUTS_MAX];
        measure(&m, hour, x);
        if (tell(&p, hour, x, out))
            *(hour == 60 ? &width_early : hour == 190 ? &width_late : &x[0]) = out[2] - out[1];
    }
    cr_assert(width_late < width_early / 3 && width_late > 0, "%g, then %g", width_early, width_late);
    detect_probe_fini(&p);
    life_model_free(model);
    lives_free(lives);
}

Test(detect_rul, only_sensors_that_move_with_wear_are_used) {
    struct lives *lives = record(20, 21);
    struct life_model *model = learn(lives, INPUTS);
    cr_assert_eq(model->sensor_count, 3);
    cr_assert_eq(model->axis_input, HOURS);
    for (int i = 0; i < model->sensor_count; i++)
        cr_assert_eq(model->sensors[i], i);
    life_model_free(model);
    lives_free(lives);
}

Test(detect_rul, a_counter_that_stands_still_and_one_that_begins_anew) {
    struct lives *lives = record(20, 22);
    struct life_model *model = learn(lives, INPUTS);
    const struct detector_spec spec = spec_of(model);
    const struct machine m = {.life = 200, .level = 0};
    struct detect_probe p;
    double x[INPUTS], out[DETECTOR_OUTPUTS_MAX], kept[DETECTOR_OUTPUTS_MAX];
    detect_probe_init(&p, &detect_rul, &spec);
    for (int hour = 1; hour <= 150; hour++) {
        measure(&m, hour, x);
        cr_assert_eq(tell(&p, hour, x, out), hour >= RUL_SAMPLES_LEAST, "hour %d", hour);
    }
    memcpy(kept, out, sizeof kept);
    x[0] = 100;
    cr_assert(tell(&p, 151, x, out), "it rests");
    cr_assert_eq(memcmp(kept, out, 3 * sizeof *out), 0);
    for (int hour = 1; hour < 2 * RUL_SAMPLES_LEAST; hour++) {
        measure(&m, hour, x);
        cr_assert_eq(tell(&p, 151 + hour, x, out), hour >= RUL_SAMPLES_LEAST, "new unit, hour %d", hour);
    }
    cr_assert(out[0] > kept[0] + 20, "%g of the new unit, %g of the old one", out[0], kept[0]);
    detect_probe_fini(&p);
    life_model_free(model);
    lives_free(lives);
}

Test(detect_rul, values_of_any_size) {
    struct lives *lives = record(20, 23);
    struct life_model *model = learn(lives, INPUTS);
    const struct detector_spec spec = spec_of(model);
    static const double sizes[] = {0, 1e100, -1e100, 1e-100, 1e9, -1};
    struct detect_probe p;
    detect_probe_init(&p, &detect_rul, &spec);
    for (int i = 0; i < 600; i++) {
        double x[INPUTS], out[DETECTOR_OUTPUTS_MAX];
        for (int k = 0; k < INPUTS; k++)
            x[k] = sizes[(size_t)(uniform() * 6)];
        if (tell(&p, i, x, out))
            cr_assert(out[0] >= 0 && out[0] <= model->cap && isfinite(out[1]) && isfinite(out[2]), "sample %d: %g", i,
                      out[0]);
    }
    detect_probe_fini(&p);
    life_model_free(model);
    lives_free(lives);
}

Test(detect_rul, contract) {
    enum { COUNT = 350 };
    struct lives *lives = record(20, 24);
    struct detect_sample *samples = calloc(COUNT, sizeof *samples);
    const struct machine m = {.life = 220, .level = 0};
    for (int i = 0; i < COUNT; i++) {
        measure(&m, i % 200 + 1, samples[i].inputs);
        samples[i].at_ms = BEGIN_MS + i * INT64_C(1000);
    }
    for (int inputs = SENSORS; inputs <= INPUTS; inputs++) {
        struct life_model *model = learn(lives, inputs);
        const struct detector_spec spec = spec_of(model);
        detect_contract(&detect_rul, &spec, samples, COUNT, inputs == INPUTS ? "with age" : "without age");
        life_model_free(model);
    }
    free(samples);
    lives_free(lives);
}

Test(detect_rul, what_is_refused) {
    static const struct {
        const char *metrics[2];
        int count;
        const char *says;
    } rows[] = {
        {{"vibration", "colour"}, 2, "the recorded lives have no column 'colour'"},
        {{"humidity"}, 1, "none of its inputs moves with wear"},
        {{"hours"}, 1, "none of its inputs moves with wear"},
    };
    struct lives *lives = record(20, 25);
    char text[160];
    struct life_model *model;
    struct fault why;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(life_model_new(lives, rows[i].metrics, rows[i].count, 0, &model, &why), RESULT_BAD_INPUT);
        cr_assert_not_null(strstr(why.text, rows[i].says), "'%s' in '%s'", rows[i].says, why.text);
    }
    struct detector_spec spec = {.input_count = 1, .number_count = 1, .numbers = {100}};
    cr_assert_not(detect_accepts(&detect_rul, &spec, text, sizeof text));
    cr_assert_not_null(strstr(text, "needs recorded lives of this model (the pack's folder lives/)"), "%s", text);
    cr_assert_not_null(strstr(text, "time_to()"), "%s", text);
    spec.library = lives; /* anything that is there */
    cr_assert(detect_accepts(&detect_rul, &spec, text, sizeof text));
    spec.numbers[0] = 0;
    cr_assert_not(detect_accepts(&detect_rul, &spec, text, sizeof text));
    spec.numbers[0] = NAN;
    cr_assert_not(detect_accepts(&detect_rul, &spec, text, sizeof text));
    lives_free(lives);
}

/* ---- in a pack ---- */

static char folder[] = "/tmp/fieldline-lives-XXXXXX";

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static FILE *create(const char *name) {
    char path[300];
    snprintf(path, sizeof path, "%s/machine/%s", folder, name);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file, "%s", path);
    return file;
}

static void make_folder(const char *name) {
    char path[300];
    snprintf(path, sizeof path, "%s/machine%s", folder, name);
    cr_assert_eq(mkdir(path, 0700), 0, "%s", path);
}

static void put_pack(const char *expr) {
    strcpy(folder, "/tmp/fieldline-lives-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    make_folder("");
    FILE *file = create("pack.yaml");
    fputs("model: machine\ntitle: T\nmaker: us\nkind: machine\ncapabilities: [observe]\nmetrics:\n", file);
    for (int i = 0; i < INPUTS; i++)
        fprintf(file, "- {name: %s, title: M, unit: '', interval: 1s}\n", metrics[i]);
    fclose(file);
    file = create("alerts.yaml");
    fprintf(file, "groups:\n- name: g\n  rules:\n  - {alert: X, expr: '%s', labels: {severity: major}}\n", expr);
    fclose(file);
}

static void put_lives(int units) {
    char name[64];
    make_folder("/lives");
    begin(26);
    for (int u = 0; u < units; u++) {
        const struct machine m = machine_new();
        snprintf(name, sizeof name, "lives/unit-%02d.csv", u);
        FILE *file = create(name);
        fputs("hours,vibration,current,efficiency,humidity\n", file);
        for (int hour = 1; hour <= m.life; hour++) {
            double x[INPUTS];
            measure(&m, hour, x);
            fprintf(file, "%d,%.6g,%.6g,%.6g,%.6g\n", hour, x[0], x[1], x[2], x[3]);
        }
        fclose(file);
    }
}

static enum result load(const char *expr, int units, struct pack **pack, struct buf *said) {
    put_pack(expr);
    if (units > 0)
        put_lives(units);
    char path[300];
    snprintf(path, sizeof path, "%s/machine", folder);
    buf_init(said, 1 << 16);
    const enum result result = pack_load(path, pack, said);
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return result;
}

Test(detect_rul, a_pack_with_lives) {
    struct pack *pack = NULL;
    struct buf said;
    cr_assert_eq(
        load("rul(vibration, current, hours) < 20 and rul_high(vibration,current,hours) < 50", 10, &pack, &said),
        RESULT_OK, "%s", buf_text(&said));
    cr_assert_not_null(pack->plan->lives);
    cr_assert_eq(pack->plan->derived_count, 1, "one model for both");
    pack_free(pack);
    buf_fini(&said);
}

Test(detect_rul, packs_that_are_refused) {
    static const struct {
        const char *expr;
        int units;
        const char *says;
    } rows[] = {
        {"rul(vibration, hours) < 20", 0, "alerts.yaml:4:"},
        {"rul(vibration, hours) < 20", 0, "rul(): needs recorded lives of this model"},
        {"rul(vibration, hours) < 20", 3, "/lives: has 3 lives, expected at least 5 to learn from"},
        {"rul(avg_over_time(vibration[5m]), hours) < 20", 8, "no column 'avg_over_time(vibration[5m])'"},
        {"rul(humidity, hours) < 20", 8, "none of its inputs moves with wear"},
        {"rul(vibration, hours, -5) < 20", 8, "answers at most -5, expected a number greater than 0"},
        {"rul() < 20", 8, "expected at least 1 and 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pack *pack = NULL;
        struct buf said;
        cr_assert_eq(load(rows[i].expr, rows[i].units, &pack, &said), RESULT_BAD_INPUT, "%s", rows[i].expr);
        cr_assert_not_null(strstr(buf_text(&said), rows[i].says), "'%s' in '%s'", rows[i].says, buf_text(&said));
        buf_fini(&said);
    }
}
