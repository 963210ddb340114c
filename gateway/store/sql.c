/* The fence around sqlite3: prepared statements kept by the address of their text, errors turned into ours.
 *
 * A failure inside a query makes its later calls do nothing; query_end tells once. So callers bind and read in straight
 * lines and look at one result. Left: a printf-like "bind these" call; a forgotten cast to int64_t would bind rubbish.
 */
#include "store/sql.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/log.h"

enum result sql_failed(struct sql *sql, int rc) {
    snprintf(sql->error, sizeof sql->error, "%s (sqlite %d)", sqlite3_errmsg(sql->db),
             sqlite3_extended_errcode(sql->db));
    switch (rc & 0xff) {
    case SQLITE_FULL: return RESULT_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return RESULT_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return RESULT_CORRUPT;
    case SQLITE_CONSTRAINT: return RESULT_CONFLICT;
    case SQLITE_TOOBIG: return RESULT_TOO_BIG;
    case SQLITE_NOMEM:
    case SQLITE_MISUSE: die("gateway.store", "sqlite: %s", sql->error);
    default: /* every other code means that the file or the system did not do as asked */ return RESULT_IO;
    }
}

enum result sql_fault(const struct sql *sql, const char *path, enum result result, struct fault *fault) {
    return fault_set(fault, result, "%s: %s", path, sql->error);
}

enum result sql_open(struct sql *sql, const char *path, int flags, struct fault *fault) {
    memset(sql, 0, sizeof *sql);
    if ((flags & SQLITE_OPEN_CREATE) != 0) { /* for nobody else: SQLite gives its log the same rights */
        const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0)
            close(fd);
    }
    const int rc = sqlite3_open_v2(path, &sql->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_busy_timeout(sql->db, 5000);
        return RESULT_OK;
    }
    const enum result result = sql_fault(sql, path, sql_failed(sql, rc), fault);
    sql_close(sql);
    return result;
}

void sql_close(struct sql *sql) {
    for (int i = 0; i < SQL_STATEMENTS; i++)
        sqlite3_finalize(sql->slots[i].stmt);
    sqlite3_close_v2(sql->db);
    memset(sql->slots, 0, sizeof sql->slots);
    sql->db = NULL;
    sql->used = 0;
}

enum result sql_script(struct sql *sql, const char *text) {
    const int rc = sqlite3_exec(sql->db, text, NULL, NULL, NULL);
    return rc == SQLITE_OK ? RESULT_OK : sql_failed(sql, rc);
}

static struct sql_slot *slot_of(struct sql *sql, const char *text) {
    size_t at = ((uintptr_t)text >> 3) * 0x9E3779B97F4A7C15u >> 56;
    while (sql->slots[at].text != NULL && sql->slots[at].text != text)
        at = (at + 1) % SQL_STATEMENTS;
    return &sql->slots[at];
}

struct query query_of(struct sql *sql, const char *text) {
    struct query q = {.sql = sql, .rc = SQLITE_OK};
    struct sql_slot *slot = slot_of(sql, text);
    if (slot->text == NULL) {
        if (sql->used == SQL_STATEMENTS - 1)
            die("gateway.store", "more than %d statements", SQL_STATEMENTS - 1);
        q.rc = sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT, &slot->stmt, NULL);
        if (q.rc == SQLITE_ERROR) /* our own mistake, or another program changed the schema under us */
            die("gateway.store", "%s in: %s", sqlite3_errmsg(sql->db), text);
        if (q.rc != SQLITE_OK) {
            slot->stmt = NULL;
            return q;
        }
        slot->text = text;
        sql->used++;
    }
    q.stmt = slot->stmt;
    return q;
}

static void bound(struct query *q, int rc) {
    if (rc != SQLITE_OK)
        q->rc = rc;
}

void put_int(struct query *q, int64_t value) {
    if (q->stmt != NULL)
        bound(q, sqlite3_bind_int64(q->stmt, ++q->bound, value));
}

void put_real(struct query *q, double value) {
    if (q->stmt != NULL)
        bound(q, sqlite3_bind_double(q->stmt, ++q->bound, value));
}

void put_text(struct query *q, const char *text) {
    if (q->stmt != NULL)
        bound(q, sqlite3_bind_text(q->stmt, ++q->bound, text ? text : "", -1, SQLITE_STATIC));
}

void put_blob(struct query *q, const void *bytes, size_t count) {
    if (q->stmt != NULL)
        bound(q, sqlite3_bind_blob64(q->stmt, ++q->bound, bytes ? bytes : "", count, SQLITE_STATIC));
}

void put_null(struct query *q) {
    if (q->stmt != NULL)
        bound(q, sqlite3_bind_null(q->stmt, ++q->bound));
}

bool query_next(struct query *q) {
    if (q->stmt == NULL || (q->rc != SQLITE_OK && q->rc != SQLITE_ROW))
        return false;
    q->taken = 0;
    q->rc = sqlite3_step(q->stmt);
    return q->rc == SQLITE_ROW;
}

int64_t take_int(struct query *q) {
    return sqlite3_column_int64(q->stmt, q->taken++);
}

double take_real(struct query *q) {
    return sqlite3_column_double(q->stmt, q->taken++);
}

const char *take_text(struct query *q) {
    const unsigned char *text = sqlite3_column_text(q->stmt, q->taken++);
    return text ? (const char *)text : "";
}

const void *take_blob(struct query *q, size_t *count) {
    const void *bytes = sqlite3_column_blob(q->stmt, q->taken);
    *count = (size_t)sqlite3_column_bytes(q->stmt, q->taken++);
    return bytes ? bytes : "";
}

void take_copy(struct query *q, char *out, size_t room) {
    const char *text = take_text(q);
    size_t count = strlen(text);
    if (count >= room)
        count = utf8_cut(text, room - 1);
    memcpy(out, text, count);
    out[count] = '\0';
}

void query_close(struct query *q) {
    if (q->stmt == NULL)
        return;
    sqlite3_reset(q->stmt);
    sqlite3_clear_bindings(q->stmt);
    q->stmt = NULL;
}

enum result query_end(struct query *q) {
    enum result result = RESULT_OK;
    if (q->rc != SQLITE_OK && q->rc != SQLITE_DONE && q->rc != SQLITE_ROW)
        result = sql_failed(q->sql, q->rc);
    query_close(q);
    return result;
}

enum result query_run(struct query *q) {
    while (query_next(q)) {
    }
    return query_end(q);
}

enum result query_one(struct query *q) {
    if (query_next(q))
        return RESULT_OK;
    const enum result result = query_end(q);
    return result == RESULT_OK ? RESULT_NOT_FOUND : result;
}
