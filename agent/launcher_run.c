/* What runs of sessions: their processes, what they rest on, the visible sign. The other half of launcher.c. Loop
 * thread.
 *
 * A session process outlives a restart of the agent; so that the stop button and the sign are true after one, the agent
 * finds it again by the sign's file (pid and start time, which together are never used twice). */
#include "launcher_inside.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/json.h"
#include "fieldline/log.h"
#include "reaper.h"

enum { SWEEP_MS = 20, SWEEPS_MAX = 100, WATCH_MS = 1000 };

static enum result tell_sign(struct launcher *l, struct fault *fault) {
    struct sign_row rows[SLOTS];
    size_t count = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        if (l->slots[i].process != NULL) {
            rows[count++] = l->slots[i].shown;
        }
    }
    return sign_set(l->sign, rows, count, fault);
}

/* One fewer: a file that cannot be written shows too much, and what runs is in it. */
static void tell_sign_less(struct launcher *l) {
    struct fault ignored; /* it is logged */
    (void)tell_sign(l, &ignored);
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
        launcher_say_ok(l, s->end_command, "{\"state\":\"ended\"}");
    }
    slot_clear(s, SLOT_FREE);
    tell_sign_less(l);
    l->sweeps_left = SWEEPS_MAX;
    on_sweep(l);
}

/* ---- what a running session rests on -------------------------------------------------------------------------------
 */

void slot_stop(struct slot *s, enum session_stop why) {
    struct launcher *l = s->launcher;
    if (s->state == SLOT_RUNNING || s->state == SLOT_ENDING) {
        log_warn("agent.launcher", "session_stopped", "session=%s why=%s", s->request.session,
                 why == SESSION_STOP_OWNER ? "ended_by_owner" : "consent_withdrawn");
        s->state = SLOT_ENDING;
        session_process_stop(s->process, why);
        return;
    }
    if (s->command[0] != '\0') {
        launcher_say_error(l, s->command, "refused", "the owner refused on the product");
    }
    slot_clear(s, SLOT_FREE);
}

/* A process that is stopped or hangs keeps no deadline. */
static void end_overdue(struct slot *s) {
    log_error("agent.launcher", "session_overdue", "session=%s pid=%d", s->request.session,
              (int)session_process_pid(s->process));
    s->state = SLOT_ENDING;
    session_process_stop(s->process, SESSION_STOP_WITHDRAWN);
}

/* Once a second while something runs: a key that was removed and a window that was taken back end what was consented
 * to by them, and its time ends everything. */
static void on_second(void *self) {
    struct launcher *l = self;
    bool is_any = false;
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &l->slots[i];
        if (s->state != SLOT_RUNNING) {
            continue;
        }
        if (clock_since_boot_ms() >= s->kill_at_ms) {
            end_overdue(s);
        } else if (s->shown.key[0] != '\0' && !consent_holds(l->config, s->shown.key, s->shown.window)) {
            slot_stop(s, SESSION_STOP_WITHDRAWN);
        } else {
            is_any = true;
        }
    }
    if (is_any) {
        loop_arm(l->loop, &l->watch, WATCH_MS, on_second, l);
    }
}

void launcher_check_consents(struct launcher *l) {
    on_second(l);
}

static enum result show(struct slot *s, const struct consent_answer *answer, int64_t at_ms, struct fault *fault) {
    struct launcher *l = s->launcher;
    pid_t pid = session_process_pid(s->process);
    s->shown = (struct sign_row){.capabilities = answer->capabilities,
                                 .since_ms = at_ms,
                                 .until_ms = at_ms + answer->duration_ms,
                                 .pid = pid,
                                 .started = (int64_t)session_process_started(pid)};
    snprintf(s->shown.session, sizeof s->shown.session, "%s", s->request.session);
    snprintf(s->shown.engineer, sizeof s->shown.engineer, "%s", s->request.engineer);
    snprintf(s->shown.role, sizeof s->shown.role, "%s", s->request.role);
    snprintf(s->shown.method, sizeof s->shown.method, "%s", answer->method);
    snprintf(s->shown.by, sizeof s->shown.by, "%s", answer->by);
    snprintf(s->shown.key, sizeof s->shown.key, "%s", answer->key);
    snprintf(s->shown.window, sizeof s->shown.window, "%s", answer->window);
    on_second(l);
    return tell_sign(l, fault);
}

static void reply_open(struct slot *s, const struct consent_answer *answer, int64_t now_ms) {
    struct buf text;
    buf_init(&text, CAP_COMMAND_BYTES);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_str(&j, "state", "open");
    jo_str(&j, "session", s->request.session);
    capabilities_write(&j, "capabilities", answer->capabilities);
    jo_object(&j, "consent");
    jo_str(&j, "method", answer->method);
    jo_str(&j, "by", answer->by);
    jo_int(&j, "at_ms", now_ms);
    jo_int(&j, "until_ms", now_ms + answer->duration_ms);
    if (answer->statement != NULL) {
        jo_str(&j, "statement", answer->statement);
        jo_str(&j, "signature", answer->signature);
        jo_str(&j, "key", answer->key);
    }
    jo_end(&j);
    jo_end(&j);
    launcher_say_ok(s->launcher, s->command, buf_text(&text));
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
    if ((s->shown.capabilities & CAPABILITY_BIT(CAPABILITY_OBSERVE)) == 0) {
        return;
    }
    int64_t least_ms = l->config->observe_least_ms;
    s->watch_ms = watch->interval_ms > 0 && watch->interval_ms < least_ms ? least_ms : watch->interval_ms;
    if (s->watch_ms > 0 && watch->last > 0 && l->watcher.recall != NULL) {
        l->watcher.recall(l->watcher.self, watch->last, give_line, s);
    }
    launcher_set_pace(l);
}

