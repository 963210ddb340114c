/* What a sample costs in process, on one core, without broker and store: SenML bytes -> decode -> normalise -> rules,
 * by the gateway's own functions, for a fleet of which each device moves on in its own time.
 *
 * Messages of 50 samples arrive in random order of devices, a batch of 1,000 at a time as in a turn. What the devices
 * say is made before the clock runs. The windows of all devices are full before anything is measured. Fleets of
 * different sizes live in the same process and take turns, so that their ratio is not one of a machine's moods; every
 * figure is the median of the rounds.
 *
 *   bench-pipeline PACK FREEZER-PACK [DEVICES [ROUNDS]]      PACK: tests/bench/packs/filling-line
 *
 * Prints `name value unit` lines. */
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fieldline/log.h"
#include "fieldline/number.h"
#include "normalize/normalize.h"

enum {
    BATCH = 1000,
    SAMPLES = 50,
    BATCHES_PER_ROUND = 20,
    FEW_DEVICES = 1000,
    BACKLOG_DEVICES = 50,
    SIGNALS_MAX = 16,
    ROUNDS_MAX = 50,
    JITTER_MS = 8,
    HOUR_MS = 3600 * 1000,
    PAYLOAD_BYTES = 8 * 1024
};

/* What one series of a product shows: a walk between two ends. Values are whole numbers of 10^-decimals. */
struct signal {
    const char *metric, *part;
    int32_t start, step, low, high;
    int decimals;
    bool is_counter;
};
static const struct signal line_signals[] = {
    {"product_temperature", "", 6800, 60, 6000, 7200, 2, false},
    {"motor_current", "", 1250, 120, 900, 1700, 2, false},
    {"inlet_pressure", "", 410000, 2000, 380000, 440000, 0, false},
    {"outlet_pressure", "", 380000, 2000, 360000, 395000, 0, false},
    {"rejected_bottles", "", 0, 2, 0, INT32_MAX, 0, true},
    {"filled_bottles", "", 0, 30, 0, INT32_MAX, 0, true},
    {"vibration_rms", "front", 2100, 300, 900, 8000, 3, false},
    {"vibration_rms", "rear", 2600, 300, 900, 8000, 3, false},
    {"drive_speed", "", 14100, 150, 13000, 15000, 1, false},
    {"supply_voltage", "", 2300, 12, 2200, 2400, 1, false},
};
static const struct signal freezer_signals[] = {
    {"air_temperature", "", -2010, 30, -2200, -1800, 2, false},
    {"setpoint_temperature", "", -200, 0, -200, -200, 1, false},
    {"evaporator_temperature", "", -2790, 40, -3000, -2500, 2, false},
    {"suction_temperature", "", -2150, 40, -2400, -1900, 2, false},
    {"condenser_temperature", "", 3600, 50, 3000, 4000, 2, false},
    {"ambient_temperature", "", 2210, 6, 2000, 2500, 2, false},
    {"compressor_power", "", 1780, 40, 1600, 1900, 1, false},
    {"compressor_duty", "", 450, 10, 350, 550, 3, false},
    {"compressor_starts", "", 0, 1, 0, INT32_MAX, 0, true},
    {"door_open", "", 0, 0, 0, 0, 0, false},
    {"battery_voltage", "", 1280, 2, 1250, 1300, 2, false},
};

struct product {
    struct device *device;
    int64_t nominal_ms;
    uint64_t random;
    int32_t values[SIGNALS_MAX];
    int metrics[SIGNALS_MAX], parts[SIGNALS_MAX];
};
struct fleet {
    const struct pack *pack;
    const struct signal *signals;
    size_t signal_count, product_count;
    int64_t step_ms; /* between moments; a signal is sent when its metric's interval is over */
    bool is_uniform; /* every signal at every moment, whatever the pack says */
    struct registry *registry;
    struct product *products;
    uint64_t random;
    int64_t newest_ms; /* what any of them has said */
};
struct letter {
    char device[CAP_DEVICE_ID_BYTES + 1];
    size_t bytes;
    uint8_t payload[PAYLOAD_BYTES];
};
/* What stands ready to be measured. */
struct batch {
    struct letter letters[BATCH];
    struct sample samples[BATCH][SAMPLES];
    size_t sample_counts[BATCH];
    struct device *devices[BATCH];
    struct senml_record records[CAP_PACK_RECORDS];
    struct normalizer *normalizer;
    struct firings firings;
    uint64_t accepted;
};
struct cost {
    double decode, normalize, rules, all; /* ns a sample */
};

static uint64_t next_random(uint64_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1du >> 11;
}

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* other work of the machine does not count */
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double median(double *values, size_t count) {
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k > 0 && values[k] < values[k - 1]; k--) {
            double swap = values[k];
            values[k] = values[k - 1];
            values[k - 1] = swap;
        }
    return values[count / 2];
}

