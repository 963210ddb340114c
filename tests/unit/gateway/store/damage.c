/* Damaged rows: a reader shows a hole, says so, and serves the rest. */
#include <criterion/criterion.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "fixture.h"

enum { SERIES = 4, CHUNKS_EACH = 6, SAMPLES_EACH = 200, FLIPS = 10000 };
static const char *const metrics[SERIES] = {"air", "door", "power", "humidity"};

struct victim {
    int64_t id, series, count;
    uint8_t bytes[4096];
    int byte_count;
};
struct damage {
    struct fixture f;
    struct history *history;
    sqlite3 *db; /* whoever damages */
    struct victim victims[SERIES * CHUNKS_EACH];
    int victim_count;
    int64_t first_series;
};

static void write_chunks(struct damage *d, int64_t device) {
    for (int c = 0; c < CHUNKS_EACH; c++) {
        begin(&d->f);
        for (int n = 0; n < SAMPLES_EACH; n++) {
            struct journal_sample samples[SERIES];
            struct journal_row row = {.device = device, .samples = samples, .count = SERIES};
            const int64_t at_ms = 1700000000000 + (c * SAMPLES_EACH + n) * INT64_C(10000);
            int64_t id = 0;
            for (int s = 0; s < SERIES; s++)
                samples[s] = (struct journal_sample){d->first_series + s, at_ms + random() % 50,
                                                     s == 1 ? n / 90 : (double)(random() % 900) / (s == 3 ? 7 : 10)};
            row.first_ms = row.last_ms = row.recv_ms = at_ms;
            cr_assert_eq(journal_append(d->f.store, &row, &id), RESULT_OK);
            for (int s = 0; s < SERIES; s++)
                history_add(d->history, samples[s].series, id, at_ms, samples[s].event_ms, samples[s].value);
        }
        cr_assert_eq(history_flush(d->history), RESULT_OK);
        commit(&d->f);
    }
}

static sqlite3_stmt *prepare(struct damage *d, const char *sql) {
    sqlite3_stmt *stmt = NULL;
    cr_assert_eq(sqlite3_prepare_v2(d->db, sql, -1, &stmt, NULL), SQLITE_OK, "%s", sqlite3_errmsg(d->db));
    return stmt;
}

static void find_victims(struct damage *d) {
    sqlite3_stmt *stmt = prepare(d, "SELECT id, series, count, bytes FROM chunk");
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        cr_assert_lt(d->victim_count, SERIES * CHUNKS_EACH);
        struct victim *v = &d->victims[d->victim_count++];
        v->id = sqlite3_column_int64(stmt, 0);
        v->series = sqlite3_column_int64(stmt, 1);
        v->count = sqlite3_column_int64(stmt, 2);
        v->byte_count = sqlite3_column_bytes(stmt, 3);
        cr_assert_leq(v->byte_count, (int)sizeof v->bytes);
        memcpy(v->bytes, sqlite3_column_blob(stmt, 3), (size_t)v->byte_count);
    }
    sqlite3_finalize(stmt);
    cr_assert_eq(d->victim_count, SERIES * CHUNKS_EACH);
}

