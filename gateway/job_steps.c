/* One step: ticket, session, drive, result. What a person would ask for over HTTP is asked for here with the same
 * changes in the name of who opened the job, so that no rule has to be repeated: qualification, policies and approval
 * decide as ever, with the role that he has now. */
#include "job_steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "jobs.h"
#include "fieldline/log.h"
#include "sessions/session.h"
#include "store/cases.h"
#include "store/users.h"

enum { SESSION_MARGIN_MIN = 10, BODY_BYTES = 16 * 1024 };

static enum result put_step(struct core *core, struct job_step *step) {
    effects_notify_row(core->effects, "job", step->job, step->device);
    return store_job_step_put(core->store, step);
}

static enum result end_job(struct core *core, struct job *job, enum job_state state) {
    job->state = state;
    job->ended_ms = core->now_ms;
    log_info("gateway.jobs", "job_ended", "job=%lld state=%s", (long long)job->id, job_state_name(state));
    effects_notify_row(core->effects, "job", job->id, NULL);
    return store_job_put(core->store, job);
}

static enum result end_step(struct core *core, struct job *job, struct job_step *step, enum job_step_state state,
                            const char *text) {
    int64_t failed = 0;
    step->state = state;
    step->ended_ms = core->now_ms;
    text_copy(step->text, sizeof step->text, text);
    log_info("gateway.jobs", "step_ended", "job=%lld device=%s state=%s reason=%s", (long long)job->id, step->device,
             job_step_state_name(state), log_text(step->text));
    enum result result = put_step(core, step);
    if (result == RESULT_OK && state == JOB_STEP_FAILED && job->state == JOB_RUNNING) {
        result = store_job_count(core->store, job->id, JOB_STEP_FAILED, &failed);
        if (result == RESULT_OK && failed >= job->stop_after)
            result = end_job(core, job, JOB_STOPPED);
    }
    return result;
}

/* ---- as a person would ------------------------------------------------------------------------------------------- */

/* Carries out a change in the name of the job's owner. *status: its HTTP status; `reply` gets its answer. */
static enum result ask_as(struct core *core, const struct actor *by, enum change_verb verb, const char *id,
                          const struct buf *body, int *status, struct json **reply) {
    struct change *change = change_new(verb);
    change->by = *by;
    change->if_match = -1;
    snprintf(change->id, sizeof change->id, "%s", id);
    *reply = NULL;
    if (json_parse((const char *)body->data, body->count, &change->body, NULL) != RESULT_OK)
        die("gateway.jobs", "a request of ours does not parse");
    const enum result result = desk_execute(core, change);
    *status = change->status;
    if (result == RESULT_OK && json_parse(buf_text(&change->reply), change->reply.count, reply, NULL) != RESULT_OK)
        *reply = NULL;
    change_free(change);
    return result;
}

/* Who opened the job, with the role of now. RESULT_NOT_FOUND: nobody any more. */
static enum result read_actor(struct core *core, const struct job *job, struct actor *out) {
    struct user_row user;
    const enum result result = store_user_find(core->store, job->who, &user);
    if (result != RESULT_OK)
        return result;
    if (user.is_disabled)
        return RESULT_NOT_FOUND;
    *out = (struct actor){.user_id = user.id, .role = user.role};
    snprintf(out->name, sizeof out->name, "%s", user.name);
    return RESULT_OK;
}

static const char *said(const struct json *reply, const char *otherwise) {
    const char *text;
    return reply && json_string(reply, "detail", FAULT_TEXT_BYTES, &text, NULL) == RESULT_OK ? text : otherwise;
}

static enum result open_ticket(struct core *core, const struct job *job, const struct actor *by, struct job_step *step,
                               char refusal[JOB_TEXT_BYTES + 1]) {
    struct buf body;
    struct json *reply;
    char subject[100];
    int status;
    buf_init(&body, BODY_BYTES);
    snprintf(subject, sizeof subject, "Settings: job %lld", (long long)job->id);
    struct json_out j = json_out(&body);
    jo_object(&j, NULL);
    jo_str(&j, "device", step->device);
    jo_str(&j, "subject", subject);
    jo_str(&j, "text", job->reason);
    jo_str(&j, "severity", "warning");
    jo_str(&j, "source", "api");
    jo_end(&j);
    const enum result result = ask_as(core, by, CHANGE_TICKET_OPEN, "", &body, &status, &reply);
    if (result == RESULT_OK &&
        (status != 201 || !reply || json_integer(reply, "id", 1, INT64_MAX / 2, &step->ticket, NULL) != RESULT_OK))
        text_copy(refusal, JOB_TEXT_BYTES + 1, said(reply, "no ticket could be opened"));
    json_free(reply);
    buf_fini(&body);
    return result;
}

