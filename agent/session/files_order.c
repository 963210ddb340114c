/* What file.put asks for, and whether there is a place for it: form, then the folder, then the disk. */
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <fcntl.h>
#include <unistd.h>

#include "session/files_inside.h"

enum result files_order_read(const struct json *params, struct files_order *o, struct fault *fault) {
    uint8_t sum[SHA256_BYTES];
    enum result result;
    *o = (struct files_order){0};
    if ((result = json_integer(params, "stream", 1, UINT16_MAX, &o->stream, fault)) != RESULT_OK ||
        (result = json_string(params, "path", FILES_PATH_BYTES, &o->path, fault)) != RESULT_OK ||
        (result = beneath_check(o->path, false, fault)) != RESULT_OK ||
        (result = json_integer(params, "size", 0, FILES_BYTES_MOST, &o->size, fault)) != RESULT_OK ||
        (result = json_string(params, "sha256", SHA256_HEX_BYTES - 1, &o->sha256, fault)) != RESULT_OK) {
        return result;
    }
    if (!hex_decode(o->sha256, strlen(o->sha256), sum, sizeof sum)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'sha256' is not 64 lower-case hexadecimal digits");
    }
    o->is_resumed = json_get(params, "offset") != NULL;
    if (o->is_resumed &&
        (result = json_integer(params, "offset", 0, FILES_BYTES_MOST, &o->offset, fault)) != RESULT_OK) {
        return result;
    }
    if (json_get(params, "replace") != NULL &&
        (result = json_bool(params, "replace", &o->may_replace, fault)) != RESULT_OK) {
        return result;
    }
    o->name = beneath_split(o->path, o->folder, sizeof o->folder);
    return RESULT_OK;
}

enum result files_order_check_place(const struct files_order *o, int folder_fd, struct fault *fault) {
    struct stat st;
    struct statvfs disk;
    if (fstatat(folder_fd, o->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISREG(st.st_mode)) {
            return fault_set(fault, RESULT_DENIED, "'%.120s' is there and is no regular file", o->path);
        }
        if (!o->may_replace) {
            return fault_set(fault, RESULT_CONFLICT, "'%.120s' is there already; ask to replace it", o->path);
        }
    }
    if (fstatvfs(folder_fd, &disk) == 0) {
        int64_t free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
        if (o->size > free_bytes - FILES_SPARE_BYTES) {
            return fault_set(fault, RESULT_FULL, "the product's disk has %lld bytes free and keeps %d; %lld are needed",
                             (long long)free_bytes, FILES_SPARE_BYTES, (long long)o->size);
        }
    }
    return RESULT_OK;
}

enum result files_order_check_owner(const struct files_use *use, struct fault *fault) {
    const char *owner = use->root->owner;
    const struct passwd *pw = owner != NULL ? getpwnam(owner) : NULL;
    if (owner == NULL || (pw != NULL && (geteuid() == 0 || pw->pw_uid == geteuid()))) {
        return RESULT_OK;
    }
    return fault_set(fault, RESULT_DENIED, "uploads belong to '%s' here: %s", owner,
                     pw == NULL ? "there is no such user" : "the agent has no right to give files away");
}
