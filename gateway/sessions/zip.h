/* Zip files of a few entries that fit into memory. The only pair that includes libarchive. */
#pragma once
#include <stdint.h>

#include "fieldline/bytes.h"

enum { ZIP_NAME_BYTES = 63, ZIP_ENTRIES = 64 };

struct zip_writer;
/* Writes to `fd` from its start; it must be empty, and can be read and sought. */
FL_CHECK enum result zip_writer_open(int fd, int64_t wall_ms, struct zip_writer **out, struct fault *fault);
FL_CHECK enum result zip_writer_add(struct zip_writer *writer, const char *name, const void *bytes, size_t count,
                                    struct fault *fault);
/* Completes the file with room for a comment of `comment_bytes`, which the caller then appends. Frees the writer, as
 * zip_writer_free does when it was not. */
FL_CHECK enum result zip_writer_finish(struct zip_writer *writer, uint16_t comment_bytes, struct fault *fault);
void zip_writer_free(struct zip_writer *writer); /* NULL is fine */

/* Each entry in order; what `each` returns ends the reading when it is no RESULT_OK. RESULT_CORRUPT: no zip file, a
 * name that is no plain file name, more than ZIP_ENTRIES, or more than cap_bytes in all (a bomb ends where it passes
 * that). */
FL_CHECK enum result zip_read(const char *path, size_t cap_bytes,
                              enum result (*each)(void *self, const char *name, const struct buf *bytes,
                                                  struct fault *fault),
                              void *self, struct fault *fault);
