/* Reads transcripts, which may be long, on a thread of its own, and hands what it made of them to the desk: a service
 * report (CHANGE_SESSION_REPORT), and the lines that can be searched for (CHANGE_SESSION_LINES, in batches, few of them
 * under way at once). What it hands on is masked. */
#pragma once
#include "sessions/session.h"
#include "web/change.h"

struct vault;
struct mask;
struct reporter;
struct reporter *reporter_start(const struct vault *vault, const struct mask *mask, const char *transcript_dir,
                                void (*submit)(void *self, struct change *change), void *self);
void reporter_stop(
    struct reporter *reporter); /* finishes the one under way; the rest is found again at the next start */
/* Any thread; what is given is copied. The report, or the lines. */
void reporter_ask(struct reporter *reporter, const struct session *session, const char *subject);
void reporter_read(struct reporter *reporter, const struct session *session);
/* The desk has taken a batch of lines. */
void reporter_taken(struct reporter *reporter);
