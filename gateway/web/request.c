/* A request's bytes from outside, made into values (see request.h). Pure; the fuzz target http_request feeds it. The
 * HTTP parser in front (libwebsockets) has cut lines and decoded percents already, but is lenient: lengths with signs,
 * doubled headers (joined by a blank), NULs in paths all reach us, and end here. */
#include "web/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fieldline/number.h"
#include "web/cookie.h"

struct request *request_new(void) {
    struct request *request = mem_alloc(sizeof *request);
    request->if_match = -1;
    buf_init(&request->body, REQUEST_BODY_BYTES);
    return request;
}

void request_free(struct request *request) {
    if (request == NULL) {
        return;
    }
    query_fini(&request->query);
    buf_wipe(&request->body); /* may hold a password */
    wipe(request->login, sizeof request->login);
    free(request);
}

enum result request_set_path(struct request *request, const char *path, size_t chars, struct fault *fault) {
    if (chars == 0 || path[0] != '/') {
        return fault_set(fault, RESULT_BAD_INPUT, "the path does not begin with a slash");
    }
    if (chars > REQUEST_PATH_BYTES) {
        return fault_set(fault, RESULT_TOO_BIG, "the path has more than %d bytes", REQUEST_PATH_BYTES);
    }
    for (size_t i = 0; i < chars; i++) {
        if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f) {
            return fault_set(fault, RESULT_BAD_INPUT, "the path holds control characters");
        }
    }
    if (!utf8_valid(path, chars)) {
        return fault_set(fault, RESULT_BAD_INPUT, "the path is not UTF-8");
    }
    memcpy(request->path, path, chars);
    request->path[chars] = '\0';
    return RESULT_OK;
}

void request_set_cookies(struct request *request, const char *header, size_t chars) {
    char token[AUTH_TOKEN_CHARS + 1];
    uint8_t digest[SHA256_BYTES];
    request->has_login =
        cookie_find(header, chars, COOKIE_NAME, token, sizeof token) == RESULT_OK && auth_token_digest(token, digest);
    if (request->has_login) {
        memcpy(request->login, token, sizeof token);
    }
    wipe(token, sizeof token);
}

enum result request_set_if_match(struct request *request, const char *text, struct fault *fault) {
    size_t chars = strlen(text);
    if (strcmp(text, "*") == 0) {
        return RESULT_OK;
    }
    if (chars >= 2 && text[0] == '"' && text[chars - 1] == '"') {
        text++;
        chars -= 2;
    }
    if (!number_i64(text, chars, 0, INT64_MAX, &request->if_match)) {
        request->if_match = -1;
        return fault_set(fault, RESULT_BAD_INPUT, "If-Match must be one version, as the ETag gave it");
    }
    return RESULT_OK;
}

enum result request_content_length(const char *text, int64_t *out, struct fault *fault) {
    size_t chars = strlen(text);
    if (chars == 0 || strspn(text, "0123456789") != chars) {
        return fault_set(fault, RESULT_BAD_INPUT, "Content-Length is not a number of bytes");
    }
    if (chars > 18 || !number_i64(text, chars, 0, REQUEST_BODY_BYTES, out)) {
        return fault_set(fault, RESULT_TOO_BIG, "the body has more than %d bytes", REQUEST_BODY_BYTES);
    }
    return RESULT_OK;
}

bool is_json_type(const char *content_type) {
    static const char json[] = "application/json";
    size_t chars = sizeof json - 1;
    if (content_type == NULL || strncasecmp(content_type, json, chars) != 0) {
        return false;
    }
    const char *rest = content_type + chars;
    rest += strspn(rest, " \t");
    if (*rest == '\0') {
        return true;
    }
    if (*rest != ';') {
        return false;
    }
    rest += 1 + strspn(rest + 1, " \t");
    return strcasecmp(rest, "charset=utf-8") == 0 || strcasecmp(rest, "charset=\"utf-8\"") == 0;
}

bool is_loopback_address(const char *address) {
    const char *v4 = strncasecmp(address, "::ffff:", 7) == 0 ? address + 7 : address;
    return strncmp(v4, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}
