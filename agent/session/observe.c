/* Reads the tap while somebody observes, and says so to the agent, which costs the product nothing before and after.
 *
 * A sensor may speak a thousand times a second and a screen shows four: of each series the newest value is kept and
 * told once an interval, all in one message. Log lines are told as they come; what the filter leaves out is not sent at
 * all. What lay in the socket from before is old and thrown away at the start. */
#include "session/observe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fieldline/caps.h"
#include "fieldline/log.h"
#include "tap.h"

enum { NAME_BYTES = CAP_METRIC_BYTES + CAP_PART_BYTES + 1, LINES_A_TURN = 64, SAMPLE_BYTES = 12 * 1024 };

struct series {
    char name[NAME_BYTES + 1];
    double value;
    bool is_new;
};
struct observe {
    struct loop *loop;
    int tap_fd;
    bool is_on;
    int64_t least_ms, interval_ms, newest_ms;
    struct observe_wish wish;
    struct loop_timer due;
    size_t series_count;
    struct series series[OBSERVE_SERIES];
    observe_line_fn *line;
    void *self;
};

/* ---- the wish ---------------------------------------------------------------------------------------------------- */

static enum result read_metrics(const struct json *params, struct observe_wish *out, struct fault *fault) {
    const struct json *list;
    if (json_get(params, "metrics") == NULL) {
        return RESULT_OK;
    }
    enum result result = json_array(params, "metrics", OBSERVE_METRICS, &list, fault);
    if (result != RESULT_OK) {
        return result;
    }
    out->has_metrics = true;
    for (size_t i = 0; i < json_count(list); i++) {
        const char *text;
        if (!json_as_string(json_at(list, i), &text) || strlen(text) == 0 || strlen(text) > CAP_METRIC_BYTES) {
            return fault_set(fault, RESULT_BAD_INPUT, "'metrics' has a member that is no name of 1 to %d bytes",
                             CAP_METRIC_BYTES);
        }
        snprintf(out->metrics[out->metric_count++], sizeof out->metrics[0], "%s", text);
    }
    return RESULT_OK;
}

static enum result read_log(const struct json *log, struct observe_wish *out, struct fault *fault) {
    const char *app = NULL, *contains = NULL;
    enum result result;
    if (!json_is_object(log)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'log' must be an object");
    }
    if ((json_get(log, "severity") != NULL &&
         (result = json_integer(log, "severity", 0, 7, &out->severity, fault)) != RESULT_OK) ||
        (result = json_optional_string(log, "app", CAP_LOG_APP_BYTES, &app, fault)) != RESULT_OK ||
        (result = json_optional_string(log, "contains", OBSERVE_CONTAINS_BYTES, &contains, fault)) != RESULT_OK ||
        (json_get(log, "last") != NULL &&
         (result = json_integer(log, "last", 0, TAP_LAST_MOST, &out->last, fault)) != RESULT_OK)) {
        return result;
    }
    snprintf(out->app, sizeof out->app, "%s", app != NULL ? app : "");
    snprintf(out->contains, sizeof out->contains, "%s", contains != NULL ? contains : "");
    return RESULT_OK;
}

enum result observe_wish_read(const struct json *params, struct observe_wish *out, struct fault *fault) {
    enum result result = RESULT_OK;
    *out = (struct observe_wish){.interval_ms = OBSERVE_USUAL_MS, .severity = 7};
    if (json_get(params, "interval_ms") != NULL) {
        result = json_integer(params, "interval_ms", OBSERVE_LEAST_MS, OBSERVE_MOST_MS, &out->interval_ms, fault);
    }
    if (result == RESULT_OK) {
        result = read_metrics(params, out, fault);
    }
    return result == RESULT_OK && json_get(params, "log") != NULL ? read_log(json_get(params, "log"), out, fault)
                                                                  : result;
}

static bool wants_metric(const struct observe_wish *wish, const char *name) {
    for (size_t i = 0; i < wish->metric_count; i++) {
        if (strncmp(name, wish->metrics[i], strlen(wish->metrics[i])) == 0) {
            return true;
        }
    }
    return !wish->has_metrics;
}

static bool wants_log(const struct observe_wish *wish, const struct tap_line *line) {
    return line->severity <= wish->severity && (wish->app[0] == '\0' || strcmp(wish->app, line->app) == 0) &&
           (wish->contains[0] == '\0' || strstr(line->text, wish->contains) != NULL);
}

/* ---- life -------------------------------------------------------------------------------------------------------- */

