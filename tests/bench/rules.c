/* What rules cost: twenty of them on ten series a device, a sample a second of each, by the gateway's
 * own engine. Beside it prometheus.mjs lets Prometheus evaluate the same file over the same number of series.
 *
 *   bench-rules PACK [DEVICES [ROUNDS]]      PACK: tests/bench/packs/twenty-rules
 *
 * Devices take turns, a second at a time, as they would if each sent a message a second; their windows are full before
 * anything is measured. Every moment evaluates all twenty rules, because each reads something that has arrived. Prints
 * `name value unit` lines; figures are the median of the rounds, by the clock on the wall, as Prometheus takes its own.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fieldline/log.h"
#include "fieldline/number.h"
#include "rules/firings.h"
#include "rules/pack.h"
#include "rules/rules.h"

enum { METRICS = 10, GAUGES = 8, WARM_S = 30, MEASURED_S = 20, ROUNDS_MAX = 50 };
#define BEGIN_MS 1790000000000

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct herd {
    struct rule_device **devices;
    int64_t count;
    struct firings firings;
    size_t told;
};

/* A wave of its own for each device and metric; short decimals, as sensors have them. */
static double value_of(int64_t device, int metric, int64_t second) {
    if (metric >= GAUGES)
        return (double)(second * (1 + device % 20));
    const double wave = sin((double)(second + device * 7) / (5 + metric)) * 95 + (double)((second * 31 + device) % 7);
    return round(wave * 10) / 10;
}

static double run(struct herd *h, int64_t second, int seconds) {
    double ns = 0;
    for (int s = 0; s < seconds; s++, second++)
        for (int64_t d = 0; d < h->count; d++) {
            struct sample samples[METRICS];
            for (int m = 0; m < METRICS; m++)
                samples[m] =
                    (struct sample){.metric = m, .event_ms = BEGIN_MS + second * 1000, .value = value_of(d, m, second)};
            const double begun = now_ns();
            firings_reset(&h->firings);
            rule_device_samples(h->devices[d], samples, METRICS, &h->firings);
            ns += now_ns() - begun;
            h->told += h->firings.count;
        }
    return ns;
}

static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv) {
    int64_t devices = 1000, rounds = 5;
    struct pack *pack;
    struct buf problems;
    buf_init(&problems, 64 * 1024);
    if (argc < 2 || argc > 4 || (argc > 2 && !number_i64(argv[2], strlen(argv[2]), 1, 1000000, &devices)) ||
        (argc > 3 && !number_i64(argv[3], strlen(argv[3]), 1, ROUNDS_MAX, &rounds)))
        die("bench.rules", "usage: bench-rules PACK [DEVICES [ROUNDS, at most %d]]", ROUNDS_MAX);
    if (pack_load(argv[1], &pack, &problems) != RESULT_OK)
        die("bench.rules", "%s", buf_text(&problems));
    struct herd h = {.devices = mem_alloc((size_t)devices * sizeof(struct rule_device *)), .count = devices};
    double ns[ROUNDS_MAX], bytes = 0;
    firings_init(&h.firings);
    for (int64_t d = 0; d < devices; d++)
        h.devices[d] = rule_device_new(pack, "bench");
    int64_t second = WARM_S;
    (void)run(&h, 0, WARM_S);
    for (int64_t i = 0; i < rounds; i++, second += MEASURED_S)
        ns[i] = run(&h, second, MEASURED_S);
    qsort(ns, (size_t)rounds, sizeof *ns, by_value);
    for (int64_t d = 0; d < devices; d++) {
        bytes += (double)rule_device_bytes(h.devices[d]);
        rule_device_free(h.devices[d]);
    }
    const double middle = ns[rounds / 2], moments = (double)devices * MEASURED_S;
    printf("rules_twenty_ns_per_sample %.0f ns\n", middle / moments / METRICS);
    printf("rules_evaluations_per_s %.0f rules/s\n", moments * (double)pack->rule_count / (middle / 1e9));
    printf("rules_twenty_bytes_per_series %.0f bytes\n", bytes / (double)devices / METRICS);
    if (h.told == 0)
        die("bench.rules", "no rule ever fired: this measures nothing");
    firings_fini(&h.firings);
    free(h.devices);
    pack_free(pack);
    buf_fini(&problems);
    return 0;
}
