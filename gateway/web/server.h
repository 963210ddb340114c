/* libwebsockets as this folder uses it: one context, two listening places, one callback. */
#pragma once
#include "web/edge.h"

enum {
    SERVER_HEADER_BYTES = 16 * 1024, /* of one request; more: closed without an answer */
    SERVER_SLOW_S = 8,               /* a handshake, a header block, or the next piece of a body takes no longer */
    SERVER_IDLE_S = 30,              /* a kept-alive connection without a request */
    SERVER_PING_S = 25,
    SERVER_SILENT_S = 40, /* WebSockets: asked for a sign of life, given up */
    SERVER_BUFFER_BYTES = 16 * 1024,
    SERVER_CONNECTIONS_MAX = 4096 /* or what the descriptor limit leaves */
};
/* One at a time in a process: libwebsockets keeps parts of its TLS state for the process. */
struct server;
FL_CHECK enum result server_open(struct web *web, struct server **out, struct fault *fault);
/* After the edge thread has ended: closes every connection at once. */
void server_close(struct server *server);
/* One round: waits for something and serves it. Edge thread. */
void server_serve(struct server *server);
void server_wake(struct server *server); /* any thread */
int server_people_port(const struct server *server);
int server_products_port(const struct server *server);
