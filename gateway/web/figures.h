/* The edge's own figures: counted on the edge thread and on reader threads, printed for /metrics. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

#include "fieldline/bytes.h"

struct figures {
    atomic_uint_fast64_t requests[6]; /* by the status' first digit */
    atomic_uint_fast64_t logins_failed, logins_throttled, overloaded, upgrades_refused, timeouts;
    atomic_int_fast64_t connections, sockets, sessions;
};
void figures_count_status(struct figures *figures, int status);
/* `self` is a struct figures. Prometheus text format. */
void figures_print(void *self, struct buf *out);
