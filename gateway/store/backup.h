/* An online copy of the store, and the check that a file is sound. Both open the file by themselves, in any thread. */
#pragma once
#include "store/store.h"

/* Copies in steps while the gateway goes on; writes to `to_path`.part and renames when the copy is whole and checked.
 * Refuses to overwrite. `step` (may be NULL) is called with pages done and all; false stops with RESULT_CLOSED. */
FL_CHECK enum result store_backup(const char *from_path, const char *to_path,
                                  bool (*step)(void *self, int done, int all), void *self, struct fault *fault);
/* SQLite's integrity check, schema version, foreign keys. The fault says what is wrong. */
FL_CHECK enum result store_check(const char *path, struct fault *fault);
