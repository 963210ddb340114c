/* Lets engineers in, or not: one slot a request, from the question to the end of its process.
 *
 * What is not here: how the owner is asked (consent.c), the process (session_process.c) and what happens in it
 * (agent/session/). Loop thread only. Nothing is kept over a restart of the agent: a session that runs goes on without
 * it and ends by its own deadline, a question that was open is answered by silence, which is a no.
 *
 * The order of the checks is the order in which a "no" costs the owner nothing: form, configuration, room, and only
 * then the question. */
#include "launcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consent.h"
#include "fieldline/clock.h"
#include "fieldline/json.h"
#include "fieldline/log.h"
#include "reaper.h"
#include "session_process.h"
#include "session_request.h"

enum {
    SLOTS = 8,
    SESSIONS_MAX = 2, /* asked for or running, at once */
    CODE_BYTES = 32,
    SWEEP_MS = 20,
    SWEEPS_MAX = 100
};

enum slot_state {
    SLOT_FREE,
    SLOT_ASKING,
    SLOT_CODE, /* the owner reads out a code */
    SLOT_RUNNING,
    SLOT_ENDING, /* SIGTERM was sent */
    SLOT_EXPIRED /* nobody answered; kept until the slot is needed, for a clear answer to a late code */
};

struct slot {
    struct launcher *launcher;
    enum slot_state state;
    struct session_request request;       /* of an expired one, only the session's id */
    uint32_t capabilities;                /* of a running one: what the owner allowed */
    char command[CAP_UUID_BYTES + 1];     /* that waits for "open" or an error; "" when none does */
    char end_command[CAP_UUID_BYTES + 1]; /* that waits for "ended" */
    struct consent *consent;
    struct session_process *process;
    int64_t watch_ms; /* it observes, this often; 0: it does not */
};

struct launcher {
    struct loop *loop;
    struct loop_timer sweep;
    int sweeps_left;
    const struct agent_config *config;
    launcher_reply_fn *reply;
    void *self;
    struct launcher_watcher watcher;
    int64_t pace_ms; /* that was told */
    struct slot slots[SLOTS];
};

/* ---- replies ----------------------------------------------------------------------------------------------------- */

static void reply_ok(struct launcher *l, const char *id, const char *json) {
    struct buf reply;
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    reply_encode_ok(id, json, &reply);
    l->reply(l->self, buf_text(&reply), reply.count);
    buf_fini(&reply);
}

static void reply_error(struct launcher *l, const char *id, const char *error, const char *text) {
    struct buf reply;
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    reply_encode_error(id, error, text, &reply);
    l->reply(l->self, buf_text(&reply), reply.count);
    buf_fini(&reply);
}

/* ---- slots ------------------------------------------------------------------------------------------------------- */

static bool is_active(const struct slot *s) {
    return s->state != SLOT_FREE && s->state != SLOT_EXPIRED;
}

static struct slot *slot_find(struct launcher *l, const char *session) {
    for (size_t i = 0; i < SLOTS; i++) {
        if (l->slots[i].state != SLOT_FREE && strcmp(l->slots[i].request.session, session) == 0) {
            return &l->slots[i];
        }
    }
    return NULL;
}

static struct slot *slot_unused(struct launcher *l) {
    struct slot *expired = NULL;
    for (size_t i = 0; i < SLOTS; i++) {
        if (l->slots[i].state == SLOT_FREE) {
            return &l->slots[i];
        }
        if (l->slots[i].state == SLOT_EXPIRED) {
            expired = &l->slots[i];
        }
    }
    return expired;
}

size_t launcher_session_count(const struct launcher *l) {
    size_t count = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        count += is_active(&l->slots[i]);
    }
    return count;
}

/* Whoever observes fastest sets the pace; told when it changes, also because a session ended, however it did. */
static void set_pace(struct launcher *l) {
    int64_t pace_ms = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        int64_t watch_ms = l->slots[i].watch_ms;
        pace_ms = watch_ms > 0 && (pace_ms == 0 || watch_ms < pace_ms) ? watch_ms : pace_ms;
    }
    if (pace_ms != l->pace_ms) {
        l->pace_ms = pace_ms;
        if (l->watcher.pace != NULL) {
            l->watcher.pace(l->watcher.self, pace_ms);
        }
    }
}

