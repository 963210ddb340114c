/* Who may have a remote session, and with what. One pure function, asked by the pipeline thread before anything is sent
 * to the product.
 *
 * A capability that is asked for and not allowed refuses the whole request instead of being left out quietly: the
 * engineer would otherwise learn of it only when a command fails in front of the customer. The owner's consent may
 * narrow later; that is shown. */
#include "sessions/grant.h"

#include <string.h>

#include "fieldline/bytes.h"
#include "sessions/session.h"

#define EVERYTHING (CAPABILITY_BIT(CAPABILITY_COUNT) - 1)

/* A role that is not here may have none. Support receives tickets and hands them on; an administrator looks after the
 * gateway and not after products. Which capability needs which qualification is a later table. */
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

static enum result refuse(uint32_t bits, const char *who, struct fault *fault) {
    struct buf names;
    buf_init(&names, 256);
    capabilities_print(bits, &names);
    enum result result = fault_set(fault, RESULT_DENIED, "%s does not allow: %s", who, buf_text(&names));
    buf_fini(&names);
    return result;
}

static bool is_blank(const char *text) {
    return text[strspn(text, " \t\r\n")] == '\0';
}

static enum result check_request(const struct grant_request *r, struct fault *fault) {
    if (r->asked == 0 || (r->asked & ~EVERYTHING) != 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "'capabilities' must name at least one known capability");
    }
    if (r->minutes < 1 || r->minutes > CAP_SESSION_SECONDS / 60) {
        return fault_set(fault, RESULT_BAD_INPUT, "'minutes' must be 1 to %d", CAP_SESSION_SECONDS / 60);
    }
    if (r->reason == NULL || is_blank(r->reason)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'reason' is missing: the owner is shown why");
    }
    if (strlen(r->reason) > SESSION_REASON_BYTES || !utf8_valid(r->reason, strlen(r->reason))) {
        return fault_set(fault, RESULT_BAD_INPUT, "'reason' must be UTF-8 text of at most %d bytes",
                         SESSION_REASON_BYTES);
    }
    return RESULT_OK;
}

enum result grant_decide(const struct grant_request *r, struct grant *out, struct fault *fault) {
    enum result result = check_request(r, fault);
    if (result != RESULT_OK) {
        return result;
    }
    uint32_t role = role_capabilities(r->role);
    if (role == 0) {
        return fault_set(fault, RESULT_DENIED, "this role may not hold remote sessions");
    }
    if (!r->is_ticket_open) {
        return fault_set(fault, RESULT_CONFLICT, "the ticket is closed: a session needs an open one");
    }
    if ((r->asked & ~role) != 0) {
        return refuse(r->asked & ~role, "this role", fault);
    }
    if ((r->asked & ~r->pack) != 0) {
        return refuse(r->asked & ~r->pack, "the model's product pack", fault);
    }
    if ((r->asked & ~r->birth) != 0) {
        return refuse(r->asked & ~r->birth, "the product's own configuration", fault);
    }
    if (!r->is_device_online) {
        return fault_set(fault, RESULT_CONFLICT, "the product is not connected");
    }
    if (r->open_on_device >= r->allowed_on_device) {
        return fault_set(fault, RESULT_BUSY, "the product has %zu sessions already, as many as are allowed",
                         r->open_on_device);
    }
    *out = (struct grant){.capabilities = r->asked, .duration_s = r->minutes * 60};
    return RESULT_OK;
}
