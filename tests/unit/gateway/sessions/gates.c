/* Promise 33, exhaustively: no order of events, of two people, an owner, a product, an edge and a desk that hear of
 * each other late, leads to a live session that skipped a gate. A depth-first search over everything that can happen
 * next, from every state that can be reached, with the real functions (grant_decide, grant_approve, grant_lost,
 * session_apply, session_overdue) as the only ones that decide; what is modelled is who calls them when, and the
 * messages under way.
 *
 * Ghosts record what truly happened, beside the row, and the properties are asked of them. So that the search can be
 * seen to fail, it is run again with one function at a time replaced by a careless one: each must be caught. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sessions/grant.h"
#include "sessions/session_event.h"

#define OBSERVE CAPABILITY_BIT(CAPABILITY_OBSERVE)
#define SHELL   CAPABILITY_BIT(CAPABILITY_SHELL)

enum { NOW_MS = 1000, WAIT_MS = 100, LATE_MS = 1000 * 1000 };
enum edge { EDGE_NONE, EDGE_EXPECTS, EDGE_LIVE };

struct world {
    bool has_row;
    struct session row;
    bool is_late; /* time has passed what the row waits for */
    /* facts, of the engineer; the approver's are always good */
    bool is_disabled, is_role_changed, is_disqualified, is_killed, is_ticket_closed;
    /* elsewhere */
    enum edge edge;
    bool is_agent_asking, has_agent_yes;
    bool kill_under_way, live_under_way, ended_under_way; /* messages that have not arrived */
    /* ghosts */
    bool g_was_granted, g_was_emergency, g_other_approved, g_owner_agreed, g_was_over;
};

/* The functions that decide. A careless one in place of one of them must be found out. */
struct rules {
    enum result (*decide)(const struct grant_request *, struct grant *, struct fault *);
    enum result (*approve)(const struct session *, const char *, const char *, const struct grant_facts *,
                           struct fault *);
    enum result (*apply)(struct session *, const struct session_event *, struct fault *);
    const char *(*lost)(const struct session *, const struct grant_facts *);
};

static struct grant_facts facts_of(const struct world *w) {
    return (struct grant_facts){.role = w->is_role_changed ? ROLE_SUPPORT : ROLE_ENGINEER,
                                .is_user_enabled = !w->is_disabled,
                                .may_break_glass = true,
                                .qualified = w->is_disqualified ? 0 : OBSERVE | SHELL,
                                .is_contract_free = true,
                                .is_ticket_open = !w->is_ticket_closed,
                                .is_device_trusted = true,
                                .is_unkilled = !w->is_killed,
                                .pack = OBSERVE | SHELL,
                                .birth = OBSERVE | SHELL};
}

static int64_t now_of(const struct world *w) {
    return w->is_late ? LATE_MS : NOW_MS;
}

/* ---- what the desk does (session_request.c, session_approval.c, session_guard.c, session_desk.c), in small ---- */

static bool decide(const struct rules *rules, const struct world *w, bool is_emergency, uint32_t asked,
                   struct grant *grant) {
    const struct grant_request request = {.facts = facts_of(w),
                                          .policy = {.four_eyes = SHELL, .longest_minutes = 60},
                                          .is_device_online = true,
                                          .asked = asked,
                                          .minutes = 10,
                                          .reason = "it makes a terrible noise",
                                          .is_emergency = is_emergency,
                                          .allowed_on_device = 2};
    return rules->decide(&request, grant, NULL) == RESULT_OK;
}

static void ask_product(struct world *w) {
    w->row.due_ms = now_of(w) + WAIT_MS;
    w->is_agent_asking = true;
    w->edge = EDGE_EXPECTS;
}

static void request(const struct rules *rules, struct world *w, bool is_emergency, uint32_t asked) {
    struct grant grant;
    if (w->has_row || !decide(rules, w, is_emergency, asked, &grant))
        return;
    w->has_row = true;
    w->row = (struct session){.id = "s",
                              .engineer = "eva",
                              .role = facts_of(w).role,
                              .capabilities = grant.capabilities,
                              .is_emergency = is_emergency,
                              .needs_approval = grant.needs_approval,
                              .state = grant.needs_approval ? SESSION_AWAITING_APPROVAL : SESSION_ASKING,
                              .due_ms = now_of(w) + WAIT_MS};
    w->g_was_granted = true;
    w->g_was_emergency = is_emergency;
    if (!grant.needs_approval)
        ask_product(w);
}

