/* The inside of a visit, shared by its files and nobody else: visit.c (life, the end), visit_out.c (the way out),
 * visit_calls.c (finds what the gateway asks for) and one visit_NAME.c for each capability (does it). */
#pragma once
#include "fieldline/json.h"
#include "session/configure.h"
#include "session/diagnose.h"
#include "session/observe.h"
#include "session/pty.h"
#include "session/streams.h"
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
    struct streams *streams;
    struct configure *configure;
    int64_t undo_until_mono_ms; /* how long the end waits for parameters to be put back; 0: it has not begun */
    bool has_last_down;         /* session.end has come */
    char reason[32];
    size_t children_left;
};

/* Every control message that leaves, but the countersignature. */
void visit_send(struct visit *v, const struct buf *json);
void visit_notify(struct visit *v, const char *method, const char *params_json, size_t bytes);
void visit_answer(struct visit *v, int64_t id, const char *result_json, size_t bytes);
void visit_answer_error(struct visit *v, int64_t id, enum result result, const char *text);
void visit_send_terminal(struct visit *v, const void *bytes, size_t count);
void visit_send_credit(struct visit *v, const struct credit *credit);
void visit_answer_nothing(struct visit *v, int64_t id); /* {}, when there is an id */
extern const struct streams_out visit_streams_out;
/* Begins the end; once. */
void visit_end(struct visit *v, const char *reason);
/* The terminal is gone: go on with the end, if one is under way. */
void visit_pty_closed(struct visit *v);

/* visit_calls.c: one control message of the gateway; it is in the chain already. */
void visit_control(struct visit *v, const struct frame *frame);

/* One row a method that the gateway may call; a table for each capability. `act` answers by visit_answer, now or later,
 * or fails: then the error is the answer. A long answer is streamed, not one frame. `id` 0: nobody waits. */
struct visit_verb {
    const char *method;
    enum capability capability;
    bool has_answer; /* it is pointless without an id */
    enum result (*act)(struct visit *v, const struct json *params, int64_t id, struct fault *fault);
};
struct visit_verbs {
    const struct visit_verb *rows;
    size_t count;
};
extern const struct visit_verbs visit_terminal, visit_diagnose, visit_observe;
extern const struct visit_verbs visit_configure;
struct configure *visit_configure_new(struct visit *v); /* visit_configure.c */
