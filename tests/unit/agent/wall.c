/* The agent's time of day, with clocks made by the test. */
#include "wall.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "packer.h"
#include "scratch.h"

enum { DAY = 24 * 3600 * 1000 };
#define NOW INT64_C(1795309549000)

static struct moment clocks;
static struct wall wall;
static struct {
    int befores, steps;
    int64_t by_ms, told_before, told_after;
} heard;

static struct moment read_clocks(void *self) {
    (void)self;
    return clocks;
}
static const struct wall_source source = {.read = read_clocks};

static void on_before(void *self) {
    (void)self;
    heard.befores++;
    heard.told_before = wall_now_ms(&wall);
}
static void on_step(void *self, int64_t by_ms) {
    (void)self;
    heard.steps++;
    heard.by_ms = by_ms;
    heard.told_after = wall_now_ms(&wall);
}

static void begin(int64_t wall_ms, int64_t known_ms) {
    memset(&heard, 0, sizeof heard);
    clocks = (struct moment){.mono_ms = 5000, .wall_ms = wall_ms};
    wall_init(&wall, source, known_ms);
    wall_tell(&wall, (struct wall_owner){.before_step = on_before, .stepped = on_step});
    cr_expect_eq(wall_look(&wall).mono_ms, 5000);
}

static void pass(int64_t ms, int64_t step_ms) {
    clocks.mono_ms += ms;
    clocks.wall_ms += ms + step_ms;
}

