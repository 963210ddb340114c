/* The check of a whole file finds what was damaged, names it, and finds nothing else; a backup taken while somebody
 * writes is one moment of it. */
#include "store/integrity.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "store/audit.h"
#include "store/backup.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

struct found {
    int count;
    char table[16];
    int64_t row;
};
static void note(void *self, const struct integrity_finding *finding) {
    struct found *found = self;
    found->count++;
    snprintf(found->table, sizeof found->table, "%s", finding->table);
    found->row = finding->row;
}

static void add_messages(struct fixture *f, struct history *history, int64_t device, int64_t series, int64_t from_ms,
                         int count) {
    for (int i = 0; i < count; i++) {
        const struct journal_sample sample = {series, from_ms + i * INT64_C(60000), (double)(i % 70) / 10};
        const struct journal_row row = {.device = device,
                                        .samples = &sample,
                                        .count = 1,
                                        .recv_ms = sample.event_ms,
                                        .first_ms = sample.event_ms,
                                        .last_ms = sample.event_ms};
        int64_t id = 0;
        cr_assert_eq(journal_append(f->store, &row, &id), RESULT_OK);
        history_add(history, series, id, sample.event_ms, sample.event_ms, sample.value);
    }
}

/* Three days of chunks and tiers, open samples, an audit log. */
static struct history *fill(struct fixture *f, int64_t *device, int64_t *series) {
    const struct audit_row row = {.at_ms = 1, .who = "eva", .what = "login", .object = "", .result = "ok"};
    struct history *history = NULL;
    *device = add_device(f, "freezer-7");
    cr_assert_eq(history_open(f->store, NULL, &history), RESULT_OK);
    begin(f);
    cr_assert_eq(store_series_intern(f->store, *device, "temp", "", series), RESULT_OK);
    add_messages(f, history, *device, *series, 1700006400000, 3 * 1440);
    cr_assert_eq(history_flush(history), RESULT_OK);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(audit_add(f->store, &row), RESULT_OK);
    commit(f);
    begin(f);
    cr_assert_eq(history_tidy(history, 1700006400000 + INT64_C(10) * DAY_MS, 1000), RESULT_OK);
    add_messages(f, history, *device, *series, 1700006400000 + INT64_C(4) * DAY_MS, 50);
    commit(f);
    return history;
}

