/* Who may have a remote session, and with what. Pure functions over facts that the pipeline thread has gathered
 * (gateway/session_facts.c), before anything is sent to the product and as long as the session is not over.
 *
 * A capability that is asked for and not allowed refuses the whole request instead of being left out quietly: the
 * engineer would otherwise learn of it only when a command fails in front of the customer. The owner's consent may
 * narrow later; that is shown.
 *
 * The facts are worded so that zero denies ("is_unkilled", not "is_killed"): what could not be found out counts as no.
 * What an emergency skips is written once, in `gates`: approval, contract and qualification, and nothing else. */
#include "sessions/grant.h"

#include <string.h>

#include "fieldline/bytes.h"

#define EVERYTHING (CAPABILITY_BIT(CAPABILITY_COUNT) - 1)

/* A role that is not here may have none. Support receives tickets and hands them on; an administrator looks after the
 * gateway and not after products. */
static const struct {
    enum role role;
    uint32_t capabilities;
} role_rows[] = {
    {ROLE_ENGINEER, EVERYTHING},
    {ROLE_SUPERVISOR, EVERYTHING},
};

static uint32_t role_capabilities(enum role role) {
    for (size_t i = 0; i < sizeof role_rows / sizeof *role_rows; i++) {
        if (role_rows[i].role == role) {
            return role_rows[i].capabilities;
        }
    }
    return 0;
}

static enum result refuse(uint32_t bits, const char *who, const char *whom, struct fault *fault) {
    struct buf names;
    buf_init(&names, 256);
    capabilities_print(bits, &names);
    enum result result = fault_set(fault, RESULT_DENIED, "%s: %s. %s", who, buf_text(&names), whom);
    buf_fini(&names);
    return result;
}

/* ---- what holds of a session as long as it is not over: the capabilities that each gate leaves ---- */

static uint32_t by_user(const struct grant_facts *f) {
    return f->is_user_enabled ? EVERYTHING : 0;
}
static uint32_t by_role(const struct grant_facts *f) {
    return role_capabilities(f->role);
}
static uint32_t by_kill(const struct grant_facts *f) {
    return f->is_unkilled ? EVERYTHING : 0;
}
static uint32_t by_ticket(const struct grant_facts *f) {
    return f->is_ticket_open ? EVERYTHING : 0;
}
static uint32_t by_trust(const struct grant_facts *f) {
    return f->is_device_trusted ? EVERYTHING : 0;
}
static uint32_t by_right(const struct grant_facts *f) {
    return f->may_break_glass ? EVERYTHING : 0;
}
static uint32_t by_qualification(const struct grant_facts *f) {
    return f->is_qualification_free ? EVERYTHING : f->qualified;
}
static uint32_t by_contract(const struct grant_facts *f) {
    return f->is_contract_free ? EVERYTHING : f->has_contract ? f->contracted : 0;
}
static uint32_t by_pack(const struct grant_facts *f) {
    return f->pack;
}

enum when { ALWAYS, ORDINARY, EMERGENCY };
static const struct {
    enum when when;
    uint32_t (*leaves)(const struct grant_facts *facts);
    const char *why; /* a session that has begun ends with this */
    enum result result;
    const char *says, *whom; /* a request is refused with this, and whom to ask */
} gates[] = {
    {ALWAYS, by_user, "user_disabled", RESULT_DENIED, "this account is disabled, so it may not",
     "Ask an administrator."},
    {ALWAYS, by_role, "role_changed", RESULT_DENIED, "this role may not hold remote sessions",
     "Engineers and supervisors may."},
    {ALWAYS, by_kill, "kill_switch", RESULT_CONFLICT, "the kill switch is on, so nobody may",
     "A supervisor or an administrator can lift it."},
    {ALWAYS, by_ticket, "ticket_closed", RESULT_CONFLICT, "the ticket is closed, and a session needs an open one for",
     "Reopen the ticket or open one."},
    {ALWAYS, by_trust, "device_quarantined", RESULT_CONFLICT, "two products use this product's identity, so nobody may",
     "An administrator has to give one of them a certificate of its own."},
    {ALWAYS, by_pack, "pack_changed", RESULT_DENIED, "the model's product pack does not allow",
     "Whoever keeps the packs can change that."},
    {EMERGENCY, by_right, "not_qualified", RESULT_DENIED, "you have no right to emergency sessions on this model for",
     "A supervisor can give it."},
    {ORDINARY, by_qualification, "not_qualified", RESULT_DENIED,
     "you have no valid qualification for this model that includes", "A supervisor can give it."},
    {ORDINARY, by_contract, "contract_over", RESULT_DENIED, "no valid contract of the customer includes",
     "A supervisor or an administrator keeps the contracts."},
};

