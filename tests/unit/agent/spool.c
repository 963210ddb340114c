/* The spool: order, durability against kills, bounds, gaps. Its behaviour over long random runs is in spool_model.c. */
#include "spool.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

#define BOOT_A "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10"
#define BOOT_B "1b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d11"
enum { MIB = 1024 * 1024 };
static const struct moment now = {.mono_ms = 1000, .wall_ms = 1795309549000};

static struct spool *spool;

static void open_spool(const char *boot, int64_t bytes) {
    struct fault fault = {""};
    cr_assert_eq(spool_open(scratch_path("spool"), boot, bytes, &spool, &fault), RESULT_OK, "%s", fault.text);
}

static void put(enum topic_kind kind, const char *text) {
    cr_assert_eq(spool_append(spool, kind, now, text, strlen(text)), RESULT_OK);
}

/* "7" for the record 7, "3-5 why" for a gap. */
static const char *stands_for(enum spool_lane lane, uint64_t seq) {
    static char text[256];
    struct spool_message m;
    struct event_message event;
    if (spool_read(spool, lane, seq, now, &m) != RESULT_OK) {
        return "nothing";
    }
    if (m.kind == TOPIC_UP_EVENT && event_decode(m.payload, m.bytes, &event, NULL) == RESULT_OK &&
        event.kind == EVENT_GAP) {
        snprintf(text, sizeof text, "%lu-%lu x%lu %.100s", m.stamp.from, m.stamp.seq, event.gap_count, event.text);
    } else {
        snprintf(text, sizeof text, "%lu %.*s", m.stamp.seq, (int)m.bytes, (const char *)m.payload);
    }
    return text;
}
#define STANDS_FOR(lane, seq, expected)                                                                                \
    do {                                                                                                               \
        const char *found = stands_for(lane, seq);                                                                     \
        cr_expect_str_eq(found, expected, "%lu: '%s'", (unsigned long)(seq), found);                                   \
    } while (0)

static void set_up(void) {
    scratch_make();
}
static void tear_down(void) {
    spool_abandon(spool);
    scratch_remove();
}
TestSuite(spool, .init = set_up, .fini = tear_down);

Test(spool, two_lanes_each_with_numbers_of_its_own) {
    struct spool_message m;
    enum spool_lane lane;
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_TELE, "t1");
    put(TOPIC_UP_EVENT, "e1");
    put(TOPIC_UP_LOG, "l2");
    put(TOPIC_UP_BIRTH, "b2");
    put(TOPIC_UP_REPLY, "r3");
    STANDS_FOR(SPOOL_BULK, 1, "1 t1");
    STANDS_FOR(SPOOL_BULK, 2, "2 l2");
    STANDS_FOR(SPOOL_BULK, 3, "nothing");
    STANDS_FOR(SPOOL_BULK, 0, "nothing");
    STANDS_FOR(SPOOL_URGENT, 3, "3 r3");
    cr_assert_eq(spool_read(spool, SPOOL_URGENT, 2, now, &m), RESULT_OK);
    cr_expect_eq(m.kind, TOPIC_UP_BIRTH);
    cr_expect(m.stamp.from == 2 && m.stamp.mono_ms == 1000 && m.stamp.wall_ms == now.wall_ms);
    cr_expect_str_eq(m.stamp.boot, BOOT_A);
    cr_expect_str_eq(m.stamp.stream, spool_stream(spool, SPOOL_URGENT));
    cr_expect_str_neq(spool_stream(spool, SPOOL_URGENT), spool_stream(spool, SPOOL_BULK));
    cr_expect_eq(spool_find_stream(spool, spool_stream(spool, SPOOL_BULK), &lane), RESULT_OK);
    cr_expect_eq(lane, SPOOL_BULK);
    cr_expect_eq(spool_find_stream(spool, BOOT_A, &lane), RESULT_NOT_FOUND);
}

