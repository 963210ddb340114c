/* A .tar.gz that is made in memory: a few files of text, all with one time. */
#pragma once
#include "fieldline/bytes.h"

enum { TARBALL_NAME_BYTES = 99 };
struct tarball;
/* cap_bytes: of what goes in, with headers. */
struct tarball *tarball_new(size_t cap_bytes, int64_t wall_ms);
void tarball_free(struct tarball *tarball);
/* RESULT_FULL: it would pass the cap; nothing was added. RESULT_BAD_INPUT: the name is too long. */
FL_CHECK enum result tarball_add(struct tarball *tarball, const char *name, const void *bytes, size_t count,
                                 struct fault *fault);
/* Appends the compressed whole. Nothing may be added afterwards. */
FL_CHECK enum result tarball_finish(struct tarball *tarball, struct buf *out, struct fault *fault);
