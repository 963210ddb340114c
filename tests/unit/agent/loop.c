/* The event loop: descriptors and timers, in order, also when callbacks take them away. */
#include "loop.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct loop *loop;
static char trace[64];

static void set_up(void) {
    loop = loop_new();
    trace[0] = '\0';
}
static void tear_down(void) {
    loop_free(loop);
}
TestSuite(loop, .init = set_up, .fini = tear_down);

static void note(void *self) {
    strcat(trace, self);
}
static void stop(void *self) {
    (void)self;
    loop_stop(loop);
}

Test(loop, timers_run_by_their_time) {
    struct loop_timer a = {0}, b = {0}, c = {0}, gone = {0}, end = {0};
    loop_arm(loop, &c, 30, note, (char *)"c");
    loop_arm(loop, &a, 1, note, (char *)"a");
    loop_arm(loop, &b, 15, note, (char *)"b");
    loop_arm(loop, &gone, 5, note, (char *)"x");
    loop_arm(loop, &end, 40, stop, NULL);
    loop_disarm(loop, &gone);
    loop_disarm(loop, &gone);
    cr_assert_eq(loop_run(loop), RESULT_OK);
    cr_expect_str_eq(trace, "abc");
    cr_expect_not(a.is_armed);
}

Test(loop, arming_again_moves) {
    struct loop_timer a = {0}, b = {0}, end = {0};
    loop_arm(loop, &a, 1, note, (char *)"a");
    loop_arm(loop, &b, 10, note, (char *)"b");
    loop_arm(loop, &a, 20, note, (char *)"A");
    loop_arm(loop, &end, 30, stop, NULL);
    cr_assert_eq(loop_run(loop), RESULT_OK);
    cr_expect_str_eq(trace, "bA");
}

static struct loop_timer again;
static int runs;
static void arm_again(void *self) {
    (void)self;
    if (++runs == 1000) {
        loop_stop(loop);
    }
    loop_arm(loop, &again, 0, arm_again, NULL);
}

static void on_ready(void *self, uint32_t events) {
    (void)events;
    int fd = *(int *)self;
    uint64_t count;
    cr_expect_eq(read(fd, &count, sizeof count), sizeof count);
    strcat(trace, "r");
}

Test(loop, a_timer_that_arms_itself_starves_nobody) {
    int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    cr_assert_eq(loop_watch(loop, fd, EPOLLIN, on_ready, &fd), RESULT_OK);
    loop_arm(loop, &again, 0, arm_again, NULL);
    cr_assert_eq(loop_run(loop), RESULT_OK);
    cr_expect_str_eq(trace, "r");
    loop_unwatch(loop, fd);
    close(fd);
}

static int pair[2];
static void drop_both(void *self, uint32_t events) {
    (void)self;
    (void)events;
    strcat(trace, "d");
    loop_unwatch(loop, pair[0]);
    loop_unwatch(loop, pair[1]);
}

Test(loop, an_unwatched_descriptor_is_not_called_any_more) {
    struct loop_timer end = {0};
    pair[0] = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    pair[1] = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    cr_assert_eq(loop_watch(loop, pair[0], EPOLLIN, drop_both, NULL), RESULT_OK);
    cr_assert_eq(loop_watch(loop, pair[1], EPOLLIN, drop_both, NULL), RESULT_OK);
    loop_arm(loop, &end, 20, stop, NULL);
    cr_assert_eq(loop_run(loop), RESULT_OK);
    cr_expect_str_eq(trace, "d", "both were ready in one round; the first takes the other away");
    close(pair[0]);
    close(pair[1]);
}

Test(loop, refusals) {
    cr_expect_eq(loop_watch(loop, -1, EPOLLIN, drop_both, NULL), RESULT_FULL);
    cr_expect_eq(loop_watch(loop, 3999, EPOLLIN, drop_both, NULL), RESULT_IO, "not open");
    loop_unwatch(loop, 3999);
    loop_unwatch(loop, -1);
}
