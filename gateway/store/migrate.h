/* The schema's history: numbered migrations as rows, each applied in a transaction of its own. Private to
 * gateway/store. */
#pragma once
#include "store/sql.h"

enum { STORE_APPLICATION_ID = 0x464c444c /* "FLDL" */ };
struct migration {
    int version; /* 1, 2, 3, ...: the file's user_version afterwards */
    const char *what;
    const char *script;
};
extern const struct migration migrations[];
extern const int migration_count;

/* Brings the file to the newest schema. RESULT_CONFLICT: it is newer than this program; RESULT_BAD_INPUT: not ours. */
FL_CHECK enum result migrate(struct sql *sql, const char *path, struct fault *fault);
/* The same up to a version: for tests of upgrades. */
FL_CHECK enum result migrate_to(struct sql *sql, const char *path, int version, struct fault *fault);
/* Only looks: RESULT_OK when the file is empty, or ours and not newer than this program. */
FL_CHECK enum result migrate_look(struct sql *sql, const char *path, int64_t *version, struct fault *fault);
/* Only looks: RESULT_OK when the file has exactly the newest schema. */
FL_CHECK enum result migrate_check(struct sql *sql, const char *path, struct fault *fault);
