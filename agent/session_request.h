/* What the gateway asks for with session.open, read and held against what this product's configuration allows. */
#pragma once
#include "agent_config.h"
#include "fieldline/json.h"

struct session_request {
    char session[CAP_UUID_BYTES + 1];
    char *token, *url, *subject, *engineer, *reason;
    char role[64]; /* of the engineer; "" when the gateway does not say */
    int64_t ticket;
    uint32_t capabilities;
    int64_t duration_ms, wait_ms;
};
/* Free with session_request_fini, also after a failure. */
FL_CHECK enum result session_request_read(const struct json *args, struct session_request *out, struct fault *fault);
void session_request_fini(struct session_request *request);
/* RESULT_DENIED, naming what is off. */
FL_CHECK enum result session_request_allowed(const struct session_request *request, const struct agent_config *config,
                                             struct fault *fault);
