/* Content is kept here and not in files, so that a backup has it, a power cut leaves all or nothing of it, and a revert
 * needs nothing but this. A hundred versions of a few hundred kilobytes are less than a day of telemetry. */
#include "store/versions.h"

#include <string.h>

#include "store/handle.h"
#include "store/reader_handle.h"

#define VERSION_COLUMNS    "v.id, v.digest, v.made_ms, length(v.content)"
#define ACTIVATION_COLUMNS "a.id, a.version, a.at_ms, a.applied_ms, a.how, a.who"

const char *activation_how_name(enum activation_how how) {
    static const char *const names[] = {"start", "reload", "activate", "revert"};
    return how <= ACTIVATED_BY_REVERT ? names[how] : "unknown";
}

static enum result prune(struct store *store) {
    struct query q = query_of(&store->sql, "DELETE FROM rule_version WHERE id IN (SELECT id FROM rule_version"
                                           " WHERE id <> coalesce((SELECT version FROM rule_activation"
                                           " ORDER BY id DESC LIMIT 1), 0) ORDER BY id DESC LIMIT -1 OFFSET ?)");
    put_int(&q, VERSIONS_KEPT);
    return query_run(&q);
}

static enum result find_digest(struct store *store, const uint8_t digest[SHA256_BYTES], int64_t *id) {
    struct query q = query_of(&store->sql, "SELECT id FROM rule_version WHERE digest = ?");
    put_blob(&q, digest, SHA256_BYTES);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *id = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

enum result store_version_put(struct store *store, const void *content, size_t bytes, int64_t now_ms, int64_t *id) {
    uint8_t digest[SHA256_BYTES];
    sha256(content, bytes, digest);
    enum result result = find_digest(store, digest, id);
    if (result != RESULT_NOT_FOUND)
        return result;
    struct query q =
        query_of(&store->sql, "INSERT INTO rule_version(digest, made_ms, content) VALUES(?, ?, ?) RETURNING id");
    put_blob(&q, digest, sizeof digest);
    put_int(&q, now_ms);
    put_blob(&q, content, bytes);
    result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *id = take_int(&q);
    query_close(&q);
    return prune(store);
}

static enum result take_content(struct query *q, struct buf *out) {
    const enum result result = query_one(q);
    if (result != RESULT_OK)
        return result;
    size_t bytes = 0;
    const void *content = take_blob(q, &bytes);
    buf_add(out, content, bytes);
    query_close(q);
    return out->overflow ? RESULT_TOO_BIG : RESULT_OK;
}

bool store_version_exists(struct store *store, int64_t id) {
    struct query q = query_of(&store->sql, "SELECT 1 FROM rule_version WHERE id = ?");
    put_int(&q, id);
    const bool exists = query_one(&q) == RESULT_OK;
    if (exists)
        query_close(&q);
    return exists;
}

enum result store_version_content(struct store *store, int64_t id, struct buf *out) {
    struct query q = query_of(&store->sql, "SELECT content FROM rule_version WHERE id = ?");
    put_int(&q, id);
    return take_content(&q, out);
}

enum result store_activation_add(struct store *store, struct activation *a) {
    struct query q =
        query_of(&store->sql, "INSERT INTO rule_activation(version, at_ms, applied_ms, how, who, report, outcome)"
                              " VALUES(?, ?, 0, ?, ?, ?, '') RETURNING id");
    put_int(&q, a->version);
    put_int(&q, a->at_ms);
    put_int(&q, a->how);
    put_text(&q, a->who);
    put_text(&q, a->report);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    a->id = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

enum result store_activation_done(struct store *store, int64_t id, int64_t applied_ms, const char *outcome) {
    struct query q = query_of(&store->sql, "UPDATE rule_activation SET applied_ms = ?, outcome = ? WHERE id = ?");
    put_int(&q, applied_ms);
    put_text(&q, outcome);
    put_int(&q, id);
    return query_run(&q);
}

static void take_activation(struct query *q, struct activation *out) {
    *out = (struct activation){.report = "", .outcome = ""};
    out->id = take_int(q);
    out->version = take_int(q);
    out->at_ms = take_int(q);
    out->applied_ms = take_int(q);
    out->how = (enum activation_how)take_int(q);
    take_copy(q, out->who, sizeof out->who);
}

static enum result one_activation(struct query *q, struct activation *out) {
    const enum result result = query_one(q);
    if (result != RESULT_OK)
        return result;
    take_activation(q, out);
    query_close(q);
    return RESULT_OK;
}

enum result store_activation_newest(struct store *store, struct activation *out) {
    struct query q =
        query_of(&store->sql, "SELECT " ACTIVATION_COLUMNS " FROM rule_activation a"
                              " WHERE NOT (a.applied_ms = 0 AND a.outcome <> '') ORDER BY a.id DESC LIMIT 1");
    return one_activation(&q, out);
}

enum result store_activation_before(struct store *store, struct activation *out) {
    struct query q = query_of(&store->sql, "SELECT " ACTIVATION_COLUMNS " FROM rule_activation a"
                                           " JOIN rule_version v ON v.id = a.version WHERE a.applied_ms > 0"
                                           " AND a.version <> (SELECT version FROM rule_activation"
                                           "  WHERE applied_ms > 0 ORDER BY id DESC LIMIT 1)"
                                           " ORDER BY a.id DESC LIMIT 1");
    return one_activation(&q, out);
}

static void take_version(struct query *q, struct rule_version *out) {
    size_t bytes = 0;
    *out = (struct rule_version){.id = take_int(q)};
    const void *digest = take_blob(q, &bytes);
    if (bytes == sizeof out->digest)
        memcpy(out->digest, digest, sizeof out->digest);
    out->made_ms = take_int(q);
    out->bytes = take_int(q);
}

enum result reader_activations(struct reader *reader, int limit, activation_fn *fn, void *self) {
    struct query q = query_of(&reader->sql, "SELECT " ACTIVATION_COLUMNS ", a.report, a.outcome, " VERSION_COLUMNS
                                            " FROM rule_activation a LEFT JOIN rule_version v ON v.id = a.version"
                                            " ORDER BY a.id DESC LIMIT ?");
    put_int(&q, reader_limit(limit));
    while (query_next(&q)) {
        struct activation a;
        struct rule_version v;
        take_activation(&q, &a);
        a.report = take_text(&q);
        a.outcome = take_text(&q);
        take_version(&q, &v);
        fn(self, &a, &v);
    }
    return query_end(&q);
}

enum result reader_version(struct reader *reader, int64_t id, struct rule_version *out, struct buf *content) {
    struct query q = query_of(&reader->sql, "SELECT " VERSION_COLUMNS " FROM rule_version v WHERE v.id = ?");
    put_int(&q, id);
    enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take_version(&q, out);
    query_close(&q);
    if (!content)
        return RESULT_OK;
    struct query c = query_of(&reader->sql, "SELECT content FROM rule_version WHERE id = ?");
    put_int(&c, id);
    return take_content(&c, content);
}
