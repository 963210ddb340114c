/* History against a list that keeps everything: whatever was done (late samples, rollbacks, restarts, trims), readers
 * see each committed sample once. */
#include "store/history.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

Test(history, readers_see_each_committed_sample_once_whatever_happened) {
    world_live(11, false);
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
    cr_assert_eq(journal_replay(w->f.store, 0, world_replay, w), RESULT_OK, "a replay of what is covered");
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
