/* The worker pool: every job once, bounded, finished at the end. (Its threads under load: the flow tests.) */
#include "web/pool.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>

static atomic_int opened, closed, ran, strangers; /* no assertions on the pool's threads: Criterion's leak there */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static enum result open_context(void *self, void **context, struct fault *fault) {
    int *left = self;
    if (left != NULL && (*left)-- == 0) {
        return fault_set(fault, RESULT_IO, "no more contexts");
    }
    *context = &opened;
    atomic_fetch_add(&opened, 1);
    return RESULT_OK;
}

static void close_context(void *self, void *context) {
    (void)self;
    cr_expect_eq(context, (void *)&opened);
    atomic_fetch_add(&closed, 1);
}

static void job(void *context, void *argument) {
    atomic_fetch_add(&strangers, context != (void *)&opened);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    atomic_fetch_add((atomic_int *)argument, 1);
}

static const struct pool_options two = {
    .name = "test", .threads = 2, .queue = 8, .open = open_context, .close = close_context};

Test(pool, runs_every_job_once_and_finishes_at_the_end) {
    struct pool *pool = NULL;
    cr_assert_eq(pool_new(&two, &pool, NULL), RESULT_OK);
    int taken = 0;
    for (int i = 0; i < 1000; i++) {
        taken += pool_submit(pool, job, &ran) == RESULT_OK;
    }
    pool_free(pool);
    cr_expect_eq(ran, taken);
    cr_expect_gt(taken, 7);
    cr_expect_eq(opened, 2);
    cr_expect_eq(closed, 2);
    cr_expect_eq(strangers, 0);
}

Test(pool, says_when_it_is_full) {
    struct pool *pool = NULL;
    cr_assert_eq(pool_new(&two, &pool, NULL), RESULT_OK);
    pthread_mutex_lock(&gate);
    int taken = 0;
    while (pool_submit(pool, job, &ran) == RESULT_OK) {
        cr_assert_leq(++taken, 8 + 2, "more than the queue and both threads hold");
    }
    pthread_mutex_unlock(&gate);
    pool_free(pool);
    cr_expect_geq(taken, 8);
    cr_expect_eq(ran, taken);
}

Test(pool, a_context_that_fails_undoes_the_others) {
    struct pool *pool = NULL;
    struct fault fault;
    int left = 1;
    struct pool_options options = two;
    options.self = &left;
    cr_expect_eq(pool_new(&options, &pool, &fault), RESULT_IO);
    cr_expect_null(pool);
    cr_expect_eq(opened, closed);
}
