/* History against a list that keeps everything: whatever was done (late samples, rollbacks, restarts, trims), readers
 * see each committed sample once. */
#include "store/history.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { SERIES = 5, TRUTH_MAX = 40000 };
static const char *const metrics[SERIES] = {"temp", "temp", "door", "amps", "late"};
static const char *const parts[SERIES] = {"", "lid", "", "", ""};

struct world {
    struct fixture f;
    struct history *history;
    int64_t device, series[SERIES];
    int64_t clock_ms;
    struct {
        int series;
        int64_t event_ms;
        double value;
    } truth[TRUTH_MAX];
    int count, committed;
};

static void replay(void *self, const struct journal_row *row) {
    struct world *w = self;
    for (size_t i = 0; i < row->count; i++)
        history_add(w->history, row->samples[i].series, row->id, row->recv_ms, row->samples[i].event_ms,
                    row->samples[i].value);
}

static void start(struct world *w) {
    cr_assert_eq(history_open(w->f.store, NULL, &w->history), RESULT_OK, "%s", store_error(w->f.store));
    cr_assert_eq(journal_replay(w->f.store, 0, replay, w), RESULT_OK);
}

static void world_open(struct world *w) {
    memset(w, 0, sizeof *w);
    fixture_open(&w->f);
    w->device = add_device(&w->f, "freezer-7");
    begin(&w->f);
    for (int i = 0; i < SERIES; i++)
        cr_assert_eq(store_series_intern(w->f.store, w->device, metrics[i], parts[i], &w->series[i]), RESULT_OK);
    commit(&w->f);
    w->clock_ms = 1700000000000;
    start(w);
}

static void world_close(struct world *w) {
    history_close(w->history);
    fixture_close(&w->f);
}

