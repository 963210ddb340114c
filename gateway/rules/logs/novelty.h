/* How new is what a device logs? 1: a line of a kind it has never logged; 1 / (1 + n) when the kind came n times
 * before. A device whose lines are new all the time surprises nobody: with a part r of new kinds among its latest lines
 * (some 250) the answer is multiplied by 1 - 5 r, and is 0 from r = 0.2 on.
 *
 * No answer while it learns: until NOVELTY_LEARN_LINES lines have come, and until they cover NOVELTY_LEARN_MS of the
 * device's time, so that what happens once a day is known. */
#pragma once
#include "rules/logs/template_miner.h"

enum { NOVELTY_LEARN_LINES = 100, NOVELTY_LEARN_MS = 24 * 3600 * 1000 };
enum { NOVELTY_STATE_BYTES = TEMPLATE_MINER_STATE_BYTES + 64 };

struct novelty {
    struct template_miner *miner;
    int64_t first_ms; /* of the first line */
    uint64_t lines;
    double fresh; /* part of new kinds among the latest lines */
    bool has_learned;
};
void novelty_init(struct novelty *n);
void novelty_fini(struct novelty *n);
/* A line; false: it still learns. */
FL_CHECK bool novelty_line(struct novelty *n, int64_t at_ms, const char *app, const char *line, size_t bytes,
                           double *out);
void novelty_save(const struct novelty *n, struct buf *out);
/* Into one that has seen nothing. false: not a state; `n` is then to be finished. */
FL_CHECK bool novelty_load(struct novelty *n, struct cursor *in);