static enum result ask_session(struct core *core, const struct job *job, const struct actor *by, struct job_step *step,
                               char refusal[JOB_TEXT_BYTES + 1], int *status) {
    struct buf body;
    struct json *reply;
    char reason[JOB_TEXT_BYTES + 40], ticket[24];
    const char *session;
    buf_init(&body, BODY_BYTES);
    snprintf(reason, sizeof reason, "Job %lld: %s", (long long)job->id, job->reason);
    snprintf(ticket, sizeof ticket, "%lld", (long long)step->ticket);
    struct json_out j = json_out(&body);
    jo_object(&j, NULL);
    jo_array(&j, "capabilities");
    jo_str(&j, NULL, capability_name(CAPABILITY_CONFIGURE));
    jo_end(&j);
    jo_int(&j, "minutes", (job->settle_s + 59) / 60 + SESSION_MARGIN_MIN);
    jo_str(&j, "reason", reason);
    jo_end(&j);
    const enum result result = ask_as(core, by, CHANGE_SESSION_REQUEST, ticket, &body, status, &reply);
    if (result == RESULT_OK &&
        (*status != 201 || !reply || json_string(reply, "id", CAP_UUID_BYTES, &session, NULL) != RESULT_OK))
        text_copy(refusal, JOB_TEXT_BYTES + 1, said(reply, "no session was granted"));
    else if (result == RESULT_OK)
        text_copy(step->session, sizeof step->session, session);
    json_free(reply);
    buf_fini(&body);
    return result;
}

