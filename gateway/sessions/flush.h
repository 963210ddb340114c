/* One fdatasync(2), done by another thread while the file goes on being written. What was written before flush_start
 * is on the disk when it has ended well. */
#pragma once
#include <stdbool.h>

struct flush;
/* How a flush gets to a thread; all zero: there is none. `submit` never blocks. True: `run(any, flush)` will be called
 * once, whatever happens. False: it was not taken. */
struct flusher {
    bool (*submit)(void *self, void (*run)(void *context, void *flush), void *flush);
    void *self;
};
/* NULL when it could not be started: the caller syncs the file itself. The file may be closed meanwhile. */
struct flush *flush_start(const struct flusher *flusher, int fd);
bool flush_is_under_way(struct flush *flush);
/* Waits for it and frees it. 0, or the errno of its failure. NULL is fine: 0. */
int flush_end(struct flush *flush);
