/* Presence: an array by device row id (they are dense) and a list of what this transaction changed.
 *
 * The journal's chain hangs here: its head must be committed with the row it names, and an UPDATE for each message
 * would be one for each device too many. Rolling back restores the values that the transaction found. */
#include "store/presence.h"

#include <stdlib.h>
#include <string.h>

static void grow(struct presence *p, int64_t device) {
    int64_t room = p->room ? p->room : 64;
    while (room <= device)
        room *= 2;
    p->entries = mem_realloc(p->entries, (size_t)room * sizeof *p->entries);
    memset(p->entries + p->room, 0, (size_t)(room - p->room) * sizeof *p->entries);
    p->room = room;
}

static struct presence_entry *entry_of(struct presence *p, int64_t device) {
    if (device >= p->room)
        grow(p, device);
    return &p->entries[device];
}

static struct presence_entry *change(struct presence *p, int64_t device) {
    struct presence_entry *e = entry_of(p, device);
    if (e->is_dirty)
        return e;
    e->is_dirty = true;
    e->was_online = e->is_online;
    e->was_seen_ms = e->seen_ms;
    e->was_head = e->head;
    if (p->dirty_count == p->dirty_room) {
        p->dirty_room = p->dirty_room ? p->dirty_room * 2 : 64;
        p->dirty = mem_realloc(p->dirty, p->dirty_room * sizeof *p->dirty);
    }
    p->dirty[p->dirty_count++] = device;
    return e;
}

enum result presence_load(struct presence *p, struct sql *sql) {
    struct query q = query_of(sql, "SELECT device, is_online, last_seen_ms, journal_head FROM presence");
    while (query_next(&q)) {
        const int64_t device = take_int(&q);
        if (device < 0 || device > PRESENCE_ROWS_MAX)
            continue;
        struct presence_entry *e = entry_of(p, device);
        e->is_online = take_int(&q) != 0;
        e->seen_ms = take_int(&q);
        e->head = take_int(&q);
    }
    return query_end(&q);
}

void presence_fini(struct presence *p) {
    free(p->entries);
    free(p->dirty);
    *p = (struct presence){0};
}

void presence_see(struct presence *p, int64_t device, bool is_online, int64_t seen_ms) {
    struct presence_entry *e = change(p, device);
    e->is_online = is_online;
    e->seen_ms = seen_ms;
}

int64_t presence_chain(struct presence *p, int64_t device, int64_t head) {
    struct presence_entry *e = change(p, device);
    const int64_t before = e->head;
    e->head = head;
    return before;
}

enum result presence_flush(struct presence *p, struct sql *sql) {
    int64_t online = 0;
    for (size_t i = 0; i < p->dirty_count; i++) {
        const struct presence_entry *e = &p->entries[p->dirty[i]];
        struct query q = query_of(sql, "INSERT OR REPLACE INTO presence(device, is_online, last_seen_ms, journal_head)"
                                       " VALUES(?, ?, ?, ?)");
        put_int(&q, p->dirty[i]);
        put_int(&q, e->is_online);
        put_int(&q, e->seen_ms);
        put_int(&q, e->head);
        const enum result result = query_run(&q);
        if (result != RESULT_OK)
            return result;
        online += (int)e->is_online - (int)e->was_online;
    }
    if (online == 0)
        return RESULT_OK;
    struct query q = query_of(sql, "UPDATE tally SET n = n + ? WHERE name = 'online'");
    put_int(&q, online);
    return query_run(&q);
}

void presence_end(struct presence *p, bool is_committed) {
    for (size_t i = 0; i < p->dirty_count; i++) {
        struct presence_entry *e = &p->entries[p->dirty[i]];
        e->is_dirty = false;
        if (is_committed)
            continue;
        e->is_online = e->was_online;
        e->seen_ms = e->was_seen_ms;
        e->head = e->was_head;
    }
    p->dirty_count = 0;
}
