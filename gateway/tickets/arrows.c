/* The ticket's state table, and the names of everything in it. A row is an arrow: from where, by which action, to
 * where, who may, and what it asks for. The rows are the policy: there is no other place that knows what may follow
 * what.
 *
 * Supervisors and administrators may do all that engineers and support may. The owner says whether it works again
 * (confirm, reopen) and may speak at any time; the auditor only reads. Two short ways are there on purpose, because
 * desks that lack them get tickets pushed through states that never happened: a fault fixed (or not found) while
 * diagnosing, and a resolved ticket that the customer never answers. Both ask for words. */
#include <string.h>

#include "tickets/ticket.h"

#define DESK     (ROLE_BIT(ROLE_SUPPORT) | ROLE_BIT(ROLE_SUPERVISOR) | ROLE_BIT(ROLE_ADMINISTRATOR))
#define WORK     (ROLE_BIT(ROLE_ENGINEER) | ROLE_BIT(ROLE_SUPERVISOR) | ROLE_BIT(ROLE_ADMINISTRATOR))
#define STAFF    (DESK | WORK)
#define CUSTOMER (DESK | ROLE_BIT(ROLE_OWNER))
#define ALL      (STAFF | ROLE_BIT(ROLE_OWNER))

#define COMMENT(state)                                                                                                 \
    { state, TICKET_COMMENT, state, ALL, TICKET_NEEDS_TEXT, "what you want to say" }
#define REASSIGN(state)                                                                                                \
    { state, TICKET_ASSIGN, state, STAFF, TICKET_NEEDS_ASSIGNEE, "who takes it" }
#define RETHINK(state)                                                                                                 \
    { state, TICKET_DIAGNOSE, TICKET_DIAGNOSING, WORK, TICKET_NEEDS_TEXT, "why the plan does not hold" }
#define REOPEN(state)                                                                                                  \
    { state, TICKET_REOPEN, TICKET_ASSIGNED, ALL, TICKET_NEEDS_TEXT, "what is still wrong" }

static const struct ticket_arrow arrows[] = {
    {TICKET_NEW, TICKET_ASSIGN, TICKET_ASSIGNED, STAFF, TICKET_NEEDS_ASSIGNEE, "who takes it"},
    COMMENT(TICKET_NEW),
    {TICKET_ASSIGNED, TICKET_DIAGNOSE, TICKET_DIAGNOSING, WORK, TICKET_NEEDS_NOTHING, "what was seen so far"},
    REASSIGN(TICKET_ASSIGNED),
    COMMENT(TICKET_ASSIGNED),
    {TICKET_DIAGNOSING, TICKET_AGREE_PLAN, TICKET_PLAN_AGREED, WORK, TICKET_NEEDS_TEXT, "the findings and the plan"},
    {TICKET_DIAGNOSING, TICKET_RESOLVE, TICKET_RESOLVED, WORK, TICKET_NEEDS_TEXT,
     "what was done, or why nothing had to be"},
    REASSIGN(TICKET_DIAGNOSING),
    COMMENT(TICKET_DIAGNOSING),
    {TICKET_PLAN_AGREED, TICKET_ORDER_PARTS, TICKET_PARTS_ORDERED, STAFF, TICKET_NEEDS_TEXT, "the parts ordered"},
    {TICKET_PLAN_AGREED, TICKET_REPAIR, TICKET_REPAIRING, WORK, TICKET_NEEDS_NOTHING, "how the repair begins"},
    RETHINK(TICKET_PLAN_AGREED),
    REASSIGN(TICKET_PLAN_AGREED),
    COMMENT(TICKET_PLAN_AGREED),
    {TICKET_PARTS_ORDERED, TICKET_REPAIR, TICKET_REPAIRING, WORK, TICKET_NEEDS_NOTHING, "how the repair begins"},
    RETHINK(TICKET_PARTS_ORDERED),
    REASSIGN(TICKET_PARTS_ORDERED),
    COMMENT(TICKET_PARTS_ORDERED),
    {TICKET_REPAIRING, TICKET_RESOLVE, TICKET_RESOLVED, WORK, TICKET_NEEDS_TEXT, "what was done"},
    RETHINK(TICKET_REPAIRING),
    REASSIGN(TICKET_REPAIRING),
    COMMENT(TICKET_REPAIRING),
    {TICKET_RESOLVED, TICKET_CONFIRM, TICKET_CONFIRMED, CUSTOMER, TICKET_NEEDS_NOTHING, "who confirmed, and how"},
    {TICKET_RESOLVED, TICKET_CLOSE, TICKET_CLOSED, DESK, TICKET_NEEDS_TEXT,
     "why it is closed without the customer's word"},
    REOPEN(TICKET_RESOLVED),
    COMMENT(TICKET_RESOLVED),
    {TICKET_CONFIRMED, TICKET_CLOSE, TICKET_CLOSED, DESK, TICKET_NEEDS_NOTHING, "a closing word"},
    REOPEN(TICKET_CONFIRMED),
    COMMENT(TICKET_CONFIRMED),
    {TICKET_CLOSED, TICKET_FOLLOW_UP, TICKET_FOLLOWED_UP, DESK, TICKET_NEEDS_TEXT, "what the customer said"},
    REOPEN(TICKET_CLOSED),
    COMMENT(TICKET_CLOSED),
    COMMENT(TICKET_FOLLOWED_UP),
};
enum { ARROW_COUNT = sizeof arrows / sizeof arrows[0] };

