/* The forgetful disk. One table of files; the real file is the page cache, `kept` is the medium. Everything outside of
 * the folder goes straight to the kernel. */
#include "power.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILES = 2048, DESCRIPTORS = 1024, SECTOR_BYTES = 512 };

struct file {
    char *path;
    bool is_there, is_entered; /* in the page cache; in the folder on the medium */
    uint8_t *kept;
    size_t kept_bytes;
};
static struct {
    char folder[PATH_MAX];
    size_t folder_chars;
    struct file files[FILES];
    size_t count;
    struct file *open_files[DESCRIPTORS];
    char *open_folders[DESCRIPTORS];
    unsigned seed;
    int error;
    uint64_t sync_count;
} disk;

static unsigned chance(unsigned n) {
    disk.seed = disk.seed * 1103515245u + 12345u;
    return (disk.seed >> 8) % n;
}

static bool is_ours(const char *path) {
    return disk.folder_chars > 0 && strncmp(path, disk.folder, disk.folder_chars) == 0;
}

static struct file *file_at(const char *path) {
    for (size_t i = 0; i < disk.count; i++) {
        if (strcmp(disk.files[i].path, path) == 0) {
            return &disk.files[i];
        }
    }
    cr_assert_lt(disk.count, FILES);
    disk.files[disk.count] = (struct file){.path = strdup(path)};
    return &disk.files[disk.count++];
}

/* The real file's bytes; free them. */
static uint8_t *read_live(const struct file *f, size_t *bytes) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, f->path, O_RDONLY);
    uint8_t *live = NULL;
    *bytes = 0;
    if (fd >= 0) {
        *bytes = (size_t)lseek(fd, 0, SEEK_END);
        live = calloc(1, *bytes + 1);
        cr_assert_eq(pread(fd, live, *bytes, 0), (ssize_t)*bytes);
        close(fd);
    }
    return live;
}

/* What the page cache has reaches the medium: each sector with this chance in 100. */
static void write_back(struct file *f, unsigned percent) {
    size_t bytes;
    uint8_t *live = read_live(f, &bytes);
    size_t kept_bytes = chance(100) < percent ? bytes : f->kept_bytes;
    uint8_t *kept = calloc(1, kept_bytes + 1);
    for (size_t at = 0; at < kept_bytes; at += SECTOR_BYTES) {
        size_t left = kept_bytes - at < SECTOR_BYTES ? kept_bytes - at : SECTOR_BYTES;
        bool is_new = at < bytes && chance(100) < percent;
        const uint8_t *from = is_new ? live : f->kept;
        size_t has = is_new ? bytes : f->kept_bytes;
        if (at < has) {
            memcpy(kept + at, from + at, has - at < left ? has - at : left);
        }
    }
    free(live);
    free(f->kept);
    f->kept = kept;
    f->kept_bytes = kept_bytes;
}

void power_begin(const char *folder, unsigned seed) {
    power_end();
    snprintf(disk.folder, sizeof disk.folder, "%s/", folder);
    disk.folder_chars = strlen(disk.folder);
    disk.seed = seed;
}

void power_end(void) {
    for (size_t i = 0; i < disk.count; i++) {
        free(disk.files[i].path);
        free(disk.files[i].kept);
    }
    for (size_t i = 0; i < DESCRIPTORS; i++) {
        free(disk.open_folders[i]);
    }
    memset(&disk, 0, sizeof disk);
}

void power_fail(int error) {
    disk.error = error;
}

uint64_t power_sync_count(void) {
    return disk.sync_count;
}

void power_write_back(void) {
    for (size_t i = 0; i < disk.count; i++) {
        if (disk.files[i].is_there && chance(3) == 0) {
            write_back(&disk.files[i], 50);
        }
        if (chance(6) == 0) {
            disk.files[i].is_entered = disk.files[i].is_there;
        }
    }
}

void power_cut(void) {
    unsigned percent = chance(3) * 50; /* nothing that was on the way arrives, half, or all */
    for (size_t i = 0; i < disk.count; i++) {
        struct file *f = &disk.files[i];
        if (f->is_there && percent > 0) {
            write_back(f, percent);
        }
        if (f->is_there != f->is_entered && chance(2) == 0) {
            f->is_entered = f->is_there;
        }
        syscall(SYS_unlinkat, AT_FDCWD, f->path, 0);
        f->is_there = f->is_entered;
        if (!f->is_there) {
            f->kept_bytes = 0;
            continue;
        }
        int fd = (int)syscall(SYS_openat, AT_FDCWD, f->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        cr_assert(fd >= 0 && syscall(SYS_pwrite64, fd, f->kept, f->kept_bytes, 0) == (long)f->kept_bytes);
        close(fd);
    }
}

/* ---- in place of the C library's ---- */

static bool fails(bool is_ours_) {
    if (is_ours_ && disk.error != 0) {
        errno = disk.error;
        return true;
    }
    return false;
}

static struct file *opened(int fd) {
    return fd >= 0 && fd < DESCRIPTORS && disk.folder_chars > 0 ? disk.open_files[fd] : NULL;
}

int open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    unsigned mode = flags & O_CREAT ? va_arg(args, unsigned) : 0;
    va_end(args);
    bool ours = is_ours(path);
    if (fails(ours && (flags & (O_CREAT | O_TRUNC)) != 0 && disk.error != EIO)) {
        return -1;
    }
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd < 0 || fd >= DESCRIPTORS || disk.folder_chars == 0) {
        return fd;
    }
    free(disk.open_folders[fd]);
    disk.open_folders[fd] = ours && (flags & O_DIRECTORY) ? strdup(path) : NULL;
    disk.open_files[fd] = ours && !(flags & O_DIRECTORY) ? file_at(path) : NULL;
    if (disk.open_files[fd] != NULL) {
        disk.open_files[fd]->is_there = true;
    }
    return fd;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    if (fails(opened(fd) != NULL)) {
        return -1;
    }
    return (ssize_t)syscall(SYS_pwrite64, fd, bytes, count, offset);
}

int ftruncate(int fd, off_t bytes) {
    return fails(opened(fd) != NULL) ? -1 : (int)syscall(SYS_ftruncate, fd, bytes);
}

static void sync_entries(const char *folder) {
    size_t chars = strlen(folder);
    for (size_t i = 0; i < disk.count; i++) {
        const char *path = disk.files[i].path;
        if (strncmp(path, folder, chars) == 0 && path[chars] == '/' && strchr(path + chars + 1, '/') == NULL) {
            disk.files[i].is_entered = disk.files[i].is_there;
        }
    }
}

static int sync_it(int fd, long call) {
    struct file *f = opened(fd);
    const char *folder = fd >= 0 && fd < DESCRIPTORS ? disk.open_folders[fd] : NULL;
    if (f == NULL && folder == NULL) {
        return (int)syscall(call, fd);
    }
    if (fails(true)) {
        return -1;
    }
    disk.sync_count++;
    if (f != NULL) {
        write_back(f, 100);
    } else {
        sync_entries(folder);
    }
    return 0;
}

int fdatasync(int fd) {
    return sync_it(fd, SYS_fdatasync);
}

int fsync(int fd) {
    return sync_it(fd, SYS_fsync);
}

int unlink(const char *path) {
    if (fails(is_ours(path))) {
        return -1;
    }
    if (is_ours(path)) {
        file_at(path)->is_there = false;
    }
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}
