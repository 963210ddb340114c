/* The spool's file format: every damage is found, and what is behind it is read. */
#include "segment.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"

static struct buf room;
static int fd;

static void set_up(void) {
    scratch_make();
    buf_init(&room, SEGMENT_RECORD_BYTES + CAP_PAYLOAD_BYTES);
    fd = open(scratch_path("seg"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}
static void tear_down(void) {
    close(fd);
    buf_fini(&room);
    scratch_remove();
}
TestSuite(segment, .init = set_up, .fini = tear_down);

static int64_t put(int64_t at, uint64_t seq, const char *payload) {
    struct segment_record r = {.seq = seq,
                               .mono_ms = 5,
                               .wall_ms = 1795309549123,
                               .kind = TOPIC_UP_LOG,
                               .payload = (const uint8_t *)payload,
                               .bytes = strlen(payload)};
    struct buf b;
    buf_init(&b, SEGMENT_RECORD_BYTES + CAP_PAYLOAD_BYTES);
    segment_build_record(&r, &b);
    cr_assert_eq(pwrite(fd, b.data, b.count, at), (ssize_t)b.count);
    at += (int64_t)b.count;
    buf_fini(&b);
    return at;
}

Test(segment, head_goes_and_comes_back) {
    struct segment_head head = {.first_seq = 1234567890123}, back;
    struct buf b;
    memcpy(head.stream, "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10", 37);
    memcpy(head.boot, "1b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d11", 37);
    buf_init(&b, SEGMENT_HEADER_BYTES);
    segment_build_head(&head, &b);
    cr_assert_eq(b.count, SEGMENT_HEADER_BYTES);
    cr_assert_eq(pwrite(fd, b.data, b.count, 0), SEGMENT_HEADER_BYTES);
    cr_assert_eq(segment_read_head(fd, &back), RESULT_OK);
    cr_expect_eq(memcmp(&head, &back, sizeof head), 0);
    for (size_t i = 0; i < SEGMENT_HEADER_BYTES; i++) {
        uint8_t wrong = b.data[i] ^ 0x10;
        cr_assert_eq(pwrite(fd, &wrong, 1, (off_t)i), 1);
        cr_expect_eq(segment_read_head(fd, &back), RESULT_CORRUPT, "byte %zu", i);
        cr_assert_eq(pwrite(fd, &b.data[i], 1, (off_t)i), 1);
    }
    cr_assert_eq(ftruncate(fd, SEGMENT_HEADER_BYTES - 1), 0);
    cr_expect_eq(segment_read_head(fd, &back), RESULT_CORRUPT);
    buf_fini(&b);
}

Test(segment, records_go_and_come_back) {
    struct segment_record r;
    int64_t offset = 0, end = put(put(0, 7, "hello"), 8, "");
    cr_assert_eq(segment_read_record(fd, &offset, &room, &r), RESULT_OK);
    cr_expect(r.seq == 7 && r.bytes == 5 && memcmp(r.payload, "hello", 5) == 0 && r.kind == TOPIC_UP_LOG &&
              r.mono_ms == 5 && r.wall_ms == 1795309549123);
    cr_assert_eq(segment_read_record(fd, &offset, &room, &r), RESULT_OK);
    cr_expect(r.seq == 8 && r.bytes == 0);
    cr_expect_eq(offset, end);
    cr_expect_eq(segment_read_record(fd, &offset, &room, &r), RESULT_NOT_FOUND);
}

Test(segment, any_flipped_byte_costs_its_own_record_alone) {
    int64_t one = put(0, 1, "first record"), two = put(one, 2, "second record");
    put(two, 3, "third record");
    for (int64_t i = one; i < two; i++) {
        struct segment_record r;
        uint8_t byte, wrong;
        int64_t offset = one;
        cr_assert_eq(pread(fd, &byte, 1, i), 1);
        wrong = byte ^ 0x01;
        cr_assert_eq(pwrite(fd, &wrong, 1, i), 1);
        cr_assert_eq(segment_read_record(fd, &offset, &room, &r), RESULT_CORRUPT, "byte %ld", (long)i);
        cr_assert_eq(offset, one, "it stays where it was");
        cr_assert_eq(segment_resync(fd, &offset, &room), RESULT_OK);
        cr_assert_eq(offset, two);
        cr_assert_eq(segment_read_record(fd, &offset, &room, &r), RESULT_OK);
        cr_expect_eq(r.seq, 3);
        cr_assert_eq(pwrite(fd, &byte, 1, i), 1);
    }
}

Test(segment, any_torn_end_is_no_record) {
    int64_t one = put(0, 1, "first record"), two = put(one, 2, "second record");
    for (int64_t size = two - 1; size > one; size--) {
        struct segment_record r;
        int64_t offset = one;
        cr_assert_eq(ftruncate(fd, size), 0);
        cr_expect_eq(segment_read_record(fd, &offset, &room, &r), RESULT_CORRUPT, "%ld bytes left", (long)(size - one));
        cr_expect_eq(segment_resync(fd, &offset, &room), RESULT_NOT_FOUND);
    }
}

Test(segment, zeros_and_rubbish_are_no_records) {
    static uint8_t rubbish[20000];
    struct segment_record r;
    int64_t offset = 0;
    cr_assert_eq(pwrite(fd, rubbish, sizeof rubbish, 0), sizeof rubbish);
    cr_expect_eq(segment_read_record(fd, &offset, &room, &r), RESULT_CORRUPT, "what a power cut leaves on some disks");
    for (size_t i = 0; i + 4 < sizeof rubbish; i += 4) {
        memcpy(rubbish + i, "FLR1", 4);
    }
    cr_assert_eq(pwrite(fd, rubbish, sizeof rubbish, 0), sizeof rubbish);
    cr_expect_eq(segment_read_record(fd, &offset, &room, &r), RESULT_CORRUPT);
    cr_expect_eq(segment_resync(fd, &offset, &room), RESULT_NOT_FOUND);
    put(sizeof rubbish, 9, "found");
    cr_assert_eq(segment_resync(fd, &offset, &room), RESULT_OK);
    cr_expect_eq(offset, sizeof rubbish);
}