Test(wall, promise_12_a_step_is_noticed_and_slewing_is_none) {
    static const struct {
        const char *what;
        int64_t passes_ms, by_ms;
        int steps;
    } rows[] = {{"time passes", 1000, 0, 0},
                {"a long time passes, asleep or not", 40LL * DAY, 0, 0},
                {"slewed, just below", 1000, WALL_STEP_MS - 1, 0},
                {"slewed back, just below", 1000, -(WALL_STEP_MS - 1), 0},
                {"the smallest step", 1000, WALL_STEP_MS, 1},
                {"the smallest step back", 1000, -WALL_STEP_MS, 1},
                {"an hour", 10, 3600000, 1},
                {"an hour back", 10, -3600000, 1},
                {"a day", 0, DAY, 1},
                {"a day back", 0, -DAY, 1},
                {"beyond 2038", 1, 20LL * 365 * DAY, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(NOW, 0);
        pass(rows[i].passes_ms, rows[i].by_ms);
        cr_expect_eq(wall_look(&wall).wall_ms, clocks.wall_ms, "%s", rows[i].what);
        cr_expect_eq(heard.steps, rows[i].steps, "%s", rows[i].what);
        cr_expect_eq(heard.befores, rows[i].steps, "%s", rows[i].what);
        cr_expect_eq((int)wall.step_count, rows[i].steps, "%s", rows[i].what);
        if (rows[i].steps > 0) {
            cr_expect_eq(heard.by_ms, rows[i].by_ms, "%s", rows[i].what);
            cr_expect_eq(heard.told_before, NOW + rows[i].passes_ms, "%s: the old time until it is over", rows[i].what);
            cr_expect_eq(heard.told_after, clocks.wall_ms, "%s", rows[i].what);
        }
        wall_look(&wall);
        cr_expect_eq(heard.steps, rows[i].steps, "%s: once", rows[i].what);
    }
}

/* A stamp in the middle of something must not close a batch. */
Test(wall, only_looking_notices) {
    begin(NOW, 0);
    pass(1000, DAY);
    cr_expect_eq(wall_now_ms(&wall), NOW + 1000, "the old time");
    cr_expect_eq(heard.befores + heard.steps, 0);
    cr_expect_eq(wall_look(&wall).wall_ms, NOW + 1000 + DAY);
    cr_expect_eq(heard.steps, 1);
    cr_expect_eq(wall_now_ms(&wall), NOW + 1000 + DAY);
}

Test(wall, slewing_for_a_week_is_no_step) {
    begin(NOW, 0);
    for (int hour = 0; hour < 7 * 24; hour++) {
        pass(3600000, 1800); /* 500 ppm, the most that the kernel slews */
        wall_look(&wall);
    }
    cr_expect_eq(heard.steps, 0);
    cr_expect_eq(wall_look(&wall).wall_ms, clocks.wall_ms);
}

Test(wall, a_clock_that_is_not_set_goes_on_from_the_newest_time_known) {
    static const struct {
        const char *what;
        int64_t wall_ms, known_ms, told_ms;
        bool is_held;
    } rows[] = {{"1970", 0, 0, WALL_LEAST_MS, true},
                {"1970, and the spool knows better", 60000, NOW, NOW, true},
                {"before 1970", -5, NOW, NOW, true},
                {"a battery that began anew in 2000", 946684800000, NOW, NOW, true},
                {"the spool is older than this program", 0, 1600000000000, WALL_LEAST_MS, true},
                {"set, older than the spool: believed", NOW - DAY, NOW, NOW - DAY, false},
                {"set, and the spool is from a wrong future", NOW, NOW + 400LL * DAY, NOW, false},
                {"the first moment that is believed", WALL_LEAST_MS, NOW, WALL_LEAST_MS, false},
                {"a minute too early", WALL_LEAST_MS - 60000, NOW, NOW, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(rows[i].wall_ms, rows[i].known_ms);
        cr_expect_eq(wall_look(&wall).wall_ms, rows[i].told_ms, "%s", rows[i].what);
        cr_expect_eq(wall.is_held, rows[i].is_held, "%s", rows[i].what);
        pass(7000, 0);
        cr_expect_eq(wall_look(&wall).wall_ms, rows[i].told_ms + 7000, "%s", rows[i].what);
        cr_expect_eq(heard.steps, 0, "%s", rows[i].what);
    }
}

Test(wall, a_clock_that_becomes_set_is_a_step) {
    begin(1000, NOW);
    pass(10000, 0);
    cr_expect_eq(wall_look(&wall).wall_ms, NOW + 10000);
    clocks.wall_ms = NOW + 3600000;
    cr_expect_eq(wall_look(&wall).wall_ms, NOW + 3600000);
    cr_expect_eq(heard.by_ms, 3590000);
    cr_expect_eq(heard.told_before, NOW + 10000);
    cr_expect_not(wall.is_held);
}

Test(wall, times_of_others_are_believed_unless_their_clock_is_not_set) {
    begin(NOW, 0);
    cr_expect_eq(wall_believe(&wall, NOW - DAY), NOW - DAY);
    cr_expect_eq(wall_believe(&wall, 12345), NOW);
    cr_expect_eq(wall_believe(&wall, -1), NOW);
}

/* ---- no message spans a step, and none is lost for want of a clock ---- */

static struct packer *packer;

static void flush(void *self) {
    (void)self;
    packer_flush(packer);
}
static void on_appended(void *self) {
    (void)self;
}

static void sample(void) {
    struct senml_record r = {.metric = "t", .value = 1};
    r.event_ms = wall_look(&wall).wall_ms;
    packer_sample(packer, &r);
}

static void expect_pack(struct spool *spool, uint64_t seq, size_t samples, int64_t stamp_ms, int64_t first_ms) {
    static struct senml_record records[CAP_PACK_RECORDS];
    struct spool_message m;
    size_t count = 0;
    cr_assert_eq(spool_read(spool, SPOOL_BULK, seq, (struct moment){0}, &m), RESULT_OK);
    cr_assert_eq(senml_decode(m.payload, m.bytes, 0, records, CAP_PACK_RECORDS, &count, NULL), RESULT_OK);
    cr_expect_eq(count, samples, "record %lu: %zu samples", (unsigned long)seq, count);
    cr_expect_eq(m.stamp.wall_ms, stamp_ms);
    cr_expect_eq(records[0].event_ms, first_ms);
}

static void live_through(int64_t begins_ms, int64_t known_ms, int64_t stepped_to_ms) {
    struct agent_config config = {.batch_max_wait_ms = 50, .batch_max_records = 10, .spool_sync_ms = 1000};
    struct packer_owner owner = {.appended = on_appended};
    struct loop *loop = loop_new();
    struct spool *spool;
    struct fault fault;
    scratch_make();
    cr_assert_eq(spool_open(scratch_path("spool"), "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10", 1 << 20, &spool, &fault),
                 RESULT_OK);
    begin(begins_ms, known_ms);
    int64_t told_ms = wall_look(&wall).wall_ms;
    packer = packer_new(loop, &config, spool, &wall, &owner);
    wall_tell(&wall, (struct wall_owner){.before_step = flush});
    sample();
    pass(100, 0);
    sample();
    pass(100, 0);
    clocks.wall_ms = stepped_to_ms;
    sample();
    packer_flush(packer);
    expect_pack(spool, 1, 2, told_ms + 200, told_ms);
    expect_pack(spool, 2, 1, stepped_to_ms, stepped_to_ms);
    cr_expect_eq(spool_last_seq(spool, SPOOL_BULK), 2);
    cr_expect_eq(packer_counts(packer).refused, 0, "every sample has a place");
    packer_free(packer);
    spool_close(spool);
    loop_free(loop);
    scratch_remove();
}

Test(wall, promise_12_no_message_spans_a_step) {
    live_through(NOW, 0, NOW + DAY);
    live_through(NOW, 0, NOW - DAY);
    live_through(NOW, 0, NOW + 20LL * 365 * DAY);
    live_through(1234, 0, NOW);
    live_through(1234, NOW - DAY, NOW);
}
