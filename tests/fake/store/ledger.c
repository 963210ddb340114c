/* What a store holds, sample by sample: every chunk, and of the journal what no chunk covers yet. It reads the file
 * with the gateway's codecs but not with its readers, which join and thin out; so a sample that is there twice is shown
 * twice.
 *
 *   store-ledger FILE        a line a sample: DEVICE METRIC PART EVENT_MS VALUE   (an empty part is "-")
 *
 * The gateway may run meanwhile; one read transaction covers everything. Exit status 1: something does not decode. */
#include <stdio.h>
#include <stdlib.h>

#include "fieldline/log.h"
#include "store/chunk_rows.h"
#include "store/journal.h"
#include "store/sql.h"

struct series {
    char *name;      /* DEVICE METRIC PART */
    int64_t covered; /* journal rows up to this one are in chunks */
};
struct ledger {
    struct sql sql;
    struct series *series;
    int64_t room;
};

static void fail(struct ledger *l, const char *what) {
    die("ledger", "%s: %s", what, l->sql.error);
}

static struct series *series_of(struct ledger *l, int64_t id) {
    if (id <= 0 || id >= l->room || !l->series[id].name)
        die("ledger", "series %lld is not listed", (long long)id);
    return &l->series[id];
}

static void read_series(struct ledger *l) {
    struct query top = query_of(&l->sql, "SELECT coalesce(max(id), 0) FROM series");
    if (query_one(&top) != RESULT_OK)
        fail(l, "series");
    l->room = take_int(&top) + 1;
    query_close(&top);
    l->series = mem_alloc((size_t)l->room * sizeof *l->series);
    struct query q =
        query_of(&l->sql, "SELECT series.id, device.device || ' ' || metric || ' ' || iif(part = '', '-', part),"
                          " coalesce(journal, 0) FROM series JOIN device ON device.id = series.device"
                          " LEFT JOIN coverage ON coverage.series = series.id");
    while (query_next(&q)) {
        struct series *s = &l->series[take_int(&q)];
        s->name = mem_strdup(take_text(&q));
        s->covered = take_int(&q);
    }
    if (query_end(&q) != RESULT_OK)
        fail(l, "series");
}

static void show(const struct series *s, int64_t event_ms, double value) {
    printf("%s %lld %.17g\n", s->name, (long long)event_ms, value);
}

static void read_chunks(struct ledger *l) {
    static struct point points[CHUNK_SAMPLES_MAX];
    struct query q = query_of(&l->sql, "SELECT " CHUNK_COLUMNS " FROM chunk ORDER BY id");
    while (query_next(&q)) {
        struct chunk_row row;
        size_t count = 0;
        take_chunk(&q, &row);
        const struct series *s = series_of(l, row.summary.series);
        if (chunk_row_open(&row, points, &count) != RESULT_OK)
            die("ledger", "chunk %lld does not decode", (long long)row.id);
        for (size_t i = 0; i < count; i++)
            show(s, points[i].event_ms, points[i].value);
    }
    if (query_end(&q) != RESULT_OK)
        fail(l, "chunks");
}

static void read_journal(struct ledger *l) {
    static struct journal_sample samples[JOURNAL_SAMPLES_MAX];
    struct query q = query_of(&l->sql, "SELECT id, payload FROM journal ORDER BY id");
    while (query_next(&q)) {
        const int64_t id = take_int(&q);
        size_t bytes = 0, count = 0;
        const void *at = take_blob(&q, &bytes);
        if (journal_decode(at, bytes, samples, JOURNAL_SAMPLES_MAX, &count) != RESULT_OK)
            die("ledger", "journal row %lld does not decode", (long long)id);
        for (size_t i = 0; i < count; i++) {
            const struct series *s = series_of(l, samples[i].series);
            if (id > s->covered)
                show(s, samples[i].event_ms, samples[i].value);
        }
    }
    if (query_end(&q) != RESULT_OK)
        fail(l, "journal");
}

int main(int argc, char **argv) {
    struct ledger l = {0};
    struct fault fault;
    if (argc != 2)
        die("ledger", "usage: store-ledger FILE");
    if (sql_open(&l.sql, argv[1], SQLITE_OPEN_READWRITE, &fault) != RESULT_OK)
        die("ledger", "%s", fault.text);
    if (sql_script(&l.sql, "BEGIN") != RESULT_OK)
        fail(&l, "begin");
    read_series(&l);
    read_chunks(&l);
    read_journal(&l);
    sql_close(&l.sql);
    for (int64_t i = 0; i < l.room; i++)
        free(l.series[i].name);
    free(l.series);
    return 0;
}
