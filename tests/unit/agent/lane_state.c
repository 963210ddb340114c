/* The lane's state file: two slots, torn writes, holes. */
#include "lane_state.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"

static int fd;
static void set_up(void) {
    scratch_make();
    fd = open(scratch_path("state"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}
static void tear_down(void) {
    close(fd);
    scratch_remove();
}
TestSuite(lane_state, .init = set_up, .fini = tear_down);

static struct lane_state sample(void) {
    struct lane_state s = {.is_closed = true, .base = 3, .acked = 40, .next = 77, .reserved = 300, .dropped = 9};
    memcpy(s.stream, "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10", 37);
    memcpy(s.boot, "1b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d11", 37);
    for (uint64_t i = 0; i < LANE_HOLES; i++) {
        lane_state_add_hole(
            &s, &(struct lane_hole){
                    .from = 100 * i + 50, .to = 100 * i + 60, .reason = GAP_DISK, .first_ms = 1, .last_ms = 2});
    }
    return s;
}

Test(lane_state, goes_and_comes_back) {
    struct lane_state s = sample(), back;
    cr_expect_eq(lane_state_read(fd, &back), RESULT_NOT_FOUND, "an empty file");
    cr_assert_eq(lane_state_write(fd, &s), RESULT_OK);
    cr_assert_eq(lane_state_read(fd, &back), RESULT_OK);
    cr_expect_str_eq(back.stream, s.stream);
    cr_expect_str_eq(back.boot, s.boot);
    cr_expect(back.is_closed && back.base == 3 && back.acked == 40 && back.next == 77 && back.reserved == 300);
    cr_expect(back.dropped == 9 && back.hole_count == LANE_HOLES);
    for (size_t i = 0; i < LANE_HOLES; i++) {
        cr_expect(back.holes[i].from == s.holes[i].from && back.holes[i].to == s.holes[i].to);
        cr_expect(back.holes[i].reason == GAP_DISK && back.holes[i].first_ms == 1 && back.holes[i].last_ms == 2);
    }
}

Test(lane_state, a_torn_write_leaves_the_one_before) {
    struct lane_state s = sample(), back;
    cr_assert_eq(lane_state_write(fd, &s), RESULT_OK);
    s.acked = 41;
    cr_assert_eq(lane_state_write(fd, &s), RESULT_OK);
    int64_t slot = (int64_t)(s.generation % 2) * 512;
    for (int64_t i = 0; i < 512; i++) {
        uint8_t byte, wrong;
        cr_assert_eq(pread(fd, &byte, 1, slot + i), 1);
        wrong = byte ^ 0x40;
        cr_assert_eq(pwrite(fd, &wrong, 1, slot + i), 1);
        cr_assert_eq(lane_state_read(fd, &back), RESULT_OK);
        cr_expect_eq(back.acked, 40, "byte %ld", (long)i);
        cr_assert_eq(pwrite(fd, &byte, 1, slot + i), 1);
    }
    cr_assert_eq(lane_state_read(fd, &back), RESULT_OK);
    cr_expect_eq(back.acked, 41);
}

Test(lane_state, holes) {
    struct lane_state s = {0};
    lane_state_add_hole(&s, &(struct lane_hole){.from = 10, .to = 12, .reason = GAP_SPOOL_FULL, .last_ms = 1});
    lane_state_add_hole(&s, &(struct lane_hole){.from = 50, .to = 60, .reason = GAP_POWER_CUT});
    lane_state_add_hole(&s, &(struct lane_hole){.from = 13, .to = 20, .reason = GAP_SPOOL_FULL, .last_ms = 2});
    cr_expect_eq(s.hole_count, 2, "one continues another of its reason");
    cr_expect(s.holes[0].from == 10 && s.holes[0].to == 20 && s.holes[0].last_ms == 2);
    lane_state_add_hole(&s, &(struct lane_hole){.from = 21, .to = 21, .reason = GAP_DISK});
    cr_expect_eq(s.hole_count, 3);
    cr_expect_eq(s.holes[1].reason, GAP_DISK, "in order");
    static const struct {
        uint64_t seq;
        int reason; /* -1: in no hole */
    } rows[] = {{9, -1}, {10, GAP_SPOOL_FULL}, {20, GAP_SPOOL_FULL}, {21, GAP_DISK}, {22, -1}, {60, GAP_POWER_CUT},
                {61, -1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct lane_hole *h = lane_state_hole(&s, rows[i].seq);
        cr_expect_eq(h == NULL ? -1 : (int)h->reason, rows[i].reason, "%lu", rows[i].seq);
    }
    static const struct {
        uint64_t seq, to, end;
    } ends[] = {{1, 9, 9}, {1, 10, 9}, {5, 100, 9}, {22, 49, 49}, {22, 55, 49}, {22, 300, 49}, {61, 300, 300}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        cr_expect_eq(lane_state_hole_after(&s, ends[i].seq, ends[i].to), ends[i].end, "%lu", ends[i].seq);
    }
    lane_state_forget_holes(&s, 20);
    cr_expect_eq(s.hole_count, 2);
    cr_expect_eq(s.holes[0].from, 21);
}

Test(lane_state, too_many_holes_forget_the_oldest) {
    struct lane_state s = sample();
    lane_state_add_hole(&s, &(struct lane_hole){.from = 5000, .to = 5000, .reason = GAP_DISK});
    cr_expect_eq(s.hole_count, LANE_HOLES);
    cr_expect_null(lane_state_hole(&s, 55), "its reason is forgotten");
    cr_expect_not_null(lane_state_hole(&s, 155));
    cr_expect_not_null(lane_state_hole(&s, 5000));
    lane_state_add_hole(&s, &(struct lane_hole){.from = 1, .to = 1, .reason = GAP_DISK});
    cr_expect_null(lane_state_hole(&s, 1), "an older one than all is not worth remembering");
}
