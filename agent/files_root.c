/* Folders that a session may reach.
 *
 * A table of keys, each with its bounds, serves the configuration and the grant alike, so that what the session process
 * believes can be no wider than what a configuration could have said. Both directions are off until a key turns one on.
 * Whether the folder exists is asked when somebody uses it: it may be on a disk that is mounted later. */
#include "files_root.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/number.h"

enum { KIB = 1024, MIB = 1024 * KIB, MINUTE = 60 * 1000, MODE_MOST = 0777 };

enum kind { KIND_BOOL, KIND_SIZE, KIND_DURATION, KIND_MODE, KIND_PATH, KIND_USER };

#define AT(field) offsetof(struct files_root, field)
static const struct key_row {
    const char *key;
    enum kind kind;
    size_t offset;
    int64_t least, most;
    const char *expected;
} rows[] = {
    {"path", KIND_PATH, AT(path), 0, 0, "an absolute path of at most 1023 bytes without control characters"},
    {"may_read", KIND_BOOL, AT(may_read), 0, 0, "yes or no"},
    {"may_write", KIND_BOOL, AT(may_write), 0, 0, "yes or no"},
    {"max_bytes", KIND_SIZE, AT(max_bytes), 1, FILES_BYTES_MOST, "a size from 1 to 1024GiB"},
    {"total", KIND_SIZE, AT(total_bytes), 1, FILES_BYTES_MOST, "a size from 1 to 1024GiB"},
    {"rate", KIND_SIZE, AT(rate), 0, FILES_BYTES_MOST, "bytes a second, 0 (not limited) to 1024GiB"},
    {"resume", KIND_DURATION, AT(resume_ms), 1000, 240 * MINUTE, "a time from 1s to 4h"},
    {"mode", KIND_MODE, AT(mode), 0, MODE_MOST, "an octal mode from 0000 to 0777"},
    {"owner", KIND_USER, AT(owner), 0, 0, "a user's name of at most 31 letters, digits, '.', '_' or '-'"},
};
enum { ROWS = sizeof rows / sizeof *rows };

static struct files_root *root_new(const char *name) {
    struct files_root *root = mem_alloc(sizeof *root);
    *root = (struct files_root){.name = mem_strdup(name),
                                .max_bytes = 64 * MIB,
                                .total_bytes = 512 * MIB,
                                .resume_ms = 10 * MINUTE,
                                .mode = 0640};
    return root;
}

static struct files_root *root_named(struct files_root **list, const char *name) {
    struct files_root **at = list;
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        *at = root_new(name);
    }
    return *at;
}

static bool is_path(const char *text) {
    size_t bytes = strlen(text);
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    return text[0] == '/' && bytes < FILES_PATH_BYTES && utf8_valid(text, bytes);
}

static bool is_user(const char *text) {
    size_t bytes = strlen(text);
    return bytes > 0 && bytes <= FILES_USER_BYTES && text[0] != '-' &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == bytes;
}

static bool read_mode(const char *text, int64_t *out) {
    size_t digits = strspn(text, "01234567");
    *out = 0;
    for (size_t i = 0; i < digits; i++) {
        *out = *out * 8 + (text[i] - '0');
    }
    return digits >= 3 && digits <= 4 && text[digits] == '\0';
}

static bool read_bool(const char *text, bool *out) {
    *out = strcmp(text, "yes") == 0 || strcmp(text, "true") == 0 || strcmp(text, "on") == 0;
    return *out || strcmp(text, "no") == 0 || strcmp(text, "false") == 0 || strcmp(text, "off") == 0;
}

/* A number into its place; false: not within the row's bounds. */
static bool put_number(struct files_root *root, const struct key_row *row, int64_t value) {
    if (value < row->least || value > row->most) {
        return false;
    }
    if (row->kind == KIND_MODE) {
        root->mode = (mode_t)value;
    } else {
        *(int64_t *)(void *)((char *)root + row->offset) = value;
    }
    return true;
}

static bool put_text(struct files_root *root, const struct key_row *row, const char *value) {
    char **place = (char **)(void *)((char *)root + row->offset);
    if (row->kind == KIND_PATH ? !is_path(value) : !is_user(value)) {
        return false;
    }
    free(*place);
    *place = mem_strdup(value);
    return true;
}

static bool put(struct files_root *root, const struct key_row *row, const char *value) {
    int64_t number;
    switch (row->kind) {
    case KIND_BOOL: return read_bool(value, (bool *)((char *)root + row->offset));
    case KIND_SIZE: return number_size_bytes(value, strlen(value), &number) && put_number(root, row, number);
    case KIND_DURATION: return number_duration_ms(value, strlen(value), &number) && put_number(root, row, number);
    case KIND_MODE: return read_mode(value, &number) && put_number(root, row, number);
    case KIND_PATH:
    case KIND_USER: return put_text(root, row, value);
    }
    return false;
}

