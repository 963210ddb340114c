/* Live samples and log lines from the resident agent, as messages of the session. The agent offers them on a socket,
 * one JSON object a packet (agent/tap.h), and only while it is asked to: the question goes the other way on the same
 * socket. Here they are filtered, and the newest value of each series is told once an interval. When the agent is gone,
 * observing is over and the session is not. Loop thread only. */
#pragma once
#include "fieldline/bytes.h"
#include "fieldline/caps.h"
#include "fieldline/json.h"
#include "loop.h"

enum {
    OBSERVE_METRICS = 32,   /* prefixes in one wish */
    OBSERVE_LEAST_MS = 100, /* of an interval, whatever is asked for */
    OBSERVE_MOST_MS = 60 * 1000,
    OBSERVE_USUAL_MS = 1000,
    OBSERVE_SERIES = 512, /* told in one interval; others wait for the next one */
    OBSERVE_CONTAINS_BYTES = 100
};
/* What the engineer wants to see: params of observe.start. A second start changes it. */
struct observe_wish {
    int64_t interval_ms;
    bool has_metrics; /* else all */
    size_t metric_count;
    char metrics[OBSERVE_METRICS][CAP_METRIC_BYTES + 1];                   /* "temp" also takes "temp_max" */
    int64_t severity;                                                      /* RFC 5424: this one and worse */
    char app[CAP_LOG_APP_BYTES + 1], contains[OBSERVE_CONTAINS_BYTES + 1]; /* "": any */
    int64_t last; /* log lines from before, at most TAP_LAST_MOST */
};
FL_CHECK enum result observe_wish_read(const struct json *params, struct observe_wish *out, struct fault *fault);

struct observe;
/* Gets the params of observe.sample or observe.log, a JSON object. */
typedef void observe_line_fn(void *self, const char *method, const char *params_json, size_t bytes);
/* tap_fd: the socket, taken in; -1: there is none. least_ms: the configuration's bound of the interval. */
struct observe *observe_new(struct loop *loop, int tap_fd, int64_t least_ms, observe_line_fn *line, void *self);
void observe_free(struct observe *observe);
/* *interval_ms: what it is, within the bounds. RESULT_CLOSED: the agent is gone. */
FL_CHECK enum result observe_start(struct observe *observe, const struct observe_wish *wish, int64_t *interval_ms,
                                   struct fault *fault);
void observe_stop(struct observe *observe);
