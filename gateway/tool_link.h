/* A command line tool's way into a gateway: logs in as a user over HTTPS and joins one session as a tool (WebSocket
 * query part=tool). Opening blocks, for at most TOOL_WAIT_S at each step; from then on it never does. One thread. */
#pragma once
#include "tool_tls.h"

enum { TOOL_QUEUE_BYTES = 4 * 1024 * 1024 };

struct tool_link;
struct tool_link_options {
    const struct tool_address *address;
    const char *ca; /* PEM; NULL: the system's */
    const char *user, *password, *session;
};
FL_CHECK enum result tool_link_open(const struct tool_link_options *options, struct tool_link **out,
                                    struct fault *fault);
/* Ends the login too. NULL is fine. */
void tool_link_close(struct tool_link *link);

/* For poll(2): the socket, and what to wait for. */
int tool_link_fd(const struct tool_link *link);
short tool_link_events(const struct tool_link *link);
typedef void tool_message_fn(void *self, bool is_text, const uint8_t *bytes, size_t count);
/* Sends what is queued and reads what is there, a call of `message` for each. RESULT_CLOSED: it is over; the fault says
 * why. */
FL_CHECK enum result tool_link_turn(struct tool_link *link, tool_message_fn *message, void *self, struct fault *fault);
/* Queues one message; more than TOOL_QUEUE_BYTES in the queue ends the link at the next turn. */
void tool_link_send(struct tool_link *link, bool is_text, const void *bytes, size_t count);
/* Queues a JSON-RPC message with params "name" (NULL: none) and "stream" (0: none); id 0: no answer is wanted. */
void tool_link_call(struct tool_link *link, int64_t id, const char *method, const char *name, int64_t stream);
size_t tool_link_pending(const struct tool_link *link);
