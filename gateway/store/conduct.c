/* One row a device that ever introduced its clock or was in trouble. Two boots are enough: messages of an older one
 * were dropped from its spool long ago, or are believed. */
#include "store/conduct.h"

#include <string.h>

#include "store/handle.h"

static void put_reference(struct query *q, const struct clock_reference *r) {
    put_text(q, r->boot);
    put_int(q, r->zero_ms);
    put_int(q, r->mono_ms);
    put_int(q, r->error_ms);
    put_int(q, r->bias_ms);
}

static void take_reference(struct query *q, struct clock_reference *r) {
    strncpy(r->boot, take_text(q), CAP_UUID_BYTES);
    r->zero_ms = take_int(q);
    r->mono_ms = take_int(q);
    r->error_ms = take_int(q);
    r->bias_ms = take_int(q);
}

enum result store_conduct_put(struct store *store, int64_t device, const struct conduct *c) {
    struct query q =
        query_of(&store->sql, "INSERT OR REPLACE INTO conduct VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, device);
    put_reference(&q, &c->clock.now);
    put_reference(&q, &c->clock.before);
    for (int kind = 0; kind < CONDUCT_COUNT; kind++)
        put_int(&q, c->troubles[kind].since_ms);
    put_int(&q, (int64_t)c->troubles[CONDUCT_FLOODING].count);
    return query_run(&q);
}

enum result store_conducts_load(struct store *store, conduct_fn *fn, void *self) {
    struct query q = query_of(&store->sql, "SELECT device, boot, zero_ms, mono_ms, error_ms, bias_ms, before_boot,"
                                           " before_zero_ms, before_mono_ms, before_error_ms, before_bias_ms,"
                                           " clock_since_ms, shared_since_ms, flapping_since_ms, flooding_since_ms,"
                                           " dropped FROM conduct ORDER BY device");
    while (query_next(&q)) {
        struct conduct c = {0};
        const int64_t device = take_int(&q);
        take_reference(&q, &c.clock.now);
        take_reference(&q, &c.clock.before);
        for (int kind = 0; kind < CONDUCT_COUNT; kind++)
            c.troubles[kind].since_ms = take_int(&q);
        c.troubles[CONDUCT_FLOODING].count = (uint64_t)take_int(&q);
        fn(self, device, &c);
    }
    return query_end(&q);
}
