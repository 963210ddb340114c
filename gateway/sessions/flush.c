/* A flush belongs to the file's writer, on the edge thread; one thread of a pool (gateway/web) runs it. Five hundred
 * sessions mean as many hundred fdatasync calls a second: on the edge thread they were waited for by every key that
 * anybody typed. Who writes must still hear of a failure, and nobody hears of one twice: the kernel tells it to the
 * first who asks on that open file, so the answer is kept here until the writer takes it.
 *
 * Left: sync_file_range (promises nothing about what a crash leaves), syncfs for all at once (waits for everything
 * else on that disk too), io_uring (one more kernel interface for one call). */
#include "sessions/flush.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "fieldline/bytes.h"

struct flush {
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    bool is_ended;
    int fd, error;
};

static void run(void *context, void *argument) {
    (void)context;
    struct flush *flush = argument;
    const int error = fdatasync(flush->fd) == 0 ? 0 : errno;
    pthread_mutex_lock(&flush->mutex);
    flush->error = error;
    flush->is_ended = true;
    pthread_cond_signal(&flush->ended);
    pthread_mutex_unlock(&flush->mutex); /* from here on the writer may free it */
}

static void flush_free(struct flush *flush) {
    if (flush->fd >= 0) {
        close(flush->fd);
    }
    pthread_cond_destroy(&flush->ended);
    pthread_mutex_destroy(&flush->mutex);
    free(flush);
}

struct flush *flush_start(const struct flusher *flusher, int fd) {
    if (flusher->submit == NULL) {
        return NULL;
    }
    struct flush *flush = mem_alloc(sizeof *flush);
    pthread_mutex_init(&flush->mutex, NULL);
    pthread_cond_init(&flush->ended, NULL);
    flush->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (flush->fd < 0 || !flusher->submit(flusher->self, run, flush)) {
        flush_free(flush);
        return NULL;
    }
    return flush;
}

bool flush_is_under_way(struct flush *flush) {
    pthread_mutex_lock(&flush->mutex);
    const bool is_ended = flush->is_ended;
    pthread_mutex_unlock(&flush->mutex);
    return !is_ended;
}

int flush_end(struct flush *flush) {
    if (flush == NULL) {
        return 0;
    }
    pthread_mutex_lock(&flush->mutex);
    while (!flush->is_ended) {
        pthread_cond_wait(&flush->ended, &flush->mutex);
    }
    const int error = flush->error;
    pthread_mutex_unlock(&flush->mutex);
    flush_free(flush);
    return error;
}
