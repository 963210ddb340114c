/* One TLS connection to the broker with a device's certificate. Blocking while it is being made, then not: what the
 * socket does not take waits in `out`, so that a broker that reads slowly holds up this device and not the others. */
#pragma once
#include <stdbool.h>
#include <openssl/types.h>

#include "fieldline/bytes.h"

struct connection {
    SSL *tls;
    int fd;
    const char *name; /* for messages; borrowed */
    struct buf out;
    size_t out_at;
    uint8_t in[64 * 1024];
    size_t in_count;
};

/* All of them die when the broker refuses or closes: a bench has no use for half of its devices. */
void connection_open(struct connection *c, int port, const char *pki, const char *name);
void connection_close(struct connection *c);
/* From now on nothing blocks. */
void connection_set_nonblocking(struct connection *c);
/* Sends, or keeps the rest for connection_flush. */
void connection_send(struct connection *c, const void *bytes, size_t count);
/* Sends what was kept, as far as the socket takes it. */
void connection_flush(struct connection *c);
static inline bool connection_is_clear(const struct connection *c) {
    return c->out_at == c->out.count;
}
/* Reads once into `in`; false when there is nothing now (or, blocking, when `in` is full). */
bool connection_read(struct connection *c);
const char *connection_protocol(const struct connection *c); /* "TLSv1.3" */
