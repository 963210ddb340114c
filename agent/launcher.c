/* Lets engineers in, or not: one slot a request, from the question to the end of its process.
 *
 * What is not here: how the owner is asked (consent.c), the process (session_process.c) and what happens in it
 * (agent/session/). Loop thread only. Nothing is kept over a restart of the agent: a session that runs goes on without
 * it and ends by its own deadline, a question that was open is answered by silence, which is a no.
 *
 * The order of the checks is the order in which a "no" costs the owner nothing: form, configuration, room, and only
 * then the question. */
#include "launcher_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/json.h"
#include "fieldline/log.h"
#include "reaper.h"

/* ---- replies ----------------------------------------------------------------------------------------------------- */

void launcher_say_ok(struct launcher *l, const char *id, const char *json) {
    struct buf reply;
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    reply_encode_ok(id, json, &reply);
    l->reply(l->self, buf_text(&reply), reply.count);
    buf_fini(&reply);
}

void launcher_say_error(struct launcher *l, const char *id, const char *error, const char *text) {
    struct buf reply;
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    reply_encode_error(id, error, text, &reply);
    l->reply(l->self, buf_text(&reply), reply.count);
    buf_fini(&reply);
}

/* ---- slots ------------------------------------------------------------------------------------------------------- */

void launcher_close(struct launcher *l, const char *why) {
    l->closed_why = why;
}

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
void launcher_set_pace(struct launcher *l) {
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

void slot_clear(struct slot *s, enum slot_state state) {
    struct launcher *l = s->launcher;
    char session[CAP_UUID_BYTES + 1];
    memcpy(session, s->request.session, sizeof session);
    consent_cancel(s->consent);
    session_request_fini(&s->request);
    *s = (struct slot){.launcher = l, .state = state};
    if (state == SLOT_EXPIRED) {
        memcpy(s->request.session, session, sizeof session);
    }
    launcher_set_pace(l);
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
    l->sign = sign_new(loop, config);
    launcher_adopt(l);
    return l;
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
        slot_start(s, answer);
        return;
    }
    log_info("agent.launcher", "session_refused", "session=%s error=%s engineer=%s", s->request.session,
             errors[answer->outcome], log_text(s->request.engineer));
    if (answer->outcome == CONSENT_LOCKED) {
        wrong_codes_add(&s->launcher->wrong_codes, clock_since_boot_ms());
    }
    if (s->command[0] != '\0' && s->state == SLOT_PAGE && answer->outcome == CONSENT_REFUSED) {
        char text[96]; /* the command was the owner's own words, and they were heard */
        snprintf(text, sizeof text, "{\"state\":\"refused\",\"session\":\"%s\"}", s->request.session);
        launcher_say_ok(s->launcher, s->command, text);
    } else if (s->command[0] != '\0') {
        launcher_say_error(s->launcher, s->command, errors[answer->outcome], answer->why.text);
    }
    slot_clear(s, answer->outcome == CONSENT_LATE ? SLOT_EXPIRED : SLOT_FREE);
}