/* ---- products ---- */

static int32_t walk(struct product *p, const struct signal *s, int32_t value) {
    if (s->step == 0)
        return value;
    int32_t by = (int32_t)(next_random(&p->random) % (uint64_t)(s->is_counter ? s->step : 2 * s->step + 1));
    value += s->is_counter ? by : by - s->step;
    return value < s->low ? s->low : value > s->high ? s->high : value;
}

/* The samples of the product's next moments, SAMPLES at most; whole moments only. */
static size_t measure(struct fleet *f, struct product *p, struct sample *out) {
    static const double powers[] = {1, 10, 100, 1000};
    size_t count = 0;
    while (count + f->signal_count <= SAMPLES) {
        p->nominal_ms += f->step_ms;
        int64_t event_ms = p->nominal_ms + (int64_t)(next_random(&p->random) % JITTER_MS);
        for (size_t i = 0; i < f->signal_count; i++) {
            int64_t interval_ms = f->is_uniform ? f->step_ms : f->pack->metrics[p->metrics[i]].interval_ms;
            if (p->nominal_ms % interval_ms != 0)
                continue;
            p->values[i] = walk(p, &f->signals[i], p->values[i]);
            out[count++] = (struct sample){.metric = p->metrics[i],
                                           .part = p->parts[i],
                                           .event_ms = event_ms,
                                           .value = p->values[i] / powers[f->signals[i].decimals]};
        }
        if (event_ms > f->newest_ms)
            f->newest_ms = event_ms;
    }
    return count;
}

static void write_letter(struct fleet *f, struct product *p, struct letter *out) {
    struct sample samples[SAMPLES];
    struct senml_pack pack;
    struct buf text;
    size_t count = measure(f, p, samples);
    senml_pack_init(&pack, PAYLOAD_BYTES);
    buf_init(&text, PAYLOAD_BYTES);
    for (size_t i = 0; i < count; i++) {
        struct senml_record r = {.event_ms = samples[i].event_ms, .value = samples[i].value};
        const struct pack_metric *metric = &f->pack->metrics[samples[i].metric];
        snprintf(r.metric, sizeof r.metric, "%s", metric->name);
        snprintf(r.part, sizeof r.part, "%s", rule_device_part_name(p->device->rules, samples[i].part));
        memcpy(r.unit, metric->unit, sizeof r.unit);
        if (senml_pack_add(&pack, &r) != RESULT_OK)
            die("bench.pipeline", "a pack of %zu samples does not fit", count);
    }
    senml_pack_finish(&pack, &text);
    memcpy(out->payload, buf_text(&text), text.count);
    out->bytes = text.count;
    memcpy(out->device, p->device->id, sizeof out->device);
    senml_pack_fini(&pack);
    buf_fini(&text);
}

static void fleet_open(struct fleet *f, int64_t begin_ms) {
    f->registry = registry_new();
    f->random = 88172645463325252u;
    for (size_t i = 0; i < f->product_count; i++) {
        struct product *p = &f->products[i];
        char id[CAP_DEVICE_ID_BYTES + 1];
        snprintf(id, sizeof id, "bench-%08zx", i * 2654435761u % 0xffffffffu);
        p->device = registry_add(f->registry, id);
        p->device->row = (int64_t)i + 1;
        device_set_pack(p->device, f->pack->model, f->pack);
        (void)device_stream_add(p->device, "6e8a1d2c-0000-4000-8000-000000000001");
        (void)device_stream_add(p->device, "6e8a1d2c-0000-4000-8000-000000000002");
        p->nominal_ms = begin_ms;
        p->random = i * 7919 + 1;
        for (size_t k = 0; k < f->signal_count; k++) {
            p->values[k] = f->signals[k].start;
            p->metrics[k] = pack_metric_find(f->pack, f->signals[k].metric);
            p->parts[k] = rule_device_part(p->device->rules, f->signals[k].part);
            device_set_series(p->device, p->metrics[k], p->parts[k], (int64_t)(i * f->signal_count + k + 1));
        }
    }
}

/* Each device in turn, so that they lie as mixed in memory as devices that live at the same time do. */
static void fleet_fill(struct fleet *f, int64_t span_ms, struct firings *firings) {
    struct sample samples[SAMPLES];
    for (int64_t until = f->products[0].nominal_ms + span_ms; f->products[f->product_count - 1].nominal_ms < until;)
        for (size_t i = 0; i < f->product_count; i++) {
            size_t count = measure(f, &f->products[i], samples);
            rule_device_samples(f->products[i].device->rules, samples, count, firings);
            firings_reset(firings);
        }
}

