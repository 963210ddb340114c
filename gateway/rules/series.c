/* Where samples land. Series of a metric are kept sorted by part, so that the evaluator joins two metrics in one pass,
 * and most metrics have exactly one. Parts are strings once, when a device first says them; after that a small number.
 * Owned by the device's rule state, touched by the pipeline thread only. */
#include "rules/series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/number.h"
#include "rules/logs/feed.h"

enum {
    PARTS_FEW = 8, /* up to here a linear search is faster than hashing */
    PARTS_FIRST = 2,
    CACHE_LINE = 64
};

void series_set_init(struct series_set *set, const struct plan *plan) {
    *set = (struct series_set){.plan = plan};
    set->metrics = mem_alloc((plan->metric_count ? plan->metric_count : 1) * sizeof *set->metrics);
    (void)series_part(set, "");
    for (size_t i = 0; i < plan->derived_count; i++)
        if (plan->derived[i]->stale_ms == PLAN_STALE_NEVER_MS)
            (void)series_find(set, plan->derived[i]->metric, 0); /* none came yet, and that is known */
}

static void derived_fini(const struct derived *d, struct derived_series *own) {
    points_fini(&own->waiting);
    if (own->detector && d->detector->fini)
        d->detector->fini(own->detector);
    free(own->detector);
}

static void series_free(const struct plan *plan, size_t metric, struct series *series) {
    const struct plan_metric *m = &plan->metrics[metric];
    if (m->derived)
        derived_fini(m->derived, series_derived(series, m));
    for (size_t w = 0; w < plan->metrics[metric].window_count; w++)
        window_fini(series_window(series, &plan->windows[plan->metrics[metric].windows[w]]));
    free(series);
}

void series_set_fini(struct series_set *set) {
    feed_free(set->feed);
    for (size_t m = 0; m < set->plan->metric_count; m++) {
        struct metric_series *all = &set->metrics[m];
        for (size_t i = 0; i < all->count; i++)
            series_free(set->plan, m, series_at(all, i));
        if (all->room)
            free(all->many);
    }
    free(set->metrics);
    for (size_t i = 0; i < set->part_count; i++)
        free(set->parts[i].name);
    free(set->parts);
    free(set->part_index);
}

/* ---- parts ---- */

/* The place of this name, or the empty one where it belongs. */
static uint32_t index_place(const struct series_set *set, const char *name) {
    uint32_t mask = set->part_room * 2u - 1, at = hash_text(HASH_START, name) & mask;
    while (set->part_index[at] && strcmp(set->parts[set->part_index[at] - 1].name, name) != 0)
        at = (at + 1) & mask;
    return at;
}

static void grow_parts(struct series_set *set) {
    set->part_room = set->part_room ? (uint16_t)(set->part_room * 2) : 1;
    set->parts = mem_realloc(set->parts, set->part_room * sizeof *set->parts);
    if (set->part_room <= PARTS_FEW)
        return;
    free(set->part_index);
    set->part_index = mem_alloc(set->part_room * 2u * sizeof *set->part_index);
    for (uint16_t i = 0; i < set->part_count; i++)
        set->part_index[index_place(set, set->parts[i].name)] = (uint16_t)(i + 1);
}

int series_part(struct series_set *set, const char *name) {
    if (set->part_index) {
        uint16_t found = set->part_index[index_place(set, name)];
        if (found)
            return found - 1;
    } else {
        for (uint16_t i = 0; i < set->part_count; i++)
            if (strcmp(set->parts[i].name, name) == 0)
                return i;
    }
    if (set->part_count == RULE_PARTS_MAX)
        return -1;
    if (set->part_count == set->part_room)
        grow_parts(set);
    struct part_entry *entry = &set->parts[set->part_count];
    *entry = (struct part_entry){.name = mem_strdup(name), .tests = plan_tests_passed(set->plan, name)};
    if (strcmp(name, "+Inf") == 0)
        entry->bound = INFINITY;
    else if (!number_double(name, strlen(name), &entry->bound))
        entry->bound = NAN;
    if (set->part_index)
        set->part_index[index_place(set, name)] = (uint16_t)(set->part_count + 1);
    return set->part_count++;
}

/* ---- samples ---- */

static void derived_begin(const struct derived *d, struct derived_series *own) {
    own->state = DERIVED_UNKNOWN;
    own->fed_ms = INT64_MIN;
    own->until_ms = INT64_MIN;
    if (!d->detector)
        return;
    own->detector = mem_alloc(d->detector->state_bytes);
    if (d->detector->init)
        d->detector->init(own->detector, &d->spec);
}

static struct series *series_new(const struct plan *plan, int metric, int part) {
    const struct plan_metric *m = &plan->metrics[metric];
    struct series *series = mem_alloc(sizeof *series + m->windows_bytes);
    series->last_ms = INT64_MIN;
    series->part = (uint16_t)part;
    for (size_t w = 0; w < m->window_count; w++) {
        const struct plan_window *window = &plan->windows[m->windows[w]];
        window_init(series_window(series, window), &window->spec);
    }
    if (m->derived)
        derived_begin(m->derived, series_derived(series, m));
    return series;
}

