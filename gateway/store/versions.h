/* Versions of the rules: what was in the rules folder, whole, and which version was activated when and by whom. The
 * newest activation says what runs. The command line writes here beside a running gateway, which looks. */
#pragma once
#include "store/store.h"

enum { VERSIONS_KEPT = 100, VERSION_WHO_BYTES = 63, VERSION_REPORT_BYTES = 16 * 1024 };

struct rule_version {
    int64_t id;
    uint8_t digest[SHA256_BYTES];
    int64_t made_ms;
    int64_t bytes;
};
enum activation_how { ACTIVATED_AT_START, ACTIVATED_BY_RELOAD, ACTIVATED_BY_COMMAND, ACTIVATED_BY_REVERT };
const char *activation_how_name(enum activation_how how); /* "start", "reload", "activate", "revert" */
struct activation {
    int64_t id, version;
    int64_t at_ms, applied_ms; /* applied: 0: not yet, or refused */
    enum activation_how how;
    char who[VERSION_WHO_BYTES + 1];
    const char *report;  /* of the dry run; "" none. NULL is "" when written */
    const char *outcome; /* what the gateway said: "" not yet */
};

/* In a transaction. The same content has one version: *id is that. Beyond VERSIONS_KEPT the oldest go that are not the
 * newest activation's. */
FL_CHECK enum result store_version_put(struct store *store, const void *content, size_t bytes, int64_t now_ms,
                                       int64_t *id);
bool store_version_exists(struct store *store, int64_t id); /* false also when the store cannot say */
FL_CHECK enum result store_version_content(struct store *store, int64_t id, struct buf *out); /* or NOT_FOUND */
/* Sets a->id. RESULT_CONFLICT: there is no such version. */
FL_CHECK enum result store_activation_add(struct store *store, struct activation *a);
FL_CHECK enum result store_activation_done(struct store *store, int64_t id, int64_t applied_ms, const char *outcome);
/* RESULT_NOT_FOUND: there never was one. report and outcome are "". */
FL_CHECK enum result store_activation_newest(struct store *store, struct activation *out);
/* The one that was applied before the newest applied one, of another version: where a revert goes. */
FL_CHECK enum result store_activation_before(struct store *store, struct activation *out);

struct reader;
typedef void activation_fn(void *self, const struct activation *a, const struct rule_version *v);
/* Newest first. */
FL_CHECK enum result reader_activations(struct reader *reader, int limit, activation_fn *fn, void *self);
FL_CHECK enum result reader_version(struct reader *reader, int64_t id, struct rule_version *out, struct buf *content);
