/* Any bytes as the parts of a request's head, as the HTTP parser hands them over: lines of path, arguments joined by
 * '&', Content-Length, If-Match, Content-Type, Origin, Host, Accept-Encoding. What is accepted is within its bounds. */
#include <stdlib.h>
#include <string.h>

#include "web/asset.h"
#include "web/origin.h"
#include "web/request.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

enum { PATH, ARGUMENTS, LENGTH, IF_MATCH, TYPE, ORIGIN, HOST, ENCODING, LINES };

static void check_path(struct request *request, const char *path, size_t chars) {
    if (request_set_path(request, path, chars, NULL) != RESULT_OK) {
        return;
    }
    if (strlen(request->path) != chars || request->path[0] != '/' || chars > REQUEST_PATH_BYTES) {
        abort();
    }
    const char *allow = NULL;
    enum result result = route_find(METHOD_GET, request->path, &request->route, request->id, &allow);
    if (result == RESULT_OK
            ? request->route == NULL || strlen(request->id) > ROUTE_ID_BYTES || strchr(request->id, '/') != NULL
            : result == RESULT_CONFLICT && allow == NULL) {
        abort();
    }
}

static void check_arguments(struct query *query, const char *text, size_t chars) {
    struct fault fault = {""};
    int64_t number;
    bool flag;
    for (size_t at = 0; at <= chars;) {
        const char *end = memchr(text + at, '&', chars - at);
        size_t item = end == NULL ? chars - at : (size_t)(end - text) - at;
        if (query_add(query, text + at, item, &fault) != RESULT_OK && fault.text[0] == '\0') {
            abort();
        }
        at += item + 1;
    }
    for (size_t i = 0; i < query->count; i++) {
        const char *value = query_text(query, query->items[i].name);
        if (value == NULL || strlen(value) > QUERY_VALUE_BYTES || !utf8_valid(value, strlen(value))) {
            abort();
        }
    }
    if (query_integer(query, "limit", 1, 500, 100, &number, &fault) == RESULT_OK && (number < 1 || number > 500)) {
        abort();
    }
    (void)!query_bool(query, "active", false, &flag, &fault);
    (void)!query_only(query, "limit active q", &fault);
}

static void check_headers(struct request *request, char *const lines[LINES]) {
    int64_t length = -1;
    if (request_content_length(lines[LENGTH], &length, NULL) == RESULT_OK &&
        (length < 0 || length > REQUEST_BODY_BYTES)) {
        abort();
    }
    if (request_set_if_match(request, lines[IF_MATCH], NULL) != RESULT_OK && request->if_match != -1) {
        abort();
    }
    (void)is_json_type(lines[TYPE]);
    (void)accepts_gzip(lines[ENCODING]);
    (void)is_loopback_address(lines[HOST]);
    struct origin_facts facts = {.host = lines[HOST], .origin = lines[ORIGIN]};
    if (origin_check_change(&facts, NULL) == RESULT_OK && strlen(lines[ORIGIN]) < strlen("https://")) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count) {
    char *lines[LINES];
    size_t chars[LINES];
    for (int i = 0; i < LINES; i++) {
        const unsigned char *end = memchr(bytes, '\n', count);
        chars[i] = end == NULL ? count : (size_t)(end - bytes);
        lines[i] = mem_alloc(chars[i] + 1);
        memcpy(lines[i], bytes, chars[i]);
        size_t used = end == NULL ? count : chars[i] + 1;
        bytes += used;
        count -= used;
    }
    struct request *request = request_new();
    check_path(request, lines[PATH], chars[PATH]);
    check_arguments(&request->query, lines[ARGUMENTS], chars[ARGUMENTS]);
    check_headers(request, lines);
    request_free(request);
    for (int i = 0; i < LINES; i++) {
        free(lines[i]);
    }
    return 0;
}