static struct series *insert(struct series_set *set, int metric, size_t at, int part) {
    struct metric_series *all = &set->metrics[metric];
    struct series *series = series_new(set->plan, metric, part);
    if (all->count == 0) {
        all->one = series;
        all->count = 1;
        return series;
    }
    if (all->room == 0) {
        struct series *first = all->one;
        all->many = mem_alloc(PARTS_FIRST * sizeof(struct series *));
        all->many[0] = first;
        all->room = PARTS_FIRST;
    } else if (all->count == all->room) {
        all->room = (uint16_t)(all->room * 2);
        all->many = mem_realloc(all->many, all->room * sizeof(struct series *));
    }
    memmove(&all->many[at + 1], &all->many[at], (all->count - at) * sizeof(struct series *));
    all->many[at] = series;
    all->count++;
    return series;
}

struct series *series_find(struct series_set *set, int metric, int part) {
    struct metric_series *all = &set->metrics[metric];
    size_t low = 0, high = all->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (series_at(all, middle)->part < part)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < all->count && series_at(all, low)->part == part)
        return series_at(all, low);
    return insert(set, metric, low, part);
}

/* Of a sample's metric: its first series, which nearly always is the one. */
static const struct series *first_of(const struct series_set *set, const struct sample *sample) {
    size_t metric = (size_t)sample->metric;
    if (metric >= set->plan->metric_count || set->metrics[metric].count == 0)
        return NULL;
    return series_at(&set->metrics[metric], 0);
}

void series_prefetch(const struct series_set *set, const struct sample *samples, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct series *series = first_of(set, &samples[i]);
        size_t bytes = series ? sizeof *series + set->plan->metrics[samples[i].metric].windows_bytes : 0;
        for (size_t at = 0; at < bytes; at += CACHE_LINE)
            __builtin_prefetch((const char *)series + at, 1);
    }
    for (size_t i = 0; i < count; i++) {
        const struct series *series = first_of(set, &samples[i]);
        const struct plan_metric *m = &set->plan->metrics[samples[i].metric];
        for (size_t w = 0; series && w < m->window_count; w++)
            window_prefetch(series_window(series, &set->plan->windows[m->windows[w]]));
    }
}

/* Puts a sample aside for those that want it an offset later. */
static void put_aside(struct series_set *set, const struct sample *sample) {
    const struct plan_metric *metric = &set->plan->metrics[sample->metric];
    for (size_t i = 0; i < set->plan->derived_count; i++) {
        const struct derived *d = set->plan->derived[i];
        if (d->kind != DERIVED_DELAY || d->source != sample->metric || !(metric->feeds[i / 64] >> (i % 64) & 1))
            continue;
        struct series *to = series_find(set, d->metric, sample->part);
        struct points *waiting = &series_derived(to, &set->plan->metrics[d->metric])->waiting;
        if (waiting->count > 0 && sample->event_ms - waiting->last_ms < derived_apart_ms(d))
            continue; /* late, too */
        if (waiting->count == POINTS_MAX)
            points_drop(waiting);
        points_push(waiting, sample->event_ms, sample->value);
    }
}

void series_add(struct series_set *set, const struct sample *sample) {
    const struct plan_metric *metric = &set->plan->metrics[sample->metric];
    struct series *series = series_find(set, sample->metric, sample->part);
    for (size_t w = 0; w < metric->window_count; w++) {
        const struct plan_window *window = &set->plan->windows[metric->windows[w]];
        window_add(series_window(series, window), &window->spec, sample->event_ms, sample->value);
    }
    if (sample->event_ms > series->last_ms) {
        series->last_ms = sample->event_ms;
        series->value = sample->value;
    }
    if (metric->is_delayed)
        put_aside(set, sample);
}

void series_add_to(struct series_set *set, const struct sample *sample, const uint64_t *windows) {
    const struct plan_metric *metric = &set->plan->metrics[sample->metric];
    struct series *series = series_find(set, sample->metric, sample->part);
    for (size_t w = 0; w < metric->window_count; w++) {
        const uint16_t index = metric->windows[w];
        const struct plan_window *window = &set->plan->windows[index];
        if (windows[index / 64] >> (index % 64) & 1)
            window_add(series_window(series, window), &window->spec, sample->event_ms, sample->value);
    }
    if (sample->event_ms > series->last_ms) {
        series->last_ms = sample->event_ms;
        series->value = sample->value;
    }
}

static size_t derived_bytes(const struct derived *d, const struct derived_series *own) {
    size_t bytes = sizeof *own + points_bytes(&own->waiting);
    if (own->detector)
        bytes += d->detector->state_bytes + (d->detector->bytes ? d->detector->bytes(own->detector) : 0);
    return bytes;
}

size_t series_set_bytes(const struct series_set *set) {
    size_t bytes = set->plan->metric_count * sizeof *set->metrics + set->part_room * sizeof *set->parts;
    bytes += set->feed ? feed_bytes(set->feed) : 0;
    if (set->part_index)
        bytes += set->part_room * 2u * sizeof *set->part_index;
    for (size_t i = 0; i < set->part_count; i++)
        bytes += strlen(set->parts[i].name) + 1;
    for (size_t m = 0; m < set->plan->metric_count; m++) {
        const struct metric_series *all = &set->metrics[m];
        const struct plan_metric *metric = &set->plan->metrics[m];
        bytes += all->room * sizeof(struct series *) + all->count * sizeof(struct series);
        for (size_t i = 0; i < all->count && metric->derived; i++)
            bytes += derived_bytes(metric->derived, series_derived(series_at(all, i), metric));
        for (size_t i = 0; i < all->count; i++)
            for (size_t w = 0; w < metric->window_count; w++)
                bytes += window_bytes(series_window(series_at(all, i), &set->plan->windows[metric->windows[w]]));
    }
    return bytes;
}
