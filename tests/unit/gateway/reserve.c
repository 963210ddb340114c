/* The reserve: really allocated, given up at once, made again when there is room. */
#include "reserve.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fieldline/log.h"

static char dir[64], path[96];

static void set_up(void) {
    log_set_level(LOG_LEVEL_ERROR + 1);
    snprintf(dir, sizeof dir, "/tmp/fieldline-reserve-XXXXXX");
    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/reserve", dir);
}

static void tear_down(void) {
    unlink(path);
    cr_assert_eq(rmdir(dir), 0);
}

static int64_t allocated(void) {
    struct stat s;
    return stat(path, &s) == 0 ? (int64_t)s.st_blocks * 512 : -1;
}

Test(reserve, is_allocated_released_and_made_again, .init = set_up, .fini = tear_down) {
    struct reserve *r = reserve_open(path, 1 << 20);
    cr_expect(reserve_is_whole(r));
    cr_expect_geq(allocated(), 1 << 20, "not a hole");
    cr_expect(reserve_restore(r, 0), "whole already");
    reserve_release(r);
    cr_expect_eq(allocated(), -1);
    reserve_release(r);
    cr_expect_not(reserve_is_whole(r));
    cr_expect(reserve_restore(r, 1));
    cr_expect_geq(allocated(), 1 << 20);
    reserve_close(r);
    cr_expect_geq(allocated(), 1 << 20, "stays over a restart");
}

Test(reserve, of_another_size_is_made_anew, .init = set_up, .fini = tear_down) {
    reserve_close(reserve_open(path, 2 << 20));
    reserve_close(reserve_open(path, 1 << 20));
    cr_expect_lt(allocated(), 2 << 20);
    reserve_close(reserve_open(path, 0));
    cr_expect_eq(allocated(), -1, "none is wanted");
}

Test(reserve, is_not_tried_all_the_time, .init = set_up, .fini = tear_down) {
    struct reserve *r = reserve_open("/nowhere/at/all/reserve", 1 << 20);
    cr_expect_not(reserve_is_whole(r));
    cr_expect_not(reserve_restore(r, 1));
    cr_expect_lt(reserve_disk_free(r), 0, "a folder that is not there has no disk");
    reserve_close(r);
    r = reserve_open(path, 1LL << 60);
    cr_expect_not(reserve_is_whole(r), "more than any disk has");
    cr_expect_eq(allocated(), -1, "half a reserve would only be in the way");
    cr_expect_not(reserve_restore(r, 1));
    cr_expect_not(reserve_restore(r, 1 + RESERVE_TRY_EVERY_MS));
    cr_expect_gt(reserve_disk_free(r), 0);
    reserve_close(r);
}
