/* What changes with nearly every message of a device, kept in memory and written once for each device and transaction:
 * is it there, when was it seen, which journal row is its newest. Private to gateway/store; writer's thread. */
#pragma once
#include "store/sql.h"

struct presence_entry {
    int64_t seen_ms, head;
    bool is_online, is_dirty;
    int64_t was_seen_ms, was_head; /* before this transaction */
    bool was_online;
};
struct presence {
    struct presence_entry *entries; /* by device row id */
    int64_t room;
    int64_t *dirty; /* device row ids */
    size_t dirty_count, dirty_room;
};
enum { PRESENCE_ROWS_MAX = 50 * 1000 * 1000 };
FL_CHECK enum result presence_load(struct presence *p, struct sql *sql);
void presence_fini(struct presence *p);
/* In a transaction. */
void presence_see(struct presence *p, int64_t device, bool is_online, int64_t seen_ms);
int64_t presence_chain(struct presence *p, int64_t device, int64_t head); /* sets the head, returns the one before */
/* Writes what changed; before COMMIT. */
FL_CHECK enum result presence_flush(struct presence *p, struct sql *sql);
/* After COMMIT, or to take everything back after a rollback. */
void presence_end(struct presence *p, bool is_committed);
