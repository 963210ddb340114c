/* Thinning.
 *
 * Minimum and maximum are kept because alarms live on extremes: a temperature that was too high for a second is in the
 * maximum. A mean would be one more number that nobody measured. The table exists only while something is thinned, so a
 * product without a budget does not pay for it. Intervals are of the monotonic clock. Owned by agent.c, loop thread. */
#include "sieve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

struct series {
    UT_hash_handle hh;
    char key[CAP_METRIC_BYTES + CAP_PART_BYTES + 2];
    struct senml_record last;
    double low, high;
    int64_t low_ms, high_ms, first_ms, begun_mono_ms;
    uint64_t count; /* 0: nothing is held */
};
struct sieve {
    struct sink sink;
    struct losses *losses;
    const struct budget_pace *pace;
    struct series *series;
};

struct sieve *sieve_new(const struct sink *sink, struct losses *losses) {
    struct sieve *s = mem_alloc(sizeof *s);
    *s = (struct sieve){.sink = *sink, .losses = losses, .pace = budget_pace(BUDGET_FREE)};
    return s;
}

static void forget_all(struct sieve *s) {
    struct series *at = s->series, *next;
    HASH_CLEAR(hh, s->series);
    for (; at != NULL; at = next) {
        next = at->hh.next;
        free(at);
    }
}

void sieve_free(struct sieve *s) {
    if (s == NULL) {
        return;
    }
    forget_all(s);
    free(s);
}

static void hand_on(struct sieve *s, const struct series *at, double value, int64_t event_ms) {
    struct senml_record record = at->last;
    record.value = value;
    record.event_ms = event_ms;
    s->sink.sample(s->sink.self, &record);
}

/* In the order of their times; one sample may be two of the three. */
static void release(struct sieve *s, struct series *at) {
    bool is_low_first = at->low_ms <= at->high_ms;
    struct {
        double value;
        int64_t event_ms;
    } out[] = {{is_low_first ? at->low : at->high, is_low_first ? at->low_ms : at->high_ms},
               {is_low_first ? at->high : at->low, is_low_first ? at->high_ms : at->low_ms},
               {at->last.value, at->last.event_ms}};
    uint64_t sent = 0;
    for (size_t i = 0; i < 3; i++) {
        if (i + 1 == 3 || out[i].event_ms != out[i + 1].event_ms) {
            hand_on(s, at, out[i].value, out[i].event_ms);
            sent++;
        }
    }
    if (at->count > sent) {
        losses_add(s->losses, LOSS_BUDGET, at->count - sent, at->first_ms, at->last.event_ms);
    }
    at->count = 0;
}

static struct series *series_of(struct sieve *s, const struct senml_record *record) {
    char key[CAP_METRIC_BYTES + CAP_PART_BYTES + 2];
    struct series *at;
    snprintf(key, sizeof key, "%s/%s", record->metric, record->part);
    HASH_FIND_STR(s->series, key, at);
    if (at == NULL && HASH_COUNT(s->series) < SIEVE_SERIES_MAX) {
        at = mem_alloc(sizeof *at);
        memcpy(at->key, key, sizeof key);
        HASH_ADD_STR(s->series, key, at);
    }
    return at;
}

static void hold(struct series *at, const struct senml_record *record, int64_t mono_ms) {
    if (at->count++ == 0) {
        at->begun_mono_ms = mono_ms;
        at->first_ms = record->event_ms;
    }
    if (at->count == 1 || record->value < at->low) {
        at->low = record->value;
        at->low_ms = record->event_ms;
    }
    if (at->count == 1 || record->value > at->high) {
        at->high = record->value;
        at->high_ms = record->event_ms;
    }
    at->last = *record;
}

void sieve_sample(struct sieve *s, const struct senml_record *record, int64_t mono_ms) {
    struct series *at = s->pace->thin_ms == 0 ? NULL : series_of(s, record);
    if (at == NULL) {
        s->sink.sample(s->sink.self, record);
        return;
    }
    if (at->count > 0 && mono_ms - at->begun_mono_ms >= s->pace->thin_ms) {
        release(s, at);
    }
    hold(at, record, mono_ms);
}

void sieve_log(struct sieve *s, const struct log_record *record) {
    if (s->pace->only_warnings && record->severity > SEVERITY_WARNING) {
        losses_add(s->losses, LOSS_BUDGET, 1, record->event_ms, record->event_ms);
        return;
    }
    s->sink.log(s->sink.self, record);
}

void sieve_sweep(struct sieve *s, int64_t mono_ms) {
    for (struct series *at = s->series; at != NULL; at = at->hh.next) {
        if (at->count > 0 && mono_ms - at->begun_mono_ms >= s->pace->thin_ms) {
            release(s, at);
        }
    }
}

void sieve_flush(struct sieve *s) {
    sieve_sweep(s, INT64_MAX / 2);
}

void sieve_set_pace(struct sieve *s, const struct budget_pace *pace) {
    if (pace->thin_ms == 0 && s->series != NULL) {
        sieve_flush(s);
        forget_all(s);
    }
    s->pace = pace;
}
