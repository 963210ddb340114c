/* Rows of contracts. */
#include "store/contracts.h"

#include <string.h>

#include "store/handle.h"
#include "store/reader_handle.h"

#define COLUMNS "scope, target, customer, until_ms, capabilities, set_by, set_ms"

static void take(struct query *q, struct contract *out) {
    memset(out, 0, sizeof *out);
    out->scope = (enum contract_scope)take_int(q);
    take_copy(q, out->target, sizeof out->target);
    take_copy(q, out->customer, sizeof out->customer);
    out->until_ms = take_int(q);
    out->capabilities = (uint32_t)take_int(q);
    take_copy(q, out->set_by, sizeof out->set_by);
    out->set_ms = take_int(q);
}

enum result store_contract_put(struct store *store, const struct contract *c) {
    struct query q = query_of(&store->sql, "INSERT INTO contract(" COLUMNS ") VALUES(?, ?, ?, ?, ?, ?, ?)"
                                           " ON CONFLICT(scope, target) DO UPDATE SET customer = excluded.customer,"
                                           " until_ms = excluded.until_ms, capabilities = excluded.capabilities,"
                                           " set_by = excluded.set_by, set_ms = excluded.set_ms");
    put_int(&q, c->scope);
    put_text(&q, c->target);
    put_text(&q, c->customer);
    put_int(&q, c->until_ms);
    put_int(&q, c->capabilities);
    put_text(&q, c->set_by);
    put_int(&q, c->set_ms);
    return query_run(&q);
}

static enum result find(struct store *store, enum contract_scope scope, const char *target, struct contract *out) {
    struct query q = query_of(&store->sql, "SELECT " COLUMNS " FROM contract WHERE scope = ? AND target = ?");
    put_int(&q, scope);
    put_text(&q, target);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take(&q, out);
    query_close(&q);
    return RESULT_OK;
}

enum result store_contract_of(struct store *store, const char *device, const char *site, struct contract *out) {
    const enum result result = find(store, CONTRACT_DEVICE, device, out);
    return result == RESULT_NOT_FOUND && site[0] ? find(store, CONTRACT_SITE, site, out) : result;
}

enum result store_contracts_used(struct store *store, bool *out) {
    struct query q = query_of(&store->sql, "SELECT EXISTS(SELECT 1 FROM contract)");
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *out = take_int(&q) != 0;
    query_close(&q);
    return RESULT_OK;
}

static enum result each(struct query *q, contract_fn *fn, void *self) {
    while (query_next(q)) {
        struct contract contract;
        take(q, &contract);
        fn(self, &contract);
    }
    return query_end(q);
}

enum result reader_contracts(struct reader *reader, enum contract_scope scope, const char *after, int limit,
                             contract_fn *fn, void *self) {
    struct query q = query_of(&reader->sql, "SELECT " COLUMNS " FROM contract WHERE scope = ? AND target > ?"
                                            " ORDER BY target LIMIT ?");
    put_int(&q, scope);
    put_text(&q, after);
    put_int(&q, reader_limit(limit));
    return each(&q, fn, self);
}

enum result store_contracts(struct store *store, contract_fn *fn, void *self) {
    struct query q = query_of(&store->sql, "SELECT " COLUMNS " FROM contract ORDER BY scope, target");
    return each(&q, fn, self);
}
