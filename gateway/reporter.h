/* Writes service reports: reads transcripts, which may be long, on a thread of its own, and hands each report to the
 * desk as a CHANGE_SESSION_REPORT. */
#pragma once
#include "sessions/session.h"
#include "web/change.h"

struct vault;
struct reporter;
struct reporter *reporter_start(const struct vault *vault, const char *transcript_dir,
                                void (*submit)(void *self, struct change *change), void *self);
void reporter_stop(
    struct reporter *reporter); /* finishes the one under way; the rest is found again at the next start */
/* Any thread. Both are copied. */
void reporter_ask(struct reporter *reporter, const struct session *session, const char *subject);