static void slot_clear(struct slot *s, enum slot_state state) {
    struct launcher *l = s->launcher;
    char session[CAP_UUID_BYTES + 1];
    memcpy(session, s->request.session, sizeof session);
    consent_cancel(s->consent);
    session_request_fini(&s->request);
    *s = (struct slot){.launcher = l, .state = state};
    if (state == SLOT_EXPIRED) {
        memcpy(s->request.session, session, sizeof session);
    }
    set_pace(l);
}

struct launcher *launcher_new(struct loop *loop, const struct agent_config *config, launcher_reply_fn *reply,
                              void *self) {
    struct launcher *l = mem_alloc(sizeof *l);
    l->loop = loop;
    l->config = config;
    l->reply = reply;
    l->self = self;
    for (size_t i = 0; i < SLOTS; i++) {
        l->slots[i].launcher = l;
    }
    struct fault fault;
    if (reaper_start(&fault) != RESULT_OK) {
        log_warn("agent.launcher", "no_orphans", "reason=%s", log_text(fault.text));
    }
    return l;
}

/* A session process ends everything that it has started, unless it was killed; then its children are ours by now. */
static void on_sweep(void *self) {
    struct launcher *l = self;
    pid_t kept[SLOTS];
    size_t count = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        if (l->slots[i].process != NULL) {
            kept[count++] = session_process_pid(l->slots[i].process);
        }
    }
    size_t alive = reaper_sweep(kept, count);
    if (alive > 0) {
        log_warn("agent.launcher", "orphans_killed", "count=%zu", alive);
        if (l->sweeps_left-- > 0) {
            loop_arm(l->loop, &l->sweep, SWEEP_MS, on_sweep, l);
        }
    }
}

static void on_exit_of_session(void *self, int status) {
    struct slot *s = self;
    struct launcher *l = s->launcher;
    s->process = NULL;
    log_info("agent.launcher", "session_process_ended", "session=%s status=%d", s->request.session, status);
    if (s->end_command[0] != '\0') {
        reply_ok(l, s->end_command, "{\"state\":\"ended\"}");
    }
    slot_clear(s, SLOT_FREE);
    l->sweeps_left = SWEEPS_MAX;
    on_sweep(l);
}

static void reply_open(struct slot *s, const struct consent_answer *answer, int64_t now_ms) {
    struct buf text;
    buf_init(&text, 2048);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_str(&j, "state", "open");
    capabilities_write(&j, "capabilities", answer->capabilities);
    jo_object(&j, "consent");
    jo_str(&j, "method", answer->method);
    jo_str(&j, "by", answer->by);
    jo_int(&j, "at_ms", now_ms);
    jo_int(&j, "until_ms", now_ms + answer->duration_ms);
    jo_end(&j);
    jo_end(&j);
    reply_ok(s->launcher, s->command, buf_text(&text));
    s->command[0] = '\0';
    buf_fini(&text);
}

static void give_line(void *self, const char *text, size_t bytes) {
    struct slot *s = self;
    session_process_tap(s->process, text, bytes);
}

static void on_watch(void *self, const struct tap_watch *watch) {
    struct slot *s = self;
    struct launcher *l = s->launcher;
    if ((s->capabilities & CAPABILITY_BIT(CAPABILITY_OBSERVE)) == 0) {
        return;
    }
    int64_t least_ms = l->config->observe_least_ms;
    s->watch_ms = watch->interval_ms > 0 && watch->interval_ms < least_ms ? least_ms : watch->interval_ms;
    if (s->watch_ms > 0 && watch->last > 0 && l->watcher.recall != NULL) {
        l->watcher.recall(l->watcher.self, watch->last, give_line, s);
    }
    set_pace(l);
}

void launcher_watch(struct launcher *l, const struct launcher_watcher *watcher) {
    l->watcher = *watcher;
}

static void open_session(struct slot *s, const struct consent_answer *answer) {
    struct launcher *l = s->launcher;
    struct session_order order = {.session = s->request.session,
                                  .url = s->request.url,
                                  .token = s->request.token,
                                  .capabilities = answer->capabilities,
                                  .consent_method = answer->method,
                                  .consent_by = answer->by,
                                  .consent_at_ms = clock_wall_ms(),
                                  .duration_ms = answer->duration_ms};
    struct fault fault;
    if (session_process_start(l->loop, l->config, &order, on_exit_of_session, s, &s->process, &fault) != RESULT_OK) {
        log_error("agent.launcher", "session_start_failed", "session=%s reason=%s", s->request.session,
                  log_text(fault.text));
        reply_error(l, s->command, "failed", fault.text);
        slot_clear(s, SLOT_FREE);
        return;
    }
    s->state = SLOT_RUNNING;
    s->capabilities = answer->capabilities;
    session_process_on_watch(s->process, on_watch);
    log_info("agent.launcher", "session_open", "session=%s engineer=%s method=%s", s->request.session,
             log_text(s->request.engineer), answer->method);
    reply_open(s, answer, order.consent_at_ms);
}

