/* An HTTP answer: made on any thread, then moved to the edge thread, which writes and frees it. */
#pragma once
#include <stdint.h>

#include "fieldline/bytes.h"

struct response {
    int status;
    const char *type; /* Content-Type, static text; NULL: no body */
    struct buf body;  /* the bytes, or */
    const void *kept; /* bytes that outlive the response (console files), or */
    int file;         /* a descriptor, closed by response_free; -1: none */
    size_t kept_bytes;
    int64_t file_bytes;   /* so many of it, from its start */
    char etag[72];        /* with its quotes, "" none */
    char cookie[192];     /* Set-Cookie, "" none */
    const char *allow;    /* for 405, static text; NULL none */
    const char *cache;    /* Cache-Control, static text; NULL: "no-store" */
    int retry_after_s;    /* 0: none */
    bool is_gzip, varies; /* Content-Encoding, Vary: Accept-Encoding */
    bool is_page;         /* a file of the console: gets the console's Content-Security-Policy */
    bool closes;          /* the connection cannot be used for another request */
};
enum { RESPONSE_CAP_BYTES = 32 * 1024 * 1024 };
struct response *response_new(int status);
void response_free(struct response *response);
/* RFC 9457: replaces the body. `code` is a stable word, `detail` a sentence for a person. */
void response_problem(struct response *response, int status, const char *code, const char *format, ...) FL_PRINTF(4, 5);
/* The same from a result: status and code follow from it. */
void response_refuse(struct response *response, enum result result, const struct fault *fault);
int64_t response_length(const struct response *response);
const char *http_status_text(int status);
int http_status_of(enum result result);

struct response_style {
    int64_t wall_ms; /* for Date */
    bool closes;     /* say Connection: close */
    bool is_strict;  /* say Strict-Transport-Security: not on loopback, where a browser would apply it to every port */
};
/* Status line and headers with the empty line, in HTTP/1.1. */
void response_head(const struct response *response, const struct response_style *style, struct buf *out);
