/* A few threads with one bounded queue of jobs between them; each thread has a context of its own (a store reader). */
#pragma once
#include <stddef.h>

#include "fieldline/result.h"

struct pool;
struct pool_options {
    const char *name;      /* of the threads, at most 15 characters */
    size_t threads, queue; /* more jobs than `queue` waiting: RESULT_FULL */
    /* Makes and ends a thread's context, on the caller's thread of pool_new and pool_free. */
    enum result (*open)(void *self, void **context, struct fault *fault);
    void (*close)(void *self, void *context);
    void *self;
};
/* A job owns its argument: it is called once, always (at pool_free too). */
typedef void pool_fn(void *context, void *argument);

FL_CHECK enum result pool_new(const struct pool_options *options, struct pool **out, struct fault *fault);
/* Finishes what is queued, then joins the threads. */
void pool_free(struct pool *pool);
size_t pool_waiting(struct pool *pool); /* jobs; any thread */
/* Any thread; never blocks. RESULT_FULL: not taken, the argument is still the caller's. */
FL_CHECK enum result pool_submit(struct pool *pool, pool_fn *fn, void *argument);
