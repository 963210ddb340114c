/* A disk that misbehaves on demand: preloaded (LD_PRELOAD) into the real agent or gateway, it stands between the
 * program and the files below one folder and refuses what the test wants refused. Everything else passes untouched.
 *
 *   FL_DISK_PREFIX   the folder, absolute
 *   FL_DISK_CONTROL  struct control in a file; mapped, so that the test changes the disk by writing into it, at once
 *   FL_DISK_RECORD   optional: every write, truncation, removal and sync is appended here (struct record, path, data).
 *                    From that the test builds what a power cut at any moment could have left (power.mjs).
 *   FL_DISK_BOOT     optional: stands in for /proc/sys/kernel/random/boot_id, so that a start can be "after a reboot"
 *
 * A full disk is modelled as file systems are: what is there may be overwritten, growing takes from what is free, and
 * removing or cutting files gives back. Left: FUSE and loop devices, which need root; fopen, which nothing that has to
 * be durable uses; renames in the record, for nothing recorded renames. Any thread. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum mode { MODE_OK, MODE_FULL, MODE_READ_ONLY, MODE_SYNC_FAILS, MODE_NTH_FAILS };
enum act { ACT_OPEN, ACT_WRITE, ACT_CUT, ACT_SYNC, ACT_REMOVE, ACT_SYNC_FAILED };
enum { FDS = 65536 };

struct control {
    _Atomic uint64_t mode;    /* enum mode */
    _Atomic int64_t argument; /* MODE_FULL: bytes that are free; MODE_NTH_FAILS: calls until the one that fails */
    _Atomic uint64_t error;   /* errno of MODE_NTH_FAILS */
    _Atomic uint64_t calls, refused, syncs;
};
struct record {
    uint64_t at_ns; /* CLOCK_MONOTONIC */
    uint32_t act;   /* enum act */
    uint32_t path_bytes;
    int64_t offset; /* ACT_CUT: the new length */
    uint64_t bytes; /* of data, which follows the path */
};

static struct control nothing, *control = &nothing;
static char prefix[PATH_MAX], *boot;
static int record_fd = -1;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER; /* of what is recorded */
static char *_Atomic path_of[FDS];                        /* below the prefix; NULL: not ours */

