/* Rows of evidence. Parts are kept as the product coded them: a store's chunk of 1,024 samples of one series would be
 * a third smaller and would lose the log lines between them; evidence is rare and bounded (CAP_EVIDENCE_BYTES each).
 * What all of them take is a tally that triggers keep, so the bound costs no scan. */
#include "store/evidence.h"

#include <stdio.h>

#include "store/crc32.h"
#include "store/evidence_row.h"
#include "store/handle.h"

enum { TRIM_ROWS = 4 };

static const char *const state_names[EVIDENCE_STATE_COUNT] = {
    [EVIDENCE_ASKED] = "asked",     [EVIDENCE_ARRIVING] = "arriving", [EVIDENCE_COMPLETE] = "complete",
    [EVIDENCE_PARTIAL] = "partial", [EVIDENCE_FAILED] = "failed",     [EVIDENCE_DROPPED] = "dropped"};

const char *evidence_state_name(enum evidence_state state) {
    return state_names[state];
}

uint32_t evidence_part_sum(int64_t shift_ms, const void *block, size_t bytes) {
    return crc32_add(crc32_add(0, &shift_ms, sizeof shift_ms), block, bytes);
}

static enum result insert(struct store *store, struct evidence *e) {
    struct query q = query_of(&store->sql, "INSERT INTO evidence(uuid, device, ticket, alarm, asked_ms, raised_ms,"
                                           " from_ms, to_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?) RETURNING id");
    put_text(&q, e->uuid);
    put_int(&q, e->device);
    put_int(&q, e->ticket);
    put_int(&q, e->alarm);
    put_int(&q, e->asked_ms);
    put_int(&q, e->raised_ms);
    put_int(&q, e->from_ms);
    put_int(&q, e->to_ms);
    if (query_next(&q))
        e->id = take_int(&q);
    return query_run(&q);
}

enum result store_evidence_put(struct store *store, struct evidence *e) {
    const enum result result = e->id == 0 ? insert(store, e) : RESULT_OK;
    if (result != RESULT_OK)
        return result;
    struct query q =
        query_of(&store->sql, "UPDATE evidence SET state = ?, is_open = ?, why = ?, first_ms = ?, last_ms = ?,"
                              " samples = ?, logs = ?, series = ?, parts = ?, bytes = ?, missed = ?, next = ?,"
                              " recorder = ? WHERE id = ?");
    put_int(&q, e->state);
    put_int(&q, e->state == EVIDENCE_ASKED || e->state == EVIDENCE_ARRIVING);
    put_text(&q, e->why);
    put_int(&q, e->first_ms);
    put_int(&q, e->last_ms);
    put_int(&q, e->samples);
    put_int(&q, e->logs);
    put_int(&q, e->series);
    put_int(&q, e->parts);
    put_int(&q, e->bytes);
    put_int(&q, e->missed);
    put_int(&q, (int64_t)e->next);
    put_text(&q, e->recorder);
    put_int(&q, e->id);
    return query_run(&q);
}

enum result store_evidence_find(struct store *store, const char *uuid, struct evidence *out) {
    struct query q = query_of(&store->sql, "SELECT " EVIDENCE_COLUMNS EVIDENCE_FROM "WHERE e.uuid = ?");
    put_text(&q, uuid);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take_evidence(&q, out);
    query_close(&q);
    return RESULT_OK;
}

enum result store_evidence_of(struct store *store, int64_t ticket, evidence_row_fn *fn, void *self) {
    struct query q =
        query_of(&store->sql, "SELECT " EVIDENCE_COLUMNS EVIDENCE_FROM "WHERE e.ticket = ? ORDER BY e.id LIMIT 1000");
    put_int(&q, ticket);
    while (query_next(&q)) {
        struct evidence row;
        take_evidence(&q, &row);
        fn(self, &row);
    }
    return query_end(&q);
}

enum result store_evidence_names(struct store *store, int64_t id, struct buf *out) {
    struct query q = query_of(&store->sql, "SELECT names FROM evidence WHERE id = ?");
    put_int(&q, id);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    buf_reset(out);
    buf_str(out, take_text(&q));
    query_close(&q);
    return RESULT_OK;
}

enum result store_evidence_set_names(struct store *store, int64_t id, const char *names) {
    struct query q = query_of(&store->sql, "UPDATE evidence SET names = ? WHERE id = ?");
    put_text(&q, names);
    put_int(&q, id);
    return query_run(&q);
}

enum result store_evidence_recent(struct store *store, int64_t device, int64_t since_ms, int64_t *count,
                                  int64_t *newest_ms, bool *is_open) {
    struct query q = query_of(&store->sql, "SELECT count(*), coalesce(max(asked_ms), 0), coalesce(max(is_open), 0)"
                                           " FROM evidence WHERE device = ? AND asked_ms >= ?");
    put_int(&q, device);
    put_int(&q, since_ms);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *count = take_int(&q);
    *newest_ms = take_int(&q);
    *is_open = take_int(&q) != 0;
    query_close(&q);
    return RESULT_OK;
}

enum result store_evidence_part_add(struct store *store, int64_t id, int64_t part, int64_t shift_ms, const void *block,
                                    size_t bytes) {
    struct query q = query_of(&store->sql, "INSERT INTO evidence_part(evidence, part, shift_ms, crc, bytes)"
                                           " VALUES(?, ?, ?, ?, ?)");
    put_int(&q, id);
    put_int(&q, part);
    put_int(&q, shift_ms);
    put_int(&q, evidence_part_sum(shift_ms, block, bytes));
    put_blob(&q, block, bytes);
    return query_run(&q);
}

/* The oldest that have parts, whatever has become of their tickets: the newest is what somebody works on. */
static enum result drop_oldest(struct store *store) {
    struct query q =
        query_of(&store->sql, "DELETE FROM evidence_part WHERE evidence IN"
                              " (SELECT id FROM evidence WHERE bytes > 0 AND is_open = 0 ORDER BY id LIMIT ?)");
    put_int(&q, TRIM_ROWS);
    const enum result result = query_run(&q);
    if (result != RESULT_OK)
        return result;
    q = query_of(&store->sql, "UPDATE evidence SET bytes = 0, parts = 0, state = ? WHERE id IN"
                              " (SELECT id FROM evidence WHERE bytes > 0 AND is_open = 0 ORDER BY id LIMIT ?)");
    put_int(&q, EVIDENCE_DROPPED);
    put_int(&q, TRIM_ROWS);
    return query_run(&q);
}

enum result store_evidence_trim(struct store *store, int64_t max_bytes) {
    struct query q = query_of(&store->sql, "SELECT n FROM tally WHERE name = 'evidence_bytes'");
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    const int64_t bytes = take_int(&q);
    query_close(&q);
    return bytes > max_bytes ? drop_oldest(store) : RESULT_OK;
}