static void end(const struct rules *rules, struct world *w, enum session_event_kind kind, const char *why) {
    struct session_event event = {.kind = kind, .at_ms = now_of(w)};
    snprintf(event.why, sizeof event.why, "%s", why);
    if (w->row.state == SESSION_LIVE) {
        snprintf(w->row.why, sizeof w->row.why, "%s", why);
        w->kill_under_way = true;
        return;
    }
    if (rules->apply(&w->row, &event, NULL) == RESULT_OK) {
        w->is_agent_asking = false;
        w->kill_under_way = true;
    }
}

static void approve(const struct rules *rules, struct world *w, const char *who, const char *made_by) {
    static const struct grant_facts good = {.role = ROLE_ENGINEER,
                                            .is_user_enabled = true,
                                            .is_qualification_free = true,
                                            .is_contract_free = true,
                                            .is_ticket_open = true,
                                            .is_device_trusted = true,
                                            .is_unkilled = true,
                                            .pack = OBSERVE | SHELL};
    const struct session_event event = {.kind = SESSION_EVENT_APPROVED, .at_ms = now_of(w), .by = who};
    struct grant grant;
    if (!w->has_row || w->row.state != SESSION_AWAITING_APPROVAL ||
        rules->approve(&w->row, who, made_by, &good, NULL) != RESULT_OK ||
        !decide(rules, w, false, w->row.capabilities, &grant) || rules->apply(&w->row, &event, NULL) != RESULT_OK)
        return;
    w->g_other_approved |= strcmp(who, "eva") != 0 && strcmp(made_by, "eva") != 0;
    ask_product(w);
}

static void hear(const struct rules *rules, struct world *w, enum session_event_kind kind, bool has_consent) {
    const struct session_event event = {.kind = kind,
                                        .at_ms = now_of(w),
                                        .capabilities = OBSERVE | SHELL,
                                        .has_consent = has_consent,
                                        .why = "refused"};
    if (w->has_row && rules->apply(&w->row, &event, NULL) == RESULT_OK && !session_state_is_open(w->row.state)) {
        w->kill_under_way |= kind != SESSION_EVENT_ENDED;
        w->is_agent_asking = false;
    }
}

static void guard(const struct rules *rules, struct world *w) {
    const struct grant_facts facts = facts_of(w);
    if (!w->has_row || !session_state_is_open(w->row.state))
        return;
    const char *why = session_overdue(&w->row, now_of(w));
    if (why) {
        end(rules, w, SESSION_EVENT_DENIED, why);
        return;
    }
    why = rules->lost(&w->row, &facts);
    if (why && !(w->row.state == SESSION_LIVE && w->row.why[0]))
        end(rules, w, SESSION_EVENT_FAILED, why);
}

/* ---- everything that can happen ---- */

