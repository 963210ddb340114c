/* Tickets, their events, and the search index over both.
 *
 * One search entry for each ticket: its subject and all texts, so that "compressor noise" finds the ticket whose
 * subject has one word and whose plan has the other. The index keeps no content, so a change deletes the old text and
 * adds the new, read from the rows; tickets are short and change rarely. What is beyond SEARCH_BYTES of one ticket is
 * not searchable. Only what never changes is indexed (a device keeps its id, not its model): taking an entry out has to
 * repeat exactly what was put in, or the index is damaged. */
#include <stdio.h>
#include <string.h>

#include "store/cases.h"
#include "store/handle.h"
#include "store/rows.h"
#include "store/words.h"

enum { SEARCH_BYTES = 128 * 1024, TAGS_BYTES = 64 };

/* ---- search
 * ------------------------------------------------------------------------------------------------------------ */

struct entry { /* what the index holds of one ticket */
    char tags[TAGS_BYTES];
    struct buf body;
};

static void entry_init(struct entry *e) {
    e->tags[0] = '\0';
    buf_init(&e->body, SEARCH_BYTES);
}

static void add_text(struct entry *e, const char *text) {
    struct buf spread;
    buf_init(&spread, 4 * TICKET_TEXT_BYTES);
    words_index(text, &spread);
    if (e->body.count + spread.count + 1 < SEARCH_BYTES) { /* whole texts only: what was added must be found again */
        buf_add(&e->body, spread.data, spread.count);
        buf_add_u8(&e->body, '\n');
    }
    buf_fini(&spread);
}

static enum result read_entry(struct store *store, int64_t ticket, struct entry *e) {
    struct query q =
        query_of(&store->sql, "SELECT t.device, t.state, t.is_open, t.subject, d.device" TICKET_FROM "WHERE t.id = ?");
    put_int(&q, ticket);
    enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    const int64_t device = take_int(&q), state = take_int(&q);
    const bool is_open = take_int(&q) != 0;
    snprintf(e->tags, sizeof e->tags, "d%lld s%lld %s", (long long)device, (long long)state, is_open ? "open" : "done");
    for (int i = 0; i < 2; i++)
        add_text(e, take_text(&q));
    query_close(&q);
    q = query_of(&store->sql, "SELECT line FROM ticket_event WHERE ticket = ? ORDER BY id");
    put_int(&q, ticket);
    while (query_next(&q))
        add_text(e, take_text(&q));
    return query_end(&q);
}

static enum result write_entry(struct store *store, const char *text, int64_t ticket, struct entry *e) {
    struct query q = query_of(&store->sql, text);
    put_int(&q, ticket);
    put_text(&q, e->tags);
    put_text(&q, buf_text(&e->body));
    return query_run(&q);
}

/* ---- rows
 * -------------------------------------------------------------------------------------------------------------- */

static void put_state(struct query *q, const struct ticket *ticket) {
    put_int(q, ticket->version);
    put_int(q, ticket->state);
    put_int(q, ticket_state_is_open(ticket->state));
    put_int(q, ticket->severity);
    put_text(q, ticket->assignee);
    put_int(q, ticket->updated_ms);
    put_int(q, ticket->resolved_ms);
    put_int(q, ticket->alarms_active);
    put_int(q, ticket->repeats);
    put_int(q, ticket->is_touched);
    put_int(q, ticket->is_self_healed);
}

