/* Qualifications, contracts, kill switches: written, found again, valid or not; and what a session's row keeps of its
 * approval and review. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "store/contracts.h"
#include "store/kills.h"
#include "store/qualifications.h"

#define OBSERVE CAPABILITY_BIT(CAPABILITY_OBSERVE)
#define SHELL   CAPABILITY_BIT(CAPABILITY_SHELL)

static int64_t qualify(struct fixture *f, const char *user, const char *model, uint32_t capabilities, int64_t from_ms,
                       int64_t until_ms, bool may_break_glass) {
    struct qualification q = {
        .capabilities = capabilities, .may_break_glass = may_break_glass, .from_ms = from_ms, .until_ms = until_ms};
    snprintf(q.user, sizeof q.user, "%s", user);
    snprintf(q.model, sizeof q.model, "%s", model);
    snprintf(q.given_by, sizeof q.given_by, "sue");
    begin(f);
    cr_assert_eq(store_qualification_add(f->store, &q), RESULT_OK, "%s", store_error(f->store));
    commit(f);
    return q.id;
}

Test(access, qualifications_count_for_their_model_and_time) {
    static const struct {
        const char *user, *model;
        int64_t now_ms;
        uint32_t capabilities;
        bool may_break_glass;
    } rows[] = {
        {"eva", "freezer", 150, OBSERVE | SHELL, false}, /* both of hers */
        {"eva", "freezer", 99, 0, false},                /* not yet */
        {"eva", "freezer", 200, OBSERVE, false},         /* one is over: its last moment is the one before */
        {"eva", "washer", 150, OBSERVE, false},          /* the one for every model */
        {"tom", "washer", 150, 0, true},
        {"tom", "freezer", 150, 0, false},
        {"ann", "freezer", 150, 0, false}, /* revoked */
        {"nobody", "freezer", 150, 0, false},
    };
    struct fixture f;
    struct qualified got;
    fixture_open(&f);
    cr_assert_eq(store_qualified(f.store, "eva", "freezer", 150, &got), RESULT_OK);
    cr_expect_not(got.is_used, "nobody was ever given one");
    qualify(&f, "tom", "washer", 0, 100, 300, true);
    cr_assert_eq(store_qualified(f.store, "eva", "freezer", 150, &got), RESULT_OK);
    cr_expect_not(got.is_used, "a right to emergencies alone binds nobody else");
    qualify(&f, "eva", "*", OBSERVE, 100, 300, false);
    qualify(&f, "eva", "freezer", SHELL, 100, 200, false);
    const int64_t revoked = qualify(&f, "ann", "*", SHELL, 100, 300, false);
    begin(&f);
    cr_assert_eq(store_qualification_revoke(f.store, revoked, "sue", 120), RESULT_OK);
    commit(&f);
    fixture_reopen(&f);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(store_qualified(f.store, rows[i].user, rows[i].model, rows[i].now_ms, &got), RESULT_OK);
        cr_expect_eq(got.capabilities, rows[i].capabilities, "row %zu: %x", i, got.capabilities);
        cr_expect_eq(got.may_break_glass, rows[i].may_break_glass, "row %zu", i);
        cr_expect(got.is_used);
    }
    struct qualification q;
    cr_assert_eq(store_qualification_find(f.store, revoked, &q), RESULT_OK);
    cr_expect(q.is_revoked && strcmp(q.revoked_by, "sue") == 0 && q.revoked_ms == 120);
    cr_expect_eq(store_qualification_find(f.store, 99, &q), RESULT_NOT_FOUND);
    fixture_close(&f);
}

Test(access, a_device_s_own_contract_counts_before_its_site_s) {
    static const struct contract rows[] = {
        {CONTRACT_SITE, "plant-7", "Polar AG", 1000, OBSERVE | SHELL, "sue", 1},
        {CONTRACT_DEVICE, "freezer-7", "Polar AG, lab", 1000, OBSERVE, "sue", 1},
    };
    struct fixture f;
    struct contract got;
    bool is_used = true;
    fixture_open(&f);
    cr_assert_eq(store_contracts_used(f.store, &is_used), RESULT_OK);
    cr_expect_not(is_used);
    begin(&f);
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(store_contract_put(f.store, &rows[i]), RESULT_OK, "%s", store_error(f.store));
    commit(&f);
    cr_assert_eq(store_contracts_used(f.store, &is_used), RESULT_OK);
    cr_expect(is_used);
    cr_assert_eq(store_contract_of(f.store, "freezer-7", "plant-7", &got), RESULT_OK);
    cr_expect_str_eq(got.customer, "Polar AG, lab");
    cr_assert_eq(store_contract_of(f.store, "freezer-8", "plant-7", &got), RESULT_OK);
    cr_expect_eq(got.capabilities, OBSERVE | SHELL);
    cr_expect_eq(store_contract_of(f.store, "freezer-8", "", &got), RESULT_NOT_FOUND);
    cr_expect_eq(store_contract_of(f.store, "plant-7", "", &got), RESULT_NOT_FOUND, "a site is no device");
    struct contract later = rows[1];
    later.until_ms = 5;
    begin(&f);
    cr_assert_eq(store_contract_put(f.store, &later), RESULT_OK);
    commit(&f);
    cr_assert_eq(store_contract_of(f.store, "freezer-7", "plant-7", &got), RESULT_OK);
    cr_expect_eq(got.until_ms, 5, "replaced, not added");
    fixture_close(&f);
}

