/* A flush by another thread: what the writer of a recording hears of it, and when. */
#include "sessions/flush.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/* A thread that takes its time: it runs what it was given when it is told to. */
struct hand {
    void (*run)(void *context, void *flush);
    void *flush;
    int taken;
    bool is_full;
};

static bool take(void *self, void (*run)(void *context, void *flush), void *flush) {
    struct hand *hand = self;
    if (hand->is_full) {
        return false;
    }
    hand->run = run;
    hand->flush = flush;
    hand->taken++;
    return true;
}

static void *run_it(void *self) {
    const struct hand *hand = self;
    hand->run(NULL, hand->flush);
    return NULL;
}

static int some_file(void) {
    char path[] = "/tmp/fieldline-unit-XXXXXX";
    const int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    unlink(path);
    return fd;
}

Test(flush, it_is_under_way_until_the_thread_has_done_it) {
    struct hand hand = {0};
    const int fd = some_file();
    struct flush *flush = flush_start(&(struct flusher){.submit = take, .self = &hand}, fd);
    cr_assert_not_null(flush);
    cr_assert(flush_is_under_way(flush));
    close(fd); /* it has its own */
    run_it(&hand);
    cr_assert_not(flush_is_under_way(flush));
    cr_assert_eq(flush_end(flush), 0);
}

Test(flush, who_ends_it_waits_for_the_thread) {
    struct hand hand = {0};
    pthread_t thread;
    const int fd = some_file();
    struct flush *flush = flush_start(&(struct flusher){.submit = take, .self = &hand}, fd);
    cr_assert_eq(pthread_create(&thread, NULL, run_it, &hand), 0);
    cr_assert_eq(flush_end(flush), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    close(fd);
}

Test(flush, a_failure_is_kept_for_the_writer) {
    struct hand hand = {0};
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0); /* nothing that a disk could take */
    struct flush *flush = flush_start(&(struct flusher){.submit = take, .self = &hand}, ends[1]);
    run_it(&hand);
    cr_assert_eq(flush_end(flush), EINVAL);
    close(ends[0]);
    close(ends[1]);
}

Test(flush, refusals) {
    struct hand full = {.is_full = true}, hand = {0};
    const int fd = some_file();
    cr_assert_null(flush_start(&(struct flusher){0}, fd), "nobody is there to do it");
    cr_assert_null(flush_start(&(struct flusher){.submit = take, .self = &full}, fd), "no room");
    cr_assert_null(flush_start(&(struct flusher){.submit = take, .self = &hand}, -1), "no file");
    cr_assert_eq(hand.taken, 0);
    cr_assert_eq(flush_end(NULL), 0);
    close(fd);
}
