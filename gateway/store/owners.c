/* Rows for the owner's page. Keys are replaced as a whole whenever the product tells them: it is the one that knows,
 * and a difference would be a list of who may be trusted that nobody has checked. */
#include "store/owners.h"

#include <stdio.h>

#include "store/handle.h"
#include "store/reader_handle.h"

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS };

/* ---- writer ---- */

static enum result put_key(struct store *store, int64_t device_id, const struct owner_key_row *row) {
    struct query q = query_of(&store->sql, "INSERT OR REPLACE INTO owner_key(device, key, point, name)"
                                           " VALUES(?, ?, ?, ?)");
    put_int(&q, device_id);
    put_text(&q, row->key);
    put_text(&q, row->point);
    put_text(&q, row->name);
    return query_run(&q);
}

enum result store_owner_state_put(struct store *store, int64_t device_id, const char *state,
                                  const struct owner_key_row *keys, size_t count, int64_t now_ms) {
    struct query old = query_of(&store->sql, "DELETE FROM owner_key WHERE device = ?");
    put_int(&old, device_id);
    enum result result = query_run(&old);
    for (size_t i = 0; i < count && result == RESULT_OK; i++)
        result = put_key(store, device_id, &keys[i]);
    if (result != RESULT_OK)
        return result;
    struct query q = query_of(&store->sql, "INSERT OR REPLACE INTO owner_state(device, state, at_ms) VALUES(?, ?, ?)");
    put_int(&q, device_id);
    put_text(&q, state);
    put_int(&q, now_ms);
    return query_run(&q);
}

enum result store_owner_state_at(struct store *store, int64_t device_id, int64_t *at_ms) {
    struct query q = query_of(&store->sql, "SELECT at_ms FROM owner_state WHERE device = ?");
    *at_ms = 0;
    put_int(&q, device_id);
    if (query_next(&q))
        *at_ms = take_int(&q);
    return query_end(&q);
}

static enum result take_key(struct query *q, struct owner_key_row *out) {
    const enum result result = query_one(q);
    if (result != RESULT_OK)
        return result;
    take_copy(q, out->key, sizeof out->key);
    take_copy(q, out->point, sizeof out->point);
    take_copy(q, out->name, sizeof out->name);
    query_close(q);
    return RESULT_OK;
}

enum result store_owner_key(struct store *store, int64_t device_id, const char *key, struct owner_key_row *out) {
    struct query q = query_of(&store->sql, "SELECT key, point, name FROM owner_key WHERE device = ? AND key = ?");
    put_int(&q, device_id);
    put_text(&q, key);
    return take_key(&q, out);
}

enum result store_owner_question_put(struct store *store, const char *session, int64_t device_id, const char *question,
                                     int64_t until_ms) {
    struct query old = query_of(&store->sql, "DELETE FROM owner_question WHERE until_ms < ?");
    put_int(&old, until_ms - DAY_MS);
    const enum result result = query_run(&old);
    if (result != RESULT_OK)
        return result;
    struct query q = query_of(&store->sql, "INSERT OR REPLACE INTO owner_question(session, device, question, until_ms)"
                                           " VALUES(?, ?, ?, ?)");
    put_text(&q, session);
    put_int(&q, device_id);
    put_text(&q, question);
    put_int(&q, until_ms);
    return query_run(&q);
}

