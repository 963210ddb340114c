/* Opens files below a folder, and nowhere else: whatever the name says and whoever changes links meanwhile. The kernel
 * resolves the whole path in one step (openat2: beneath the folder, no symbolic link, no magic link), so there is no
 * moment between a check and a use. */
#pragma once
#include <stddef.h>

#include "fieldline/result.h"

#define BENEATH_PART ".fieldline-part-" /* what an unfinished upload is called; nobody can ask for it by name */
enum { BENEATH_NAME_BYTES = 255 };

/* Is it a path that may be asked for: relative, valid UTF-8 without control characters, no empty, "." or ".."
 * component, no component of ours, within bounds. "" is the folder itself, when `may_be_empty`. */
FL_CHECK enum result beneath_check(const char *path, bool may_be_empty, struct fault *fault);
/* One name inside a folder. */
bool beneath_name_is_good(const char *name);

/* Descriptors are close-on-exec. RESULT_NOT_FOUND, RESULT_DENIED (rights, a link, another kind than asked for),
 * RESULT_IO (also: this kernel has no openat2, so nothing can be opened). The path has passed beneath_check. */
FL_CHECK enum result beneath_open_root(const char *root, int *out, struct fault *fault);
/* A folder, to be listed or (`is_place`) to hold a new file. "" is the root. */
FL_CHECK enum result beneath_open_folder(int root_fd, const char *path, bool is_place, int *out, struct fault *fault);
/* A regular file, to be read. Nothing else is even opened: a device's driver or a pipe's writer notices nothing. */
FL_CHECK enum result beneath_open_file(int root_fd, const char *path, int *out, struct fault *fault);
/* "a/b/c" -> "a/b" and "c" (pointing into path). */
const char *beneath_split(const char *path, char *folder, size_t room);
