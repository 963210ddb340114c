/* The data of one device as its rules see it: for each metric the parts that were ever reported, each with its newest
 * value and its windows. Windows are made with the first sample of a series. */
#pragma once
#include "rules/derived.h"
#include "rules/plan.h"
#include "rules/rules.h"

struct series {
    int64_t last_ms;
    double value;
    uint16_t part;
    _Alignas(8) char windows[]; /* their states, each at its plan_window.offset */
};
/* Most metrics have one part. */
struct metric_series {
    union {
        struct series *one;   /* while room is 0 */
        struct series **many; /* by part, ascending */
    };
    uint16_t count, room;
};
static inline struct series *series_at(const struct metric_series *all, size_t index) {
    return all->room ? all->many[index] : all->one;
}
static inline struct window *series_window(const struct series *series, const struct plan_window *w) {
    return (struct window *)(void *)(uintptr_t)(series->windows + w->offset);
}
static inline struct derived_series *series_derived(const struct series *series, const struct plan_metric *m) {
    return (struct derived_series *)(void *)(uintptr_t)(series->windows + m->derived_offset);
}
struct part_entry {
    char *name;
    double bound;   /* the name as a number, for histograms; not a number: NAN */
    uint64_t tests; /* plan_tests_passed */
};
struct series_set {
    const struct plan *plan;
    struct feed *feed;             /* log lines and events; NULL until the first, or when no rule asks */
    struct metric_series *metrics; /* as many as the plan has */
    struct part_entry *parts;      /* parts[0] is "" */
    uint16_t part_count, part_room;
    uint16_t *part_index; /* hash table of 2 * part_room places: part + 1, or 0; NULL while there are few */
};
void series_set_init(struct series_set *set, const struct plan *plan);
void series_set_fini(struct series_set *set);
int series_part(struct series_set *set, const char *name); /* -1: RULE_PARTS_MAX reached */
/* Asks for the memory that these samples will touch, all at once: a device that was not heard for a while is not in the
 * processor's cache, and waiting for its windows one by one costs more than the arithmetic. */
void series_prefetch(const struct series_set *set, const struct sample *samples, size_t count);
/* A finite sample of a known metric and part. What has to wait for an offset is put aside. */
void series_add(struct series_set *set, const struct sample *sample);
/* The same, into windows alone that are marked in `windows` (a bit each, by their index in the plan). */
void series_add_to(struct series_set *set, const struct sample *sample, const uint64_t *windows);
/* Of this metric and part; made, empty, when it is not there. */
struct series *series_find(struct series_set *set, int metric, int part);
size_t series_set_bytes(const struct series_set *set);
