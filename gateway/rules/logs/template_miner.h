/* What kinds of lines a device logs: templates, mined as lines come. Two lines are of one kind when they come from the
 * same program, have as many words, and most of those that are not masked (words.h) are the same; where they differ the
 * template has a gap from then on.
 *
 * Bounded: TEMPLATES_MAX templates of at most LOG_WORDS_MAX words, 36 KiB; the one that was not seen for longest makes
 * room. Deterministic: the same lines give the same templates. */
#pragma once
#include "rules/logs/words.h"

enum { TEMPLATES_MAX = 256, TEMPLATE_MINER_STATE_BYTES = TEMPLATES_MAX * (LOG_WORDS_MAX * 4 + 20) + 32 };

struct template_miner;
struct template_miner *template_miner_new(void);
void template_miner_free(struct template_miner *m);

struct mined {
    uint64_t seen; /* lines of this template before this one; 0: it is new */
    int place;     /* of the template, for template_miner_text; valid until the next line */
};
struct mined template_miner_line(struct template_miner *m, const char *app, const char *line, size_t bytes);
size_t template_miner_count(const struct template_miner *m);
/* The line as its template: "Failed password for <*> from <*>"; separators become blanks. */
void template_miner_text(const struct template_miner *m, int place, const char *line, size_t bytes, struct buf *out);

void template_miner_save(const struct template_miner *m, struct buf *out);
/* Into one that has seen nothing. false: not a state; `m` is then to be freed. */
FL_CHECK bool template_miner_load(struct template_miner *m, struct cursor *in);
size_t template_miner_bytes(const struct template_miner *m);
