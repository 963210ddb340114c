/* Scratch arrays are allocated once; a message is decoded into them and judged record by record. The caller has copied
 * what it keeps by the time it calls again. Metric names resolve through the pack, parts through the device's rule
 * state, so that all later stages work on two small integers. */
#include "normalize/normalize.h"

#include <stdlib.h>
#include <string.h>

#include "normalize/unit.h"

/* What the first record of a name has told, for all that the decoder knows to be of the same name. */
struct known {
    const struct pack_metric *metric; /* NULL: not resolved, or rejected */
    int index, part;                  /* part: -1 until a sample is accepted */
    struct unit_conversion unit;
};

struct normalizer {
    struct senml_record *records; /* [CAP_PACK_RECORDS] */
    struct known *known;          /* [CAP_PACK_RECORDS], beside the records */
    struct sample *samples;       /* [CAP_PACK_RECORDS] */
    struct log_record *logs;      /* [CAP_LOGS_IN_MESSAGE] */
    struct normalized out;
    int64_t error_ms, wall_ms; /* of the clock that made the message under way */
};
/* SenML takes smaller times as relative to now (RFC 8428, 4.5.3). */
static const int64_t SENML_ABSOLUTE_MS = (INT64_C(1) << 28) * 1000;

struct normalizer *normalizer_new(void) {
    struct normalizer *n = mem_alloc(sizeof *n);
    n->records = mem_alloc(sizeof *n->records * CAP_PACK_RECORDS);
    n->known = mem_alloc(sizeof *n->known * CAP_PACK_RECORDS);
    n->samples = mem_alloc(sizeof *n->samples * CAP_PACK_RECORDS);
    n->logs = mem_alloc(sizeof *n->logs * CAP_LOGS_IN_MESSAGE);
    return n;
}

void normalizer_free(struct normalizer *n) {
    if (!n)
        return;
    free(n->records);
    free(n->known);
    free(n->samples);
    free(n->logs);
    free(n);
}

void normalizer_rebase(struct normalizer *n, int64_t error_ms, int64_t wall_ms) {
    n->error_ms = error_ms;
    n->wall_ms = wall_ms;
}

/* A time that cannot be moved stays, and is absurd. */
static int64_t rebased(const struct normalizer *n, int64_t event_ms) {
    int64_t out;
    return __builtin_sub_overflow(event_ms, n->error_ms, &out) ? event_ms : out;
}

/* What relative times are relative to: now, so that rebasing leaves them as they are; 0 for a clock that stands so
 * early that its absolute times look relative. */
static int64_t relative_base(const struct normalizer *n, int64_t now_ms) {
    return n->error_ms != 0 && n->wall_ms < SENML_ABSOLUTE_MS ? 0 : now_ms + n->error_ms;
}

static void begin(struct normalizer *n) {
    n->out.samples = n->samples;
    n->out.logs = n->logs;
    n->out.sample_count = n->out.log_count = n->out.reject_count = 0;
    n->out.first_ms = n->out.last_ms = 0;
}

/* Where the reason for the next rejected record goes; NULL once enough are listed. */
static struct fault *next_reject(struct normalizer *n) {
    return n->out.reject_count < REJECTS_KEPT ? &n->out.rejects[n->out.reject_count] : NULL;
}

static void note_time(struct normalizer *n, int64_t event_ms) {
    if (n->out.first_ms == 0 || event_ms < n->out.first_ms)
        n->out.first_ms = event_ms;
    if (event_ms > n->out.last_ms)
        n->out.last_ms = event_ms;
}

enum result normalize_time(int64_t event_ms, int64_t now_ms, struct fault *fault) {
    if (event_ms > now_ms + CAP_TIME_AHEAD_MS)
        return fault_set(fault, RESULT_BAD_INPUT, "time %lld is %lld s in the future", (long long)event_ms,
                         (long long)((event_ms - now_ms) / 1000));
    if (event_ms < now_ms - (int64_t)CAP_TIME_BEHIND_DAYS * 86400 * 1000)
        return fault_set(fault, RESULT_BAD_INPUT, "time %lld is older than %d days", (long long)event_ms,
                         CAP_TIME_BEHIND_DAYS);
    return RESULT_OK;
}

