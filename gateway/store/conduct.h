/* How devices behave (normalize/conduct.h), kept over restarts; writer's side. */
#pragma once
#include "normalize/conduct.h"
#include "store/store.h"

/* Written when something begins, ends or has moved; not with every message. */
FL_CHECK enum result store_conduct_put(struct store *store, int64_t device, const struct conduct *conduct);
/* What is kept of each device; the rest of `conduct` is 0. */
typedef void conduct_fn(void *self, int64_t device, const struct conduct *conduct);
FL_CHECK enum result store_conducts_load(struct store *store, conduct_fn *fn, void *self);