enum result files_root_key(struct files_root **list, const char *name, const char *key, const char *value,
                           struct fault *fault) {
    for (size_t i = 0; i < ROWS; i++) {
        if (strcmp(key, rows[i].key) == 0) {
            return put(root_named(list, name), &rows[i], value)
                       ? RESULT_OK
                       : fault_set(fault, RESULT_BAD_INPUT, "'%.60s' is wrong, expected %s", value, rows[i].expected);
        }
    }
    return fault_set(fault, RESULT_BAD_INPUT,
                     "unknown key '%s', expected path, may_read, may_write, max_bytes, total, rate, resume, mode or "
                     "owner",
                     key);
}

bool files_roots_complete(const struct files_root *list, const char *file, struct buf *problems) {
    size_t count = 0;
    bool is_fine = true;
    for (const struct files_root *root = list; root != NULL; root = root->next) {
        count++;
        if (root->path == NULL) {
            buf_printf(problems, "%s: [files %s] path: missing\n", file, root->name);
            is_fine = false;
        }
        if (!root->may_read && !root->may_write) {
            buf_printf(problems, "%s: [files %s] may_read: neither may_read nor may_write is yes\n", file, root->name);
            is_fine = false;
        }
    }
    if (count > FILES_ROOTS) {
        buf_printf(problems, "%s: %zu [files] sections, expected at most %d\n", file, count, FILES_ROOTS);
        is_fine = false;
    }
    return is_fine;
}

void files_roots_free(struct files_root *list) {
    while (list != NULL) {
        struct files_root *root = list;
        list = root->next;
        free(root->name);
        free(root->path);
        free(root->owner);
        free(root);
    }
}

/* ---- the grant --------------------------------------------------------------------------------------------------- */

void files_roots_print(const struct files_root *list, struct json_out *j) {
    jo_array(j, "files");
    for (const struct files_root *root = list; root != NULL; root = root->next) {
        jo_object(j, NULL);
        jo_str(j, "name", root->name);
        jo_str(j, "path", root->path);
        jo_bool(j, "may_read", root->may_read);
        jo_bool(j, "may_write", root->may_write);
        jo_int(j, "max_bytes", root->max_bytes);
        jo_int(j, "total", root->total_bytes);
        jo_int(j, "rate", root->rate);
        jo_int(j, "resume", root->resume_ms);
        jo_int(j, "mode", (int64_t)root->mode);
        if (root->owner != NULL) {
            jo_str(j, "owner", root->owner);
        }
        jo_end(j);
    }
    jo_end(j);
}

static enum result read_member(const struct json *object, const struct key_row *row, struct files_root *root,
                               struct fault *fault) {
    const char *text;
    int64_t number;
    enum result result;
    switch (row->kind) {
    case KIND_BOOL: return json_bool(object, row->key, (bool *)((char *)root + row->offset), fault);
    case KIND_SIZE:
    case KIND_DURATION:
    case KIND_MODE:
        result = json_integer(object, row->key, row->least, row->most, &number, fault);
        return result != RESULT_OK || put_number(root, row, number) ? result : RESULT_BAD_INPUT;
    case KIND_PATH:
    case KIND_USER: break;
    }
    result = row->kind == KIND_PATH ? json_string(object, row->key, FILES_PATH_BYTES, &text, fault)
                                    : json_optional_string(object, row->key, FILES_USER_BYTES, &text, fault);
    if (result != RESULT_OK || text == NULL) {
        return result;
    }
    return put_text(root, row, text)
               ? RESULT_OK
               : fault_set(fault, RESULT_BAD_INPUT, "'%s' is wrong, expected %s", row->key, row->expected);
}

static enum result read_root(const struct json *object, struct files_root **out, struct fault *fault) {
    const char *name;
    if (!json_is_object(object)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'files' has a member that is no object");
    }
    enum result result = json_string(object, "name", FILES_ROOT_NAME_BYTES, &name, fault);
    if (result != RESULT_OK) {
        return result;
    }
    struct files_root *root = root_new(name);
    for (size_t i = 0; result == RESULT_OK && i < ROWS; i++) {
        result = read_member(object, &rows[i], root, fault);
    }
    if (result != RESULT_OK) {
        files_roots_free(root);
        return result;
    }
    *out = root;
    return RESULT_OK;
}

enum result files_roots_read(const struct json *grant, struct files_root **out, struct fault *fault) {
    const struct json *list;
    struct files_root *roots = NULL, **at = &roots;
    if (json_get(grant, "files") == NULL) {
        *out = NULL;
        return RESULT_OK;
    }
    enum result result = json_array(grant, "files", FILES_ROOTS, &list, fault);
    for (size_t i = 0; result == RESULT_OK && i < json_count(list); i++) {
        result = read_root(json_at(list, i), at, fault);
        if (result == RESULT_OK) {
            at = &(*at)->next;
        }
    }
    if (result != RESULT_OK) {
        files_roots_free(roots);
        return result;
    }
    *out = roots;
    return RESULT_OK;
}
