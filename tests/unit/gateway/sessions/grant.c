/* Who may have a session: a row for each gate, before it begins and while it lives; who may approve; and that zero
 * denies. */
#include "sessions/grant.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define OBSERVE  CAPABILITY_BIT(CAPABILITY_OBSERVE)
#define DIAGNOSE CAPABILITY_BIT(CAPABILITY_DIAGNOSE)
#define SHELL    CAPABILITY_BIT(CAPABILITY_SHELL)
#define UPDATE   CAPABILITY_BIT(CAPABILITY_UPDATE)

static const struct grant_request good = {.facts = {.role = ROLE_ENGINEER,
                                                    .is_user_enabled = true,
                                                    .may_break_glass = true,
                                                    .qualified = OBSERVE | SHELL | UPDATE,
                                                    .has_contract = true,
                                                    .contracted = OBSERVE | SHELL | UPDATE,
                                                    .is_ticket_open = true,
                                                    .is_device_trusted = true,
                                                    .is_unkilled = true,
                                                    .pack = OBSERVE | DIAGNOSE | SHELL | UPDATE,
                                                    .birth = OBSERVE | SHELL | UPDATE},
                                          .policy = {.longest_minutes = 60},
                                          .is_device_online = true,
                                          .asked = OBSERVE | SHELL,
                                          .minutes = 30,
                                          .reason = "noise in the compressor",
                                          .allowed_on_device = 2};

