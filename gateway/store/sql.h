/* SQLite as the rest of this folder sees it: a connection with its prepared statements, and a cursor that binds and
 * reads in order. Private to gateway/store. One thread for each connection.
 *
 *   struct query q = query_of(sql, "SELECT name FROM device WHERE id = ?");
 *   put_int(&q, row);
 *   while (query_next(&q)) use(take_text(&q));
 *   return query_end(&q);
 *
 * The text must be a literal (or live as long as the connection): its address is the statement's key. */
#pragma once
#include <sqlite3.h>

#include "fieldline/bytes.h"

enum { SQL_STATEMENTS = 256 };
struct sql {
    sqlite3 *db;
    struct sql_slot {
        const char *text;
        sqlite3_stmt *stmt;
    } slots[SQL_STATEMENTS];
    int used;
    char error[200]; /* of the last failure */
};
FL_CHECK enum result sql_open(struct sql *sql, const char *path, int flags, struct fault *fault);
void sql_close(struct sql *sql);
/* Statements without parameters and answers; several, separated by ";". */
FL_CHECK enum result sql_script(struct sql *sql, const char *text);
/* Our result for SQLite's, with the text kept in sql->error. */
enum result sql_failed(struct sql *sql, int rc);
/* Writes "PATH: ERROR" and returns `result`. */
enum result sql_fault(const struct sql *sql, const char *path, enum result result, struct fault *fault);

struct query {
    struct sql *sql;
    sqlite3_stmt *stmt; /* NULL: it could not be prepared; everything else then does nothing and query_end tells */
    int rc, bound, taken;
};
struct query query_of(struct sql *sql, const char *text);
void put_int(struct query *q, int64_t value);
void put_real(struct query *q, double value);
void put_text(struct query *q, const char *text); /* NULL is stored as ""; must live until query_end */
void put_blob(struct query *q, const void *bytes, size_t count);
void put_null(struct query *q);
bool query_next(struct query *q); /* true: a row is there */
int64_t take_int(struct query *q);
double take_real(struct query *q);
const char *take_text(struct query *q); /* never NULL; until the next query_next */
const void *take_blob(struct query *q, size_t *count);
void take_copy(struct query *q, char *out, size_t room); /* text, cut at a character */
FL_CHECK enum result query_end(struct query *q);         /* RESULT_OK when every step went well */
FL_CHECK enum result query_run(struct query *q);         /* to its end, rows ignored */
FL_CHECK enum result query_one(struct query *q); /* one row is there to take from, or RESULT_NOT_FOUND or a failure;
                                                    unless it failed, query_close follows */
void query_close(struct query *q);
