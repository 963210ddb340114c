/* May this request be answered at all? Asked of its head alone, in this order: is it well formed, is its body's length
 * known and bearable, does the address exist, does it know the method, is the body JSON, does it come from our own
 * pages. Who asks and whether his role may is asked later, on a reader thread (api.c). Edge thread; reads headers
 * through intake.c. */
#include "web/conn.h"

#include <libwebsockets.h>

static struct response *refusal(int status, const char *code, const char *text) {
    struct response *response = response_new(status);
    response_problem(response, status, code, "%s", text);
    return response;
}

static struct response *refuse_length(int status, const char *code, const char *text) {
    struct response *response = refusal(status, code, text);
    response->closes = true;
    return response;
}

/* How much body comes. A response: refused. */
static struct response *judge_length(const struct conn *conn, const struct request *request, int64_t *length) {
    char text[64];
    struct fault fault;
    *length = 0;
    if (intake_header(conn, WSI_TOKEN_HTTP_TRANSFER_ENCODING, text, sizeof text)) {
        return refuse_length(411, "length_required", "a body must come with its Content-Length");
    }
    if (!intake_header(conn, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof text)) {
        return request->method != METHOD_POST
                   ? NULL
                   : refuse_length(411, "length_required", "a body must come with its Content-Length");
    }
    enum result result = request_content_length(text, length, &fault);
    if (result != RESULT_OK) {
        return refuse_length(http_status_of(result), result_name(result), fault.text);
    }
    if (*length > 0 && request->method != METHOD_POST) {
        return refuse_length(400, "bad_input", "a body is not expected with this method");
    }
    return NULL;
}

static struct response *judge_route(struct request *request) {
    const char *allow = "GET, HEAD";
    enum result result = RESULT_OK;
    if (route_is_api(request->path)) {
        result = route_find(request->method, request->path, &request->route, request->id, &allow);
    } else if (request->method != METHOD_GET && request->method != METHOD_HEAD) {
        result = RESULT_CONFLICT;
    }
    if (result == RESULT_NOT_FOUND) {
        return refusal(404, "not_found", "there is nothing at this address");
    }
    if (result == RESULT_CONFLICT) {
        struct response *response = refusal(405, "method_not_allowed", "this address does not know that method");
        response->allow = allow;
        return response;
    }
    if (request->route != NULL && request->route->kind == ROUTE_SOCKET) {
        return refusal(426, "upgrade_required", "this address is a WebSocket");
    }
    return NULL;
}

static struct response *judge_change(const struct conn *conn, const struct request *request, int64_t length) {
    char type[128];
    struct fault fault;
    if (request->method != METHOD_POST) {
        return NULL;
    }
    if (length > 0 && (!intake_header(conn, WSI_TOKEN_HTTP_CONTENT_TYPE, type, sizeof type) || !is_json_type(type))) {
        return refusal(415, "unsupported_media_type", "the body must be application/json");
    }
    if (intake_origin(conn, false, &fault) != RESULT_OK) {
        return refusal(403, "foreign_origin", fault.text);
    }
    return NULL;
}

struct response *judge_request(const struct conn *conn, struct request *request, int64_t *length) {
    struct fault fault;
    enum result result = intake_head(conn, request, &fault);
    if (result == RESULT_TOO_BIG) {
        return refuse_length(414, "too_big", fault.text);
    }
    if (result != RESULT_OK) {
        return refuse_length(400, "bad_input", fault.text);
    }
    struct response *response = request->method == METHOD_OTHER ? NULL : judge_length(conn, request, length);
    if (response == NULL && conn->is_products) {
        response = refusal(404, "not_found", "products open their sessions here, with a WebSocket");
    }
    if (response == NULL) {
        response = judge_route(request);
    }
    if (response != NULL && request->method == METHOD_OTHER) {
        response->closes = true; /* of a PUT without a length the library expects a body without an end */
    }
    return response != NULL ? response : judge_change(conn, request, *length);
}