Test(integrity, what_was_damaged_is_named_and_nothing_else) {
    static const struct {
        const char *what, *sql, *table;
        int64_t row; /* 0: any */
        int count;
    } rows[] = {
        {"a sound store", "SELECT 1", "", 0, 0},
        {"a chunk cut short", "UPDATE chunk SET bytes = substr(bytes, 1, length(bytes) - 1) WHERE id = 2", "chunk", 2,
         1},
        {"a chunk's count", "UPDATE chunk SET count = count + 1 WHERE id = 3", "chunk", 3, 1},
        {"a chunk of a series that is not there", "UPDATE chunk SET series = 99 WHERE id = 3", "chunk", 3, 1},
        {"a chunk without bytes", "UPDATE chunk SET bytes = x'' WHERE id = 1", "chunk", 1, 1},
        {"a tier", "UPDATE tier SET bytes = bytes || x'00' WHERE id = (SELECT max(id) FROM tier)", "tier", 0, 1},
        {"a tier in another's place", "UPDATE tier SET id = id + 100 WHERE id = (SELECT max(id) FROM tier)", "tier", 0,
         1},
        {"a journal row", "UPDATE journal SET payload = x'01' WHERE id = (SELECT max(id) FROM journal)", "journal", 0,
         1},
        {"a journal row's chain", "UPDATE journal SET prev = id + 1 WHERE id = (SELECT max(id) FROM journal)",
         "journal", 0, 1},
        {"an audit row", "UPDATE audit SET who = 'adam' WHERE id = 2", "audit", 2, 1},
        {"a reference", "PRAGMA foreign_keys = OFF; DELETE FROM device", "file", 0, 1},
        {"two chunks", "UPDATE chunk SET bytes = x'02' WHERE id IN (1, 2)", "chunk", 2, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        struct found found = {0};
        struct integrity_totals totals;
        int64_t device = 0, series = 0;
        sqlite3 *db = NULL;
        fixture_open(&f);
        struct history *history = fill(&f, &device, &series);
        cr_assert_eq(sqlite3_open(f.path, &db), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(db, rows[i].sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
        sqlite3_close(db);
        cr_assert_eq(integrity_verify(f.path, note, &found, &totals, &f.fault), RESULT_OK, "%s", f.fault.text);
        cr_expect_eq(found.count, rows[i].count, "%s: %d findings", rows[i].what, found.count);
        cr_expect_eq(totals.findings, rows[i].count);
        cr_expect_str_eq(found.table, rows[i].table, "%s: %s", rows[i].what, found.table);
        cr_expect(rows[i].row == 0 || found.row == rows[i].row, "%s: row %lld", rows[i].what, (long long)found.row);
        cr_expect_gt(totals.chunks, 5);
        cr_expect_geq(totals.tiers, 3);
        cr_expect_gt(totals.journal_rows, 3 * 1440);
        cr_expect(totals.audit_rows == 3 || strcmp(rows[i].table, "audit") == 0);
        history_close(history);
        fixture_close(&f);
    }
}

Test(integrity, a_torn_page_is_a_finding_and_not_the_end) {
    struct fixture f;
    struct found found = {0};
    struct integrity_totals totals;
    int64_t device = 0, series = 0;
    uint8_t rubbish[4096];
    fixture_open(&f);
    history_close(fill(&f, &device, &series));
    const int64_t page = ask(&f, "SELECT rootpage FROM sqlite_schema WHERE name = 'journal'");
    fixture_reopen(&f); /* the log is in the file now */
    memset(rubbish, 0x5a, sizeof rubbish);
    const int fd = open(f.path, O_WRONLY | O_CLOEXEC);
    cr_assert_eq(pwrite(fd, rubbish, sizeof rubbish, (page - 1) * 4096), (ssize_t)sizeof rubbish);
    close(fd);
    cr_assert_eq(integrity_verify(f.path, note, &found, &totals, &f.fault), RESULT_OK, "%s", f.fault.text);
    cr_expect_gt(found.count, 0);
    cr_expect_gt(totals.chunks, 5, "other tables were read");
    cr_expect_eq(totals.audit_rows, 3);
    fixture_close(&f);
}

Test(integrity, what_is_not_a_store_is_refused) {
    struct fixture f;
    struct found found = {0};
    struct integrity_totals totals;
    char path[160];
    fixture_open(&f);
    snprintf(path, sizeof path, "%s/none.db", f.folder);
    cr_expect_neq(integrity_verify(path, note, &found, &totals, &f.fault), RESULT_OK, "no such file");
    FILE *file = fopen(path, "w");
    fputs("not a database, but long enough to have a header of one hundred bytes, which is what SQLite looks at, "
          "is it not?\n",
          file);
    fclose(file);
    cr_expect_neq(integrity_verify(path, note, &found, &totals, &f.fault), RESULT_OK, "a text");
    cr_expect_eq(found.count, 0);
    fixture_close(&f);
}

/* ---- promise 9 in small ---- */

struct copier {
    const char *from, *to;
    enum result result;
    struct fault fault;
    _Atomic bool is_done;
};
static void *copy(void *self) {
    struct copier *c = self;
    c->result = store_backup(c->from, c->to, NULL, NULL, &c->fault);
    c->is_done = true;
    return NULL;
}

static void count_one(void *self, int64_t event_ms, double value) {
    (void)event_ms, (void)value;
    ++*(int64_t *)self;
}

Test(integrity, promise_9_a_backup_under_load_is_one_moment) {
    enum { BATCH = 40 };
    struct fixture f;
    struct found found = {0};
    struct integrity_totals totals;
    struct copier copier = {.from = f.path};
    int64_t device = 0, series = 0, samples = 0, committed = 3 * 1440 + 50;
    char path[160];
    pthread_t thread;
    fixture_open(&f);
    struct history *history = fill(&f, &device, &series);
    snprintf(path, sizeof path, "%s/copy.db", f.folder);
    copier.to = path;
    const int64_t before = committed;
    cr_assert_eq(pthread_create(&thread, NULL, copy, &copier), 0);
    for (int round = 0; !copier.is_done || round < 5; round++) { /* a commit is a batch: a copy holds whole ones */
        begin(&f);
        add_messages(&f, history, device, series, 1700006400000 + INT64_C(5) * DAY_MS + round * INT64_C(3600000),
                     BATCH);
        cr_assert_eq(history_step(history, 1700006400000 + INT64_C(20) * DAY_MS, 2), RESULT_OK);
        commit(&f);
        cr_assert_eq(store_checkpoint(f.store), RESULT_OK);
        committed += BATCH;
    }
    pthread_join(thread, NULL);
    cr_assert_eq(copier.result, RESULT_OK, "%s", copier.fault.text);
    cr_assert_eq(integrity_verify(path, note, &found, &totals, &f.fault), RESULT_OK, "%s", f.fault.text);
    cr_expect_eq(found.count, 0);
    struct reader *reader = NULL;
    const struct history_query query = {
        .device = "freezer-7", .metric = "temp", .part = "", .from_ms = 0, .to_ms = 1900000000000};
    cr_assert_eq(reader_open(path, &reader, &f.fault), RESULT_OK, "%s", f.fault.text);
    cr_assert_eq(reader_samples(reader, &query, 1000000, count_one, &samples), RESULT_OK);
    reader_close(reader);
    cr_expect(samples >= before && samples <= committed && (samples - before) % BATCH == 0,
              "%lld samples in the copy, %lld to %lld committed", (long long)samples, (long long)before,
              (long long)committed);
    history_close(history);
    fixture_close(&f);
}
