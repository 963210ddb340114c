/* A child process, started without a shell: its own process group, nothing inherited but what is named here, default
 * signals, watched through a pidfd. Used for consent hooks, diagnostics and the session process. The program that uses
 * this ignores SIGPIPE: a child may end without reading its input. */
#pragma once
#include <sys/types.h>

#include "fieldline/result.h"

struct child_options {
    char *const *argv; /* argv[0] is the program's path; ends with NULL */
    char *const *env;  /* "NAME=value"; ends with NULL */
    bool wants_input;  /* else /dev/null */
    bool wants_output; /* stdout, and stderr too when joins_stderr; else both go to our stderr */
    bool joins_stderr;
    bool is_detached; /* has a session of its own and outlives us; else it dies with us */
    int extra_fd;     /* becomes its descriptor 3; -1: none */
};
struct child {
    pid_t pid; /* also its process group */
    int pid_fd;
    int input_fd, output_fd; /* ours; non-blocking; -1 when not wanted */
};
/* Fails, with the program's path in the fault, also when the program cannot be executed. */
FL_CHECK enum result child_start(const struct child_options *options, struct child *out, struct fault *fault);
/* To the whole group. Only before child_reap. */
void child_signal(const struct child *child, int signal_number);
/* After the pidfd became readable (else it blocks): kills what is left of the group, reaps, closes all. Exit status, or
 * 128 + the signal's number. */
int child_reap(struct child *child);
