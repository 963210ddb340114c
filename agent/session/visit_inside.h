/* The inside of a visit, shared by its two files and nobody else: visit.c (life, the way out, the end) and
 * visit_calls.c (what the gateway asks for). */
#pragma once
#include "fieldline/json.h"
#include "session/diagnose.h"
#include "session/observe.h"
#include "session/pty.h"
#include "session/visit.h"

enum visit_phase {
    VISIT_DIALING,
    VISIT_LIVE,
    VISIT_ENDING, /* the terminal is being hung up */
    VISIT_ENDED,  /* session.ended is sent; waiting for session.end, the last frame down */
    VISIT_SIGNED, /* countersigned; waiting for the gateway to close */
    VISIT_OVER
};

struct visit {
    struct loop *loop;
    struct visit_options options;
    enum visit_phase phase;
    struct chain up, down;
    struct loop_timer deadline, idle, step; /* step: of the end */
    struct pty *pty;
    int64_t input_owed_bytes; /* taken by the terminal, not yet given as new credit */
    struct diagnose *diagnose;
    struct observe *observe;
    bool has_last_down; /* session.end has come */
    char reason[32];
    size_t children_left;
};

/* Every control message that leaves, but the countersignature. */
void visit_send(struct visit *v, const struct buf *json);
void visit_notify(struct visit *v, const char *method, const char *params_json, size_t bytes);
void visit_answer(struct visit *v, int64_t id, const char *result_json, size_t bytes);
void visit_answer_error(struct visit *v, int64_t id, enum result result, const char *text);
void visit_send_terminal(struct visit *v, const void *bytes, size_t count);
void visit_send_credit(struct visit *v, uint32_t bytes);
/* Begins the end; once. */
void visit_end(struct visit *v, const char *reason);
/* The terminal is gone: go on with the end, if one is under way. */
void visit_pty_closed(struct visit *v);

/* visit_calls.c: one control message of the gateway; it is in the chain already. */
void visit_control(struct visit *v, const struct frame *frame);
extern const struct pty_events visit_pty_events;
