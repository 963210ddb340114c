/* Asked about once a second by the pipeline thread, for people who watch the gateway. The journal is not counted, which
 * would read all of it: ids rise, so the ends tell. */
#include "store/depth.h"

#include <stdio.h>
#include <sys/stat.h>

#include "store/handle.h"

static int64_t file_bytes(const char *path, const char *ending) {
    char name[4096];
    struct stat at;
    return snprintf(name, sizeof name, "%s%s", path, ending) < (int)sizeof name && stat(name, &at) == 0 ? at.st_size
                                                                                                        : 0;
}

static enum result read_journal(struct store *store, struct store_depth *out) {
    struct query q = query_of(&store->sql, "SELECT id, recv_ms, (SELECT max(id) FROM journal) FROM journal"
                                           " ORDER BY id LIMIT 1");
    if (query_next(&q)) {
        const int64_t first = take_int(&q);
        out->journal_oldest_ms = take_int(&q);
        out->journal_rows = take_int(&q) - first + 1;
    }
    return query_end(&q);
}

enum result store_read_depth(struct store *store, struct store_depth *out) {
    *out = (struct store_depth){.file_bytes = file_bytes(store->path, ""),
                                .wal_file_bytes = file_bytes(store->path, "-wal")};
    enum result result = read_journal(store, out);
    if (result != RESULT_OK)
        return result;
    struct query q = query_of(&store->sql, "SELECT count(*), coalesce(min(created_ms), 0) FROM outbox");
    if (query_next(&q)) {
        out->outbox_rows = take_int(&q);
        out->outbox_oldest_ms = take_int(&q);
    }
    return query_end(&q);
}
