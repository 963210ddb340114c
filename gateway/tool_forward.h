/* A port of a product on this machine: listens on loopback, and each connection that is accepted becomes a stream of a
 * session. Runs until the session is over or a signal comes. */
#pragma once
#include "tool_link.h"

enum { TOOL_CONNECTIONS = 32, TOOL_LINE_BYTES = 256 * 1024 };

struct tool_forward_options {
    struct tool_link *link;
    int listener_fd; /* borrowed */
    int signal_fd;   /* readable: stop, in order; borrowed */
    const char *port_name;
};
/* Returns RESULT_OK after a signal; else why it ended. What concerns one connection alone is said on stderr. */
FL_CHECK enum result tool_forward_run(const struct tool_forward_options *options, struct fault *fault);
