/* One change of parameters, from the lock to its end; the state machine behind configure.h.
 *
 * The journal is on the disk before the first value is set, and says "undoing" before the first is put back; "kept" is
 * the point of no return. Between any two of these steps this process may be killed: whoever finds the journal knows
 * all that is needed. The report of the change is the resident agent's (param_guard.h): the journal stays, saying
 * "undone" or "kept", until it has taken it over. The next change waits for that, a second at most.
 *
 * Putting back is tried three times here; after that the journal is left to the agent, which goes on for ever and says
 * so with a fault code, because a session may end and a wrong value may not stay. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "session/configure_inside.h"

enum {
    LOCK_PAUSE_MS = 100,
    LOCK_TRIES = 50,
    UNDO_TRIES = 3,
    UNDO_PAUSE_MS = 1000,
    HEALTH_OUTPUT_BYTES = 512,
    ANSWER_BYTES = CAP_FRAME_BYTES - 256
};

/* ---- the end of a call, and of a change -------------------------------------------------------------------------- */

static void refuse(struct configure *c, enum result result, const char *text) {
    int64_t id = c->id;
    c->id = 0;
    if (id > 0) {
        c->owner.refuse(c->owner.self, id, result, text);
    }
}

static void let_go(struct configure *c) {
    loop_disarm(c->loop, &c->due);
    loop_disarm(c->loop, &c->look);
    loop_disarm(c->loop, &c->retry);
    run_cancel(c->health);
    c->health = NULL;
    if (c->lock_fd >= 0) {
        close(c->lock_fd);
        c->lock_fd = -1;
    }
    c->phase = CONFIGURE_IDLE;
}

/* From the loop only. */
static void over(struct configure *c) {
    let_go(c);
    if (c->is_ending) {
        c->owner.idle(c->owner.self);
    }
}

static void give_up(struct configure *c, enum result result, const char *text) {
    let_go(c);
    refuse(c, result, text);
    if (c->is_ending) {
        c->owner.idle(c->owner.self);
    }
}

void configure_change_drop(struct configure *c) {
    param_walk_cancel(c->walk);
    param_undo_cancel(c->undo);
    c->walk = NULL;
    c->undo = NULL;
    let_go(c);
}

static void print_values(const struct configure *c, const char *key, bool is_after, struct json_out *j) {
    jo_object(j, key);
    for (size_t i = 0; i < c->journal.count; i++) {
        parameter_value_write(is_after ? &c->journal.values[i].after : &c->journal.values[i].before,
                              c->journal.values[i].name, j);
    }
    jo_end(j);
}

static enum result journal_as(struct configure *c, enum param_state state, struct fault *fault) {
    c->journal.state = state;
    enum result result = param_journal_write(c->set->folder, &c->journal, fault);
    if (result != RESULT_OK) {
        log_error("session.configure", "journal_unwritten", "change=%s state=%s reason=%s", c->journal.change,
                  param_state_name(state), log_text(fault->text));
    }
    return result;
}

/* ---- undoing ----------------------------------------------------------------------------------------------------- */

static void on_retry(void *self);

/* Values that do not fit into one message are left out, so that the word itself arrives. */
static void print_reverted(const struct configure *c, bool has_why, struct buf *out) {
    for (int has_values = 1; has_values >= 0; has_values--) {
        buf_reset(out);
        struct json_out j = json_out(out);
        jo_object(&j, NULL);
        if (has_why) {
            jo_str(&j, "change", c->journal.change);
            jo_str(&j, "why", c->journal.why);
        }
        if (has_values == 1) {
            print_values(c, "values", false, &j);
        }
        jo_end(&j);
        if (!out->overflow) {
            return;
        }
    }
}

static void tell_reverted(struct configure *c) {
    struct buf text;
    buf_init(&text, ANSWER_BYTES);
    print_reverted(c, true, &text);
    c->owner.notify(c->owner.self, "configure.reverted", buf_text(&text), text.count);
    buf_fini(&text);
}

static void answer_reverted(struct configure *c) {
    struct buf text;
    int64_t id = c->id;
    c->id = 0;
    buf_init(&text, ANSWER_BYTES);
    print_reverted(c, false, &text);
    c->owner.answer(c->owner.self, id, buf_text(&text), text.count);
    buf_fini(&text);
}

