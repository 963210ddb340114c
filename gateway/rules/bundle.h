/* All files of one or more pack folders as one piece of bytes: what a version of the rules is. The same files give the
 * same bytes on every machine.
 *
 *   version u8, number of files, then for each: path ("vaccine-freezer/alerts.yaml") and content, lengths before them
 */
#pragma once
#include "fieldline/bytes.h"
#include "rules/document.h"

enum { BUNDLE_BYTES_MAX = 32 * 1024 * 1024, BUNDLE_FILES_MAX = 4000, BUNDLE_PATH_BYTES = 255, BUNDLE_DEPTH = 3 };

struct bundle_file {
    const char *path; /* path_bytes, no NUL at the end */
    size_t path_bytes;
    const uint8_t *content;
    size_t bytes;
};
/* Reads a pack folder, or every pack folder of a folder. Hidden files are left out. False, and a problem: something
 * cannot be read, is no regular file, or there is too much. */
FL_CHECK bool bundle_read(const char *dir, struct buf *out, struct problems *problems);
/* Calls fn for each file, in order of path. RESULT_CORRUPT: not a bundle (fn may have been called). */
typedef enum result bundle_fn(void *self, const struct bundle_file *file);
FL_CHECK enum result bundle_each(const void *bytes, size_t count, bundle_fn *fn, void *self);
/* Writes the files below `dir`, which is made. What fails is told by the result; half of it may be there. */
FL_CHECK enum result bundle_write(const void *bytes, size_t count, const char *dir, struct fault *fault);
