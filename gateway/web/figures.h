/* The edge's own figures: counted on the edge thread and on reader threads, printed for /metrics. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#include "fieldline/bytes.h"
#include "fieldline/histogram.h"

/* What a request was for, as far as its duration goes. */
enum request_class {
    REQUEST_READ,    /* the store is asked */
    REQUEST_CHANGE,  /* waits for a turn and its commit */
    REQUEST_LOGIN,   /* a password is hashed */
    REQUEST_FILE,    /* of the console */
    REQUEST_WATCH,   /* /metrics, /healthz */
    REQUEST_REFUSED, /* by its head alone */
    REQUEST_CLASSES
};
struct figures {
    struct histogram request_seconds[REQUEST_CLASSES]; /* head received -> answer ready to leave */
    struct histogram read_seconds;                     /* a read handler on its reader thread */
    atomic_uint_fast64_t requests[6];                  /* by the status' first digit */
    atomic_uint_fast64_t logins_failed, logins_throttled, overloaded, upgrades_refused, timeouts;
    atomic_int_fast64_t connections, connections_refused, sockets, sessions;
};
void figures_count_status(struct figures *figures, int status);
/* `self` is a struct figures. Prometheus text format. */
void figures_print(void *self, struct buf *out);
