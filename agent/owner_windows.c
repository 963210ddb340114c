/* Standing windows. No state of its own; loop thread.
 *
 * Two things make an entry disappear without a complaint: its end, and the removal of the key that signed it. Anything
 * else (a signature that does not hold, a statement that cannot be read, another device) means that somebody has
 * changed the file, and then nothing in it is believed. That an entry was taken out altogether cannot be seen; it only
 * makes fewer sessions possible. */
#include "owner_windows.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/json.h"
#include "file.h"

static const int64_t DAY_MS = INT64_C(24) * 3600 * 1000, MINUTE_MS = 60 * 1000;

static enum result path_of(const char *data_dir, char out[PATH_MAX], struct fault *fault) {
    return snprintf(out, PATH_MAX, "%s/consent-windows", data_dir) < PATH_MAX
               ? RESULT_OK
               : fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", data_dir);
}

static enum result read_row(const struct json *row, struct owner_window *out, struct fault *fault) {
    const char *text, *signature, *key;
    enum result result;
    if (!json_is_object(row)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'windows' has a member that is no object");
    }
    if ((result = json_string(row, "statement", OWNER_STATEMENT_BYTES, &text, fault)) != RESULT_OK ||
        (result = json_string(row, "signature", OWNER_SIGNATURE_CHARS, &signature, fault)) != RESULT_OK ||
        (result = json_string(row, "key", SHA256_HEX_BYTES - 1, &key, fault)) != RESULT_OK ||
        (result = owner_statement_parse(text, strlen(text), &out->says, fault)) != RESULT_OK) {
        return result;
    }
    snprintf(out->text, sizeof out->text, "%s", text);
    snprintf(out->signature, sizeof out->signature, "%s", signature);
    snprintf(out->key, sizeof out->key, "%s", key);
    return RESULT_OK;
}

