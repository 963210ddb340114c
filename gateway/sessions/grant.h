/* The grant of a session: may this person have it, with what, for how long, and on whose word besides? Pure. Asked when
 * a session is asked for, again when a second person has approved it, and, as grant_lost, twice a second while it is
 * not over: what must hold at the beginning has to hold all the time. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/session.h"
#include "sessions/session.h"
#include "tickets/role.h"

enum { GRANT_EMERGENCY_REASON_BYTES = 20 /* at least so many for an emergency */ };

/* What is true now of the person, the ticket, the product and the contract. Whoever cannot find something out leaves it
 * zero, and zero denies. */
struct grant_facts {
    enum role role;             /* of the stored user; ROLE_NONE: there is none */
    bool is_user_enabled;       /* the account may log in */
    bool may_break_glass;       /* has the right to emergency sessions on this model */
    bool is_qualification_free; /* this gateway asks for no qualification */
    uint32_t qualified;         /* capabilities for which the person holds a valid one for the model */
    bool is_contract_free;      /* this gateway asks for no contract */
    bool has_contract;          /* there is one for the device or its site, and it is valid */
    uint32_t contracted;        /* capabilities that it includes */
    bool is_ticket_open;
    bool is_device_trusted; /* no second product uses its identity */
    bool is_unkilled;       /* no kill switch covers device or person */
    uint32_t pack, birth;   /* what the model's pack allows, what the product says it can */
};
/* What the pack and the gateway's configuration ask for, both together. */
struct grant_policy {
    uint32_t four_eyes, moderated;         /* capabilities that need a second person's approval; a moderator */
    int64_t max_minutes[CAPABILITY_COUNT]; /* 0: no limit of its own */
    int64_t longest_minutes;               /* of any session; at least 1 */
};
/* Consent is asked on the product. Refusals name what is missing and whom to ask. */
struct grant_request {
    struct grant_facts facts;
    struct grant_policy policy;
    bool is_device_online;
    uint32_t asked;        /* capabilities */
    int64_t minutes;       /* 1..CAP_SESSION_SECONDS/60 */
    const char *reason;    /* at least a word, at most SESSION_REASON_BYTES */
    bool is_emergency;     /* goes without approval, contract and qualification; the password was given again */
    size_t open_on_device; /* sessions on this device that are not over */
    size_t allowed_on_device;
};
struct grant {
    uint32_t capabilities;
    int64_t duration_s;
    bool needs_approval, needs_moderator;
};
FL_CHECK enum result grant_decide(const struct grant_request *request, struct grant *out, struct fault *fault);

/* May this person approve that session? Never who asked for it, nor an account that he made (`made_by`); the facts are
 * those of the approver. */
FL_CHECK enum result grant_approve(const struct session *session, const char *approver, const char *made_by,
                                   const struct grant_facts *facts, struct fault *fault);

/* Why a session that is not over must end now, as a code of session_why_text(); NULL: it may go on. */
const char *grant_lost(const struct session *session, const struct grant_facts *facts);
