/* The life of a visit: hello, chains, clocks, the end.
 *
 * The gateway is not trusted with more than the owner has allowed: the capabilities, the deadline and the idle limit
 * come from the grant that the resident agent has written, and a message that asks for more is refused here, whatever
 * the gateway believes. Every frame that comes or leaves goes into the hash chain of its direction in the order of the
 * wire; the two heads are what the product signs at the end.
 *
 * The end: hang up the terminal, kill all that is left, count it, session.ended (the last frame up), wait for
 * session.end (the last frame down), countersign, wait for the gateway to close. Each wait is bounded. When the
 * connection is lost and does not come back (visit_resume.c) there is nobody to tell, and only the killing is left. */
#include "session/visit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "reaper.h"
#include "session/visit_inside.h"

enum {
    DIAL_MS = 30 * 1000,
    HANG_UP_MS = 3 * 1000,   /* for the terminal to be gone */
    STOP_NOW_MS = 600,       /* for both, when the owner stops it: SESSION_STOP_GRACE_MS must be enough for the end */
    UNDO_MS = 7 * 1000,      /* for parameters to be put back; then it is the resident agent's */
    LAST_DOWN_MS = 5 * 1000, /* from session.ended to session.end */
    CLOSE_MS = 5 * 1000,     /* from the countersignature to the close */
    KILL_MS = 2 * 1000,
    QUEUE_BYTES = 256 * 1024 /* with more queued, live lines are dropped */
};

/* ---- what its parts have to say -----------------------------------------------------------------------------------
 */

