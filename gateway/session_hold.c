/* Retention, and what stands against it. A recording goes when its session has been over for longer than the configured
 * time: first the key, so that copies elsewhere are lost too, then the files, then the row says when. In this order a
 * crash in between only means that it is done again. One in a turn: removing takes a sync of the disk.
 *
 * What was made of it goes too: its report is written again from what the row says, in the same transaction; its
 * searchable lines, which may be 50,000, over the next turns (migration 15 keeps the list).
 *
 * The session's row, its consent, its digest and the audit log stay: that there was a session is not forgotten. */
#include "session_hold.h"

#include <stdio.h>
#include <stdlib.h>

#include "fieldline/log.h"
#include "pull.h"
#include "session_case.h"
#include "sessions/report.h"
#include "store/cases.h"
#include "store/recordings.h"
#include "store/session_lines.h"

enum { REPORT_BYTES = 512 * 1024 };

static enum result find(struct core *core, struct change *change, struct session *s, struct recording *recording,
                        bool *is_found) {
    enum result result = store_session_find(core->store, change->id, s);
    *is_found = result == RESULT_OK;
    if (result == RESULT_NOT_FOUND) {
        change_problem(change, 404, "not_found", "There is no session %s.", change->id);
        return RESULT_OK;
    }
    return result == RESULT_OK ? store_recording_read(core->store, s->id, recording) : result;
}

static enum result put(struct core *core, const struct session *s, const struct recording *recording,
                       const struct actor *by, const char *what, const char *detail) {
    const enum result result = store_recording_put(core->store, recording);
    if (result != RESULT_OK)
        return result;
    effects_notify(core->effects, "session", s->id, s->device);
    return session_case_audit(core, s, by, what, "ok", detail);
}

static void answer(struct change *change) {
    change->status = 200;
    buf_str(&change->reply, "{}");
}

enum result session_hold_begin(struct core *core, struct change *change) {
    struct session s;
    struct recording recording;
    struct fault fault;
    const char *reason;
    bool is_found;
    const enum result result = find(core, change, &s, &recording, &is_found);
    if (result != RESULT_OK || !is_found)
        return result;
    if (json_string(change->body, "reason", RECORDING_REASON_BYTES, &reason, &fault) != RESULT_OK) {
        change_problem(change, 400, "bad_input", "%s", fault.text);
        return RESULT_OK;
    }
    if (reason[0] == '\0') {
        change_problem(change, 400, "bad_input", "A reason is needed.");
        return RESULT_OK;
    }
    if (recording.removed_ms != 0 || recording.held_by[0] != '\0') {
        change_problem(change, 409, "conflict",
                       recording.removed_ms != 0 ? "The recording was removed; there is nothing to hold."
                                                 : "The recording is held already, by %s.",
                       recording.held_by);
        return RESULT_OK;
    }
    snprintf(recording.held_by, sizeof recording.held_by, "%s", change->by.name);
    snprintf(recording.hold_reason, sizeof recording.hold_reason, "%s", reason);
    recording.held_ms = core->now_ms;
    answer(change);
    return put(core, &s, &recording, &change->by, "session.hold", reason);
}

enum result session_hold_end(struct core *core, struct change *change) {
    struct session s;
    struct recording recording;
    bool is_found;
    const enum result result = find(core, change, &s, &recording, &is_found);
    if (result != RESULT_OK || !is_found)
        return result;
    if (recording.held_by[0] == '\0') {
        change_problem(change, 409, "conflict", "The recording is not held.");
        return RESULT_OK;
    }
    recording.held_by[0] = recording.hold_reason[0] = '\0';
    recording.held_ms = 0;
    answer(change);
    return put(core, &s, &recording, &change->by, "session.release", "");
}

/* After the files are gone. What else is in a report, log lines that were asked for in its ticket, is the ticket's. */
static enum result cut_report(struct core *core, const struct session *s) {
    struct ticket ticket;
    struct buf markdown;
    struct fault fault;
    enum result result = store_ticket_find(core->store, s->ticket, &ticket);
    if (result != RESULT_OK)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    char *dir = settings_path(core->settings, "transcripts");
    buf_init(&markdown, REPORT_BYTES);
    if (session_report(core->vault, core->mask, s, dir, ticket.subject, &markdown, &fault) != RESULT_OK) {
        buf_reset(&markdown);
        buf_str(&markdown, "The recording was removed.\n");
    }
    result = pull_report(core, s->ticket, &markdown);
    const struct report_row row = {.ticket = s->ticket,
                                   .session = s->id,
                                   .markdown = buf_text(&markdown),
                                   .digest = s->digest,
                                   .at_ms = core->now_ms};
    if (result == RESULT_OK)
        result = store_report_put(core->store, &row);
    buf_fini(&markdown);
    free(dir);
    return result;
}

enum result session_hold_forget(struct core *core) {
    const enum result result = store_lines_forget_removed(core->store);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result session_hold_expire(struct core *core) {
    struct session s;
    struct recording recording;
    struct fault fault;
    if (core->now_mono_ms < core->guard.unsettled_until_mono_ms) /* our own clock leapt: nothing is old for that */
        return RESULT_OK;
    enum result result = store_recording_expired(core->store, core->now_ms - core->settings->retention_ms, &s);
    if (result == RESULT_OK)
        result = store_recording_read(core->store, s.id, &recording);
    if (result != RESULT_OK)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    char *dir = settings_path(core->settings, "transcripts");
    const bool is_nothing = recording_look(dir, &s, &recording) == RECORDING_NONE;
    const enum result destroyed = recording_destroy(dir, s.id, &fault);
    free(dir);
    if (destroyed != RESULT_OK) {
        log_error("gateway.sessions", "removal_failed", "session=%s reason=%s", s.id, log_text(fault.text));
        return RESULT_OK;
    }
    recording.removed_ms = core->now_ms;
    if (is_nothing) /* nobody was let in: there is nothing to tell */
        return store_recording_put(core->store, &recording);
    result = cut_report(core, &s);
    if (result != RESULT_OK)
        return result;
    log_info("gateway.sessions", "recording_removed", "session=%s", s.id);
    return put(core, &s, &recording, NULL, "session.recording_removed", "Its time was over.");
}
