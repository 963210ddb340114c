/* The journal: exact rows, a chain for each device, ids that never come back. */
#include "store/journal.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "fixture.h"

static void codec_round_trip(const struct journal_sample *samples, size_t count) {
    struct journal_sample back[64];
    struct buf bytes;
    size_t got = 0;
    buf_init(&bytes, 4096);
    cr_assert_eq(journal_encode(samples, count, &bytes), RESULT_OK);
    cr_assert_eq(journal_decode(bytes.data, bytes.count, back, 64, &got), RESULT_OK);
    cr_assert_eq(got, count);
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(back[i].series, samples[i].series);
        cr_expect_eq(back[i].event_ms, samples[i].event_ms);
        cr_expect_eq(memcmp(&back[i].value, &samples[i].value, 8), 0, "%a", samples[i].value);
    }
    for (size_t cut = 0; cut < bytes.count; cut++)
        cr_expect_neq(journal_decode(bytes.data, cut, back, 64, &got), RESULT_OK, "cut at %zu", cut);
    buf_add_u8(&bytes, 0);
    cr_expect_eq(journal_decode(bytes.data, bytes.count, back, 64, &got), RESULT_CORRUPT, "something left over");
    if (count > 0)
        cr_expect_eq(journal_decode(bytes.data, bytes.count - 1, back, count - 1, &got), RESULT_TOO_BIG, "no room");
    buf_fini(&bytes);
}

Test(journal, every_bit_of_a_message_comes_back) {
    const struct journal_sample samples[] = {
        {1, 1700000000000, -18.25}, {2, 1700000000000, 0},     {3, 1700000000000, 1e300}, {1, 1700000001000, -18.5},
        {9999999, 0, NAN},          {1, INT64_MAX, -INFINITY}, {2, INT64_MIN, -0.0},      {INT64_MAX, 5, DBL_TRUE_MIN},
        {0, 5, 9007199254740991.0}, {5, 5, 1.0 / 3},
    };
    codec_round_trip(samples, sizeof samples / sizeof *samples);
    codec_round_trip(samples, 1);
    codec_round_trip(samples, 0);
}

Test(journal, another_version_and_too_many_are_refused) {
    struct journal_sample back[4];
    struct buf out;
    size_t got = 0;
    const uint8_t later[] = {2, 0}, flood[] = {1, 0xff, 0xff, 0x7f};
    cr_expect_eq(journal_decode(later, sizeof later, back, 4, &got), RESULT_CORRUPT);
    cr_expect_eq(journal_decode(flood, sizeof flood, back, 4, &got), RESULT_CORRUPT);
    buf_init(&out, 4096);
    cr_expect_eq(journal_encode(NULL, JOURNAL_SAMPLES_MAX + 1, &out), RESULT_TOO_BIG);
    buf_fini(&out);
}

struct seen {
    int count;
    int64_t first, last;
    double sum;
};
static void see(void *self, const struct journal_row *row) {
    struct seen *s = self;
    if (s->count++ == 0)
        s->first = row->id;
    s->last = row->id;
    for (size_t i = 0; i < row->count; i++)
        s->sum += row->samples[i].value;
    cr_expect_eq(row->first_ms, 1000);
    cr_expect_eq(row->last_ms, 3000);
    cr_expect_eq(row->recv_ms, 2500 + row->id);
}

static int64_t append(struct fixture *f, int64_t device, double value, int64_t expected_id) {
    const struct journal_sample samples[] = {{1, 1000, value}, {2, 3000, value}};
    const struct journal_row row = {.device = device,
                                    .seq = 7,
                                    .recv_ms = 2500 + expected_id,
                                    .first_ms = 1000,
                                    .last_ms = 3000,
                                    .samples = samples,
                                    .count = 2};
    int64_t id = 0;
    cr_assert_eq(journal_append(f->store, &row, &id), RESULT_OK, "%s", store_error(f->store));
    cr_expect_eq(id, expected_id);
    return id;
}