Test(spool, a_kill_loses_nothing) {
    char stream[37];
    open_spool(BOOT_A, MIB);
    snprintf(stream, sizeof stream, "%s", spool_stream(spool, SPOOL_BULK));
    put(TOPIC_UP_TELE, "one");
    put(TOPIC_UP_TELE, "two");
    put(TOPIC_UP_TELE, "three");
    cr_assert_eq(spool_ack(spool, SPOOL_BULK, 1), RESULT_OK);
    spool_abandon(spool);
    open_spool(BOOT_A, MIB);
    cr_expect_str_eq(spool_stream(spool, SPOOL_BULK), stream);
    cr_expect_eq(spool_found_seq(spool, SPOOL_BULK), 3);
    put(TOPIC_UP_TELE, "four");
    STANDS_FOR(SPOOL_BULK, 2, "2 two");
    STANDS_FOR(SPOOL_BULK, 3, "3 three");
    STANDS_FOR(SPOOL_BULK, 4, "4 four");
}

Test(spool, an_orderly_end_keeps_acknowledgements_over_a_reboot) {
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_TELE, "one");
    put(TOPIC_UP_TELE, "two");
    cr_assert_eq(spool_ack(spool, SPOOL_BULK, 1), RESULT_OK);
    spool_close(spool);
    open_spool(BOOT_B, MIB);
    cr_expect_eq(spool_acked_seq(spool, SPOOL_BULK), 1);
    cr_expect_eq(spool_last_seq(spool, SPOOL_BULK), 2, "no number was skipped");
    put(TOPIC_UP_TELE, "three");
    struct spool_message m;
    cr_assert_eq(spool_read(spool, SPOOL_BULK, 2, now, &m), RESULT_OK);
    cr_expect_str_eq(m.stamp.boot, BOOT_A, "each record keeps the boot it was made in");
    cr_assert_eq(spool_read(spool, SPOOL_BULK, 3, now, &m), RESULT_OK);
    cr_expect_str_eq(m.stamp.boot, BOOT_B);
}

Test(spool, a_power_cut_never_uses_a_number_twice) {
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_TELE, "one");
    spool_abandon(spool);
    open_spool(BOOT_B, MIB);
    uint64_t last = spool_last_seq(spool, SPOOL_BULK);
    cr_expect(last >= 2, "what may have been sent after record 1 is not used again");
    put(TOPIC_UP_TELE, "next");
    char expected[128];
    STANDS_FOR(SPOOL_BULK, 1, "1 one");
    snprintf(expected, sizeof expected, "2-%lu x0 power was cut, records of the last moments may be missing", last);
    STANDS_FOR(SPOOL_BULK, 2, expected);
    snprintf(expected, sizeof expected, "%lu next", last + 1);
    STANDS_FOR(SPOOL_BULK, last + 1, expected);
}

Test(spool, skipped_numbers_stay_skipped) {
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_TELE, "one");
    spool_abandon(spool);
    open_spool(BOOT_B, MIB);
    uint64_t last = spool_last_seq(spool, SPOOL_BULK);
    spool_abandon(spool); /* killed before anything was written behind them */
    open_spool(BOOT_B, MIB);
    cr_expect_eq(spool_last_seq(spool, SPOOL_BULK), last);
    spool_close(spool);
    open_spool(BOOT_A, MIB);
    cr_expect_eq(spool_last_seq(spool, SPOOL_BULK), last);
}

Test(spool, a_torn_end_is_cut_and_written_over) {
    struct stat st;
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_TELE, "one");
    put(TOPIC_UP_TELE, "two");
    spool_abandon(spool);
    const char *path = scratch_path("spool/bulk/0000000000000001.seg");
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(truncate(path, st.st_size - 1), 0);
    open_spool(BOOT_A, MIB);
    cr_expect_eq(spool_last_seq(spool, SPOOL_BULK), 1, "record 2 was never whole");
    put(TOPIC_UP_TELE, "two again");
    STANDS_FOR(SPOOL_BULK, 1, "1 one");
    STANDS_FOR(SPOOL_BULK, 2, "2 two again");
}

