/* Finds the journal of a change whose session is gone and finishes it.
 *
 * Who owns a change is said by the lock alone: a session process that lives holds it, whoever its parent was, so a
 * restart of the agent does not disturb it; a process that died has lost it. Looking is one access(2) while nothing is
 * under way.
 *
 * The report goes out exactly once over any crash: first the journal says under which number of the spool the event
 * will stand, then the event is put there, then the journal is removed. At the next start the spool itself says whether
 * the middle step was reached. Nothing else is put in between, because all this runs on the loop. */
#include "param_guard.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "param_journal.h"
#include "param_undo.h"

struct param_guard {
    struct loop *loop;
    const struct param_set *set;
    struct param_guard_owner owner;
    struct loop_timer look;
    int lock_fd; /* -1: not ours */
    struct param_journal journal;
    struct param_undo *undo;
    int64_t again_ms, again_at_mono_ms;
    bool is_kill_told, is_settled;
};

struct param_guard *param_guard_new(struct loop *loop, const struct param_set *set,
                                    const struct param_guard_owner *owner) {
    struct param_guard *g = mem_alloc(sizeof *g);
    g->loop = loop;
    g->set = set;
    g->owner = *owner;
    g->lock_fd = -1;
    g->again_ms = PARAM_AGAIN_MIN_MS;
    return g;
}

static void let_go(struct param_guard *g) {
    if (g->lock_fd >= 0) {
        close(g->lock_fd);
        g->lock_fd = -1;
    }
}

void param_guard_free(struct param_guard *g) {
    if (g == NULL) {
        return;
    }
    loop_disarm(g->loop, &g->look);
    param_undo_cancel(g->undo);
    let_go(g);
    free(g);
}

/* ---- what is told ------------------------------------------------------------------------------------------------ */

static void raise_fault(struct param_guard *g, bool is_active, const char *text) {
    struct event_message event = {.event_ms = g->owner.now_ms(g->owner.self),
                                  .kind = EVENT_FAULT,
                                  .code = PARAM_REVERT_CODE,
                                  .active = is_active,
                                  .severity = is_active ? SEVERITY_ERROR : SEVERITY_NOTICE};
    text_copy(event.text, sizeof event.text, text);
    g->owner.event(g->owner.self, &event);
}

static void print_report(const struct param_journal *j, enum param_state was, char *out, size_t room) {
    struct buf text;
    buf_init(&text, room - 1);
    buf_printf(&text, was == PARAM_KEPT ? "parameters changed by %s: " : "parameters put back (%s): ",
               was == PARAM_KEPT ? (j->by[0] != '\0' ? j->by : "somebody") : j->why);
    for (size_t i = 0; i < j->count; i++) {
        char before[PARAMETER_PRINT_BYTES], after[PARAMETER_PRINT_BYTES];
        parameter_value_print(was == PARAM_KEPT ? &j->values[i].before : &j->values[i].after, before);
        parameter_value_print(was == PARAM_KEPT ? &j->values[i].after : &j->values[i].before, after);
        size_t count = text.count;
        buf_printf(&text, "%s%s %.40s -> %.40s", i > 0 ? ", " : "", j->values[i].name, before, after);
        if (text.count > room - 120) { /* room for the last words */
            text.count = count;
            buf_printf(&text, ", and %zu more", j->count - i);
            break;
        }
    }
    buf_printf(&text, " (change %s)", j->change);
    text_copy(out, room, buf_text(&text));
    buf_fini(&text);
}

/* The journal says `reporting`, and the place is not used yet. */
static void put_report(struct param_guard *g) {
    struct event_message event = {.event_ms = g->owner.now_ms(g->owner.self),
                                  .kind = EVENT_INFO,
                                  .severity = g->journal.was == PARAM_KEPT ? SEVERITY_NOTICE : SEVERITY_WARNING};
    print_report(&g->journal, g->journal.was, event.text, sizeof event.text);
    log_info("agent.params", "change_reported", "change=%s was=%s", g->journal.change,
             param_state_name(g->journal.was));
    g->owner.event(g->owner.self, &event);
}

static void report(struct param_guard *g) {
    struct fault fault;
    bool is_there =
        g->journal.state == PARAM_REPORTING && g->owner.has(g->owner.self, g->journal.stream, g->journal.seq);
    if (!is_there) {
        if (g->journal.state != PARAM_REPORTING) {
            g->journal.was = g->journal.state;
        }
        g->journal.state = PARAM_REPORTING;
        g->owner.next(g->owner.self, g->journal.stream, &g->journal.seq);
        if (param_journal_write(g->set->folder, &g->journal, &fault) != RESULT_OK) {
            log_error("agent.params", "journal_unwritten", "reason=%s", log_text(fault.text));
            return; /* the disk is full: again at the next look */
        }
        put_report(g);
    }
    if (g->journal.is_raised) { /* a doubled "gone" does no harm */
        raise_fault(g, false, "the old values are back");
    }
    if (param_journal_remove(g->set->folder, &fault) != RESULT_OK) {
        log_error("agent.params", "journal_left", "reason=%s", log_text(fault.text));
    }
}

/* ---- undoing ----------------------------------------------------------------------------------------------------- */

