/* Device after device, day after day: a day's samples of all series are collected, sorted and fed moment by moment, and
 * thrown away. Between them, in their time, come the fault codes. What arrived late is in its place here, which is what
 * an author wants to know of his rules; the order of arrival is not stored.
 *
 * Rules begin to see data so long before `from_ms` as their longest window and hold, so that what counts is judged with
 * full windows; alarms that were raised by then are raised, and not counted. */
#include "past.h"

#include <stdlib.h>
#include <string.h>

enum { SERIES_MAX = 4096, EVENTS_PAGE = 1000, EVENTS_MAX = 200000, DEVICES_PAGE = 500 };
#define DAY_MS  (INT64_C(24) * 3600 * 1000)
#define LEAD_MS (INT64_C(3600) * 1000) /* beyond the longest window: a hold of that length ends before what counts */

struct past_event {
    int64_t at_ms;
    bool is_active;
    char code[CAP_CODE_BYTES + 1];
    char text[200];
};
struct past_series {
    int metric, part;
    char name[CAP_METRIC_BYTES + 1], part_name[CAP_PART_BYTES + 1];
};
struct past {
    struct reader *reader;
    const struct pack *pack;
    const struct past_options *options;
    struct backtest *backtest;
    struct rule_device *rules;
    struct past_series *series;
    size_t series_count;
    struct past_event *events; /* newest first */
    size_t event_count, event_room;
    struct sample *samples;
    size_t count, room;
    size_t adding; /* index of the series that is read */
};

/* ---- what there is ---- */

static void take_series(void *self, const char *metric, const char *part) {
    struct past *p = self;
    const int index = pack_metric_find(p->pack, metric), at = index < 0 ? -1 : rule_device_part(p->rules, part);
    if (at < 0 || p->series_count == SERIES_MAX)
        return; /* not a metric of this pack: its rules do not see it */
    struct past_series *s = &p->series[p->series_count++];
    *s = (struct past_series){.metric = index, .part = at};
    snprintf(s->name, sizeof s->name, "%s", metric);
    snprintf(s->part_name, sizeof s->part_name, "%s", part);
}

static void take_event(void *self, int64_t id, const struct event_message *event) {
    struct past *p = self;
    (void)id;
    if (p->event_count == p->event_room) {
        p->event_room = p->event_room ? p->event_room * 2 : 64;
        p->events = mem_realloc(p->events, p->event_room * sizeof *p->events);
    }
    struct past_event *e = &p->events[p->event_count++];
    *e = (struct past_event){.at_ms = event->event_ms, .is_active = event->active};
    if (event->kind == EVENT_FAULT)
        snprintf(e->code, sizeof e->code, "%s", event->code);
    memcpy(e->text, event->text, utf8_cut(event->text, strnlen(event->text, sizeof e->text - 1)));
}

static enum result read_events(struct past *p, const char *device, int64_t from_ms) {
    int64_t before_ms = p->options->to_ms;
    p->event_count = 0;
    for (;;) {
        const size_t had = p->event_count;
        const enum result result = reader_events(p->reader, device, before_ms, EVENTS_PAGE, take_event, p);
        if (result != RESULT_OK)
            return result;
        if (p->event_count - had < EVENTS_PAGE || p->events[p->event_count - 1].at_ms < from_ms ||
            p->event_count >= EVENTS_MAX)
            break;
        before_ms = p->events[p->event_count - 1].at_ms;
    }
    while (p->event_count > 0 && p->events[p->event_count - 1].at_ms < from_ms)
        p->event_count--;
    return RESULT_OK;
}

/* ---- a day ---- */

static void take_sample(void *self, int64_t event_ms, double value) {
    struct past *p = self;
    const struct past_series *s = &p->series[p->adding];
    if (p->count == p->room) {
        p->room = p->room ? p->room * 2 : 4096;
        p->samples = mem_realloc(p->samples, p->room * sizeof *p->samples);
    }
    p->samples[p->count++] =
        (struct sample){.metric = s->metric, .part = s->part, .event_ms = event_ms, .value = value};
}

static int earlier_first(const void *a, const void *b) {
    const struct sample *x = a, *y = b;
    if (x->event_ms != y->event_ms)
        return x->event_ms < y->event_ms ? -1 : 1;
    return x->metric != y->metric ? x->metric - y->metric : x->part - y->part;
}