static void fleet_close(struct fleet *f) {
    registry_free(f->registry);
    free(f->products);
}

/* ---- measuring ---- */

static void write_batch(struct fleet *f, struct batch *b, bool is_backlog) {
    size_t at = next_random(&f->random) % f->product_count;
    for (size_t i = 0; i < BATCH; i++) {
        if (!is_backlog)
            at = next_random(&f->random) % f->product_count;
        write_letter(f, &f->products[at], &b->letters[i]);
    }
}

static struct device *take(const struct fleet *f, struct batch *b, size_t i, int64_t now_ms,
                           const struct normalized **n) {
    const struct letter *l = &b->letters[i];
    struct fault fault;
    struct device *device = registry_find(f->registry, l->device);
    if (normalize_tele(b->normalizer, device, l->payload, l->bytes, now_ms, n, &fault) != RESULT_OK ||
        (*n)->reject_count > 0)
        die("bench.pipeline", "a message was refused");
    return device;
}

/* As the pipeline does: a message after the other, from its bytes to what it raises. Returns ns. */
static double run_batch(const struct fleet *f, struct batch *b, int64_t now_ms) {
    double begun = now_ns();
    for (size_t i = 0; i < BATCH; i++) {
        const struct normalized *n;
        struct device *device = take(f, b, i, now_ms, &n);
        b->accepted += n->sample_count;
        rule_device_samples(device->rules, n->samples, n->sample_count, &b->firings);
        firings_reset(&b->firings);
    }
    return now_ns() - begun;
}

/* The stages one by one over a whole batch. */
static void run_stages(const struct fleet *f, struct batch *b, int64_t now_ms, struct cost *total) {
    double begun = now_ns();
    for (size_t i = 0; i < BATCH; i++) {
        struct fault fault;
        size_t count;
        if (senml_decode(b->letters[i].payload, b->letters[i].bytes, now_ms, b->records, CAP_PACK_RECORDS, &count,
                         &fault) != RESULT_OK)
            die("bench.pipeline", "a message was refused");
    }
    double decoded = now_ns();
    for (size_t i = 0; i < BATCH; i++) {
        const struct normalized *n;
        b->devices[i] = take(f, b, i, now_ms, &n);
        b->sample_counts[i] = n->sample_count;
        memcpy(b->samples[i], n->samples, n->sample_count * sizeof *n->samples);
    }
    double normalized = now_ns();
    for (size_t i = 0; i < BATCH; i++) {
        rule_device_samples(b->devices[i]->rules, b->samples[i], b->sample_counts[i], &b->firings);
        firings_reset(&b->firings);
        b->accepted += b->sample_counts[i];
    }
    double ruled = now_ns();
    total->decode += decoded - begun;
    total->normalize += normalized - decoded - (decoded - begun);
    total->rules += ruled - normalized;
}

/* One round: ns a sample, for the whole way and for each stage. */
static struct cost run_round(struct fleet *f, struct batch *b, bool is_backlog, bool by_stage) {
    struct cost total = {0};
    b->accepted = 0;
    for (int i = 0; i < BATCHES_PER_ROUND; i++) {
        write_batch(f, b, is_backlog);
        int64_t now_ms = f->newest_ms + (is_backlog ? 24 * 3600 * 1000 : 0);
        if (by_stage)
            run_stages(f, b, now_ms, &total);
        else
            total.all += run_batch(f, b, now_ms);
    }
    double samples = (double)b->accepted;
    return (struct cost){total.decode / samples, total.normalize / samples, total.rules / samples, total.all / samples};
}

struct figures {
    double few[ROUNDS_MAX], many[ROUNDS_MAX], growth[ROUNDS_MAX], backlog[ROUNDS_MAX];
    double decode[ROUNDS_MAX], normalize[ROUNDS_MAX], rules[ROUNDS_MAX], freezer[ROUNDS_MAX];
};

static double heap_bytes(void) {
    struct mallinfo2 m = mallinfo2();
    return (double)m.uordblks + (double)m.hblkhd;
}

static double pss_bytes(void) {
    char line[200];
    long long kib = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Pss: %lld kB", &kib) == 1)
            break;
    if (file)
        fclose(file);
    return (double)kib * 1024;
}

/* Opens and fills a fleet: first as far as its longest window reaches, at `coarse_ms`, then an hour or that long as it
 * sends. Returns the heap bytes of a device, or those of the process (PSS). */
