/* tar(1)'s format was left: owners, modes and times would make the same rules different bytes. Paths come from a store
 * that may be a restored backup of somebody else's, so each is checked before a file is made of it: relative, no empty,
 * "." or ".." piece. */
#include "rules/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rules/folder.h"

enum { BUNDLE_VERSION = 1 };

struct listing {
    char **paths; /* relative to `root` */
    size_t count;
    const char *root;
    struct problems *problems;
};

/* ---- reading a folder ---- */

static bool list_folder(struct listing *l, const char *relative, int depth) {
    char *path = path_join(l->root, relative);
    bool is_good = depth > 0;
    if (!is_good)
        problem(l->problems, path, 0, 0, "is too deep a folder for a pack");
    char **names = is_good ? folder_entries(path, l->problems) : NULL;
    is_good = names != NULL;
    for (char **name = names; name && *name; name++) {
        char *inner = path_join(relative, *name), *full = path_join(path, *name);
        if (!is_good || strlen(inner) > BUNDLE_PATH_BYTES || l->count == BUNDLE_FILES_MAX) {
            if (is_good)
                problem(l->problems, full, 0, 0, "is one file too many, or its name is too long");
            is_good = false;
        } else if (path_is_folder(full)) {
            is_good = list_folder(l, inner, depth - 1);
        } else {
            l->paths = mem_realloc(l->paths, (l->count + 1) * sizeof(char *));
            l->paths[l->count++] = mem_strdup(inner);
        }
        free(inner);
        free(full);
        free(*name);
    }
    free(names);
    free(path);
    return is_good;
}

static bool add_file(const struct listing *l, const char *relative, struct buf *out) {
    char *path = path_join(l->root, relative);
    struct buf content;
    buf_init(&content, DOCUMENT_BYTES_MAX);
    const bool is_read = file_read(path, &content, l->problems);
    if (is_read) {
        buf_add_varint(out, strlen(relative));
        buf_str(out, relative);
        buf_add_varint(out, content.count);
        buf_add(out, content.data ? content.data : (const uint8_t *)"", content.count);
    }
    buf_fini(&content);
    free(path);
    return is_read;
}

static int by_path(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The last piece of a path, and what is before it. */
static char *split_path(const char *path, const char **root) {
    char *copy = realpath(path, NULL), *slash = copy ? strrchr(copy, '/') : NULL;
    if (slash)
        *slash = '\0';
    *root = slash ? slash + 1 : "";
    return copy;
}

bool bundle_read(const char *dir, struct buf *out, struct problems *problems) {
    struct pack_folders folders;
    struct listing l = {.problems = problems};
    bool is_good = pack_folders_list(dir, &folders, problems->to) == RESULT_OK;
    problems->count += !is_good;
    char *root = NULL;
    for (size_t i = 0; i < folders.count && is_good; i++) {
        const char *name;
        free(root);
        root = split_path(folders.paths[i], &name);
        l.root = root && *root ? root : "/";
        is_good = root && list_folder(&l, name, BUNDLE_DEPTH);
    }
    pack_folders_fini(&folders);
    if (l.count > 0)
        qsort(l.paths, l.count, sizeof *l.paths, by_path);
    buf_add_u8(out, BUNDLE_VERSION);
    buf_add_varint(out, l.count);
    for (size_t i = 0; i < l.count; i++) {
        is_good = is_good && add_file(&l, l.paths[i], out);
        free(l.paths[i]);
    }
    free(l.paths);
    free(root);
    if (is_good && out->overflow) {
        problem(problems, dir, 0, 0, "is bigger than %d bytes", BUNDLE_BYTES_MAX);
        is_good = false;
    }
    return is_good;
}

/* ---- reading bytes ---- */

static bool is_safe(const char *path, size_t bytes) {
    if (bytes == 0 || bytes > BUNDLE_PATH_BYTES || memchr(path, '\0', bytes) || !utf8_valid(path, bytes))
        return false;
    for (size_t at = 0, piece; at <= bytes; at += piece + 1) {
        const char *slash = at < bytes ? memchr(path + at, '/', bytes - at) : NULL;
        piece = slash ? (size_t)(slash - path) - at : bytes - at;
        if (piece == 0 || path[at] == '.')
            return false;
    }
    return true;
}

enum result bundle_each(const void *bytes, size_t count, bundle_fn *fn, void *self) {
    struct cursor in = cursor_of(bytes, count);
    uint8_t version;
    uint64_t files, chars, size;
    const uint8_t *path, *content;
    if (!cursor_u8(&in, &version) || version != BUNDLE_VERSION || !cursor_varint(&in, &files) ||
        files > BUNDLE_FILES_MAX)
        return RESULT_CORRUPT;
    for (uint64_t i = 0; i < files; i++) {
        if (!cursor_varint(&in, &chars) || chars > BUNDLE_PATH_BYTES || !cursor_take(&in, (size_t)chars, &path) ||
            !is_safe((const char *)path, (size_t)chars) || !cursor_varint(&in, &size) || size > in.left ||
            !cursor_take(&in, (size_t)size, &content))
            return RESULT_CORRUPT;
        const struct bundle_file file = {(const char *)path, (size_t)chars, content, (size_t)size};
        const enum result result = fn(self, &file);
        if (result != RESULT_OK)
            return result;
    }
    return in.left == 0 ? RESULT_OK : RESULT_CORRUPT;
}

/* ---- writing a folder ---- */

struct writing {
    const char *dir;
    struct fault *fault;
};

static enum result make_folders(char *path, size_t from, struct fault *fault) {
    for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        const int failed = mkdir(path, 0700) != 0 && errno != EEXIST;
        if (failed)
            fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
        *slash = '/';
        if (failed)
            return RESULT_IO;
    }
    return RESULT_OK;
}

static enum result write_file(void *self, const struct bundle_file *file) {
    struct writing *w = self;
    char *relative = mem_strndup(file->path, file->path_bytes), *path = path_join(w->dir, relative);
    enum result result = make_folders(path, strlen(w->dir) > 1 ? strlen(w->dir) : 1, w->fault);
    FILE *to = result == RESULT_OK ? fopen(path, "we") : NULL;
    if (result == RESULT_OK && (!to || fwrite(file->content, 1, file->bytes, to) != file->bytes))
        result = fault_set(w->fault, RESULT_IO, "%s: %s", path, strerror(errno));
    if (to && fclose(to) != 0 && result == RESULT_OK)
        result = fault_set(w->fault, RESULT_IO, "%s: %s", path, strerror(errno));
    free(relative);
    free(path);
    return result;
}

enum result bundle_write(const void *bytes, size_t count, const char *dir, struct fault *fault) {
    struct writing w = {.dir = dir, .fault = fault};
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return fault_set(fault, RESULT_IO, "%s: %s", dir, strerror(errno));
    const enum result result = bundle_each(bytes, count, write_file, &w);
    return result == RESULT_CORRUPT ? fault_set(fault, result, "the stored rules are damaged") : result;
}
