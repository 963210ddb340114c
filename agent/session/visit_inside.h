/* The inside of a visit, shared by its files and nobody else: visit.c (life, the end), visit_out.c (the way out),
 * visit_calls.c (finds what the gateway asks for) and one visit_NAME.c for each capability (does it). */
#pragma once
#include "fieldline/backlog.h"
#include "fieldline/json.h"
#include "session/bundle.h"
#include "session/configure.h"
#include "session/diagnose.h"
#include "session/files.h"
#include "session/forward.h"
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
    int64_t deadline_since_boot_ms;         /* the time that a product sleeps counts */
    struct pty *pty;
    int64_t input_owed_bytes;  /* taken by the terminal, not yet given as new credit */
    int64_t input_given_bytes; /* given and not yet received */
    struct diagnose *diagnose;
    int64_t bundle_id; /* the call that a bundle is being made for; 0: none */
    struct observe *observe;
    struct streams *streams;
    struct files *files;
    struct forwards *forwards;
    struct configure *configure;
    int64_t undo_until_mono_ms; /* how long the end waits for parameters to be put back; 0: it has not begun */
    bool has_last_down;         /* session.end has come */
    /* visit_resume.c */
    struct backlog backlog;
    bool is_linked, is_away, is_stopping;
    bool is_muted;    /* gives no credit: not all repeated frames are here */
    bool is_absolute; /* the credit that comes is what the gateway counts as outstanding */
    bool has_ticket;
    char ticket[128];
    int64_t grace_ms;
    struct loop_timer grace;
    uint64_t sync_down, unacked_frames;
    size_t unacked_bytes;
    int64_t terminal_room_then;
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

/* ---- visit_resume.c ---- */
/* A frame of the up chain: kept, and sent when there is a link. */
void visit_leave(struct visit *v, const struct frame *frame, bool is_text, const void *message, size_t bytes);
size_t visit_pending(const struct visit *v);
/* A frame of the down chain is here. */
void visit_received(struct visit *v, size_t bytes);
/* The link is gone. False: so is the session. */
bool visit_goes_away(struct visit *v, bool is_refused, const char *why);
/* The product itself wants the end: what is away has little time left. */
void visit_stopping(struct visit *v);
void visit_resume(struct visit *v); /* there is a link again */
void visit_sync(struct visit *v);
/* Messages of the leg alone: true when it was one. */
bool visit_below_chain(struct visit *v, const struct frame *frame);
void visit_credited(struct visit *v, const struct credit *credit);
/* ---- visit.c ---- */
void visit_on_grace(void *self);
void visit_came_back(struct visit *v);
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
extern const struct visit_verbs visit_files;
extern const struct diagnose_owner visit_diagnose_owner;
extern const struct visit_verbs visit_forward, visit_screen;
extern const struct forward_events visit_forward_events;
extern const struct visit_verbs visit_configure;
struct configure *visit_configure_new(struct visit *v); /* visit_configure.c */