/* The error that the gateway gets; NULL: the owner may be asked. */
static const char *check_open(struct launcher *l, const struct session_request *request, struct fault *fault) {
    const struct slot *old = slot_find(l, request->session);
    if (l->closed_why != NULL) {
        (void)fault_set(fault, RESULT_DENIED, "this product allows no session: %s", l->closed_why);
        return "off_on_product";
    }
    if (session_request_allowed(request, l->config, fault) != RESULT_OK) {
        return "off_on_product";
    }
    if (old != NULL && is_active(old)) {
        (void)fault_set(fault, RESULT_BUSY, "this session was asked for before");
        return "busy";
    }
    int64_t wait_ms = wrong_codes_wait_ms(&l->wrong_codes, clock_since_boot_ms());
    if (l->config->consent == CONSENT_CODE && wait_ms > 0) {
        (void)fault_set(fault, RESULT_BUSY, "too many wrong codes: not before %lld s have passed",
                        (long long)(wait_ms + 999) / 1000);
        return "busy";
    }
    if (launcher_session_count(l) >= SESSIONS_MAX) {
        (void)fault_set(fault, RESULT_BUSY, "this product has %d sessions already", SESSIONS_MAX);
        return "busy";
    }
    for (size_t i = 0; i < SLOTS; i++) {
        if (l->slots[i].state == SLOT_CODE || l->slots[i].state == SLOT_PAGE) {
            (void)fault_set(fault, RESULT_BUSY, "the owner is being asked about another session");
            return "busy";
        }
    }
    return NULL;
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

static void say_page_required(struct slot *s, const char *command, int64_t wait_ms) {
    struct buf text;
    buf_init(&text, CAP_PAYLOAD_BYTES);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_str(&j, "state", "page_required");
    jo_int(&j, "wait_s", wait_ms / 1000);
    jo_str(&j, "question", consent_question_text(s->consent));
    jo_end(&j);
    launcher_say_ok(s->launcher, command, buf_text(&text));
    buf_fini(&text);
}

static void ask(struct slot *s, const char *command) {
    struct launcher *l = s->launcher;
    struct fault fault;
    const struct session_request *request = &s->request;
    struct consent_question question = {.session = request->session,
                                        .subject = request->subject,
                                        .engineer = request->engineer,
                                        .role = request->role,
                                        .reason = request->reason,
                                        .ticket = request->ticket,
                                        .capabilities = request->capabilities,
                                        .duration_ms = least(request->duration_ms, l->config->session_max_ms),
                                        .wait_ms = least(request->wait_ms, l->config->consent_wait_ms)};
    enum result result = consent_ask(l->loop, l->config, &question, on_consent, s, &s->consent, &fault);
    if (result != RESULT_OK) {
        log_warn("agent.launcher", "session_not_asked", "session=%s reason=%s", s->request.session,
                 log_text(fault.text));
        launcher_say_error(l, command, result == RESULT_DENIED ? "refused" : "hook_failed", fault.text);
        slot_clear(s, SLOT_FREE);
        return;
    }
    s->state = SLOT_ASKING;
    if (consent_wants_code(s->consent)) {
        char text[64];
        snprintf(text, sizeof text, "{\"state\":\"code_required\",\"wait_s\":%lld}",
                 (long long)(question.wait_ms / 1000));
        s->state = SLOT_CODE;
        launcher_say_ok(l, command, text);
        return;
    }
    if (consent_question_text(s->consent) != NULL) {
        s->state = SLOT_PAGE;
        say_page_required(s, command, question.wait_ms);
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
        launcher_say_error(l, command->id, error, fault.text);
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
        launcher_say_error(l, command->id, "bad_input", "'session' is missing");
        return NULL;
    }
    struct slot *s = slot_find(l, session);
    if (s == NULL) {
        launcher_say_error(l, command->id, "not_found", "there is no such session on this product");
    } else if (s->state == SLOT_EXPIRED) {
        launcher_say_error(l, command->id, "expired", "nobody answered on the product in time");
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
        launcher_say_error(l, command->id, "bad_input", fault.text);
    } else if (s->state != SLOT_CODE) {
        launcher_say_error(l, command->id, "not_found", "this session does not wait for a code");
    } else if (wrong_codes_wait_ms(&l->wrong_codes, clock_since_boot_ms()) > 0) {
        launcher_say_error(l, command->id, "no_tries_left", "too many codes were wrong on this product lately");
        slot_clear(s, SLOT_FREE);
    } else {
        snprintf(s->command, sizeof s->command, "%s", command->id);
        int left = consent_try(s->consent, code); /* right, or the last one: on_consent has replied */
        if (left > 0) {
            wrong_codes_add(&l->wrong_codes, clock_since_boot_ms());
            (void)fault_set(&fault, RESULT_DENIED, "the code is wrong; %d more %s", left, left == 1 ? "try" : "tries");
            s->command[0] = '\0';
            launcher_say_error(l, command->id, "wrong_code", fault.text);
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
    case SLOT_PAGE:
        if (s->command[0] != '\0') {
            launcher_say_error(l, s->command, "expired", "the request was withdrawn");
        }
        slot_clear(s, SLOT_FREE);
        launcher_say_ok(l, command->id, "{\"state\":\"ended\"}");
        break;
    case SLOT_RUNNING:
        s->state = SLOT_ENDING;
        snprintf(s->end_command, sizeof s->end_command, "%s", command->id);
        session_process_end(s->process);
        break;
    case SLOT_ENDING: launcher_say_error(l, command->id, "busy", "the session is ending already"); break;
    case SLOT_FREE:
    case SLOT_EXPIRED: break; /* named_slot has answered */
    }
}

/* ---- the owner's page -------------------------------------------------------------------------------------------- */

bool launcher_answer_page(struct launcher *l, const char *command, const struct owner_answer *answer,
                          struct fault *fault) {
    struct slot *s = slot_find(l, answer->says->session);
    if (s == NULL || s->state != SLOT_PAGE) {
        (void)fault_set(fault, RESULT_NOT_FOUND, "no such question waits on this product");
        return false;
    }
    snprintf(s->command, sizeof s->command, "%s", command);
    if (consent_answer_page(s->consent, answer, fault) != RESULT_OK) {
        s->command[0] = '\0';
        return false;
    }
    return true;
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
    launcher_say_error(l, command->id, "bad_input", "there is no such verb");
}

/* ---- farewell ---------------------------------------------------------------------------------------------------- */

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
    loop_disarm(l->loop, &l->watch);
    sign_free(l->sign);
    free(l);
}