static void on_observed(void *self, const char *method, const char *params_json, size_t bytes) {
    struct visit *v = self;
    if (v->phase == VISIT_LIVE && visit_pending(v) < QUEUE_BYTES) {
        visit_notify(v, method, params_json, bytes);
    }
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void over(struct visit *v, enum visit_exit exit) {
    if (v->phase == VISIT_OVER) {
        return;
    }
    v->phase = VISIT_OVER;
    loop_disarm(v->loop, &v->deadline);
    loop_disarm(v->loop, &v->idle);
    loop_disarm(v->loop, &v->step);
    loop_disarm(v->loop, &v->grace);
    if (exit == VISIT_DONE && v->children_left > 0) {
        exit = VISIT_CHILDREN_LEFT;
    }
    log_info("session.visit", "over", "session=%s reason=%s exit=%d children_left=%zu", v->options.grant->session,
             v->reason, (int)exit, v->children_left);
    v->options.over(v->options.self, exit);
}

/* Everything that the session started, now. */
static void kill_everything(struct visit *v) {
    observe_stop(v->observe);
    streams_free(v->streams);
    v->streams = NULL;
    files_free(v->files);
    v->files = NULL;
    configure_free(v->configure);
    v->configure = NULL;
    diagnose_free(v->diagnose);
    v->diagnose = NULL;
    pty_kill(v->pty);
    v->pty = NULL;
    v->children_left = reaper_kill(0, KILL_MS);
}

static void on_closed_too_late(void *self) {
    struct visit *v = self;
    v->options.link->close(v->options.link_self);
    over(v, VISIT_DONE);
}

static void countersign(struct visit *v) {
    struct buf text, signature, coded, message;
    buf_init(&text, 1024);
    buf_init(&signature, 2048);
    buf_init(&coded, 4096);
    buf_init(&message, CAP_FRAME_BYTES);
    chain_statement(v->options.grant->session, &v->up, &v->down, &text);
    if (key_sign(v->options.key, text.data, text.count, &signature) != RESULT_OK) {
        log_error("session.visit", "countersign_failed", "session=%s", v->options.grant->session);
        v->options.link->close(v->options.link_self);
        over(v, VISIT_FAILED);
        goto out;
    }
    base64url_encode(signature.data, signature.count, &coded);
    struct json_out j = json_out(&message);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    jo_str(&j, "method", "session.countersign");
    jo_object(&j, "params");
    jo_str(&j, "text", buf_text(&text));
    jo_str(&j, "signature", buf_text(&coded));
    jo_end(&j);
    jo_end(&j);
    v->options.link->send(v->options.link_self, true, message.data, message.count); /* in no chain */
    v->phase = VISIT_SIGNED;
    loop_arm(v->loop, &v->step, CLOSE_MS, on_closed_too_late, v);
out:
    buf_fini(&text);
    buf_fini(&signature);
    buf_fini(&coded);
    buf_fini(&message);
}

static void on_no_last_down(void *self) {
    countersign(self); /* over what has come; the gateway says whether it sent more */
}

static void on_hung_up(void *self) {
    struct visit *v = self;
    char params[96];
    int64_t left_ms = v->undo_until_mono_ms - clock_mono_ms();
    if (configure_is_busy(v->configure) && left_ms > 0) {
        loop_arm(v->loop, &v->step, left_ms, on_hung_up, v); /* or as soon as it is done */
        return;
    }
    kill_everything(v);
    int chars =
        snprintf(params, sizeof params, "{\"reason\":\"%s\",\"children_left\":%zu}", v->reason, v->children_left);
    visit_notify(v, "session.ended", params, (size_t)chars);
    v->phase = VISIT_ENDED;
    if (v->is_linked) { /* else when it comes back */
        visit_came_back(v);
    }
}

void visit_came_back(struct visit *v) {
    if (v->phase != VISIT_ENDED) {
        return;
    }
    if (v->has_last_down) {
        countersign(v);
    } else {
        loop_arm(v->loop, &v->step, LAST_DOWN_MS, on_no_last_down, v);
    }
}

/* The reason travels in JSON and in logs: a word, nothing else. */
static void keep_reason(struct visit *v, const char *reason) {
    size_t chars = strspn(reason, "abcdefghijklmnopqrstuvwxyz_");
    bool is_word = chars > 0 && chars < sizeof v->reason && reason[chars] == '\0';
    snprintf(v->reason, sizeof v->reason, "%s", is_word ? reason : "failed");
}

void visit_end(struct visit *v, const char *reason) {
    if (v->phase == VISIT_DIALING) {
        keep_reason(v, reason);
        v->options.link->close(v->options.link_self);
        over(v, VISIT_NO_GATEWAY);
        return;
    }
    if (v->phase != VISIT_LIVE) {
        return;
    }
    keep_reason(v, reason);
    log_info("session.visit", "ending", "session=%s reason=%s", v->options.grant->session, v->reason);
    v->phase = VISIT_ENDING;
    observe_stop(v->observe);
    v->undo_until_mono_ms = configure_end(v->configure) ? clock_mono_ms() + UNDO_MS : 0;
    if (v->pty != NULL) {
        pty_hang_up(v->pty);
    }
    loop_arm(v->loop, &v->step, v->pty != NULL ? HANG_UP_MS : 0, on_hung_up, v);
}

void visit_pty_closed(struct visit *v) {
    if (v->phase == VISIT_ENDING) {
        loop_arm(v->loop, &v->step, 0, on_hung_up, v);
    }
}

void visit_stop(struct visit *visit, const char *reason) {
    visit_stopping(visit);
    visit_end(visit, reason);
}

void visit_stop_now(struct visit *visit, const char *reason) {
    visit_stop(visit, reason);
    if (visit->phase == VISIT_ENDING) { /* since now, or for a while */
        visit->undo_until_mono_ms = clock_mono_ms() + STOP_NOW_MS;
        loop_arm(visit->loop, &visit->step, visit->pty != NULL ? STOP_NOW_MS : 0, on_hung_up, visit);
    }
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

static void on_deadline(void *self) {
    visit_end(self, "deadline");
}

static void on_idle(void *self) {
    visit_end(self, "idle");
}

static void on_dialing_too_long(void *self) {
    visit_end(self, "no_gateway");
}

struct visit *visit_new(struct loop *loop, const struct visit_options *options) {
    struct visit *v = mem_alloc(sizeof *v);
    v->loop = loop;
    v->options = *options;
    chain_begin(&v->up, DIRECTION_UP, options->grant->session);
    chain_begin(&v->down, DIRECTION_DOWN, options->grant->session);
    backlog_init(&v->backlog);
    v->diagnose = diagnose_new(loop, options->grant, &visit_diagnose_owner, v);
    v->observe = observe_new(loop, options->tap_fd, options->grant->observe_least_ms, on_observed, v);
    v->streams = streams_new(&visit_streams_out, v);
    v->files = files_new(loop, options->grant, v->streams);
    v->forwards = forwards_new(loop, v->streams, options->grant, &visit_forward_events, v);
    v->configure = visit_configure_new(v);
    v->deadline_since_boot_ms = clock_since_boot_ms() + options->grant->duration_ms;
    loop_arm(loop, &v->deadline, options->grant->duration_ms, on_deadline, v);
    loop_arm(loop, &v->step, DIAL_MS, on_dialing_too_long, v);
    return v;
}

void visit_free(struct visit *visit) {
    if (visit == NULL) {
        return;
    }
    loop_disarm(visit->loop, &visit->deadline);
    loop_disarm(visit->loop, &visit->idle);
    loop_disarm(visit->loop, &visit->step);
    loop_disarm(visit->loop, &visit->grace);
    backlog_fini(&visit->backlog);
    wipe(visit->ticket, sizeof visit->ticket);
    pty_kill(visit->pty);
    diagnose_free(visit->diagnose);
    streams_free(visit->streams);
    files_free(visit->files);
    forwards_free(visit->forwards);
    configure_free(visit->configure);
    observe_free(visit->observe);
    free(visit);
}

static void say_hello(struct visit *v) {
    const struct session_grant *g = v->options.grant;
    struct buf params;
    buf_init(&params, CAP_FRAME_BYTES - 128);
    struct json_out j = json_out(&params);
    jo_object(&j, NULL);
    jo_str(&j, "session", g->session);
    jo_str(&j, "agent", g->agent);
    capabilities_write(&j, "capabilities", g->capabilities);
    jo_object(&j, "consent");
    jo_str(&j, "method", g->consent_method);
    jo_str(&j, "by", g->consent_by);
    jo_int(&j, "at_ms", g->consent_at_ms);
    jo_int(&j, "until_ms", g->consent_until_ms);
    session_grant_print_proof(g, &j);
    jo_end(&j);
    jo_int(&j, "deadline_s", g->duration_ms / 1000);
    jo_bool(&j, "resume", true);
    jo_end(&j);
    visit_notify(v, "session.hello", buf_text(&params), params.count);
    buf_fini(&params);
}

void visit_connected(struct visit *v) {
    if (v->is_away) {
        visit_resume(v);
        return;
    }
    if (v->phase != VISIT_DIALING) {
        return;
    }
    v->phase = VISIT_LIVE;
    v->is_linked = true;
    loop_disarm(v->loop, &v->step);
    loop_arm(v->loop, &v->idle, v->options.grant->idle_ms, on_idle, v);
    say_hello(v);
}

static void gateway_gone(struct visit *v, const char *why) {
    log_warn("session.visit", "gateway_gone", "reason=%s", log_text(why));
    keep_reason(v, "gateway_gone");
    kill_everything(v);
    over(v, VISIT_GATEWAY_GONE);
}

void visit_on_grace(void *self) {
    gateway_gone(self, "the link did not come back in time");
}

void visit_disconnected(struct visit *v, bool is_refused, const char *why) {
    switch (v->phase) {
    case VISIT_DIALING:
        log_error("session.visit", "no_gateway", "reason=%s", log_text(why));
        keep_reason(v, "no_gateway");
        over(v, VISIT_NO_GATEWAY);
        break;
    case VISIT_LIVE:
    case VISIT_ENDING:
    case VISIT_ENDED:
        if (!visit_goes_away(v, is_refused, why)) {
            gateway_gone(v, why);
        }
        break;
    case VISIT_SIGNED: over(v, VISIT_DONE); break;
    case VISIT_OVER: break;
    }
}

static void on_terminal(struct visit *v, const struct frame *frame) {
    size_t salt = frame->channel == CHANNEL_TERMINAL_SECRET ? SECRET_SALT_BYTES : 0;
    v->input_given_bytes -= (int64_t)(frame->count - salt);
    if (v->pty == NULL || v->phase != VISIT_LIVE) {
        return; /* typed while the terminal was closing */
    }
    if (pty_write(v->pty, frame->bytes + salt, frame->count - salt) != RESULT_OK) {
        log_warn("session.visit", "input_without_credit", "bytes=%zu", frame->count);
        visit_end(v, "gateway_protocol");
    }
}

static void on_stream(struct visit *v, const struct frame *frame) {
    if (v->phase != VISIT_LIVE) {
        return; /* under way while the session was ending */
    }
    if (!streams_receive(v->streams, stream_number(frame), frame->bytes + STREAM_HEAD_BYTES,
                         frame->count - STREAM_HEAD_BYTES)) {
        log_warn("session.visit", "stream_without_credit", "stream=%u bytes=%zu", stream_number(frame), frame->count);
        visit_end(v, "gateway_protocol");
    }
}

static void on_credit(struct visit *v, const struct frame *frame) {
    struct credit credit;
    if (credit_decode(frame, &credit) == RESULT_OK) {
        visit_credited(v, &credit);
    }
}

static void on_ack(struct visit *v, const struct frame *frame) {
    uint64_t frames;
    if (frame_ack_decode(frame, &frames) == RESULT_OK && frames <= v->up.count) {
        backlog_drop(&v->backlog, frames);
    }
}

void visit_receive(struct visit *v, bool is_text, const void *message, size_t bytes) {
    struct frame frame;
    struct fault fault;
    if (v->phase == VISIT_DIALING || v->phase >= VISIT_SIGNED) {
        return;
    }
    if (v->phase == VISIT_LIVE && clock_since_boot_ms() >= v->deadline_since_boot_ms) {
        visit_end(v, "deadline"); /* its timer is late, and nothing is done after it */
    }
    if (frame_decode(is_text, DIRECTION_DOWN, message, bytes, &frame, &fault) != RESULT_OK) {
        log_warn("session.visit", "gateway_protocol", "reason=%s", log_text(fault.text));
        visit_end(v, "gateway_protocol");
        return;
    }
    if (frame.channel == CHANNEL_CREDIT) {
        on_credit(v, &frame);
        return;
    }
    if (frame.channel == CHANNEL_ACK) {
        on_ack(v, &frame);
        return;
    }
    if (visit_below_chain(v, &frame) || v->has_last_down) { /* nothing follows session.end but a way back */
        return;
    }
    chain_add(&v->down, &frame);
    visit_received(v, frame.count);
    if (v->phase == VISIT_LIVE) {
        loop_arm(v->loop, &v->idle, v->options.grant->idle_ms, on_idle, v);
    }
    if (frame.channel == CHANNEL_CONTROL) {
        visit_control(v, &frame);
    } else if (frame.channel == CHANNEL_STREAM) {
        on_stream(v, &frame);
    } else {
        on_terminal(v, &frame);
    }
    visit_sync(v);
    if (v->has_last_down && v->is_linked) {
        visit_came_back(v);
    }
}
