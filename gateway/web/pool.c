/* The worker pool (see pool.h). The edge owns two: readers (store queries, files, verification) and passwords (two
 * threads: that is what bounds how many argon2 computations run at once, and a login flood cannot delay anybody's
 * reading). The policy for full is the caller's: over HTTP it is 503 with Retry-After. */
#include "web/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "fieldline/bytes.h"

struct job {
    pool_fn *fn;
    void *argument;
};
struct worker {
    struct pool *pool;
    pthread_t thread;
    void *context;
};
struct pool {
    struct pool_options options;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct job *jobs; /* a ring of options.queue */
    size_t first, count;
    bool is_ending;
    struct worker *workers;
    size_t open_count; /* workers that have a context */
    size_t run_count;  /* workers that have a thread */
};

static void *worker_main(void *argument) {
    struct worker *worker = argument;
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (pool->count == 0 && !pool->is_ending) {
            pthread_cond_wait(&pool->wake, &pool->mutex);
        }
        if (pool->count == 0) {
            break;
        }
        struct job job = pool->jobs[pool->first];
        pool->first = (pool->first + 1) % pool->options.queue;
        pool->count--;
        pthread_mutex_unlock(&pool->mutex);
        job.fn(worker->context, job.argument);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* Signals are for the main thread. */
static bool start_quietly(struct worker *worker) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&worker->thread, NULL, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        pthread_setname_np(worker->thread, worker->pool->options.name);
    }
    return error == 0;
}

enum result pool_new(const struct pool_options *options, struct pool **out, struct fault *fault) {
    struct pool *pool = mem_alloc(sizeof *pool);
    pool->options = *options;
    pool->jobs = mem_alloc(options->queue * sizeof *pool->jobs);
    pool->workers = mem_alloc(options->threads * sizeof *pool->workers);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    enum result result = RESULT_OK;
    for (size_t i = 0; i < options->threads && result == RESULT_OK; i++) {
        struct worker *worker = &pool->workers[i];
        worker->pool = pool;
        result = options->open(options->self, &worker->context, fault);
        if (result == RESULT_OK) {
            pool->open_count++;
            if (start_quietly(worker)) {
                pool->run_count++;
            } else {
                result = fault_set(fault, RESULT_IO, "no thread for %s", options->name);
            }
        }
    }
    if (result != RESULT_OK) {
        pool_free(pool);
        return result;
    }
    *out = pool;
    return RESULT_OK;
}

void pool_free(struct pool *pool) {
    if (pool == NULL) {
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->is_ending = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->run_count; i++) {
        pthread_join(pool->workers[i].thread, NULL);
    }
    for (size_t i = 0; i < pool->open_count; i++) {
        pool->options.close(pool->options.self, pool->workers[i].context);
    }
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    free(pool->workers);
    free(pool->jobs);
    free(pool);
}

enum result pool_submit(struct pool *pool, pool_fn *fn, void *argument) {
    enum result result = RESULT_FULL;
    pthread_mutex_lock(&pool->mutex);
    if (pool->count < pool->options.queue && !pool->is_ending) {
        pool->jobs[(pool->first + pool->count) % pool->options.queue] = (struct job){.fn = fn, .argument = argument};
        pool->count++;
        pthread_cond_signal(&pool->wake);
        result = RESULT_OK;
    }
    pthread_mutex_unlock(&pool->mutex);
    return result;
}

size_t pool_waiting(struct pool *pool) {
    pthread_mutex_lock(&pool->mutex);
    const size_t count = pool->count;
    pthread_mutex_unlock(&pool->mutex);
    return count;
}
