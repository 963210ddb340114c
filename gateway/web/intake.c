/* Takes a request's head out of libwebsockets' header table, which is gone after the callback. Everything that is
 * judged is judged by pure functions (request.h, query.h, origin.h); here are only the library's ways: the path is
 * decoded and cleaned of dots already, arguments come as decoded "name=value" fragments, repeated headers are joined by
 * a blank, unknown headers are asked for by name with their colon. Edge thread. */
#include "web/conn.h"

#include <libwebsockets.h>
#include <string.h>

#include "web/origin.h"

static const struct {
    int lws;
    enum method method;
} methods[] = {{LWSHUMETH_GET, METHOD_GET}, {LWSHUMETH_HEAD, METHOD_HEAD}, {LWSHUMETH_POST, METHOD_POST}};

bool intake_header(const struct conn *conn, int token, char *out, size_t room) {
    out[0] = '\0';
    int chars = lws_hdr_total_length(conn->wsi, (enum lws_token_indexes)token);
    if (chars <= 0) {
        return false;
    }
    if ((size_t)chars >= room || lws_hdr_copy(conn->wsi, out, (int)room, (enum lws_token_indexes)token) < 0) {
        snprintf(out, room, "?"); /* there, and nothing that anybody accepts */
    }
    return true;
}

static bool custom_header(const struct conn *conn, const char *name_colon, char *out, size_t room) {
    out[0] = '\0';
    int name_chars = (int)strlen(name_colon);
    int chars = lws_hdr_custom_length(conn->wsi, name_colon, name_chars);
    if (chars <= 0) {
        return false;
    }
    if ((size_t)chars >= room || lws_hdr_custom_copy(conn->wsi, out, (int)room, name_colon, name_chars) < 0) {
        snprintf(out, room, "?");
    }
    return true;
}

static enum result take_query(const struct conn *conn, struct query *query, struct fault *fault) {
    char text[QUERY_NAME_BYTES + QUERY_VALUE_BYTES + 2];
    for (int i = 0; lws_hdr_fragment_length(conn->wsi, WSI_TOKEN_HTTP_URI_ARGS, i) > 0; i++) {
        int chars = lws_hdr_fragment_length(conn->wsi, WSI_TOKEN_HTTP_URI_ARGS, i);
        if (lws_hdr_copy_fragment(conn->wsi, text, sizeof text, WSI_TOKEN_HTTP_URI_ARGS, i) < 0) {
            return fault_set(fault, RESULT_TOO_BIG, "an argument of %d bytes is too long", chars);
        }
        enum result result = query_add(query, text, (size_t)chars, fault);
        if (result != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

/* The library lets a request line end early (at an encoded line break, say) and takes the rest for a header: then the
 * version is missing. Host once, as RFC 9112 3.2 wants it; a doubled one arrives joined by a blank. */
static enum result check_line(const struct conn *conn, struct fault *fault) {
    char text[256];
    if (!intake_header(conn, WSI_TOKEN_HTTP, text, sizeof text) ||
        (strcmp(text, "HTTP/1.1") != 0 && strcmp(text, "HTTP/1.0") != 0)) {
        return fault_set(fault, RESULT_BAD_INPUT, "the request line is not METHOD PATH HTTP/1.1");
    }
    if (!intake_header(conn, WSI_TOKEN_HOST, text, sizeof text) || strpbrk(text, " \t,?") != NULL) {
        return fault_set(fault, RESULT_BAD_INPUT, "the Host header must be there once");
    }
    return RESULT_OK;
}

enum result intake_head(const struct conn *conn, struct request *request, struct fault *fault) {
    char *path = NULL, text[2048];
    int chars = 0;
    int method = lws_http_get_uri_and_method(conn->wsi, &path, &chars);
    request->method = METHOD_OTHER;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (methods[i].lws == method) {
            request->method = methods[i].method;
        }
    }
    if (method < 0 || path == NULL || chars <= 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "the request has no path");
    }
    enum result result = check_line(conn, fault);
    if (result == RESULT_OK) {
        result = request_set_path(request, path, (size_t)chars, fault);
    }
    if (result == RESULT_OK) {
        result = take_query(conn, &request->query, fault);
    }
    if (result == RESULT_OK && intake_header(conn, WSI_TOKEN_HTTP_IF_MATCH, text, sizeof text)) {
        result = request_set_if_match(request, text, fault);
    }
    if (result != RESULT_OK) {
        return result;
    }
    if (intake_header(conn, WSI_TOKEN_HTTP_COOKIE, text, sizeof text)) {
        request_set_cookies(request, text, strlen(text));
        wipe(text, sizeof text);
    }
    snprintf(request->address, sizeof request->address, "%s", conn->address);
    bool is_forwarded = intake_header(conn, WSI_TOKEN_X_FORWARDED_FOR, text, sizeof text) ||
                        custom_header(conn, "forwarded:", text, sizeof text);
    request->is_local = is_loopback_address(conn->address) && !is_forwarded;
    return RESULT_OK;
}

enum result intake_origin(const struct conn *conn, bool is_socket, struct fault *fault) {
    char host[256], origin[300], fetch_site[32];
    struct origin_facts facts = {0};
    facts.host = intake_header(conn, WSI_TOKEN_HOST, host, sizeof host) ? host : NULL;
    facts.origin = intake_header(conn, WSI_TOKEN_ORIGIN, origin, sizeof origin) ? origin : NULL;
    facts.fetch_site = custom_header(conn, "sec-fetch-site:", fetch_site, sizeof fetch_site) ? fetch_site : NULL;
    return is_socket ? origin_check_socket(&facts, fault) : origin_check_change(&facts, fault);
}
