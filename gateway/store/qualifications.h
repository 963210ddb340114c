/* Qualifications of people (sessions/qualification.h), kept. A row is never changed but by being revoked. */
#pragma once
#include "sessions/qualification.h"
#include "store/reader.h"
#include "store/store.h"

FL_CHECK enum result store_qualification_add(struct store *store, struct qualification *q); /* sets its id */
FL_CHECK enum result store_qualification_find(struct store *store, int64_t id, struct qualification *out);
FL_CHECK enum result store_qualification_revoke(struct store *store, int64_t id, const char *by, int64_t at_ms);
/* What the person's valid ones for the model include together. *is_used: somebody was ever given one with capabilities,
 * valid or not. */
struct qualified {
    uint32_t capabilities;
    bool may_break_glass, is_used;
};
FL_CHECK enum result store_qualified(struct store *store, const char *user, const char *model, int64_t now_ms,
                                     struct qualified *out);
FL_CHECK enum result reader_qualified(struct reader *reader, const char *user, const char *model, int64_t now_ms,
                                      struct qualified *out);

typedef void qualification_fn(void *self, const struct qualification *q);
/* Of one person (NULL: of all), those that are not revoked first, the newest first. */
FL_CHECK enum result reader_qualifications(struct reader *reader, const char *user, int limit, qualification_fn *fn,
                                           void *self);
/* The same on the writer's side, for the command line. */
FL_CHECK enum result store_qualifications(struct store *store, const char *user, qualification_fn *fn, void *self);
