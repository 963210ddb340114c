/* Moves pages from the log into the file without making a commit wait for it.
 *
 * A passive checkpoint does not block writers, so a helper with its own connection does the bulk: the reads of the log,
 * the writes and the fsync of the file. Only a checkpoint that leaves nothing over lets the log begin anew; as commits
 * go on meanwhile, the writer does the last pages itself. SQLite's own automatic checkpoint is off: it runs inside
 * COMMIT, and costs 40 to 230 ms there now and then. While readers hold an old moment the log cannot begin anew; it
 * grows and is tried again. */
#include "store/checkpoint.h"

#include "fieldline/clock.h"
#include "fieldline/log.h"

enum {
    BEGIN_FRAMES = 2000, /* a log this long (8 MB) is worth a checkpoint */
    FINISH_FRAMES = 1000 /* the writer does so many itself; more: the helper goes again */
};

static int on_commit(void *self, sqlite3 *db, const char *name, int frames) {
    (void)db;
    (void)name;
    ((struct checkpoint *)self)->frames = frames;
    return SQLITE_OK;
}

static enum result run(struct sql *sql, int *frames, int *done) {
    const int rc = sqlite3_wal_checkpoint_v2(sql->db, NULL, SQLITE_CHECKPOINT_PASSIVE, frames, done);
    if (rc == SQLITE_OK)
        return RESULT_OK;
    const enum result result = sql_failed(sql, rc);
    if (result != RESULT_BUSY)
        log_warn("gateway.store", "checkpoint_failed", "error=%s", log_text(sql->error));
    return result;
}

static enum result run_once(const char *path, int *done) {
    struct sql sql;
    struct fault fault;
    int frames = 0;
    enum result result = sql_open(&sql, path, SQLITE_OPEN_READWRITE, &fault);
    if (result != RESULT_OK) {
        log_warn("gateway.store", "checkpoint_failed", "error=%s", log_text(fault.text));
        return result;
    }
    result = sql_script(&sql, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0");
    if (result == RESULT_OK)
        result = run(&sql, &frames, done);
    sql_close(&sql);
    return result;
}

static void *helper(void *self) {
    struct checkpoint *c = self;
    pthread_mutex_lock(&c->lock);
    while (!c->is_stopping) {
        if (c->state != CHECKPOINT_WANTED) {
            pthread_cond_wait(&c->wake, &c->lock);
            continue;
        }
        int done = 0;
        pthread_mutex_unlock(&c->lock);
        const int64_t began_us = clock_mono_us();
        const enum result result = run_once(c->path, &done);
        histogram_observe(&c->seconds, clock_mono_us() - began_us);
        pthread_mutex_lock(&c->lock);
        c->result = result;
        c->frames_done = done;
        c->state = CHECKPOINT_DONE;
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

void checkpoint_init(struct checkpoint *c, const char *path, struct sql *writer) {
    *c = (struct checkpoint){.path = path, .next_at = BEGIN_FRAMES};
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->wake, NULL);
    sqlite3_wal_hook(writer->db, on_commit, c);
}

void checkpoint_fini(struct checkpoint *c) {
    if (c->has_thread) {
        pthread_mutex_lock(&c->lock);
        c->is_stopping = true;
        pthread_cond_signal(&c->wake);
        pthread_mutex_unlock(&c->lock);
        pthread_join(c->thread, NULL);
    }
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->wake);
}

static enum result want(struct checkpoint *c) {
    if (!c->has_thread) {
        if (pthread_create(&c->thread, NULL, helper, c) != 0)
            return RESULT_IO;
        c->has_thread = true;
    }
    c->state = CHECKPOINT_WANTED;
    pthread_cond_signal(&c->wake);
    return RESULT_OK;
}

/* The helper is done: the rest here if it is little, else the helper goes again. */
static enum result finish(struct checkpoint *c, struct sql *writer, uint64_t *count) {
    int frames = 0, done = 0;
    if (c->result != RESULT_OK || c->frames - c->frames_done > FINISH_FRAMES) {
        c->state = CHECKPOINT_IDLE;
        c->next_at = c->frames + (c->result == RESULT_OK ? 0 : BEGIN_FRAMES);
        return c->result == RESULT_BUSY ? RESULT_OK : c->result;
    }
    const enum result result = run(writer, &frames, &done);
    c->state = CHECKPOINT_IDLE;
    if (result == RESULT_OK && frames == done) {
        c->frames = 0; /* the next commit begins the log anew */
        c->next_at = BEGIN_FRAMES;
        (*count)++;
    } else {
        c->next_at = c->frames + BEGIN_FRAMES; /* a reader holds an old moment */
    }
    return result == RESULT_BUSY ? RESULT_OK : result;
}

enum result checkpoint_turn(struct checkpoint *c, struct sql *writer, uint64_t *count) {
    enum result result = RESULT_OK;
    if (c->frames < c->next_at && !c->has_thread)
        return RESULT_OK;
    pthread_mutex_lock(&c->lock);
    if (c->state == CHECKPOINT_DONE)
        result = finish(c, writer, count);
    else if (c->state == CHECKPOINT_IDLE && c->frames >= c->next_at)
        result = want(c);
    pthread_mutex_unlock(&c->lock);
    return result;
}
