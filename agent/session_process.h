/* The process of one session as its parent sees it: started with a grant, fed with live lines, ended. */
#pragma once
#include <sys/types.h>

#include "agent_config.h"
#include "loop.h"
#include "tap.h"

struct session_process;
struct session_order {
    const char *session, *url, *token;
    uint32_t capabilities; /* consented to */
    const char *consent_method, *consent_by;
    int64_t consent_at_ms;
    int64_t duration_ms;
};
typedef void session_exit_fn(void *self, int status);

/* `on_exit` is called once, from the loop, after the process has ended and been reaped; the object frees itself after
 * it. */
FL_CHECK enum result session_process_start(struct loop *loop, const struct agent_config *config,
                                           const struct session_order *order, session_exit_fn *on_exit, void *self,
                                           struct session_process **out, struct fault *fault);
/* The process asks for live lines, or for none any more. */
typedef void session_watch_fn(void *self, const struct tap_watch *watch);
void session_process_on_watch(struct session_process *process, session_watch_fn *on_watch);
pid_t session_process_pid(const struct session_process *process);
/* Never blocks; a process that does not read loses the line. */
void session_process_tap(struct session_process *process, const char *line, size_t bytes);
/* Asks it to end (SIGTERM), kills it after SESSION_END_GRACE_MS. */
enum { SESSION_END_GRACE_MS = 10 * 1000 };
void session_process_end(struct session_process *process);
/* The agent goes: with `is_ended` it ends the process and waits for it (at most the grace), else it lets it run on by
 * itself. `on_exit` is not called. NULL is fine. */
void session_process_leave(struct session_process *process, bool is_ended);
