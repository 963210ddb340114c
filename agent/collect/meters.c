/* Aggregation of statsd values, one entry a series.
 *
 * Counters and timer sums are sent cumulative and not as per-flush deltas: when the agent has to drop records, the next
 * one still says the right total, and `rate()` over a gap stays true. A timer's percentile is taken from a bounded
 * sample of the flush (uniform, by reservoir), because a chatty firmware must not decide how much memory we use: up to
 * METERS_TIMER_VALUES values it is exact. HDR histograms were left: one percentile does not pay for them.
 * Owned by agent.c, loop thread. */
#include "collect/meters.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "fieldline/bytes.h"

enum {
    IDLE_MS = 3600 * 1000,
    TIMER_SUFFIX_BYTES = sizeof "_count" - 1,
    KEY_BYTES = CAP_METRIC_BYTES + CAP_PART_BYTES + 2
};

struct timer_values {
    double max, sum;
    uint64_t count;     /* since the start */
    size_t flush_count; /* since the last flush; the first METERS_TIMER_VALUES of them, or a sample, are below */
    double values[METERS_TIMER_VALUES];
};

struct meter {
    UT_hash_handle hh;
    char key[KEY_BYTES]; /* metric/part */
    char metric[CAP_METRIC_BYTES + 1], part[CAP_PART_BYTES + 1];
    enum statsd_kind kind; /* never STATSD_GAUGE_DELTA */
    double value;
    int64_t event_ms, seen_mono_ms;
    bool is_fresh; /* something came since the last flush */
    struct timer_values *timer;
};

struct meters {
    struct meter *by_key;
    uint64_t random;
};

struct meters *meters_new(void) {
    struct meters *meters = mem_alloc(sizeof *meters);
    random_bytes(&meters->random, sizeof meters->random);
    meters->random |= 1;
    return meters;
}

static void meter_free(struct meter *m) {
    free(m->timer);
    free(m);
}

void meters_free(struct meters *meters) {
    if (meters == NULL) {
        return;
    }
    struct meter *m = meters->by_key, *next;
    HASH_CLEAR(hh, meters->by_key);
    for (; m != NULL; m = next) {
        next = m->hh.next;
        meter_free(m);
    }
    free(meters);
}

size_t meters_count(const struct meters *meters) {
    return HASH_COUNT(meters->by_key);
}

static bool make_room(struct meters *meters, int64_t mono_ms) {
    if (meters_count(meters) < METERS_MAX) {
        return true;
    }
    for (struct meter *m = meters->by_key; m != NULL; m = m->hh.next) {
        if (mono_ms - m->seen_mono_ms >= IDLE_MS) {
            HASH_DEL(meters->by_key, m);
            meter_free(m);
            return true;
        }
    }
    return false;
}

static enum result meter_for(struct meters *meters, const struct statsd_value *v, int64_t mono_ms, struct meter **out) {
    enum statsd_kind kind = v->kind == STATSD_GAUGE_DELTA ? STATSD_GAUGE : v->kind;
    char key[KEY_BYTES];
    size_t metric_chars = strlen(v->metric), part_chars = strlen(v->part);
    memcpy(key, v->metric, metric_chars);
    key[metric_chars] = '/';
    memcpy(key + metric_chars + 1, v->part, part_chars + 1);

    struct meter *m;
    HASH_FIND_STR(meters->by_key, key, m);
    if (m != NULL) {
        *out = m;
        return m->kind == kind ? RESULT_OK : RESULT_CONFLICT;
    }
    if (!make_room(meters, mono_ms)) {
        return RESULT_FULL;
    }
    m = mem_alloc(sizeof *m);
    memcpy(m->key, key, sizeof key);
    memcpy(m->metric, v->metric, sizeof m->metric);
    memcpy(m->part, v->part, sizeof m->part);
    m->kind = kind;
    m->timer = kind == STATSD_TIMER ? mem_alloc(sizeof *m->timer) : NULL;
    HASH_ADD_STR(meters->by_key, key, m);
    *out = m;
    return RESULT_OK;
}

/* xorshift64: only which values of a flood are looked at depends on it. */
static uint64_t next_random(struct meters *meters) {
    uint64_t x = meters->random;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return meters->random = x;
}

static void timer_take(struct meters *meters, struct timer_values *t, double value, double rate) {
    t->max = t->flush_count == 0 || value > t->max ? value : t->max;
    t->sum += value / rate;
    t->count += (uint64_t)(1 / rate + 0.5);
    size_t at = t->flush_count;
    if (at >= METERS_TIMER_VALUES) {
        at = next_random(meters) % (t->flush_count + 1);
    }
    if (at < METERS_TIMER_VALUES) {
        t->values[at] = value;
    }
    t->flush_count++;
}

enum result meters_take(struct meters *meters, const struct statsd_value *v, const struct moment *now, double *level) {
    struct meter *m;
    if ((v->kind == STATSD_COUNTER && v->value < 0) ||
        (v->kind == STATSD_TIMER && strlen(v->metric) + TIMER_SUFFIX_BYTES > CAP_METRIC_BYTES)) {
        return RESULT_BAD_INPUT;
    }
    enum result result = meter_for(meters, v, now->mono_ms, &m);
    if (result != RESULT_OK) {
        return result;
    }
    switch (v->kind) {
    case STATSD_GAUGE: m->value = v->value; break;
    case STATSD_GAUGE_DELTA: m->value += v->value; break;
    case STATSD_COUNTER: m->value += v->value / v->rate; break;
    case STATSD_TIMER: timer_take(meters, m->timer, v->value, v->rate); break;
    }
    m->event_ms = v->has_event_ms ? v->event_ms : now->wall_ms;
    m->seen_mono_ms = now->mono_ms;
    m->is_fresh = true;
    *level = v->kind == STATSD_TIMER ? v->value : m->value;
    return RESULT_OK;
}

static void emit(const struct meter *m, const char *suffix, double value, int64_t event_ms, const struct sink *sink) {
    struct senml_record record = {.event_ms = event_ms, .value = value};
    size_t chars = strlen(m->metric);
    memcpy(record.metric, m->metric, chars);
    memcpy(record.metric + chars, suffix, strlen(suffix) + 1);
    memcpy(record.part, m->part, sizeof record.part);
    sink->sample(sink->self, &record);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Nearest rank: the smallest value that at least 95 % of them do not exceed. */
static double percentile_95(struct timer_values *t) {
    size_t count = t->flush_count < METERS_TIMER_VALUES ? t->flush_count : METERS_TIMER_VALUES;
    qsort(t->values, count, sizeof t->values[0], by_value);
    return t->values[(count * 95 + 99) / 100 - 1];
}

static void flush_timer(struct meter *m, int64_t now_ms, const struct sink *sink) {
    emit(m, "_count", (double)m->timer->count, now_ms, sink);
    emit(m, "_sum", m->timer->sum, now_ms, sink);
    if (m->timer->flush_count > 0) {
        emit(m, "_max", m->timer->max, now_ms, sink);
        emit(m, "_p95", percentile_95(m->timer), now_ms, sink);
        m->timer->flush_count = 0;
    }
}

void meters_flush(struct meters *meters, int64_t now_ms, const struct sink *sink) {
    for (struct meter *m = meters->by_key; m != NULL; m = m->hh.next) {
        if (m->kind == STATSD_TIMER) {
            flush_timer(m, now_ms, sink);
        } else if (m->kind == STATSD_COUNTER || m->is_fresh) {
            emit(m, "", m->value, m->kind == STATSD_COUNTER ? now_ms : m->event_ms, sink);
        }
        m->is_fresh = false;
    }
}
