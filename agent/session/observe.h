/* Live samples and log lines from the resident agent, as messages of the session. The agent offers them on a socket,
 * one JSON object a packet (agent/launcher.h); while nobody observes they are not read and the agent drops them. When
 * the agent is gone, observing is over and the session is not. Loop thread only. */
#pragma once
#include "fieldline/bytes.h"
#include "loop.h"

struct observe;
/* Gets the params of observe.sample or observe.log, a JSON object. */
typedef void observe_line_fn(void *self, const char *method, const char *params_json, size_t bytes);
/* tap_fd: the socket, taken in; -1: there is none. */
struct observe *observe_new(struct loop *loop, int tap_fd, observe_line_fn *line, void *self);
void observe_free(struct observe *observe);
/* RESULT_CLOSED: the agent is gone. */
FL_CHECK enum result observe_start(struct observe *observe, struct fault *fault);
void observe_stop(struct observe *observe);
/* One line -> method and params; refuses what the agent would not have sent. */
FL_CHECK enum result observe_translate(const char *line, size_t bytes, const char **method, struct buf *params,
                                       struct fault *fault);