static void feed_events(struct past *p, int64_t until_ms) {
    while (p->event_count > 0 && p->events[p->event_count - 1].at_ms <= until_ms) {
        const struct past_event *e = &p->events[--p->event_count];
        if (e->code[0])
            backtest_event(p->backtest, e->code, e->is_active, e->text, e->at_ms);
    }
}

static void feed_day(struct past *p, int64_t end_ms) {
    if (p->count > 0)
        qsort(p->samples, p->count, sizeof *p->samples, earlier_first);
    for (size_t at = 0, next; at < p->count; at = next) {
        for (next = at + 1; next < p->count && p->samples[next].event_ms == p->samples[at].event_ms;)
            next++;
        feed_events(p, p->samples[at].event_ms);
        backtest_samples(p->backtest, p->samples + at, next - at);
    }
    feed_events(p, end_ms - 1);
    p->count = 0;
}

static enum result replay_day(struct past *p, const char *device, int64_t from_ms, int64_t to_ms) {
    for (p->adding = 0; p->adding < p->series_count; p->adding++) {
        const struct past_series *s = &p->series[p->adding];
        const struct history_query query = {
            .device = device, .metric = s->name, .part = s->part_name, .from_ms = from_ms, .to_ms = to_ms, .points = 1};
        const enum result result = reader_samples(p->reader, &query, SIZE_MAX, take_sample, p);
        if (result != RESULT_OK)
            return result;
    }
    feed_day(p, to_ms);
    return RESULT_OK;
}

static enum result replay_device(struct past *p, const char *device) {
    const struct past_options *o = p->options;
    const int64_t from_ms = o->from_ms - p->pack->longest_window_ms - LEAD_MS;
    p->rules = backtest_device(p->backtest, p->pack, device);
    backtest_count_from(p->backtest, o->from_ms);
    p->series_count = 0;
    enum result result = reader_series(p->reader, device, take_series, p);
    if (result == RESULT_OK)
        result = read_events(p, device, from_ms);
    for (int64_t day_ms = from_ms; result == RESULT_OK && day_ms < o->to_ms; day_ms += DAY_MS)
        result = replay_day(p, device, day_ms, day_ms + DAY_MS < o->to_ms ? day_ms + DAY_MS : o->to_ms);
    backtest_end(p->backtest);
    return result;
}

/* ---- devices ---- */

struct device_list {
    const char *model;
    char (*ids)[CAP_DEVICE_ID_BYTES + 1];
    size_t count, room;
};

static void take_device(void *self, const struct device_row *row) {
    struct device_list *list = self;
    if (list->model && strcmp(row->model, list->model) != 0)
        return;
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 64;
        list->ids = mem_realloc(list->ids, list->room * sizeof *list->ids);
    }
    snprintf(list->ids[list->count++], sizeof *list->ids, "%s", row->device);
}

static enum result list_devices(struct reader *reader, const struct past_options *options, struct device_list *list) {
    char next[READER_CURSOR_BYTES + 1] = "", after[READER_CURSOR_BYTES + 1];
    if (options->device) {
        list->model = NULL; /* whatever it is */
        return reader_device(reader, options->device, take_device, list);
    }
    do {
        memcpy(after, next, sizeof after);
        const struct device_query query = {.after = after, .limit = DEVICES_PAGE};
        const enum result result = reader_devices(reader, &query, take_device, list, next);
        if (result != RESULT_OK)
            return result;
    } while (next[0] && (options->devices_max == 0 || list->count < (size_t)options->devices_max));
    if (options->devices_max > 0 && list->count > (size_t)options->devices_max)
        list->count = (size_t)options->devices_max;
    return RESULT_OK;
}

enum result past_replay(struct reader *reader, const struct pack *pack, const struct past_options *options,
                        struct backtest *backtest, struct fault *fault) {
    struct past p = {.reader = reader, .pack = pack, .options = options, .backtest = backtest};
    struct device_list list = {.model = options->model ? options->model : pack->model};
    enum result result = list_devices(reader, options, &list);
    p.series = mem_alloc(SERIES_MAX * sizeof *p.series);
    for (size_t i = 0; i < list.count && result == RESULT_OK; i++)
        result = replay_device(&p, list.ids[i]);
    if (result == RESULT_NOT_FOUND && options->device)
        fault_set(fault, result, "there is no device '%s' in the store", options->device);
    else if (result != RESULT_OK)
        fault_set(fault, result, "reading the store: %s", reader_error(reader));
    free(p.series);
    free(p.events);
    free(p.samples);
    free(list.ids);
    return result;
}
