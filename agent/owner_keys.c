/* The pairing secret and the owners' keys. No state of its own; loop thread, or a command line.
 *
 * Not cached: the file is a few hundred bytes, it is read when an owner says something or a session is asked for, and a
 * copy in memory would have to be told when `fieldline-agent owner-keys remove` has run. A file that cannot be read
 * means that nobody is enrolled, which is a no. */
#include "owner_keys.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/json.h"
#include "file.h"

static enum result path_of(const char *data_dir, char out[PATH_MAX], struct fault *fault) {
    return snprintf(out, PATH_MAX, "%s/owner-keys", data_dir) < PATH_MAX
               ? RESULT_OK
               : fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", data_dir);
}

static enum result read_secret(const struct json *object, struct owner_keys *keys, struct fault *fault) {
    const char *text;
    struct buf bytes;
    enum result result = json_string(object, "pairing", 64, &text, fault);
    if (result != RESULT_OK) {
        return result;
    }
    buf_init(&bytes, OWNER_SECRET_BYTES + 1);
    if (base64url_decode(text, strlen(text), &bytes) && !bytes.overflow && bytes.count == OWNER_SECRET_BYTES) {
        memcpy(keys->secret, bytes.data, OWNER_SECRET_BYTES);
    } else {
        result = fault_set(fault, RESULT_BAD_INPUT, "'pairing' is not %d bytes in base64url", OWNER_SECRET_BYTES);
    }
    buf_wipe(&bytes);
    return result;
}

static enum result read_key(const struct json *row, struct owner_key *out, struct fault *fault) {
    const char *point, *name;
    enum result result;
    if (!json_is_object(row)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'keys' has a member that is no object");
    }
    if ((result = json_string(row, "point", OWNER_POINT_CHARS, &point, fault)) != RESULT_OK ||
        (result = json_string(row, "name", OWNER_NAME_BYTES, &name, fault)) != RESULT_OK ||
        (result = json_integer(row, "at_ms", 0, INT64_MAX / 2, &out->at_ms, fault)) != RESULT_OK) {
        return result;
    }
    if (!owner_point_parse(point, out->point) || !owner_name_valid(name)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'keys' has a member without a good point or name");
    }
    snprintf(out->name, sizeof out->name, "%s", name);
    owner_key_id(out->point, out->id);
    return RESULT_OK;
}

static enum result read_all(const struct json *object, struct owner_keys *out, struct fault *fault) {
    const struct json *list;
    enum result result;
    if (!json_is_object(object)) {
        return fault_set(fault, RESULT_BAD_INPUT, "no object");
    }
    if ((result = read_secret(object, out, fault)) != RESULT_OK ||
        (result = json_array(object, "keys", OWNER_KEYS_MAX, &list, fault)) != RESULT_OK) {
        return result;
    }
    for (size_t i = 0; i < json_count(list); i++) {
        if ((result = read_key(json_at(list, i), &out->items[out->count++], fault)) != RESULT_OK) {
            return result;
        }
    }
    return RESULT_OK;
}

enum result owner_keys_load(const char *data_dir, struct owner_keys *out, struct fault *fault) {
    char path[PATH_MAX];
    struct buf text;
    struct json *object = NULL;
    struct owner_keys keys = {0};
    enum result result = path_of(data_dir, path, fault);
    if (result != RESULT_OK) {
        return result;
    }
    buf_init(&text, OWNER_KEYS_FILE_BYTES);
    result = file_read(path, &text, fault);
    if (result == RESULT_OK) {
        result = json_parse(buf_text(&text), text.count, &object, fault);
        result = result == RESULT_OK ? read_all(object, &keys, fault) : result;
        result = result == RESULT_OK ? RESULT_OK : RESULT_CORRUPT;
    }
    if (result == RESULT_OK) {
        *out = keys;
    } else {
        fault_prefix(fault, "%s", path);
    }
    wipe(&keys, sizeof keys);
    json_free(object);
    buf_wipe(&text);
    return result;
}

