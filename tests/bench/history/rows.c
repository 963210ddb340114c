/* The table is at its best: rows were inserted in order, so it is dense and in order on disk; the page cache is warm;
 * the query is one walk of the primary key. Bytes a row go to stderr. */
#include "rows.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fieldline/clock.h"

static bool fill(sqlite3 *db, const struct series *s) {
    sqlite3_stmt *put = NULL;
    bool is_fine = sqlite3_exec(db,
                                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                                "CREATE TABLE sample(series INTEGER, ts INTEGER, value REAL, PRIMARY KEY(series, ts))"
                                " WITHOUT ROWID; BEGIN",
                                NULL, NULL, NULL) == SQLITE_OK &&
                   sqlite3_prepare_v2(db, "INSERT INTO sample VALUES(1, ?, ?)", -1, &put, NULL) == SQLITE_OK;
    for (size_t i = 0; is_fine && i < s->count; i++) {
        sqlite3_bind_int64(put, 1, s->points[i].event_ms);
        sqlite3_bind_double(put, 2, s->points[i].value);
        is_fine = sqlite3_step(put) == SQLITE_DONE;
        sqlite3_reset(put);
    }
    sqlite3_finalize(put);
    return is_fine && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
}

static bool draw(sqlite3 *db, const struct series *s, int pixels, int64_t *us) {
    sqlite3_stmt *get = NULL;
    const int64_t from_ms = s->points[0].event_ms, to_ms = s->points[s->count - 1].event_ms + 1;
    int64_t samples = 0;
    if (sqlite3_prepare_v2(db,
                           "SELECT (ts - ?1) / ?3 AS pixel, min(value), avg(value), max(value), count(*)"
                           " FROM sample WHERE series = 1 AND ts >= ?1 AND ts < ?2 GROUP BY pixel",
                           -1, &get, NULL) != SQLITE_OK)
        return false;
    sqlite3_bind_int64(get, 1, from_ms);
    sqlite3_bind_int64(get, 2, to_ms);
    sqlite3_bind_int64(get, 3, (to_ms - from_ms + pixels - 1) / pixels);
    const int64_t begin_us = clock_mono_us();
    while (sqlite3_step(get) == SQLITE_ROW)
        samples += sqlite3_column_int64(get, 4);
    *us = clock_mono_us() - begin_us;
    sqlite3_finalize(get);
    return samples == (int64_t)s->count;
}

bool rows_chart_us(const struct series *s, int pixels, int64_t *us) {
    char path[300];
    sqlite3 *db = NULL;
    const char *tmp = getenv("TMPDIR");
    snprintf(path, sizeof path, "%.200s/fl-rows-%d.db", tmp != NULL ? tmp : "/tmp", (int)getpid());
    const int64_t begin_us = clock_mono_us();
    const bool is_fine =
        sqlite3_open(path, &db) == SQLITE_OK && fill(db, s) &&
        fprintf(stderr, "  plain rows: filled in %.0f s\n", (double)(clock_mono_us() - begin_us) / 1e6) > 0 &&
        draw(db, s, pixels, us);
    if (!is_fine)
        fprintf(stderr, "bench-history: plain rows: %s\n", sqlite3_errmsg(db));
    sqlite3_close(db);
    unlink(path);
    return is_fine;
}