Test(journal, rows_come_back_in_order_and_ids_are_never_used_again) {
    struct fixture f;
    struct seen seen = {0};
    int deleted = 0;
    fixture_open(&f);
    const int64_t a = add_device(&f, "a-1"), b = add_device(&f, "b-2");
    begin(&f);
    for (int i = 1; i <= 10; i++)
        append(&f, i % 2 ? a : b, i, i);
    commit(&f);
    cr_assert_eq(journal_replay(f.store, 0, see, &seen), RESULT_OK);
    cr_expect(seen.count == 10 && seen.first == 1 && seen.last == 10 && seen.sum == 110);
    seen = (struct seen){0};
    cr_assert_eq(journal_replay(f.store, 7, see, &seen), RESULT_OK);
    cr_expect(seen.count == 3 && seen.first == 8);
    cr_expect_eq(ask(&f, "SELECT journal_head FROM presence WHERE device = 1"), 9);
    cr_expect_eq(ask(&f, "SELECT prev FROM journal WHERE id = 9"), 7, "the chain skips the other device's");

    begin(&f);
    cr_assert_eq(journal_trim(f.store, 5, 1000, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 4, "only what is before the pin");
    cr_assert_eq(journal_trim(f.store, 7, 1000, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 2, "5 and 6");
    cr_assert_eq(journal_trim(f.store, INT64_MAX, 3, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 3, "no more than asked");
    cr_assert_eq(journal_trim(f.store, INT64_MAX, 1000, &deleted), RESULT_OK);
    cr_expect_eq(deleted, 1);
    commit(&f);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM journal"), 0);
    fixture_reopen(&f);
    begin(&f);
    append(&f, a, 1, 11);
    store_rollback(f.store);
    begin(&f);
    append(&f, a, 1, 11);
    commit(&f);
    fixture_close(&f);
}

/* Samples of a row: version 1 had no check. */
Test(journal, rows_of_an_older_program_are_read) {
    const uint8_t old[] = {1, 1, 2, 4, 1, 6}; /* series 1, at 2 ms, 0.3 */
    struct journal_sample back[4];
    size_t got = 0;
    cr_assert_eq(journal_decode(old, sizeof old, back, 4, &got), RESULT_OK);
    cr_expect_eq(got, 1);
    cr_expect_eq(back[0].series, 1);
    cr_expect_eq(back[0].event_ms, 2);
    cr_expect_eq(back[0].value, 0.3);
}

Test(journal, promise_8_every_flipped_bit_is_found) {
    const struct journal_sample samples[] = {
        {1, 1700000000000, -18.25}, {2, 1700000000000, 4}, {7, 1700000001000, 1.0 / 3}};
    struct journal_sample back[4];
    struct buf bytes;
    size_t got = 0;
    buf_init(&bytes, 4096);
    cr_assert_eq(journal_encode(samples, 3, &bytes), RESULT_OK);
    for (size_t bit = 8; bit < bytes.count * 8; bit++) { /* the first byte says how the rest is read */
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_expect_eq(journal_decode(bytes.data, bytes.count, back, 4, &got), RESULT_CORRUPT, "bit %zu", bit);
        bytes.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buf_fini(&bytes);
}

Test(journal, a_damaged_row_is_a_hole_in_the_replay) {
    struct fixture f;
    struct seen seen = {0};
    fixture_open(&f);
    const int64_t a = add_device(&f, "a-1");
    begin(&f);
    append(&f, a, 1, 1);
    append(&f, a, 2, 2);
    append(&f, a, 3, 3);
    commit(&f);
    ask(&f, "UPDATE journal SET payload = x'0105' WHERE id = 2");
    cr_expect_eq(journal_replay(f.store, 0, see, &seen), RESULT_OK);
    cr_expect_eq(seen.count, 2, "the gateway starts, with what is whole");
    fixture_close(&f);
}