static void damage_open(struct damage *d) {
    memset(d, 0, sizeof *d);
    fixture_open(&d->f);
    const int64_t device = add_device(&d->f, "freezer-7");
    int64_t series = 0;
    begin(&d->f);
    for (int s = 0; s < SERIES; s++) {
        cr_assert_eq(store_series_intern(d->f.store, device, metrics[s], "", &series), RESULT_OK);
        d->first_series = s == 0 ? series : d->first_series;
    }
    commit(&d->f);
    cr_assert_eq(history_open(d->f.store, NULL, &d->history), RESULT_OK);
    write_chunks(d, device);
    cr_assert_eq(sqlite3_open(d->f.path, &d->db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(d->db, "PRAGMA synchronous = OFF", NULL, NULL, NULL), SQLITE_OK);
    find_victims(d);
}

static void damage_close(struct damage *d) {
    sqlite3_close(d->db);
    history_close(d->history);
    fixture_close(&d->f);
}

static void put_bytes(sqlite3_stmt *put, const struct victim *v) {
    sqlite3_bind_blob(put, 1, v->bytes, v->byte_count, SQLITE_STATIC);
    sqlite3_bind_int64(put, 2, v->id);
    cr_assert_eq(sqlite3_step(put), SQLITE_DONE);
    sqlite3_reset(put);
}

static void count_one(void *self, int64_t event_ms, double value) {
    (void)event_ms, (void)value;
    ++*(int64_t *)self;
}

static int64_t served(struct damage *d, struct reader *reader, int64_t series) {
    int64_t samples = 0;
    const struct history_query query = {.device = "freezer-7",
                                        .metric = metrics[series - d->first_series],
                                        .part = "",
                                        .from_ms = 1600000000000,
                                        .to_ms = 1800000000000};
    cr_assert_eq(reader_samples(reader, &query, 1000000, count_one, &samples), RESULT_OK, "the others are served");
    return samples;
}

Test(damage, promise_8_each_of_ten_thousand_flipped_bits_is_found_and_the_other_chunks_are_served) {
    struct damage *d = malloc(sizeof *d);
    int found = 0, whole = 0;
    damage_open(d);
    struct reader *reader = open_reader(&d->f);
    sqlite3_stmt *put = prepare(d, "UPDATE chunk SET bytes = ? WHERE id = ?");
    log_set_level((enum log_level)(LOG_LEVEL_ERROR + 1)); /* ten thousand lines otherwise */
    srandom(8);
    for (int i = 0; i < FLIPS; i++) {
        struct victim *v = &d->victims[random() % d->victim_count];
        const int bit = (int)(random() % (v->byte_count * 8));
        v->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        put_bytes(put, v);
        const uint64_t before = reader_damaged(reader);
        whole += served(d, reader, v->series) == CHUNKS_EACH * SAMPLES_EACH - v->count;
        found += reader_damaged(reader) == before + 1;
        v->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        put_bytes(put, v);
    }
    cr_expect_eq(found, FLIPS, "%d found", found);
    cr_expect_eq(whole, FLIPS, "%d times all other samples came", whole);
    for (int s = 0; s < SERIES; s++)
        cr_expect_eq(served(d, reader, d->first_series + s), CHUNKS_EACH * SAMPLES_EACH, "nothing was left damaged");
    log_set_level(LOG_LEVEL_INFO);
    sqlite3_finalize(put);
    reader_close(reader);
    damage_close(d);
    free(d);
}

Test(damage, a_changed_column_beside_the_bytes_is_found_too) {
    static const char *const changes[] = {
        "UPDATE chunk SET end_ms = end_ms + 1 WHERE id = 1", "UPDATE chunk SET count = count - 1 WHERE id = 1",
        "UPDATE chunk SET min = min - 0.1 WHERE id = 1",     "UPDATE chunk SET max = max + 0.1 WHERE id = 1",
        "UPDATE chunk SET sum = sum * 1.0001 WHERE id = 1",  "UPDATE chunk SET start_ms = start_ms + 1 WHERE id = 1",
        "UPDATE chunk SET series = series + 1 WHERE id = 1",
    };
    struct damage *d = malloc(sizeof *d);
    damage_open(d);
    cr_assert_eq(sqlite3_exec(d->db, "CREATE TABLE kept AS SELECT * FROM chunk", NULL, NULL, NULL), SQLITE_OK);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct reader *reader = open_reader(&d->f);
        cr_assert_eq(sqlite3_exec(d->db, changes[i], NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(d->db));
        for (int s = 0; s < SERIES; s++)
            served(d, reader, d->first_series + s);
        cr_expect_eq(reader_damaged(reader), 1, "%s", changes[i]);
        cr_assert_eq(sqlite3_exec(d->db, "DELETE FROM chunk; INSERT INTO chunk SELECT * FROM kept", NULL, NULL, NULL),
                     SQLITE_OK);
        reader_close(reader);
    }
    damage_close(d);
    free(d);
}
