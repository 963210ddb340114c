/* Small whole files, read and replaced. What is large or appended to (the spool's segments, followed logs) is not
 * handled here. Called from the loop thread; may block as long as the disk does. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum result file_read(const char *path, struct buf *out, struct fault *fault) {
    enum result result = RESULT_OK;
    uint8_t chunk[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fault_set(fault, errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO, "cannot open: %s", strerror(errno));
    }
    for (;;) {
        ssize_t got = read(fd, chunk, sizeof chunk);
        if (got == 0) {
            break;
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            result = fault_set(fault, RESULT_IO, "cannot read: %s", strerror(errno));
            break;
        }
        buf_add(out, chunk, (size_t)got);
        if (out->overflow) {
            result = fault_set(fault, RESULT_TOO_BIG, "longer than %zu bytes", out->cap);
            break;
        }
    }
    close(fd);
    return result;
}

static bool write_all(int fd, const uint8_t *bytes, size_t count) {
    while (count > 0) {
        ssize_t put = write(fd, bytes, count);
        if (put < 0 && errno == EINTR) {
            continue;
        }
        if (put <= 0) {
            return false;
        }
        bytes += put;
        count -= (size_t)put;
    }
    return true;
}

/* A new file is its maker's; one that replaces another's must become that other's again. */
static bool give_back(int fd, const struct stat *old) {
    struct stat st;
    return old == NULL || (fstat(fd, &st) == 0 && ((st.st_uid == old->st_uid && st.st_gid == old->st_gid) ||
                                                   fchown(fd, old->st_uid, old->st_gid) == 0));
}

/* `old`: whose owner it keeps; NULL: nobody's. */
static enum result replace(const char *path, const void *bytes, size_t count, mode_t mode, const struct stat *old,
                           bool is_synced, struct fault *fault) {
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside) {
        return fault_set(fault, RESULT_TOO_BIG, "path too long");
    }
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) {
        return fault_set(fault, RESULT_IO, "cannot create %s: %s", beside, strerror(errno));
    }
    if (!give_back(fd, old)) {
        fault_set(fault, RESULT_IO, "the owner of %s cannot be kept: %s", path, strerror(errno));
        close(fd);
        unlink(beside);
        return RESULT_IO;
    }
    bool is_written = fchmod(fd, mode) == 0 && write_all(fd, bytes, count) && (!is_synced || fsync(fd) == 0);
    if (close(fd) != 0 || !is_written || rename(beside, path) != 0) {
        fault_set(fault, RESULT_IO, "cannot write %s: %s", beside, strerror(errno));
        unlink(beside);
        return RESULT_IO;
    }
    return RESULT_OK;
}

enum result file_replace(const char *path, const void *bytes, size_t count, mode_t mode, struct fault *fault) {
    return replace(path, bytes, count, mode, NULL, false, fault);
}

enum result file_sync_folder(const char *path, struct fault *fault) {
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int chars = slash == NULL ? snprintf(folder, sizeof folder, ".")
                              : snprintf(folder, sizeof folder, "%.*s", (int)(slash - path) + 1, path);
    int fd = chars < (int)sizeof folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    enum result result =
        is_synced ? RESULT_OK : fault_set(fault, RESULT_IO, "cannot sync %s: %s", folder, strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

enum result file_replace_synced(const char *path, const void *bytes, size_t count, mode_t mode, struct fault *fault) {
    char target[PATH_MAX];
    struct stat st;
    enum result result;
    if (lstat(path, &st) != 0 && errno == ENOENT) {
        result = replace(path, bytes, count, mode, NULL, true, fault);
        return result == RESULT_OK ? file_sync_folder(path, fault) : result;
    }
    if (realpath(path, target) == NULL || stat(target, &st) != 0) {
        return fault_set(fault, RESULT_IO, "cannot replace %s: %s", path, strerror(errno));
    }
    result = replace(target, bytes, count, st.st_mode & 07777, &st, true, fault);
    return result == RESULT_OK ? file_sync_folder(target, fault) : result;
}

enum result file_make_folder(const char *path, struct fault *fault) {
    struct stat st;
    if (mkdir(path, 0700) == 0) {
        return RESULT_OK;
    }
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        return RESULT_OK;
    }
    return fault_set(fault, RESULT_IO, "cannot make folder %s: %s", path, strerror(errno));
}
