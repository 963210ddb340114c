/* What could not be accepted, kept aside for a person to look at. Bounded for each device, so that one that floods
 * pushes out only its own, and bounded in how many names are kept, because a name here was not checked against
 * anything. What is stored is printable whatever came: it ends in a browser and a log. */
#include <stdio.h>
#include <string.h>

#include "store/handle.h"
#include "store/records.h"

/* Printable UTF-8 of at most `room - 1` bytes: a control or invalid byte becomes a dot. */
static void print_safely(const char *bytes, size_t count, char *out, size_t room) {
    size_t at = 0, used = 0;
    while (at < count && used + 4 < room) {
        const unsigned char first = (unsigned char)bytes[at];
        const size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        if (first < 0x20 || first == 0x7f || at + length > count || !utf8_valid(bytes + at, length)) {
            out[used++] = '.';
            at++;
            continue;
        }
        memcpy(out + used, bytes + at, length);
        used += length;
        at += length;
    }
    out[used] = '\0';
}

static enum result count_one(struct store *store, const char *device, int64_t *kept) {
    struct query q = query_of(&store->sql, "INSERT INTO quarantine_count(device, total, kept) VALUES(?, 1, 1)"
                                           " ON CONFLICT(device) DO UPDATE SET total = total + 1, kept = kept + 1"
                                           " RETURNING kept");
    put_text(&q, device);
    if (query_next(&q))
        *kept = take_int(&q);
    const enum result result = query_run(&q);
    if (result != RESULT_OK)
        return result;
    q = query_of(&store->sql, "UPDATE tally SET n = n + 1 WHERE name = 'quarantined'");
    return query_run(&q);
}

static enum result drop_oldest(struct store *store, const char *device) {
    struct query q = query_of(&store->sql, "DELETE FROM quarantine WHERE id ="
                                           " (SELECT id FROM quarantine WHERE device = ? ORDER BY id LIMIT 1)");
    put_text(&q, device);
    const enum result result = query_run(&q);
    if (result != RESULT_OK)
        return result;
    q = query_of(&store->sql, "UPDATE quarantine_count SET kept = kept - 1 WHERE device = ?");
    put_text(&q, device);
    return query_run(&q);
}

/* Beyond QUARANTINE_NAMES_MAX names, a new one is filed under "". */
static enum result file_under(struct store *store, const char *device, const char **name) {
    bool is_known = false;
    struct query q = query_of(&store->sql, "SELECT 1 FROM quarantine_count WHERE device = ?");
    put_text(&q, device);
    is_known = query_next(&q);
    enum result result = query_end(&q);
    *name = device;
    if (result != RESULT_OK || is_known)
        return result;
    q = query_of(&store->sql, "SELECT count(*) FROM quarantine_count");
    result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    if (take_int(&q) >= QUARANTINE_NAMES_MAX)
        *name = "";
    query_close(&q);
    return RESULT_OK;
}

enum result store_quarantine_add(struct store *store, const struct quarantined *given) {
    char topic[CAP_TOPIC_BYTES + 1], device[CAP_DEVICE_ID_BYTES + 1], excerpt[QUARANTINE_EXCERPT_BYTES + 1];
    char reason[FAULT_TEXT_BYTES];
    const char *name = NULL;
    int64_t kept = 0;
    print_safely(given->topic, strlen(given->topic), topic, sizeof topic);
    print_safely(given->device, strlen(given->device), device, sizeof device);
    print_safely(given->reason, strlen(given->reason), reason, sizeof reason);
    print_safely(given->payload ? given->payload : "", given->payload ? given->payload_bytes : 0, excerpt,
                 sizeof excerpt);
    enum result result = file_under(store, device, &name);
    if (result != RESULT_OK)
        return result;
    struct query q = query_of(&store->sql, "INSERT INTO quarantine(at_ms, device, topic, reason, bytes, excerpt)"
                                           " VALUES(?, ?, ?, ?, ?, ?)");
    put_int(&q, given->at_ms);
    put_text(&q, name);
    put_text(&q, topic);
    put_text(&q, reason);
    put_int(&q, (int64_t)given->payload_bytes);
    put_text(&q, excerpt);
    result = query_run(&q);
    if (result == RESULT_OK)
        result = count_one(store, name, &kept);
    if (result == RESULT_OK && kept > QUARANTINE_KEPT)
        result = drop_oldest(store, name);
    return result;
}
