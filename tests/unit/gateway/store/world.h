/* A store, its history, and a list that keeps everything: whatever was done, readers must see what the list says. */
#pragma once
#include "fixture.h"

enum { SERIES = 5, TRUTH_MAX = 40000, DAY_MS = 24 * 60 * 60 * 1000 };

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

void world_open(struct world *w);
void world_start(struct world *w); /* history, and the journal's replay into it */
void world_replay(void *self, const struct journal_row *row);
void world_close(struct world *w);
/* One message of some samples; some are late, those of the last series by up to a day. In a transaction. */
void add_message(struct world *w, int samples);
/* Several messages and what belongs to a turn, committed or rolled back. */
void turn(struct world *w, bool is_committed);
/* A chart of a series against a sum over everything. */
void expect_spans(struct world *w, struct reader *reader, int s, int64_t from_ms, int64_t to_ms, int points);
/* Samples and charts of all series, over many windows. */
void expect_truth(struct world *w);
/* Sixty turns with rollbacks, restarts, kills and trims in between; `is_tidy`: tiers are worked on all the time. */
void world_live(unsigned seed, bool is_tidy);
