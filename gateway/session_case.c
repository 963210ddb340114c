/* The writing down. A step that is not written in all four places has not happened: they share the turn's transaction.
 */
#include "session_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "outbox.h"
#include "store/audit.h"
#include "store/cases.h"

enum result session_case_audit(struct core *core, const struct session *s, const struct actor *by, const char *what,
                               const char *result, const char *detail) {
    char object[64];
    snprintf(object, sizeof object, "session/%s", s->id);
    const struct audit_row row = {.at_ms = core->now_ms,
                                  .who = by ? by->name : TICKET_BY_GATEWAY,
                                  .what = what,
                                  .object = object,
                                  .result = result,
                                  .detail = detail,
                                  .address = by ? by->address : ""};
    return audit_add(core->store, &row);
}

enum result session_case_note(struct core *core, const struct session *s, enum ticket_event_kind kind, const char *by,
                              const char *text) {
    struct ticket before, after;
    struct ticket_event event;
    char data[128];
    enum result result = store_ticket_find(core->store, s->ticket, &before);
    if (result != RESULT_OK)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    snprintf(data, sizeof data, "{\"session\":\"%s\",\"state\":\"%s\"}", s->id, session_state_name(s->state));
    ticket_note(&before, kind, by, text, data, core->now_ms, &after, &event);
    result = store_ticket_put(core->store, &after, &event, 1);
    effects_notify_row(core->effects, "ticket", s->ticket, s->device);
    return result;
}

enum result session_case_put(struct core *core, const struct session *s) {
    effects_notify(core->effects, "session", s->id, s->device);
    return store_session_put(core->store, s);
}

/* Applies an event and writes everything that follows from it. A late or doubled event changes nothing and is no
 * failure. */
enum result session_case_apply(struct core *core, struct session *s, const struct session_event *event,
                               const struct actor *by) {
    static const char *const words[] = {[SESSION_ASKING] = "session.consented",
                                        [SESSION_CODE_REQUIRED] = "session.code_required",
                                        [SESSION_LIVE] = "session.live",
                                        [SESSION_ENDED] = "session.ended",
                                        [SESSION_DENIED] = "session.denied",
                                        [SESSION_FAILED] = "session.failed",
                                        [SESSION_AWAITING_APPROVAL] = "session.request"};
    struct fault fault;
    struct buf text;
    const enum session_state before = s->state;
    if (session_apply(s, event, &fault) != RESULT_OK) {
        log_info("gateway.sessions", "event_ignored", "session=%s reason=%s", s->id, log_text(fault.text));
        return RESULT_OK;
    }
    enum result result = session_case_put(core, s);
    if (result != RESULT_OK || s->state == before)
        return result;
    log_info("gateway.sessions", session_state_name(s->state), "session=%s device=%s why=%s", s->id, s->device, s->why);
    buf_init(&text, TICKET_TEXT_BYTES);
    if (s->state == SESSION_LIVE) {
        buf_str(&text, "Remote session began: ");
        capabilities_print(s->capabilities, &text);
        buf_printf(&text, "; consent by %s (%s).", s->consent.by, s->consent.method);
    } else if (session_state_is_open(s->state)) {
        buf_str(&text, s->text[0] ? s->text : "The owner reads out a code.");
    } else {
        buf_printf(&text, "Remote session %s: %s", session_state_name(s->state), s->text);
    }
    result = session_case_note(core, s, TICKET_EVENT_SESSION, by ? by->name : TICKET_BY_GATEWAY, buf_text(&text));
    if (result == RESULT_OK)
        result = session_case_audit(core, s, by, words[s->state], s->state == SESSION_DENIED ? "denied" : "ok",
                                    buf_text(&text));
    buf_fini(&text);
    return result;
}

enum result session_case_close(struct core *core, struct session *s, enum session_event_kind kind, const char *why,
                               const struct actor *by) {
    struct session_event event = {.kind = kind, .at_ms = core->now_ms};
    snprintf(event.why, sizeof event.why, "%s", why);
    effects_kill(core->effects, s->id, why);
    return session_case_apply(core, s, &event, by);
}

static void list_open(void *self, const struct session *s) {
    struct session_list *list = self;
    if (list->count < SESSIONS_LISTED)
        list->items[list->count++] = *s;
}

enum result session_case_open(struct core *core, struct session_list *list) {
    *list = (struct session_list){.items = mem_alloc(sizeof *list->items * SESSIONS_LISTED)};
    return store_sessions_running(core->store, list_open, list);
}

enum result session_case_each(struct core *core,
                              enum result (*fn)(struct core *core, struct session *s, const void *arg),
                              const void *arg) {
    struct session_list open;
    enum result result = session_case_open(core, &open);
    for (size_t i = 0; i < open.count && result == RESULT_OK; i++)
        result = fn(core, &open.items[i], arg);
    free(open.items);
    return result;
}

enum result session_case_withdraw(struct core *core, const struct session *s) {
    struct device *device = registry_find(core->registry, s->device);
    char args[128];
    if (!device)
        return RESULT_OK;
    snprintf(args, sizeof args, "{\"session\":\"%s\",\"reason\":\"withdrawn\"}", s->id);
    return outbox_command(core, device, "session.end", s->id, args, core->settings->consent_wait_ms);
}
