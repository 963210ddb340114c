/* The process in a terminal: a session of its own with the pty as its controlling terminal, a small environment,
 * nothing inherited. */
#pragma once
#include <sys/types.h>

#include "session/pty.h"

struct shell {
    pid_t pid; /* also its session and process group */
    int pid_fd, master_fd;
};
struct shell_end {
    int status, signal_number; /* status -1 when a signal ended it */
};
FL_CHECK enum result shell_start(const struct pty_options *options, struct shell *out, struct fault *fault);
void shell_signal(const struct shell *shell, int signal_number); /* to its process group */
/* How it ended, without reaping it; kills it when it still runs. May be called once it has exited, or to end it. */
struct shell_end shell_end(const struct shell *shell);
/* Kills what is left of its group, reaps it, closes all. */
void shell_reap(struct shell *shell);
