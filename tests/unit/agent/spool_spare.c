/* A disk that takes nothing for a while: what memory holds, in which order it goes out, and how the disk is used again.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "power.h"
#include "scratch.h"
#include "spool.h"

#define BOOT "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10"
enum { MIB = 1024 * 1024 };

static struct spool *spool;
static struct moment now;

static void open_spool(void) {
    struct fault fault = {""};
    cr_assert_eq(spool_open(scratch_path("spool"), BOOT, 8 * MIB, &spool, &fault), RESULT_OK, "%s", fault.text);
    spool_set_spare(spool, scratch_path("spare"));
}

static void set_up(void) {
    scratch_make();
    now = (struct moment){.mono_ms = 1000, .wall_ms = 1795309549000};
    power_begin(scratch_path("spool"), 1);
    open_spool();
}
static void tear_down(void) {
    power_fail(0);
    spool_close(spool);
    power_end();
    scratch_remove();
}
TestSuite(spool_spare, .init = set_up, .fini = tear_down);

static void put(enum topic_kind kind, const char *text) {
    cr_assert_eq(spool_append(spool, kind, now, text, strlen(text)), RESULT_OK, "%s", text);
}

static bool disk_is_well(void) {
    const char *why;
    return spool_disk_is_well(spool, &why);
}

/* Everything that the uplink would send now, acknowledging it at once: "a1 a2 b1 |" and a bar between lanes. */
static const char *drain(void) {
    static const enum spool_lane order[] = {SPOOL_URGENT, SPOOL_SPARE_URGENT, SPOOL_BULK, SPOOL_SPARE_BULK};
    static char text[2048];
    bool has_sent = true;
    text[0] = '\0';
    while (has_sent) {
        has_sent = false;
        for (size_t i = 0; i < 4 && !has_sent; i++) {
            struct spool_message m;
            uint64_t seq = spool_acked_seq(spool, order[i]) + 1;
            if (seq > spool_sendable_seq(spool, order[i])) {
                continue;
            }
            cr_assert_eq(spool_read(spool, order[i], seq, now, &m), RESULT_OK);
            size_t used = strlen(text);
            snprintf(text + used, sizeof text - used, "%.*s ", m.bytes > 8 ? 3 : (int)m.bytes,
                     m.bytes > 8 ? "gap" : (const char *)m.payload);
            cr_assert_eq(spool_ack(spool, order[i], m.stamp.seq), RESULT_OK);
            has_sent = true;
        }
    }
    return text;
}
#define DRAINS(expected)                                                                                               \
    do {                                                                                                               \
        const char *got = drain();                                                                                     \
        cr_expect_str_eq(got, expected, "drained: %s", got);                                                           \
    } while (0)

Test(spool_spare, promise_5_a_failing_disk_costs_nothing_while_memory_lasts) {
    static const int errors[] = {EROFS, EIO, ENOSPC, EDQUOT};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        const char *why;
        put(TOPIC_UP_TELE, "a1");
        put(TOPIC_UP_TELE, "a2");
        cr_expect(disk_is_well());
        power_fail(errors[i]);
        put(TOPIC_UP_TELE, "b1");
        put(TOPIC_UP_EVENT, "e1");
        put(TOPIC_UP_LOG, "b2");
        cr_expect_not(spool_disk_is_well(spool, &why));
        cr_expect_str_eq(why, strerror(errors[i]));
        DRAINS("e1 a1 a2 b1 b2 ");
        put(TOPIC_UP_TELE, "b3");
        now.mono_ms += SPOOL_DISK_AGAIN_MS;
        put(TOPIC_UP_TELE, "b4");
        cr_expect_not(disk_is_well(), "it still fails");
        power_fail(0);
        now.mono_ms += SPOOL_DISK_AGAIN_MS;
        put(TOPIC_UP_TELE, "b5");
        cr_expect_not(disk_is_well(), "order: first the spare has to be empty");
        DRAINS("b3 b4 b5 ");
        put(TOPIC_UP_TELE, "c1");
        cr_expect(disk_is_well(), "%s: it is used again by itself", strerror(errors[i]));
        put(TOPIC_UP_EVENT, "e2");
        DRAINS("e2 c1 ");
        cr_expect_eq(spool_stats(spool, SPOOL_BULK).dropped_count, 0);
        now.mono_ms += 1000;
    }
}

Test(spool_spare, a_kill_in_trouble_loses_and_doubles_nothing) {
    put(TOPIC_UP_TELE, "a1");
    power_fail(EROFS);
    put(TOPIC_UP_TELE, "b1");
    put(TOPIC_UP_EVENT, "e1");
    put(TOPIC_UP_TELE, "b2");
    cr_assert_eq(spool_ack(spool, SPOOL_SPARE_URGENT, 1), RESULT_OK);
    spool_abandon(spool);
    power_fail(0);
    open_spool();
    cr_expect(disk_is_well());
    put(TOPIC_UP_TELE, "c1");
    const char *got = drain(); /* an acknowledgement that was not written down yet may be asked for again */
    cr_expect(strcmp(got, "a1 b1 b2 c1 ") == 0 || strcmp(got, "e1 a1 b1 b2 c1 ") == 0, "drained: %s", got);
}

Test(spool_spare, memory_is_bounded_and_says_what_it_dropped) {
    char big[8192];
    struct event_message gap = {0};
    struct spool_message m;
    memset(big, 'x', sizeof big);
    power_fail(ENOSPC);
    for (int i = 0; i < 400; i++) {
        cr_assert_eq(spool_append(spool, TOPIC_UP_TELE, now, big, sizeof big), RESULT_OK);
        cr_assert_leq(spool_stats(spool, SPOOL_SPARE_BULK).bytes, SPOOL_SPARE_BYTES);
    }
    uint64_t dropped = spool_stats(spool, SPOOL_SPARE_BULK).dropped_count;
    cr_expect_gt(dropped, 200);
    cr_assert_eq(spool_read(spool, SPOOL_SPARE_BULK, 1, now, &m), RESULT_OK);
    cr_assert_eq(event_decode(m.payload, m.bytes, &gap, NULL), RESULT_OK);
    cr_expect(gap.kind == EVENT_GAP && gap.gap_count > 0, "%s", gap.text);
    cr_expect_eq(spool_last_seq(spool, SPOOL_BULK), 0, "no number of the disk's stream was used");

    power_fail(0);
    now.mono_ms += SPOOL_DISK_AGAIN_MS;
    put(TOPIC_UP_TELE, "after");
    cr_expect(disk_is_well(), "full: the disk is used though memory still holds something");
    cr_expect_eq(spool_sendable_seq(spool, SPOOL_BULK), 0, "but what is older goes first");
    cr_assert_eq(spool_ack(spool, SPOOL_SPARE_BULK, spool_last_seq(spool, SPOOL_SPARE_BULK)), RESULT_OK);
    DRAINS("after ");
}

Test(spool_spare, without_memory_what_the_disk_does_not_take_is_a_gap) {
    spool_set_spare(spool, "/proc/fieldline-spare");
    put(TOPIC_UP_TELE, "a1");
    power_fail(EROFS);
    cr_expect_neq(spool_append(spool, TOPIC_UP_TELE, now, "b1", 2), RESULT_OK);
    cr_expect_neq(spool_append(spool, TOPIC_UP_TELE, now, "b2", 2), RESULT_OK);
    cr_expect_not(disk_is_well());
    power_fail(0);
    now.mono_ms += SPOOL_DISK_AGAIN_MS;
    put(TOPIC_UP_TELE, "c1");
    cr_expect(disk_is_well());
    DRAINS("a1 gap c1 ");
}