Test(spool, rubbish_behind_the_end_is_cut) {
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_TELE, "one");
    spool_abandon(spool);
    const char *path = scratch_path("spool/bulk/0000000000000001.seg");
    struct stat before, after;
    cr_assert_eq(stat(path, &before), 0);
    scratch_append("spool/bulk/0000000000000001.seg", "FLR1 and then nothing that makes sense");
    open_spool(BOOT_A, MIB);
    cr_assert_eq(stat(path, &after), 0);
    cr_expect_eq(after.st_size, before.st_size);
    put(TOPIC_UP_TELE, "two");
    STANDS_FOR(SPOOL_BULK, 1, "1 one");
    STANDS_FOR(SPOOL_BULK, 2, "2 two");
}

Test(spool, a_damaged_record_is_a_gap_and_its_neighbours_are_not) {
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_TELE, "one");
    put(TOPIC_UP_TELE, "two");
    put(TOPIC_UP_TELE, "three");
    int fd = open(scratch_path("spool/bulk/0000000000000001.seg"), O_RDWR | O_CLOEXEC);
    cr_assert_eq(pwrite(fd, "X", 1, 96 + 48 + 3 + 48 + 1), 1); /* the payload of record 2 */
    close(fd);
    STANDS_FOR(SPOOL_BULK, 1, "1 one");
    STANDS_FOR(SPOOL_BULK, 2, "2-2 x1 the records on disk were damaged");
    STANDS_FOR(SPOOL_BULK, 3, "3 three");
    spool_abandon(spool);
    open_spool(BOOT_A, MIB);
    STANDS_FOR(SPOOL_BULK, 2, "2-2 x1 the records on disk were damaged");
    STANDS_FOR(SPOOL_BULK, 3, "3 three");
}

Test(spool, damaged_heads_and_states_cost_no_record) {
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_TELE, "one");
    put(TOPIC_UP_TELE, "two");
    char stream[37];
    snprintf(stream, sizeof stream, "%s", spool_stream(spool, SPOOL_BULK));
    spool_abandon(spool);
    cr_assert_eq(truncate(scratch_path("spool/bulk/state"), 0), 0);
    open_spool(BOOT_A, MIB);
    cr_expect_str_eq(spool_stream(spool, SPOOL_BULK), stream, "the segments know it");
    STANDS_FOR(SPOOL_BULK, 2, "2 two");
    cr_expect(spool_last_seq(spool, SPOOL_BULK) > 2, "numbers that may have been used are skipped");
    spool_close(spool);
    int fd = open(scratch_path("spool/bulk/0000000000000001.seg"), O_RDWR | O_CLOEXEC);
    cr_assert_eq(pwrite(fd, "X", 1, 20), 1);
    close(fd);
    open_spool(BOOT_A, MIB);
    STANDS_FOR(SPOOL_BULK, 2, "2 two");
}

static int64_t folder_bytes(const char *name) {
    DIR *dir = opendir(scratch_path(name));
    int64_t sum = 0;
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        struct stat st;
        if (strstr(entry->d_name, ".seg") != NULL && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0) {
            sum += st.st_size;
        }
    }
    closedir(dir);
    return sum;
}

static void fill(enum topic_kind kind, int count, size_t bytes) {
    char *text = calloc(1, bytes);
    for (int i = 0; i < count; i++) {
        memset(text, 'a' + i % 26, bytes);
        cr_assert_eq(spool_append(spool, kind, now, text, bytes), RESULT_OK, "record %d", i);
        cr_assert_leq(folder_bytes("spool/bulk") + folder_bytes("spool/urgent"), MIB);
    }
    free(text);
}

