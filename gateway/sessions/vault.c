/* Master keys and the keys of sessions. A session's key is made before its first frame and on the disk before that
 * frame is; the master key never touches a recording, so changing it rewrites some hundred bytes for each session.
 *
 * A master key in a file, closed to others, and not in the store: a stolen backup of data_dir/transcripts or of the
 * database opens nothing. A key service was left: a gateway must start with nobody there. The wrapping key is derived
 * with a salt of its own for each wrapping, so no nonce can repeat however often keys are wrapped. */
#include "sessions/vault.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fieldline/json.h"

#define VAULT_FORMAT "fieldline.vault.1"
#define MASTER_HEAD  "fieldline-master-key 1 "
enum {
    MASTER_HEAD_CHARS = sizeof MASTER_HEAD - 1,
    MASTER_CHARS = MASTER_HEAD_CHARS + 2 * AEAD_KEY_BYTES + 1,
    WRAPPED_BYTES = AEAD_SALT_BYTES + AEAD_KEY_BYTES + AEAD_TAG_BYTES,
    KEY_FILE_BYTES = 512
};

struct master {
    uint8_t key[AEAD_KEY_BYTES];
    char name[VAULT_NAME_BYTES + 1];
};
struct vault {
    struct master masters[2]; /* the current one first */
    size_t count;
};

/* ---- master keys --------------------------------------------------------------------------------------------------
 */

static void name_master(struct master *m) {
    uint8_t bytes[MASTER_HEAD_CHARS + AEAD_KEY_BYTES], hash[SHA256_BYTES];
    memcpy(bytes, MASTER_HEAD, MASTER_HEAD_CHARS);
    memcpy(bytes + MASTER_HEAD_CHARS, m->key, AEAD_KEY_BYTES);
    sha256(bytes, sizeof bytes, hash);
    wipe(bytes, sizeof bytes);
    hex_encode(hash, VAULT_NAME_BYTES / 2, m->name);
}

static enum result read_master(const char *path, struct master *out, struct fault *fault) {
    char text[MASTER_CHARS + 1] = "";
    struct stat st;
    enum result result = RESULT_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        result = fault_set(fault, errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO,
                           "%s: %s (the master key of recordings; 'init' makes one)", path, strerror(errno));
    } else if ((st.st_mode & 077) != 0) {
        result = fault_set(fault, RESULT_DENIED, "%s: others may read this master key (mode %03o); it must be 0600",
                           path, (unsigned)st.st_mode & 0777);
    } else if (read(fd, text, sizeof text) != MASTER_CHARS || memcmp(text, MASTER_HEAD, MASTER_HEAD_CHARS) != 0 ||
               text[MASTER_CHARS - 1] != '\n' ||
               !hex_decode(text + MASTER_HEAD_CHARS, (size_t)2 * AEAD_KEY_BYTES, out->key, AEAD_KEY_BYTES)) {
        result = fault_set(fault, RESULT_BAD_INPUT, "%s: no master key of recordings", path);
    } else {
        name_master(out);
    }
    wipe(text, sizeof text);
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

enum result vault_open(const char *master, const char *previous, struct vault **out, struct fault *fault) {
    struct vault *v = mem_alloc(sizeof *v);
    enum result result = read_master(master, &v->masters[v->count++], fault);
    if (result == RESULT_OK && previous != NULL) {
        result = read_master(previous, &v->masters[v->count++], fault);
    }
    if (result != RESULT_OK) {
        vault_close(v);
        return result;
    }
    *out = v;
    return RESULT_OK;
}

void vault_close(struct vault *vault) {
    if (vault != NULL) {
        wipe(vault, sizeof *vault);
        free(vault);
    }
}

/* Writes a new file to the disk; RESULT_CONFLICT when the path is taken. */
static enum result write_new(const char *path, const char *text, size_t chars, struct fault *fault) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return fault_set(fault, errno == EEXIST ? RESULT_CONFLICT : RESULT_IO, "%s: %s", path, strerror(errno));
    }
    bool is_written = write(fd, text, chars) == (ssize_t)chars && fsync(fd) == 0;
    int why = errno;
    close(fd);
    if (is_written) {
        return RESULT_OK;
    }
    unlink(path);
    return fault_set(fault, RESULT_IO, "%s: %s", path, strerror(why));
}

enum result vault_make_master(const char *path, struct fault *fault) {
    uint8_t key[AEAD_KEY_BYTES];
    char text[MASTER_CHARS + 1] = MASTER_HEAD;
    random_bytes(key, sizeof key);
    hex_encode(key, sizeof key, text + MASTER_HEAD_CHARS);
    text[MASTER_CHARS - 1] = '\n';
    enum result result = write_new(path, text, MASTER_CHARS, fault);
    wipe(key, sizeof key);
    wipe(text, sizeof text);
    return result;
}

/* ---- keys of sessions ---------------------------------------------------------------------------------------------
 */

static const char *session_of(const char *base) {
    size_t chars = strlen(base);
    return chars >= CAP_UUID_BYTES ? base + chars - CAP_UUID_BYTES : "";
}

