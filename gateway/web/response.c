/* Answers and their header block (see response.h). The block is written here, not by libwebsockets' helpers: what
 * leaves is then one pure function that a test reads, with the security headers in one place. No value in it comes from
 * a request; ETag and Set-Cookie are ours. */
#include "web/response.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fieldline/json.h"

static const struct {
    int status;
    const char *text;
} statuses[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

/* What a failed result is over HTTP. */
static const struct {
    enum result result;
    int status;
} results[] = {
    {RESULT_OK, 200},     {RESULT_BAD_INPUT, 400}, {RESULT_TOO_BIG, 413}, {RESULT_NOT_FOUND, 404},
    {RESULT_DENIED, 403}, {RESULT_CONFLICT, 409},  {RESULT_EXPIRED, 410}, {RESULT_FULL, 503},
    {RESULT_BUSY, 503},   {RESULT_CLOSED, 503},    {RESULT_IO, 500},      {RESULT_CORRUPT, 500},
};

/* No inline script or style, no code made at run time, ever. */
static const char page_policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";
static const char data_policy[] = "default-src 'none'; frame-ancestors 'none'";

struct response *response_new(int status) {
    struct response *response = mem_alloc(sizeof *response);
    response->status = status;
    response->file = -1;
    buf_init(&response->body, RESPONSE_CAP_BYTES);
    return response;
}

void response_free(struct response *response) {
    if (response == NULL) {
        return;
    }
    if (response->file >= 0) {
        close(response->file);
    }
    buf_fini(&response->body);
    wipe(response->cookie, sizeof response->cookie);
    free(response);
}

const char *http_status_text(int status) {
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        if (statuses[i].status == status) {
            return statuses[i].text;
        }
    }
    return "Error";
}

int http_status_of(enum result result) {
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        if (results[i].result == result) {
            return results[i].status;
        }
    }
    return 500;
}

void response_problem(struct response *response, int status, const char *code, const char *format, ...) {
    char detail[FAULT_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    response->status = status;
    response->type = "application/problem+json";
    buf_reset(&response->body);
    struct json_out j = json_out(&response->body);
    jo_object(&j, NULL);
    jo_str(&j, "type", "about:blank");
    jo_str(&j, "title", http_status_text(status));
    jo_int(&j, "status", status);
    jo_str(&j, "code", code);
    jo_str(&j, "detail", detail);
    jo_end(&j);
}

void response_refuse(struct response *response, enum result result, const struct fault *fault) {
    const char *text = fault == NULL || fault->text[0] == '\0' ? result_name(result) : fault->text;
    response_problem(response, http_status_of(result), result_name(result), "%s", text);
}

int64_t response_length(const struct response *response) {
    if (response->file >= 0) {
        return response->file_bytes;
    }
    return (int64_t)(response->kept != NULL ? response->kept_bytes : response->body.count);
}

static void add_optional(struct buf *out, const char *name, const char *value) {
    if (value != NULL && value[0] != '\0') {
        buf_printf(out, "%s: %s\r\n", name, value);
    }
}

/* IMF-fixdate of RFC 9110 5.6.7; names are fixed, whatever the locale. */
static void add_date(struct buf *out, int64_t wall_ms) {
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm t;
    gmtime_r(&seconds, &t);
    buf_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n", days + 3 * t.tm_wday, t.tm_mday,
               months + 3 * t.tm_mon, t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

void response_head(const struct response *response, const struct response_style *style, struct buf *out) {
    buf_printf(out, "HTTP/1.1 %d %s\r\n", response->status, http_status_text(response->status));
    add_date(out, style->wall_ms);
    if (response->status != 304 && response->status != 204) {
        add_optional(out, "Content-Type", response->type);
        buf_printf(out, "Content-Length: %lld\r\n", (long long)response_length(response));
    }
    add_optional(out, "ETag", response->etag);
    add_optional(out, "Set-Cookie", response->cookie);
    add_optional(out, "Allow", response->allow);
    add_optional(out, "Content-Encoding", response->is_gzip ? "gzip" : NULL);
    add_optional(out, "Vary", response->varies ? "Accept-Encoding" : NULL);
    if (response->retry_after_s > 0) {
        buf_printf(out, "Retry-After: %d\r\n", response->retry_after_s);
    }
    buf_printf(out, "Cache-Control: %s\r\n", response->cache == NULL ? "no-store" : response->cache);
    buf_printf(out, "Content-Security-Policy: %s\r\n", response->is_page ? page_policy : data_policy);
    buf_str(out, "X-Content-Type-Options: nosniff\r\n"
                 "Referrer-Policy: same-origin\r\n"
                 "Cross-Origin-Opener-Policy: same-origin\r\n"
                 "Cross-Origin-Resource-Policy: same-origin\r\n");
    add_optional(out, "Strict-Transport-Security", style->is_strict ? "max-age=31536000" : NULL);
    buf_printf(out, "Connection: %s\r\n\r\n", style->closes || response->closes ? "close" : "keep-alive");
}
