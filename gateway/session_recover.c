/* After a restart nothing is live: the relays went with the process. Transcripts without a seal are valid up to their
 * last whole frame and are sealed as incomplete; sessions that were being asked for are withdrawn. */
#include "session_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "reporter.h"
#include "session_case.h"
#include "sessions/recover.h"
#include "store/cases.h"

struct recovered {
    struct recovered *next;
    char session[CAP_UUID_BYTES + 1];
    struct session_event event;
};

static void keep_recovered(void *self, const char *session, const struct session_event *event) {
    struct recovered **list = self, *r = mem_alloc(sizeof *r);
    snprintf(r->session, sizeof r->session, "%s", session);
    r->event = *event;
    r->next = *list;
    *list = r;
}

static enum result recover_one(struct core *core, struct session *s, const void *arg) {
    const struct recovered *found = arg;
    while (found && strcmp(found->session, s->id) != 0)
        found = found->next;
    if (found)
        return session_case_apply(core, s, &found->event, NULL);
    if (s->state == SESSION_LIVE)
        return session_case_close(core, s, SESSION_EVENT_ENDED, "gateway_crashed", NULL);
    const enum result result = session_case_withdraw(core, s);
    return result == RESULT_OK ? session_case_close(core, s, SESSION_EVENT_FAILED, "gateway_crashed", NULL) : result;
}

static void ask_report(void *self, const struct session *s) {
    struct core *core = self;
    struct ticket ticket;
    if (store_ticket_find(core->store, s->ticket, &ticket) == RESULT_OK)
        reporter_ask(core->reporter, s, ticket.subject);
}

enum result session_desk_recover(struct core *core, const char *transcript_dir, const struct key *seal_key,
                                 struct fault *fault) {
    struct recovered *list = NULL;
    struct fault why;
    core->now_ms = clock_wall_ms();
    if (transcript_recover_all(transcript_dir, seal_key, core->now_ms, keep_recovered, &list, &why) != RESULT_OK)
        log_error("gateway.sessions", "recovery_failed", "reason=%s", log_text(why.text));
    enum result result = store_begin(core->store);
    if (result == RESULT_OK)
        result = session_case_each(core, recover_one, list);
    if (result == RESULT_OK)
        result = store_commit(core->store);
    if (result == RESULT_OK)
        result = store_sessions_unreported(core->store, ask_report, core);
    if (result != RESULT_OK) {
        store_rollback(core->store);
        fault_set(fault, result, "recovering sessions: %s", store_error(core->store));
    }
    for (struct recovered *r = list, *next; r; r = next) {
        next = r->next;
        free(r);
    }
    return result;
}