static bool applies(enum when when, bool is_emergency) {
    return when == ALWAYS || (when == EMERGENCY) == is_emergency;
}

static enum result check_gates(const struct grant_facts *facts, uint32_t asked, bool is_emergency,
                               struct fault *fault) {
    for (size_t i = 0; i < sizeof gates / sizeof *gates; i++) {
        const uint32_t missing = applies(gates[i].when, is_emergency) ? asked & ~gates[i].leaves(facts) : 0;
        if (missing != 0) {
            (void)refuse(missing, gates[i].says, gates[i].whom, fault);
            return gates[i].result;
        }
    }
    return RESULT_OK;
}

const char *grant_lost(const struct session *s, const struct grant_facts *facts) {
    if (facts->is_user_enabled && facts->role != s->role) {
        return "role_changed";
    }
    for (size_t i = 0; i < sizeof gates / sizeof *gates; i++) {
        if (applies(gates[i].when, s->is_emergency) && (s->capabilities & ~gates[i].leaves(facts)) != 0) {
            return gates[i].why;
        }
    }
    return NULL;
}

/* ---- the request ---- */

static bool is_blank(const char *text) {
    return text[strspn(text, " \t\r\n")] == '\0';
}

static enum result check_reason(const struct grant_request *r, struct fault *fault) {
    if (r->reason == NULL || is_blank(r->reason)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'reason' is missing: the owner is shown why");
    }
    if (strlen(r->reason) > SESSION_REASON_BYTES || !utf8_valid(r->reason, strlen(r->reason))) {
        return fault_set(fault, RESULT_BAD_INPUT, "'reason' must be UTF-8 text of at most %d bytes",
                         SESSION_REASON_BYTES);
    }
    if (r->is_emergency && strlen(r->reason) < GRANT_EMERGENCY_REASON_BYTES) {
        return fault_set(fault, RESULT_BAD_INPUT, "'reason' must have at least %d bytes: this is an emergency session",
                         GRANT_EMERGENCY_REASON_BYTES);
    }
    return RESULT_OK;
}

/* The shortest of what the capabilities allow. */
static int64_t longest(const struct grant_request *r) {
    int64_t minutes = r->policy.longest_minutes;
    for (int c = 0; c < CAPABILITY_COUNT; c++) {
        const int64_t own = r->policy.max_minutes[c];
        if ((r->asked & CAPABILITY_BIT(c)) != 0 && own > 0 && own < minutes) {
            minutes = own;
        }
    }
    return minutes;
}

static enum result check_request(const struct grant_request *r, struct fault *fault) {
    if (r->asked == 0 || (r->asked & ~EVERYTHING) != 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "'capabilities' must name at least one known capability");
    }
    if (r->minutes < 1 || r->minutes > longest(r)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'minutes' must be 1 to %lld for what you ask for",
                         (long long)longest(r));
    }
    return check_reason(r, fault);
}

enum result grant_decide(const struct grant_request *r, struct grant *out, struct fault *fault) {
    enum result result = check_request(r, fault);
    if (result == RESULT_OK) {
        result = check_gates(&r->facts, r->asked, r->is_emergency, fault);
    }
    if (result != RESULT_OK) {
        return result;
    }
    if ((r->asked & ~r->facts.birth) != 0) {
        return refuse(r->asked & ~r->facts.birth, "the product's own configuration does not allow",
                      "It can only be switched on at the product.", fault);
    }
    if (!r->is_device_online) {
        return fault_set(fault, RESULT_CONFLICT, "the product is not connected");
    }
    if (r->open_on_device >= r->allowed_on_device) {
        return fault_set(fault, RESULT_BUSY, "the product has %zu sessions already, as many as are allowed",
                         r->open_on_device);
    }
    *out = (struct grant){.capabilities = r->asked,
                          .duration_s = r->minutes * 60,
                          .needs_approval = !r->is_emergency && (r->asked & r->policy.four_eyes) != 0,
                          .needs_moderator = (r->asked & r->policy.moderated) != 0};
    return RESULT_OK;
}

enum result grant_approve(const struct session *s, const char *approver, const char *made_by,
                          const struct grant_facts *facts, struct fault *fault) {
    if (strcmp(approver, s->engineer) == 0) {
        return fault_set(fault, RESULT_DENIED, "You asked for this session; somebody else has to approve it.");
    }
    if (strcmp(made_by, s->engineer) == 0) {
        return fault_set(fault, RESULT_DENIED, "%s made your account, so it cannot approve his or her session.",
                         s->engineer);
    }
    return check_gates(facts, s->capabilities, false, fault);
}
