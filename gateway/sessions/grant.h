/* The grant of a session: may this person have it, with what, for how long? Pure. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/session.h"
#include "tickets/role.h"

/* Everything that is known at the gateway is asked here; consent is asked on the
 * product. Refusals name what and why. */
struct grant_request {
    enum role role;
    bool is_ticket_open;
    bool is_device_online;
    uint32_t asked;        /* capabilities */
    uint32_t pack, birth;  /* what the model's pack allows, what the product says it can */
    int64_t minutes;       /* 1..CAP_SESSION_SECONDS/60 */
    const char *reason;    /* at least a word, at most SESSION_REASON_BYTES */
    size_t open_on_device; /* sessions on this device that are not over */
    size_t allowed_on_device;
};
struct grant {
    uint32_t capabilities;
    int64_t duration_s;
};
FL_CHECK enum result grant_decide(const struct grant_request *request, struct grant *out, struct fault *fault);