static void tell_health(struct configure *c, bool is_good, const char *text) {
    struct buf params;
    buf_init(&params, 4096);
    struct json_out j = json_out(&params);
    jo_object(&j, NULL);
    jo_str(&j, "change", c->journal.change);
    jo_bool(&j, "is_good", is_good);
    jo_str(&j, "text", text);
    jo_end(&j);
    c->owner.notify(c->owner.self, "configure.health", buf_text(&params), params.count);
    buf_fini(&params);
}

static void undone(struct configure *c) {
    struct fault fault;
    bool was_asked = c->id > 0 && c->id_result == RESULT_OK;
    (void)journal_as(c, PARAM_UNDONE, &fault); /* unwritten: the agent puts them back once more, and reports */
    log_info("session.configure", "change_undone", "change=%s why=%s", c->journal.change, c->journal.why);
    if (was_asked) {
        answer_reverted(c);
    } else {
        tell_reverted(c);
        refuse(c, c->id_result, c->id_fault.text);
    }
    over(c);
}

static void on_undone(void *self, bool is_undone, const struct fault *why) {
    struct configure *c = self;
    c->undo = NULL;
    if (is_undone) {
        undone(c);
        return;
    }
    log_error("session.configure", "undo_failed", "change=%s try=%d reason=%s", c->journal.change, c->tries,
              log_text(why->text));
    if (c->tries < UNDO_TRIES) {
        loop_arm(c->loop, &c->retry, UNDO_PAUSE_MS, on_retry, c);
        return;
    }
    struct fault text = *why;
    fault_prefix(&text, "the old values could not be put back yet; the product goes on trying");
    tell_health(c, false, text.text);
    refuse(c, RESULT_IO, text.text);
    over(c);
}

static void on_retry(void *self) {
    struct configure *c = self;
    c->tries++;
    c->undo = param_undo_start(c->loop, c->set, &c->journal, on_undone, c);
}

void configure_change_undo(struct configure *c, const char *why) {
    struct fault fault;
    loop_disarm(c->loop, &c->due);
    loop_disarm(c->loop, &c->look);
    run_cancel(c->health);
    c->health = NULL;
    c->phase = CONFIGURE_UNDOING;
    c->tries = 0;
    snprintf(c->journal.why, sizeof c->journal.why, "%s", why);
    (void)journal_as(c, PARAM_UNDOING, &fault); /* unwritten: it says "open", which ends in the same way */
    on_retry(c);
}

static void on_due(void *self) {
    struct configure *c = self;
    c->id = 0;
    configure_change_undo(c, "timeout");
}

/* ---- health ------------------------------------------------------------------------------------------------------ */

static void on_look(void *self);

static void kept(struct configure *c) {
    struct fault fault;
    if (journal_as(c, PARAM_KEPT, &fault) != RESULT_OK) {
        c->id_result = RESULT_IO;
        c->id_fault = fault;
        configure_change_undo(c, "journal");
        return;
    }
    log_info("session.configure", "change_kept", "change=%s by=%s", c->journal.change, log_text(c->journal.by));
    int64_t id = c->id;
    c->id = 0;
    c->owner.answer(c->owner.self, id, "{}", 2);
    over(c);
}

static void on_health(void *self, const struct run_outcome *outcome) {
    struct configure *c = self;
    bool is_good = outcome->status == 0 && !outcome->is_late;
    size_t chars = utf8_cut(outcome->output, outcome->output_count > 160 ? 160 : outcome->output_count);
    const char *text = (const char *)outcome->output;
    c->health = NULL;
    while (chars > 0 && (text[chars - 1] == '\n' || text[chars - 1] == ' ')) {
        chars--;
    }
    bool is_text = utf8_valid(text, chars);
    fault_set(&c->id_fault, RESULT_CONFLICT, "%s%s%.*s", is_good ? "the product is well" : "the product is not well",
              is_text && chars > 0 ? ": " : "", is_text ? (int)chars : 0, text);
    if (c->told_health != is_good) {
        c->told_health = is_good;
        struct fault said;
        fault_set(&said, RESULT_OK, "%.*s", is_text ? (int)chars : 0, text); /* in the program's words */
        tell_health(c, is_good, said.text);
    }
    if (!is_good) {
        c->id_result = RESULT_CONFLICT;
        configure_change_undo(c, "unhealthy");
    } else if (c->phase == CONFIGURE_CONFIRMING) {
        kept(c);
    } else {
        loop_arm(c->loop, &c->look, c->set->health_every_ms, on_look, c);
    }
}