static void key_path(const char *base, const char *ending, char out[TRANSCRIPT_PATH_BYTES + 16]) {
    snprintf(out, TRANSCRIPT_PATH_BYTES + 16, "%s%s", base, ending);
}

static struct aead *wrapper(const struct master *m, const uint8_t salt[AEAD_SALT_BYTES]) {
    uint8_t key[AEAD_KEY_BYTES];
    aead_derive(m->key, sizeof m->key, salt, AEAD_SALT_BYTES, VAULT_FORMAT " wrap", key);
    struct aead *aead = aead_new(key);
    wipe(key, sizeof key);
    return aead;
}

/* What the wrapping covers beside the key: whose it is. */
static struct aead_place place_of(const char *session, const char *master, char text[96]) {
    int chars = snprintf(text, 96, "%s/%s", session, master);
    return (struct aead_place){text, (size_t)chars};
}

static void print_key(const char *session, const char *master, const uint8_t *wrapped, struct buf *out) {
    buf_printf(out, "{\"vault\":\"" VAULT_FORMAT "\",\"session\":\"%s\",\"master\":\"%s\",\"wrapped\":\"", session,
               master);
    base64url_encode(wrapped, WRAPPED_BYTES, out);
    buf_str(out, "\"}\n");
}

static void wrap(const struct master *m, const char *session, const uint8_t key[AEAD_KEY_BYTES], struct buf *out) {
    uint8_t wrapped[WRAPPED_BYTES];
    char text[96];
    random_bytes(wrapped, AEAD_SALT_BYTES);
    struct aead *aead = wrapper(m, wrapped);
    aead_seal(aead, 0, place_of(session, m->name, text), key, AEAD_KEY_BYTES, wrapped + AEAD_SALT_BYTES);
    aead_free(aead);
    print_key(session, m->name, wrapped, out);
}

enum result vault_key_parse(const char *text, size_t chars, const char *session, char master[VAULT_NAME_BYTES + 1],
                            struct buf *wrapped, struct fault *fault) {
    struct json *object = NULL;
    struct buf again;
    const char *name = "", *coded = "";
    buf_init(&again, KEY_FILE_BYTES);
    enum result result = json_parse(text, chars, &object, fault);
    if (result == RESULT_OK && ((result = json_string(object, "master", VAULT_NAME_BYTES, &name, fault)) != RESULT_OK ||
                                (result = json_string(object, "wrapped", KEY_FILE_BYTES, &coded, fault)) != RESULT_OK ||
                                !base64url_decode(coded, strlen(coded), wrapped) || wrapped->count != WRAPPED_BYTES)) {
        result = RESULT_CORRUPT;
    }
    if (result == RESULT_OK) {
        snprintf(master, VAULT_NAME_BYTES + 1, "%s", name);
        print_key(session, master, wrapped->data, &again);
        result = again.count == chars && memcmp(again.data, text, chars) == 0 ? RESULT_OK : RESULT_CORRUPT;
    }
    json_free(object);
    buf_fini(&again);
    return result == RESULT_OK ? RESULT_OK : fault_set(fault, RESULT_CORRUPT, "this is no key of session %s", session);
}

