/* One HTTP request, taken out of the parser's hands: checked, decoded, independent of the connection. Made on the edge
 * thread, then moved to the thread that answers it, which frees it. */
#pragma once
#include "web/auth.h"
#include "web/query.h"
#include "web/route.h"

enum { REQUEST_PATH_BYTES = 511, REQUEST_BODY_BYTES = 256 * 1024 };
struct request {
    enum method method;
    char path[REQUEST_PATH_BYTES + 1]; /* decoded */
    struct query query;
    const struct route *route;   /* NULL: a file of the console */
    char id[ROUTE_ID_BYTES + 1]; /* {...} of the route's path */
    uint64_t exchange;           /* which exchange waits for the answer */
    char address[46];            /* of the peer */
    bool is_local;               /* from a loopback address, and not on behalf of somebody else (a proxy says so) */
    bool has_login;
    char login[AUTH_TOKEN_CHARS + 1]; /* the login cookie */
    int64_t if_match;                 /* -1: none */
    struct buf body;
};
struct request *request_new(void);
void request_free(struct request *request);

/* The parts that come as bytes from outside. All refuse rather than repair. */
FL_CHECK enum result request_set_path(struct request *request, const char *path, size_t chars, struct fault *fault);
/* The whole Cookie header. A cookie that is not ours or not a token is as none. */
void request_set_cookies(struct request *request, const char *header, size_t chars);
/* If-Match: "17" or 17 or *. */
FL_CHECK enum result request_set_if_match(struct request *request, const char *text, struct fault *fault);
/* Content-Length: digits and nothing else. RESULT_TOO_BIG: beyond REQUEST_BODY_BYTES. */
FL_CHECK enum result request_content_length(const char *text, int64_t *out, struct fault *fault);
bool is_json_type(const char *content_type); /* application/json, with or without charset=utf-8 */
bool is_loopback_address(const char *address);
