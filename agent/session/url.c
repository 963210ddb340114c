/* Takes a URL apart; no user, no query, no escapes: the gateway makes these itself. Pure. */
#include "session/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/number.h"

static const char scheme[] = "wss://";

static bool is_address(const char *host) {
    uint8_t address[16];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

static bool is_clean(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text >= 0x7f || strchr("@?#%\\\"<>", *text) != NULL) {
            return false;
        }
    }
    return true;
}

enum result url_parse(const char *text, struct url *out, struct fault *fault) {
    struct url url = {.port = 443};
    if (strncmp(text, scheme, sizeof scheme - 1) != 0 || !is_clean(text)) {
        return fault_set(fault, RESULT_BAD_INPUT, "expected wss://HOST[:PORT]/PATH");
    }
    const char *host = text + sizeof scheme - 1;
    bool has_brackets = host[0] == '[';
    size_t chars = has_brackets ? strcspn(++host, "]") : strcspn(host, ":/");
    const char *rest = host + chars + (has_brackets && host[chars] == ']');
    if (chars == 0 || chars >= sizeof url.host || (has_brackets && host[chars] != ']')) {
        return fault_set(fault, RESULT_BAD_INPUT, "the host is missing or too long");
    }
    memcpy(url.host, host, chars);
    url.is_address = is_address(url.host);
    if (*rest == ':') {
        int64_t port;
        size_t digits = strcspn(++rest, "/");
        if (!number_i64(rest, digits, 1, 65535, &port)) {
            return fault_set(fault, RESULT_BAD_INPUT, "the port must be 1 to 65535");
        }
        url.port = (int)port;
        rest += digits;
    }
    if (*rest != '/' || strlen(rest) >= sizeof url.path) {
        return fault_set(fault, RESULT_BAD_INPUT, "the path is missing or too long");
    }
    snprintf(url.path, sizeof url.path, "%s", rest);
    *out = url;
    return RESULT_OK;
}
