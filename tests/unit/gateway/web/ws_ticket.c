/* WebSocket tickets: once, in time, for whom. */
#include "web/ws_ticket.h"

#include <criterion/criterion.h>
#include <string.h>

static struct ws_tickets *t;
static struct ws_holder ann;
static void setup(void) {
    t = ws_tickets_new();
    ann = (struct ws_holder){.by = {.user_id = 7, .name = "ann", .role = ROLE_ENGINEER}};
    memset(ann.login, 0xaa, sizeof ann.login);
}
static void teardown(void) {
    ws_tickets_free(t);
}
TestSuite(ws_ticket, .init = setup, .fini = teardown);

Test(ws_ticket, opens_once) {
    char ticket[AUTH_TOKEN_CHARS + 1];
    struct ws_holder holder = {0};
    cr_assert_eq(ws_ticket_issue(t, &ann, 1000, ticket), RESULT_OK);
    cr_expect_eq(ws_ticket_redeem(t, ticket, 1000 + WS_TICKET_LIFE_MS - 1, &holder), RESULT_OK);
    cr_expect_str_eq(holder.by.name, "ann");
    cr_expect_eq(holder.by.role, ROLE_ENGINEER);
    cr_expect_eq(memcmp(holder.login, ann.login, SHA256_BYTES), 0);
    cr_expect_eq(ws_ticket_redeem(t, ticket, 1001, &holder), RESULT_DENIED, "used");
}

Test(ws_ticket, expires) {
    char ticket[AUTH_TOKEN_CHARS + 1];
    struct ws_holder holder;
    cr_assert_eq(ws_ticket_issue(t, &ann, 1000, ticket), RESULT_OK);
    cr_expect_eq(ws_ticket_redeem(t, ticket, 1000 + WS_TICKET_LIFE_MS, &holder), RESULT_DENIED);
    cr_expect_eq(ws_ticket_redeem(t, ticket, 1000, &holder), RESULT_DENIED, "and is gone");
}

Test(ws_ticket, others_are_refused) {
    char ticket[AUTH_TOKEN_CHARS + 1];
    struct ws_holder holder;
    cr_assert_eq(ws_ticket_issue(t, &ann, 0, ticket), RESULT_OK);
    ticket[0] = ticket[0] == 'A' ? 'B' : 'A';
    static const char *const rows[] = {"", "x", "0123456789012345678901234567890123456789012",
                                       "01234567890123456789012345678901234567890!!"};
    cr_expect_eq(ws_ticket_redeem(t, ticket, 1, &holder), RESULT_DENIED);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(ws_ticket_redeem(t, rows[i], 1, &holder), RESULT_DENIED, "%s", rows[i]);
    }
}

Test(ws_ticket, a_login_has_so_many_and_the_oldest_gives_way) {
    char tickets[WS_TICKETS_PER_LOGIN + 1][AUTH_TOKEN_CHARS + 1];
    struct ws_holder holder;
    for (int i = 0; i <= WS_TICKETS_PER_LOGIN; i++) {
        cr_assert_eq(ws_ticket_issue(t, &ann, i, tickets[i]), RESULT_OK);
    }
    cr_expect_eq(ws_ticket_redeem(t, tickets[0], 100, &holder), RESULT_DENIED);
    for (int i = 1; i <= WS_TICKETS_PER_LOGIN; i++) {
        cr_expect_eq(ws_ticket_redeem(t, tickets[i], 100, &holder), RESULT_OK, "ticket %d", i);
    }
}

Test(ws_ticket, a_full_table_is_busy_until_some_expire) {
    char ticket[AUTH_TOKEN_CHARS + 1];
    struct ws_holder other = ann;
    for (int i = 0; i < WS_TICKETS; i++) {
        memcpy(other.login, &i, sizeof i);
        cr_assert_eq(ws_ticket_issue(t, &other, 0, ticket), RESULT_OK);
    }
    cr_expect_eq(ws_ticket_issue(t, &ann, 1, ticket), RESULT_BUSY);
    cr_expect_eq(ws_ticket_issue(t, &ann, WS_TICKET_LIFE_MS, ticket), RESULT_OK);
}

Test(ws_ticket, goes_with_its_login) {
    char ticket[AUTH_TOKEN_CHARS + 1], kept[AUTH_TOKEN_CHARS + 1];
    struct ws_holder bob = ann, holder;
    memset(bob.login, 0xbb, sizeof bob.login);
    cr_assert_eq(ws_ticket_issue(t, &ann, 0, ticket), RESULT_OK);
    cr_assert_eq(ws_ticket_issue(t, &bob, 0, kept), RESULT_OK);
    ws_tickets_forget(t, ann.login);
    cr_expect_eq(ws_ticket_redeem(t, ticket, 1, &holder), RESULT_DENIED);
    cr_expect_eq(ws_ticket_redeem(t, kept, 1, &holder), RESULT_OK);
}
