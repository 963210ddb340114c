/* Reading evidence (see reader.h for what all readers share). */
#pragma once
#include "store/evidence.h"
#include "store/reader.h"

/* `names`: of its series, a line each. */
typedef void evidence_fn(void *self, const struct evidence *evidence, const char *names);
FL_CHECK enum result reader_evidence_of(struct reader *reader, int64_t ticket, evidence_fn *fn,
                                        void *self);                                           /* newest first */
FL_CHECK enum result reader_evidence(struct reader *reader, int64_t id, struct evidence *out); /* or NOT_FOUND */
/* Every record, in the order in which it was recorded; times are true ones. The item lives during the call and may be
 * changed. *damaged: parts that are not what was written. */
typedef void evidence_item_fn(void *self, struct evidence_item *item);
FL_CHECK enum result reader_evidence_items(struct reader *reader, int64_t id, evidence_item_fn *fn, void *self,
                                           int64_t *damaged);