/* Of the same kind. */
static enum result count_letters(struct store *store, const struct owner_letter *letter, int64_t *of_device,
                                 int64_t *of_address) {
    struct query q =
        query_of(&store->sql, "SELECT coalesce(sum(device = ?), 0), coalesce(sum(address = ?), 0) FROM owner_letter"
                              " WHERE at_ms > ? AND is_signed = ?");
    put_int(&q, letter->device_id);
    put_text(&q, letter->address);
    put_int(&q, letter->at_ms - HOUR_MS);
    put_int(&q, letter->is_signed);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *of_device = take_int(&q);
    *of_address = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

enum result store_owner_letter_add(struct store *store, const struct owner_letter *letter) {
    int64_t of_device = 0, of_address = 0;
    enum result result = count_letters(store, letter, &of_device, &of_address);
    if (result != RESULT_OK)
        return result;
    if (letter->is_signed ? of_device >= OWNER_LETTERS_SIGNED
                          : of_device >= OWNER_LETTERS_PER_DEVICE || of_address >= OWNER_LETTERS_PER_ADDRESS)
        return RESULT_BUSY;
    struct query old = query_of(&store->sql, "DELETE FROM owner_letter WHERE at_ms < ?");
    put_int(&old, letter->at_ms - DAY_MS);
    if ((result = query_run(&old)) != RESULT_OK)
        return result;
    struct query q =
        query_of(&store->sql, "INSERT INTO owner_letter(id, device, at_ms, session, who, address, is_signed)"
                              " VALUES(?, ?, ?, ?, ?, ?, ?)");
    put_text(&q, letter->id);
    put_int(&q, letter->device_id);
    put_int(&q, letter->at_ms);
    put_text(&q, letter->session);
    put_text(&q, letter->by);
    put_text(&q, letter->address);
    put_int(&q, letter->is_signed);
    return query_run(&q);
}

enum result store_owner_letter_find(struct store *store, const char *id, struct owner_letter *out) {
    struct query q = query_of(
        &store->sql, "SELECT id, device, at_ms, session, who, address, is_signed FROM owner_letter WHERE id = ?");
    put_text(&q, id);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take_copy(&q, out->id, sizeof out->id);
    out->device_id = take_int(&q);
    out->at_ms = take_int(&q);
    take_copy(&q, out->session, sizeof out->session);
    take_copy(&q, out->by, sizeof out->by);
    take_copy(&q, out->address, sizeof out->address);
    out->is_signed = take_int(&q) != 0;
    query_close(&q);
    return RESULT_OK;
}

enum result store_owner_letter_done(struct store *store, const char *id, const char *outcome, const char *text) {
    struct query q = query_of(&store->sql, "UPDATE owner_letter SET outcome = ?, line = ? WHERE id = ?");
    put_text(&q, outcome);
    put_text(&q, text);
    put_text(&q, id);
    return query_run(&q);
}

/* ---- reader ---- */

enum result reader_owner_key(struct reader *reader, const char *device, const char *key, struct owner_key_row *out) {
    struct query q = query_of(&reader->sql, "SELECT k.key, k.point, k.name FROM owner_key k"
                                            " JOIN device d ON d.id = k.device WHERE d.device = ? AND k.key = ?");
    put_text(&q, device);
    put_text(&q, key);
    return take_key(&q, out);
}

enum result reader_owner_state(struct reader *reader, const char *device, owner_text_fn *fn, void *self) {
    struct query q = query_of(&reader->sql, "SELECT s.state, s.at_ms FROM owner_state s"
                                            " JOIN device d ON d.id = s.device WHERE d.device = ?");
    put_text(&q, device);
    while (query_next(&q)) {
        const char *text = take_text(&q);
        fn(self, text, take_int(&q));
    }
    return query_end(&q);
}

enum result reader_owner_questions(struct reader *reader, const char *device, int64_t now_ms, owner_text_fn *fn,
                                   void *self) {
    struct query q = query_of(&reader->sql, "SELECT o.question, o.until_ms FROM owner_question o"
                                            " JOIN device d ON d.id = o.device JOIN session s ON s.id = o.session"
                                            " WHERE d.device = ? AND o.until_ms > ? AND s.is_running = 1"
                                            " AND s.is_live = 0 AND s.consent_ms IS NULL ORDER BY o.until_ms");
    put_text(&q, device);
    put_int(&q, now_ms);
    while (query_next(&q)) {
        const char *text = take_text(&q);
        fn(self, text, take_int(&q));
    }
    return query_end(&q);
}

enum result reader_owner_letter(struct reader *reader, const char *device, const char *id, owner_letter_fn *fn,
                                void *self) {
    struct query q = query_of(&reader->sql, "SELECT l.outcome, l.line FROM owner_letter l"
                                            " JOIN device d ON d.id = l.device WHERE l.id = ? AND d.device = ?");
    put_text(&q, id);
    put_text(&q, device);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    const char *outcome = take_text(&q);
    fn(self, outcome, take_text(&q));
    query_close(&q);
    return RESULT_OK;
}

enum result reader_owner_report(struct reader *reader, const char *device, const char *session, owner_text_fn *fn,
                                void *self) {
    struct query q =
        query_of(&reader->sql, "SELECT r.markdown, r.at_ms FROM report r JOIN session s ON s.id = r.session"
                               " JOIN device d ON d.id = s.device WHERE r.session = ? AND d.device = ?");
    put_text(&q, session);
    put_text(&q, device);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    const char *text = take_text(&q);
    fn(self, text, take_int(&q));
    query_close(&q);
    return RESULT_OK;
}