void launcher_watch(struct launcher *l, const struct launcher_watcher *watcher) {
    l->watcher = *watcher;
}

/* Live lines, to those who want them. */
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

void slot_start(struct slot *s, const struct consent_answer *answer) {
    struct launcher *l = s->launcher;
    char point[OWNER_POINT_CHARS + 1] = "";
    if (answer->statement != NULL && !consent_point(l->config, answer->key, point)) {
        launcher_say_error(l, s->command, "denied", "the key that signed this consent is not enrolled any more");
        slot_clear(s, SLOT_FREE);
        return;
    }
    struct session_order order = {.session = s->request.session,
                                  .url = s->request.url,
                                  .token = s->request.token,
                                  .capabilities = answer->capabilities,
                                  .consent_method = answer->method,
                                  .consent_by = answer->by,
                                  .consent_statement = answer->statement,
                                  .consent_signature = answer->signature,
                                  .consent_key = answer->statement != NULL ? answer->key : NULL,
                                  .consent_point = answer->statement != NULL ? point : NULL,
                                  .consent_at_ms = clock_wall_ms(),
                                  .duration_ms = answer->duration_ms};
    struct fault fault;
    if (session_process_start(l->loop, l->config, &order, on_exit_of_session, s, &s->process, &fault) != RESULT_OK) {
        log_error("agent.launcher", "session_start_failed", "session=%s reason=%s", s->request.session,
                  log_text(fault.text));
        launcher_say_error(l, s->command, "failed", fault.text);
        slot_clear(s, SLOT_FREE);
        return;
    }
    s->state = SLOT_RUNNING;
    s->kill_at_ms = clock_since_boot_ms() + answer->duration_ms + SESSION_END_GRACE_MS;
    session_process_on_watch(s->process, on_watch);
    if (show(s, answer, order.consent_at_ms, &fault) != RESULT_OK) {
        fault_prefix(&fault, "nobody on the product would see that a session runs");
        launcher_say_error(l, s->command, "failed", fault.text);
        s->command[0] = '\0';
        slot_stop(s, SESSION_STOP_WITHDRAWN);
        return;
    }
    log_info("agent.launcher", "session_open", "session=%s engineer=%s method=%s", s->request.session,
             log_text(s->request.engineer), answer->method);
    reply_open(s, answer, order.consent_at_ms);
}

/* ---- of an earlier run of the agent ---- */

/* The file knows only the wall's time, and that may have been set since. */
static int64_t left_of(const struct launcher *l, const struct sign_row *row) {
    int64_t left_ms = row->until_ms - clock_wall_ms();
    return left_ms < 0 ? 0 : left_ms < l->config->session_max_ms ? left_ms : l->config->session_max_ms;
}

void launcher_adopt(struct launcher *l) {
    struct sign_row rows[SIGN_ROWS_MAX] = {0};
    size_t count = 0, kept = 0;
    struct fault fault;
    enum result result = sign_read(l->config->run_dir, rows, &count, &fault);
    if (result != RESULT_OK && result != RESULT_NOT_FOUND) {
        log_warn("agent.launcher", "sign_unreadable", "reason=%s", log_text(fault.text));
    }
    for (size_t i = 0; i < count; i++) {
        struct slot *s = &l->slots[kept];
        if (session_process_adopt(l->loop, (pid_t)rows[i].pid, (uint64_t)rows[i].started, on_exit_of_session, s,
                                  &s->process, &fault) != RESULT_OK) {
            continue;
        }
        s->state = SLOT_RUNNING;
        s->shown = rows[i];
        s->kill_at_ms = clock_since_boot_ms() + left_of(l, &rows[i]) + SESSION_END_GRACE_MS;
        memcpy(s->request.session, rows[i].session, sizeof s->request.session);
        log_info("agent.launcher", "session_adopted", "session=%s", s->request.session);
        kept++;
    }
    if (result != RESULT_NOT_FOUND) {
        tell_sign_less(l);
        on_second(l);
    }
}

/* ---- stop ---- */

size_t launcher_stop(struct launcher *l, const char *session) {
    size_t count = 0;
    for (size_t i = 0; i < SLOTS; i++) {
        struct slot *s = &l->slots[i];
        bool is_meant = s->state != SLOT_FREE && s->state != SLOT_EXPIRED &&
                        (session == NULL || strcmp(s->request.session, session) == 0);
        if (is_meant) {
            slot_stop(s, SESSION_STOP_OWNER);
            count++;
        }
    }
    return count;
}
