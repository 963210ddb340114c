/* Log lines and events of one device on their way into its series. They travel in other lanes than telemetry and come
 * before telemetry that is older, after an outage by hours; rules run in the product's own time. So what they make is
 * kept here until telemetry has reached their time, or until the caller no longer waits for it.
 *
 * Bounded: FEED_WAITING_MAX moments for each watch; when there are more the oldest goes into its series at once. */
#pragma once
#include "fieldline/message.h"
#include "rules/logs/novelty.h"
#include "rules/logs/watch.h"
#include "rules/rules.h"

enum { FEED_WAITING_MAX = 64 };

struct feed;
/* `watches` outlives it. */
struct feed *feed_new(struct log_watches *watches);
void feed_free(struct feed *f); /* NULL is fine */

void feed_line(struct feed *f, const struct log_record *line);
void feed_event(struct feed *f, const char *code, int64_t event_ms);
/* When the first of what waits is due; INT64_MAX: nothing waits. */
int64_t feed_next_ms(const struct feed *f);
/* Takes the earliest of what waits when it is not later than until_ms. Each watch has at most one sample of a time. */
FL_CHECK bool feed_take(struct feed *f, int64_t until_ms, struct sample *out);
/* Takes the oldest of a watch that has more waiting than it may. */
FL_CHECK bool feed_spill(struct feed *f, struct sample *out);

/* Does this watch know an answer, and be it 0? Codes always; lines once the device has logged anything, unless the
 * pattern is off; novelty once it has learned. `f` may be NULL: nothing came yet. */
bool feed_knows(const struct feed *f, const struct log_watch *watch);

void feed_save(const struct feed *f, struct buf *out);
/* Into one that has seen nothing; what other watches than these have kept is left out. false: not a state; `f` is then
 * to be freed. */
FL_CHECK bool feed_load(struct feed *f, struct cursor *in);
size_t feed_bytes(const struct feed *f);