static enum result resolve(const struct device *device, const struct senml_record *r, struct known *out,
                           struct fault *fault) {
    out->metric = NULL;
    const int index = pack_metric_find(device->pack, r->metric);
    if (index < 0)
        return fault_set(fault, RESULT_BAD_INPUT, "metric '%s' is not in the pack of model '%s'", r->metric,
                         device->model);
    const struct pack_metric *metric = &device->pack->metrics[index];
    if (unit_convert(r->unit, metric->unit, &out->unit) != RESULT_OK)
        return fault_set(fault, RESULT_BAD_INPUT, "metric '%s' has unit '%s', expected '%s' or one that converts to it",
                         r->metric, r->unit, metric->unit);
    out->metric = metric;
    out->index = index;
    out->part = -1;
    return RESULT_OK;
}

static enum result judge(struct device *device, const struct senml_record *r, struct known *known, int64_t event_ms,
                         int64_t now_ms, struct sample *out, struct fault *fault) {
    if ((!r->same || !known->metric) && resolve(device, r, known, fault) != RESULT_OK)
        return RESULT_BAD_INPUT;
    const struct pack_metric *m = known->metric;
    const double value = r->value * known->unit.scale + known->unit.offset;
    if ((m->has_min && value < m->min) || (m->has_max && value > m->max))
        return fault_set(fault, RESULT_BAD_INPUT, "metric '%s' is %g, outside what its sensor can report (%g to %g)",
                         r->metric, value, m->has_min ? m->min : -__builtin_inf(),
                         m->has_max ? m->max : __builtin_inf());
    const enum result result = normalize_time(event_ms, now_ms, fault);
    if (result != RESULT_OK) {
        fault_prefix(fault, "metric '%s'", r->metric);
        return result;
    }
    if (known->part < 0)
        known->part = rule_device_part(device->rules, r->part);
    if (known->part < 0)
        return fault_set(fault, RESULT_BAD_INPUT, "part '%s': the device has %d parts already", r->part,
                         RULE_PARTS_MAX);
    *out = (struct sample){.metric = known->index, .part = known->part, .event_ms = event_ms, .value = value};
    return RESULT_OK;
}

void normalize_records(struct normalizer *n, struct device *device, const struct senml_record *records, size_t count,
                       int64_t now_ms, const struct normalized **out) {
    begin(n);
    for (size_t i = 0; i < count; i++) {
        const struct senml_record *r = &records[i];
        struct known *known = &n->known[r->same ? r->same - 1u : i];
        struct fault *reject = next_reject(n);
        struct sample *sample = &n->samples[n->out.sample_count];
        if (judge(device, r, known, rebased(n, r->event_ms), now_ms, sample, reject) == RESULT_OK) {
            note_time(n, sample->event_ms);
            n->out.sample_count++;
        } else {
            fault_prefix(reject, "record %zu", i + 1);
            n->out.reject_count++;
        }
    }
    *out = &n->out;
}

enum result normalize_tele(struct normalizer *n, struct device *device, const void *payload, size_t bytes,
                           int64_t now_ms, const struct normalized **out, struct fault *fault) {
    size_t count = 0;
    const enum result result =
        senml_decode(payload, bytes, relative_base(n, now_ms), n->records, CAP_PACK_RECORDS, &count, fault);
    if (result == RESULT_OK)
        normalize_records(n, device, n->records, count, now_ms, out);
    return result;
}

enum result normalize_logs(struct normalizer *n, const void *payload, size_t bytes, int64_t now_ms,
                           const struct normalized **out, struct fault *fault) {
    size_t count = 0;
    begin(n);
    const enum result result = logs_decode(payload, bytes, n->logs, CAP_LOGS_IN_MESSAGE, &count, fault);
    if (result != RESULT_OK)
        return result;
    for (size_t i = 0; i < count; i++) {
        struct fault *reject = next_reject(n);
        n->logs[i].event_ms = rebased(n, n->logs[i].event_ms);
        if (normalize_time(n->logs[i].event_ms, now_ms, reject) == RESULT_OK) {
            note_time(n, n->logs[i].event_ms);
            if (n->out.log_count != i)
                n->logs[n->out.log_count] = n->logs[i];
            n->out.log_count++;
        } else {
            fault_prefix(reject, "line %zu", i + 1);
            n->out.reject_count++;
        }
    }
    *out = &n->out;
    return RESULT_OK;
}

enum result normalize_event(const struct normalizer *n, struct event_message *event, int64_t now_ms,
                            struct fault *fault) {
    event->event_ms = rebased(n, event->event_ms);
    if (event->kind == EVENT_GAP && event->gap_first_ms != 0) { /* 0: the agent does not know */
        event->gap_first_ms = rebased(n, event->gap_first_ms);
        event->gap_last_ms = rebased(n, event->gap_last_ms);
    }
    return normalize_time(event->event_ms, now_ms, fault);
}
