/* Rows of qualifications: a handful for each person, found by the person. */
#include "store/qualifications.h"

#include <string.h>

#include "store/handle.h"
#include "store/reader_handle.h"

#define COLUMNS                                                                                                        \
    "id, who, model, capabilities, may_break_glass, from_ms, until_ms, given_by, given_ms, is_revoked, revoked_by,"    \
    " revoked_ms"
enum { LISTED_MAX = 1000 };

static void take(struct query *q, struct qualification *out) {
    memset(out, 0, sizeof *out);
    out->id = take_int(q);
    take_copy(q, out->user, sizeof out->user);
    take_copy(q, out->model, sizeof out->model);
    out->capabilities = (uint32_t)take_int(q);
    out->may_break_glass = take_int(q) != 0;
    out->from_ms = take_int(q);
    out->until_ms = take_int(q);
    take_copy(q, out->given_by, sizeof out->given_by);
    out->given_ms = take_int(q);
    out->is_revoked = take_int(q) != 0;
    take_copy(q, out->revoked_by, sizeof out->revoked_by);
    out->revoked_ms = take_int(q);
}

enum result store_qualification_add(struct store *store, struct qualification *given) {
    struct query q =
        query_of(&store->sql, "INSERT INTO qualification(who, model, capabilities, may_break_glass, from_ms, until_ms,"
                              " given_by, given_ms, is_revoked, revoked_by, revoked_ms)"
                              " VALUES(?, ?, ?, ?, ?, ?, ?, ?, 0, '', 0)");
    put_text(&q, given->user);
    put_text(&q, given->model);
    put_int(&q, given->capabilities);
    put_int(&q, given->may_break_glass);
    put_int(&q, given->from_ms);
    put_int(&q, given->until_ms);
    put_text(&q, given->given_by);
    put_int(&q, given->given_ms);
    const enum result result = query_run(&q);
    if (result == RESULT_OK)
        given->id = sqlite3_last_insert_rowid(store->sql.db);
    return result;
}

enum result store_qualification_find(struct store *store, int64_t id, struct qualification *out) {
    struct query q = query_of(&store->sql, "SELECT " COLUMNS " FROM qualification WHERE id = ?");
    put_int(&q, id);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take(&q, out);
    query_close(&q);
    return RESULT_OK;
}

enum result store_qualification_revoke(struct store *store, int64_t id, const char *by, int64_t at_ms) {
    struct query q =
        query_of(&store->sql, "UPDATE qualification SET is_revoked = 1, revoked_by = ?, revoked_ms = ? WHERE id = ?");
    put_text(&q, by);
    put_int(&q, at_ms);
    put_int(&q, id);
    return query_run(&q);
}

static enum result qualified_of(struct sql *sql, const char *user, const char *model, int64_t now_ms,
                                struct qualified *out) {
    struct qualified found = {0};
    struct query q = query_of(sql, "SELECT " COLUMNS " FROM qualification WHERE who = ? AND is_revoked = 0");
    put_text(&q, user);
    while (query_next(&q)) {
        struct qualification row;
        take(&q, &row);
        if (!qualification_is_valid(&row, model, now_ms))
            continue;
        found.capabilities |= row.capabilities;
        found.may_break_glass |= row.may_break_glass;
    }
    enum result result = query_end(&q);
    if (result != RESULT_OK)
        return result;
    q = query_of(sql, "SELECT EXISTS(SELECT 1 FROM qualification WHERE capabilities <> 0)");
    result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    found.is_used = take_int(&q) != 0;
    query_close(&q);
    *out = found;
    return RESULT_OK;
}

enum result store_qualified(struct store *store, const char *user, const char *model, int64_t now_ms,
                            struct qualified *out) {
    return qualified_of(&store->sql, user, model, now_ms, out);
}

enum result reader_qualified(struct reader *reader, const char *user, const char *model, int64_t now_ms,
                             struct qualified *out) {
    return qualified_of(&reader->sql, user, model, now_ms, out);
}

static enum result list(struct sql *sql, const char *user, int limit, qualification_fn *fn, void *self) {
    struct query q = query_of(sql, user ? "SELECT " COLUMNS " FROM qualification WHERE who = ?1"
                                          " ORDER BY is_revoked, id DESC LIMIT ?2"
                                        : "SELECT " COLUMNS " FROM qualification WHERE ?1 = ''"
                                          " ORDER BY is_revoked, id DESC LIMIT ?2");
    put_text(&q, user);
    put_int(&q, limit);
    while (query_next(&q)) {
        struct qualification row;
        take(&q, &row);
        fn(self, &row);
    }
    return query_end(&q);
}

enum result reader_qualifications(struct reader *reader, const char *user, int limit, qualification_fn *fn,
                                  void *self) {
    return list(&reader->sql, user, reader_limit(limit), fn, self);
}

enum result store_qualifications(struct store *store, const char *user, qualification_fn *fn, void *self) {
    return list(&store->sql, user, LISTED_MAX, fn, self);
}
