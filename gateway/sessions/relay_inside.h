/* The inside of a relay, shared by its files and nobody else:
 *   relay.c          life: legs come and go, clocks run out
 *   relay_end.c      how it ends: time-outs, seal, farewell
 *   relay_out.c      the only way out of the relay: record, then send; credit; typed input
 *   relay_product.c  what the product sends
 *   relay_notice.c   what it says
 *   relay_person.c   what people send
 *   relay_request.c  what they ask for
 *   relay_resume.c   the product's link breaks and comes back
 *   relay_streams.c  files, ports, screens: whose, and how much of it at once
 *   relay_people.c   more than one person: their parts, who may say what
 *   relay_floor.c    who holds the keyboard; frozen or not
 *   relay_chat.c     what they say to each other
 *   relay_call.c     the help call */
#pragma once
#include "fieldline/backlog.h"
#include "fieldline/json.h"
#include "sessions/record.h"
#include "sessions/relay.h"

enum {
    HELLO_MS = 10 * 1000,         /* from the product's connection to its hello */
    END_MS = 10 * 1000,           /* from session.end to session.ended */
    COUNTERSIGN_MS = 5 * 1000,    /* from session.ended to session.countersign */
    DEADLINE_GRACE_MS = 2 * 1000, /* the product keeps the deadline itself; the gateway only when it does not */
    CALL_MS = 5 * 60 * 1000,      /* an unanswered request is given up */
    REVOKED_MS = 1000,            /* the same, for a product that cannot be trusted any more */
    SYNC_MS = 2 * 1000,
    STRIKES_WITHIN_MS = 10 * 1000,
    CALL_ID_BYTES = 80, /* an engineer's request id, as JSON */
    MESSAGE_BYTES = CAP_FRAME_BYTES
};

enum relay_phase {
    RELAY_WAITING,   /* for the product */
    RELAY_CONNECTED, /* for its hello */
    RELAY_LIVE,
    RELAY_ENDING, /* session.end sent or session.ended received */
    RELAY_OVER
};

#define RELAY_PHASE_BIT(phase) (1u << (phase))

enum relay_part { PART_TYPIST, PART_WATCHER, PART_MODERATOR, PART_GUEST, PART_TOOL, PART_COUNT };

struct relay_pace {
    int64_t since_mono_ms;
    int count;
};
enum { CHAT_KEPT = 50 };
struct relay_in_call {
    bool is_in;
    unsigned media; /* all that was shared since */
    int64_t since_mono_ms;
};

struct relay_leg {
    struct relay *relay;
    struct relay_leg *next; /* people only */
    bool is_product, is_dead;
    bool is_driver;
    bool is_tool;    /* a second connection of the engineer: files and ports only */
    bool is_joining; /* its owner learns from attach that it was refused, not from ops.close */
    char name[SESSION_NAME_BYTES + 1];
    const struct relay_leg_ops *ops;
    void *self;
    bool has_credit; /* it speaks credit; until it does, its queue alone counts */
    int64_t credit_bytes;
    /* people (relay_people.c) */
    bool may_type, may_moderate, is_guest;
    unsigned guest_may;
    char invite[CAP_UUID_BYTES + 1];
    int64_t joined_mono_ms;
    struct relay_in_call call;
    struct relay_pace chat, signals, call_joins, refusals;
};

/* A request of the engineer that the product has not answered. */
struct relay_call {
    bool is_used, is_terminal_open;
    struct relay_leg *leg; /* who asked; NULL: gone */
    bool is_of_tool;
    char asker[SESSION_NAME_BYTES + 1]; /* the same person's next leg gets the answer */
    int64_t stream;                     /* that it opens; 0: none */
    int64_t id;                         /* ours, on the product's leg */
    char person_id[CALL_ID_BYTES];      /* theirs */
    int64_t since_mono_ms;
};