static void asks(const struct rules *r, struct world *w) {
    request(r, w, false, OBSERVE | SHELL);
}
static void asks_little(const struct rules *r, struct world *w) {
    request(r, w, false, OBSERVE);
}
static void breaks_glass(const struct rules *r, struct world *w) {
    request(r, w, true, OBSERVE | SHELL);
}
static void approves_herself(const struct rules *r, struct world *w) {
    approve(r, w, "eva", "operator");
}
static void approves_with_her_second_account(const struct rules *r, struct world *w) {
    approve(r, w, "eva-2", "eva");
}
static void other_approves(const struct rules *r, struct world *w) {
    approve(r, w, "tom", "operator");
}
static void other_refuses(const struct rules *r, struct world *w) {
    if (w->has_row && w->row.state == SESSION_AWAITING_APPROVAL)
        end(r, w, SESSION_EVENT_DENIED, "not_approved");
}
static void engineer_ends(const struct rules *r, struct world *w) {
    if (w->has_row && session_state_is_open(w->row.state))
        end(r, w, SESSION_EVENT_FAILED, "withdrawn");
}
static void owner_agrees(const struct rules *r, struct world *w) {
    (void)r;
    if (w->is_agent_asking)
        w->has_agent_yes = w->g_owner_agreed = true;
}
static void owner_refuses(const struct rules *r, struct world *w) {
    if (w->is_agent_asking && !w->has_agent_yes)
        hear(r, w, SESSION_EVENT_DENIED, false);
}
static void code_is_asked(const struct rules *r, struct world *w) {
    if (w->is_agent_asking)
        hear(r, w, SESSION_EVENT_CODE_REQUIRED, false);
}
static void code_is_wrong(const struct rules *r, struct world *w) {
    if (w->is_agent_asking)
        hear(r, w, SESSION_EVENT_WRONG_CODE, false);
}
static void desk_hears_yes(const struct rules *r, struct world *w) {
    if (w->has_agent_yes)
        hear(r, w, SESSION_EVENT_CONSENTED, true);
}
/* The edge lets it in with the token alone: only an agent that has the owner's yes presents it. */
static void product_dials_in(const struct rules *r, struct world *w) {
    (void)r;
    if (w->has_agent_yes && w->edge == EDGE_EXPECTS) {
        w->edge = EDGE_LIVE;
        w->live_under_way = true;
    }
}
static void desk_hears_live(const struct rules *r, struct world *w) {
    if (w->live_under_way)
        hear(r, w, SESSION_EVENT_LIVE, true);
    w->live_under_way = false;
}
/* An edge gone wrong: it says live, and nobody consented. */
static void desk_is_told_a_lie(const struct rules *r, struct world *w) {
    if (!w->g_owner_agreed)
        hear(r, w, SESSION_EVENT_LIVE, false);
}
static void kill_arrives(const struct rules *r, struct world *w) {
    (void)r;
    if (w->kill_under_way && w->edge != EDGE_NONE) {
        w->edge = EDGE_NONE;
        w->live_under_way = false; /* in order: its end is told after it, so the beginning is old news */
        w->ended_under_way = true;
    }
    w->kill_under_way = false;
}
static void desk_hears_end(const struct rules *r, struct world *w) {
    if (w->ended_under_way)
        hear(r, w, SESSION_EVENT_ENDED, false);
    w->ended_under_way = false;
}
static void time_passes(const struct rules *r, struct world *w) {
    (void)r;
    w->is_late = true;
}
static void account_is_disabled(const struct rules *r, struct world *w) {
    (void)r;
    w->is_disabled = true;
}
static void role_is_changed(const struct rules *r, struct world *w) {
    (void)r;
    w->is_role_changed = true;
}
static void qualification_is_revoked(const struct rules *r, struct world *w) {
    (void)r;
    w->is_disqualified = true;
}
static void kill_switch(const struct rules *r, struct world *w) {
    (void)r;
    w->is_killed = true;
}
static void kill_switch_is_lifted(const struct rules *r, struct world *w) {
    (void)r;
    w->is_killed = false;
}
static void ticket_is_closed(const struct rules *r, struct world *w) {
    (void)r;
    w->is_ticket_closed = true;
}

