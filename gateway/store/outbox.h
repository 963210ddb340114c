/* The transactional outbox: what must reach somebody outside is written with the change that causes it, and sent from
 * here until it was answered, expired or given up. Now commands to devices. */
#pragma once
#include "fieldline/caps.h"
#include "store/store.h"

struct outbox_row {
    int64_t row;                 /* set by the store */
    char id[CAP_UUID_BYTES + 1]; /* the command's: makes it idempotent at the device */
    int64_t device_id;
    char device[CAP_DEVICE_ID_BYTES + 1]; /* filled when listed */
    char verb[CAP_CODE_BYTES + 1];
    char about[CAP_UUID_BYTES + 1]; /* what it concerns: a session's id; "" for nothing that has one */
    const char *args_json;          /* at most CAP_COMMAND_BYTES; while listing: lives during the call */
    int64_t created_ms, expires_ms;
    int64_t next_ms; /* when it is to be sent (again) */
    int64_t tries;
};
FL_CHECK enum result outbox_add(struct store *store, const struct outbox_row *row);
typedef void outbox_fn(void *self, const struct outbox_row *row);
/* Due at now_ms, oldest first, at most `max`. `fn` must not write. */
FL_CHECK enum result outbox_due(struct store *store, int64_t now_ms, int max, outbox_fn *fn, void *self);
/* Counts a try and sets the next. */
FL_CHECK enum result outbox_tried(struct store *store, const char *id, int64_t next_ms);
/* Answered or given up: the row goes. RESULT_NOT_FOUND when it was not there (a repeated answer). `out` (may be NULL)
 * gets what it was, args_json apart. */
FL_CHECK enum result outbox_done(struct store *store, const char *id, struct outbox_row *out);
/* The machine's wall clock was set by so much (new minus old): what is due, and questions to owners that wait for an
 * answer, keep the time they had left. */
FL_CHECK enum result store_due_step(struct store *store, int64_t step_ms);