static void failed(struct param_guard *g, const struct fault *why) {
    struct fault fault;
    log_error("agent.params", "undo_failed", "change=%s again_ms=%lld reason=%s", g->journal.change,
              (long long)g->again_ms, log_text(why->text));
    g->again_at_mono_ms = clock_mono_ms() + g->again_ms;
    g->again_ms = g->again_ms * 2 < PARAM_AGAIN_MAX_MS ? g->again_ms * 2 : PARAM_AGAIN_MAX_MS;
    if (!g->journal.is_raised) {
        g->journal.is_raised = true;
        raise_fault(g, true, why->text);
        if (param_journal_write(g->set->folder, &g->journal, &fault) != RESULT_OK) {
            log_error("agent.params", "journal_unwritten", "reason=%s", log_text(fault.text));
        }
    }
}

static void on_undone(void *self, bool is_undone, const struct fault *why) {
    struct param_guard *g = self;
    struct fault fault;
    g->undo = NULL;
    if (!is_undone) {
        failed(g, why);
    } else {
        g->again_ms = PARAM_AGAIN_MIN_MS;
        g->journal.state = PARAM_UNDONE;
        if (param_journal_write(g->set->folder, &g->journal, &fault) == RESULT_OK) {
            report(g);
        } else {
            log_error("agent.params", "journal_unwritten", "reason=%s", log_text(fault.text));
        }
    }
    let_go(g);
}

static void undo(struct param_guard *g) {
    struct fault fault;
    if (clock_mono_ms() < g->again_at_mono_ms) {
        let_go(g);
        return;
    }
    if (g->journal.state == PARAM_OPEN) {
        g->journal.state = PARAM_UNDOING;
        snprintf(g->journal.why, sizeof g->journal.why, "session_gone");
        log_warn("agent.params", "change_found", "change=%s session=%s", g->journal.change, g->journal.session);
        if (param_journal_write(g->set->folder, &g->journal, &fault) != RESULT_OK) {
            log_error("agent.params", "journal_unwritten", "reason=%s", log_text(fault.text)); /* "open" says enough */
        }
    }
    g->undo = param_undo_start(g->loop, g->set, &g->journal, on_undone, g);
}

/* ---- looking ----------------------------------------------------------------------------------------------------- */

/* A session process that sets, waits or undoes for much too long. Of another boot the number is somebody else's. */
static bool is_hanging(const struct param_journal *journal) {
    char boot[CAP_UUID_BYTES + 1];
    clock_boot_id(boot);
    return (journal->state == PARAM_OPEN || journal->state == PARAM_UNDOING) && journal->pid > 1 &&
           strcmp(journal->boot, boot) == 0 && param_journal_is_overdue(journal, PARAM_OVERDUE_MS);
}

/* Somebody holds the change. A process that hangs would hold it for ever. */
static void watch_holder(struct param_guard *g) {
    struct param_journal *journal = mem_alloc(sizeof *journal);
    struct fault fault;
    if (param_journal_read(g->set->folder, journal, &fault) == RESULT_OK && is_hanging(journal)) {
        if (!g->is_kill_told) {
            log_error("agent.params", "session_hangs", "session=%s pid=%lld", journal->session,
                      (long long)journal->pid);
        }
        g->is_kill_told = true;
        kill((pid_t)journal->pid, SIGKILL);
    }
    free(journal);
}

static void set_aside(struct param_guard *g, const struct fault *why) {
    struct fault text = *why, fault;
    log_error("agent.params", "journal_corrupt", "reason=%s", log_text(why->text));
    fault_prefix(&text, "the journal of a change of parameters cannot be read, and its old values are not known");
    raise_fault(g, true, text.text);
    if (param_journal_set_aside(g->set->folder, &fault) != RESULT_OK) {
        log_error("agent.params", "journal_left", "reason=%s", log_text(fault.text));
    }
}

static void take_over(struct param_guard *g) {
    struct fault fault;
    enum result result = param_journal_read(g->set->folder, &g->journal, &fault);
    g->is_kill_told = false;
    if (result == RESULT_CORRUPT) {
        set_aside(g, &fault);
    } else if (result == RESULT_OK && g->journal.state == PARAM_OPEN && !g->is_settled) {
        g->is_settled = true; /* what the session had started may still be dying: at the next look */
        return;
    } else if (result == RESULT_OK && (g->journal.state == PARAM_OPEN || g->journal.state == PARAM_UNDOING)) {
        g->is_settled = false;
        undo(g);
        return;
    } else if (result == RESULT_OK) {
        report(g);
    }
    g->is_settled = false;
    let_go(g);
}

static void on_look(void *self) {
    param_guard_look(self);
}

void param_guard_look(struct param_guard *g) {
    struct fault fault;
    loop_arm(g->loop, &g->look, PARAM_GUARD_MS, on_look, g);
    if (g->undo != NULL || !param_journal_is_there(g->set->folder)) {
        return;
    }
    enum result result = g->lock_fd >= 0 ? RESULT_OK : param_lock(g->set->folder, &g->lock_fd, &fault);
    if (result == RESULT_OK) {
        take_over(g);
    } else if (result == RESULT_BUSY) {
        watch_holder(g);
    }
}
