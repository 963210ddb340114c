/* Packs on trial: how often they ring for nothing, and how long before the end they ring for something.
 *
 *   bench-products [--rules DIR] [--model NAME] [--days N] [--units N] [--fault-units N] [--dump DIR]
 *
 * For each kind of simulated product (tests/fake/products): N healthy individuals for N days, begun at different days
 * of a year so that all seasons are seen, and each developing fault on a few other individuals. Figures on stdout; on
 * stderr what rang, and when. The lead time is that of the unluckiest individual: from the first alarm that opens a
 * ticket until the product fails. 0: an individual failed unannounced. The exit status tells only that the trials were
 * run. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fieldline/log.h"
#include "fieldline/number.h"
#include "products/trial.h"

static const char *rules_dir = "rules", *only_model, *dump_dir;
static int64_t days = 30, units = 20, fault_units = 3;

/* As in figures' names: heat-pump -> heat_pump. */
static const char *figure_name(const char *model, char *out, size_t room) {
    snprintf(out, room, "%s", model);
    for (char *c = out; *c; c++)
        if (*c == '-')
            *c = '_';
    return out;
}

static void say_told(const struct trial *t, const struct trial_outcome *o) {
    for (size_t i = 0; i < o->told_count; i++)
        fprintf(stderr, "  %s %llu: day %.2f %s x%d%s\n", t->kind->model, (unsigned long long)t->seed,
                o->told[i].at_s / 86400, o->told[i].alarm, o->told[i].count,
                o->told[i].at_s <= o->onset_s ? " (nothing is wrong)" : "");
}

static void healthy(const struct specimen_kind *kind, const struct pack *pack, const char *name) {
    int alarms = 0;
    for (int64_t unit = 0; unit < units; unit++) {
        struct trial t = {
            kind, pack, (uint64_t)unit, 365.0 * (double)unit / (double)units, (double)days, kind->fault_count, NULL};
        struct trial_outcome o;
        char path[4096];
        if (dump_dir) {
            snprintf(path, sizeof path, "%s/%s-%d.csv", dump_dir, kind->model, (int)unit);
            t.dump_to = path;
        }
        trial_run(&t, &o);
        say_told(&t, &o);
        alarms += o.false_alarms;
    }
    printf("false_alarms_%s %d alarms\n", name, alarms);
}

static void failing(const struct specimen_kind *kind, const struct pack *pack, const char *name, size_t fault) {
    enum { FIRST_SEED = 100, WARM_UP_DAYS = 9 };
    const struct specimen_fault *f = &kind->faults[fault];
    double least_h = INFINITY, named_h = INFINITY;
    for (int64_t unit = 0; unit < fault_units; unit++) {
        struct trial t = {
            kind,  pack, FIRST_SEED + (uint64_t)unit, f->day - WARM_UP_DAYS + 5 * (double)unit, WARM_UP_DAYS,
            fault, NULL};
        struct trial_outcome o;
        char path[4096];
        if (dump_dir) {
            snprintf(path, sizeof path, "%s/%s-%s-%d.csv", dump_dir, kind->model, f->name, (int)unit);
            t.dump_to = path;
        }
        trial_run(&t, &o);
        fprintf(stderr, "%s %s: fails on day %.2f, began on day %d\n", kind->model, f->name, o.failed_s / 86400,
                WARM_UP_DAYS);
        say_told(&t, &o);
        least_h = fmin(least_h, o.first_s < 0 ? 0 : (o.failed_s - o.first_s) / 3600);
        named_h = fmin(named_h, o.named_s < 0 ? 0 : (o.failed_s - o.named_s) / 3600);
    }
    printf("lead_time_%s_%s_h %.1f h\n", name, f->name, least_h);
    printf("lead_time_named_%s_%s_h %.1f h\n", name, f->name, named_h);
}

static void try_kind(const struct specimen_kind *kind) {
    struct buf problems;
    struct pack *pack = NULL;
    char path[4096], name[64];
    struct timespec begun, ended;
    buf_init(&problems, 1 << 20);
    snprintf(path, sizeof path, "%s/%s", rules_dir, kind->model);
    if (pack_load(path, &pack, &problems) != RESULT_OK)
        die("bench.products", "%s", buf_text(&problems));
    figure_name(kind->model, name, sizeof name);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    healthy(kind, pack, name);
    for (size_t fault = 0; fault < kind->fault_count && fault_units > 0; fault++)
        failing(kind, pack, name, fault);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    fprintf(stderr, "%s: %.1f s\n", kind->model,
            (double)(ended.tv_sec - begun.tv_sec) + (double)(ended.tv_nsec - begun.tv_nsec) / 1e9);
    fflush(stdout);
    pack_free(pack);
    buf_fini(&problems);
}

static int64_t number(const char *text) {
    int64_t value;
    if (!number_i64(text, strlen(text), 0, 10000, &value))
        die("bench.products", "'%s': expected a number from 0 to 10000", text);
    return value;
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"rules", 1, NULL, 'r'},       {"model", 1, NULL, 'm'}, {"days", 1, NULL, 'd'}, {"units", 1, NULL, 'u'},
        {"fault-units", 1, NULL, 'f'}, {"dump", 1, NULL, 'o'},  {NULL, 0, NULL, 0}};
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (o) {
        case 'r': rules_dir = optarg; break;
        case 'm': only_model = optarg; break;
        case 'd': days = number(optarg); break;
        case 'u': units = number(optarg); break;
        case 'f': fault_units = number(optarg); break;
        case 'o': dump_dir = optarg; break;
        default: return 2;
        }
    }
    int tried = 0;
    for (size_t i = 0; i < specimen_kind_count; i++)
        if (!only_model || strcmp(only_model, specimen_kinds[i]->model) == 0) {
            try_kind(specimen_kinds[i]);
            tried++;
        }
    if (!tried)
        die("bench.products", "there is no simulated product '%s'", only_model);
    return 0;
}