static double fleet_make(struct fleet *f, int64_t coarse_ms, struct firings *firings, bool of_process) {
    const int64_t reach_ms = f->pack->longest_window_ms, step_ms = f->step_ms;
    f->products = mem_alloc(f->product_count * sizeof *f->products);
    memset(f->products, 1, f->product_count * sizeof *f->products); /* its pages are there before the count */
    double before = of_process ? pss_bytes() : heap_bytes();
    fleet_open(f, 1790000000000 / coarse_ms * coarse_ms);
    f->step_ms = coarse_ms;
    if (coarse_ms != step_ms)
        fleet_fill(f, reach_ms, firings);
    f->step_ms = step_ms;
    fleet_fill(f, reach_ms < HOUR_MS ? reach_ms : HOUR_MS, firings);
    return ((of_process ? pss_bytes() : heap_bytes()) - before) / (double)f->product_count;
}

static const struct pack *load(const char *dir) {
    struct pack *pack;
    struct buf problems;
    buf_init(&problems, 4096);
    if (pack_load(dir, &pack, &problems) != RESULT_OK)
        die("bench.pipeline", "%s", buf_text(&problems));
    buf_fini(&problems);
    return pack;
}

static void print(const char *name, double value, const char *unit, int decimals) {
    printf("%s %.*f %s\n", name, decimals, value, unit);
    fflush(stdout);
}

int main(int argc, char **argv) {
    int64_t devices = 100000, rounds = 5;
    if (argc < 3 || argc > 5 || (argc > 3 && !number_i64(argv[3], strlen(argv[3]), 1, 1000000, &devices)) ||
        (argc > 4 && !number_i64(argv[4], strlen(argv[4]), 1, ROUNDS_MAX, &rounds)))
        die("bench.pipeline", "usage: bench-pipeline PACK FREEZER-PACK [DEVICES [ROUNDS]]");
    const struct pack *line = load(argv[1]), *freezer = load(argv[2]);
    const size_t line_count = sizeof line_signals / sizeof *line_signals;
    const size_t freezer_count = sizeof freezer_signals / sizeof *freezer_signals;
    struct batch *b = mem_alloc(sizeof *b);
    b->normalizer = normalizer_new();
    firings_init(&b->firings);

    struct fleet second = {line, line_signals, line_count, FEW_DEVICES, 1000, true, NULL, NULL, 0, 0};
    double device_1hz = fleet_make(&second, 1000, &b->firings, false);
    fleet_close(&second);
    print("bytes_per_device_1hz", device_1hz, "bytes", 0);
    struct fleet cold = {freezer, freezer_signals, freezer_count, FEW_DEVICES / 10, 1000, false, NULL, NULL, 0, 0};
    print("bytes_per_device_freezer", fleet_make(&cold, 60 * 1000, &b->firings, false), "bytes", 0);
    struct fleet few = {line, line_signals, line_count, FEW_DEVICES, 10000, false, NULL, NULL, 0, 0};
    double device = fleet_make(&few, 10000, &b->firings, false);
    print("bytes_per_device", device, "bytes", 0);
    print("bytes_per_series", device / (double)line_count, "bytes", 0);
    struct fleet many = {line, line_signals, line_count, (size_t)devices, 10000, false, NULL, NULL, 0, 0};
    double pss = fleet_make(&many, 10000, &b->firings, true);
    print("bytes_per_device_pss", pss, "bytes", 0);

    struct figures g;
    for (int64_t i = 0; i < rounds; i++) {
        struct fleet backlog = few;
        backlog.product_count = BACKLOG_DEVICES;
        g.few[i] = run_round(&few, b, false, false).all;
        g.many[i] = run_round(&many, b, false, false).all;
        g.growth[i] = g.many[i] / g.few[i];
        g.backlog[i] = run_round(&backlog, b, true, false).all / g.few[i];
        struct cost stages = run_round(&few, b, false, true);
        g.decode[i] = stages.decode;
        g.normalize[i] = stages.normalize;
        g.rules[i] = stages.rules;
        g.freezer[i] = run_round(&cold, b, false, true).rules;
    }
    size_t n = (size_t)rounds;
    print("pipeline_samples_per_s", 1e9 / median(g.few, n), "samples/s", 0);
    print("pipeline_samples_per_s_many", 1e9 / median(g.many, n), "samples/s", 0);
    print("pipeline_cost_growth", median(g.growth, n), "ratio", 2);
    print("pipeline_backlog_growth", median(g.backlog, n), "ratio", 2);
    print("pipeline_ns_decode", median(g.decode, n), "ns/sample", 1);
    print("pipeline_ns_normalize", median(g.normalize, n), "ns/sample", 1);
    print("pipeline_ns_rules", median(g.rules, n), "ns/sample", 1);
    print("rules_ns_per_sample_freezer", median(g.freezer, n), "ns/sample", 1);
    fleet_close(&many);
    fleet_close(&few);
    fleet_close(&cold);
    normalizer_free(b->normalizer);
    firings_fini(&b->firings);
    free(b);
    return 0;
}