Test(spool, full_drops_the_oldest_bulk_and_says_so) {
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_EVENT, "urgent one");
    fill(TOPIC_UP_TELE, 300, 10000); /* three times the budget */
    struct spool_message m;
    struct event_message gap;
    cr_assert_eq(spool_read(spool, SPOOL_BULK, 1, now, &m), RESULT_OK);
    cr_assert_eq(event_decode(m.payload, m.bytes, &gap, NULL), RESULT_OK);
    cr_expect_eq(gap.kind, EVENT_GAP);
    cr_expect_eq(m.stamp.from, 1);
    cr_expect(m.stamp.seq > 150 && m.stamp.seq < 300, "%lu dropped", m.stamp.seq);
    cr_expect_eq(gap.gap_count, m.stamp.seq, "one gap says how many");
    cr_expect(gap.gap_first_ms == now.wall_ms && gap.gap_last_ms == now.wall_ms, "and from when to when");
    cr_expect_eq(spool_stats(spool, SPOOL_BULK).dropped_count, gap.gap_count);
    uint64_t first_held = m.stamp.seq + 1;
    cr_assert_eq(spool_read(spool, SPOOL_BULK, first_held, now, &m), RESULT_OK);
    cr_expect_eq(m.stamp.from, first_held, "the next one is there");
    STANDS_FOR(SPOOL_URGENT, 1, "1 urgent one");

    uint64_t in_gap = first_held / 2;
    cr_assert_eq(spool_ack(spool, SPOOL_BULK, in_gap), RESULT_OK, "it had got some of them before");
    cr_assert_eq(spool_read(spool, SPOOL_BULK, in_gap + 1, now, &m), RESULT_OK);
    cr_expect(m.stamp.from == in_gap + 1 && m.stamp.seq == first_held - 1, "the gap is only what it lacks");
}

Test(spool, urgent_records_never_go_for_bulk_ones) {
    open_spool(BOOT_A, MIB);
    fill(TOPIC_UP_EVENT, 100, 10000); /* hardly any room is left, and no bulk record to drop */
    enum result result = RESULT_OK;
    char *text = calloc(1, 60000);
    for (int i = 0; i < 40; i++) {
        result = spool_append(spool, TOPIC_UP_TELE, now, text, 60000);
    }
    free(text);
    cr_expect_eq(result, RESULT_FULL);
    cr_expect_eq(spool_stats(spool, SPOOL_URGENT).dropped_count, 0);
    cr_expect_leq(folder_bytes("spool/bulk") + folder_bytes("spool/urgent"), MIB);
    fill(TOPIC_UP_EVENT, 80, 10000);
    cr_expect_gt(spool_stats(spool, SPOOL_URGENT).dropped_count, 0, "but for urgent ones");
    for (uint64_t seq = 1; seq <= spool_last_seq(spool, SPOOL_BULK);) {
        struct spool_message m;
        cr_assert_eq(spool_read(spool, SPOOL_BULK, seq, now, &m), RESULT_OK);
        cr_assert_eq(m.stamp.from, seq);
        seq = m.stamp.seq + 1;
    }
}

Test(spool, acknowledged_segments_are_deleted) {
    open_spool(BOOT_A, MIB);
    fill(TOPIC_UP_TELE, 60, 10000);
    cr_expect_gt(folder_bytes("spool/bulk"), 600000);
    cr_assert_eq(spool_ack(spool, SPOOL_BULK, 60), RESULT_OK);
    cr_expect_lt(folder_bytes("spool/bulk"), 100000, "the one being written stays");
    cr_expect_eq(spool_stats(spool, SPOOL_BULK).dropped_count, 0);
    cr_expect_not_null(strstr(stands_for(SPOOL_BULK, 1), "the records had been acknowledged and deleted before"));
}

Test(spool, a_gateway_that_forgot_gets_what_is_left_and_a_gap) {
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_TELE, "one");
    put(TOPIC_UP_TELE, "two");
    cr_assert_eq(spool_ack(spool, SPOOL_BULK, 2), RESULT_OK);
    cr_assert_eq(spool_ack(spool, SPOOL_BULK, 0), RESULT_OK, "a lower one changes nothing");
    cr_expect_eq(spool_acked_seq(spool, SPOOL_BULK), 2);
    STANDS_FOR(SPOOL_BULK, 1, "1 one");
}