static void count_kill(void *self, const struct kill *kill) {
    (void)kill;
    ++*(int *)self;
}

Test(access, kill_switches_outlive_a_restart_until_they_are_lifted) {
    struct fixture f;
    struct kill kill = {.scope = KILL_DEVICE, .target = "freezer-7", .reason = "smoke", .by = "sue", .at_ms = 5};
    struct kill everybody = {.scope = KILL_ALL, .reason = "break-in", .by = "sue", .at_ms = 6}, got;
    bool is_killed = true;
    int count = 0;
    fixture_open(&f);
    cr_assert_eq(store_killed(f.store, "freezer-7", "eva", &is_killed), RESULT_OK);
    cr_expect_not(is_killed);
    begin(&f);
    cr_assert_eq(store_kill_put(f.store, &kill), RESULT_OK, "%s", store_error(f.store));
    cr_assert_eq(store_kill_put(f.store, &everybody), RESULT_OK, "%s", store_error(f.store));
    commit(&f);
    cr_expect(kill.id > 0 && everybody.id > kill.id);
    fixture_reopen(&f);
    everybody.is_lifted = true;
    everybody.lifted_ms = 7;
    snprintf(everybody.lifted_by, sizeof everybody.lifted_by, "ada");
    begin(&f);
    cr_assert_eq(store_kill_put(f.store, &everybody), RESULT_OK, "%s", store_error(f.store));
    commit(&f);
    cr_assert_eq(store_killed(f.store, "freezer-7", "eva", &is_killed), RESULT_OK);
    cr_expect(is_killed);
    cr_assert_eq(store_killed(f.store, "freezer-8", "eva", &is_killed), RESULT_OK);
    cr_expect_not(is_killed);
    cr_assert_eq(store_kill_find(f.store, everybody.id, &got), RESULT_OK);
    cr_expect(got.is_lifted && strcmp(got.lifted_by, "ada") == 0 && strcmp(got.reason, "break-in") == 0);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_kills(reader, false, 10, count_kill, &count), RESULT_OK);
    cr_expect_eq(count, 1);
    cr_assert_eq(reader_kills(reader, true, 10, count_kill, &count), RESULT_OK);
    cr_expect_eq(count, 2);
    reader_close(reader);
    fixture_close(&f);
}

static void keep_session(void *self, const struct session *session) {
    *(struct session *)self = *session;
}

Test(access, a_session_s_row_keeps_its_approval_and_its_review) {
    struct fixture f;
    struct session s = {.id = "s-1",
                        .ticket = 1,
                        .device = "freezer-7",
                        .engineer = "eva",
                        .reason = "noise",
                        .capabilities = SHELL,
                        .state = SESSION_AWAITING_APPROVAL,
                        .requested_ms = 1,
                        .role = ROLE_ENGINEER,
                        .duration_s = 600,
                        .needs_approval = true,
                        .needs_moderator = true,
                        .customer = "Polar AG",
                        .due_ms = 77},
                   got = {0};
    fixture_open(&f);
    add_device(&f, "freezer-7");
    begin(&f);
    struct ticket ticket = {.device = "freezer-7", .device_id = 1, .version = 1};
    struct ticket_event opened = {0};
    cr_assert_eq(store_ticket_put(f.store, &ticket, &opened, 1), RESULT_OK, "%s", store_error(f.store));
    cr_assert_eq(store_session_put(f.store, &s), RESULT_OK, "%s", store_error(f.store));
    commit(&f);
    struct reader *reader = open_reader(&f);
    struct session_query waits = {.limit = 10, .filter = SESSIONS_AWAITING_APPROVAL};
    cr_assert_eq(reader_sessions(reader, &waits, keep_session, &got), RESULT_OK);
    cr_expect(got.role == ROLE_ENGINEER && got.duration_s == 600 && got.needs_approval && got.needs_moderator);
    cr_expect(strcmp(got.customer, "Polar AG") == 0 && got.due_ms == 77 && !got.has_review);
    s.state = SESSION_ENDED;
    s.is_emergency = false; /* what a session is does not change: not written again */
    s.has_started = true;
    s.started_ms = 5;
    snprintf(s.approver, sizeof s.approver, "tom");
    snprintf(s.approval_text, sizeof s.approval_text, "go on");
    s.approved_ms = 4;
    s.has_review = true;
    s.review = (struct session_review){true, "sue", "it was on fire", 99};
    begin(&f);
    cr_assert_eq(store_session_put(f.store, &s), RESULT_OK, "%s", store_error(f.store));
    commit(&f);
    got = (struct session){0};
    cr_assert_eq(reader_sessions(reader, &waits, keep_session, &got), RESULT_OK);
    cr_expect_str_eq(got.id, "", "nobody waits any more");
    cr_assert_eq(reader_session(reader, "s-1", &got), RESULT_OK);
    cr_expect_str_eq(got.approver, "tom");
    cr_expect_str_eq(got.approval_text, "go on");
    cr_expect(got.has_review && got.review.is_justified && got.review.at_ms == 99);
    cr_expect_str_eq(got.review.text, "it was on fire");
    reader_close(reader);
    fixture_close(&f);
}
