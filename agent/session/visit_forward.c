/* Ports of the product, and its screen: forward.list, forward.open, screen.list, screen.open. The answer to an open is
 * given when the connection is there, or is known never to be. */
#include "session/forward.h"
#include "session/visit_inside.h"

enum { LIST_BYTES = CAP_FRAME_BYTES - 128 };

static void on_connected(void *self, int64_t id) {
    visit_answer_nothing(self, id);
}

/* A session that is ending has nobody to answer to. */
static void on_failed(void *self, int64_t id, enum result result, const char *text) {
    struct visit *v = self;
    if (v->phase == VISIT_LIVE) {
        visit_answer_error(v, id, result, text);
    }
}

const struct forward_events visit_forward_events = {.connected = on_connected, .failed = on_failed};

static enum result list_ports(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    struct buf json;
    (void)params, (void)fault;
    buf_init(&json, LIST_BYTES);
    forwards_list(v->forwards, &json);
    visit_answer(v, id, buf_text(&json), json.count);
    buf_fini(&json);
    return RESULT_OK;
}

static enum result list_screens(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    struct buf json;
    (void)params, (void)fault;
    buf_init(&json, LIST_BYTES);
    forwards_list_screens(v->forwards, &json);
    visit_answer(v, id, buf_text(&json), json.count);
    buf_fini(&json);
    return RESULT_OK;
}

static enum result open_one(struct visit *v, const struct json *params, struct forward_order *order,
                            struct fault *fault) {
    enum result result = json_integer(params, "stream", 1, UINT16_MAX, &order->stream, fault);
    if (result == RESULT_OK) {
        result = json_string(params, "name", CAP_CODE_BYTES, &order->name, fault);
    }
    return result == RESULT_OK ? forward_open(v->forwards, order, fault) : result;
}

static enum result open_port(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    return open_one(v, params, &(struct forward_order){.id = id}, fault);
}

static enum result open_screen(struct visit *v, const struct json *params, int64_t id, struct fault *fault) {
    bool is_view_only = true;
    enum result result = json_bool(params, "view_only", &is_view_only, fault);
    if (result != RESULT_OK) {
        return result;
    }
    return open_one(v, params, &(struct forward_order){.id = id, .is_screen = true, .wants_hands = !is_view_only},
                    fault);
}

static const struct visit_verb forward_rows[] = {
    {"forward.list", CAPABILITY_FORWARD, true, list_ports},
    {"forward.open", CAPABILITY_FORWARD, true, open_port},
};
const struct visit_verbs visit_forward = {forward_rows, sizeof forward_rows / sizeof *forward_rows};

static const struct visit_verb screen_rows[] = {
    {"screen.list", CAPABILITY_SCREEN, true, list_screens},
    {"screen.open", CAPABILITY_SCREEN, true, open_screen},
};
const struct visit_verbs visit_screen = {screen_rows, sizeof screen_rows / sizeof *screen_rows};
