/* Log lines and events as rules read them after a restart; writer's side. Beside rule_state.h: a state has seen the
 * rows up to some place, and what came after it is fed again. */
#pragma once
#include "fieldline/message.h"
#include "store/store.h"

/* Rows of log and event, by id. */
struct log_place {
    int64_t log, event;
};
/* The newest rows; 0: none. */
FL_CHECK enum result store_log_newest(struct store *store, struct log_place *out);
/* The device's stored state has seen everything up to here; device 0: so have all. In a transaction. */
FL_CHECK enum result store_log_place_put(struct store *store, int64_t device, const struct log_place *place);
typedef void log_place_fn(void *self, int64_t device, const struct log_place *place);
FL_CHECK enum result store_log_places_load(struct store *store, log_place_fn *fn, void *self);

/* Lines and fault codes that came (no other events) after a place, in the order in which they were received. */
typedef void log_line_fn(void *self, int64_t device, int64_t id, const struct log_record *record);
typedef void log_code_fn(void *self, int64_t device, int64_t id, const char *code, int64_t event_ms);
FL_CHECK enum result store_lines_after(struct store *store, int64_t after, log_line_fn *fn, void *self);
FL_CHECK enum result store_codes_after(struct store *store, int64_t after, log_code_fn *fn, void *self);
/* The same of one device, not older than from_ms, in order of time. */
FL_CHECK enum result store_lines_since(struct store *store, int64_t device, int64_t from_ms, log_line_fn *fn,
                                       void *self);
FL_CHECK enum result store_codes_since(struct store *store, int64_t device, int64_t from_ms, log_code_fn *fn,
                                       void *self);
