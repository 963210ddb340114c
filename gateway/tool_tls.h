/* TLS to one gateway, for command line tools: an address, and connections to it one after the other. The only file of
 * the tools that includes OpenSSL. */
#pragma once
#include "fieldline/bytes.h"

enum { TOOL_WAIT_S = 20 /* for each step of a connection that blocks */ };

struct tool_address {
    char host[256]; /* without brackets */
    char port[6];
};
/* "https://HOST[:PORT]" */
FL_CHECK enum result tool_address_parse(const char *url, struct tool_address *out, struct fault *fault);

struct tool_tls;
/* `ca`: PEM file; NULL: the system's. */
FL_CHECK enum result tool_tls_new(const struct tool_address *address, const char *ca, struct tool_tls **out,
                                  struct fault *fault);
void tool_tls_free(struct tool_tls *tls); /* NULL is fine */
/* A new connection; hangs up the one before. Blocks, as its reads and writes do until tool_tls_unblock. RESULT_DENIED:
 * the certificate is not the gateway's. */
FL_CHECK enum result tool_tls_dial(struct tool_tls *tls, struct fault *fault);
void tool_tls_hang_up(struct tool_tls *tls);
FL_CHECK bool tool_tls_unblock(struct tool_tls *tls);
int tool_tls_fd(const struct tool_tls *tls);
/* How many bytes; 0: none now (only when unblocked); -1: it broke. One read takes at most TOOL_READ_BYTES. */
enum { TOOL_READ_BYTES = 16 * 1024 };
int tool_tls_read(struct tool_tls *tls, uint8_t out[TOOL_READ_BYTES]);
int tool_tls_write(struct tool_tls *tls, const void *bytes, size_t count);
bool tool_tls_wants_write(const struct tool_tls *tls); /* the last read or write waits for room to write */