/* Whatever the ticket's table does not allow to him is left to a person. */
static enum result resolve_ticket(struct core *core, const struct job *job, const struct job_step *step,
                                  const char *text) {
    static const char *const actions[] = {"assign", "diagnose", "resolve"};
    struct actor by;
    char ticket[24];
    enum result result = read_actor(core, job, &by);
    snprintf(ticket, sizeof ticket, "%lld", (long long)step->ticket);
    for (size_t i = 0; i < sizeof actions / sizeof *actions && result == RESULT_OK; i++) {
        struct buf body;
        struct json *reply;
        int status;
        buf_init(&body, BODY_BYTES);
        struct json_out j = json_out(&body);
        jo_object(&j, NULL);
        jo_str(&j, "action", actions[i]);
        if (i == 0)
            jo_str(&j, "assignee", by.name);
        jo_str(&j, "text", text);
        jo_end(&j);
        result = ask_as(core, &by, CHANGE_TICKET_ACTION, ticket, &body, &status, &reply);
        json_free(reply);
        buf_fini(&body);
        if (status >= 400)
            break;
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

/* ---- begin ------------------------------------------------------------------------------------------------------- */

static enum result begin_step(struct core *core, struct job *job, struct job_step *step) {
    char refusal[JOB_TEXT_BYTES + 1] = "";
    struct actor by;
    int status = 0;
    const struct device *device = registry_find(core->registry, step->device);
    step->begun_ms = core->now_ms;
    if (!device || !device->is_online)
        return end_step(core, job, step, JOB_STEP_SKIPPED, "The device is offline.");
    enum result result = read_actor(core, job, &by);
    if (result == RESULT_NOT_FOUND)
        return end_step(core, job, step, JOB_STEP_FAILED, "Who opened the job may not work here any more.");
    if (result == RESULT_OK && step->ticket == 0)
        result = open_ticket(core, job, &by, step, refusal);
    if (result == RESULT_OK && !*refusal)
        result = ask_session(core, job, &by, step, refusal, &status);
    if (result != RESULT_OK)
        return result;
    if (*refusal)
        return end_step(core, job, step, JOB_STEP_FAILED, refusal);
    step->state = JOB_STEP_RUNNING;
    return put_step(core, step);
}

/* ---- while it runs ----------------------------------------------------------------------------------------------- */

/* Why a session that nobody has worked in is over: the owner's no, or an absence, is no failure of the change. */
static bool is_skip(const struct session *s) {
    static const char *const whys[] = {"refused",       "timed_out",      "off_on_product", "expired",
                                       "no_tries_left", "device_offline", "hook_failed",    "withdrawn"};
    for (size_t i = 0; i < sizeof whys / sizeof *whys; i++)
        if (strcmp(s->why, whys[i]) == 0)
            return true;
    return s->state == SESSION_DENIED;
}

static enum result drive(struct core *core, const struct job *job, struct job_step *step) {
    struct web_drive *order = mem_alloc(sizeof *order);
    snprintf(order->session, sizeof order->session, "%s", step->session);
    snprintf(order->by, sizeof order->by, "%s", job->who);
    snprintf(order->values, sizeof order->values, "%s", job->values);
    order->confirm_s = job->confirm_s;
    order->settle_s = job->settle_s;
    effects_drive(core->effects, order);
    free(order);
    text_copy(step->text, sizeof step->text, "at work");
    return put_step(core, step);
}

static enum result look_at(struct core *core, struct job *job, struct job_step *step) {
    struct session s;
    const enum result result = store_session_find(core->store, step->session, &s);
    if (result == RESULT_NOT_FOUND)
        return end_step(core, job, step, JOB_STEP_FAILED, "The session is gone.");
    if (result != RESULT_OK)
        return result;
    if (s.state == SESSION_LIVE && !*step->text)
        return drive(core, job, step);
    if (session_state_is_open(s.state))
        return RESULT_OK;
    if (strcmp(s.why, "gateway_crashed") == 0 || strcmp(s.why, "gateway_stopping") == 0 ||
        strcmp(s.why, "gateway_restarted") == 0) { /* the product took it back; begin again */
        step->state = JOB_STEP_WAITING;
        step->session[0] = step->text[0] = '\0';
        return put_step(core, step);
    }
    if (!*step->text) /* nobody has worked in it */
        return end_step(core, job, step, is_skip(&s) ? JOB_STEP_SKIPPED : JOB_STEP_FAILED,
                        *s.text ? s.text : session_why_text(s.why));
    /* The driver's result is on its way from the edge; its session's end may be told first. */
    if (core->now_ms < s.ended_ms + 10000)
        return RESULT_OK;
    return end_step(core, job, step, JOB_STEP_FAILED, session_why_text(s.why));
}

enum result jobs_result(struct core *core, struct change *change) {
    struct job *job = mem_alloc(sizeof *job);
    struct job_step *step = mem_alloc(sizeof *step);
    const char *outcome = "failed", *text = "", *before = NULL, *after = NULL;
    enum job_step_state state = JOB_STEP_FAILED;
    change->status = 200;
    enum result result = store_job_step_of(core->store, change->id, step);
    if (result == RESULT_OK)
        result = store_job_find(core->store, step->job, job);
    if (result != RESULT_OK || step->state != JOB_STEP_RUNNING) {
        result = result == RESULT_NOT_FOUND ? RESULT_OK : result;
        goto out;
    }
    if (!change->body || json_string(change->body, "outcome", 16, &outcome, NULL) != RESULT_OK ||
        json_string(change->body, "text", JOB_TEXT_BYTES, &text, NULL) != RESULT_OK ||
        json_optional_string(change->body, "before", JOB_VALUES_BYTES, &before, NULL) != RESULT_OK ||
        json_optional_string(change->body, "after", JOB_VALUES_BYTES, &after, NULL) != RESULT_OK)
        text = "the result could not be read";
    else if (strcmp(outcome, "done") == 0)
        state = JOB_STEP_DONE;
    else if (strcmp(outcome, "unchanged") == 0)
        state = JOB_STEP_UNCHANGED;
    if (strncmp(text, "the session ended: gateway_", 27) == 0)
        goto out; /* look_at begins it again */
    text_copy(step->before, sizeof step->before, before ? before : "");
    text_copy(step->after, sizeof step->after, after ? after : "");
    result = end_step(core, job, step, state, text);
    if (result == RESULT_OK && state != JOB_STEP_FAILED)
        result = resolve_ticket(core, job, step,
                                state == JOB_STEP_DONE ? "The new values are set and confirmed."
                                                       : "The product had these values already.");
out:
    free(job);
    free(step);
    return result;
}

enum result job_steps_tick(struct core *core, struct job *job) {
    struct job_step *step = mem_alloc(sizeof *step);
    enum result result = store_job_step_first(core->store, job->id, JOB_STEP_RUNNING, step);
    if (result == RESULT_OK) {
        result = look_at(core, job, step);
    } else if (result == RESULT_NOT_FOUND && job->state == JOB_RUNNING) {
        result = store_job_step_first(core->store, job->id, JOB_STEP_WAITING, step);
        result = result == RESULT_OK          ? begin_step(core, job, step)
                 : result == RESULT_NOT_FOUND ? end_job(core, job, JOB_DONE)
                                              : result;
    }
    free(step);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}