static enum result read_key_file(const char *base, char text[KEY_FILE_BYTES + 1], size_t *chars, struct fault *fault) {
    char path[TRANSCRIPT_PATH_BYTES + 16];
    key_path(base, ".key", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t count = fd >= 0 ? read(fd, text, KEY_FILE_BYTES + 1) : -1;
    enum result result = RESULT_OK;
    if (count < 0) {
        result = fault_set(fault, errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO, "%s: %s", path, strerror(errno));
    }
    *chars = count > 0 ? (size_t)count : 0;
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

/* `master` gets the name of what it is wrapped with. */
static enum result unwrap(const struct vault *vault, const char *base, char master[VAULT_NAME_BYTES + 1],
                          uint8_t out[AEAD_KEY_BYTES], struct fault *fault) {
    char text[KEY_FILE_BYTES + 1], place[96];
    const char *session = session_of(base);
    size_t chars;
    struct buf wrapped;
    enum result result = read_key_file(base, text, &chars, fault);
    if (result != RESULT_OK) {
        return result;
    }
    buf_init(&wrapped, KEY_FILE_BYTES);
    result = vault_key_parse(text, chars, session, master, &wrapped, fault);
    if (result == RESULT_OK) {
        result = fault_set(fault, RESULT_DENIED,
                           "session %s is encrypted under master key %s, which is not here: without it the recording "
                           "cannot be read",
                           session, master);
        for (size_t i = 0; vault != NULL && i < vault->count; i++) {
            if (strcmp(vault->masters[i].name, master) == 0) {
                struct aead *aead = wrapper(&vault->masters[i], wrapped.data);
                bool is_open = aead_open(aead, 0, place_of(session, master, place), wrapped.data + AEAD_SALT_BYTES,
                                         AEAD_KEY_BYTES, out);
                aead_free(aead);
                result = is_open ? RESULT_OK
                                 : fault_set(fault, RESULT_CORRUPT, "the key of session %s was changed", session);
                break;
            }
        }
    }
    buf_wipe(&wrapped);
    return result;
}

enum result vault_key_read(const struct vault *vault, const char *base, uint8_t out[AEAD_KEY_BYTES],
                           struct fault *fault) {
    char master[VAULT_NAME_BYTES + 1];
    return unwrap(vault, base, master, out, fault);
}

/* The directory itself, so that the file is there after a power cut. */
static enum result sync_dir(const char *base, struct fault *fault) {
    char dir[TRANSCRIPT_PATH_BYTES];
    snprintf(dir, sizeof dir, "%.*s.", (int)(strlen(base) - strlen(session_of(base))), base);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    int why = errno;
    if (fd >= 0) {
        close(fd);
    }
    return is_synced ? RESULT_OK : fault_set(fault, RESULT_IO, "%s: %s", dir, strerror(why));
}

enum result vault_key_make(const struct vault *vault, const char *base, uint8_t out[AEAD_KEY_BYTES],
                           struct fault *fault) {
    char path[TRANSCRIPT_PATH_BYTES + 16];
    struct buf text;
    if (!uuid_valid(session_of(base))) {
        return fault_set(fault, RESULT_BAD_INPUT, "%s: the name is no session's", base);
    }
    random_bytes(out, AEAD_KEY_BYTES);
    buf_init(&text, KEY_FILE_BYTES);
    wrap(&vault->masters[0], session_of(base), out, &text);
    key_path(base, ".key", path);
    enum result result = write_new(path, buf_text(&text), text.count, fault);
    buf_fini(&text);
    if (result == RESULT_OK && (result = sync_dir(base, fault)) != RESULT_OK) {
        unlink(path);
    }
    return result;
}

enum result vault_shred(const char *base, struct fault *fault) {
    char path[TRANSCRIPT_PATH_BYTES + 16];
    uint8_t noise[KEY_FILE_BYTES];
    key_path(base, ".key", path);
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        return RESULT_OK;
    }
    random_bytes(noise, sizeof noise);
    bool is_gone = fd >= 0 && write(fd, noise, sizeof noise) == (ssize_t)sizeof noise && fsync(fd) == 0;
    is_gone = unlink(path) == 0 && is_gone;
    int why = errno;
    if (fd >= 0) {
        close(fd);
    }
    return is_gone ? sync_dir(base, fault) : fault_set(fault, RESULT_IO, "%s: %s", path, strerror(why));
}

/* ---- another master key -------------------------------------------------------------------------------------------
 */

static enum result rewrap_one(const struct vault *vault, const char *base, struct vault_rewrap *counts,
                              struct fault *fault) {
    char master[VAULT_NAME_BYTES + 1], path[TRANSCRIPT_PATH_BYTES + 16], fresh[TRANSCRIPT_PATH_BYTES + 16];
    uint8_t key[AEAD_KEY_BYTES];
    struct buf text;
    enum result result = unwrap(vault, base, master, key, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (strcmp(master, vault->masters[0].name) == 0) {
        counts->current++;
        wipe(key, sizeof key);
        return RESULT_OK;
    }
    buf_init(&text, KEY_FILE_BYTES);
    wrap(&vault->masters[0], session_of(base), key, &text);
    wipe(key, sizeof key);
    key_path(base, ".key", path);
    key_path(base, ".key.new", fresh);
    unlink(fresh); /* of a run that was interrupted */
    result = write_new(fresh, buf_text(&text), text.count, fault);
    buf_fini(&text);
    if (result == RESULT_OK && rename(fresh, path) != 0) {
        result = fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
    }
    if (result == RESULT_OK && (result = sync_dir(base, fault)) == RESULT_OK) {
        counts->rewrapped++;
    }
    return result;
}

enum result vault_rewrap_all(const struct vault *vault, const char *dir, struct vault_rewrap *out,
                             struct fault *fault) {
    enum result first = RESULT_OK;
    DIR *entries = opendir(dir);
    *out = (struct vault_rewrap){0};
    if (entries == NULL) {
        return fault_set(fault, RESULT_IO, "%s: %s", dir, strerror(errno));
    }
    for (struct dirent *e; (e = readdir(entries)) != NULL;) {
        char base[TRANSCRIPT_PATH_BYTES];
        struct fault why = {""};
        if (strlen(e->d_name) != CAP_UUID_BYTES + sizeof ".key" - 1 ||
            strcmp(e->d_name + CAP_UUID_BYTES, ".key") != 0 ||
            snprintf(base, sizeof base, "%s/%.*s", dir, CAP_UUID_BYTES, e->d_name) >= (int)sizeof base) {
            continue;
        }
        enum result result = rewrap_one(vault, base, out, &why);
        if (result != RESULT_OK && first == RESULT_OK) {
            first = fault_set(fault, result, "%s", why.text);
        }
    }
    closedir(entries);
    return first;
}
