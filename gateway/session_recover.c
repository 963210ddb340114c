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
#include "sessions/verify.h"
#include "store/cases.h"
#include "store/session_lines.h"

struct recovered {
    struct recovered *next;
    char session[CAP_UUID_BYTES + 1];
    struct session_event event;
};
struct recovery {
    struct core *core;
    const char *transcript_dir;
    const struct key *seal_key;
    struct recovered *list; /* what had no seal and was sealed now */
};

static void keep_recovered(void *self, const char *session, const struct session_event *event) {
    struct recovery *recovery = self;
    struct recovered *r = mem_alloc(sizeof *r);
    snprintf(r->session, sizeof r->session, "%s", session);
    r->event = *event;
    r->next = recovery->list;
    recovery->list = r;
}

/* Not one whose row is over and knows the digest of a seal. Without a row (an older copy of the store) nothing says
 * that there ever was one. */
static bool may_seal(void *self, const char *session) {
    const struct recovery *recovery = self;
    struct session s;
    const enum result result = store_session_find(recovery->core->store, session, &s);
    return result == RESULT_NOT_FOUND ||
           (result == RESULT_OK && (session_state_is_open(s.state) || s.digest[0] == '\0'));
}

/* A recording that was sealed before the gateway stopped, when only its row did not get to hear of it (or came back
 * with an older copy of the store). */
static bool read_seal(const struct recovery *r, const struct session *s, struct session_event *event) {
    char base[TRANSCRIPT_PATH_BYTES];
    struct verdict verdict;
    struct fault fault;
    snprintf(base, sizeof base, "%s/%s", r->transcript_dir, s->id);
    if (transcript_verify(base, &(struct verify_options){.vault = r->core->vault}, &verdict, &fault) != RESULT_OK ||
        !verdict.is_ok || transcript_is_ours(base, r->seal_key, s->digest, &fault) != RESULT_OK)
        return false;
    *event = (struct session_event){.kind = SESSION_EVENT_ENDED,
                                    .at_ms = verdict.ended_ms,
                                    .frames = (int64_t)verdict.frames,
                                    .is_countersigned = verdict.is_countersigned,
                                    .is_complete = verdict.is_complete};
    snprintf(event->why, sizeof event->why, "%.*s", SESSION_WHY_BYTES, verdict.why);
    snprintf(event->digest, sizeof event->digest, "%s", verdict.digest);
    return true;
}

static enum result recover_one(struct core *core, struct session *s, const void *arg) {
    const struct recovery *r = arg;
    const struct recovered *found = r->list;
    struct session_event sealed;
    while (found && strcmp(found->session, s->id) != 0)
        found = found->next;
    if (found)
        return session_case_apply(core, s, &found->event, NULL);
    if (read_seal(r, s, &sealed))
        return session_case_apply(core, s, &sealed, NULL);
    if (s->state == SESSION_LIVE)
        return session_case_close(core, s, SESSION_EVENT_ENDED, "gateway_crashed", NULL);
    if (s->state == SESSION_AWAITING_APPROVAL)
        return RESULT_OK; /* a person is asked, and no product; that goes on */
    const enum result result = session_case_withdraw(core, s);
    return result == RESULT_OK ? session_case_close(core, s, SESSION_EVENT_FAILED, "gateway_crashed", NULL) : result;
}

static void ask_lines(void *self, const struct session *s) {
    struct core *core = self;
    reporter_read(core->reporter, s);
}

static void ask_report(void *self, const struct session *s) {
    struct core *core = self;
    struct ticket ticket;
    if (store_ticket_find(core->store, s->ticket, &ticket) == RESULT_OK)
        reporter_ask(core->reporter, s, ticket.subject);
}

enum result session_desk_recover(struct core *core, const char *transcript_dir, const struct key *seal_key,
                                 struct fault *fault) {
    struct recovery recovery = {.core = core, .transcript_dir = transcript_dir, .seal_key = seal_key};
    const struct recover_calls calls = {.may_seal = may_seal, .each = keep_recovered, .self = &recovery};
    struct fault why;
    core->now_ms = clock_wall_ms();
    if (transcript_recover_all(core->vault, transcript_dir, seal_key, core->now_ms, &calls, &why) != RESULT_OK)
        log_error("gateway.sessions", "recovery_failed", "reason=%s", log_text(why.text));
    enum result result = store_begin(core->store);
    if (result == RESULT_OK)
        result = session_case_each(core, recover_one, &recovery);
    if (result == RESULT_OK)
        result = store_commit(core->store);
    if (result == RESULT_OK)
        result = store_sessions_unreported(core->store, ask_report, core);
    if (result == RESULT_OK)
        result = store_sessions_unread(core->store, ask_lines, core);
    if (result != RESULT_OK) {
        store_rollback(core->store);
        fault_set(fault, result, "recovering sessions: %s", store_error(core->store));
    }
    for (struct recovered *r = recovery.list, *next; r; r = next) {
        next = r->next;
        free(r);
    }
    return result;
}