Test(spool, a_restored_disk_begins_a_new_stream) {
    char stream[37];
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_TELE, "one");
    put(TOPIC_UP_TELE, "two");
    put(TOPIC_UP_TELE, "three");
    cr_assert_eq(spool_ack(spool, SPOOL_BULK, 1), RESULT_OK);
    snprintf(stream, sizeof stream, "%s", spool_stream(spool, SPOOL_BULK));
    cr_expect_eq(spool_ack(spool, SPOOL_BULK, 4), RESULT_CONFLICT, "a number never used");
    cr_expect_str_neq(spool_stream(spool, SPOOL_BULK), stream);
    cr_expect_eq(spool_acked_seq(spool, SPOOL_BULK), 0);
    STANDS_FOR(SPOOL_BULK, 1, "1 two");
    STANDS_FOR(SPOOL_BULK, 2, "2 three");
    snprintf(stream, sizeof stream, "%s", spool_stream(spool, SPOOL_BULK));
    spool_abandon(spool);
    open_spool(BOOT_A, MIB);
    cr_expect_str_eq(spool_stream(spool, SPOOL_BULK), stream);
    put(TOPIC_UP_TELE, "four");
    STANDS_FOR(SPOOL_BULK, 2, "2 three");
    STANDS_FOR(SPOOL_BULK, 3, "3 four");
}

Test(spool, a_disk_that_takes_nothing_makes_gaps) {
    struct rlimit old, none;
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_TELE, "one");
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    none = old;
    none.rlim_cur = 96;
    setrlimit(RLIMIT_FSIZE, &none);
    enum result result = spool_append(spool, TOPIC_UP_TELE, now, "lost", 4);
    enum result again = spool_append(spool, TOPIC_UP_TELE, now, "lost too", 8);
    STANDS_FOR(SPOOL_BULK, 2, "nothing"); /* what the disk does not know is not told */
    setrlimit(RLIMIT_FSIZE, &old);
    STANDS_FOR(SPOOL_BULK, 2, "2-3 x2 the disk did not take the records");
    cr_expect_neq(result, RESULT_OK);
    cr_expect_neq(again, RESULT_OK);
    spool_abandon(spool);
    open_spool(BOOT_A, MIB);
    put(TOPIC_UP_TELE, "four");
    STANDS_FOR(SPOOL_BULK, 1, "1 one");
    STANDS_FOR(SPOOL_BULK, 2, "2-3 x2 the disk did not take the records");
    STANDS_FOR(SPOOL_BULK, 4, "4 four");
}

Test(spool, refusals) {
    struct spool *other = NULL;
    struct fault fault;
    static char big[CAP_PAYLOAD_BYTES + 1];
    open_spool(BOOT_A, MIB);
    cr_expect_eq(spool_open(scratch_path("spool"), BOOT_A, MIB, &other, &fault), RESULT_BUSY, "two agents");
    cr_expect_not_null(strstr(fault.text, "another agent"), "%s", fault.text);
    cr_expect_eq(spool_append(spool, TOPIC_UP_TELE, now, big, sizeof big), RESULT_TOO_BIG);
    cr_expect_eq(spool_last_seq(spool, SPOOL_BULK), 0, "no number was used");
    cr_expect_eq(spool_open(scratch_path("no/such/place"), BOOT_A, MIB, &other, &fault), RESULT_IO);
    scratch_write("file", "");
    cr_expect_eq(spool_open(scratch_path("file"), BOOT_A, MIB, &other, &fault), RESULT_IO);
}