#define REAL(name)                                                                                                     \
    static __typeof__(&name) real;                                                                                     \
    if (!real)                                                                                                         \
        *(void **)&real = dlsym(RTLD_NEXT, #name);

static ssize_t real_write(int fd, const void *bytes, size_t count) {
    REAL(write)
    return real(fd, bytes, count);
}
static int real_open(const char *path, int flags, mode_t mode) {
    REAL(open64)
    return real(path, flags, mode);
}

__attribute__((constructor)) static void set_up(void) {
    const char *folder = getenv("FL_DISK_PREFIX"), *file = getenv("FL_DISK_CONTROL");
    const char *record = getenv("FL_DISK_RECORD");
    boot = getenv("FL_DISK_BOOT");
    if (!folder || !file || strlen(folder) >= sizeof prefix)
        return;
    const int fd = real_open(file, O_RDWR | O_CLOEXEC, 0);
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        abort(); /* a test whose disk never fails would pass */
    close(fd);
    control = at;
    strcpy(prefix, folder);
    if (record)
        record_fd = real_open(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* ---- what is remembered --------------------------------------------------------------------------------------------
 */

static bool is_ours(const char *path) {
    const size_t n = strlen(prefix);
    return n > 0 && strncmp(path, prefix, n) == 0;
}

/* Paths may be relative: the agent's are. */
static bool resolve(const char *path, char out[PATH_MAX]) {
    char folder[PATH_MAX];
    if (path[0] == '/')
        return strlen(path) < PATH_MAX && strcpy(out, path) && is_ours(out);
    if (!getcwd(folder, sizeof folder) || strlen(folder) + strlen(path) + 2 > PATH_MAX)
        return false;
    strcat(strcat(strcpy(out, folder), "/"), path);
    return is_ours(out);
}

static const char *ours(int fd) {
    return fd >= 0 && fd < FDS ? path_of[fd] : NULL;
}

static void remember(int fd, const char *path) {
    if (fd < 0 || fd >= FDS)
        return;
    free(atomic_exchange(&path_of[fd], path ? strdup(path) : NULL));
}

static void note(enum act act, const char *path, int64_t offset, const void *data, uint64_t bytes) {
    struct timespec now;
    const char *name = path + strlen(prefix);
    if (record_fd < 0)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const struct record r = {.at_ns = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec,
                             .act = act,
                             .path_bytes = (uint32_t)strlen(name),
                             .offset = offset,
                             .bytes = data ? bytes : 0};
    if (real_write(record_fd, &r, sizeof r) != sizeof r || real_write(record_fd, name, r.path_bytes) < 0 ||
        (data && real_write(record_fd, data, bytes) != (ssize_t)bytes))
        abort();
}

/* ---- what is refused -----------------------------------------------------------------------------------------------
 */

static bool refuse(int error) {
    control->refused++;
    errno = error;
    return true;
}

/* true: the call must fail; errno says how. */
static bool is_refused(enum act act) {
    control->calls++;
    if (act == ACT_SYNC)
        control->syncs++;
    switch ((enum mode)control->mode) {
    case MODE_READ_ONLY: return act != ACT_SYNC && refuse(EROFS);
    case MODE_SYNC_FAILS: return act == ACT_SYNC && refuse(EIO);
    case MODE_NTH_FAILS: return atomic_fetch_sub(&control->argument, 1) == 1 && refuse((int)control->error);
    case MODE_OK:
    case MODE_FULL: break;
    }
    return false;
}

static int64_t size_of(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 ? st.st_size : 0;
}

static void give_back(int64_t bytes) {
    if (control->mode == MODE_FULL && bytes > 0)
        control->argument += bytes;
}

/* How many of the bytes the disk takes: all, some, or none (-1, with errno). */
static ssize_t room_for(int fd, size_t count, int64_t offset) {
    const int64_t growth = offset + (int64_t)count - size_of(fd);
    if (is_refused(ACT_WRITE))
        return -1;
    if (control->mode != MODE_FULL || growth <= 0)
        return (ssize_t)count;
    const int64_t left = control->argument;
    const int64_t taken = growth <= left ? growth : left;
    if ((int64_t)count - (growth - taken) <= 0) {
        refuse(ENOSPC);
        return -1;
    }
    control->argument -= taken;
    return (ssize_t)count - (growth - taken);
}

/* ---- the calls -----------------------------------------------------------------------------------------------------
 */

static ssize_t put(int fd, const void *bytes, size_t count, int64_t offset) {
    REAL(pwrite64)
    pthread_mutex_lock(&order);
    const ssize_t room = room_for(fd, count, offset);
    const ssize_t done = room < 0 ? -1 : real(fd, bytes, (size_t)room, offset);
    if (done > 0)
        note(ACT_WRITE, ours(fd), offset, bytes, (uint64_t)done);
    pthread_mutex_unlock(&order);
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    REAL(pwrite64)
    return ours(fd) ? put(fd, bytes, count, offset) : real(fd, bytes, count, offset);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    return pwrite64(fd, bytes, count, offset);
}
ssize_t write(int fd, const void *bytes, size_t count) {
    if (!ours(fd))
        return real_write(fd, bytes, count);
    const int64_t offset = fcntl(fd, F_GETFL) & O_APPEND ? size_of(fd) : lseek(fd, 0, SEEK_CUR);
    const ssize_t done = put(fd, bytes, count, offset);
    if (done > 0)
        lseek(fd, offset + done, SEEK_SET);
    return done;
}

int ftruncate64(int fd, off64_t length) {
    REAL(ftruncate64)
    if (!ours(fd))
        return real(fd, length);
    pthread_mutex_lock(&order);
    const int64_t before = size_of(fd);
    const int result = is_refused(ACT_CUT) ? -1 : real(fd, length);
    if (result == 0) {
        give_back(before - length);
        note(ACT_CUT, ours(fd), length, NULL, 0);
    }
    pthread_mutex_unlock(&order);
    return result;
}
int ftruncate(int fd, off_t length) {
    return ftruncate64(fd, length);
}

static int sync_with(int fd, int (*real)(int)) {
    if (!ours(fd))
        return real(fd);
    pthread_mutex_lock(&order);
    const int result = is_refused(ACT_SYNC) ? -1 : real(fd);
    note(result == 0 ? ACT_SYNC : ACT_SYNC_FAILED, ours(fd), 0, NULL, 0);
    pthread_mutex_unlock(&order);
    return result;
}
int fsync(int fd) {
    REAL(fsync)
    return sync_with(fd, real);
}
int fdatasync(int fd) {
    REAL(fdatasync)
    return sync_with(fd, real);
}

int open64(const char *path, int flags, ...) {
    char full[PATH_MAX];
    mode_t mode = 0;
    if (flags & (O_CREAT | __O_TMPFILE)) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    if (boot && strcmp(path, "/proc/sys/kernel/random/boot_id") == 0)
        return real_open(boot, flags, mode);
    if (!resolve(path, full))
        return real_open(path, flags, mode);
    const bool writes = (flags & (O_CREAT | O_TRUNC)) || (flags & O_ACCMODE) != O_RDONLY;
    if (writes && is_refused(ACT_OPEN))
        return -1;
    const int fd = real_open(path, flags, mode);
    if (fd >= 0)
        remember(fd, full);
    return fd;
}
int open(const char *path, int flags, ...) {
    mode_t mode = 0;
    if (flags & (O_CREAT | __O_TMPFILE)) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    return open64(path, flags, mode);
}
/* What a fortified program calls when there is no mode. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags) {
    return open64(path, flags);
}
int __open64_2(const char *path, int flags);
int __open64_2(const char *path, int flags) {
    return open64(path, flags);
}
/* A new file beside a folder's descriptor, as file transfer makes one. */
int openat(int folder, const char *path, int flags, ...) {
    REAL(openat)
    char self[64], full[PATH_MAX];
    mode_t mode = 0;
    if (flags & (O_CREAT | __O_TMPFILE)) {
        va_list args;
        va_start(args, flags);
        mode = va_arg(args, mode_t);
        va_end(args);
    }
    const int fd = real(folder, path, flags, mode);
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    const ssize_t chars = fd >= 0 ? readlink(self, full, sizeof full - 1) : -1;
    if (chars > 0) {
        full[chars] = '\0';
        if (is_ours(full))
            remember(fd, full);
    }
    return fd;
}
int close(int fd) {
    REAL(close)
    remember(fd, NULL);
    return real(fd);
}

int unlink(const char *path) {
    REAL(unlink)
    char full[PATH_MAX];
    struct stat st;
    if (!resolve(path, full))
        return real(path);
    if (is_refused(ACT_REMOVE))
        return -1;
    const int64_t bytes = stat(path, &st) == 0 ? st.st_size : 0;
    pthread_mutex_lock(&order);
    const int result = real(path);
    if (result == 0) {
        give_back(bytes);
        note(ACT_REMOVE, full, 0, NULL, 0);
    }
    pthread_mutex_unlock(&order);
    return result;
}
int rename(const char *from, const char *to) {
    REAL(rename)
    char full[PATH_MAX];
    return resolve(to, full) && is_refused(ACT_REMOVE) ? -1 : real(from, to);
}
