/* The audit log's chain:  hash = SHA-256(hash of the row before || id || at_ms || each text with its length before it).
 *
 * The row before is read from the file each time, not remembered: another program of ours (the `user` subcommand) may
 * have added one meanwhile, and a rollback then needs no care. The first row follows 32 zero bytes. */
#include "store/audit.h"

#include <stdio.h>
#include <string.h>

#include "store/handle.h"
#include "store/migrate.h"

enum { HASHED_BYTES_MAX = 64 * 1024 };

struct link {
    int64_t id;
    uint8_t hash[SHA256_BYTES];
};

static void add_text(struct buf *b, const char *text) {
    const size_t count = strlen(text);
    buf_add_u32be(b, (uint32_t)count);
    buf_add(b, text, count);
}

/* false: longer than can be hashed. */
static bool chain(const struct link *before, const struct audit_row *row, uint8_t out[SHA256_BYTES]) {
    const char *const texts[] = {row->who, row->what, row->object, row->result, row->detail, row->address};
    struct buf b;
    buf_init(&b, HASHED_BYTES_MAX);
    buf_add(&b, before->hash, SHA256_BYTES);
    buf_add_u64be(&b, (uint64_t)row->id);
    buf_add_u64be(&b, (uint64_t)row->at_ms);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        add_text(&b, texts[i] ? texts[i] : "");
    const bool is_whole = !b.overflow;
    if (is_whole)
        sha256(b.data, b.count, out);
    buf_fini(&b);
    return is_whole;
}

static enum result read_newest(struct sql *sql, struct link *out) {
    struct query q = query_of(sql, "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1");
    *out = (struct link){0};
    if (query_next(&q)) {
        size_t bytes = 0;
        out->id = take_int(&q);
        const void *hash = take_blob(&q, &bytes);
        memcpy(out->hash, hash, bytes < SHA256_BYTES ? bytes : SHA256_BYTES);
    }
    return query_end(&q);
}

enum result audit_add(struct store *store, const struct audit_row *given) {
    struct link before;
    uint8_t hash[SHA256_BYTES];
    struct audit_row row = *given;
    const enum result result = read_newest(&store->sql, &before);
    if (result != RESULT_OK)
        return result;
    row.id = before.id + 1;
    if (!chain(&before, &row, hash))
        return RESULT_TOO_BIG;
    struct query q =
        query_of(&store->sql, "INSERT INTO audit(id, at_ms, who, what, object, result, detail, address, hash)"
                              " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, row.id);
    put_int(&q, row.at_ms);
    put_text(&q, row.who);
    put_text(&q, row.what);
    put_text(&q, row.object);
    put_text(&q, row.result);
    put_text(&q, row.detail);
    put_text(&q, row.address);
    put_blob(&q, hash, sizeof hash);
    return query_run(&q);
}

static enum result walk(struct sql *sql, struct audit_verdict *out) {
    struct link last = {0};
    struct query q = query_of(sql, "SELECT id, at_ms, who, what, object, result, detail, address, hash FROM audit"
                                   " ORDER BY id");
    while (out->bad_id == 0 && query_next(&q)) {
        struct audit_row row;
        uint8_t hash[SHA256_BYTES];
        size_t bytes = 0;
        row.id = take_int(&q);
        row.at_ms = take_int(&q);
        row.who = take_text(&q);
        row.what = take_text(&q);
        row.object = take_text(&q);
        row.result = take_text(&q);
        row.detail = take_text(&q);
        row.address = take_text(&q);
        const void *stored = take_blob(&q, &bytes);
        if (row.id != last.id + 1 || bytes != SHA256_BYTES || !chain(&last, &row, hash) ||
            memcmp(hash, stored, SHA256_BYTES) != 0) {
            out->bad_id = row.id;
            break;
        }
        last.id = row.id;
        memcpy(last.hash, hash, sizeof hash);
        out->rows++;
    }
    memcpy(out->head, last.hash, SHA256_BYTES);
    return query_end(&q);
}

enum result audit_verify(const char *store_path, struct audit_verdict *out, struct fault *fault) {
    struct sql sql;
    enum result result = sql_open(&sql, store_path, SQLITE_OPEN_READWRITE, fault);
    if (result != RESULT_OK)
        return result;
    struct audit_verdict verdict = {0};
    result = migrate_check(&sql, store_path, fault);
    if (result == RESULT_OK) {
        result = walk(&sql, &verdict);
        if (result != RESULT_OK)
            sql_fault(&sql, store_path, result, fault);
    }
    sql_close(&sql);
    if (result != RESULT_OK)
        return result;
    verdict.is_whole = verdict.bad_id == 0;
    if (verdict.is_whole)
        snprintf(verdict.text, sizeof verdict.text, "%lld rows, each follows from the one before",
                 (long long)verdict.rows);
    else
        snprintf(verdict.text, sizeof verdict.text,
                 "row %lld does not follow from the one before it: changed, dropped or out of order",
                 (long long)verdict.bad_id);
    *out = verdict;
    return RESULT_OK;
}
