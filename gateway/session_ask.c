/* The question to the product.
 *
 * The edge is told to expect the product as soon as the request is committed, not when the agent says "open": the
 * product may dial in before its agent's answer has come through the broker. The token makes that safe: only the agent
 * gets it, it uses it only after the owner's yes, it is good for one call of this one device for this one session, and
 * SESSION_DIAL_IN_MS after the yes it is void (session_guard.c). */
#include "session_ask.h"

#include <stdio.h>
#include <string.h>

#include "outbox.h"
#include "session_case.h"
#include "sessions/token.h"
#include "store/cases.h"

enum { ANSWER_MARGIN_MS = 2 * 1000 /* for the broker, both ways: the agent keeps the same time and answers first */ };

int64_t session_ask_due_ms(const struct core *core) {
    return core->now_ms + core->settings->consent_wait_ms + ANSWER_MARGIN_MS;
}

static void order_print(const struct core *core, const struct session *s, const struct ticket *ticket,
                        const char *token, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "session", s->id);
    jo_str(&j, "token", token);
    jo_str(&j, "url", core->session_url);
    jo_int(&j, "ticket", s->ticket);
    jo_str(&j, "subject", ticket->subject);
    jo_str(&j, "engineer", s->engineer);
    jo_str(&j, "reason", s->reason);
    capabilities_write(&j, "capabilities", s->capabilities);
    jo_int(&j, "duration_s", s->duration_s);
    jo_int(&j, "wait_s", core->settings->consent_wait_ms / 1000);
    jo_end(&j);
}

static void expect_fill(const struct core *core, const struct session *s, const struct ticket *ticket,
                        const struct device *device, struct web_session *out) {
    out->capabilities = s->capabilities;
    out->expect_s = (session_ask_due_ms(core) - core->now_ms + SESSION_DIAL_IN_MS) / 1000;
    out->duration_s = s->duration_s;
    out->idle_s = core->settings->session_idle_ms / 1000;
    out->ticket = s->ticket;
    out->needs_moderator = s->needs_moderator;
    snprintf(out->session, sizeof out->session, "%s", s->id);
    snprintf(out->device, sizeof out->device, "%s", s->device);
    snprintf(out->model, sizeof out->model, "%s", device->pack ? device->pack->model : "");
    snprintf(out->engineer, sizeof out->engineer, "%s", s->engineer);
    snprintf(out->approver, sizeof out->approver, "%s", s->approver);
    snprintf(out->subject, sizeof out->subject, "%s", ticket->subject);
}

static void say(const struct session *s, struct buf *text) {
    if (s->is_emergency)
        buf_str(text, "EMERGENCY. ");
    if (s->approver[0])
        buf_printf(text, "Approved by %s%s%s. ", s->approver, s->approval_text[0] ? ": " : "", s->approval_text);
    buf_str(text, "Remote session asked for: ");
    capabilities_print(s->capabilities, text);
    buf_printf(text, ", %lld min. Reason: %s", (long long)(s->duration_s / 60), s->reason);
}

enum result session_ask(struct core *core, struct session *s, const struct ticket *ticket, const struct actor *by,
                        const char *what) {
    struct device *device = registry_find(core->registry, s->device);
    struct web_session expect = {0};
    char token[SESSION_TOKEN_CHARS + 1];
    struct buf args, text;
    session_token_make(token, expect.token_sha256);
    expect_fill(core, s, ticket, device, &expect);
    buf_init(&args, CAP_COMMAND_BYTES);
    buf_init(&text, TICKET_TEXT_BYTES);
    order_print(core, s, ticket, token, &args);
    say(s, &text);
    s->due_ms = session_ask_due_ms(core);
    enum result result = session_case_put(core, s);
    if (result == RESULT_OK)
        result = outbox_command(core, device, "session.open", s->id, buf_text(&args), core->settings->consent_wait_ms);
    if (result == RESULT_OK)
        result = session_case_note(core, s, TICKET_EVENT_SESSION, by->name, buf_text(&text));
    if (result == RESULT_OK)
        result = session_case_audit(core, s, by, what, "ok", buf_text(&text));
    if (result == RESULT_OK)
        effects_expect(core->effects, &expect);
    core->figures.sessions_asked++;
    wipe(token, sizeof token);
    wipe(&expect, sizeof expect);
    buf_wipe(&args);
    buf_fini(&text);
    return result;
}
