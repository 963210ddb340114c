/* Of the pack linux-gateway, so that its rules run over every sample: six of its alerts look at these metrics. The
 * metric of "Restarted" is left to payload_alarm. */
#include "payload.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "fieldline/senml.h"

enum { TIME_CHARS = 14 };
static const int64_t placeholder_ms = 1700000000123;
static const char placeholder[] = "1700000000.123";

static const struct {
    const char *metric, *part;
    double base, swing, unit; /* base + swing * (-1 .. 1), in steps of `unit` */
} metrics[PAYLOAD_METRICS] = {
    {"cpu_busy_ratio", "", 0.35, 0.2, 0.001},
    {"load_1m", "", 0.8, 0.4, 0.01},
    {"memory_available_ratio", "", 0.6, 0.02, 0.0001},
    {"disk_used_ratio", "root", 0.5, 0.001, 0.0001},
    {"disk_used_ratio", "var", 0.4, 0.001, 0.0001},
    {"temperature", "cpu", 55, 6, 0.1},
    {"temperature", "board", 41, 2, 0.1},
    {"temperature", "disk", 38, 1, 0.1},
    {"network_rx_bytes", "eth0", 0, 0, 1},
    {"network_tx_bytes", "eth0", 0, 0, 1},
};

static double value_of(size_t metric, uint64_t set) {
    if (metrics[metric].swing == 0) /* a counter; begins anew with the kinds, as after a restart */
        return (double)(1000000 + set * (1200 + 300 * metric));
    const double phase = (double)set * (0.05 + 0.01 * (double)metric) + (double)metric;
    const double value = metrics[metric].base + metrics[metric].swing * sin(phase);
    return round(value / metrics[metric].unit) * metrics[metric].unit;
}

static void record_of(const struct payloads *p, uint64_t message, int64_t i, struct senml_record *out) {
    const uint64_t sample = message * (uint64_t)p->samples + (uint64_t)i;
    const size_t metric = sample % PAYLOAD_METRICS;
    const uint64_t set = sample / PAYLOAD_METRICS, first_set = message * (uint64_t)p->samples / PAYLOAD_METRICS;
    *out = (struct senml_record){.event_ms = placeholder_ms + (int64_t)(set - first_set) * PAYLOAD_SET_MS};
    snprintf(out->metric, sizeof out->metric, "%s", metrics[metric].metric);
    snprintf(out->part, sizeof out->part, "%s", metrics[metric].part);
    /* number_print writes the shortest form; without this a product of 0.1 would be 17 digits */
    char text[32];
    snprintf(text, sizeof text, "%.4f", value_of(metric, set));
    out->value = strtod(text, NULL);
}

static size_t find_time(const char *text) {
    for (const char *at = text; *at; at++)
        if (strncmp(at, placeholder, TIME_CHARS) == 0)
            return (size_t)(at - text);
    die("bench.load", "no base time in %s", text);
}

void payloads_init(struct payloads *p, int64_t samples) {
    struct senml_pack pack;
    struct buf text;
    p->samples = samples;
    senml_pack_init(&pack, CAP_PAYLOAD_BYTES);
    buf_init(&text, CAP_PAYLOAD_BYTES);
    for (uint64_t kind = 0; kind < PAYLOAD_KINDS; kind++) {
        struct senml_record record;
        for (int64_t i = 0; i < samples; i++) {
            record_of(p, kind, i, &record);
            if (senml_pack_add(&pack, &record) != RESULT_OK)
                die("bench.load", "%lld samples do not fit in a message", (long long)samples);
        }
        senml_pack_finish(&pack, &text);
        p->kinds[kind] = (struct payload){.text = mem_strndup(buf_text(&text), text.count), .count = text.count};
        p->kinds[kind].time_at = find_time(p->kinds[kind].text);
    }
    buf_fini(&text);
    senml_pack_fini(&pack);
}

void payloads_fini(struct payloads *p) {
    for (size_t i = 0; i < PAYLOAD_KINDS; i++)
        free(p->kinds[i].text);
}

int64_t payload_offset_ms(const struct payloads *p, uint64_t index) {
    return (int64_t)(index * (uint64_t)p->samples / PAYLOAD_METRICS) * PAYLOAD_SET_MS;
}

const struct payload *payload_make(struct payloads *p, uint64_t index, int64_t event_ms) {
    struct payload *kind = &p->kinds[index % PAYLOAD_KINDS];
    char *at = kind->text + kind->time_at + TIME_CHARS;
    for (int i = 0; i < TIME_CHARS; i++) {
        if (i == 3) {
            *--at = '.';
            continue;
        }
        *--at = (char)('0' + event_ms % 10);
        event_ms /= 10;
    }
    return kind;
}

void payload_alarm(uint64_t index, int64_t event_ms, struct buf *out) {
    struct senml_pack pack;
    struct senml_record record = {.event_ms = event_ms, .metric = "uptime_seconds"};
    record.value = index == 0 ? 1000000 : index % 2 == 1 ? 500000 : 2000000;
    senml_pack_init(&pack, CAP_PAYLOAD_BYTES);
    if (senml_pack_add(&pack, &record) != RESULT_OK)
        die("bench.load", "the alarm's sample is refused");
    senml_pack_finish(&pack, out);
    senml_pack_fini(&pack);
}
