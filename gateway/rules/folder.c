/* Paths and folders, for loading and for the author's tools. Sorted, so that problems and indices are the same on every
 * machine; hidden entries are left out. */
#include "rules/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *path_join(const char *dir, const char *name) {
    size_t n = strlen(dir);
    while (n > 1 && dir[n - 1] == '/')
        n--;
    size_t more = strlen(name) + 1;
    char *out = mem_alloc(n + 1 + more);
    memcpy(out, dir, n);
    out[n] = '/';
    memcpy(out + n + 1, name, more);
    return out;
}

static bool is_a(const char *path, mode_t kind) {
    struct stat st;
    return stat(path, &st) == 0 && (st.st_mode & S_IFMT) == kind;
}
bool path_is_file(const char *path) {
    return is_a(path, S_IFREG);
}
bool path_is_folder(const char *path) {
    return is_a(path, S_IFDIR);
}

static int is_visible(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

char **folder_entries(const char *path, struct problems *problems) {
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_visible, alphasort);
    if (count < 0) {
        problem(problems, path, 0, 0, "cannot be read: %s", strerror(errno));
        return NULL;
    }
    char **names = mem_alloc(((size_t)count + 1) * sizeof(char *));
    for (int i = 0; i < count; i++) {
        names[i] = mem_strdup(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return names;
}

static bool has_pack(const char *path) {
    char *file = path_join(path, "pack.yaml");
    bool has = path_is_file(file);
    free(file);
    return has;
}

static void add(struct pack_folders *out, char *path) {
    out->paths = mem_realloc(out->paths, (out->count + 1) * sizeof(char *));
    out->paths[out->count++] = path;
}

enum result pack_folders_list(const char *path, struct pack_folders *out, struct buf *text) {
    struct problems problems = {.to = text};
    *out = (struct pack_folders){0};
    if (has_pack(path)) {
        add(out, mem_strdup(path));
        return RESULT_OK;
    }
    char **names = folder_entries(path, &problems);
    for (char **name = names; name && *name; name++) {
        char *inner = path_join(path, *name);
        if (path_is_folder(inner))
            add(out, inner);
        else
            free(inner);
        free(*name);
    }
    if (names && out->count == 0)
        problem(&problems, path, 0, 0, "has no packs in it, expected a folder for each model");
    free(names);
    return out->count > 0 ? RESULT_OK : RESULT_NOT_FOUND;
}

void pack_folders_fini(struct pack_folders *folders) {
    for (size_t i = 0; i < folders->count; i++)
        free(folders->paths[i]);
    free(folders->paths);
    *folders = (struct pack_folders){0};
}
