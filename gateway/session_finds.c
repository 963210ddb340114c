/* Lines come in batches, so that a long recording does not hold up the turns of everybody else. Findings are rows that
 * are only ever added: each is a version of the report, with its author and time, and the recording's digest does not
 * cover them because they are not in the recording. */
#include "session_finds.h"

#include <string.h>

#include "effects.h"
#include "fieldline/log.h"
#include "reporter.h"
#include "session_case.h"
#include "sessions/redact.h"
#include "store/cases.h"
#include "store/recordings.h"
#include "store/session_lines.h"

enum { LINES_IN_CHANGE = 1000 };

static bool read_line(const struct json *row, struct line *line) {
    double n, t_ms;
    const char *kind;
    if (!json_is_array(row) || json_count(row) != 5 || !json_as_number(json_at(row, 0), &n) ||
        !json_as_number(json_at(row, 1), &t_ms) || !json_as_string(json_at(row, 2), &kind) ||
        !json_as_string(json_at(row, 3), &line->by) || !json_as_string(json_at(row, 4), &line->text))
        return false;
    line->n = (uint64_t)n;
    line->t_ms = (int64_t)t_ms;
    return line_kind_parse(kind, &line->kind);
}

static enum result add_lines(struct core *core, const char *session, const struct json *lines) {
    enum result result = RESULT_OK;
    struct line line;
    for (const struct json *row = json_first(lines); row && result == RESULT_OK; row = json_next(row))
        if (read_line(row, &line))
            result = store_line_add(core->store, session, &line);
    return result;
}

enum result session_finds_lines(struct core *core, struct change *change) {
    const struct json *lines;
    bool is_first, is_last;
    struct fault fault;
    change->status = 200;
    if (change->tries == 0)
        reporter_taken(core->reporter);
    if (json_array(change->body, "lines", LINES_IN_CHANGE, &lines, &fault) != RESULT_OK ||
        json_bool(change->body, "first", &is_first, &fault) != RESULT_OK ||
        json_bool(change->body, "last", &is_last, &fault) != RESULT_OK) {
        log_error("gateway.sessions", "bad_lines", "session=%s reason=%s", change->id, log_text(fault.text));
        return RESULT_OK;
    }
    struct recording recording;
    enum result result = store_recording_read(core->store, change->id, &recording);
    if (result != RESULT_OK || recording.removed_ms != 0) /* it was read, and meanwhile its time was over */
        return result;
    result = is_first ? store_lines_forget(core->store, change->id) : RESULT_OK;
    if (result == RESULT_OK)
        result = add_lines(core, change->id, lines);
    if (result == RESULT_OK && is_last)
        result = store_lines_finish(core->store, change->id);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static const char *refusal(const struct session *s, const struct change *change, const char *text) {
    if (change->by.role == ROLE_ENGINEER && strcmp(s->engineer, change->by.name) != 0)
        return "Only who had the session or a supervisor adds to its report.";
    if (session_state_is_open(s->state) || !s->has_started)
        return "There is a report only of a session that has begun and is over.";
    return text[strspn(text, " \t\r\n")] == '\0' ? "'text' is empty." : NULL;
}

static enum result add_finding(struct core *core, const struct session *s, const struct change *change,
                               const char *text) {
    struct buf shown;
    buf_init(&shown, 2 * FINDING_BYTES);
    redact_text(core->mask, text, &shown);
    const struct finding finding = {.at_ms = core->now_ms, .by = change->by.name, .text = buf_text(&shown)};
    enum result result = store_finding_add(core->store, s->id, &finding);
    if (result == RESULT_OK)
        result = session_case_note(core, s, TICKET_EVENT_REPORT, change->by.name, finding.text);
    if (result == RESULT_OK) {
        effects_notify(core->effects, "session", s->id, s->device);
        result = session_case_audit(core, s, &change->by, "session.finding", "ok", finding.text);
    }
    buf_fini(&shown);
    return result;
}

enum result session_finds_finding(struct core *core, struct change *change) {
    struct session s;
    struct fault fault;
    const char *text;
    enum result result = store_session_find(core->store, change->id, &s);
    if (result == RESULT_NOT_FOUND) {
        change_problem(change, 404, "not_found", "There is no session %s.", change->id);
        return RESULT_OK;
    }
    if (result != RESULT_OK)
        return result;
    if (json_string(change->body, "text", FINDING_BYTES, &text, &fault) != RESULT_OK) {
        change_problem(change, 400, "bad_input", "%s", fault.text);
        return RESULT_OK;
    }
    const char *why = refusal(&s, change, text);
    if (why) {
        const bool is_denied = change->by.role == ROLE_ENGINEER && strcmp(s.engineer, change->by.name) != 0;
        change_problem(change, is_denied ? 403 : 409, is_denied ? "denied" : "conflict", "%s", why);
        return session_case_audit(core, &s, &change->by, "session.finding", is_denied ? "denied" : "conflict", why);
    }
    change->status = 201;
    buf_str(&change->reply, "{}");
    return add_finding(core, &s, change, text);
}