/* One message of some samples; some are late by up to a few hours. */
static void add_message(struct world *w, int samples) {
    struct journal_sample kept[64];
    struct journal_row row = {
        .device = w->device, .seq = 1, .samples = kept, .first_ms = INT64_MAX, .last_ms = INT64_MIN};
    int64_t id = 0;
    for (; row.count < (size_t)samples; row.count++) {
        const int s = (int)(random() % SERIES);
        w->clock_ms += random() % 20000;
        const int64_t late = s == 4 ? random() % 10000000 : random() % 50 == 0 ? 500000 : 0;
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

static void turn(struct world *w, bool is_committed) {
    begin(&w->f);
    for (int i = (int)(random() % 10); i >= 0; i--)
        add_message(w, 1 + (int)(random() % 59));
    cr_assert_eq(history_step(w->history, w->clock_ms, 3), RESULT_OK);
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

static void expect_spans(struct world *w, struct reader *reader, int s, int64_t from_ms, int64_t to_ms, int points) {
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
    cr_assert_eq(step_ms, (to_ms - from_ms + points - 1) / points);
    for (int i = 0; i < w->committed; i++) {
        if (w->truth[i].series != s || w->truth[i].event_ms < from_ms || w->truth[i].event_ms >= to_ms)
            continue;
        struct span *span = &want[(w->truth[i].event_ms - from_ms) / step_ms];
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
        cr_assert_eq(g->start_ms, from_ms + i * step_ms);
        cr_assert_eq(g->count, want[i].count);
        cr_assert(g->min == want[i].min && g->max == want[i].max);
        cr_assert_float_eq(g->mean, want[i].mean / (double)want[i].count, 1e-9 * (1 + fabs(g->mean)));
    }
    cr_assert_eq(expected, count, "no span too many");
}

static void expect_truth(struct world *w) {
    struct reader *reader = open_reader(&w->f);
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

Test(history, readers_see_each_committed_sample_once_whatever_happened) {
    struct world *w = malloc(sizeof *w);
    world_open(w);
    srandom(11);
    for (int round = 0; round < 60; round++) {
        turn(w, random() % 4 != 0);
        if (round % 7 == 3) { /* a restart: what is open is rebuilt from the journal */
            history_close(w->history);
            fixture_reopen(&w->f);
            start(w);
        }
        if (round % 5 == 4) {
            int deleted = 0;
            begin(&w->f);
            cr_assert_eq(journal_trim(w->f.store, history_pins(w->history), INT64_MAX, 40, &deleted), RESULT_OK);
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
    cr_expect_gt(ask(&w->f, "SELECT count(*) FROM chunk"), 20, "chunks were really written");
    cr_expect_leq(ask(&w->f, "SELECT max(end_ms - start_ms) FROM chunk"), HISTORY_SPAN_MS);
    world_close(w);
    free(w);
}

Test(history, what_is_full_old_or_long_is_written_and_nothing_else) {
    static const struct {
        const char *what;
        int samples;
        int64_t every_ms, later_ms;
        int64_t chunks, left;
    } rows[] = {
        {"a few samples stay open", 100, 1000, 0, 0, 100},
        {"a full chunk", 256, 1000, 0, 1, 0},
        {"one that spans too much event time, in pieces that do not", 40, 600000, 0, 4, 0},
        {"an old one", 3, 1000, 3600 * 1000, 1, 0},
        {"more than a chunk may hold in one message's time", 1200, 0, 0, 3, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = malloc(sizeof *w);
        world_open(w);
        begin(&w->f);
        for (int n = 0; n < rows[i].samples; n++) {
            const struct journal_sample sample = {w->series[0], w->clock_ms + n * rows[i].every_ms, n};
            const struct journal_row row = {.device = w->device, .samples = &sample, .count = 1};
            int64_t id = 0;
            cr_assert_eq(journal_append(w->f.store, &row, &id), RESULT_OK);
            history_add(w->history, sample.series, id, w->clock_ms, sample.event_ms, sample.value);
        }
        cr_assert_eq(history_step(w->history, w->clock_ms + rows[i].later_ms, 10), RESULT_OK);
        commit(&w->f);
        cr_expect_eq(ask(&w->f, "SELECT count(*) FROM chunk"), rows[i].chunks, "%s: %lld", rows[i].what,
                     (long long)ask(&w->f, "SELECT count(*) FROM chunk"));
        cr_expect_eq(history_read_figures(w->history).open_samples, (size_t)rows[i].left, "%s", rows[i].what);
        world_close(w);
        free(w);
    }
}

Test(history, what_is_covered_or_not_finite_is_skipped) {
    struct world *w = malloc(sizeof *w);
    world_open(w);
    begin(&w->f);
    add_message(w, 50);
    cr_assert_eq(history_flush(w->history), RESULT_OK);
    commit(&w->f);
    w->committed = w->count;
    cr_assert_eq(journal_replay(w->f.store, 0, replay, w), RESULT_OK, "a replay of what is covered");
    history_add(w->history, w->series[0], 1000, 0, 0, NAN);
    cr_expect_eq(history_read_figures(w->history).open_samples, 0);
    expect_truth(w);
    world_close(w);
    free(w);
}

Test(history, a_damaged_chunk_is_said_not_drawn) {
    struct world *w = malloc(sizeof *w);
    struct span spans[1000];
    size_t count = 0;
    int64_t step_ms = 0;
    world_open(w);
    begin(&w->f);
    add_message(w, 60);
    cr_assert_eq(history_flush(w->history), RESULT_OK);
    commit(&w->f);
    ask(&w->f, "UPDATE chunk SET bytes = substr(bytes, 1, length(bytes) - 1)");
    struct reader *reader = open_reader(&w->f);
    const struct history_query query = {.device = "freezer-7",
                                        .metric = "temp",
                                        .part = "",
                                        .from_ms = w->clock_ms - 10000000,
                                        .to_ms = w->clock_ms,
                                        .points = 1000};
    cr_expect_eq(reader_history(reader, &query, spans, &count, &step_ms), RESULT_CORRUPT);
    reader_close(reader);
    world_close(w);
    free(w);
}

Test(history, questions_without_sense_are_refused) {
    static const struct {
        const char *what;
        struct history_query query;
        enum result result;
    } rows[] = {
        {"another device", {"pump-1", "temp", "", 0, 10, 5}, RESULT_NOT_FOUND},
        {"another metric", {"freezer-7", "hum", "", 0, 10, 5}, RESULT_NOT_FOUND},
        {"another part", {"freezer-7", "temp", "x", 0, 10, 5}, RESULT_NOT_FOUND},
        {"an end before the beginning", {"freezer-7", "temp", "", 10, 10, 5}, RESULT_BAD_INPUT},
        {"no points", {"freezer-7", "temp", "", 0, 10, 0}, RESULT_BAD_INPUT},
        {"too many points", {"freezer-7", "temp", "", 0, 10, READER_SPANS_MAX + 1}, RESULT_BAD_INPUT},
        {"times at the end of time", {"freezer-7", "temp", "", INT64_MIN, INT64_MAX, 5}, RESULT_BAD_INPUT},
    };
    struct world *w = malloc(sizeof *w);
    struct span *spans = calloc(READER_SPANS_MAX, sizeof *spans);
    world_open(w);
    struct reader *reader = open_reader(&w->f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t count = 0;
        int64_t step_ms = 0;
        cr_expect_eq(reader_history(reader, &rows[i].query, spans, &count, &step_ms), rows[i].result, "%s",
                     rows[i].what);
    }
    reader_close(reader);
    world_close(w);
    free(spans);
    free(w);
}

Test(history, chunks_beyond_the_retention_go_in_bounded_steps) {
    struct world *w = malloc(sizeof *w);
    int deleted = 0;
    world_open(w);
    for (int i = 0; i < 30; i++) {
        begin(&w->f);
        add_message(w, 60);
        cr_assert_eq(history_flush(w->history), RESULT_OK);
        commit(&w->f);
    }
    const int64_t all = ask(&w->f, "SELECT count(*) FROM chunk");
    begin(&w->f);
    cr_assert_eq(history_expire(w->history, w->device, w->clock_ms + HISTORY_SPAN_MS + 1, 7, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 7);
    cr_assert_eq(history_expire(w->history, w->device + 1, INT64_MAX, 7, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 0, "another device's");
    cr_assert_eq(history_expire(w->history, w->device, 1600000000000, 7, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 0, "nothing is that old");
    commit(&w->f);
    cr_expect_eq(ask(&w->f, "SELECT count(*) FROM chunk"), all - 7);
    world_close(w);
    free(w);
}
