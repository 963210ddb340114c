/* Which pack folders a path means: itself, when it has a pack.yaml, otherwise the folders in it. */
#pragma once
#include "rules/document.h"

struct pack_folders {
    char **paths; /* sorted */
    size_t count;
};
/* RESULT_NOT_FOUND, and a line in `problems`, when there is none or the path cannot be read. */
FL_CHECK enum result pack_folders_list(const char *path, struct pack_folders *out, struct buf *problems);
void pack_folders_fini(struct pack_folders *folders);

/* "dir/name" in new memory. */
char *path_join(const char *dir, const char *name);
bool path_is_file(const char *path);
bool path_is_folder(const char *path);
/* The visible entries of a folder, sorted; NULL-terminated, free each and the list. NULL and a problem on an error. */
char **folder_entries(const char *path, struct problems *problems);
