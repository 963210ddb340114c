/* A ticket: the case file of one broken thing, and the table of what may be done to it. Pure: (ticket, action) in,
 * (ticket, event) out; no clock, no store. What alarms do to tickets is fold.h's. The numbers of the enums are stored:
 * append only.
 *
 *   new -> assigned -> diagnosing -> plan_agreed -> (parts_ordered) -> repairing -> resolved -> confirmed -> closed ->
 * followed_up
 *
 * back to diagnosing when a plan fails; reopened from resolved, confirmed and closed: to assigned, or to new when
 * nobody is assigned. */
#pragma once
#include <stdint.h>

#include "rules/pack.h"
#include "tickets/role.h"

enum {
    TICKET_SUBJECT_BYTES = 199,
    TICKET_TEXT_BYTES = 4000,
    TICKET_DATA_BYTES = 999,
    TICKET_WHO_BYTES = 63,
    TICKET_ALARM_BYTES = 127
};

enum ticket_state {
    TICKET_NEW,
    TICKET_ASSIGNED,
    TICKET_DIAGNOSING,
    TICKET_PLAN_AGREED,
    TICKET_PARTS_ORDERED,
    TICKET_REPAIRING,
    TICKET_RESOLVED,
    TICKET_CONFIRMED,
    TICKET_CLOSED,
    TICKET_FOLLOWED_UP,
    TICKET_STATE_COUNT
};
const char *ticket_state_name(enum ticket_state state); /* "plan_agreed" */
FL_CHECK bool ticket_state_parse(const char *text, enum ticket_state *out);
bool ticket_state_is_open(enum ticket_state state); /* somebody still has to do something: before resolved */

enum ticket_source { TICKET_FROM_ALARM, TICKET_FROM_OWNER, TICKET_FROM_PHONE, TICKET_FROM_API, TICKET_SOURCE_COUNT };
const char *ticket_source_name(enum ticket_source source);
FL_CHECK bool ticket_source_parse(const char *text, enum ticket_source *out);

enum ticket_verb {
    TICKET_ASSIGN,
    TICKET_DIAGNOSE,
    TICKET_AGREE_PLAN,
    TICKET_ORDER_PARTS,
    TICKET_REPAIR,
    TICKET_RESOLVE,
    TICKET_CONFIRM,
    TICKET_CLOSE,
    TICKET_FOLLOW_UP,
    TICKET_REOPEN,
    TICKET_COMMENT,
    TICKET_VERB_COUNT
};
const char *ticket_verb_name(enum ticket_verb verb);
FL_CHECK bool ticket_verb_parse(const char *text, enum ticket_verb *out);

struct ticket {
    int64_t id;      /* 0: not stored yet */
    int64_t version; /* the number of its events: what If-Match compares. Counting a repeat alone leaves it */
    int64_t device_id;
    char device[CAP_DEVICE_ID_BYTES + 1], model[CAP_MODEL_BYTES + 1];
    enum ticket_state state;
    enum severity severity;
    enum ticket_source source;
    char subject[TICKET_SUBJECT_BYTES + 1];
    char assignee[TICKET_WHO_BYTES + 1]; /* "" nobody */
    int64_t opened_ms, updated_ms;
    int64_t resolved_ms; /* 0 until resolved; of the newest time */
    /* the alarm that opened it ("" when a person did) */
    char alarm[TICKET_ALARM_BYTES + 1], part[CAP_PART_BYTES + 1];
    int64_t alarms_active; /* of those attached; 0: the product healed */
    int64_t repeats;       /* raises after the first, of all its alarms */
    bool is_touched;       /* a person acted on it */
    bool is_self_healed;   /* resolved because its alarm cleared before anybody touched it */
};

enum ticket_event_kind {
    TICKET_EVENT_NONE,
    TICKET_EVENT_OPENED,
    TICKET_EVENT_STATE,
    TICKET_EVENT_ASSIGNED,
    TICKET_EVENT_COMMENT,
    TICKET_EVENT_ALARM,
    TICKET_EVENT_SESSION,
    TICKET_EVENT_REPORT,
    TICKET_EVENT_EVIDENCE,
    TICKET_EVENT_KIND_COUNT
};
const char *ticket_event_kind_name(enum ticket_event_kind kind);

/* One line of the case file's history; never changed afterwards. */
struct ticket_event {
    int64_t id, ticket; /* filled when stored */
    int64_t at_ms;
    enum ticket_event_kind kind;
    char by[TICKET_WHO_BYTES + 1];                             /* user name, or "gateway" */
    char from[TICKET_WHO_BYTES + 1], to[TICKET_WHO_BYTES + 1]; /* states, or assignees; "" where there is none */
    char text[TICKET_TEXT_BYTES + 1];
    char data[TICKET_DATA_BYTES + 1]; /* a JSON object, or "" */
};
#define TICKET_BY_GATEWAY "gateway"

/* What an arrow asks for besides the right. */
enum ticket_need { TICKET_NEEDS_NOTHING, TICKET_NEEDS_TEXT, TICKET_NEEDS_ASSIGNEE };
const char *ticket_need_name(enum ticket_need need); /* "", "text", "assignee" */

struct ticket_arrow {
    enum ticket_state from;
    enum ticket_verb verb;
    enum ticket_state to;
    uint32_t roles; /* ROLE_BIT */
    enum ticket_need need;
    const char *asks; /* what the text is to say, for people: "what was done" */
};
/* The row for that state and verb, or NULL. At most one. */
const struct ticket_arrow *ticket_arrow_find(enum ticket_state from, enum ticket_verb verb);
/* The rows open to `role` now, in the table's order; returns how many (at most `room`, TICKET_VERB_COUNT is enough).
 * Where a reopen would lead to depends on the ticket: ask ticket_arrow_target. */
size_t ticket_arrows(const struct ticket *ticket, enum role role, const struct ticket_arrow **out, size_t room);
enum ticket_state ticket_arrow_target(const struct ticket *ticket, const struct ticket_arrow *arrow);

struct ticket_action {
    enum ticket_verb verb;
    const char *by; /* user name */
    enum role role;
    const char *text;     /* NULL or "" when none */
    const char *assignee; /* NULL or "" when none; the caller has checked that this is a user who may be assigned */
    int64_t if_match;     /* the version acted on; -1: whatever it is */
    int64_t now_ms;
};
/* RESULT_CONFLICT: another version, or the state forbids it (the fault lists what is possible now); RESULT_DENIED: the
 * role may not; RESULT_BAD_INPUT: text or assignee missing, or text that is not UTF-8; RESULT_TOO_BIG: longer than the
 * caps. */
FL_CHECK enum result ticket_apply(const struct ticket *ticket, const struct ticket_action *action, struct ticket *out,
                                  struct ticket_event *event, struct fault *fault);

/* A ticket opened by a person. `first` has device_id, device, model, severity (0: minor), source, subject and nothing
 * else. */
FL_CHECK enum result ticket_open(const struct ticket *first, const char *by, const char *text, int64_t now_ms,
                                 struct ticket *out, struct ticket_event *event, struct fault *fault);
/* Events that change no state: a session's steps, a report. Version + 1. Cuts text that is too long at a character;
 * `data` must fit. */
void ticket_note(const struct ticket *ticket, enum ticket_event_kind kind, const char *by, const char *text,
                 const char *data_json, int64_t now_ms, struct ticket *out, struct ticket_event *event);
