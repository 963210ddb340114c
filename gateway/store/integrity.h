/* Is everything in the file what was written? For `store verify`. Opens the file by itself, reads only, in any thread
 * and beside a running gateway: rows are read in pages, so that no read lasts long (SQLite's own check does, once). */
#pragma once
#include "store/store.h"

struct integrity_finding {
    const char *table; /* "file": SQLite's own structures */
    int64_t row;       /* id; 0: none in particular */
    const char *what;
};
typedef void integrity_fn(void *self, const struct integrity_finding *finding);
struct integrity_totals {
    int64_t chunks, samples, tiers, journal_rows, audit_rows, evidence_parts; /* looked at */
    int64_t findings;
};
/* Calls fn for each finding. A result other than RESULT_OK means that the check could not be made: no such file, not a
 * store, a schema of another program version. */
FL_CHECK enum result integrity_verify(const char *path, integrity_fn *fn, void *self, struct integrity_totals *totals,
                                      struct fault *fault);