Test(spool, little_is_written_while_acks_are_quick) {
    char text[1000];
    memset(text, 'x', sizeof text);
    open_spool(BOOT_A, 16 * MIB);
    for (uint64_t i = 1; i <= 2000; i++) {
        cr_assert_eq(spool_append(spool, TOPIC_UP_TELE, now, text, sizeof text), RESULT_OK);
        cr_assert_eq(spool_ack(spool, SPOOL_BULK, i), RESULT_OK);
        if (i % 10 == 0) {
            spool_sync(spool);
        }
    }
    struct spool_stats s = spool_stats(spool, SPOOL_BULK);
    cr_expect_eq(s.payload_bytes, 2000000);
    cr_expect_lt((double)s.written_bytes / (double)s.payload_bytes, 1.15);
    cr_expect_lt(s.bytes, 2 * MIB);
}

/* Acknowledged at once: one file that does not grow. Kept: what was acknowledged can be had again. */
Test(spool, a_file_is_begun_anew_while_everything_is_acknowledged) {
    for (int is_kept = 0; is_kept <= 1; is_kept++) {
        char text[32];
        open_spool(BOOT_A, MIB);
        spool_keep(spool, is_kept);
        uint64_t from = spool_last_seq(spool, SPOOL_BULK);
        for (int i = 1; i <= 500; i++) {
            snprintf(text, sizeof text, "record number %d", i);
            put(TOPIC_UP_TELE, text);
            cr_assert_eq(spool_ack(spool, SPOOL_BULK, from + i), RESULT_OK);
        }
        int64_t bytes = spool_stats(spool, SPOOL_BULK).bytes;
        cr_expect(is_kept ? bytes > 500 * 48 : bytes < 300, "kept %d: %ld bytes", is_kept, (long)bytes);
        cr_expect_eq(spool_stats(spool, SPOOL_BULK).sync_count, 0);
        spool_tick(spool);
        spool_tick(spool);
        cr_expect_eq(spool_stats(spool, SPOOL_BULK).sync_count, 0, "nothing needs the disk");
        put(TOPIC_UP_TELE, "waits");
        spool_tick(spool);
        cr_expect_eq(spool_stats(spool, SPOOL_BULK).sync_count, 0, "not yet");
        spool_tick(spool);
        cr_expect_eq(spool_stats(spool, SPOOL_BULK).sync_count, 1, "now it does");
        cr_assert_eq(spool_ack(spool, SPOOL_BULK, from + 501), RESULT_OK);
        snprintf(text, sizeof text, "%lu record number 250", from + 250);
        if (is_kept) {
            STANDS_FOR(SPOOL_BULK, from + 250, text);
        }
        spool_close(spool);
        spool = NULL;
    }
}

/* A kill right after any append: the next number and every record are still known. */
Test(spool, a_kill_while_a_file_is_begun_anew) {
    uint64_t last = 0;
    for (int life = 0; life < 40; life++) {
        char text[600];
        open_spool(BOOT_A, MIB);
        cr_assert_eq(spool_last_seq(spool, SPOOL_BULK), last, "life %d", life);
        for (int i = 0; i < life % 4 + 1; i++) {
            snprintf(text, sizeof text, "%0*d", 1 + life * 37 % 500, life);
            put(TOPIC_UP_TELE, text);
            last++;
            if (i < life % 4) {
                cr_assert_eq(spool_ack(spool, SPOOL_BULK, last), RESULT_OK);
            }
        }
        spool_abandon(spool);
        open_spool(BOOT_A, MIB);
        cr_expect_eq(spool_last_seq(spool, SPOOL_BULK), last);
        if (life % 4 > 0) {
            cr_expect_eq(spool_acked_seq(spool, SPOOL_BULK), last - 1, "the record says how far the gateway was");
        }
        struct spool_message m;
        cr_assert_eq(spool_read(spool, SPOOL_BULK, last, now, &m), RESULT_OK);
        cr_expect(m.bytes == strlen(text) && memcmp(m.payload, text, m.bytes) == 0, "life %d", life);
        cr_assert_eq(spool_ack(spool, SPOOL_BULK, last), RESULT_OK);
        spool_abandon(spool);
        spool = NULL;
    }
}
