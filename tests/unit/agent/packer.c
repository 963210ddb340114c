/* Batching: when a pack is closed, and what is in the spool then. */
#include "packer.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "scratch.h"

static struct agent_config config;
static struct loop *loop;
static struct spool *spool;
static struct packer *packer;
static int appended, checkpoints;
static uint64_t checkpoint_seq;

static void on_appended(void *self) {
    (void)self;
    appended++;
}
static void on_before_logs(void *self, const char *stream, uint64_t seq) {
    (void)self;
    cr_expect_str_eq(stream, spool_stream(spool, SPOOL_BULK));
    checkpoints++;
    checkpoint_seq = seq;
}

static struct wall wall;

static void set_up(void) {
    struct packer_owner owner = {.appended = on_appended, .before_logs = on_before_logs};
    struct fault fault;
    scratch_make();
    config = (struct agent_config){.batch_max_wait_ms = 50, .batch_max_records = 10, .spool_sync_ms = 1000};
    loop = loop_new();
    wall_init(&wall, wall_machine(), 0);
    cr_assert_eq(spool_open(scratch_path("spool"), "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10", 1 << 20, &spool, &fault),
                 RESULT_OK);
    packer = packer_new(loop, &config, spool, &wall, &owner);
}
static void tear_down(void) {
    packer_free(packer);
    spool_close(spool);
    loop_free(loop);
    scratch_remove();
}
TestSuite(packer, .init = set_up, .fini = tear_down);

static void sample(double value) {
    struct senml_record r = {.metric = "t", .event_ms = 1795309549000, .value = value};
    packer_sample(packer, &r);
}

static void log_text_line(const char *text) {
    struct log_record r = {.event_ms = 1795309549000, .severity = 6};
    snprintf(r.text, sizeof r.text, "%s", text);
    packer_log(packer, &r);
}

static size_t samples_in(uint64_t seq) {
    static struct senml_record records[CAP_PACK_RECORDS];
    struct spool_message m;
    size_t count = 0;
    cr_assert_eq(spool_read(spool, SPOOL_BULK, seq, (struct moment){0}, &m), RESULT_OK, "record %lu", seq);
    cr_assert_eq(m.kind, TOPIC_UP_TELE);
    cr_assert_eq(senml_decode(m.payload, m.bytes, 0, records, CAP_PACK_RECORDS, &count, NULL), RESULT_OK);
    return count;
}

Test(packer, closes_a_pack_by_count) {
    for (int i = 0; i < 25; i++) {
        sample(i);
    }
    cr_expect_eq(spool_last_seq(spool, SPOOL_BULK), 2);
    cr_expect_eq(samples_in(1), 10);
    cr_expect_eq(appended, 2, "each was told");
    packer_flush(packer);
    cr_expect_eq(samples_in(3), 5);
    packer_flush(packer);
    cr_expect_eq(spool_last_seq(spool, SPOOL_BULK), 3, "nothing gathered, nothing sent");
}

static void stop(void *self) {
    loop_stop(self);
}

Test(packer, closes_a_pack_by_age) {
    struct loop_timer late = {0};
    sample(1);
    log_text_line("a");
    loop_arm(loop, &late, 500, stop, loop);
    while (appended < 2 && late.is_armed) {
        struct loop_timer soon = {0};
        loop_arm(loop, &soon, 10, stop, loop);
        cr_assert_eq(loop_run(loop), RESULT_OK);
    }
    cr_expect(late.is_armed, "it took too long");
    loop_disarm(loop, &late);
    cr_expect_eq(samples_in(1), 1);
    cr_expect_eq(spool_last_seq(spool, SPOOL_BULK), 2, "samples and logs are messages of their own");
}

Test(packer, closes_a_pack_by_size) {
    config.batch_max_records = CAP_PACK_RECORDS;
    for (int i = 0; i < 2000; i++) {
        struct senml_record r = {.metric = "a_metric_with_a_rather_long_name",
                                 .part = "with_a_part",
                                 .value = M_PI * i,
                                 .event_ms = 1795309549000 + i};
        packer_sample(packer, &r);
    }
    packer_flush(packer);
    uint64_t last = spool_last_seq(spool, SPOOL_BULK);
    size_t sum = 0;
    cr_expect_geq(last, 2);
    for (uint64_t seq = 1; seq <= last; seq++) {
        sum += samples_in(seq);
    }
    cr_expect_eq(sum, 2000, "every one once");
}

Test(packer, tells_before_logs_and_never_inside_a_pack) {
    char line[2000];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\0';
    for (int i = 0; i < 9; i++) {
        log_text_line(line);
    }
    cr_expect_eq(checkpoints, 1, "the ninth did not fit");
    cr_expect_eq(checkpoint_seq, 1);
    struct spool_message m;
    struct log_record records[20];
    size_t count;
    cr_assert_eq(spool_read(spool, SPOOL_BULK, 1, (struct moment){0}, &m), RESULT_OK);
    cr_assert_eq(logs_decode(m.payload, m.bytes, records, 20, &count, NULL), RESULT_OK);
    cr_expect_eq(count, 8, "the one that closed the pack is in the next");
}

Test(packer, events_go_at_once) {
    struct event_message event = {.event_ms = 5, .kind = EVENT_CALL, .severity = 5, .text = "help"};
    sample(1);
    packer_event(packer, &event);
    cr_expect_eq(spool_last_seq(spool, SPOOL_URGENT), 1);
    cr_expect_eq(spool_last_seq(spool, SPOOL_BULK), 0);
    cr_expect_eq(packer_urgent(packer, TOPIC_UP_BIRTH, "{}", 2), 2);
}

Test(packer, what_no_pack_can_hold_is_counted) {
    struct senml_record early = {.metric = "t", .event_ms = 1000, .value = 1};
    sample(NAN);
    sample(INFINITY);
    packer_sample(packer, &early);
    sample(1);
    cr_expect_eq(packer_counts(packer).refused, 3);
    cr_expect_eq(packer_counts(packer).samples, 1);
    packer_flush(packer);
    cr_expect_eq(samples_in(1), 1, "the good one is not spoilt");
}
