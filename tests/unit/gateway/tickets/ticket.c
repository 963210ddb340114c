/* The state table, crossed in full, and every refusal in words. */
#include "tickets/ticket.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* Who may do what, written down a second time and in another shape: a letter for each role (o owner, s support, e
 * engineer, v supervisor, a administrator), then what is needed (t text, w who). */
static const struct {
    enum ticket_state from;
    enum ticket_verb verb;
    enum ticket_state to;
    const char *roles;
    char need;
} expected[] = {
    {TICKET_NEW, TICKET_ASSIGN, TICKET_ASSIGNED, "seva", 'w'},
    {TICKET_ASSIGNED, TICKET_ASSIGN, TICKET_ASSIGNED, "seva", 'w'},
    {TICKET_DIAGNOSING, TICKET_ASSIGN, TICKET_DIAGNOSING, "seva", 'w'},
    {TICKET_PLAN_AGREED, TICKET_ASSIGN, TICKET_PLAN_AGREED, "seva", 'w'},
    {TICKET_PARTS_ORDERED, TICKET_ASSIGN, TICKET_PARTS_ORDERED, "seva", 'w'},
    {TICKET_REPAIRING, TICKET_ASSIGN, TICKET_REPAIRING, "seva", 'w'},
    {TICKET_ASSIGNED, TICKET_DIAGNOSE, TICKET_DIAGNOSING, "eva", ' '},
    {TICKET_PLAN_AGREED, TICKET_DIAGNOSE, TICKET_DIAGNOSING, "eva", 't'},
    {TICKET_PARTS_ORDERED, TICKET_DIAGNOSE, TICKET_DIAGNOSING, "eva", 't'},
    {TICKET_REPAIRING, TICKET_DIAGNOSE, TICKET_DIAGNOSING, "eva", 't'},
    {TICKET_DIAGNOSING, TICKET_AGREE_PLAN, TICKET_PLAN_AGREED, "eva", 't'},
    {TICKET_DIAGNOSING, TICKET_RESOLVE, TICKET_RESOLVED, "eva", 't'},
    {TICKET_PLAN_AGREED, TICKET_ORDER_PARTS, TICKET_PARTS_ORDERED, "seva", 't'},
    {TICKET_PLAN_AGREED, TICKET_REPAIR, TICKET_REPAIRING, "eva", ' '},
    {TICKET_PARTS_ORDERED, TICKET_REPAIR, TICKET_REPAIRING, "eva", ' '},
    {TICKET_REPAIRING, TICKET_RESOLVE, TICKET_RESOLVED, "eva", 't'},
    {TICKET_RESOLVED, TICKET_CONFIRM, TICKET_CONFIRMED, "osva", ' '},
    {TICKET_RESOLVED, TICKET_CLOSE, TICKET_CLOSED, "sva", 't'},
    {TICKET_RESOLVED, TICKET_REOPEN, TICKET_ASSIGNED, "oseva", 't'},
    {TICKET_CONFIRMED, TICKET_CLOSE, TICKET_CLOSED, "sva", ' '},
    {TICKET_CONFIRMED, TICKET_REOPEN, TICKET_ASSIGNED, "oseva", 't'},
    {TICKET_CLOSED, TICKET_FOLLOW_UP, TICKET_FOLLOWED_UP, "sva", 't'},
    {TICKET_CLOSED, TICKET_REOPEN, TICKET_ASSIGNED, "oseva", 't'},
};
static const char role_letters[ROLE_COUNT] = {'-', 'o', 's', 'e', 'v', 'a', '-'};

static struct ticket a_ticket(enum ticket_state state) {
    struct ticket t = {
        .id = 7, .version = 3, .device_id = 1, .state = state, .severity = SEVERITY_IS_MAJOR, .updated_ms = 10};
    snprintf(t.device, sizeof t.device, "freezer-7");
    snprintf(t.assignee, sizeof t.assignee, state == TICKET_NEW ? "" : "eva");
    return t;
}

static struct ticket_action an_action(enum ticket_verb verb, enum role role) {
    return (struct ticket_action){.verb = verb,
                                  .by = "ann",
                                  .role = role,
                                  .text = "words",
                                  .assignee = verb == TICKET_ASSIGN ? "bob" : NULL,
                                  .if_match = -1,
                                  .now_ms = 99};
}

