/* The writer's life: open, transactions, close; and what has no file of its own (meta, counters).
 *
 * Durability: WAL with synchronous=FULL, one fsync of the log for each commit; the pipeline groups many messages into
 * one transaction, so the fsync costs little. secure_delete=FAST: telemetry is not worth overwriting pages for.
 *
 * A failed commit leaves nothing open: it is rolled back here, and whoever keeps something in memory beside the file is
 * told (presence, the journal's next id, history through store_on_end). Left: keeping the transaction and trying COMMIT
 * again; a full disk may stay full for hours, and meanwhile every read of the writer would see what is not durable. */
#include "store/handle.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "store/migrate.h"

enum { WAL_FRAME_BYTES = 4096 + 24 };

static const char set_up[] = "PRAGMA journal_mode = WAL;"
                             "PRAGMA synchronous = FULL;"
                             "PRAGMA secure_delete = FAST;"
                             "PRAGMA foreign_keys = ON;"
                             "PRAGMA wal_autocheckpoint = 0;"
                             "PRAGMA journal_size_limit = 67108864;"
                             "PRAGMA cache_size = -32768;"
                             "PRAGMA temp_store = MEMORY;";

enum result store_open(const char *path, struct store **out, struct fault *fault) {
    struct store *store = mem_alloc(sizeof *store);
    store->lock_fd = -1;
    enum result result = sql_open(&store->sql, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, fault);
    if (result != RESULT_OK) {
        free(store);
        return result;
    }
    store->path = mem_strdup(path);
    int64_t version = 0;
    result =
        migrate_look(&store->sql, path, &version, fault); /* before anything is changed in a file that is not ours */
    if (result == RESULT_OK) {
        result = sql_script(&store->sql, set_up);
        if (result != RESULT_OK)
            sql_fault(&store->sql, path, result, fault);
    }
    if (result == RESULT_OK)
        result = migrate(&store->sql, path, fault);
    if (result == RESULT_OK) {
        result = presence_load(&store->presence, &store->sql);
        if (result != RESULT_OK)
            sql_fault(&store->sql, path, result, fault);
    }
    checkpoint_init(&store->checkpoint, store->path, &store->sql);
    journal_init(store);
    if (result == RESULT_OK)
        *out = store;
    else
        store_close(store);
    return result;
}

void store_close(struct store *store) {
    if (store == NULL)
        return;
    store_rollback(store);
    checkpoint_fini(&store->checkpoint);
    presence_fini(&store->presence);
    buf_fini(&store->journal_payload);
    sql_close(&store->sql);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->path);
    free(store);
}

enum result store_claim(struct store *store) {
    char path[4096];
    if (store->lock_fd >= 0)
        return RESULT_OK;
    if (snprintf(path, sizeof path, "%s-gateway", store->path) >= (int)sizeof path)
        return RESULT_TOO_BIG;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return RESULT_IO;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        close(fd);
        snprintf(store->sql.error, sizeof store->sql.error, "another gateway runs on %.150s", store->path);
        return RESULT_BUSY;
    }
    store->lock_fd = fd;
    return RESULT_OK;
}

enum result store_begin(struct store *store) {
    if (store->is_open)
        die("gateway.store", "a transaction is open already");
    struct query q = query_of(&store->sql, "BEGIN IMMEDIATE");
    const enum result result = query_run(&q);
    if (result != RESULT_OK)
        return result;
    store->is_open = true;
    store->journal_next_before = store->journal_next;
    return RESULT_OK;
}

static void end(struct store *store, bool is_committed) {
    store->is_open = false;
    presence_end(&store->presence, is_committed);
    if (!is_committed)
        store->journal_next = store->journal_next_before;
    for (int i = 0; i < store->listener_count; i++)
        store->listeners[i].fn(store->listeners[i].self, is_committed);
}

enum result store_commit(struct store *store) {
    enum result result = presence_flush(&store->presence, &store->sql);
    if (result == RESULT_OK) {
        struct query q = query_of(&store->sql, "COMMIT");
        result = query_run(&q);
    }
    if (result != RESULT_OK) {
        store_rollback(store);
        return result;
    }
    store->figures.commits++;
    end(store, true);
    return RESULT_OK;
}

void store_rollback(struct store *store) {
    if (!store->is_open)
        return;
    /* SQLite may have rolled back by itself after some failures; what matters is that nothing stays open. */
    if (!sqlite3_get_autocommit(store->sql.db) &&
        sqlite3_exec(store->sql.db, "ROLLBACK", NULL, NULL, NULL) != SQLITE_OK)
        die("gateway.store", "cannot roll back: %s", sqlite3_errmsg(store->sql.db));
    store->figures.rollbacks++;
    end(store, false);
}

bool store_is_in_transaction(const struct store *store) {
    return store->is_open;
}

void store_on_end(struct store *store, void (*fn)(void *self, bool is_committed), void *self) {
    if (store->listener_count == STORE_LISTENERS)
        die("gateway.store", "more than %d listeners", STORE_LISTENERS);
    store->listeners[store->listener_count].fn = fn;
    store->listeners[store->listener_count++].self = self;
}

void store_off_end(struct store *store, void *self) {
    int kept = 0;
    for (int i = 0; i < store->listener_count; i++)
        if (store->listeners[i].self != self)
            store->listeners[kept++] = store->listeners[i];
    store->listener_count = kept;
}

const char *store_error(const struct store *store) {
    return store->sql.error;
}

enum result store_checkpoint(struct store *store) {
    return checkpoint_turn(&store->checkpoint, &store->sql, &store->figures.checkpoints);
}

struct store_figures store_read_figures(const struct store *store) {
    struct store_figures figures = store->figures;
    figures.wal_bytes = (int64_t)store->checkpoint.frames * WAL_FRAME_BYTES;
    return figures;
}

const struct histogram *store_checkpoint_seconds(const struct store *store) {
    return &store->checkpoint.seconds;
}

enum result store_meta_put(struct store *store, const char *key, const char *value) {
    struct query q = query_of(&store->sql, "INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)");
    put_text(&q, key);
    put_text(&q, value);
    return query_run(&q);
}

enum result store_meta_get(struct store *store, const char *key, char **out) {
    struct query q = query_of(&store->sql, "SELECT value FROM meta WHERE key = ?");
    *out = NULL;
    put_text(&q, key);
    if (query_next(&q))
        *out = mem_strdup(take_text(&q));
    return query_end(&q);
}

enum result store_counter_add(struct store *store, const char *name, int64_t by) {
    struct query q = query_of(&store->sql, "INSERT INTO counter(name, n) VALUES(?, ?)"
                                           " ON CONFLICT(name) DO UPDATE SET n = n + excluded.n");
    put_text(&q, name);
    put_int(&q, by);
    return query_run(&q);
}