struct observe *observe_new(struct loop *loop, int tap_fd, int64_t least_ms, observe_line_fn *line, void *self) {
    struct observe *o = mem_alloc(sizeof *o);
    *o = (struct observe){.loop = loop, .tap_fd = tap_fd, .least_ms = least_ms, .line = line, .self = self};
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

/* ---- samples ----------------------------------------------------------------------------------------------------- */

static void keep(struct observe *o, const char *name, double value, int64_t at_ms) {
    size_t i = 0;
    while (i < o->series_count && strcmp(o->series[i].name, name) != 0) {
        i++;
    }
    if (i == OBSERVE_SERIES) {
        return; /* bounded: the first ones are shown */
    }
    if (i == o->series_count) {
        snprintf(o->series[i].name, sizeof o->series[i].name, "%s", name);
        o->series_count++;
    }
    o->series[i].value = value;
    o->series[i].is_new = true;
    o->newest_ms = at_ms > o->newest_ms ? at_ms : o->newest_ms;
}

/* As many as fit into one message; true: there are more. */
static bool tell_some(struct observe *o) {
    struct buf params;
    size_t count = 0, i = 0;
    buf_init(&params, CAP_FRAME_BYTES - 128);
    struct json_out j = json_out(&params);
    jo_object(&j, NULL);
    jo_int(&j, "t", o->newest_ms);
    jo_object(&j, "values");
    for (; i < o->series_count && params.count < SAMPLE_BYTES; i++) {
        if (o->series[i].is_new) {
            jo_num(&j, o->series[i].name, o->series[i].value);
            o->series[i].is_new = false;
            count++;
        }
    }
    jo_end(&j);
    jo_end(&j);
    if (count > 0) {
        o->line(o->self, "observe.sample", buf_text(&params), params.count);
    }
    buf_fini(&params);
    return i < o->series_count;
}

static void on_due(void *self) {
    struct observe *o = self;
    while (tell_some(o)) {
    }
    loop_arm(o->loop, &o->due, o->interval_ms, on_due, o);
}

/* ---- the tap ----------------------------------------------------------------------------------------------------- */

static void tell_log(struct observe *o, const struct tap_line *line) {
    struct buf params;
    buf_init(&params, CAP_FRAME_BYTES - 128);
    struct json_out j = json_out(&params);
    jo_object(&j, NULL);
    jo_int(&j, "t", line->event_ms);
    jo_int(&j, "sev", line->severity);
    jo_str(&j, "app", line->app);
    jo_str(&j, "msg", line->text);
    jo_end(&j);
    if (!params.overflow) {
        o->line(o->self, "observe.log", buf_text(&params), params.count);
    }
    buf_fini(&params);
}

static void on_line(struct observe *o, const char *text, size_t bytes) {
    struct tap_line line;
    struct json *holder;
    struct fault fault;
    if (tap_read(text, bytes, &line, &holder, &fault) != RESULT_OK) {
        log_debug("session.observe", "bad_line", "reason=%s", log_text(fault.text));
        return;
    }
    if (line.is_log && wants_log(&o->wish, &line)) {
        tell_log(o, &line);
    } else if (!line.is_log && wants_metric(&o->wish, line.metric)) {
        keep(o, line.metric, line.value, line.event_ms);
    }
    json_free(holder);
}

static void on_tap(void *self, uint32_t events) {
    struct observe *o = self;
    char line[TAP_LINE_BYTES];
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

/* What the agent does for us from now on; it forgets us when we end, however we end. */
static bool ask(const struct observe *o, const struct tap_watch *watch) {
    struct buf text;
    buf_init(&text, TAP_WATCH_BYTES);
    tap_watch_print(watch, &text);
    bool is_asked = send(o->tap_fd, text.data, text.count, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)text.count;
    buf_fini(&text);
    return is_asked;
}

enum result observe_start(struct observe *o, const struct observe_wish *wish, int64_t *interval_ms,
                          struct fault *fault) {
    char line[TAP_LINE_BYTES];
    while (!o->is_on && o->tap_fd >= 0 && recv(o->tap_fd, line, sizeof line, MSG_DONTWAIT) > 0) {
    }
    int64_t actual_ms = wish->interval_ms > o->least_ms ? wish->interval_ms : o->least_ms;
    if (o->tap_fd < 0 || (!o->is_on && loop_watch(o->loop, o->tap_fd, EPOLLIN, on_tap, o) != RESULT_OK)) {
        return fault_set(fault, RESULT_CLOSED, "the product's agent does not send live lines");
    }
    o->is_on = true;
    o->wish = *wish;
    o->interval_ms = actual_ms;
    o->series_count = 0;
    o->newest_ms = 0;
    if (!ask(o, &(struct tap_watch){.interval_ms = actual_ms, .last = wish->last})) {
        close_tap(o);
        return fault_set(fault, RESULT_CLOSED, "the product's agent does not send live lines");
    }
    loop_arm(o->loop, &o->due, o->interval_ms, on_due, o);
    *interval_ms = actual_ms;
    return RESULT_OK;
}

void observe_stop(struct observe *o) {
    if (o->is_on) {
        loop_unwatch(o->loop, o->tap_fd);
        loop_disarm(o->loop, &o->due);
        (void)!ask(o, &(struct tap_watch){.interval_ms = 0}); /* it may be gone */
    }
    o->is_on = false;
}