static enum result insert(struct store *store, struct ticket *ticket) {
    struct query q =
        query_of(&store->sql, "INSERT INTO ticket(device, source, subject, opened_ms, alarm, part, version,"
                              " state, is_open, severity, assignee, updated_ms, resolved_ms, alarms_active,"
                              " repeats, is_touched, is_self_healed)"
                              " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, ticket->device_id);
    put_int(&q, ticket->source);
    put_text(&q, ticket->subject);
    put_int(&q, ticket->opened_ms);
    put_text(&q, ticket->alarm);
    put_text(&q, ticket->part);
    put_state(&q, ticket);
    const enum result result = query_run(&q);
    if (result == RESULT_OK)
        ticket->id = sqlite3_last_insert_rowid(store->sql.db);
    return result;
}

static enum result update(struct store *store, const struct ticket *ticket, int64_t was_version) {
    struct query q =
        query_of(&store->sql, "UPDATE ticket SET version = ?, state = ?, is_open = ?, severity = ?,"
                              " assignee = ?, updated_ms = ?, resolved_ms = ?, alarms_active = ?, repeats = ?,"
                              " is_touched = ?, is_self_healed = ? WHERE id = ? AND version = ?");
    put_state(&q, ticket);
    put_int(&q, ticket->id);
    put_int(&q, was_version);
    const enum result result = query_run(&q);
    if (result == RESULT_OK && sqlite3_changes(store->sql.db) == 0)
        return RESULT_CONFLICT;
    return result;
}

static enum result add_event(struct store *store, int64_t ticket, struct ticket_event *event) {
    struct query q =
        query_of(&store->sql, "INSERT INTO ticket_event(ticket, at_ms, kind, who, was, becomes, line, data)"
                              " VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, ticket);
    put_int(&q, event->at_ms);
    put_int(&q, event->kind);
    put_text(&q, event->by);
    put_text(&q, event->from);
    put_text(&q, event->to);
    put_text(&q, event->text);
    put_text(&q, event->data);
    const enum result result = query_run(&q);
    if (result != RESULT_OK)
        return result;
    event->ticket = ticket;
    event->id = sqlite3_last_insert_rowid(store->sql.db);
    return RESULT_OK;
}

static enum result put_rows(struct store *store, struct ticket *ticket, struct ticket_event *events, size_t count) {
    enum result result =
        ticket->id == 0 ? insert(store, ticket) : update(store, ticket, ticket->version - (int64_t)count);
    for (size_t i = 0; i < count && result == RESULT_OK; i++)
        result = add_event(store, ticket->id, &events[i]);
    return result;
}

enum result store_ticket_put(struct store *store, struct ticket *ticket, struct ticket_event *events,
                             size_t event_count) {
    if (ticket->id != 0 && event_count == 0) /* counts only: nothing that is searched for changes */
        return update(store, ticket, ticket->version);
    struct entry before, after;
    const bool is_new = ticket->id == 0;
    entry_init(&before);
    entry_init(&after);
    enum result result = is_new ? RESULT_OK : read_entry(store, ticket->id, &before);
    if (result == RESULT_OK)
        result = put_rows(store, ticket, events, event_count);
    if (result == RESULT_OK)
        result = read_entry(store, ticket->id, &after);
    if (result == RESULT_OK && !is_new)
        result = write_entry(store, "INSERT INTO ticket_text(ticket_text, rowid, tags, body) VALUES('delete', ?, ?, ?)",
                             ticket->id, &before);
    if (result == RESULT_OK)
        result = write_entry(store, "INSERT INTO ticket_text(rowid, tags, body) VALUES(?, ?, ?)", ticket->id, &after);
    buf_fini(&before.body);
    buf_fini(&after.body);
    return result;
}

void take_ticket(struct query *q, struct ticket *out) {
    out->id = take_int(q);
    out->version = take_int(q);
    out->device_id = take_int(q);
    take_copy(q, out->device, sizeof out->device);
    take_copy(q, out->model, sizeof out->model);
    out->state = (enum ticket_state)take_int(q);
    out->severity = (enum severity)take_int(q);
    out->source = (enum ticket_source)take_int(q);
    take_copy(q, out->subject, sizeof out->subject);
    take_copy(q, out->assignee, sizeof out->assignee);
    out->opened_ms = take_int(q);
    out->updated_ms = take_int(q);
    out->resolved_ms = take_int(q);
    take_copy(q, out->alarm, sizeof out->alarm);
    take_copy(q, out->part, sizeof out->part);
    out->alarms_active = take_int(q);
    out->repeats = take_int(q);
    out->is_touched = take_int(q) != 0;
    out->is_self_healed = take_int(q) != 0;
}

enum result find_ticket(struct sql *sql, int64_t id, struct ticket *out) {
    struct query q = query_of(sql, "SELECT " TICKET_COLUMNS TICKET_FROM "WHERE t.id = ?");
    put_int(&q, id);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take_ticket(&q, out);
    query_close(&q);
    return RESULT_OK;
}

enum result store_ticket_find(struct store *store, int64_t id, struct ticket *out) {
    return find_ticket(&store->sql, id, out);
}

enum result store_tickets_of_device(struct store *store, int64_t device, int64_t resolved_since_ms, struct ticket *out,
                                    size_t room, size_t *count) {
    struct query q =
        query_of(&store->sql, "SELECT " TICKET_COLUMNS TICKET_FROM "WHERE t.id IN ("
                              " SELECT id FROM ticket WHERE device = ?1 AND (is_open = 1 OR alarms_active > 0)"
                              " UNION SELECT id FROM ticket WHERE device = ?1 AND resolved_ms > 0"
                              "  AND resolved_ms >= ?2) AND NOT EXISTS (SELECT 1 FROM incident i"
                              " WHERE i.ticket = t.id) ORDER BY t.id DESC LIMIT ?3");
    *count = 0;
    put_int(&q, device);
    put_int(&q, resolved_since_ms);
    put_int(&q, (int64_t)room);
    while (*count < room && query_next(&q))
        take_ticket(&q, &out[(*count)++]);
    return query_end(&q);
}
