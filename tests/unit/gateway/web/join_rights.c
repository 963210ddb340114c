/* Who may type in a session that is somebody else's: whoever might have been granted it himself, now. */
#include "web/join_rights.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "edge.h"
#include "fieldline/session.h"
#include "store/devices.h"
#include "store/kills.h"
#include "store/qualifications.h"

#define SHELL   CAPABILITY_BIT(CAPABILITY_SHELL)
#define OBSERVE CAPABILITY_BIT(CAPABILITY_OBSERVE)
#define MODEL   "vaccine-freezer"
enum { NOW_MS = 1000 };

static struct edge *e;

static void setup(void) {
    const struct birth_message birth = {.model = MODEL, .firmware = "1", .agent = "1", .serial = "SN-1"};
    int64_t row;
    e = edge_new();
    cr_assert_eq(store_begin(e->store), RESULT_OK);
    cr_assert_eq(store_device_put(e->store, DEVICE, &birth, 1, &row), RESULT_OK);
    cr_assert_eq(store_commit(e->store), RESULT_OK);
}
static void teardown(void) {
    edge_free(e);
}
TestSuite(join_rights, .init = setup, .fini = teardown);

static void qualify(const char *user, const char *model, uint32_t capabilities, bool breaks_glass, int64_t until_ms) {
    struct qualification q = {.capabilities = capabilities, .may_break_glass = breaks_glass, .until_ms = until_ms};
    snprintf(q.user, sizeof q.user, "%s", user);
    snprintf(q.model, sizeof q.model, "%s", model);
    snprintf(q.given_by, sizeof q.given_by, "sue");
    cr_assert_eq(store_begin(e->store), RESULT_OK);
    cr_assert_eq(store_qualification_add(e->store, &q), RESULT_OK);
    cr_assert_eq(store_commit(e->store), RESULT_OK);
}

static void kill_switch(const char *scope, const char *target) {
    struct kill kill;
    cr_assert_eq(kill_make(scope, target, "stolen laptop", &kill, NULL), RESULT_OK);
    cr_assert_eq(store_begin(e->store), RESULT_OK);
    cr_assert_eq(store_kill_put(e->store, &kill), RESULT_OK);
    cr_assert_eq(store_commit(e->store), RESULT_OK);
}

static struct join_rights ask(const char *name, enum role role, const struct session *session, bool is_needed) {
    struct reader *reader = NULL;
    struct actor by = {.role = role};
    struct join_rights rights;
    snprintf(by.name, sizeof by.name, "%s", name);
    cr_assert_eq(reader_open(e->store_path, &reader, NULL), RESULT_OK);
    cr_assert_eq(join_rights_of(reader, &by, session, is_needed, NOW_MS, &rights), RESULT_OK);
    reader_close(reader);
    return rights;
}

static const struct session usual = {.device = DEVICE, .engineer = "ann", .capabilities = OBSERVE | SHELL};

Test(join_rights, the_role_decides_where_nobody_was_ever_qualified) {
    cr_expect(ask("bob", ROLE_ENGINEER, &usual, false).may_type);
    cr_expect_not(ask("bob", ROLE_ENGINEER, &usual, false).may_moderate);
    cr_expect_not(ask("bob", ROLE_ENGINEER, &usual, true).may_type, "this gateway asks for qualifications");
    cr_expect(ask("sue", ROLE_SUPERVISOR, &usual, false).may_moderate);
    cr_expect_not(ask("sam", ROLE_SUPPORT, &usual, false).may_type);
    cr_expect_not(ask("udo", ROLE_AUDITOR, &usual, false).may_moderate);
}

Test(join_rights, promise_33_who_types_is_qualified_for_all_that_is_open) {
    struct session emergency = usual, elsewhere = usual;
    emergency.is_emergency = true;
    snprintf(elsewhere.device, sizeof elsewhere.device, "unknown-9");
    qualify("all", MODEL, OBSERVE | SHELL, false, 5000);
    qualify("every", "*", OBSERVE | SHELL, false, 5000);
    qualify("half", MODEL, OBSERVE, false, 5000);
    qualify("late", MODEL, OBSERVE | SHELL, false, NOW_MS);
    qualify("other", "pump", OBSERVE | SHELL, false, 5000);
    qualify("glass", MODEL, 0, true, 5000);
    const struct {
        const char *name;
        const struct session *session;
        bool may_type;
    } rows[] = {{"all", &usual, true},     {"every", &usual, true},     {"half", &usual, false},
                {"late", &usual, false},   {"other", &usual, false},    {"nobody", &usual, false},
                {"glass", &usual, false},  {"glass", &emergency, true}, {"all", &emergency, false},
                {"all", &elsewhere, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(ask(rows[i].name, ROLE_ENGINEER, rows[i].session, false).may_type, rows[i].may_type, "%zu: %s", i,
                     rows[i].name);
    }
    cr_expect_not(ask("all", ROLE_SUPPORT, &usual, false).may_type, "a qualification makes no engineer");
}

Test(join_rights, promise_33_a_kill_switch_leaves_nothing) {
    kill_switch("user", "bob");
    cr_expect(ask("bob", ROLE_SUPERVISOR, &usual, false).is_killed);
    cr_expect_not(ask("bob", ROLE_SUPERVISOR, &usual, false).may_type);
    cr_expect_not(ask("bob", ROLE_SUPERVISOR, &usual, false).may_moderate);
    cr_expect(ask("ann", ROLE_ENGINEER, &usual, false).may_type, "another");
    kill_switch("device", DEVICE);
    cr_expect(ask("ann", ROLE_ENGINEER, &usual, false).is_killed);
    cr_expect_not(ask("ann", ROLE_ENGINEER, &usual, false).may_type);
}
