/* What the rules of a device know, kept beside the data it came from; writer's side. */
#pragma once
#include "store/chunk.h"
#include "store/store.h"

/* The state has seen every journal row of the device up to `journal`; of 0 bytes: none fits, whatever was there is
 * replaced. In a transaction. */
FL_CHECK enum result store_rule_state_put(struct store *store, int64_t device, int64_t journal, const void *state,
                                          size_t bytes);
typedef void rule_state_fn(void *self, int64_t device, int64_t journal, const void *state, size_t bytes);
FL_CHECK enum result store_rule_states_load(struct store *store, rule_state_fn *fn, void *self);

/* The samples of a series that are in chunks and not older than from_ms, chunk by chunk in order of time: for rules
 * without a state that fits them. A damaged chunk is left out. */
typedef void points_fn(void *self, const struct point *points, size_t count);
FL_CHECK enum result store_points_since(struct store *store, int64_t series, int64_t from_ms, points_fn *fn,
                                        void *self);