struct relay_stream {
    uint16_t number;           /* 0: free */
    struct relay_leg *owner;   /* NULL: gone; waiting for stream.closed */
    bool keeps_bytes;          /* in the transcript */
    int64_t up_credit_bytes;   /* the product may send */
    int64_t owed_bytes;        /* given by the owner, held back while its queue is long */
    int64_t down_credit_bytes; /* the owner may send */
    int64_t down_credit_then;  /* when the link came back */
};

/* relay_floor.c */
struct relay_floor {
    bool has_changed; /* people are told when the call under way ends */
    bool lacks_moderator, had_moderator;
    int64_t moderator_gone_mono_ms;
    char frozen_by[SESSION_NAME_BYTES + 1]; /* "": nobody */
    char keyboard[SESSION_NAME_BYTES + 1];  /* who holds it, there or not */
    char offered[SESSION_NAME_BYTES + 1];   /* to whom */
    char author[SESSION_NAME_BYTES + 1];    /* whose input the product was told of last */
    char notice[256];                       /* what the product was told last */
    int columns, rows;                      /* of the terminal */
};

struct relay {
    struct relay_options options;
    enum relay_phase phase;
    bool is_silent; /* no event: being freed */
    int64_t born_mono_ms, born_wall_ms, now_mono_ms;
    int64_t begun_mono_ms; /* of the transcript */
    int64_t phase_due_mono_ms, deadline_mono_ms, active_mono_ms, synced_mono_ms, typist_gone_mono_ms;
    bool had_typist, was_live;

    struct relay_leg *product, *people, *typist;
    char *certificate;
    struct record *record;
    uint32_t capabilities; /* after consent */
    bool is_terminal_open, is_echo_off, has_observed;
    int64_t output_credit_bytes; /* the product may send, */
    int64_t input_credit_bytes;  /* and may be sent */
    struct buf input;            /* typed, not yet sent; secrets pass through: wiped */
    struct relay_call calls[RELAY_CALLS];
    struct relay_stream streams[CAP_SESSION_STREAMS];
    int64_t last_streams[2]; /* numbers only rise: the typist's, the tools' */
    struct relay_floor floor;
    char *chat[CHAT_KEPT]; /* the last lines, as they were sent: for who joins later; a ring */
    size_t chat_count;     /* of all lines */
    int64_t next_id;

    /* relay_resume.c */
    struct backlog backlog;
    bool resumes;     /* the product can */
    bool is_away;     /* its link is lost */
    bool is_resuming; /* it is back, but has not said session.resume */
    bool is_muted;    /* not all that it repeats is here: no credit is given */
    bool is_absolute; /* credit that comes is what the product counts as outstanding */
    bool has_ticket, has_used_ticket;
    uint8_t ticket_sha256[SHA256_BYTES];      /* the newest, */
    uint8_t used_ticket_sha256[SHA256_BYTES]; /* and the last that was used: the newest may have been lost */
    uint64_t away_down; /* frames down when the link broke: what is beyond nobody on the product has seen */
    int64_t away_since_mono_ms, resume_due_mono_ms, input_credit_then;
    uint64_t sync_up;
    size_t unacked_frames, unacked_bytes;

    char end_why[SESSION_WHY_BYTES + 1];
    bool has_sent_end, has_product_ended;
    int64_t children_left;
    char *countersign_text, *countersign_signature;
};

/* ---- relay_resume.c ---- before the seal: is something missing at the end? Then the record says so. */
void relay_note_hole(struct relay *r);

/* ---- relay_out.c ---- each returns false when the relay is over (it could not be recorded) */
FL_CHECK bool relay_keep_up(struct relay *r, const struct frame *frame);
FL_CHECK bool relay_keep_stream(struct relay *r, enum direction dir, const struct frame *frame, const char *by,
                                bool keeps_bytes);
