#include "world.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const metrics[SERIES] = {"temp", "temp", "door", "amps", "late"};
static const char *const parts[SERIES] = {"", "lid", "", "", ""};

void world_replay(void *self, const struct journal_row *row) {
    struct world *w = self;
    for (size_t i = 0; i < row->count; i++)
        history_add(w->history, row->samples[i].series, row->id, row->recv_ms, row->samples[i].event_ms,
                    row->samples[i].value);
}

void world_start(struct world *w) {
    cr_assert_eq(history_open(w->f.store, NULL, &w->history), RESULT_OK, "%s", store_error(w->f.store));
    cr_assert_eq(journal_replay(w->f.store, 0, world_replay, w), RESULT_OK);
}

void world_open(struct world *w) {
    memset(w, 0, sizeof *w);
    fixture_open(&w->f);
    w->device = add_device(&w->f, "freezer-7");
    begin(&w->f);
    for (int i = 0; i < SERIES; i++)
        cr_assert_eq(store_series_intern(w->f.store, w->device, metrics[i], parts[i], &w->series[i]), RESULT_OK);
    commit(&w->f);
    w->clock_ms = 1700000000000;
    world_start(w);
}

void world_close(struct world *w) {
    history_close(w->history);
    fixture_close(&w->f);
}

void add_message(struct world *w, int samples) {
    struct journal_sample kept[64];
    struct journal_row row = {
        .device = w->device, .seq = 1, .samples = kept, .first_ms = INT64_MAX, .last_ms = INT64_MIN};
    int64_t id = 0;
    for (; row.count < (size_t)samples; row.count++) {
        const int s = (int)(random() % SERIES);
        w->clock_ms += random() % 20000;
        const int64_t late = s == 4 ? random() % DAY_MS : random() % 50 == 0 ? 500000 : 0;
        const double value = s == 2 ? 1 : s == 3 ? (double)random() / 7 : (double)(random() % 400) / 10 - 20;
        kept[row.count] = (struct journal_sample){w->series[s], w->clock_ms - late, value};
        row.first_ms = w->clock_ms - late < row.first_ms ? w->clock_ms - late : row.first_ms;
        row.last_ms = w->clock_ms - late > row.last_ms ? w->clock_ms - late : row.last_ms;
        cr_assert_lt(w->count, TRUTH_MAX);
        w->truth[w->count].series = s;
        w->truth[w->count].event_ms = w->clock_ms - late;
        w->truth[w->count++].value = value;
    }
    row.recv_ms = w->clock_ms;
    cr_assert_eq(journal_append(w->f.store, &row, &id), RESULT_OK);
    for (size_t i = 0; i < row.count; i++)
        history_add(w->history, kept[i].series, id, w->clock_ms, kept[i].event_ms, kept[i].value);
}

void turn(struct world *w, bool is_committed) {
    begin(&w->f);
    for (int i = (int)(random() % 10); i >= 0; i--)
        add_message(w, 1 + (int)(random() % 59));
    cr_assert_eq(history_step(w->history, w->clock_ms, 3), RESULT_OK);
    if (w->is_tidy) /* as if every day were over long ago: they are built again and again, in small pieces */
        cr_assert_eq(history_tidy(w->history, w->clock_ms + 3 * DAY_MS, 1 + (int)(random() % 40)), RESULT_OK);
    if (is_committed) {
        commit(&w->f);
        w->committed = w->count;
    } else {
        store_rollback(w->f.store);
        w->count = w->committed;
    }
}