/* ---- session.open ------------------------------------------------------------------------------------------------ */

static void on_consent(void *self, const struct consent_answer *answer) {
    static const char *const errors[] = {[CONSENT_REFUSED] = "refused",
                                         [CONSENT_LATE] = "timed_out",
                                         [CONSENT_HOOK_FAILED] = "hook_failed",
                                         [CONSENT_LOCKED] = "no_tries_left"};
    struct slot *s = self;
    s->consent = NULL;
    if (answer->outcome == CONSENT_ALLOWED) {
        open_session(s, answer);
        return;
    }
    log_info("agent.launcher", "session_refused", "session=%s error=%s engineer=%s", s->request.session,
             errors[answer->outcome], log_text(s->request.engineer));
    if (s->command[0] != '\0') {
        reply_error(s->launcher, s->command, errors[answer->outcome], answer->why.text);
    }
    slot_clear(s, answer->outcome == CONSENT_LATE ? SLOT_EXPIRED : SLOT_FREE);
}

/* The error that the gateway gets; NULL: the owner may be asked. */
static const char *check_open(struct launcher *l, const struct session_request *request, struct fault *fault) {
    const struct slot *old = slot_find(l, request->session);
    if (session_request_allowed(request, l->config, fault) != RESULT_OK) {
        return "off_on_product";
    }
    if (old != NULL && is_active(old)) {
        (void)fault_set(fault, RESULT_BUSY, "this session was asked for before");
        return "busy";
    }
    if (launcher_session_count(l) >= SESSIONS_MAX) {
        (void)fault_set(fault, RESULT_BUSY, "this product has %d sessions already", SESSIONS_MAX);
        return "busy";
    }
    for (size_t i = 0; i < SLOTS; i++) {
        if (l->slots[i].state == SLOT_CODE) {
            (void)fault_set(fault, RESULT_BUSY, "the owner is shown the code of another session");
            return "busy";
        }
    }
    return NULL;
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static void ask(struct slot *s, const char *command) {
    struct launcher *l = s->launcher;
    struct fault fault;
    const struct session_request *request = &s->request;
    struct consent_question question = {.session = request->session,
                                        .subject = request->subject,
                                        .engineer = request->engineer,
                                        .reason = request->reason,
                                        .ticket = request->ticket,
                                        .capabilities = request->capabilities,
                                        .duration_ms = least(request->duration_ms, l->config->session_max_ms),
                                        .wait_ms = least(request->wait_ms, l->config->consent_wait_ms)};
    enum result result = consent_ask(l->loop, l->config, &question, on_consent, s, &s->consent, &fault);
    if (result != RESULT_OK) {
        log_warn("agent.launcher", "session_not_asked", "session=%s reason=%s", s->request.session,
                 log_text(fault.text));
        reply_error(l, command, result == RESULT_DENIED ? "refused" : "hook_failed", fault.text);
        slot_clear(s, SLOT_FREE);
        return;
    }
    s->state = SLOT_ASKING;
    if (consent_wants_code(s->consent)) {
        char text[64];
        snprintf(text, sizeof text, "{\"state\":\"code_required\",\"wait_s\":%lld}",
                 (long long)(question.wait_ms / 1000));
        s->state = SLOT_CODE;
        reply_ok(l, command, text);
        return;
    }
    snprintf(s->command, sizeof s->command, "%s", command);
}

static void on_open(struct launcher *l, const struct command_message *command) {
    struct session_request request;
    struct fault fault;
    const char *error = "bad_input";
    if (session_request_read(command->args, &request, &fault) == RESULT_OK) {
        error = check_open(l, &request, &fault);
    }
    if (error != NULL) {
        log_warn("agent.launcher", "session_refused", "session=%s error=%s reason=%s", request.session, error,
                 log_text(fault.text));
        reply_error(l, command->id, error, fault.text);
        session_request_fini(&request);
        return;
    }
    struct slot *old = slot_find(l, request.session), *s = old != NULL ? old : slot_unused(l);
    slot_clear(s, SLOT_FREE); /* it may remember an expired one */
    s->request = request;
    ask(s, command->id);
}

/* ---- session.consent, session.end -------------------------------------------------------------------------------- */

static struct slot *named_slot(struct launcher *l, const struct command_message *command) {
    const char *session;
    struct fault fault;
    if (command->args == NULL || !json_is_object(command->args) ||
        json_string(command->args, "session", CAP_UUID_BYTES, &session, &fault) != RESULT_OK) {
        reply_error(l, command->id, "bad_input", "'session' is missing");
        return NULL;
    }
    struct slot *s = slot_find(l, session);
    if (s == NULL) {
        reply_error(l, command->id, "not_found", "there is no such session on this product");
    } else if (s->state == SLOT_EXPIRED) {
        reply_error(l, command->id, "expired", "nobody answered on the product in time");
        s = NULL;
    }
    return s;
}

static void on_code(struct launcher *l, const struct command_message *command) {
    const char *code;
    struct fault fault;
    struct slot *s = named_slot(l, command);
    if (s == NULL) {
        return;
    }
    if (json_string(command->args, "code", CODE_BYTES, &code, &fault) != RESULT_OK) {
        reply_error(l, command->id, "bad_input", fault.text);
    } else if (s->state != SLOT_CODE) {
        reply_error(l, command->id, "not_found", "this session does not wait for a code");
    } else {
        snprintf(s->command, sizeof s->command, "%s", command->id);
        int left = consent_try(s->consent, code); /* right, or the last one: on_consent has replied */
        if (left > 0) {
            (void)fault_set(&fault, RESULT_DENIED, "the code is wrong; %d more %s", left, left == 1 ? "try" : "tries");
            s->command[0] = '\0';
            reply_error(l, command->id, "wrong_code", fault.text);
        }
    }
}

static void on_end(struct launcher *l, const struct command_message *command) {
    struct slot *s = named_slot(l, command);
    if (s == NULL) {
        return;
    }
    switch (s->state) {
    case SLOT_ASKING:
    case SLOT_CODE:
        if (s->command[0] != '\0') {
            reply_error(l, s->command, "expired", "the request was withdrawn");
        }
        slot_clear(s, SLOT_FREE);
        reply_ok(l, command->id, "{\"state\":\"ended\"}");
        break;
    case SLOT_RUNNING:
        s->state = SLOT_ENDING;
        snprintf(s->end_command, sizeof s->end_command, "%s", command->id);
        session_process_end(s->process);
        break;
    case SLOT_ENDING: reply_error(l, command->id, "busy", "the session is ending already"); break;
    case SLOT_FREE:
    case SLOT_EXPIRED: break; /* named_slot has answered */
    }
}

static const struct {
    const char *verb;
    void (*act)(struct launcher *l, const struct command_message *command);
} verbs[] = {{"session.open", on_open}, {"session.consent", on_code}, {"session.end", on_end}};

void launcher_command(struct launcher *l, const struct command_message *command) {
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(command->verb, verbs[i].verb) == 0) {
            verbs[i].act(l, command);
            return;
        }
    }
    reply_error(l, command->id, "bad_input", "there is no such verb");
}

/* ---- live lines, farewell ---------------------------------------------------------------------------------------- */

static bool observes(const struct slot *s) {
    return s->state == SLOT_RUNNING && s->watch_ms > 0;
}

bool launcher_wants_tap(const struct launcher *l) {
    for (size_t i = 0; i < SLOTS; i++) {
        if (observes(&l->slots[i])) {
            return true;
        }
    }
    return false;
}

void launcher_tap(struct launcher *l, const char *line, size_t bytes) {
    for (size_t i = 0; i < SLOTS; i++) {
        if (observes(&l->slots[i])) {
            session_process_tap(l->slots[i].process, line, bytes);
        }
    }
}

void launcher_free(struct launcher *l, bool end_sessions) {
    if (l == NULL) {
        return;
    }
    l->watcher = (struct launcher_watcher){0}; /* it may be gone already */
    for (size_t i = 0; i < SLOTS; i++) {
        session_process_leave(l->slots[i].process, end_sessions);
        slot_clear(&l->slots[i], SLOT_FREE);
    }
    loop_disarm(l->loop, &l->sweep);
    free(l);
}
