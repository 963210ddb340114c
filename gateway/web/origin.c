/* The origin rules (see origin.h); pure. Our own origin is "https://" and whatever Host the request was sent to: there
 * is no list of allowed names to configure, and a page that reaches us under a foreign name through DNS rebinding has
 * no cookie of ours under that name. "null" (sandboxed frames, files) is never ours. */
#include "web/origin.h"

#include <string.h>
#include <strings.h>

static size_t chars_without_default_port(const char *authority) {
    size_t chars = strlen(authority);
    return chars > 4 && strcmp(authority + chars - 4, ":443") == 0 ? chars - 4 : chars;
}

static bool is_ours(const struct origin_facts *facts) {
    static const char scheme[] = "https://";
    size_t skip = sizeof scheme - 1;
    if (facts->host == NULL || facts->host[0] == '\0' || strncmp(facts->origin, scheme, skip) != 0) {
        return false;
    }
    size_t host_chars = chars_without_default_port(facts->host);
    size_t origin_chars = chars_without_default_port(facts->origin + skip);
    return host_chars == origin_chars && strncasecmp(facts->host, facts->origin + skip, host_chars) == 0;
}

enum result origin_check_change(const struct origin_facts *facts, struct fault *fault) {
    if (facts->origin != NULL) {
        return is_ours(facts)
                   ? RESULT_OK
                   : fault_set(fault, RESULT_DENIED, "the request comes from another origin (%.100s)", facts->origin);
    }
    if (facts->fetch_site != NULL && strcmp(facts->fetch_site, "same-origin") != 0) {
        return fault_set(fault, RESULT_DENIED, "the request comes from another site (Sec-Fetch-Site: %.40s)",
                         facts->fetch_site);
    }
    return RESULT_OK;
}

enum result origin_check_socket(const struct origin_facts *facts, struct fault *fault) {
    if (facts->origin == NULL) {
        return fault_set(fault, RESULT_DENIED, "a WebSocket must name its Origin");
    }
    return origin_check_change(facts, fault);
}
