/* A maintenance window: from one moment to another nothing that an alarm of these devices does opens a ticket. It ends
 * by itself; a window that is over stays listed as what was done. Pure; store/maintenance_rows.h keeps them. */
#pragma once
#include "rules/pack.h"

enum {
    MAINTENANCE_REASON_BYTES = 199,
    MAINTENANCE_WHO_BYTES = 63,
    MAINTENANCE_WINDOWS_MAX = 1000 /* that are not over, at a time */
};
#define MAINTENANCE_LENGTH_MS ((int64_t)30 * 24 * 3600 * 1000) /* no window is longer */
#define MAINTENANCE_AHEAD_MS  ((int64_t)90 * 24 * 3600 * 1000) /* or begins later than this from now */

/* Stored: append only. */
enum maintenance_scope { MAINTENANCE_ALL, MAINTENANCE_MODEL, MAINTENANCE_SITE, MAINTENANCE_DEVICE, MAINTENANCE_SCOPES };
const char *maintenance_scope_name(enum maintenance_scope scope); /* "all", "model", "site", "device" */
FL_CHECK bool maintenance_scope_parse(const char *text, enum maintenance_scope *out);

struct maintenance {
    int64_t id; /* 0: not stored yet */
    enum maintenance_scope scope;
    char target[CAP_MODEL_BYTES + 1]; /* model, site or device id; "" for all */
    int64_t from_ms, to_ms;           /* our time, [from, to) */
    char by[MAINTENANCE_WHO_BYTES + 1], reason[MAINTENANCE_REASON_BYTES + 1];
    int64_t created_ms;
    char ended_by[MAINTENANCE_WHO_BYTES + 1]; /* a person ended it early; "" otherwise */
};

/* A new one: its times, bounds and reason. RESULT_BAD_INPUT says which of them, and what was expected. */
FL_CHECK enum result maintenance_check(const struct maintenance *window, int64_t now_ms, struct fault *fault);
/* Ends it now (one that has not begun never begins). RESULT_CONFLICT: it is over. */
FL_CHECK enum result maintenance_end(struct maintenance *window, const char *who, int64_t now_ms, struct fault *fault);
