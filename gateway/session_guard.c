/* A look at the store twice a second for each session that is not over, instead of a message from everywhere where
 * something can change: the command line, another process, a contract's last day and a clock send none. It costs some
 * 50 us a session; what a person does through the gateway itself is acted upon in the same turn.
 *
 * A live session is ended by the edge, which reports back; its row keeps the reason meanwhile, so that it is given
 * once. One that is still being asked for ends here. */
#include "session_guard.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/log.h"
#include "session_case.h"
#include "session_facts.h"
#include "store/cases.h"

static enum result end_live(struct core *core, struct session *s, const char *why) {
    if (s->why[0])
        return RESULT_OK; /* it is ending */
    snprintf(s->why, sizeof s->why, "%s", why);
    snprintf(s->text, sizeof s->text, "%s", session_why_text(why));
    log_info("gateway.sessions", "ending", "session=%s device=%s why=%s", s->id, s->device, why);
    effects_kill(core->effects, s->id, why);
    const enum result result = session_case_put(core, s);
    return result == RESULT_OK ? session_case_audit(core, s, NULL, "session.end", "ok", why) : result;
}

static enum result end_one(struct core *core, struct session *s, enum session_event_kind kind, const char *why) {
    if (s->state == SESSION_LIVE)
        return end_live(core, s, why);
    const enum result result = s->state == SESSION_AWAITING_APPROVAL ? RESULT_OK : session_case_withdraw(core, s);
    return result == RESULT_OK ? session_case_close(core, s, kind, why, NULL) : result;
}

static enum result look_at(struct core *core, struct session *s, const void *arg) {
    (void)arg;
    struct grant_facts facts;
    struct ticket ticket;
    char customer[SESSION_NAME_BYTES + 1];
    const char *why = session_overdue(s, core->now_ms);
    if (why)
        return end_one(core, s, strcmp(why, "no_product") == 0 ? SESSION_EVENT_FAILED : SESSION_EVENT_DENIED, why);
    enum result result = store_ticket_find(core->store, s->ticket, &ticket);
    const bool is_open = result == RESULT_OK && ticket_state_is_open(ticket.state);
    if (result == RESULT_OK || result == RESULT_NOT_FOUND)
        result = session_facts(core, s->engineer, s->device, is_open, &facts, customer);
    if (result != RESULT_OK)
        return result;
    why = grant_lost(s, &facts);
    return why ? end_one(core, s, SESSION_EVENT_FAILED, why) : RESULT_OK;
}

enum result session_guard_turn(struct core *core) {
    if (core->now_mono_ms < core->session_guard_mono_ms)
        return RESULT_OK;
    core->session_guard_mono_ms = core->now_mono_ms + SESSION_GUARD_MS;
    return session_guard_now(core);
}

enum result session_guard_now(struct core *core) {
    return session_case_each(core, look_at, NULL);
}

static enum result revoked_one(struct core *core, struct session *s, const void *arg) {
    if (strcmp(s->device, arg) != 0)
        return RESULT_OK;
    return end_one(core, s, SESSION_EVENT_FAILED, "certificate_revoked");
}

enum result session_desk_device_revoked(struct core *core, const char *device) {
    return session_case_each(core, revoked_one, device);
}

enum result session_guard_revoked(struct core *core, struct change *change) {
    change->status = 200;
    return session_desk_device_revoked(core, change->id);
}