/* A program that cannot even be started says that the product is not well. */
static void on_look(void *self) {
    static char *const env[] = {(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                (char *)"LANG=C.UTF-8", NULL};
    struct configure *c = self;
    struct run_options options = {.argv = c->set->health,
                                  .env = env,
                                  .joins_stderr = true,
                                  .output_cap_bytes = HEALTH_OUTPUT_BYTES,
                                  .limit_ms = c->set->health_limit_ms};
    if (run_start(c->loop, &options, on_health, c, &c->health, &c->id_fault) != RESULT_OK) {
        c->id_result = RESULT_CONFLICT;
        tell_health(c, false, c->id_fault.text);
        configure_change_undo(c, "unhealthy");
    }
}

void configure_change_confirm(struct configure *c) {
    loop_disarm(c->loop, &c->due);
    loop_disarm(c->loop, &c->look);
    run_cancel(c->health);
    c->health = NULL;
    c->phase = CONFIGURE_CONFIRMING;
    if (c->set->health != NULL) {
        on_look(c);
    } else {
        kept(c);
    }
}

/* ---- setting ----------------------------------------------------------------------------------------------------- */

/* A change whose values cannot be told in one message cannot be judged, and is taken back. */
static void answer_set(struct configure *c) {
    struct buf text;
    buf_init(&text, ANSWER_BYTES);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_str(&j, "change", c->journal.change);
    print_values(c, "before", false, &j);
    print_values(c, "after", true, &j);
    jo_int(&j, "confirm_by_ms", c->journal.due_wall_ms);
    jo_end(&j);
    if (text.overflow) {
        c->id_result = fault_set(&c->id_fault, RESULT_TOO_BIG,
                                 "the values before and after do not fit into one answer; change fewer at once");
        configure_change_undo(c, "failed");
    } else {
        int64_t id = c->id;
        c->id = 0;
        c->owner.answer(c->owner.self, id, buf_text(&text), text.count);
    }
    buf_fini(&text);
}

static void on_set(void *self, size_t failed) {
    struct configure *c = self;
    c->walk = NULL;
    if (failed > 0) {
        size_t at = 0;
        while (at + 1 < c->stop_count && c->stops[at].has_value) {
            at++;
        }
        c->id_result = RESULT_IO;
        c->id_fault = c->stops[at].why;
        configure_change_undo(c, "failed");
        return;
    }
    int64_t left_ms = c->journal.due_since_boot_ms - clock_since_boot_ms();
    c->phase = CONFIGURE_WAITING;
    c->told_health = -1;
    loop_arm(c->loop, &c->due, left_ms > 0 ? left_ms : 0, on_due, c);
    if (c->set->health != NULL) {
        loop_arm(c->loop, &c->look, c->set->health_after_ms, on_look, c);
    }
    answer_set(c);
}

/* The clock starts before the first value is set: a product that sets slowly gets no longer. */
static enum result open_journal(struct configure *c, struct fault *fault) {
    struct param_journal *j = &c->journal;
    uuid_make(j->change);
    clock_boot_id(j->boot);
    j->pid = getpid();
    j->due_since_boot_ms = clock_since_boot_ms() + c->confirm_ms;
    j->due_wall_ms = clock_wall_ms() + c->confirm_ms;
    return journal_as(c, PARAM_OPEN, fault);
}

static void set_all(struct configure *c) {
    struct fault fault;
    if (open_journal(c, &fault) != RESULT_OK) {
        give_up(c, RESULT_IO, fault.text);
        return;
    }
    c->stop_count = c->journal.count;
    for (size_t i = 0; i < c->journal.count; i++) {
        c->stops[i] = (struct param_stop){.param = param_find(c->set, c->journal.values[i].name),
                                          .is_write = true,
                                          .value = c->journal.values[i].after};
    }
    c->phase = CONFIGURE_SETTING;
    log_info("session.configure", "change_begins", "change=%s by=%s values=%zu", c->journal.change,
             log_text(c->journal.by), c->journal.count);
    struct param_walk_options options = {.stops = c->stops, .count = c->stop_count};
    c->walk = param_walk_start(c->loop, &options, on_set, c);
}

/* ---- before -------------------------------------------------------------------------------------------------------
 */

static size_t value_of(const struct configure *c, const char *name) {
    size_t at = 0;
    while (at < c->journal.count && strcmp(c->journal.values[at].name, name) != 0) {
        at++;
    }
    return at;
}

/* As it will be. */
static const struct parameter_value *lookup(const void *self, const char *name) {
    const struct configure *c = self;
    size_t at = value_of(c, name);
    if (at < c->journal.count) {
        return &c->journal.values[at].after;
    }
    for (size_t i = 0; i < c->stop_count; i++) {
        if (strcmp(c->stops[i].param->name, name) == 0 && c->stops[i].has_value) {
            return &c->stops[i].value;
        }
    }
    return NULL;
}

static bool is_touched(const struct configure *c, const struct parameter_rule *rule) {
    for (size_t i = 0; i < c->journal.count; i++) {
        if (parameter_rule_names(rule, c->journal.values[i].name)) {
            return true;
        }
    }
    return false;
}

static enum result check_change(struct configure *c, struct fault *fault) {
    bool is_change = false;
    for (size_t i = 0; i < c->stop_count; i++) {
        size_t at = value_of(c, c->stops[i].param->name);
        if (at < c->journal.count && !c->stops[i].has_value) {
            *fault = c->stops[i].why; /* what cannot be read cannot be put back */
            return RESULT_IO;
        }
        if (at < c->journal.count) {
            c->journal.values[at].before = c->stops[i].value;
            is_change |= !parameter_value_equal(&c->stops[i].value, &c->journal.values[at].after);
        }
    }
    if (!is_change) {
        return fault_set(fault, RESULT_CONFLICT, "the product has these values already");
    }
    for (size_t i = 0; i < c->set->rule_count; i++) {
        if (is_touched(c, &c->set->rules[i])) {
            enum result result = parameter_rule_check(&c->set->rules[i], lookup, c, fault);
            if (result != RESULT_OK) {
                return RESULT_CONFLICT;
            }
        }
    }
    return RESULT_OK;
}

static void on_read(void *self, size_t failed) {
    struct configure *c = self;
    struct fault fault;
    (void)failed;
    c->walk = NULL;
    enum result result = check_change(c, &fault);
    if (result != RESULT_OK) {
        give_up(c, result, fault.text);
    } else {
        set_all(c);
    }
}

/* What is set, and what a rule about it speaks of. */
static bool is_needed(const struct configure *c, const char *name) {
    if (value_of(c, name) < c->journal.count) {
        return true;
    }
    for (size_t i = 0; i < c->set->rule_count; i++) {
        if (is_touched(c, &c->set->rules[i]) && parameter_rule_names(&c->set->rules[i], name)) {
            return true;
        }
    }
    return false;
}

static void on_lock(void *self) {
    struct configure *c = self;
    struct fault fault;
    enum result result = param_lock(c->set->folder, &c->lock_fd, &fault);
    if (result == RESULT_OK && param_journal_is_there(c->set->folder)) {
        close(c->lock_fd);
        c->lock_fd = -1;
        result = fault_set(&fault, RESULT_BUSY, "the last change is not reported yet; try again in a moment");
    }
    if (result == RESULT_BUSY && ++c->tries < LOCK_TRIES) {
        loop_arm(c->loop, &c->retry, LOCK_PAUSE_MS, on_lock, c);
        return;
    }
    if (result != RESULT_OK) {
        give_up(c, result, fault.text);
        return;
    }
    c->stop_count = 0;
    for (size_t i = 0; i < c->set->count; i++) {
        if (is_needed(c, c->set->items[i].name)) {
            c->stops[c->stop_count++] = (struct param_stop){.param = &c->set->items[i]};
        }
    }
    c->phase = CONFIGURE_READING;
    struct param_walk_options options = {.stops = c->stops, .count = c->stop_count, .goes_on = true};
    c->walk = param_walk_start(c->loop, &options, on_read, c);
}

void configure_change_begin(struct configure *c) {
    c->phase = CONFIGURE_LOCKING;
    c->tries = 0;
    loop_arm(c->loop, &c->retry, 0, on_lock, c);
}

void configure_change_stop(struct configure *c) {
    switch (c->phase) {
    case CONFIGURE_LOCKING:
    case CONFIGURE_READING: /* nothing has happened yet */
        param_walk_cancel(c->walk);
        c->walk = NULL;
        let_go(c);
        refuse(c, RESULT_CLOSED, "the session ends");
        break;
    case CONFIGURE_SETTING:
    case CONFIGURE_WAITING:
    case CONFIGURE_CONFIRMING:
        param_walk_cancel(c->walk);
        c->walk = NULL;
        c->id_result = RESULT_CLOSED;
        fault_set(&c->id_fault, RESULT_CLOSED, "the session ends; the change is taken back");
        configure_change_undo(c, "session_ended");
        break;
    case CONFIGURE_UNDOING:
    case CONFIGURE_IDLE: break;
    }
}