Test(ticket, every_state_action_and_role) {
    struct ticket_event event;
    int arrows = 0;
    for (int s = 0; s < TICKET_STATE_COUNT; s++) {
        for (int v = 0; v < TICKET_VERB_COUNT; v++) {
            const char *roles = v == TICKET_COMMENT ? "oseva" : NULL;
            enum ticket_state to = (enum ticket_state)s;
            for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
                if ((int)expected[i].from == s && (int)expected[i].verb == v) {
                    roles = expected[i].roles;
                    to = expected[i].to;
                    arrows++;
                }
            }
            for (int r = 0; r < ROLE_COUNT; r++) {
                const struct ticket before = a_ticket((enum ticket_state)s);
                const struct ticket_action action = an_action((enum ticket_verb)v, (enum role)r);
                struct ticket after = before;
                struct fault fault = {""};
                const enum result want = roles == NULL                    ? RESULT_CONFLICT
                                         : strchr(roles, role_letters[r]) ? RESULT_OK
                                                                          : RESULT_DENIED;
                const enum result got = ticket_apply(&before, &action, &after, &event, &fault);
                cr_assert_eq(got, want, "%s %s by %s: %s", ticket_state_name(before.state),
                             ticket_verb_name(action.verb), role_name(action.role), fault.text);
                if (got == RESULT_OK) {
                    cr_assert_eq(after.state, to, "%s %s", ticket_state_name(before.state),
                                 ticket_verb_name(action.verb));
                    cr_assert(after.version == 4 && after.updated_ms == 99 && after.is_touched);
                    cr_assert(event.ticket == 7 && event.at_ms == 99 && strcmp(event.by, "ann") == 0 &&
                              strcmp(event.text, "words") == 0);
                } else {
                    cr_assert_eq(memcmp(&after, &before, sizeof after), 0, "a refusal changes nothing");
                    cr_assert(strstr(fault.text, "possible"), "%s", fault.text);
                }
            }
        }
    }
    cr_expect_eq(arrows, (int)(sizeof expected / sizeof *expected), "each expected row was met");
}

Test(ticket, what_an_arrow_needs) {
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const struct ticket before = a_ticket(expected[i].from);
        struct ticket_action action = an_action(expected[i].verb, ROLE_SUPERVISOR);
        struct ticket after;
        struct ticket_event event;
        struct fault fault = {""};
        action.text = " \n\t";
        action.assignee = NULL;
        const enum result got = ticket_apply(&before, &action, &after, &event, &fault);
        cr_expect_eq(got, expected[i].need == ' ' ? RESULT_OK : RESULT_BAD_INPUT, "%zu: %s", i, fault.text);
        cr_expect(expected[i].need != 't' || strstr(fault.text, "needs a text: "), "%s", fault.text);
        cr_expect(expected[i].need != 'w' || strstr(fault.text, "needs an assignee: "), "%s", fault.text);
        const struct ticket_arrow *arrow = ticket_arrow_find(expected[i].from, expected[i].verb);
        cr_assert_not_null(arrow);
        cr_expect_str_eq(ticket_need_name(arrow->need), expected[i].need == 't'   ? "text"
                                                        : expected[i].need == 'w' ? "assignee"
                                                                                  : "");
    }
}

