/* The service report of one session, as Markdown, from its transcript and its row: who, when, why, consent, what was
 * possible, commands typed, diagnostics run, how it ended, digest. Reads files; any thread. */
#pragma once
#include "sessions/session.h"

struct vault;
struct mask;

/* Appends to `out` (give it room for 64 KiB; long lists are cut and say so). A session without a recording gets a
 * report that says so. `mask` NULL: nothing is covered. */
FL_CHECK enum result session_report(const struct vault *vault, const struct mask *mask, const struct session *session,
                                    const char *transcript_dir, const char *subject, struct buf *out,
                                    struct fault *fault);
