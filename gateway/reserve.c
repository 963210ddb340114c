/* A file whose blocks are really allocated (posix_fallocate), so that deleting it frees them on any file system that
 * counts in blocks. A quota inside SQLite (max_page_count) was left: it bounds the file, not what other programs do to
 * the disk. The margin keeps us from going to and fro: what was given up is taken back only when twice is there. */
#include "reserve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "fieldline/log.h"

struct reserve {
    char *path;
    int64_t bytes, next_try_mono_ms;
    bool is_whole;
};

static bool make_file(struct reserve *r) {
    struct stat now;
    const int fd = open(r->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    if (fstat(fd, &now) == 0 && now.st_size != r->bytes && ftruncate(fd, 0) != 0)
        log_warn("gateway.reserve", "reserve_uncut", "file=%s why=%s", log_text(r->path), strerror(errno));
    const int why = posix_fallocate(fd, 0, r->bytes);
    close(fd);
    if (why == 0)
        return true;
    unlink(r->path); /* half a reserve would only take the room that is left */
    errno = why;
    return false;
}

struct reserve *reserve_open(const char *path, int64_t bytes) {
    struct reserve *r = mem_alloc(sizeof *r);
    r->path = mem_strdup(path);
    r->bytes = bytes;
    if (bytes == 0)
        unlink(path);
    r->is_whole = bytes == 0 || make_file(r);
    if (!r->is_whole)
        log_warn("gateway.reserve", "reserve_missing", "file=%s bytes=%lld why=%s", log_text(path), (long long)bytes,
                 strerror(errno));
    return r;
}

void reserve_close(struct reserve *r) {
    if (!r)
        return;
    free(r->path);
    free(r);
}

bool reserve_is_whole(const struct reserve *r) {
    return r->is_whole;
}

void reserve_release(struct reserve *r) {
    if (!r->is_whole)
        return;
    r->is_whole = false;
    if (r->bytes > 0 && unlink(r->path) != 0)
        log_error("gateway.reserve", "reserve_unreleased", "file=%s why=%s", log_text(r->path), strerror(errno));
    log_error("gateway.reserve", "disk_full",
              "file=%s bytes=%lld text='telemetry and logs wait with their products until there is room'",
              log_text(r->path), (long long)r->bytes);
}

int64_t reserve_disk_free(const struct reserve *r) {
    struct statvfs disk;
    char folder[4096];
    const char *slash = strrchr(r->path, '/');
    const size_t count = slash ? (size_t)(slash - r->path) : 0;
    if (count >= sizeof folder)
        return -1;
    memcpy(folder, count > 0 ? r->path : ".", count > 0 ? count : 1);
    folder[count > 0 ? count : 1] = 0;
    if (statvfs(folder, &disk) != 0)
        return -1;
    return (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
}

bool reserve_restore(struct reserve *r, int64_t now_mono_ms) {
    if (r->is_whole)
        return true;
    if (now_mono_ms < r->next_try_mono_ms)
        return false;
    r->next_try_mono_ms = now_mono_ms + RESERVE_TRY_EVERY_MS;
    if (reserve_disk_free(r) < r->bytes + RESERVE_MARGIN_BYTES)
        return false;
    r->is_whole = r->bytes == 0 || make_file(r);
    if (r->is_whole)
        log_info("gateway.reserve", "disk_has_room", "file=%s bytes=%lld", log_text(r->path), (long long)r->bytes);
    return r->is_whole;
}
