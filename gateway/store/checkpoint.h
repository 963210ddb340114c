/* Checkpoints off the commit path. Private to gateway/store.
 *
 * idle -> (the log grew) wanted -> running on the helper's own connection, while commits go on -> done: the writer's
 * thread does the little that came meanwhile, so that the log begins anew -> idle. */
#pragma once
#include <pthread.h>

#include "fieldline/histogram.h"
#include "store/sql.h"

struct checkpoint {
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    enum { CHECKPOINT_IDLE, CHECKPOINT_WANTED, CHECKPOINT_DONE } state; /* under lock, as is all up to `path` */
    bool is_stopping;
    enum result result; /* of the helper's last run */
    int frames_done;
    const char *path;         /* of the store; not owned */
    int frames;               /* in the log now; writer's thread only */
    int next_at;              /* not before the log has so many */
    struct histogram seconds; /* the helper's runs */
};
void checkpoint_init(struct checkpoint *c, const char *path, struct sql *writer);
void checkpoint_fini(struct checkpoint *c);
/* *count rises when one was completed. */
FL_CHECK enum result checkpoint_turn(struct checkpoint *c, struct sql *writer, uint64_t *count);
