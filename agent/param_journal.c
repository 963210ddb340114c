/* One file, replaced whole: a line of JSON and a line with its SHA-256, so that a disk that gives back other bytes is
 * noticed before they are written into a product. A log of steps was left: every step of a change is idempotent (a
 * value is put back whether it was set or not), so all that must be known is whether the change still counts, and what
 * was before it.
 *
 * The lock is an open-file-description lock: it ends with the process, however it dies, and programs that the session
 * starts do not inherit it (descriptors are closed on exec). */
#include "param_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "file.h"

static const char journal_name[] = "params-journal";
static const char *const state_names[PARAM_STATES] = {[PARAM_OPEN] = "open",
                                                      [PARAM_UNDOING] = "undoing",
                                                      [PARAM_UNDONE] = "undone",
                                                      [PARAM_KEPT] = "kept",
                                                      [PARAM_REPORTING] = "reporting"};

const char *param_state_name(enum param_state state) {
    return state_names[state];
}

static bool state_parse(const char *text, enum param_state *out) {
    for (int i = 0; i < PARAM_STATES; i++) {
        if (strcmp(text, state_names[i]) == 0) {
            *out = (enum param_state)i;
            return true;
        }
    }
    return false;
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static void seal_hex(const char *text, size_t chars, char out[SHA256_HEX_BYTES]) {
    uint8_t digest[SHA256_BYTES];
    sha256(text, chars, digest);
    hex_encode(digest, sizeof digest, out);
}

void param_journal_encode(const struct param_journal *journal, struct buf *out) {
    struct buf text;
    char seal[SHA256_HEX_BYTES];
    buf_init(&text, PARAM_JOURNAL_BYTES);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_str(&j, "state", state_names[journal->state]);
    jo_str(&j, "was", state_names[journal->was]);
    jo_str(&j, "change", journal->change);
    jo_str(&j, "session", journal->session);
    jo_str(&j, "by", journal->by);
    jo_str(&j, "why", journal->why);
    jo_int(&j, "pid", journal->pid);
    jo_str(&j, "boot", journal->boot);
    jo_int(&j, "due_since_boot_ms", journal->due_since_boot_ms);
    jo_int(&j, "due_wall_ms", journal->due_wall_ms);
    jo_bool(&j, "raised", journal->is_raised);
    jo_str(&j, "stream", journal->stream);
    jo_int(&j, "seq", (int64_t)journal->seq);
    jo_array(&j, "values");
    for (size_t i = 0; i < journal->count; i++) {
        jo_object(&j, NULL);
        jo_str(&j, "name", journal->values[i].name);
        jo_str(&j, "type", parameter_type_name(journal->values[i].before.type));
        parameter_value_write(&journal->values[i].before, "before", &j);
        parameter_value_write(&journal->values[i].after, "after", &j);
        jo_end(&j);
    }
    jo_end(&j);
    jo_end(&j);
    seal_hex(buf_text(&text), text.count, seal);
    buf_add(out, text.data, text.count);
    buf_printf(out, "\n%s\n", seal);
    buf_fini(&text);
}

static enum result take_state(const struct json *o, const char *key, enum param_state *out, struct fault *fault) {
    const char *text;
    enum result result = json_string(o, key, 15, &text, fault);
    if (result == RESULT_OK && !state_parse(text, out)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is no state", key);
    }
    return result;
}

static enum result take_value(const struct json *row, struct param_journal *out, struct fault *fault) {
    struct parameter_form form = {0};
    const char *type;
    enum result result;
    size_t at = out->count;
    if (!json_is_object(row)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'values' has a member that is no object");
    }
    if ((result = json_copy(row, "name", out->values[at].name, sizeof out->values[at].name, fault)) != RESULT_OK ||
        (result = json_string(row, "type", 15, &type, fault)) != RESULT_OK) {
        return result;
    }
    if (!parameter_name_valid(out->values[at].name) || !parameter_type_parse(type, &form.type) ||
        json_get(row, "before") == NULL || json_get(row, "after") == NULL) {
        return fault_set(fault, RESULT_BAD_INPUT, "a value without name, type, before or after");
    }
    if ((result = parameter_value_read(&form, json_get(row, "before"), &out->values[at].before, fault)) == RESULT_OK) {
        result = parameter_value_read(&form, json_get(row, "after"), &out->values[at].after, fault);
    }
    out->count += result == RESULT_OK;
    return result;
}

static enum result take_values(const struct json *o, struct param_journal *out, struct fault *fault) {
    const struct json *list;
    enum result result = json_array(o, "values", CHANGE_VALUES_MAX, &list, fault);
    for (const struct json *row = result == RESULT_OK ? json_first(list) : NULL; row != NULL && result == RESULT_OK;
         row = json_next(row)) {
        result = take_value(row, out, fault);
    }
    return result == RESULT_OK && out->count == 0 ? fault_set(fault, RESULT_BAD_INPUT, "'values' is empty") : result;
}

static enum result take_all(const struct json *o, struct param_journal *out, struct fault *fault) {
    int64_t seq;
    enum result result;
    if ((result = take_state(o, "state", &out->state, fault)) != RESULT_OK ||
        (result = take_state(o, "was", &out->was, fault)) != RESULT_OK ||
        (result = json_copy(o, "change", out->change, sizeof out->change, fault)) != RESULT_OK ||
        (result = json_copy(o, "session", out->session, sizeof out->session, fault)) != RESULT_OK ||
        (result = json_copy(o, "by", out->by, sizeof out->by, fault)) != RESULT_OK ||
        (result = json_copy(o, "why", out->why, sizeof out->why, fault)) != RESULT_OK ||
        (result = json_integer(o, "pid", 0, INT32_MAX, &out->pid, fault)) != RESULT_OK ||
        (result = json_copy(o, "boot", out->boot, sizeof out->boot, fault)) != RESULT_OK ||
        (result = json_integer(o, "due_since_boot_ms", 0, INT64_MAX / 2, &out->due_since_boot_ms, fault)) !=
            RESULT_OK ||
        (result = json_integer(o, "due_wall_ms", 0, INT64_MAX / 2, &out->due_wall_ms, fault)) != RESULT_OK ||
        (result = json_bool(o, "raised", &out->is_raised, fault)) != RESULT_OK ||
        (result = json_copy(o, "stream", out->stream, sizeof out->stream, fault)) != RESULT_OK ||
        (result = json_integer(o, "seq", 0, INT64_MAX / 2, &seq, fault)) != RESULT_OK) {
        return result;
    }
    out->seq = (uint64_t)seq;
    if (!uuid_valid(out->change)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'change' is no UUID");
    }
    return take_values(o, out, fault);
}

enum result param_journal_decode(const void *bytes, size_t count, struct param_journal *out, struct fault *fault) {
    const char *text = bytes, *end = memchr(bytes, '\n', count);
    char seal[SHA256_HEX_BYTES];
    struct json *object = NULL;
    struct param_journal *journal = mem_alloc(sizeof *journal);
    enum result result = RESULT_CORRUPT;
    size_t chars = end != NULL ? (size_t)(end - text) : 0;
    if (end == NULL || count != chars + 2 + (SHA256_HEX_BYTES - 1) || text[count - 1] != '\n') {
        fault_set(fault, result, "it is not whole");
        goto out;
    }
    seal_hex(text, chars, seal);
    if (memcmp(end + 1, seal, SHA256_HEX_BYTES - 1) != 0) {
        fault_set(fault, result, "its bytes are not those that were written");
        goto out;
    }
    if (json_parse(text, chars, &object, fault) != RESULT_OK || !json_is_object(object) ||
        take_all(object, journal, fault) != RESULT_OK) {
        goto out;
    }
    *out = *journal;
    result = RESULT_OK;
out:
    json_free(object);
    free(journal);
    return result;
}

/* ---- file -------------------------------------------------------------------------------------------------------- */

static void path_of(const char *folder, const char *suffix, char out[PATH_MAX]) {
    snprintf(out, PATH_MAX, "%s/%s%s", folder, journal_name, suffix);
}

enum result param_journal_write(const char *folder, const struct param_journal *journal, struct fault *fault) {
    char path[PATH_MAX];
    struct buf text;
    path_of(folder, "", path);
    buf_init(&text, PARAM_JOURNAL_BYTES);
    param_journal_encode(journal, &text);
    enum result result = text.overflow ? fault_set(fault, RESULT_TOO_BIG, "the journal is too long")
                                       : file_replace_synced(path, text.data, text.count, 0600, fault);
    buf_fini(&text);
    return result;
}

enum result param_journal_read(const char *folder, struct param_journal *out, struct fault *fault) {
    char path[PATH_MAX];
    struct buf text;
    path_of(folder, "", path);
    buf_init(&text, PARAM_JOURNAL_BYTES);
    enum result result = file_read(path, &text, fault);
    if (result == RESULT_OK) {
        result = param_journal_decode(buf_text(&text), text.count, out, fault);
    } else if (result == RESULT_TOO_BIG) {
        result = RESULT_CORRUPT;
    }
    buf_fini(&text);
    return result;
}

bool param_journal_is_there(const char *folder) {
    char path[PATH_MAX];
    path_of(folder, "", path);
    return access(path, F_OK) == 0;
}

enum result param_journal_remove(const char *folder, struct fault *fault) {
    char path[PATH_MAX];
    path_of(folder, "", path);
    if (unlink(path) != 0 && errno != ENOENT) {
        return fault_set(fault, RESULT_IO, "cannot remove %s: %s", path, strerror(errno));
    }
    return file_sync_folder(path, fault);
}

enum result param_journal_set_aside(const char *folder, struct fault *fault) {
    char path[PATH_MAX], bad[PATH_MAX];
    path_of(folder, "", path);
    path_of(folder, ".bad", bad);
    if (rename(path, bad) != 0) {
        return fault_set(fault, RESULT_IO, "cannot rename %s: %s", path, strerror(errno));
    }
    return file_sync_folder(path, fault);
}

bool param_journal_is_overdue(const struct param_journal *journal, int64_t by_ms) {
    char boot[CAP_UUID_BYTES + 1];
    clock_boot_id(boot);
    return strcmp(boot, journal->boot) == 0 ? clock_since_boot_ms() > journal->due_since_boot_ms + by_ms
                                            : clock_wall_ms() > journal->due_wall_ms + by_ms;
}

enum result param_lock(const char *folder, int *fd, struct fault *fault) {
    char path[PATH_MAX];
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    snprintf(path, sizeof path, "%s/params-lock", folder);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) {
        return fault_set(fault, RESULT_IO, "cannot open %s: %s", path, strerror(errno));
    }
    if (fcntl(lock, F_OFD_SETLK, &whole) != 0) {
        bool is_held = errno == EAGAIN || errno == EACCES;
        enum result result =
            is_held ? fault_set(fault, RESULT_BUSY, "another change of parameters is under way on this product")
                    : fault_set(fault, RESULT_IO, "cannot lock %s: %s", path, strerror(errno));
        close(lock);
        return result;
    }
    *fd = lock;
    return RESULT_OK;
}
