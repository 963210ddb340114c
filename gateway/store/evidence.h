/* Evidence: what products measured around alarms, as pulled from their recorders; writer's side. A row says what was
 * asked and what came of it; parts are blocks (fieldline/evidence.h), kept as they came, each with a checksum. Rows
 * stay with their tickets; when all parts together pass a bound, the oldest lose theirs. The numbers of the enum are
 * stored: append only. */
#pragma once
#include "fieldline/evidence.h"
#include "rules/alarm.h"
#include "store/store.h"

enum evidence_state {
    EVIDENCE_ASKED,    /* nothing came yet */
    EVIDENCE_ARRIVING, /* some parts came */
    EVIDENCE_COMPLETE,
    EVIDENCE_PARTIAL, /* some parts came, and no more will: `why` */
    EVIDENCE_FAILED,  /* none will: `why` */
    EVIDENCE_DROPPED, /* its parts made room for newer ones */
    EVIDENCE_STATE_COUNT
};
const char *evidence_state_name(enum evidence_state state);
enum { EVIDENCE_WHY_BYTES = 199, EVIDENCE_NAMES_BYTES = 64 * 1024 };

struct evidence {
    int64_t id; /* 0: not stored yet */
    char uuid[CAP_UUID_BYTES + 1];
    int64_t device, ticket, alarm; /* rows */
    enum evidence_state state;
    char why[EVIDENCE_WHY_BYTES + 1];
    int64_t asked_ms, raised_ms, from_ms, to_ms; /* true times; asked: the gateway's */
    int64_t first_ms, last_ms;                   /* of what came; 0 and 0: nothing */
    int64_t samples, logs, series, parts, bytes, missed;
    uint64_t next; /* position of the part that is asked for */
    char recorder[CAP_UUID_BYTES + 1];
    char alarm_name[ALARM_NAME_BYTES + 1], alarm_part[CAP_PART_BYTES + 1]; /* filled when read */
};
/* Inserts (id 0, then set) or updates. */
FL_CHECK enum result store_evidence_put(struct store *store, struct evidence *evidence);
FL_CHECK enum result store_evidence_find(struct store *store, const char *uuid, struct evidence *out);
/* Names of series, a line each, in the order in which they came; `out` is filled anew. */
FL_CHECK enum result store_evidence_names(struct store *store, int64_t id, struct buf *out);
FL_CHECK enum result store_evidence_set_names(struct store *store, int64_t id, const char *names);
/* How many were asked of the device since then, when the newest was (0: none), and whether one is not finished. */
FL_CHECK enum result store_evidence_recent(struct store *store, int64_t device, int64_t since_ms, int64_t *count,
                                           int64_t *newest_ms, bool *is_open);
typedef void evidence_row_fn(void *self, const struct evidence *evidence);
FL_CHECK enum result store_evidence_of(struct store *store, int64_t ticket, evidence_row_fn *fn,
                                       void *self); /* oldest first */
/* Part number `part` (0, 1, ...); shift_ms: what is to be added to its times. */
FL_CHECK enum result store_evidence_part_add(struct store *store, int64_t id, int64_t part, int64_t shift_ms,
                                             const void *block, size_t bytes);
/* Drops the parts of the oldest, a few at a time, while all together are more than `max_bytes`. */
FL_CHECK enum result store_evidence_trim(struct store *store, int64_t max_bytes);
/* The checksum of a part's row: over its times' shift too. For readers. */
uint32_t evidence_part_sum(int64_t shift_ms, const void *block, size_t bytes);
