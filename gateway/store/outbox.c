/* The outbox's rows. `next_ms` never lies beyond `expires_ms`: so one index says what is due, what expired is due too,
 * and the caller, who sees expires_ms, decides. */
#include "store/outbox.h"

#include "store/handle.h"

#define COLUMNS                                                                                                        \
    "o.number, o.id, o.device, d.device, o.verb, o.about, o.created_ms, o.expires_ms, o.next_ms, o.tries, o.args"
#define FROM " FROM outbox o JOIN device d ON d.id = o.device "

enum result outbox_add(struct store *store, const struct outbox_row *row) {
    struct query q = query_of(&store->sql, "INSERT INTO outbox(id, device, verb, about, args, created_ms, expires_ms,"
                                           " next_ms, tries) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, min(?8, ?7), ?9)");
    put_text(&q, row->id);
    put_int(&q, row->device_id);
    put_text(&q, row->verb);
    put_text(&q, row->about);
    put_text(&q, row->args_json);
    put_int(&q, row->created_ms);
    put_int(&q, row->expires_ms);
    put_int(&q, row->next_ms);
    put_int(&q, row->tries);
    return query_run(&q);
}

static void take_row(struct query *q, struct outbox_row *out) {
    out->row = take_int(q);
    take_copy(q, out->id, sizeof out->id);
    out->device_id = take_int(q);
    take_copy(q, out->device, sizeof out->device);
    take_copy(q, out->verb, sizeof out->verb);
    take_copy(q, out->about, sizeof out->about);
    out->created_ms = take_int(q);
    out->expires_ms = take_int(q);
    out->next_ms = take_int(q);
    out->tries = take_int(q);
    out->args_json = take_text(q);
}

enum result outbox_due(struct store *store, int64_t now_ms, int max, outbox_fn *fn, void *self) {
    struct query q =
        query_of(&store->sql, "SELECT " COLUMNS FROM "WHERE o.next_ms <= ? ORDER BY o.next_ms, o.number LIMIT ?");
    put_int(&q, now_ms);
    put_int(&q, max);
    while (query_next(&q)) {
        struct outbox_row row;
        take_row(&q, &row);
        fn(self, &row);
    }
    return query_end(&q);
}

enum result outbox_tried(struct store *store, const char *id, int64_t next_ms) {
    struct query q =
        query_of(&store->sql, "UPDATE outbox SET tries = tries + 1, next_ms = min(?, expires_ms) WHERE id = ?");
    put_int(&q, next_ms);
    put_text(&q, id);
    const enum result result = query_run(&q);
    if (result == RESULT_OK && sqlite3_changes(store->sql.db) == 0)
        return RESULT_NOT_FOUND;
    return result;
}

enum result outbox_done(struct store *store, const char *id, struct outbox_row *out) {
    struct outbox_row row;
    struct query q = query_of(&store->sql, "SELECT " COLUMNS FROM "WHERE o.id = ?");
    put_text(&q, id);
    enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take_row(&q, &row);
    query_close(&q);
    row.args_json = NULL; /* it lived in the statement */
    q = query_of(&store->sql, "DELETE FROM outbox WHERE number = ?");
    put_int(&q, row.row);
    result = query_run(&q);
    if (result == RESULT_OK && out != NULL)
        *out = row;
    return result;
}

enum result store_due_step(struct store *store, int64_t step_ms) {
    struct query q = query_of(&store->sql, "UPDATE outbox SET created_ms = created_ms + ?1, next_ms = next_ms + ?1,"
                                           " expires_ms = expires_ms + ?1");
    put_int(&q, step_ms);
    const enum result result = query_run(&q);
    if (result != RESULT_OK)
        return result;
    q = query_of(&store->sql,
                 "UPDATE session SET requested_ms = requested_ms + ? WHERE is_running = 1 AND is_live = 0");
    put_int(&q, step_ms);
    return query_run(&q);
}
