/* Small whole files: read one, replace one so that a reader sees the old or the new, never half of one. */
#pragma once
#include <sys/types.h>

#include "fieldline/bytes.h"

/* Appends the file's bytes to `out`; RESULT_TOO_BIG beyond out->cap. The fault does not repeat the path. */
FL_CHECK enum result file_read(const char *path, struct buf *out, struct fault *fault);
/* Writes beside and renames over. Survives a kill; a power cut may leave the old one (nothing is synced). */
FL_CHECK enum result file_replace(const char *path, const void *bytes, size_t count, mode_t mode, struct fault *fault);
/* The same, and on the disk when it returns: a power cut leaves the old one or the new one. Keeps the mode, the
 * owner and the group that a file of that name has, and fails when it may not; a link stays, what it leads to is
 * replaced. */
FL_CHECK enum result file_replace_synced(const char *path, const void *bytes, size_t count, mode_t mode,
                                         struct fault *fault);
/* What was renamed or removed in the folder of `path` is so on the disk. */
FL_CHECK enum result file_sync_folder(const char *path, struct fault *fault);
/* Makes a folder unless it is there (mode 0700); its parent must exist. */
FL_CHECK enum result file_make_folder(const char *path, struct fault *fault);
