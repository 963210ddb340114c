/* The reader's life, and what it tells about people, counts and the audit log. The other queries are in reader_*.c by
 * what they are about. A reader has its own connection: SQLite's WAL gives it a moment of its own, and the writer never
 * waits. */
#include "store/reader_handle.h"

#include <stdlib.h>
#include <string.h>

#include "store/audit.h"
#include "store/migrate.h"
#include "store/rows.h"

static const char set_up[] = "PRAGMA query_only = ON;"
                             "PRAGMA cache_size = -8192;"
                             "PRAGMA temp_store = MEMORY;"
                             "PRAGMA trusted_schema = OFF;";

enum result reader_open(const char *path, struct reader **out, struct fault *fault) {
    struct reader *reader = mem_alloc(sizeof *reader);
    /* Not SQLITE_OPEN_READONLY: a reader that comes first after a crash has to be able to recover the log. */
    enum result result = sql_open(&reader->sql, path, SQLITE_OPEN_READWRITE, fault);
    if (result != RESULT_OK) {
        free(reader);
        return result;
    }
    result = migrate_check(&reader->sql, path, fault);
    if (result == RESULT_OK) {
        result = sql_script(&reader->sql, set_up);
        if (result != RESULT_OK)
            sql_fault(&reader->sql, path, result, fault);
    }
    if (result == RESULT_OK)
        *out = reader;
    else
        reader_close(reader);
    return result;
}

void reader_close(struct reader *reader) {
    if (reader == NULL)
        return;
    sql_close(&reader->sql);
    free(reader);
}

enum result reader_begin(struct reader *reader) {
    struct query q = query_of(&reader->sql, "BEGIN");
    const enum result result = query_run(&q);
    if (result == RESULT_OK)
        reader->is_open = true;
    return result;
}

void reader_end(struct reader *reader) {
    if (!reader->is_open)
        return;
    struct query q = query_of(&reader->sql, "COMMIT");
    if (query_run(&q) != RESULT_OK)
        sqlite3_exec(reader->sql.db, "ROLLBACK", NULL, NULL, NULL);
    reader->is_open = false;
}

const char *reader_error(const struct reader *reader) {
    return reader->sql.error;
}

int reader_limit(int limit) {
    return limit < 1 ? 1 : limit > READER_ROWS_MAX ? READER_ROWS_MAX : limit;
}

enum result reader_user(struct reader *reader, const char *name, struct user_row *out) {
    return find_user(&reader->sql, name, out);
}

enum result reader_users(struct reader *reader, user_fn *fn, void *self) {
    return each_user(&reader->sql, fn, self);
}

enum result reader_login(struct reader *reader, const uint8_t token_sha256[SHA256_BYTES], struct login_row *login,
                         struct user_row *user) {
    struct query q =
        query_of(&reader->sql, "SELECT l.user, l.created_ms, l.seen_ms, l.expires_ms, l.address, " USER_COLUMNS
                               " FROM login l JOIN user u ON u.id = l.user"
                               " WHERE l.token = ? AND u.is_disabled = 0");
    put_blob(&q, token_sha256, SHA256_BYTES);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    memcpy(login->token_sha256, token_sha256, SHA256_BYTES);
    login->user_id = take_int(&q);
    login->created_ms = take_int(&q);
    login->seen_ms = take_int(&q);
    login->expires_ms = take_int(&q);
    take_copy(&q, login->address, sizeof login->address);
    take_user(&q, user);
    query_close(&q);
    return RESULT_OK;
}

enum result reader_overview(struct reader *reader, struct overview *out) {
    struct overview o = {0};
    const struct {
        const char *name;
        int64_t *to;
    } rows[] = {
        {"devices", &o.devices},
        {"online", &o.online},
        {"tickets_open", &o.tickets_open},
        {"sessions_live", &o.sessions_live},
        {"quarantined", &o.quarantined},
        {"alarms_1", &o.alarms[SEVERITY_IS_WARNING]},
        {"alarms_2", &o.alarms[SEVERITY_IS_MINOR]},
        {"alarms_3", &o.alarms[SEVERITY_IS_MAJOR]},
        {"alarms_4", &o.alarms[SEVERITY_IS_CRITICAL]},
    };
    struct query q = query_of(&reader->sql, "SELECT name, n FROM tally");
    while (query_next(&q)) {
        const char *name = take_text(&q);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            if (strcmp(rows[i].name, name) == 0)
                *rows[i].to = take_int(&q);
    }
    const enum result result = query_end(&q);
    if (result == RESULT_OK)
        *out = o;
    return result;
}

enum result reader_counter(struct reader *reader, const char *name, int64_t *out) {
    struct query q = query_of(&reader->sql, "SELECT n FROM counter WHERE name = ?");
    *out = 0;
    put_text(&q, name);
    if (query_next(&q))
        *out = take_int(&q);
    return query_end(&q);
}

enum result reader_audit(struct reader *reader, int64_t before, int limit, audit_fn *fn, void *self) {
    struct query q = query_of(&reader->sql, "SELECT id, at_ms, who, what, object, result, detail, address FROM audit"
                                            " WHERE id < ? ORDER BY id DESC LIMIT ?");
    put_int(&q, before > 0 ? before : INT64_MAX);
    put_int(&q, reader_limit(limit));
    while (query_next(&q)) {
        struct audit_row row;
        row.id = take_int(&q);
        row.at_ms = take_int(&q);
        row.who = take_text(&q);
        row.what = take_text(&q);
        row.object = take_text(&q);
        row.result = take_text(&q);
        row.detail = take_text(&q);
        row.address = take_text(&q);
        fn(self, &row);
    }
    return query_end(&q);
}