Test(ticket, actions_are_refused_with_a_reason) {
    static char long_text[TICKET_TEXT_BYTES + 2], long_name[TICKET_WHO_BYTES + 2];
    memset(long_text, 'x', sizeof long_text - 1);
    memset(long_name, 'x', sizeof long_name - 1);
    static const struct {
        const char *what;
        enum ticket_state state;
        struct ticket_action action;
        enum result result;
        const char *says;
    } rows[] = {
        {"somebody was faster",
         TICKET_ASSIGNED,
         {TICKET_DIAGNOSE, "ann", ROLE_ENGINEER, "", "", 2, 5},
         RESULT_CONFLICT,
         "at version 3, you acted on 2"},
        {"closed tickets take no repair",
         TICKET_CLOSED,
         {TICKET_REPAIR, "ann", ROLE_ENGINEER, "", "", -1, 5},
         RESULT_CONFLICT,
         "repair is not possible while the ticket is closed; possible now: reopen, comment"},
        {"nothing is left for this role",
         TICKET_NEW,
         {TICKET_REPAIR, "ann", ROLE_AUDITOR, "", "", -1, 5},
         RESULT_CONFLICT,
         "possible now: nothing"},
        {"an owner may not assign",
         TICKET_NEW,
         {TICKET_ASSIGN, "ann", ROLE_OWNER, "", "bob", -1, 5},
         RESULT_DENIED,
         "assign is not for the role owner; possible for you now: comment"},
        {"no text",
         TICKET_REPAIRING,
         {TICKET_RESOLVE, "ann", ROLE_ENGINEER, NULL, NULL, -1, 5},
         RESULT_BAD_INPUT,
         "resolve needs a text: what was done"},
        {"no comment",
         TICKET_NEW,
         {TICKET_COMMENT, "ann", ROLE_OWNER, "  ", NULL, -1, 5},
         RESULT_BAD_INPUT,
         "comment needs a text"},
        {"an assignee where none is taken",
         TICKET_NEW,
         {TICKET_COMMENT, "ann", ROLE_OWNER, "hm", "bob", -1, 5},
         RESULT_BAD_INPUT,
         "takes no assignee"},
        {"a text that is too long",
         TICKET_NEW,
         {TICKET_COMMENT, "ann", ROLE_OWNER, long_text, NULL, -1, 5},
         RESULT_TOO_BIG,
         "has 4001 bytes"},
        {"a text that is no text",
         TICKET_NEW,
         {TICKET_COMMENT, "ann", ROLE_OWNER, "\xff", NULL, -1, 5},
         RESULT_BAD_INPUT,
         "UTF-8"},
        {"a name that is too long",
         TICKET_NEW,
         {TICKET_ASSIGN, "ann", ROLE_SUPPORT, "", long_name, -1, 5},
         RESULT_TOO_BIG,
         "the assignee has 64 bytes"},
        {"the version acted on is right",
         TICKET_ASSIGNED,
         {TICKET_DIAGNOSE, "ann", ROLE_ENGINEER, "", "", 3, 5},
         RESULT_OK,
         ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct ticket before = a_ticket(rows[i].state);
        struct ticket after;
        struct ticket_event event;
        struct fault fault = {""};
        cr_expect_eq(ticket_apply(&before, &rows[i].action, &after, &event, &fault), rows[i].result, "%s",
                     rows[i].what);
        cr_expect(strstr(fault.text, rows[i].says), "%s: %s", rows[i].what, fault.text);
    }
}

Test(ticket, events_say_from_where_to_where) {
    static const struct {
        enum ticket_state from;
        enum ticket_verb verb;
        enum ticket_event_kind kind;
        const char *was, *becomes;
    } rows[] = {
        {TICKET_NEW, TICKET_ASSIGN, TICKET_EVENT_ASSIGNED, "", "bob"},
        {TICKET_REPAIRING, TICKET_ASSIGN, TICKET_EVENT_ASSIGNED, "eva", "bob"},
        {TICKET_REPAIRING, TICKET_RESOLVE, TICKET_EVENT_STATE, "repairing", "resolved"},
        {TICKET_CLOSED, TICKET_REOPEN, TICKET_EVENT_STATE, "closed", "assigned"},
        {TICKET_CLOSED, TICKET_COMMENT, TICKET_EVENT_COMMENT, "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct ticket before = a_ticket(rows[i].from);
        const struct ticket_action action = an_action(rows[i].verb, ROLE_SUPERVISOR);
        struct ticket after;
        struct ticket_event event;
        struct fault fault;
        cr_assert_eq(ticket_apply(&before, &action, &after, &event, &fault), RESULT_OK);
        cr_expect_eq(event.kind, rows[i].kind);
        cr_expect_str_eq(event.from, rows[i].was);
        cr_expect_str_eq(event.to, rows[i].becomes);
        cr_expect_str_eq(event.data, "");
    }
}

Test(ticket, resolved_and_reopened_are_remembered) {
    struct ticket t = a_ticket(TICKET_REPAIRING), next;
    struct ticket_event event;
    struct fault fault;
    struct ticket_action action = an_action(TICKET_RESOLVE, ROLE_ENGINEER);
    cr_assert_eq(ticket_apply(&t, &action, &next, &event, &fault), RESULT_OK);
    cr_expect_eq(next.resolved_ms, 99);
    action = an_action(TICKET_CONFIRM, ROLE_OWNER);
    action.now_ms = 200;
    t = next;
    cr_assert_eq(ticket_apply(&t, &action, &next, &event, &fault), RESULT_OK);
    cr_expect_eq(next.resolved_ms, 99, "confirmed later, resolved then");
    next.is_self_healed = true;
    next.assignee[0] = '\0';
    t = next;
    action = an_action(TICKET_REOPEN, ROLE_OWNER);
    cr_assert_eq(ticket_apply(&t, &action, &next, &event, &fault), RESULT_OK);
    cr_expect(next.state == TICKET_NEW && next.resolved_ms == 0 && !next.is_self_healed,
              "nobody is assigned: new again");
    cr_expect_str_eq(event.to, "new");
}

Test(ticket, what_is_possible_is_listed_by_role) {
    static const struct {
        enum ticket_state state;
        enum role role;
        const char *list;
    } rows[] = {
        {TICKET_NEW, ROLE_OWNER, "comment "},
        {TICKET_NEW, ROLE_SUPPORT, "assign comment "},
        {TICKET_DIAGNOSING, ROLE_ENGINEER, "agree_plan resolve assign comment "},
        {TICKET_RESOLVED, ROLE_OWNER, "confirm reopen comment "},
        {TICKET_FOLLOWED_UP, ROLE_SUPERVISOR, "comment "},
        {TICKET_NEW, ROLE_AUDITOR, ""},
        {TICKET_NEW, ROLE_NONE, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct ticket_arrow *got[TICKET_VERB_COUNT];
        const struct ticket t = a_ticket(rows[i].state);
        char list[200] = "";
        const size_t count = ticket_arrows(&t, rows[i].role, got, TICKET_VERB_COUNT);
        for (size_t n = 0; n < count; n++) {
            strcat(list, ticket_verb_name(got[n]->verb));
            strcat(list, " ");
        }
        cr_expect_str_eq(list, rows[i].list);
        if (count > 0)
            cr_expect_eq(ticket_arrows(&t, rows[i].role, got, 1), 1, "no more than there is room for");
    }
}

Test(ticket, opened_by_a_person) {
    static char long_text[TICKET_TEXT_BYTES + 2];
    memset(long_text, 'x', sizeof long_text - 1);
    static const struct {
        const char *what, *subject, *text;
        enum result result;
    } rows[] = {
        {"fine", "It gets warm", "since monday", RESULT_OK},  {"without a text", "It gets warm", NULL, RESULT_OK},
        {"no subject", "", "since monday", RESULT_BAD_INPUT}, {"a blank subject", "  \n", "x", RESULT_BAD_INPUT},
        {"no UTF-8", "\xff", "x", RESULT_BAD_INPUT},          {"too long", "warm", long_text, RESULT_TOO_BIG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ticket first = {.device_id = 1, .source = TICKET_FROM_OWNER}, got;
        struct ticket_event event;
        struct fault fault = {""};
        snprintf(first.subject, sizeof first.subject, "%s", rows[i].subject);
        cr_expect_eq(ticket_open(&first, "sue", rows[i].text, 50, &got, &event, &fault), rows[i].result, "%s: %s",
                     rows[i].what, fault.text);
        if (rows[i].result != RESULT_OK)
            continue;
        cr_expect(got.id == 0 && got.version == 1 && got.state == TICKET_NEW && got.severity == SEVERITY_IS_MINOR &&
                  got.opened_ms == 50 && got.updated_ms == 50 && got.is_touched);
        cr_expect(event.kind == TICKET_EVENT_OPENED && strcmp(event.by, "sue") == 0 && strcmp(event.to, "new") == 0);
    }
}

Test(ticket, notes_move_nothing_but_the_version) {
    const struct ticket before = a_ticket(TICKET_DIAGNOSING);
    struct ticket after;
    struct ticket_event event;
    char text[TICKET_TEXT_BYTES + 99];
    for (size_t i = 0; i + 3 < sizeof text; i += 3)
        memcpy(text + i, "水", 3);
    text[sizeof text - 1] = '\0';
    ticket_note(&before, TICKET_EVENT_SESSION, "eva", text, "{\"session\":\"s-1\"}", 77, &after, &event);
    cr_expect(after.version == 4 && after.updated_ms == 77 && after.state == TICKET_DIAGNOSING);
    cr_expect(event.kind == TICKET_EVENT_SESSION && strcmp(event.data, "{\"session\":\"s-1\"}") == 0);
    cr_expect_eq(strlen(event.text), TICKET_TEXT_BYTES / 3 * 3, "cut at a character");
    memset(text, 'x', TICKET_DATA_BYTES + 1);
    text[TICKET_DATA_BYTES + 1] = '\0';
    ticket_note(&before, TICKET_EVENT_REPORT, "eva", "", text, 77, &after, &event);
    cr_expect_str_eq(event.data, "", "half a JSON object is none");
}

Test(ticket, names_read_back) {
    for (int i = 0; i < TICKET_STATE_COUNT; i++) {
        enum ticket_state back;
        cr_expect(ticket_state_parse(ticket_state_name((enum ticket_state)i), &back) && (int)back == i);
        cr_expect_eq(ticket_state_is_open((enum ticket_state)i), i < TICKET_RESOLVED);
    }
    for (int i = 0; i < TICKET_VERB_COUNT; i++) {
        enum ticket_verb back;
        cr_expect(ticket_verb_parse(ticket_verb_name((enum ticket_verb)i), &back) && (int)back == i);
    }
    for (int i = 0; i < TICKET_SOURCE_COUNT; i++) {
        enum ticket_source back;
        cr_expect(ticket_source_parse(ticket_source_name((enum ticket_source)i), &back) && (int)back == i);
    }
    for (int i = ROLE_OWNER; i < ROLE_COUNT; i++) {
        enum role back;
        cr_expect(role_parse(role_name((enum role)i), &back) && (int)back == i);
    }
    enum ticket_state state;
    enum ticket_verb verb;
    enum ticket_source source;
    enum role role;
    cr_expect_not(ticket_state_parse("open", &state));
    cr_expect_not(ticket_verb_parse("Assign", &verb));
    cr_expect_not(ticket_source_parse("", &source));
    cr_expect_not(role_parse("none", &role));
    cr_expect_not(role_parse("root", &role));
}
