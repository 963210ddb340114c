/* Does a request come from our own pages? Browsers say so in Origin and Sec-Fetch-Site and let no page forge them. */
#pragma once
#include "fieldline/result.h"

struct origin_facts {
    const char *host;       /* the Host header, NULL: none */
    const char *origin;     /* NULL: none */
    const char *fetch_site; /* Sec-Fetch-Site, NULL: none */
};
/* For a request that changes something: refuses another origin. A request with neither header is not from a browser's
 * page (every current browser sends Origin with a POST) and is let through to the cookie check. */
FL_CHECK enum result origin_check_change(const struct origin_facts *facts, struct fault *fault);
/* For a WebSocket: Origin must be there and be ours; browsers apply no same-origin rule to WebSockets themselves. */
FL_CHECK enum result origin_check_socket(const struct origin_facts *facts, struct fault *fault);