/* Adds the row when it counts; a fault only when it was changed. */
static enum result take_row(const struct json *row, const char *device, const struct owner_keys *keys, int64_t now_ms,
                            struct owner_windows *out, struct fault *fault) {
    struct owner_window *w = &out->items[out->count];
    enum result result = read_row(row, w, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (w->says.kind != OWNER_WINDOW || strcmp(w->says.device, device) != 0) {
        return fault_set(fault, RESULT_DENIED, "a statement that is no window of this product");
    }
    const struct owner_key *key = owner_keys_find(keys, w->key);
    if (key == NULL) {
        return RESULT_OK; /* its owner was removed */
    }
    if ((result = owner_check(w->text, w->signature, key->point, fault)) != RESULT_OK) {
        return result;
    }
    snprintf(w->by, sizeof w->by, "%s", key->name);
    out->count += now_ms < w->says.ends_ms;
    return RESULT_OK;
}

static enum result read_all(const struct json *object, const char *device, const struct owner_keys *keys,
                            int64_t now_ms, struct owner_windows *out, struct fault *fault) {
    const struct json *list;
    if (!json_is_object(object)) {
        return fault_set(fault, RESULT_BAD_INPUT, "no object");
    }
    enum result result = json_array(object, "windows", OWNER_WINDOWS_MAX, &list, fault);
    for (size_t i = 0; result == RESULT_OK && i < json_count(list); i++) {
        result = take_row(json_at(list, i), device, keys, now_ms, out, fault);
    }
    return result;
}

enum result owner_windows_load(const char *data_dir, const char *device, const struct owner_keys *keys, int64_t now_ms,
                               struct owner_windows *out, struct fault *fault) {
    char path[PATH_MAX];
    struct buf text;
    struct json *object = NULL;
    *out = (struct owner_windows){0};
    enum result result = path_of(data_dir, path, fault);
    if (result != RESULT_OK) {
        return result;
    }
    buf_init(&text, OWNER_WINDOWS_FILE_BYTES);
    result = file_read(path, &text, fault);
    if (result == RESULT_OK) {
        result = json_parse(buf_text(&text), text.count, &object, fault);
        result = result == RESULT_OK ? read_all(object, device, keys, now_ms, out, fault) : result;
        result = result == RESULT_OK ? RESULT_OK : RESULT_CORRUPT;
    }
    json_free(object);
    buf_fini(&text);
    if (result == RESULT_NOT_FOUND) {
        return RESULT_OK;
    }
    if (result != RESULT_OK) {
        *out = (struct owner_windows){0};
        fault_prefix(fault, "%s", path);
    }
    return result;
}

enum result owner_windows_save(const char *data_dir, const struct owner_windows *windows, struct fault *fault) {
    char path[PATH_MAX];
    struct buf text;
    enum result result = path_of(data_dir, path, fault);
    if (result != RESULT_OK) {
        return result;
    }
    buf_init(&text, OWNER_WINDOWS_FILE_BYTES);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_array(&j, "windows");
    for (size_t i = 0; i < windows->count; i++) {
        jo_object(&j, NULL);
        jo_str(&j, "statement", windows->items[i].text);
        jo_str(&j, "signature", windows->items[i].signature);
        jo_str(&j, "key", windows->items[i].key);
        jo_end(&j);
    }
    jo_end(&j);
    jo_end(&j);
    buf_add_u8(&text, '\n');
    result = file_replace_synced(path, text.data, text.count, 0600, fault);
    buf_fini(&text);
    return result;
}

const struct owner_window *owner_windows_find(const struct owner_windows *windows, const char *id) {
    for (size_t i = 0; i < windows->count; i++) {
        if (strcmp(windows->items[i].says.window, id) == 0) {
            return &windows->items[i];
        }
    }
    return NULL;
}

enum result owner_windows_add(struct owner_windows *windows, const struct owner_window *window, uint32_t allowed,
                              int64_t now_ms, struct fault *fault) {
    const struct owner_statement *s = &window->says;
    if ((s->capabilities & ~allowed) != 0) {
        return fault_set(fault, RESULT_DENIED, "the window has capabilities that this product does not allow");
    }
    if (s->ends_ms <= now_ms || s->ends_ms - now_ms > OWNER_WINDOW_DAYS * DAY_MS) {
        return fault_set(fault, RESULT_DENIED, "a window ends within %d days from now", OWNER_WINDOW_DAYS);
    }
    if (owner_windows_find(windows, s->window) != NULL) {
        return fault_set(fault, RESULT_CONFLICT, "there is a window of this id");
    }
    if (windows->count == OWNER_WINDOWS_MAX) {
        return fault_set(fault, RESULT_FULL, "there are %d windows already", OWNER_WINDOWS_MAX);
    }
    windows->items[windows->count++] = *window;
    return RESULT_OK;
}

enum result owner_windows_remove(struct owner_windows *windows, const char *id, struct fault *fault) {
    const struct owner_window *found = owner_windows_find(windows, id);
    if (found == NULL) {
        return fault_set(fault, RESULT_NOT_FOUND, "there is no such window");
    }
    size_t at = (size_t)(found - windows->items);
    memmove(&windows->items[at], &windows->items[at + 1], (windows->count - at - 1) * sizeof windows->items[0]);
    windows->count--;
    return RESULT_OK;
}

int64_t owner_windows_grant_ms(const struct owner_window *window, int64_t now_ms) {
    int64_t left_ms = owner_window_left_ms(&window->says, now_ms), most_ms = window->says.minutes * MINUTE_MS;
    return left_ms < most_ms ? left_ms : most_ms;
}

const struct owner_window *owner_windows_cover(const struct owner_windows *windows, uint32_t capabilities,
                                               const char *engineer, int64_t now_ms) {
    const struct owner_window *best = NULL;
    for (size_t i = 0; i < windows->count; i++) {
        const struct owner_window *w = &windows->items[i];
        bool is_for = strcmp(w->says.engineer, OWNER_ANY_ENGINEER) == 0 || strcmp(w->says.engineer, engineer) == 0;
        int64_t grant_ms = owner_windows_grant_ms(w, now_ms);
        if (is_for && (capabilities & ~w->says.capabilities) == 0 && grant_ms >= MINUTE_MS &&
            (best == NULL || grant_ms > owner_windows_grant_ms(best, now_ms))) {
            best = w;
        }
    }
    return best;
}
