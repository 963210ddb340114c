/* A folder of the product that a session with `files` may reach, and how far: what one [files NAME] section of the
 * agent's configuration says. Read by the resident agent, written into the grant, read by the session process, which
 * enforces it. Nothing is reachable unless a section says so. */
#pragma once
#include <sys/types.h>

#include "fieldline/json.h"

enum {
    FILES_ROOTS = 16,
    FILES_PATH_BYTES = 1024,   /* of a root, and of a path below one */
    FILES_USER_BYTES = 31,     /* `owner` */
    FILES_ROOT_NAME_BYTES = 31 /* the section's name */
};
#define FILES_BYTES_MOST (INT64_C(1) << 40)

struct files_root {
    struct files_root *next;
    char *name, *path; /* path is absolute */
    bool may_read, may_write;
    int64_t max_bytes;   /* of one file, both ways */
    int64_t total_bytes; /* of all that one session moves here, both ways */
    int64_t rate;        /* bytes a second, all transfers of this root together; 0: not limited */
    int64_t resume_ms;   /* how long the part of an upload that broke off is kept, within its session */
    mode_t mode;         /* of uploaded files */
    char *owner;         /* of uploaded files; NULL: whoever writes them */
};

/* One key of [files NAME]; the root is made at its first key. Refuses unknown keys and values out of bounds. */
FL_CHECK enum result files_root_key(struct files_root **list, const char *name, const char *key, const char *value,
                                    struct fault *fault);
/* False with lines in `problems` when a root lacks what it needs, or there are too many. */
FL_CHECK bool files_roots_complete(const struct files_root *list, const char *file, struct buf *problems);
void files_roots_free(struct files_root *list);

/* The member "files" of a grant. read: a missing one is no root at all; everything is checked again. */
void files_roots_print(const struct files_root *list, struct json_out *out);
FL_CHECK enum result files_roots_read(const struct json *grant, struct files_root **out, struct fault *fault);