struct collected {
    struct point points[TRUTH_MAX];
    int count;
};
static void collect(void *self, int64_t event_ms, double value) {
    struct collected *c = self;
    c->points[c->count++] = (struct point){event_ms, value};
}
static int by_time(const void *a, const void *b) {
    const struct point *x = a, *y = b;
    if (x->event_ms != y->event_ms)
        return x->event_ms < y->event_ms ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

static void expect_samples(struct world *w, struct reader *reader, int s, int64_t from_ms, int64_t to_ms,
                           size_t limit) {
    struct collected *got = calloc(1, sizeof *got), *want = calloc(1, sizeof *want);
    const struct history_query query = {
        .device = "freezer-7", .metric = metrics[s], .part = parts[s], .from_ms = from_ms, .to_ms = to_ms};
    for (int i = 0; i < w->committed; i++)
        if (w->truth[i].series == s && w->truth[i].event_ms >= from_ms && w->truth[i].event_ms < to_ms)
            collect(want, w->truth[i].event_ms, w->truth[i].value);
    qsort(want->points, (size_t)want->count, sizeof want->points[0], by_time);
    if ((size_t)want->count > limit)
        want->count = (int)limit;
    cr_assert_eq(reader_samples(reader, &query, limit, collect, got), RESULT_OK, "%s", reader_error(reader));
    cr_assert_eq(got->count, want->count, "%s: %d samples, expected %d", metrics[s], got->count, want->count);
    cr_assert_eq(memcmp(got->points, want->points, (size_t)got->count * sizeof got->points[0]), 0, "%s", metrics[s]);
    free(got);
    free(want);
}

/* What reader.h says about the grid of long charts. */
static int64_t unit_of(int64_t step_ms) {
    return step_ms < 240000 ? 1 : step_ms < 2400000 ? 60000 : step_ms < 14400000 ? 600000 : 3600000;
}

void expect_spans(struct world *w, struct reader *reader, int s, int64_t from_ms, int64_t to_ms, int points) {
    struct span got[200], want[200] = {0};
    size_t count = 0, expected = 0;
    int64_t step_ms = 0;
    const struct history_query query = {.device = "freezer-7",
                                        .metric = metrics[s],
                                        .part = parts[s],
                                        .from_ms = from_ms,
                                        .to_ms = to_ms,
                                        .points = points};
    cr_assert_eq(reader_history(reader, &query, got, &count, &step_ms), RESULT_OK, "%s", reader_error(reader));
    const int64_t unit_ms = unit_of((to_ms - from_ms + points - 1) / points), base_ms = from_ms - from_ms % unit_ms;
    const int64_t least_ms = (to_ms - base_ms + points - 1) / points;
    cr_assert_eq(step_ms, (least_ms + unit_ms - 1) / unit_ms * unit_ms);
    for (int i = 0; i < w->committed; i++) {
        if (w->truth[i].series != s || w->truth[i].event_ms < from_ms || w->truth[i].event_ms >= to_ms)
            continue;
        struct span *span = &want[(w->truth[i].event_ms - base_ms) / step_ms];
        span->min = span->count == 0 || w->truth[i].value < span->min ? w->truth[i].value : span->min;
        span->max = span->count == 0 || w->truth[i].value > span->max ? w->truth[i].value : span->max;
        span->mean += w->truth[i].value;
        span->count++;
    }
    for (int i = 0; i < points; i++) {
        if (want[i].count == 0)
            continue;
        cr_assert_lt(expected, count, "a span is missing");
        const struct span *g = &got[expected++];
        cr_assert_eq(g->start_ms, base_ms + i * step_ms);
        cr_assert_eq(g->count, want[i].count);
        cr_assert(g->min == want[i].min && g->max == want[i].max);
        cr_assert_float_eq(g->mean, want[i].mean / (double)want[i].count, 1e-9 * (1 + fabs(g->mean)));
    }
    cr_assert_eq(expected, count, "no span too many");
}

/* From a chart of minutes to one of months, each against a sum over everything. */
static void expect_charts(struct world *w, struct reader *reader) {
    for (int n = 0; n < 12; n++) {
        const int64_t from_ms = w->clock_ms - random() % (DAY_MS * 4), to_ms = from_ms + 1 + random() % (DAY_MS * 6);
        expect_spans(w, reader, (int)(random() % SERIES), from_ms, to_ms, 1 + (int)(random() % 200));
    }
    cr_expect_eq(reader_damaged(reader), 0);
}

void expect_truth(struct world *w) {
    struct reader *reader = open_reader(&w->f);
    expect_charts(w, reader);
    for (int s = 0; s < SERIES; s++) {
        const int64_t end_ms = w->clock_ms + 1;
        expect_samples(w, reader, s, 1600000000000, end_ms, TRUTH_MAX);
        expect_samples(w, reader, s, end_ms - random() % 100000000, end_ms, 1 + (size_t)random() % 500);
        expect_spans(w, reader, s, 1700000000000 - 20000000, end_ms, 1 + (int)(random() % 200));
        expect_spans(w, reader, s, end_ms - 1 - random() % 50000000, end_ms - random() % 1000,
                     1 + (int)(random() % 200));
    }
    reader_close(reader);
}

void world_live(unsigned seed, bool is_tidy) {
    struct world *w = malloc(sizeof *w);
    world_open(w);
    srandom(seed);
    w->is_tidy = is_tidy;
    for (int round = 0; round < 60; round++) {
        turn(w, random() % 4 != 0);
        if (round % 7 == 3) { /* a restart: what is open is rebuilt from the journal */
            history_close(w->history);
            fixture_reopen(&w->f);
            world_start(w);
        }
        if (round % 9 == 8) { /* killed in the middle of a turn */
            begin(&w->f);
            add_message(w, 60);
            cr_assert_eq(history_flush(w->history), RESULT_OK);
            cr_assert_eq(history_tidy(w->history, w->clock_ms + 3 * DAY_MS, 100), RESULT_OK);
            history_close(w->history);
            fixture_reopen(&w->f);
            w->count = w->committed;
            world_start(w);
        }
        if (round % 5 == 4) {
            int deleted = 0;
            begin(&w->f);
            cr_assert_eq(journal_trim(w->f.store, history_pins(w->history), 40, &deleted), RESULT_OK);
            commit(&w->f);
        }
        if (round % 6 == 5)
            expect_truth(w);
    }
    begin(&w->f);
    cr_assert_eq(history_flush(w->history), RESULT_OK);
    commit(&w->f);
    cr_expect_eq(history_pins(w->history), INT64_MAX, "nothing is open");
    cr_expect_eq(history_read_figures(w->history).open_samples, 0);
    expect_truth(w);
    cr_expect_gt(ask(&w->f, "SELECT count(*) FROM chunk"), 2 * SERIES, "chunks were really written");
    cr_expect_eq(ask(&w->f, "SELECT count(*) FROM tier") > 0, w->is_tidy, "and tiers");
    cr_expect_leq(ask(&w->f, "SELECT max(end_ms - start_ms) FROM chunk"), HISTORY_SPAN_MS);
    world_close(w);
    free(w);
}
