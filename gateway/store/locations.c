/* A tree of few levels, walked from below..
 */
#include "store/locations.h"

#include <string.h>

#include "store/handle.h"
#include "store/reader_handle.h"

/* ?1 the device: what stands above it, nearest first */
#define ABOVE                                                                                                          \
    "WITH RECURSIVE above(id, depth) AS (SELECT parent, 1 FROM location WHERE device = ?1 AND parent IS NOT NULL"      \
    " UNION ALL SELECT p.parent, depth + 1 FROM above JOIN location p ON p.device = above.id"                          \
    " WHERE p.parent IS NOT NULL AND depth < 9) "
_Static_assert(LOCATION_DEPTH_MAX == 8, "as ABOVE has it, one more to see that it is too deep");

bool location_site_valid(const char *text) {
    const size_t chars = strlen(text);
    return chars > 0 && chars <= LOCATION_SITE_BYTES && text[0] != '-' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == chars;
}

enum result store_location_read(struct store *store, int64_t device_id, struct location *out) {
    struct query q = query_of(&store->sql, "SELECT d.model, d.firmware, coalesce(p.site, ''), coalesce(u.device, '')"
                                           " FROM device d LEFT JOIN location p ON p.device = d.id"
                                           " LEFT JOIN device u ON u.id = p.parent WHERE d.id = ?");
    put_int(&q, device_id);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take_copy(&q, out->model, sizeof out->model);
    take_copy(&q, out->firmware, sizeof out->firmware);
    take_copy(&q, out->site, sizeof out->site);
    take_copy(&q, out->parent, sizeof out->parent);
    query_close(&q);
    return RESULT_OK;
}

/* Levels above `device_id`; *is_above: `wanted` is among them, or is the device itself. */
static enum result climb(struct store *store, int64_t device_id, int64_t wanted, int *levels, bool *is_above) {
    struct query q = query_of(&store->sql, ABOVE "SELECT id FROM above");
    *levels = 0;
    *is_above = device_id == wanted;
    put_int(&q, device_id);
    while (query_next(&q)) {
        ++*levels;
        *is_above |= take_int(&q) == wanted;
    }
    return query_end(&q);
}

/* The levels below it count too, but are not looked for: a tree that gets too deep from below is cut at the depth where
 * the walk from a leaf ends, which only makes a far grandparent count for nothing. */
enum result store_location_put(struct store *store, int64_t device_id, int64_t parent, const char *site) {
    int levels = 0;
    bool is_circle = false;
    if (parent != 0) {
        const enum result result = climb(store, parent, device_id, &levels, &is_circle);
        if (result != RESULT_OK)
            return result;
        if (is_circle || levels + 1 > LOCATION_DEPTH_MAX)
            return RESULT_CONFLICT;
    }
    struct query q = query_of(&store->sql, "INSERT INTO location(device, parent, site) VALUES(?, ?, ?)"
                                           " ON CONFLICT(device) DO UPDATE SET parent = excluded.parent,"
                                           " site = excluded.site");
    put_int(&q, device_id);
    if (parent != 0)
        put_int(&q, parent);
    else
        put_null(&q);
    put_text(&q, site);
    return query_run(&q);
}

/* What was written in this turn counts, so presence is asked of its keeper, not of its table. */
static bool is_online(const struct store *store, int64_t device_id) {
    const struct presence *p = &store->presence;
    return device_id >= 0 && device_id < p->room && p->entries[device_id].is_online;
}

enum result store_location_is_cut_off(struct store *store, int64_t device_id, bool *out,
                                      char by[CAP_DEVICE_ID_BYTES + 1]) {
    struct query q =
        query_of(&store->sql, ABOVE "SELECT above.id, d.device, EXISTS (SELECT 1 FROM alarm a WHERE a.device = above.id"
                                    "  AND a.is_active = 1 AND a.isolates = 1 AND a.is_latched = 0)"
                                    " FROM above JOIN device d ON d.id = above.id");
    *out = false;
    by[0] = '\0';
    put_int(&q, device_id);
    while (!*out && query_next(&q)) {
        const bool is_there = is_online(store, take_int(&q));
        take_copy(&q, by, CAP_DEVICE_ID_BYTES + 1);
        *out = take_int(&q) != 0 || !is_there;
    }
    if (!*out)
        by[0] = '\0';
    return query_end(&q);
}

static enum result read_count(struct query *q, int64_t *out) {
    const enum result result = query_one(q);
    if (result != RESULT_OK)
        return result;
    *out = take_int(q);
    query_close(q);
    return RESULT_OK;
}

enum result store_count_model(struct store *store, const char *model, const char *firmware, int64_t *out) {
    struct query q = query_of(&store->sql, "SELECT count(*) FROM device WHERE model = ? AND firmware = ?");
    put_text(&q, model);
    put_text(&q, firmware);
    return read_count(&q, out);
}

enum result store_count_site(struct store *store, const char *site, int64_t *out) {
    struct query q = query_of(&store->sql, "SELECT count(*) FROM location WHERE site = ? AND site <> ''");
    put_text(&q, site);
    return read_count(&q, out);
}

enum result reader_location(struct reader *reader, const char *device, location_fn *fn, void *self) {
    int64_t row_id = 0;
    enum result result = reader_device_row(reader, device, &row_id);
    if (result != RESULT_OK)
        return result;
    struct query q =
        query_of(&reader->sql, "SELECT coalesce(p.site, ''), coalesce(u.device, ''), coalesce(q.is_online, 0),"
                               " (SELECT count(*) FROM location c WHERE c.parent = ?1) FROM device d"
                               " LEFT JOIN location p ON p.device = d.id LEFT JOIN device u ON u.id = p.parent"
                               " LEFT JOIN presence q ON q.device = p.parent WHERE d.id = ?1");
    put_int(&q, row_id);
    result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    struct location_row row = {.site = take_text(&q)};
    row.parent = take_text(&q);
    row.is_parent_online = take_int(&q) != 0;
    row.children = take_int(&q);
    fn(self, &row);
    return query_end(&q);
}
