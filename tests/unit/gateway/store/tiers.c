/* Tiers: built in the background, never wrong in between, kept longer than the samples, made for old files too. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/chunk.h"
#include "store/crc32.h"
#include "store/migrate.h"
#include "world.h"

Test(tiers, promise_4_they_say_what_the_samples_say_however_late_those_come) {
    for (unsigned seed = 1; seed <= 3; seed++)
        world_live(seed, true);
}

static void tidy(struct world *w, int64_t now_ms) {
    for (int64_t before = -1; before != ask(&w->f, "SELECT count(*) FROM tier_due");) {
        before = ask(&w->f, "SELECT count(*) FROM tier_due");
        begin(&w->f);
        cr_assert_eq(history_tidy(w->history, now_ms, 100), RESULT_OK);
        commit(&w->f);
    }
}

Test(tiers, samples_go_after_their_retention_and_their_tiers_stay) {
    struct world *w = malloc(sizeof *w);
    int deleted = 0;
    world_open(w);
    srandom(5);
    for (int i = 0; i < 30; i++) {
        begin(&w->f);
        add_message(w, 60);
        cr_assert_eq(history_flush(w->history), RESULT_OK);
        commit(&w->f);
        w->clock_ms += DAY_MS / 6;
    }
    w->committed = w->count;
    const int64_t all = ask(&w->f, "SELECT count(*) FROM chunk"), end_ms = w->clock_ms + 2 * DAY_MS;
    begin(&w->f);
    cr_assert_eq(history_expire(w->history, w->device, end_ms, 7, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 0, "not before their tiers are built");
    commit(&w->f);
    tidy(w, end_ms);
    begin(&w->f);
    cr_assert_eq(history_expire(w->history, w->device + 1, INT64_MAX / 2, 7, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 0, "another device's");
    cr_assert_eq(history_expire(w->history, w->device, 1600000000000, 7, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 0, "nothing is that old");
    cr_assert_eq(history_expire(w->history, w->device, end_ms, 7, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 7, "a bounded step");
    commit(&w->f);
    cr_expect_eq(ask(&w->f, "SELECT count(*) FROM chunk"), all - 7);
    for (deleted = 1; deleted > 0;) {
        begin(&w->f);
        cr_assert_eq(history_expire(w->history, w->device, end_ms, 100, &deleted), RESULT_OK);
        commit(&w->f);
    }
    cr_expect_eq(ask(&w->f, "SELECT count(*) FROM chunk"), 0);
    struct reader *reader = open_reader(&w->f);
    const int64_t from_ms = 1699920000000; /* a midnight; steps of five hours */
    for (int s = 0; s < SERIES; s++)
        expect_spans(w, reader, s, from_ms, from_ms + 40 * 18000000, 40);
    reader_close(reader);

    /* What still comes for such a day is added to its tiers, once. */
    w->clock_ms = 1700000000000;
    begin(&w->f);
    add_message(w, 60);
    cr_assert_eq(history_flush(w->history), RESULT_OK);
    store_rollback(w->f.store);
    w->count = w->committed;
    begin(&w->f);
    add_message(w, 60);
    cr_assert_eq(history_flush(w->history), RESULT_OK);
    commit(&w->f);
    w->committed = w->count;
    reader = open_reader(&w->f);
    for (int s = 0; s < SERIES; s++)
        expect_spans(w, reader, s, from_ms, from_ms + 40 * 18000000, 40);
    reader_close(reader);

    const int64_t tiers = ask(&w->f, "SELECT count(*) FROM tier");
    begin(&w->f);
    cr_assert_eq(history_expire_tiers(w->history, w->device, from_ms - 2 * DAY_MS, 3, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 0, "not yet");
    cr_assert_eq(history_expire_tiers(w->history, w->device, end_ms, 3, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 3);
    cr_assert_eq(history_expire_tiers(w->history, w->device, end_ms, 10000, &deleted), RESULT_OK);
    cr_expect_eq(deleted, tiers - 3);
    commit(&w->f);
    world_close(w);
    free(w);
}

Test(tiers, chunks_of_the_first_schema_get_their_tiers_in_steps) {
    struct world *w = malloc(sizeof *w);
    world_open(w);
    srandom(6);
    for (int i = 0; i < 20; i++) {
        begin(&w->f);
        add_message(w, 60);
        cr_assert_eq(history_flush(w->history), RESULT_OK);
        commit(&w->f);
        w->clock_ms += DAY_MS / 6;
    }
    w->committed = w->count;
    const int64_t due = ask(&w->f, "SELECT count(*) FROM tier_due");
    ask(&w->f, "DELETE FROM tier_due"); /* as the migration leaves it */
    ask(&w->f, "INSERT OR REPLACE INTO meta(key, value) SELECT 'tier_backfill', max(id) FROM chunk");
    history_close(w->history);
    world_start(w);
    begin(&w->f);
    cr_assert_eq(history_tidy(w->history, w->clock_ms, 1), RESULT_OK);
    store_rollback(w->f.store);
    int steps = 0;
    for (; ask(&w->f, "SELECT count(*) FROM meta WHERE key = 'tier_backfill'") != 0; steps++) {
        begin(&w->f);
        cr_assert_eq(history_tidy(w->history, 0, 1), RESULT_OK);
        commit(&w->f);
        expect_truth(w);
    }
    cr_expect_gt(steps, 3);
    cr_expect_eq(ask(&w->f, "SELECT count(*) FROM tier_due"), due);
    tidy(w, w->clock_ms + 3 * DAY_MS);
    cr_expect_eq(ask(&w->f, "SELECT count(*) FROM tier_due"), 0);
    cr_expect_eq(ask(&w->f, "SELECT count(DISTINCT (id & 1048575) || '/' || (id >> 22)) FROM tier"), due);
    expect_truth(w);
    world_close(w);
    free(w);
}

/* ---- a file of the first release ---- */

/* A chunk as version 1 wrote it: `count` samples a second apart, all `value`. */
static void put_first_version(struct buf *out, int64_t start_ms, int count, int64_t value) {
    buf_reset(out);
    buf_add_u8(out, 1);
    buf_add_varint(out, (uint64_t)count);
    buf_add_varint(out, zigzag_encode(start_ms) << 1);
    buf_add_varint(out, zigzag_encode(1000) << 1);
    buf_add_varint(out, (uint64_t)(count - 2) << 1 | 1);
    buf_add_u8(out, 0);
    buf_add_varint(out, zigzag_encode(value) << 1);
    buf_add_varint(out, (uint64_t)(count - 1) << 1 | 1);
    buf_add_u32be(out, crc32_add(0, out->data, out->count));
}

static void insert_first_version(struct sql *sql, const struct buf *bytes, int64_t start_ms, int count, double value) {
    struct query q = query_of(sql, "INSERT INTO chunk(series, start_ms, end_ms, count, min, max, sum, bytes)"
                                   " VALUES(1, ?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, start_ms);
    put_int(&q, start_ms + (count - 1) * INT64_C(1000));
    put_int(&q, count);
    put_real(&q, value);
    put_real(&q, value);
    put_real(&q, value * count);
    put_blob(&q, bytes->data, bytes->count);
    cr_assert_eq(query_run(&q), RESULT_OK, "%s", sql->error);
}

static void expect_day(const char *path, int64_t from_ms, int64_t to_ms, uint64_t samples) {
    struct reader *reader = NULL;
    struct fault fault;
    struct span spans[6];
    size_t count = 0;
    int64_t step_ms = 0;
    uint64_t got = 0;
    const struct history_query query = {
        .device = "freezer-7", .metric = "temp", .part = "", .from_ms = from_ms, .to_ms = to_ms, .points = 6};
    cr_assert_eq(reader_open(path, &reader, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(reader_history(reader, &query, spans, &count, &step_ms), RESULT_OK, "%s", reader_error(reader));
    for (size_t i = 0; i < count; i++) {
        got += spans[i].count;
        cr_expect(spans[i].min == 4 && spans[i].max == 4 && spans[i].mean == 4);
    }
    cr_expect_eq(got, samples, "%llu samples", (unsigned long long)got);
    reader_close(reader);
}

Test(tiers, a_file_of_the_first_release_is_read_and_gets_its_tiers) {
    enum { COUNT = 900, CHUNKS = 200 }; /* two days and some hours; one chunk lies over each midnight */
    struct fixture f = {0};
    struct history *history = NULL;
    struct sql sql;
    struct buf bytes;
    const int64_t start_ms = 1700006400000 - 450 * 1000, end_ms = start_ms + (int64_t)COUNT * CHUNKS * 1000;
    snprintf(f.folder, sizeof f.folder, "/tmp/fieldline-store-XXXXXX");
    cr_assert_not_null(mkdtemp(f.folder));
    snprintf(f.path, sizeof f.path, "%s/gateway.db", f.folder);
    buf_init(&bytes, 1000);
    cr_assert_eq(sql_open(&sql, f.path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &f.fault), RESULT_OK);
    cr_assert_eq(migrate_to(&sql, f.path, 1, &f.fault), RESULT_OK, "%s", f.fault.text);
    cr_assert_eq(sql_script(&sql, "INSERT INTO device VALUES(1, 'freezer-7', 'm', 's', '1', '1', '', 0, '[]', 0, 0);"
                                  "INSERT INTO series VALUES(1, 1, 'temp', ''); BEGIN"),
                 RESULT_OK, "%s", sql.error);
    for (int i = 0; i < CHUNKS; i++) {
        put_first_version(&bytes, start_ms + (int64_t)i * COUNT * 1000, COUNT, 4);
        insert_first_version(&sql, &bytes, start_ms + (int64_t)i * COUNT * 1000, COUNT, 4);
    }
    cr_assert_eq(sql_script(&sql, "COMMIT"), RESULT_OK);
    sql_close(&sql);
    buf_fini(&bytes);

    cr_assert_eq(store_open(f.path, &f.store, &f.fault), RESULT_OK, "%s", f.fault.text);
    cr_assert_eq(history_open(f.store, NULL, &history), RESULT_OK);
    expect_day(f.path, start_ms, end_ms, COUNT * CHUNKS); /* before any tier, from the chunks' summaries */
    for (int steps = 0; ask(&f, "SELECT count(*) FROM tier_due") > 0 || steps < 2; steps++) {
        cr_assert_lt(steps, 1000, "it ends");
        begin(&f);
        cr_assert_eq(history_tidy(history, end_ms + 2 * DAY_MS, 7), RESULT_OK);
        commit(&f);
        expect_day(f.path, start_ms, end_ms, COUNT * CHUNKS);
    }
    cr_expect_eq(ask(&f, "SELECT count(*) FROM tier"), 4 * 3, "the day before, two days, the day after");
    expect_day(f.path, start_ms + 1234567, end_ms - 7654321, COUNT * CHUNKS - 1235 - 7654);
    history_close(history);
    fixture_close(&f);
}
