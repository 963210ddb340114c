/* What the world is told once a transaction is committed, and not at all when it is not: answers to changes,
 * notifications to consoles, orders to the edge about sessions. Collected while the transaction runs; run or thrown
 * away at its end. */
#pragma once
#include "web/web.h"

struct effects;
struct effects *effects_new(void);
void effects_free(struct effects *e);

void effects_notify(struct effects *e, const char *kind, const char *id, const char *device);
void effects_notify_row(struct effects *e, const char *kind, int64_t row, const char *device);
void effects_expect(struct effects *e, const struct web_session *session);
void effects_kill(struct effects *e, const char *session, const char *reason);
void effects_drive(struct effects *e, const struct web_drive *drive);
void effects_answer(struct effects *e, struct change *change); /* takes it over */

void effects_run(struct effects *e, struct web *web);
/* The transaction failed: whoever waits for a change gets 503 "store_failed"; what the edge or the reporter had to tell
 * comes back as a list (through ->next, in order) to be tried again, for nobody else will tell it; the rest is
 * forgotten. */
struct change *effects_drop(struct effects *e, struct web *web);
