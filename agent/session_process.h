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
    const char *consent_statement, *consent_signature, *consent_key, *consent_point; /* NULL: nothing was signed */
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
/* The owner takes the consent back: the same, but with a reason that the engineer sees, and killed after
 * SESSION_STOP_GRACE_MS. */
enum session_stop { SESSION_STOP_OWNER /* ended_by_owner */, SESSION_STOP_WITHDRAWN /* consent_withdrawn */ };
enum { SESSION_STOP_GRACE_MS = 1500 };
void session_process_stop(struct session_process *process, enum session_stop why);
/* A session process that an earlier run of the agent has started and that lives on: from now on as if it was ours.
 * RESULT_NOT_FOUND: there is no such process (any more). */
FL_CHECK enum result session_process_adopt(struct loop *loop, pid_t pid, uint64_t started, session_exit_fn *on_exit,
                                           void *self, struct session_process **out, struct fault *fault);
/* When it began, in the kernel's ticks since boot: with the pid, its name for ever. 0: it is gone. */
uint64_t session_process_started(pid_t pid);
/* The agent goes: with `is_ended` it ends the process and waits for it (at most the grace), else it lets it run on by
 * itself. `on_exit` is not called. NULL is fine. */
void session_process_leave(struct session_process *process, bool is_ended);