static void print_base64(struct json_out *j, const char *key, const uint8_t *bytes, size_t count) {
    struct buf text;
    buf_init(&text, 128);
    base64url_encode(bytes, count, &text);
    jo_str(j, key, buf_text(&text));
    buf_wipe(&text);
}

enum result owner_keys_save(const char *data_dir, const struct owner_keys *keys, struct fault *fault) {
    char path[PATH_MAX];
    struct buf text;
    enum result result = path_of(data_dir, path, fault);
    if (result != RESULT_OK) {
        return result;
    }
    buf_init(&text, OWNER_KEYS_FILE_BYTES);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    print_base64(&j, "pairing", keys->secret, sizeof keys->secret);
    jo_array(&j, "keys");
    for (size_t i = 0; i < keys->count; i++) {
        jo_object(&j, NULL);
        print_base64(&j, "point", keys->items[i].point, POINT_BYTES);
        jo_str(&j, "name", keys->items[i].name);
        jo_int(&j, "at_ms", keys->items[i].at_ms);
        jo_end(&j);
    }
    jo_end(&j);
    jo_end(&j);
    buf_add_u8(&text, '\n');
    result = file_replace_synced(path, text.data, text.count, 0600, fault);
    buf_wipe(&text);
    return result;
}

void owner_keys_renew(struct owner_keys *keys) {
    random_bytes(keys->secret, sizeof keys->secret);
}

enum result owner_keys_open(const char *data_dir, struct owner_keys *out, struct fault *fault) {
    enum result result = owner_keys_load(data_dir, out, fault);
    if (result != RESULT_NOT_FOUND) {
        return result;
    }
    *out = (struct owner_keys){0};
    owner_keys_renew(out);
    return owner_keys_save(data_dir, out, fault);
}

const struct owner_key *owner_keys_find(const struct owner_keys *keys, const char *id) {
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->items[i].id, id) == 0) {
            return &keys->items[i];
        }
    }
    return NULL;
}

static bool mac_is_right(const struct owner_keys *keys, const char *text, const char *mac) {
    uint8_t wanted[SHA256_BYTES];
    struct buf given;
    buf_init(&given, SHA256_BYTES + 1);
    hmac_sha256(keys->secret, sizeof keys->secret, text, strlen(text), wanted);
    bool is_right = base64url_decode(mac, strlen(mac), &given) && given.count == sizeof wanted &&
                    equal_secret(given.data, wanted, sizeof wanted);
    wipe(wanted, sizeof wanted);
    buf_fini(&given);
    return is_right;
}

enum result owner_keys_enrol(struct owner_keys *keys, const char *device, const char *text, const char *mac,
                             int64_t now_ms, struct fault *fault) {
    struct owner_statement s;
    struct key *key = NULL;
    struct owner_key row = {.at_ms = now_ms};
    if (!mac_is_right(keys, text, mac)) {
        return fault_set(fault, RESULT_DENIED, "this link is not, or no longer, this product's");
    }
    enum result result = owner_statement_parse(text, strlen(text), &s, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (s.kind != OWNER_ENROL || strcmp(s.device, device) != 0) {
        return fault_set(fault, RESULT_DENIED, "this is no enrolment on this product");
    }
    if ((result = key_from_point(s.point, &key, fault)) != RESULT_OK) {
        return result;
    }
    key_free(key);
    memcpy(row.point, s.point, sizeof row.point);
    snprintf(row.name, sizeof row.name, "%s", s.name);
    owner_key_id(row.point, row.id);
    size_t at = 0;
    while (at < keys->count && strcmp(keys->items[at].id, row.id) != 0) {
        at++;
    }
    if (at == OWNER_KEYS_MAX) {
        return fault_set(fault, RESULT_FULL, "%d phones are enrolled already; remove one on the product first",
                         OWNER_KEYS_MAX);
    }
    keys->items[at] = row;
    keys->count += at == keys->count;
    return RESULT_OK;
}

void owner_keys_remove(struct owner_keys *keys, size_t index) {
    memmove(&keys->items[index], &keys->items[index + 1], (keys->count - index - 1) * sizeof keys->items[0]);
    keys->count--;
    owner_keys_renew(keys);
}