FL_CHECK bool relay_note(struct relay *r, const char *json, size_t bytes);
/* A control message to the product; columns > 0 when it sets the terminal's size. */
FL_CHECK bool relay_send_control(struct relay *r, const struct buf *json, const char *by, int columns, int rows);
/* To everybody; already recorded. Legs that are too slow are dropped. */
void relay_send_people(struct relay *r, bool is_text, const void *bytes, size_t count);
void relay_send_leg(struct relay_leg *leg, bool is_text, const void *bytes, size_t count);
void relay_send_state(struct relay *r, struct relay_leg *leg);
void relay_send_states(struct relay *r);
/* A refusal, recorded and told; closes the leg after RELAY_STRIKES. `id` NULL: session.error, else a JSON-RPC error. */
void relay_refuse(struct relay_leg *leg, const char *id, const char *code, const char *text);
void relay_give_credit(struct relay *r);
void relay_flush_input(struct relay *r);
void relay_forget_input(struct relay *r);
void relay_drop_leg(struct relay_leg *leg, const char *reason);

/* ---- relay_end.c, relay.c ---- */
void relay_begin_end(struct relay *r, const char *why, const char *by);
void relay_begin_revoked(struct relay *r);
/* Seals, tells everybody, closes all legs, makes the event. */
void relay_finish(struct relay *r, const char *why, const char *text);
int64_t relay_wall_ms(const struct relay *r);
int64_t relay_t_ms(const struct relay *r);

/* ---- relay_notice.c ---- one row a method of the product that is no answer */
struct relay_notice {
    const char *method;
    unsigned phases;   /* bits */
    int capability;    /* -1: none */
    bool is_forwarded; /* to everybody, as it is */
    enum result (*check)(const struct relay *r, const struct json *params, struct fault *fault);
    void (*act)(struct relay *r, const struct json *params); /* after it was recorded; NULL: nothing follows */
};
const struct relay_notice *relay_notice_find(const char *method);

/* ---- relay_product.c, relay_person.c ---- */
void relay_from_product(struct relay *r, bool is_text, const void *message, size_t bytes);
void relay_from_person(struct relay_leg *leg, bool is_text, const void *message, size_t bytes);
void relay_request(struct relay_leg *leg, const struct frame *frame);
/* Who gets the answer: who asked, or his next leg. NULL: nobody. */
struct relay_leg *relay_call_leg(const struct relay *r, const struct relay_call *call);
struct relay_call *relay_call_find(struct relay *r, int64_t id);

/* ---- relay_resume.c ---- */
/* A frame of the down chain, recorded already: sent, and kept until it is acknowledged. May end the session. */
void relay_to_product(struct relay *r, bool is_text, const void *message, size_t bytes);
/* Is there somebody who may be given credit now? */
bool relay_may_give(const struct relay *r);
void relay_credit_product(struct relay *r, const struct credit *credit);
void relay_acknowledge(struct relay *r);
/* A frame of the up chain was recorded. */
void relay_received(struct relay *r, size_t bytes);
void relay_acknowledged(struct relay *r, const struct frame *frame);
/* The leg is gone. False: so is the session. */
bool relay_goes_away(struct relay *r);
bool relay_is_away_too_long(const struct relay *r);
void relay_give_ticket(struct relay *r);
bool relay_ticket_matches(const struct relay *r, const char *token);
void relay_attach_again(struct relay *r, const char *token, struct relay_leg *leg);
/* The first message of a leg that came back. NULL, or how the product broke the protocol. */
const char *relay_resume(struct relay *r, bool is_text, const void *message, size_t bytes);
void relay_sync(struct relay *r);

/* ---- relay_streams.c ---- */
/* May this leg open a stream as `params` say? */
FL_CHECK enum result relay_stream_check(const struct relay_leg *leg, const struct json *params, struct fault *fault);
FL_CHECK enum result relay_stream_known(const struct relay *r, const struct json *params, struct fault *fault);
void relay_stream_open(struct relay_leg *leg, const struct json *params, bool keeps_bytes);
/* It was refused, or has closed. */
void relay_stream_forget(struct relay *r, int64_t number);
/* The leg is gone: its streams are closed. */
void relay_streams_leave(struct relay_leg *leg);
/* Passes on what credit was held back. */
void relay_streams_give(struct relay *r);
void relay_stream_credit_up(struct relay_leg *leg, const struct credit *credit);
/* False: for no stream, or beyond the cap. */
FL_CHECK bool relay_stream_credit_down(struct relay *r, const struct credit *credit);
void relay_stream_down(struct relay_leg *leg, const struct frame *frame, const void *message, size_t bytes);
/* NULL, or how the product broke the protocol. */
const char *relay_stream_up(struct relay *r, const struct frame *frame, const void *message, size_t bytes);

