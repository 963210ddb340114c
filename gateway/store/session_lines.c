/* Lines of recorded sessions and their index. The index has no content of its own: tags carry device, session, kind and
 * author, so that "these words, typed by ann, on that device" is one walk of the index, newest first. What the index
 * was given must be given again to take it out, so both ways use the same two functions.
 *
 * Left: the transcript as the only copy, read again for each hit (a search would then read files of a gigabyte), and
 * FTS5's own snippets (they need content, and mark words of no language but the tokenizer's). */
#include "store/session_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/handle.h"
#include "store/reader_handle.h"
#include "store/rows.h"
#include "store/words.h"

enum { UNREAD_MAX = 1000, TAGS_BYTES = 160, FORGET_ROWS = 1000 };

static uint32_t author_hash(const char *name) {
    return hash_text(HASH_START, name);
}

static void print_tags(char tags[TAGS_BYTES], int64_t session, int64_t device, enum line_kind kind, const char *by) {
    snprintf(tags, TAGS_BYTES, "s%lld d%lld k%d w%08x", (long long)session, (long long)device, (int)kind,
             author_hash(by));
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

enum result store_sessions_unread(struct store *store, session_fn *fn, void *self) {
    struct query q =
        query_of(&store->sql, "SELECT " SESSION_COLUMNS " FROM session_unread u JOIN session s ON s.number = u.session"
                              " JOIN device d ON d.id = s.device WHERE u.session > 0 ORDER BY u.session LIMIT ?");
    put_int(&q, UNREAD_MAX);
    while (query_next(&q)) {
        struct session session;
        take_session(&q, &session);
        fn(self, &session);
    }
    return query_end(&q);
}

struct session_place {
    int64_t number, device, started_ms;
};

static enum result find_place(struct store *store, const char *session, struct session_place *out) {
    struct query q =
        query_of(&store->sql, "SELECT number, device, coalesce(started_ms, requested_ms) FROM session WHERE id = ?");
    put_text(&q, session);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    out->number = take_int(&q);
    out->device = take_int(&q);
    out->started_ms = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

static enum result write_index(struct store *store, const char *text, int64_t id, const char *tags, const char *line) {
    struct buf body;
    buf_init(&body, 8 * LINE_TEXT_BYTES);
    words_index(line, &body);
    struct query q = query_of(&store->sql, text);
    put_int(&q, id);
    put_text(&q, tags);
    put_text(&q, buf_text(&body));
    const enum result result = query_run(&q);
    buf_fini(&body);
    return result;
}

enum result store_line_add(struct store *store, const char *session, const struct line *line) {
    struct session_place place;
    char tags[TAGS_BYTES];
    enum result result = find_place(store, session, &place);
    if (result != RESULT_OK)
        return result;
    struct query q = query_of(&store->sql, "INSERT INTO session_line(session, device, at_ms, t_ms, n, kind, who, line)"
                                           " VALUES(?, ?, ?, ?, ?, ?, ?, ?)");
    put_int(&q, place.number);
    put_int(&q, place.device);
    put_int(&q, place.started_ms + line->t_ms);
    put_int(&q, line->t_ms);
    put_int(&q, (int64_t)line->n);
    put_int(&q, line->kind);
    put_text(&q, line->by);
    put_text(&q, line->text);
    result = query_run(&q);
    if (result != RESULT_OK)
        return result;
    print_tags(tags, place.number, place.device, line->kind, line->by);
    return write_index(store, "INSERT INTO session_text(rowid, tags, body) VALUES(?, ?, ?)",
                       sqlite3_last_insert_rowid(store->sql.db), tags, line->text);
}

/* Some of its lines; *count of them. */
static enum result forget_some(struct store *store, const struct session_place *place, int *count) {
    char tags[TAGS_BYTES];
    enum result written = RESULT_OK;
    int64_t last = 0;
    *count = 0;
    struct query q = query_of(&store->sql, "SELECT id, kind, who, line FROM session_line WHERE session = ?"
                                           " ORDER BY id LIMIT ?");
    put_int(&q, place->number);
    put_int(&q, FORGET_ROWS);
    while (written == RESULT_OK && query_next(&q)) {
        last = take_int(&q);
        const enum line_kind kind = (enum line_kind)take_int(&q);
        print_tags(tags, place->number, place->device, kind, take_text(&q));
        written = write_index(store,
                              "INSERT INTO session_text(session_text, rowid, tags, body)"
                              " VALUES('delete', ?, ?, ?)",
                              last, tags, take_text(&q));
        (*count)++;
    }
    const enum result result = query_end(&q);
    if (result != RESULT_OK || written != RESULT_OK)
        return result != RESULT_OK ? result : written;
    q = query_of(&store->sql, "DELETE FROM session_line WHERE session = ? AND id <= ?");
    put_int(&q, place->number);
    put_int(&q, last);
    return query_run(&q);
}

enum result store_lines_forget(struct store *store, const char *session) {
    struct session_place place;
    int count = FORGET_ROWS;
    enum result result = find_place(store, session, &place);
    while (result == RESULT_OK && count == FORGET_ROWS)
        result = forget_some(store, &place, &count);
    return result;
}

enum result store_lines_forget_removed(struct store *store) {
    struct session_place place;
    int count;
    struct query q = query_of(&store->sql, "SELECT f.session, s.device FROM session_forget f JOIN session s"
                                           " ON s.number = f.session ORDER BY f.session LIMIT 1");
    enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    place.number = take_int(&q);
    place.device = take_int(&q);
    query_close(&q);
    result = forget_some(store, &place, &count);
    if (result != RESULT_OK || count == FORGET_ROWS)
        return result;
    q = query_of(&store->sql, "DELETE FROM session_forget WHERE session = ?");
    put_int(&q, place.number);
    return query_run(&q);
}

enum result store_lines_finish(struct store *store, const char *session) {
    struct query q =
        query_of(&store->sql, "DELETE FROM session_unread WHERE session = (SELECT number FROM session WHERE id = ?)");
    put_text(&q, session);
    return query_run(&q);
}

/* ---- searching --------------------------------------------------------------------------------------------------- */

#define LINE_PAGE   "SELECT l.id, l.at_ms, l.t_ms, l.n, l.kind, l.who, l.line, s.id, s.ticket, d.device FROM "
#define LINE_JOINED " JOIN session s ON s.number = l.session JOIN device d ON d.id = l.device "

static enum result session_number(struct reader *reader, const char *session, int64_t *out) {
    struct query q = query_of(&reader->sql, "SELECT number FROM session WHERE id = ?");
    put_text(&q, session);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *out = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

static enum result run_hits(struct query *q, const struct line_query *query, line_hit_fn *fn, void *self,
                            int64_t *next) {
    const int limit = reader_limit(query->limit);
    int scanned = 0, given = 0;
    int64_t last = 0;
    *next = 0;
    while (query_next(q)) {
        struct line_hit hit;
        if (given == limit || scanned == LINE_QUERY_SCAN) {
            *next = last;
            break;
        }
        hit.id = last = take_int(q);
        hit.at_ms = take_int(q);
        hit.line.t_ms = take_int(q);
        hit.line.n = (uint64_t)take_int(q);
        hit.line.kind = (enum line_kind)take_int(q);
        hit.line.by = take_text(q);
        hit.line.text = take_text(q);
        hit.session = take_text(q);
        hit.ticket = take_int(q);
        hit.device = take_text(q);
        scanned++;
        if ((query->kinds >> hit.line.kind & 1) != 0 && hit.at_ms >= query->from_ms && hit.at_ms < query->to_ms &&
            (query->author == NULL || strcmp(query->author, hit.line.by) == 0)) {
            given++;
            fn(self, &hit);
        }
    }
    return query_end(q);
}

static void add_tags(struct buf *match, const struct line_query *query, int64_t device, int64_t session) {
    const char *before = "tags : (";
    if (session != 0)
        buf_printf(match, "tags : s%lld AND ", (long long)session);
    if (device != 0)
        buf_printf(match, "tags : d%lld AND ", (long long)device);
    if (query->author != NULL)
        buf_printf(match, "tags : w%08x AND ", author_hash(query->author));
    for (int kind = 0; kind < LINE_KIND_COUNT; kind++) {
        if ((query->kinds >> kind & 1) != 0) {
            buf_printf(match, "%sk%d", before, kind);
            before = " OR ";
        }
    }
    buf_str(match, ") AND ");
}

enum result reader_lines(struct reader *reader, const struct line_query *query, line_hit_fn *fn, void *self,
                         int64_t *next) {
    int64_t device = 0, session = 0;
    enum result result = RESULT_OK;
    *next = 0;
    if (query->device != NULL)
        result = reader_device_row(reader, query->device, &device);
    if (result == RESULT_OK && query->session != NULL)
        result = session_number(reader, query->session, &session);
    if (result != RESULT_OK || (query->kinds & ((1u << LINE_KIND_COUNT) - 1)) == 0)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    const int64_t before = query->after > 0 ? query->after : INT64_MAX;
    if (query->q == NULL || query->q[0] == '\0') {
        struct query q = query_of(&reader->sql, LINE_PAGE "session_line l" LINE_JOINED
                                                          "WHERE l.session = ? AND l.id < ? ORDER BY l.id DESC");
        put_int(&q, session);
        put_int(&q, before);
        return run_hits(&q, query, fn, self, next);
    }
    struct buf match;
    buf_init(&match, 64 * 1024);
    add_tags(&match, query, device, session);
    if (words_query(query->q, &match) && !match.overflow) {
        struct query q =
            query_of(&reader->sql, LINE_PAGE "session_text x JOIN session_line l ON l.id = x.rowid" LINE_JOINED
                                             "WHERE session_text MATCH ? AND x.rowid < ?"
                                             " ORDER BY x.rowid DESC");
        put_text(&q, buf_text(&match));
        put_int(&q, before);
        result = run_hits(&q, query, fn, self, next);
    }
    buf_fini(&match);
    return result;
}

/* ---- findings, reports ------------------------------------------------------------------------------------------- */

enum result store_finding_add(struct store *store, const char *session, const struct finding *finding) {
    struct query q = query_of(&store->sql, "INSERT INTO session_finding(session, at_ms, who, line) VALUES(?, ?, ?, ?)");
    put_text(&q, session);
    put_int(&q, finding->at_ms);
    put_text(&q, finding->by);
    put_text(&q, finding->text);
    return query_run(&q);
}

enum result reader_findings(struct reader *reader, const char *session, finding_fn *fn, void *self) {
    struct query q = query_of(&reader->sql, "SELECT id, at_ms, who, line FROM session_finding WHERE session = ?"
                                            " ORDER BY id");
    put_text(&q, session);
    while (query_next(&q)) {
        struct finding finding;
        finding.id = take_int(&q);
        finding.at_ms = take_int(&q);
        finding.by = take_text(&q);
        finding.text = take_text(&q);
        fn(self, &finding);
    }
    return query_end(&q);
}

enum result reader_session_report(struct reader *reader, const char *session, report_fn *fn, void *self) {
    struct query q = query_of(&reader->sql, "SELECT session, markdown, digest, at_ms FROM report WHERE session = ?");
    put_text(&q, session);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    const char *id = take_text(&q), *markdown = take_text(&q), *digest = take_text(&q);
    fn(self, id, markdown, digest, take_int(&q));
    return query_end(&q);
}