Test(grant, the_good_one) {
    struct grant grant;
    struct fault fault = {""};
    cr_assert_eq(grant_decide(&good, &grant, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(grant.capabilities, OBSERVE | SHELL);
    cr_expect_eq(grant.duration_s, 1800);
    cr_expect_not(grant.needs_approval);
    cr_expect_not(grant.needs_moderator);
}

enum emergency { NO_MATTER, ORDINARY_ONLY, EMERGENCY_ONLY };

/* One thing wrong in an otherwise good request; `in`: whether an emergency is refused too. */
Test(grant, promise_33_a_refusal_for_each_gate) {
    struct {
        const char *what, *says;
        enum result result;
        enum emergency in;
        struct grant_request request;
    } rows[] = {{"no such user", "role", RESULT_DENIED, NO_MATTER, good},
                {"an owner", "role", RESULT_DENIED, NO_MATTER, good},
                {"an auditor", "role", RESULT_DENIED, NO_MATTER, good},
                {"support", "role", RESULT_DENIED, NO_MATTER, good},
                {"an administrator", "role", RESULT_DENIED, NO_MATTER, good},
                {"a disabled account", "disabled", RESULT_DENIED, NO_MATTER, good},
                {"a kill switch", "kill switch", RESULT_CONFLICT, NO_MATTER, good},
                {"a closed ticket", "closed", RESULT_CONFLICT, NO_MATTER, good},
                {"a product that is two", "identity", RESULT_CONFLICT, NO_MATTER, good},
                {"not qualified at all", "qualification", RESULT_DENIED, ORDINARY_ONLY, good},
                {"not qualified for the shell", "qualification for this model that includes: shell", RESULT_DENIED,
                 ORDINARY_ONLY, good},
                {"no contract", "contract", RESULT_DENIED, ORDINARY_ONLY, good},
                {"a contract that is over", "contract", RESULT_DENIED, ORDINARY_ONLY, good},
                {"a contract without the shell", "includes: shell", RESULT_DENIED, ORDINARY_ONLY, good},
                {"no right to emergencies", "emergency", RESULT_DENIED, EMERGENCY_ONLY, good},
                {"a short reason", "20 bytes", RESULT_BAD_INPUT, EMERGENCY_ONLY, good},
                {"nothing asked", "capabilities", RESULT_BAD_INPUT, NO_MATTER, good},
                {"an unknown bit", "capabilities", RESULT_BAD_INPUT, NO_MATTER, good},
                {"not in the pack", "pack", RESULT_DENIED, NO_MATTER, good},
                {"not in the birth", "product's own", RESULT_DENIED, NO_MATTER, good},
                {"offline", "connected", RESULT_CONFLICT, NO_MATTER, good},
                {"no minute", "minutes", RESULT_BAD_INPUT, NO_MATTER, good},
                {"longer than the gateway allows", "1 to 60", RESULT_BAD_INPUT, NO_MATTER, good},
                {"longer than the pack allows", "1 to 20", RESULT_BAD_INPUT, NO_MATTER, good},
                {"no reason", "reason", RESULT_BAD_INPUT, NO_MATTER, good},
                {"blanks", "reason", RESULT_BAD_INPUT, NO_MATTER, good},
                {"a reason that is no text", "UTF-8", RESULT_BAD_INPUT, NO_MATTER, good},
                {"too many sessions", "sessions", RESULT_BUSY, NO_MATTER, good}};
    int i = 0;
    rows[i++].request.facts.role = ROLE_NONE;
    rows[i++].request.facts.role = ROLE_OWNER;
    rows[i++].request.facts.role = ROLE_AUDITOR;
    rows[i++].request.facts.role = ROLE_SUPPORT;
    rows[i++].request.facts.role = ROLE_ADMINISTRATOR;
    rows[i++].request.facts.is_user_enabled = false;
    rows[i++].request.facts.is_unkilled = false;
    rows[i++].request.facts.is_ticket_open = false;
    rows[i++].request.facts.is_device_trusted = false;
    rows[i++].request.facts.qualified = 0;
    rows[i++].request.facts.qualified = OBSERVE;
    rows[i++].request.facts.contracted = 0;
    rows[i++].request.facts.has_contract = false;
    rows[i++].request.facts.contracted = OBSERVE | UPDATE;
    rows[i++].request.facts.may_break_glass = false;
    rows[i++].request.reason = "it is urgent";
    rows[i++].request.asked = 0;
    rows[i++].request.asked = CAPABILITY_BIT(CAPABILITY_COUNT);
    rows[i++].request.facts.pack = OBSERVE;
    rows[i++].request.facts.birth = OBSERVE;
    rows[i++].request.is_device_online = false;
    rows[i++].request.minutes = 0;
    rows[i++].request.minutes = 61;
    rows[i++].request.policy.max_minutes[CAPABILITY_SHELL] = 20;
    rows[i++].request.reason = NULL;
    rows[i++].request.reason = " \t";
    rows[i++].request.reason = "noise \xff in the compressor";
    rows[i++].request.open_on_device = 2;
    cr_assert_eq((size_t)i, sizeof rows / sizeof *rows);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        for (int is_emergency = 0; is_emergency < 2; is_emergency++) {
            struct grant grant = {.capabilities = 77};
            struct fault fault = {""};
            rows[row].request.is_emergency = is_emergency;
            const bool may = rows[row].in == (is_emergency ? ORDINARY_ONLY : EMERGENCY_ONLY);
            const enum result result = grant_decide(&rows[row].request, &grant, &fault);
            cr_expect_eq(result, may ? RESULT_OK : rows[row].result, "%s (%d): %s", rows[row].what, is_emergency,
                         fault.text);
            if (may)
                continue;
            cr_expect_not_null(strstr(fault.text, rows[row].says), "%s: %s", rows[row].what, fault.text);
            cr_expect_eq(grant.capabilities, 77, "%s: a refusal changes nothing", rows[row].what);
        }
    }
}

Test(grant, zero_denies) {
    const struct grant_facts nothing = {0};
    struct grant_request request = good;
    struct grant grant;
    const struct session s = {.engineer = "eva", .capabilities = OBSERVE};
    request.facts = nothing;
    cr_expect_neq(grant_decide(&request, &grant, NULL), RESULT_OK);
    cr_expect_not_null(grant_lost(&s, &nothing));
    cr_expect_neq(grant_approve(&s, "tom", "", &nothing, NULL), RESULT_OK);
}

Test(grant, what_the_policy_asks_for) {
    static const struct {
        const char *what;
        uint32_t asked, four_eyes, moderated;
        bool is_emergency, needs_approval, needs_moderator;
    } rows[] = {
        {"nothing is asked for", OBSERVE | SHELL, 0, 0, false, false, false},
        {"of something else", OBSERVE, SHELL, UPDATE, false, false, false},
        {"one of two is enough", OBSERVE | SHELL, SHELL, 0, false, true, false},
        {"both", OBSERVE | SHELL, SHELL, OBSERVE, false, true, true},
        {"an emergency goes without approval, not without moderator", OBSERVE | SHELL, SHELL, SHELL, true, false, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct grant_request request = good;
        struct grant grant;
        struct fault fault = {""};
        request.asked = rows[i].asked;
        request.policy.four_eyes = rows[i].four_eyes;
        request.policy.moderated = rows[i].moderated;
        request.is_emergency = rows[i].is_emergency;
        cr_assert_eq(grant_decide(&request, &grant, &fault), RESULT_OK, "%s: %s", rows[i].what, fault.text);
        cr_expect_eq(grant.needs_approval, rows[i].needs_approval, "%s", rows[i].what);
        cr_expect_eq(grant.needs_moderator, rows[i].needs_moderator, "%s", rows[i].what);
    }
}

/* Where nothing has ever been said of qualifications or contracts. */
Test(grant, an_installation_without_qualifications_and_contracts) {
    struct grant_request request = good;
    struct grant grant;
    request.facts.qualified = request.facts.contracted = 0;
    request.facts.has_contract = false;
    cr_expect_eq(grant_decide(&request, &grant, NULL), RESULT_DENIED);
    request.facts.is_qualification_free = true;
    cr_expect_eq(grant_decide(&request, &grant, NULL), RESULT_DENIED, "the contract is still missing");
    request.facts.is_contract_free = true;
    cr_expect_eq(grant_decide(&request, &grant, NULL), RESULT_OK);
}

Test(grant, promise_35_what_is_lost_ends_the_session) {
    const struct session ordinary = {.engineer = "eva", .role = ROLE_ENGINEER, .capabilities = OBSERVE | SHELL};
    struct {
        const char *why, *emergency_why; /* "": it goes on */
        struct grant_facts facts;
    } rows[] = {
        {"", "", good.facts},
        {"user_disabled", "user_disabled", good.facts},
        {"role_changed", "role_changed", good.facts},
        {"role_changed", "role_changed", good.facts},
        {"kill_switch", "kill_switch", good.facts},
        {"ticket_closed", "ticket_closed", good.facts},
        {"device_quarantined", "device_quarantined", good.facts},
        {"not_qualified", "", good.facts},
        {"contract_over", "", good.facts},
        {"contract_over", "", good.facts},
        {"pack_changed", "pack_changed", good.facts},
        {"", "not_qualified", good.facts},
    };
    int i = 1;
    rows[i++].facts.is_user_enabled = false;
    rows[i++].facts.role = ROLE_SUPPORT;
    rows[i++].facts.role = ROLE_SUPERVISOR; /* he may more now; but it was another person who was granted it */
    rows[i++].facts.is_unkilled = false;
    rows[i++].facts.is_ticket_open = false;
    rows[i++].facts.is_device_trusted = false;
    rows[i++].facts.qualified = OBSERVE;
    rows[i++].facts.has_contract = false;
    rows[i++].facts.contracted = SHELL;
    rows[i++].facts.pack = OBSERVE;
    rows[i++].facts.may_break_glass = false;
    cr_assert_eq((size_t)i, sizeof rows / sizeof *rows);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        struct session s = ordinary;
        for (int is_emergency = 0; is_emergency < 2; is_emergency++) {
            s.is_emergency = is_emergency;
            const char *why = grant_lost(&s, &rows[row].facts);
            cr_expect_str_eq(why ? why : "", is_emergency ? rows[row].emergency_why : rows[row].why, "row %zu (%d)",
                             row, is_emergency);
            if (why)
                cr_expect_null(strstr(session_why_text(why), "does not know"), "%s has words", why);
        }
    }
}

Test(grant, who_may_approve) {
    const struct session s = {.engineer = "eva", .capabilities = OBSERVE | SHELL};
    struct {
        const char *what, *approver, *made_by, *says;
        struct grant_facts facts;
    } rows[] = {
        {"another engineer", "tom", "operator", NULL, good.facts},
        {"a supervisor", "sue", "operator", NULL, good.facts},
        {"who asked", "eva", "operator", "somebody else", good.facts},
        {"an account that she made", "eva-2", "eva", "made your account", good.facts},
        {"support", "sam", "operator", "role", good.facts},
        {"not qualified for the shell", "tom", "operator", "shell", good.facts},
        {"a disabled one", "tom", "operator", "disabled", good.facts},
        {"while the kill switch is on", "tom", "operator", "kill switch", good.facts},
    };
    rows[1].facts.role = ROLE_SUPERVISOR;
    rows[4].facts.role = ROLE_SUPPORT;
    rows[5].facts.qualified = OBSERVE;
    rows[6].facts.is_user_enabled = false;
    rows[7].facts.is_unkilled = false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault = {""};
        const enum result result = grant_approve(&s, rows[i].approver, rows[i].made_by, &rows[i].facts, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].says == NULL, "%s: %s", rows[i].what, fault.text);
        if (rows[i].says)
            cr_expect_not_null(strstr(fault.text, rows[i].says), "%s: %s", rows[i].what, fault.text);
    }
}
