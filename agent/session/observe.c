/* Reads the tap while somebody observes. What lay in the socket from before is old and thrown away at the start. */
#include "session/observe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fieldline/caps.h"
#include "fieldline/json.h"
#include "fieldline/log.h"

enum { LINE_BYTES = 15 * 1024, NAME_BYTES = CAP_METRIC_BYTES + CAP_PART_BYTES + 1, LINES_A_TURN = 64 };

struct observe {
    struct loop *loop;
    int tap_fd;
    bool is_on;
    observe_line_fn *line;
    void *self;
};

struct observe *observe_new(struct loop *loop, int tap_fd, observe_line_fn *line, void *self) {
    struct observe *o = mem_alloc(sizeof *o);
    *o = (struct observe){.loop = loop, .tap_fd = tap_fd, .line = line, .self = self};
    return o;
}

static void close_tap(struct observe *o) {
    observe_stop(o);
    if (o->tap_fd >= 0) {
        close(o->tap_fd);
    }
    o->tap_fd = -1;
}

void observe_free(struct observe *o) {
    if (o != NULL) {
        close_tap(o);
        free(o);
    }
}

static enum result translate_sample(const struct json *line, struct buf *params, struct fault *fault) {
    int64_t at_ms;
    double value;
    const char *metric;
    enum result result;
    if ((result = json_integer(line, "t", 0, INT64_MAX / 2, &at_ms, fault)) != RESULT_OK ||
        (result = json_string(line, "metric", NAME_BYTES, &metric, fault)) != RESULT_OK ||
        (result = json_number(line, "v", &value, fault)) != RESULT_OK) {
        return result;
    }
    struct json_out j = json_out(params);
    jo_object(&j, NULL);
    jo_int(&j, "t", at_ms);
    jo_object(&j, "values");
    jo_num(&j, metric, value);
    jo_end(&j);
    jo_end(&j);
    return RESULT_OK;
}

static enum result translate_log(const struct json *line, struct buf *params, struct fault *fault) {
    int64_t at_ms, severity;
    const char *text, *app;
    enum result result;
    if ((result = json_integer(line, "t", 0, INT64_MAX / 2, &at_ms, fault)) != RESULT_OK ||
        (result = json_string(line, "log", CAP_LOG_TEXT_BYTES, &text, fault)) != RESULT_OK ||
        (result = json_integer(line, "sev", 0, 7, &severity, fault)) != RESULT_OK ||
        (result = json_string(line, "app", CAP_LOG_APP_BYTES, &app, fault)) != RESULT_OK) {
        return result;
    }
    struct json_out j = json_out(params);
    jo_object(&j, NULL);
    jo_int(&j, "t", at_ms);
    jo_int(&j, "sev", severity);
    jo_str(&j, "app", app);
    jo_str(&j, "msg", text);
    jo_end(&j);
    return RESULT_OK;
}

enum result observe_translate(const char *line, size_t bytes, const char **method, struct buf *params,
                              struct fault *fault) {
    struct json *object = NULL;
    enum result result = json_parse(line, bytes, &object, fault);
    if (result == RESULT_OK && !json_is_object(object)) {
        result = fault_set(fault, RESULT_BAD_INPUT, "a live line must be an object");
    }
    if (result == RESULT_OK) {
        bool is_log = json_get(object, "log") != NULL;
        *method = is_log ? "observe.log" : "observe.sample";
        result = is_log ? translate_log(object, params, fault) : translate_sample(object, params, fault);
    }
    json_free(object);
    return result;
}

static void on_line(struct observe *o, const char *line, size_t bytes) {
    const char *method;
    struct fault fault;
    struct buf params;
    buf_init(&params, CAP_FRAME_BYTES - 128);
    if (observe_translate(line, bytes, &method, &params, &fault) != RESULT_OK || params.overflow) {
        log_debug("session.observe", "bad_line", "reason=%s", log_text(fault.text));
    } else {
        o->line(o->self, method, buf_text(&params), params.count);
    }
    buf_fini(&params);
}

static void on_tap(void *self, uint32_t events) {
    struct observe *o = self;
    char line[LINE_BYTES];
    (void)events;
    for (int i = 0; i < LINES_A_TURN && o->is_on; i++) {
        ssize_t n = recv(o->tap_fd, line, sizeof line, MSG_DONTWAIT);
        if (n > 0) {
            on_line(o, line, (size_t)n);
        } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        } else {
            log_info("session.observe", "agent_gone", "the session goes on");
            close_tap(o);
        }
    }
}

enum result observe_start(struct observe *o, struct fault *fault) {
    char line[LINE_BYTES];
    if (o->is_on) {
        return RESULT_OK;
    }
    while (o->tap_fd >= 0 && recv(o->tap_fd, line, sizeof line, MSG_DONTWAIT) > 0) {
    }
    if (o->tap_fd < 0 || loop_watch(o->loop, o->tap_fd, EPOLLIN, on_tap, o) != RESULT_OK) {
        return fault_set(fault, RESULT_CLOSED, "the product's agent does not send live lines");
    }
    o->is_on = true;
    return RESULT_OK;
}

void observe_stop(struct observe *o) {
    if (o->is_on) {
        loop_unwatch(o->loop, o->tap_fd);
    }
    o->is_on = false;
}
