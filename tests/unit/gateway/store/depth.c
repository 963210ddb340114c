/* How much waits: the journal's ends, the outbox, the files. */
#include "store/depth.h"

#include <criterion/criterion.h>
#include <sys/stat.h>

#include "fixture.h"
#include "store/outbox.h"

static void append(struct fixture *f, int64_t recv_ms) {
    const struct journal_sample sample = {.series = 1, .event_ms = recv_ms, .value = 1};
    const struct journal_row row = {
        .device = 1, .recv_ms = recv_ms, .first_ms = recv_ms, .last_ms = recv_ms, .samples = &sample, .count = 1};
    int64_t id;
    cr_assert_eq(journal_append(f->store, &row, &id), RESULT_OK);
}

Test(depth, an_empty_store_has_nothing_waiting) {
    struct fixture f;
    struct store_depth depth;
    fixture_open(&f);
    cr_assert_eq(store_read_depth(f.store, &depth), RESULT_OK);
    cr_expect_eq(depth.journal_rows, 0);
    cr_expect_eq(depth.journal_oldest_ms, 0);
    cr_expect_eq(depth.outbox_rows, 0);
    cr_expect_eq(depth.outbox_oldest_ms, 0);
    cr_expect_gt(depth.file_bytes + depth.wal_file_bytes, 0);
    fixture_close(&f);
}

Test(depth, rows_and_the_oldest) {
    struct fixture f;
    struct store_depth depth;
    int deleted;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    begin(&f);
    for (int64_t i = 0; i < 100; i++)
        append(&f, 5000 + i);
    for (int64_t i = 0; i < 3; i++) {
        struct outbox_row row = {
            .device_id = device, .args_json = "{}", .created_ms = 700 - i, .expires_ms = 100000, .next_ms = 700};
        uuid_make(row.id);
        cr_assert_eq(outbox_add(f.store, &row), RESULT_OK);
    }
    commit(&f);
    cr_assert_eq(store_read_depth(f.store, &depth), RESULT_OK);
    cr_expect_eq(depth.journal_rows, 100);
    cr_expect_eq(depth.journal_oldest_ms, 5000);
    cr_expect_eq(depth.outbox_rows, 3);
    cr_expect_eq(depth.outbox_oldest_ms, 698);
    begin(&f);
    cr_assert_eq(journal_trim(f.store, 41, 1000, &deleted), RESULT_OK);
    commit(&f);
    cr_assert_eq(store_read_depth(f.store, &depth), RESULT_OK);
    cr_expect_eq(depth.journal_rows, 60);
    cr_expect_eq(depth.journal_oldest_ms, 5040);
    fixture_close(&f);
}
