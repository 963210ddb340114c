/* History against a list that keeps everything: whatever was done (late samples, rollbacks, restarts, trims), readers
 * see each committed sample once. */
#include "store/history.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

enum { SERIES = 5, TRUTH_MAX = 40000, DAY_MS = 24 * 60 * 60 * 1000 };
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
    bool is_tidy;
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

static void expect_truth(struct world *w) {
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

static void live(unsigned seed, bool is_tidy) {
    struct world *w = malloc(sizeof *w);
    world_open(w);
    srandom(seed);
    w->is_tidy = is_tidy;
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
    cr_expect_gt(ask(&w->f, "SELECT count(*) FROM chunk"), 2 * SERIES, "chunks were really written");
    cr_expect_eq(ask(&w->f, "SELECT count(*) FROM tier") > 0, w->is_tidy, "and tiers");
    cr_expect_leq(ask(&w->f, "SELECT max(end_ms - start_ms) FROM chunk"), HISTORY_SPAN_MS);
    world_close(w);
    free(w);
}

Test(history, readers_see_each_committed_sample_once_whatever_happened) {
    live(11, false);
}

Test(history, tiers_say_what_the_samples_say_whatever_happened) {
    for (unsigned seed = 1; seed <= 3; seed++)
        live(seed, true);
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
        {"one that spans more than a day, in pieces of days", 40, 3600000, 0, 3, 0},
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

static void tidy(struct world *w, int64_t now_ms) {
    for (int64_t before = -1; before != ask(&w->f, "SELECT count(*) FROM tier_due");) {
        before = ask(&w->f, "SELECT count(*) FROM tier_due");
        begin(&w->f);
        cr_assert_eq(history_tidy(w->history, now_ms, 100), RESULT_OK);
        commit(&w->f);
    }
}

Test(history, samples_go_after_their_retention_and_their_tiers_stay) {
    struct world *w = malloc(sizeof *w);
    int deleted = 0;
    world_open(w);
    srandom(5);
    for (int i = 0; i < 30; i++) {
        begin(&w->f);
        add_message(w, 60);
        cr_assert_eq(history_flush(w->history), RESULT_OK);
        commit(&w->f);
        w->clock_ms += DAY_MS / 6;
    }
    w->committed = w->count;
    const int64_t all = ask(&w->f, "SELECT count(*) FROM chunk"), end_ms = w->clock_ms + 2 * DAY_MS;
    begin(&w->f);
    cr_assert_eq(history_expire(w->history, w->device, end_ms, 7, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 0, "not before their tiers are built");
    commit(&w->f);
    tidy(w, end_ms);
    begin(&w->f);
    cr_assert_eq(history_expire(w->history, w->device + 1, INT64_MAX / 2, 7, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 0, "another device's");
    cr_assert_eq(history_expire(w->history, w->device, 1600000000000, 7, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 0, "nothing is that old");
    cr_assert_eq(history_expire(w->history, w->device, end_ms, 7, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 7, "a bounded step");
    commit(&w->f);
    cr_expect_eq(ask(&w->f, "SELECT count(*) FROM chunk"), all - 7);
    for (deleted = 1; deleted > 0;) {
        begin(&w->f);
        cr_assert_eq(history_expire(w->history, w->device, end_ms, 100, &deleted), RESULT_OK);
        commit(&w->f);
    }
    cr_expect_eq(ask(&w->f, "SELECT count(*) FROM chunk"), 0);
    struct reader *reader = open_reader(&w->f);
    const int64_t from_ms = 1699920000000; /* a midnight; steps of five hours */
    for (int s = 0; s < SERIES; s++)
        expect_spans(w, reader, s, from_ms, from_ms + 40 * 18000000, 40);
    reader_close(reader);

    /* What still comes for such a day is added to its tiers, once. */
    w->clock_ms = 1700000000000;
    begin(&w->f);
    add_message(w, 60);
    cr_assert_eq(history_flush(w->history), RESULT_OK);
    store_rollback(w->f.store);
    w->count = w->committed;
    begin(&w->f);
    add_message(w, 60);
    cr_assert_eq(history_flush(w->history), RESULT_OK);
    commit(&w->f);
    w->committed = w->count;
    reader = open_reader(&w->f);
    for (int s = 0; s < SERIES; s++)
        expect_spans(w, reader, s, from_ms, from_ms + 40 * 18000000, 40);
    reader_close(reader);

    const int64_t tiers = ask(&w->f, "SELECT count(*) FROM tier");
    begin(&w->f);
    cr_assert_eq(history_expire_tiers(w->history, w->device, from_ms, 3, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 0, "not yet");
    cr_assert_eq(history_expire_tiers(w->history, w->device, end_ms, 3, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 3);
    cr_assert_eq(history_expire_tiers(w->history, w->device, end_ms, 10000, &deleted), RESULT_OK);
    cr_expect_eq(deleted, tiers - 3);
    commit(&w->f);
    world_close(w);
    free(w);
}

Test(history, chunks_of_the_first_schema_get_their_tiers_in_steps) {
    struct world *w = malloc(sizeof *w);
    world_open(w);
    srandom(6);
    for (int i = 0; i < 20; i++) {
        begin(&w->f);
        add_message(w, 60);
        cr_assert_eq(history_flush(w->history), RESULT_OK);
        commit(&w->f);
        w->clock_ms += DAY_MS / 6;
    }
    w->committed = w->count;
    const int64_t due = ask(&w->f, "SELECT count(*) FROM tier_due");
    ask(&w->f, "DELETE FROM tier_due"); /* as the migration leaves it */
    ask(&w->f, "INSERT OR REPLACE INTO meta(key, value) SELECT 'tier_backfill', max(id) FROM chunk");
    history_close(w->history);
    start(w);
    begin(&w->f);
    cr_assert_eq(history_tidy(w->history, w->clock_ms, 1), RESULT_OK);
    store_rollback(w->f.store);
    int steps = 0;
    for (; ask(&w->f, "SELECT count(*) FROM meta WHERE key = 'tier_backfill'") != 0; steps++) {
        begin(&w->f);
        cr_assert_eq(history_tidy(w->history, 0, 1), RESULT_OK);
        commit(&w->f);
        expect_truth(w);
    }
    cr_expect_gt(steps, 3);
    cr_expect_eq(ask(&w->f, "SELECT count(*) FROM tier_due"), due);
    tidy(w, w->clock_ms + 3 * DAY_MS);
    cr_expect_eq(ask(&w->f, "SELECT count(*) FROM tier_due"), 0);
    cr_expect_eq(ask(&w->f, "SELECT count(DISTINCT (id & 1048575) || '/' || (id >> 22)) FROM tier"), due);
    expect_truth(w);
    world_close(w);
    free(w);
}