const struct ticket_arrow *ticket_arrow_find(enum ticket_state from, enum ticket_verb verb) {
    for (size_t i = 0; i < ARROW_COUNT; i++)
        if (arrows[i].from == from && arrows[i].verb == verb)
            return &arrows[i];
    return NULL;
}

size_t ticket_arrows(const struct ticket *ticket, enum role role, const struct ticket_arrow **out, size_t room) {
    size_t count = 0;
    for (size_t i = 0; i < ARROW_COUNT && count < room; i++)
        if (arrows[i].from == ticket->state && (arrows[i].roles & ROLE_BIT(role)) != 0)
            out[count++] = &arrows[i];
    return count;
}

enum ticket_state ticket_arrow_target(const struct ticket *ticket, const struct ticket_arrow *arrow) {
    if (arrow->verb == TICKET_REOPEN && ticket->assignee[0] == '\0')
        return TICKET_NEW;
    return arrow->to;
}

static const char *const state_names[TICKET_STATE_COUNT] = {
    [TICKET_NEW] = "new",
    [TICKET_ASSIGNED] = "assigned",
    [TICKET_DIAGNOSING] = "diagnosing",
    [TICKET_PLAN_AGREED] = "plan_agreed",
    [TICKET_PARTS_ORDERED] = "parts_ordered",
    [TICKET_REPAIRING] = "repairing",
    [TICKET_RESOLVED] = "resolved",
    [TICKET_CONFIRMED] = "confirmed",
    [TICKET_CLOSED] = "closed",
    [TICKET_FOLLOWED_UP] = "followed_up",
};
static const char *const source_names[TICKET_SOURCE_COUNT] = {
    [TICKET_FROM_ALARM] = "alarm",
    [TICKET_FROM_OWNER] = "owner",
    [TICKET_FROM_PHONE] = "phone",
    [TICKET_FROM_API] = "api",
};
static const char *const verb_names[TICKET_VERB_COUNT] = {
    [TICKET_ASSIGN] = "assign",           [TICKET_DIAGNOSE] = "diagnose", [TICKET_AGREE_PLAN] = "agree_plan",
    [TICKET_ORDER_PARTS] = "order_parts", [TICKET_REPAIR] = "repair",     [TICKET_RESOLVE] = "resolve",
    [TICKET_CONFIRM] = "confirm",         [TICKET_CLOSE] = "close",       [TICKET_FOLLOW_UP] = "follow_up",
    [TICKET_REOPEN] = "reopen",           [TICKET_COMMENT] = "comment",
};
static const char *const event_names[TICKET_EVENT_KIND_COUNT] = {
    [TICKET_EVENT_NONE] = "none",         [TICKET_EVENT_OPENED] = "opened",   [TICKET_EVENT_STATE] = "state",
    [TICKET_EVENT_ASSIGNED] = "assigned", [TICKET_EVENT_COMMENT] = "comment", [TICKET_EVENT_ALARM] = "alarm",
    [TICKET_EVENT_SESSION] = "session",   [TICKET_EVENT_REPORT] = "report",   [TICKET_EVENT_EVIDENCE] = "evidence",
};

static bool find_name(const char *const *names, int count, const char *text, int *out) {
    for (int i = 0; i < count; i++) {
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

const char *ticket_state_name(enum ticket_state state) {
    return state_names[state];
}

bool ticket_state_parse(const char *text, enum ticket_state *out) {
    int i = 0;
    if (!find_name(state_names, TICKET_STATE_COUNT, text, &i))
        return false;
    *out = (enum ticket_state)i;
    return true;
}

bool ticket_state_is_open(enum ticket_state state) {
    return state < TICKET_RESOLVED;
}

const char *ticket_source_name(enum ticket_source source) {
    return source_names[source];
}

bool ticket_source_parse(const char *text, enum ticket_source *out) {
    int i = 0;
    if (!find_name(source_names, TICKET_SOURCE_COUNT, text, &i))
        return false;
    *out = (enum ticket_source)i;
    return true;
}

const char *ticket_verb_name(enum ticket_verb verb) {
    return verb_names[verb];
}

bool ticket_verb_parse(const char *text, enum ticket_verb *out) {
    int i = 0;
    if (!find_name(verb_names, TICKET_VERB_COUNT, text, &i))
        return false;
    *out = (enum ticket_verb)i;
    return true;
}

const char *ticket_event_kind_name(enum ticket_event_kind kind) {
    return event_names[kind];
}

const char *ticket_need_name(enum ticket_need need) {
    static const char *const names[] = {
        [TICKET_NEEDS_NOTHING] = "", [TICKET_NEEDS_TEXT] = "text", [TICKET_NEEDS_ASSIGNEE] = "assignee"};
    return names[need];
}