static const struct {
    const char *name;
    void (*happens)(const struct rules *rules, struct world *w);
} events[] = {
#define EVENT(name)                                                                                                    \
    { #name, name }
    EVENT(asks),
    EVENT(asks_little),
    EVENT(breaks_glass),
    EVENT(approves_herself),
    EVENT(approves_with_her_second_account),
    EVENT(other_approves),
    EVENT(other_refuses),
    EVENT(engineer_ends),
    EVENT(owner_agrees),
    EVENT(owner_refuses),
    EVENT(code_is_asked),
    EVENT(code_is_wrong),
    EVENT(desk_hears_yes),
    EVENT(product_dials_in),
    EVENT(desk_hears_live),
    EVENT(desk_is_told_a_lie),
    EVENT(kill_arrives),
    EVENT(desk_hears_end),
    EVENT(time_passes),
    EVENT(account_is_disabled),
    EVENT(role_is_changed),
    EVENT(qualification_is_revoked),
    EVENT(kill_switch),
    EVENT(kill_switch_is_lifted),
    EVENT(ticket_is_closed),
    EVENT(guard),
};
enum { EVENT_COUNT = sizeof events / sizeof *events };

/* ---- what must never be ---- */

static const char *broken(const struct rules *rules, const struct world *w) {
    const bool is_live = w->edge == EDGE_LIVE || (w->has_row && w->row.state == SESSION_LIVE);
    if (is_live && !w->g_was_granted)
        return "live without a grant";
    if (w->g_was_over && session_state_is_open(w->row.state))
        return "what was over has come back";
    if (is_live && !w->g_owner_agreed)
        return "live without the owner's consent";
    if (is_live && (w->row.capabilities & SHELL) != 0 && !w->g_was_emergency && !w->g_other_approved)
        return "live without the second person";
    if (w->edge == EDGE_LIVE && !w->kill_under_way && w->has_row && !session_state_is_open(w->row.state) &&
        !w->ended_under_way)
        return "live at the edge, over at the desk, and nobody ends it";
    /* the guard comes twice a second: after it, whatever was lost is over or being ended */
    struct world after = *w;
    guard(rules, &after);
    const bool has_lost =
        after.has_row && (after.is_disabled || after.is_role_changed || after.is_killed || after.is_ticket_closed ||
                          (after.is_disqualified && !after.g_was_emergency));
    const bool goes_on = after.has_row && (after.edge != EDGE_NONE || session_state_is_open(after.row.state)) &&
                         !after.kill_under_way && !after.ended_under_way &&
                         !(after.row.state == SESSION_LIVE && after.row.why[0]);
    if (has_lost && goes_on && after.row.state != SESSION_ENDED)
        return "it lost its ground and goes on";
    return NULL;
}

/* ---- the search ---- */

struct search {
    const struct rules *rules;
    uint64_t *seen; /* open addressing; 0: free */
    size_t room, count, steps;
    const char *broken;
    char path[40][40];
    int depth;
};

/* What makes two worlds the same for everything that can still happen. */
static uint64_t key_of(const struct world *w) {
    const bool bits[] = {w->has_row,
                         w->is_late,
                         w->is_disabled,
                         w->is_role_changed,
                         w->is_disqualified,
                         w->is_killed,
                         w->is_ticket_closed,
                         w->is_agent_asking,
                         w->has_agent_yes,
                         w->kill_under_way,
                         w->live_under_way,
                         w->ended_under_way,
                         w->g_was_granted,
                         w->g_was_emergency,
                         w->g_other_approved,
                         w->g_owner_agreed,
                         w->g_was_over,
                         w->row.needs_approval,
                         w->row.is_emergency,
                         w->row.has_consent,
                         w->row.approver[0] != '\0',
                         w->row.why[0] != '\0',
                         w->row.due_ms != 0,
                         w->row.due_ms > LATE_MS,
                         (w->row.capabilities & SHELL) != 0,
                         w->row.capabilities != 0,
                         w->row.role == ROLE_ENGINEER};
    uint64_t key = 1;
    for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
        key = key << 1 | bits[i];
    return (key << 3 | w->row.state) << 2 | w->edge;
}

static bool is_new(struct search *s, uint64_t key) {
    size_t at = (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 40) % s->room;
    for (; s->seen[at] != 0; at = (at + 1) % s->room)
        if (s->seen[at] == key)
            return false;
    cr_assert_lt(s->count, s->room / 2, "the world is larger than was thought");
    s->seen[at] = key;
    s->count++;
    return true;
}

static void go_on(struct search *s, const struct world *w) {
    s->broken = broken(s->rules, w);
    for (size_t i = 0; i < EVENT_COUNT && !s->broken; i++) {
        struct world next = *w;
        events[i].happens(s->rules, &next);
        next.g_was_over |= next.has_row && !session_state_is_open(next.row.state);
        s->steps++;
        if (!is_new(s, key_of(&next)))
            continue;
        if (s->depth < 40)
            snprintf(s->path[s->depth], sizeof s->path[0], "%s", events[i].name);
        s->depth++;
        go_on(s, &next);
        s->depth -= s->broken == NULL; /* the path stays when it was found */
    }
}

static struct search search(const struct rules *rules) {
    struct search s = {.rules = rules, .room = 1u << 22};
    const struct world nothing = {0};
    s.seen = calloc(s.room, sizeof *s.seen);
    cr_assert_not_null(s.seen);
    cr_assert(is_new(&s, key_of(&nothing)));
    go_on(&s, &nothing);
    free(s.seen);
    s.seen = NULL;
    return s;
}

static const struct rules real = {grant_decide, grant_approve, session_apply, grant_lost};

static void print_path(const struct search *s) {
    for (int i = 0; i < s->depth && i < 40; i++)
        fprintf(stderr, "  %s\n", s->path[i]);
}

Test(gates, promise_33_no_order_of_events_skips_a_gate, .timeout = 300) {
    const struct search s = search(&real);
    if (s.broken)
        print_path(&s);
    cr_expect_null(s.broken, "%s", s.broken);
    cr_expect_gt(s.count, 5000, "the search went somewhere");
    printf("gates: %zu states, %zu steps\n", s.count, s.steps);
}

/* ---- careless ones ---- */

static enum result approves_everybody(const struct session *s, const char *who, const char *made_by,
                                      const struct grant_facts *facts, struct fault *fault) {
    (void)s, (void)who, (void)made_by, (void)facts, (void)fault;
    return RESULT_OK;
}
static enum result asks_for_no_second_person(const struct grant_request *r, struct grant *out, struct fault *fault) {
    const enum result result = grant_decide(r, out, fault);
    if (result == RESULT_OK)
        out->needs_approval = false;
    return result;
}
static enum result believes_the_edge(struct session *s, const struct session_event *event, struct fault *fault) {
    struct session_event believed = *event;
    believed.has_consent |= event->kind == SESSION_EVENT_LIVE;
    return session_apply(s, &believed, fault);
}
static enum result revives(struct session *s, const struct session_event *event, struct fault *fault) {
    if (event->kind == SESSION_EVENT_LIVE && s->state == SESSION_DENIED)
        s->state = SESSION_ASKING;
    return session_apply(s, event, fault);
}
static const char *forgets_the_kill_switch(const struct session *s, const struct grant_facts *facts) {
    struct grant_facts f = *facts;
    f.is_unkilled = true;
    return grant_lost(s, &f);
}
static const char *forgets_the_qualification(const struct session *s, const struct grant_facts *facts) {
    struct grant_facts f = *facts;
    f.is_qualification_free = true;
    return grant_lost(s, &f);
}
static const char *forgets_the_account(const struct session *s, const struct grant_facts *facts) {
    struct grant_facts f = *facts;
    f.is_user_enabled = true;
    return grant_lost(s, &f);
}

Test(gates, promise_33_the_search_finds_what_is_careless, .timeout = 300) {
    static const struct {
        const char *what;
        struct rules rules;
    } rows[] = {
        {"everybody may approve", {grant_decide, approves_everybody, session_apply, grant_lost}},
        {"nobody has to approve", {asks_for_no_second_person, grant_approve, session_apply, grant_lost}},
        {"live is believed without consent", {grant_decide, grant_approve, believes_the_edge, grant_lost}},
        {"a refused session comes back", {grant_decide, grant_approve, revives, grant_lost}},
        {"the kill switch is forgotten", {grant_decide, grant_approve, session_apply, forgets_the_kill_switch}},
        {"a revoked qualification is forgotten",
         {grant_decide, grant_approve, session_apply, forgets_the_qualification}},
        {"a disabled account is forgotten", {grant_decide, grant_approve, session_apply, forgets_the_account}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct search s = search(&rows[i].rules);
        cr_expect_not_null(s.broken, "%s: not found in %zu states", rows[i].what, s.count);
    }
}
