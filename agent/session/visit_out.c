/* The forms of what leaves a visit. How it leaves (chain, backlog, link): visit_leave of visit_resume.c. */
#include "fieldline/log.h"
#include "session/visit_inside.h"

void visit_send(struct visit *v, const struct buf *json) {
    if (json->overflow) {
        log_error("session.visit", "message_too_big", "bytes=%zu", json->count);
        return;
    }
    visit_leave(v, &(struct frame){.channel = CHANNEL_CONTROL, .bytes = json->data, .count = json->count}, true,
                json->data, json->count);
}

static struct json_out begin(struct buf *text, int64_t id) {
    buf_init(text, CAP_FRAME_BYTES);
    struct json_out j = json_out(text);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    if (id > 0) {
        jo_int(&j, "id", id);
    }
    return j;
}

static void end(struct visit *v, struct json_out *j, struct buf *text) {
    jo_end(j);
    visit_send(v, text);
    buf_fini(text);
}

void visit_notify(struct visit *v, const char *method, const char *params_json, size_t bytes) {
    struct buf text;
    struct json_out j = begin(&text, 0);
    jo_str(&j, "method", method);
    jo_raw(&j, "params", params_json, bytes);
    end(v, &j, &text);
}

void visit_answer(struct visit *v, int64_t id, const char *result_json, size_t bytes) {
    struct buf text;
    struct json_out j = begin(&text, id);
    jo_raw(&j, "result", result_json, bytes);
    end(v, &j, &text);
}

void visit_answer_error(struct visit *v, int64_t id, enum result result, const char *error) {
    struct buf text;
    struct json_out j = begin(&text, id);
    jo_object(&j, "error");
    jo_int(&j, "code", -32000);
    jo_str(&j, "message", error);
    jo_object(&j, "data");
    jo_str(&j, "code", result_name(result));
    jo_end(&j);
    jo_end(&j);
    end(v, &j, &text);
}

void visit_send_terminal(struct visit *v, const void *bytes, size_t count) {
    struct buf message;
    buf_init(&message, CAP_FRAME_BYTES + 1);
    frame_encode(CHANNEL_TERMINAL, bytes, count, &message);
    visit_leave(v, &(struct frame){.channel = CHANNEL_TERMINAL, .bytes = bytes, .count = count}, false, message.data,
                message.count);
    buf_wipe(&message);
}

void visit_send_credit(struct visit *v, const struct credit *credit) {
    struct buf message;
    if (!v->is_linked || v->is_muted) {
        return; /* visit_sync says what is outstanding */
    }
    buf_init(&message, 16);
    credit_encode(credit, &message);
    v->options.link->send(v->options.link_self, false, message.data, message.count);
    buf_fini(&message);
}

static void on_stream_send(void *self, uint16_t stream, const void *bytes, size_t count) {
    struct visit *v = self;
    struct buf message;
    buf_init(&message, CAP_FRAME_BYTES + 1);
    stream_encode(stream, bytes, count, &message);
    visit_leave(v, &(struct frame){.channel = CHANNEL_STREAM, .bytes = message.data + 1, .count = message.count - 1},
                false, message.data, message.count);
    buf_wipe(&message);
}

static void on_stream_credit(void *self, uint16_t stream, uint32_t bytes) {
    visit_send_credit(self, &(struct credit){.channel = CHANNEL_STREAM, .stream = stream, .bytes = bytes});
}

static void on_stream_closed(void *self, const char *params_json, size_t bytes) {
    visit_notify(self, "stream.closed", params_json, bytes);
}

const struct streams_out visit_streams_out = {
    .send = on_stream_send, .credit = on_stream_credit, .closed = on_stream_closed};
