/* What a restart gives back to the rules when the journal was trimmed: the stored state, or windows from history. */
#include "rule_keep.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "fixture.h"
#include "store/depth.h"
#include "store/journal.h"
#include "store/rule_state.h"

static void tele(struct fixture *f, uint64_t seq, int64_t event_ms, double value) {
    char topic[CAP_TOPIC_BYTES + 1], payload[200];
    topic_format("freezer-7", TOPIC_UP_TELE, topic);
    snprintf(payload, sizeof payload, "[{\"n\":\"air_temperature\",\"u\":\"Cel\",\"t\":%.3f,\"v\":%g}]",
             (double)event_ms / 1000, value);
    fixture_feed(f, topic, payload, strlen(payload), fixture_bulk, seq, 0);
}

static uint64_t feed(struct fixture *f, uint64_t seq, int64_t from_ms, int count) {
    for (int i = 0; i < count; i++)
        tele(f, seq++, from_ms + i * 10000, -20 + (i % 7) * 0.1);
    return seq;
}

static void saved(struct fixture *f, struct buf *out) {
    buf_reset(out);
    rule_device_save(registry_find(f->core.registry, "freezer-7")->rules, out);
    cr_assert_gt(out->count, 100);
}

static int64_t journal_rows(struct fixture *f) {
    struct store_depth depth;
    cr_assert_eq(store_read_depth(f->core.store, &depth), RESULT_OK);
    return depth.journal_rows;
}

/* States and chunks are written, what they cover leaves the journal. */
static void tidy(struct fixture *f, bool with_states) {
    struct core *core = &f->core;
    int deleted;
    core->now_ms = clock_wall_ms();
    core->now_mono_ms = clock_mono_ms();
    cr_assert_eq(store_begin(core->store), RESULT_OK);
    cr_assert_eq(rule_keep_turn(core, with_states), RESULT_OK);
    cr_assert_eq(history_flush(core->history), RESULT_OK);
    cr_assert_eq(store_commit(core->store), RESULT_OK);
    cr_assert_eq(store_begin(core->store), RESULT_OK);
    const int64_t chunks = history_pins(core->history), rules = rule_keep_pin(&core->rule_keep);
    cr_assert_eq(journal_trim(core->store, chunks < rules ? chunks : rules, 100000, &deleted), RESULT_OK);
    cr_assert_eq(store_commit(core->store), RESULT_OK);
}

Test(rule_keep, a_restart_gives_the_state_back_without_the_journal) {
    struct fixture *f = fixture_new();
    struct buf before, after;
    buf_init(&before, 1 << 24);
    buf_init(&after, 1 << 24);
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    const int64_t from_ms = clock_wall_ms() - 3600 * 1000;
    uint64_t seq = feed(f, 1, from_ms, 100);
    tidy(f, true);
    cr_expect_eq(journal_rows(f), 0, "everything is in a state and in chunks");
    saved(f, &before);
    fixture_restart(f);
    saved(f, &after);
    cr_expect_eq(after.count, before.count);
    cr_expect_eq(memcmp(after.data, before.data, before.count), 0);
    /* what comes after the state is in the journal and is replayed over it */
    feed(f, seq, from_ms + 100 * 10000, 20);
    saved(f, &before);
    fixture_restart(f);
    saved(f, &after);
    cr_expect_eq(after.count, before.count);
    cr_expect_eq(memcmp(after.data, before.data, before.count), 0);
    fixture_free(f);
    buf_fini(&before);
    buf_fini(&after);
}

Test(rule_keep, the_journal_stays_until_the_state_is_stored) {
    struct fixture *f = fixture_new();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    feed(f, 1, clock_wall_ms() - 3600 * 1000, 50);
    tidy(f, false); /* not due yet */
    cr_expect_eq(journal_rows(f), 50);
    tidy(f, true);
    cr_expect_eq(journal_rows(f), 0);
    cr_expect_eq(rule_keep_pin(&f->core.rule_keep), INT64_MAX);
    fixture_free(f);
}

Test(rule_keep, a_state_too_big_to_store_leaves_no_older_one_behind) {
    struct fixture *f = fixture_new();
    struct buf before, after;
    buf_init(&before, 1 << 24);
    buf_init(&after, 1 << 24);
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    const int64_t from_ms = clock_wall_ms() - 3600 * 1000;
    const uint64_t seq = feed(f, 1, from_ms, 50);
    tidy(f, true);
    feed(f, seq, from_ms + 50 * 10000, 50);
    const size_t cap = f->core.rule_keep.state.cap;
    f->core.rule_keep.state.cap = 10;
    tidy(f, true);
    f->core.rule_keep.state.cap = cap;
    fixture_restart(f);
    cr_expect_eq(registry_find(f->core.registry, "freezer-7")->rules_loaded, 0, "windows come from history");
    struct fixture *other = fixture_new();
    fixture_birth(other, "freezer-7", "vaccine-freezer");
    feed(other, 1, from_ms, 100);
    tele(f, seq + 50, from_ms + 101 * 10000, -19);
    tele(other, seq + 50, from_ms + 101 * 10000, -19);
    saved(f, &before);
    saved(other, &after);
    cr_expect_eq(after.count, before.count, "%zu and %zu bytes", after.count, before.count);
    fixture_free(f);
    fixture_free(other);
    buf_fini(&before);
    buf_fini(&after);
}

Test(rule_keep, without_a_fitting_state_windows_are_filled_from_history) {
    struct fixture *f = fixture_new();
    struct buf before, after;
    buf_init(&before, 1 << 24);
    buf_init(&after, 1 << 24);
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    const int64_t from_ms = clock_wall_ms() - 3600 * 1000;
    const uint64_t seq = feed(f, 1, from_ms, 100);
    tidy(f, true);
    const int64_t row = registry_find(f->core.registry, "freezer-7")->row;
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(store_rule_state_put(f->core.store, row, 1000, "not a state", 11), RESULT_OK);
    cr_assert_eq(store_commit(f->core.store), RESULT_OK);
    fixture_restart(f);
    /* the next sample evaluates every rule: from then on both know the same */
    struct fixture *other = fixture_new();
    fixture_birth(other, "freezer-7", "vaccine-freezer");
    feed(other, 1, from_ms, 100);
    tele(f, seq, from_ms + 101 * 10000, -19);
    tele(other, seq, from_ms + 101 * 10000, -19);
    saved(f, &before);
    saved(other, &after);
    cr_expect_eq(after.count, before.count, "%zu and %zu bytes", after.count, before.count);
    fixture_free(f);
    fixture_free(other);
    buf_fini(&before);
    buf_fini(&after);
}