/* ---- relay_people.c ---- */
enum relay_part relay_part(const struct relay_leg *leg);
bool relay_may(const struct relay_leg *leg, unsigned right); /* of RELAY_GUEST_: guests by their link, others yes */
bool relay_sees(const struct relay_leg *leg);                /* the session's output */
struct relay_leg *relay_find_person(const struct relay *r, const char *name); /* there, and no tool */
void relay_person_init(struct relay_leg *leg, const struct relay_person *person);
void relay_person_joined(struct relay_leg *leg);
void relay_person_left(struct relay_leg *leg, enum relay_part part);
/* Tells everybody when something about them has changed; then true, and legs may have died. */
bool relay_people_settle(struct relay *r);
void relay_people_state(const struct relay_leg *leg, struct json_out *j); /* members of session.state */
void relay_people_size(struct relay_leg *leg, const char *method, int columns, int rows);
void relay_people_tick(struct relay *r);
/* False: the method is none of people's. */
FL_CHECK bool relay_people_request(struct relay_leg *leg, const char *method, const struct json *params,
                                   const char *id);
/* May it send something to the product now? False: refused, and told so. */
FL_CHECK bool relay_may_act(struct relay_leg *leg, const char *id);
/* A message in the gateway's name: begins one ("params" is open), ends it; the second also records and frees it. */
struct json_out relay_say(struct buf *text, const char *method);
void relay_said(struct json_out *j);
FL_CHECK bool relay_record_said(struct relay *r, struct json_out *j, struct buf *text);
void relay_tell_people(struct relay *r, const struct buf *text, unsigned right);     /* 0: all; tools never */
void relay_answer_person(struct relay_leg *leg, const char *id, const char *result); /* not recorded; id may be NULL */

/* ---- relay_floor.c ---- */
void relay_floor_init(struct relay *r);
void relay_floor_live(struct relay *r);
bool relay_is_frozen(const struct relay *r);
const char *relay_frozen_why(const struct relay *r); /* no_moderator, moderator, or "" */
void relay_floor_update(struct relay *r);
FL_CHECK bool relay_floor_tick(struct relay *r); /* true: the session ends */
void relay_floor_freeze(struct relay_leg *leg, const struct json *params, const char *id);
void relay_floor_thaw(struct relay_leg *leg, const struct json *params, const char *id);
void relay_floor_offer(struct relay_leg *leg, const struct json *params, const char *id);
void relay_floor_take(struct relay_leg *leg, const struct json *params, const char *id);
/* Before input: the product is told whose it is, when that changed. False: the relay is over. */
FL_CHECK bool relay_floor_author(struct relay *r);
void relay_floor_opened(struct relay_leg *leg); /* the terminal, by him */

/* ---- relay_chat.c, relay_call.c ---- */
FL_CHECK bool relay_pace(struct relay_pace *pace, int64_t mono_ms, int most, int64_t within_ms); /* false: too fast */
void relay_chat_say(struct relay_leg *leg, const struct json *params, const char *id);
void relay_chat_catch_up(struct relay_leg *leg); /* what was said before he came */
void relay_chat_free(struct relay *r);
void relay_call_join(struct relay_leg *leg, const struct json *params, const char *id);
void relay_call_ask_leave(struct relay_leg *leg, const struct json *params, const char *id);
void relay_call_signal(struct relay_leg *leg, const struct json *params, const char *id);
void relay_call_leave(struct relay_leg *leg);
void relay_call_end(struct relay *r); /* the session is over: everybody leaves */
