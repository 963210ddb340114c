/* Invitations: one person, for a time, withdrawn at once. Half of the rows are refusals. */
#include "web/invites.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define ONE   "11111111-1111-4111-8111-111111111111"
#define OTHER "22222222-2222-4222-8222-222222222222"

static struct invite into(const char *session, const char *name) {
    struct invite invite = {.may = 2, .expires_ms = 5000, .expires_mono_ms = 5000};
    snprintf(invite.session, sizeof invite.session, "%s", session);
    snprintf(invite.name, sizeof invite.name, "%s", name);
    return invite;
}

static void add(struct invites *invites, const char *name, struct invite *invite, char token[AUTH_TOKEN_CHARS + 1]) {
    struct fault fault;
    *invite = into(ONE, name);
    cr_assert_eq(invites_add(invites, invite, 1000, token, &fault), RESULT_OK, "%s", fault.text);
}

Test(invites, who_opens_it_first_has_it) {
    struct invites *invites = invites_new();
    struct invite invite, opened;
    char token[AUTH_TOKEN_CHARS + 1], seat[AUTH_TOKEN_CHARS + 1], other[AUTH_TOKEN_CHARS + 1];
    add(invites, "guest Li", &invite, token);
    cr_assert_eq(invites_open(invites, token, NULL, 1000, &opened, seat), RESULT_OK);
    cr_expect_str_eq(opened.name, "guest Li");
    cr_expect_str_eq(opened.session, ONE);
    cr_expect_eq(strlen(seat), AUTH_TOKEN_CHARS);
    cr_expect_eq(invites_open(invites, token, NULL, 1000, &opened, other), RESULT_DENIED,
                 "somebody with the link alone");
    cr_expect_eq(invites_open(invites, token, token, 1000, &opened, other), RESULT_DENIED, "with a wrong seat");
    cr_expect_eq(invites_open(invites, seat, seat, 1000, &opened, other), RESULT_DENIED, "with the seat alone");
    cr_expect_eq(invites_open(invites, token, seat, 1000, &opened, other), RESULT_OK, "the same person again");
    cr_expect_str_empty(other, "no second seat is made");
    invites_free(invites);
}

Test(invites, what_opens_nothing) {
    static const struct {
        const char *what, *token;
        int64_t mono_ms;
        bool is_revoked, is_over;
    } rows[] = {
        {"no token", "", 1000, false, false},
        {"another token", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 1000, false, false},
        {"too late", NULL, 5000, false, false},
        {"withdrawn", NULL, 1000, true, false},
        {"the session is over", NULL, 1000, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct invites *invites = invites_new();
        struct invite invite, opened;
        struct fault fault;
        char token[AUTH_TOKEN_CHARS + 1], seat[AUTH_TOKEN_CHARS + 1];
        add(invites, "guest Li", &invite, token);
        if (rows[i].is_revoked) {
            cr_assert_eq(invites_revoke(invites, ONE, invite.id, 1000, &fault), RESULT_OK);
        }
        if (rows[i].is_over) {
            invites_forget(invites, ONE);
        }
        const char *shown = rows[i].token != NULL ? rows[i].token : token;
        cr_expect_eq(invites_open(invites, shown, NULL, rows[i].mono_ms, &opened, seat), RESULT_DENIED, "%s",
                     rows[i].what);
        invites_free(invites);
    }
}

Test(invites, one_that_is_used_ends_too) {
    struct invites *invites = invites_new();
    struct invite invite, opened;
    struct fault fault;
    char token[AUTH_TOKEN_CHARS + 1], seat[AUTH_TOKEN_CHARS + 1], other[AUTH_TOKEN_CHARS + 1];
    add(invites, "guest Li", &invite, token);
    cr_assert_eq(invites_open(invites, token, NULL, 1000, &opened, seat), RESULT_OK);
    cr_expect_null(invites_gone(invites, invite.id, 4999));
    cr_expect_str_eq(invites_gone(invites, invite.id, 5000), "expired");
    cr_expect_eq(invites_open(invites, token, seat, 5000, &opened, other), RESULT_DENIED);
    cr_expect_eq(invites_revoke(invites, OTHER, invite.id, 1000, &fault), RESULT_NOT_FOUND, "not of another session");
    cr_expect_eq(invites_revoke(invites, ONE, invite.id, 1000, &fault), RESULT_OK);
    cr_expect_eq(invites_revoke(invites, ONE, invite.id, 1000, &fault), RESULT_NOT_FOUND, "twice");
    cr_expect_str_eq(invites_gone(invites, invite.id, 1000), "revoked");
    cr_expect_eq(invites_open(invites, token, seat, 1000, &opened, other), RESULT_DENIED);
    cr_expect_str_eq(invites_gone(invites, OTHER, 1000), "revoked", "one that never was");
    invites_free(invites);
}

Test(invites, a_name_is_there_once_and_there_is_an_end) {
    struct invites *invites = invites_new();
    struct invite invite;
    struct fault fault;
    char token[AUTH_TOKEN_CHARS + 1], name[32];
    for (int i = 0; i < INVITES_PER_SESSION; i++) {
        snprintf(name, sizeof name, "guest %d", i);
        add(invites, name, &invite, token);
    }
    invite = into(ONE, "guest 3");
    cr_expect_eq(invites_add(invites, &invite, 1000, token, &fault), RESULT_CONFLICT);
    invite = into(ONE, "guest Li");
    cr_expect_eq(invites_add(invites, &invite, 1000, token, &fault), RESULT_FULL);
    invite = into(OTHER, "guest 3");
    cr_expect_eq(invites_add(invites, &invite, 1000, token, &fault), RESULT_OK, "another session");
    invite = into(ONE, "guest Li");
    cr_expect_eq(invites_add(invites, &invite, 5000, token, &fault), RESULT_OK, "the old ones have expired");
    invites_free(invites);
}

static void count_states(void *self, const struct invite *invite) {
    int *counts = self;
    counts[invite->state]++;
}

Test(invites, the_list_says_how_each_is) {
    struct invites *invites = invites_new();
    struct invite invite, opened;
    struct fault fault;
    int counts[4] = {0};
    char token[AUTH_TOKEN_CHARS + 1], seat[AUTH_TOKEN_CHARS + 1];
    add(invites, "guest A", &invite, token);
    add(invites, "guest B", &invite, token);
    cr_assert_eq(invites_open(invites, token, NULL, 1000, &opened, seat), RESULT_OK);
    add(invites, "guest C", &invite, token);
    cr_assert_eq(invites_revoke(invites, ONE, invite.id, 1000, &fault), RESULT_OK);
    invites_each(invites, ONE, 1000, count_states, counts);
    cr_expect_eq(counts[INVITE_OPEN], 1);
    cr_expect_eq(counts[INVITE_USED], 1);
    cr_expect_eq(counts[INVITE_REVOKED], 1);
    invites_each(invites, ONE, 5000, count_states, counts);
    cr_expect_eq(counts[INVITE_EXPIRED], 2);
    invites_each(invites, OTHER, 1000, count_states, counts);
    cr_expect_eq(counts[INVITE_OPEN] + counts[INVITE_USED], 2, "none of another session");
    invites_free(invites);
}
