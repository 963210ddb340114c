/* The whole check: SQLite's structures, references, then each row that has bytes of ours in it, then the audit log's
 * chain. What is found does not end it: the next row may be sound, and whoever has to repair wants the whole list.
 *
 * A page of rows is a statement, so a gateway that goes on writing is neither stopped nor kept from beginning its log
 * anew; rows that come or go meanwhile are whole rows. Left: comparing tiers with the chunks that they were made from:
 * a tier's checksum says that it is what was written, and tests say that what is written is right. */
#include "store/integrity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/audit.h"
#include "store/chunk_rows.h"
#include "store/evidence.h"
#include "store/journal.h"
#include "store/migrate.h"

enum { PAGE_ROWS = 1000 };

struct check {
    struct sql sql;
    const char *path;
    integrity_fn *fn;
    void *self;
    struct integrity_totals totals;
    struct journal_sample *samples;
};

static void find(struct check *c, const char *table, int64_t row, const char *what) {
    c->totals.findings++;
    c->fn(c->self, &(struct integrity_finding){.table = table, .row = row, .what = what});
}

/* ---- rows: each returns NULL, or what is wrong ---- */

static const char *check_chunk(struct check *c, struct query *q, int64_t *id) {
    struct point points[CHUNK_SAMPLES_MAX];
    struct chunk_row row;
    size_t count = 0;
    take_chunk(q, &row);
    *id = row.id;
    c->totals.chunks++;
    if (chunk_decode(&row.summary, row.bytes, row.byte_count, points, CHUNK_SAMPLES_MAX, &count) != RESULT_OK)
        return "does not decode: its samples are lost";
    c->totals.samples += (int64_t)count;
    if (points[0].event_ms != row.summary.start_ms || points[count - 1].event_ms != row.summary.end_ms)
        return "its times are not those of its samples";
    return take_int(q) == 0 ? "belongs to no series" : NULL;
}

static const char *check_tier(struct check *c, struct query *q, int64_t *id) {
    struct tier_day day;
    size_t bytes = 0;
    *id = take_int(q);
    const void *blob = take_blob(q, &bytes);
    const int64_t level = *id / TIER_DAYS_MAX % (TIER_LEVELS + 1);
    c->totals.tiers++;
    if (level >= TIER_LEVELS)
        return "is of no level";
    return tier_decode(blob, bytes, (enum tier_level)level, *id, &day) == RESULT_OK ? NULL : "does not decode";
}

static const char *check_journal(struct check *c, struct query *q, int64_t *id) {
    size_t bytes = 0, count = 0;
    *id = take_int(q);
    const int64_t prev = take_int(q);
    const void *blob = take_blob(q, &bytes);
    c->totals.journal_rows++;
    if (journal_decode(blob, bytes, c->samples, JOURNAL_SAMPLES_MAX, &count) != RESULT_OK)
        return "does not decode: its samples are lost";
    return prev >= *id ? "follows a later row" : NULL;
}

static const char *check_evidence(struct check *c, struct query *q, int64_t *id) {
    struct evidence_reader *block = mem_alloc(sizeof *block);
    struct evidence_item item;
    size_t count = 0;
    bool is_end = false;
    *id = take_int(q);
    const int64_t shift_ms = take_int(q), sum = take_int(q);
    const void *bytes = take_blob(q, &count);
    enum result result = sum == evidence_part_sum(shift_ms, bytes, count) ? RESULT_OK : RESULT_CORRUPT;
    if (result == RESULT_OK)
        result = evidence_open(block, bytes, count, NULL);
    while (result == RESULT_OK && !is_end)
        result = evidence_next(block, &item, &is_end, NULL);
    free(block);
    c->totals.evidence_parts++;
    return result == RESULT_OK ? NULL : "is not what was written: its samples are lost";
}

static const struct table {
    const char *name, *page; /* rows with id > ?1, in order, ?2 of them */
    const char *(*check)(struct check *c, struct query *q, int64_t *id);
} tables[] = {
    {"chunk",
     "SELECT " CHUNK_COLUMNS ", EXISTS(SELECT 1 FROM series s WHERE s.id = chunk.series) FROM chunk WHERE id > ?"
     " ORDER BY id LIMIT ?",
     check_chunk},
    {"tier", "SELECT id, bytes FROM tier WHERE id > ? ORDER BY id LIMIT ?", check_tier},
    {"evidence_part", "SELECT id, shift_ms, crc, bytes FROM evidence_part WHERE id > ? ORDER BY id LIMIT ?",
     check_evidence},
    {"journal", "SELECT id, prev, payload FROM journal WHERE id > ? ORDER BY id LIMIT ?", check_journal},
};

static void check_table(struct check *c, const struct table *table) {
    int64_t id = INT64_MIN;
    for (int rows = PAGE_ROWS; rows == PAGE_ROWS;) {
        struct query q = query_of(&c->sql, table->page);
        rows = 0;
        put_int(&q, id);
        put_int(&q, PAGE_ROWS);
        while (query_next(&q)) {
            const char *what = table->check(c, &q, &id);
            rows++;
            if (what != NULL)
                find(c, table->name, id, what);
        }
        if (query_end(&q) != RESULT_OK) {
            find(c, table->name, id, c->sql.error); /* what lies behind cannot be reached */
            return;
        }
    }
}

/* ---- the rest ---- */

/* A statement whose rows are complaints. */
static void check_statement(struct check *c, const char *text) {
    struct query q = query_of(&c->sql, text);
    while (query_next(&q)) {
        const char *what = take_text(&q);
        if (strcmp(what, "ok") != 0)
            find(c, "file", 0, what);
    }
    if (query_end(&q) != RESULT_OK)
        find(c, "file", 0, c->sql.error);
}

static void check_audit(struct check *c) {
    struct audit_verdict verdict;
    struct fault fault;
    if (audit_verify(c->path, &verdict, &fault) != RESULT_OK) {
        find(c, "audit", 0, fault.text);
        return;
    }
    c->totals.audit_rows = verdict.rows;
    if (!verdict.is_whole)
        find(c, "audit", verdict.bad_id, verdict.text);
}

enum result integrity_verify(const char *path, integrity_fn *fn, void *self, struct integrity_totals *totals,
                             struct fault *fault) {
    struct check *c = mem_alloc(sizeof *c);
    c->path = path;
    c->fn = fn;
    c->self = self;
    enum result result = sql_open(&c->sql, path, SQLITE_OPEN_READWRITE, fault);
    if (result != RESULT_OK) {
        free(c);
        return result;
    }
    result = migrate_check(&c->sql, path, fault);
    if (result == RESULT_OK && (result = sql_script(&c->sql, "PRAGMA query_only = ON")) != RESULT_OK)
        sql_fault(&c->sql, path, result, fault);
    if (result == RESULT_OK) {
        c->samples = mem_alloc(JOURNAL_SAMPLES_MAX * sizeof *c->samples);
        check_statement(c, "PRAGMA integrity_check(100)");
        check_statement(c, "SELECT 'row ' || rowid || ' of ' || \"table\" || ' refers to a missing ' || parent"
                           " FROM pragma_foreign_key_check LIMIT 100");
        for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
            check_table(c, &tables[i]);
        check_audit(c);
        *totals = c->totals;
        free(c->samples);
    }
    sql_close(&c->sql);
    free(c);
    return result;
}
