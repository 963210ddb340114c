/* A VFS around the usual one: each file is ours with the real one behind it. Reads of the log's index (shared memory)
 * are memory and cannot fail; mapping it can. Left: sqlite3_vfs.xSetSystemCall, which would reach single system calls
 * but not fsync. */
#include "failing_disk.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <string.h>

#include "fieldline/log.h"

struct file {
    sqlite3_file ours;
    sqlite3_file *real; /* in the bytes behind this struct */
};

static sqlite3_vfs *usual;
static sqlite3_vfs failing;
static int left, calls, how_calls_fail;

static bool fails_now(void) {
    calls++;
    return left > 0 && --left == 0;
}
static bool fails(void) {
    return how_calls_fail == FAILING_DISK_IO && fails_now();
}
static sqlite3_file *real_of(sqlite3_file *file) {
    return ((struct file *)file)->real;
}
static int close_file(sqlite3_file *file) {
    return real_of(file)->pMethods->xClose(real_of(file));
}
static int read_file(sqlite3_file *file, void *to, int bytes, sqlite3_int64 at) {
    return fails() ? SQLITE_IOERR_READ : real_of(file)->pMethods->xRead(real_of(file), to, bytes, at);
}
/* Half of it may have been written. */
static int write_file(sqlite3_file *file, const void *from, int bytes, sqlite3_int64 at) {
    if (!fails_now())
        return real_of(file)->pMethods->xWrite(real_of(file), from, bytes, at);
    if (bytes > 1 && real_of(file)->pMethods->xWrite(real_of(file), from, bytes / 2, at) != SQLITE_OK)
        die("test", "the real disk fails");
    return how_calls_fail == FAILING_DISK_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}
static int truncate_file(sqlite3_file *file, sqlite3_int64 bytes) {
    return fails() ? SQLITE_IOERR_TRUNCATE : real_of(file)->pMethods->xTruncate(real_of(file), bytes);
}
static int sync_file(sqlite3_file *file, int flags) {
    (void)file;
    (void)flags; /* nobody cuts the power here, and real syncs would be most of the test's time */
    return fails() ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}
static int file_size(sqlite3_file *file, sqlite3_int64 *out) {
    return fails() ? SQLITE_IOERR_FSTAT : real_of(file)->pMethods->xFileSize(real_of(file), out);
}
static int lock_file(sqlite3_file *file, int kind) {
    return real_of(file)->pMethods->xLock(real_of(file), kind);
}
static int unlock_file(sqlite3_file *file, int kind) {
    return real_of(file)->pMethods->xUnlock(real_of(file), kind);
}
static int is_reserved(sqlite3_file *file, int *out) {
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}
static int control_file(sqlite3_file *file, int what, void *argument) {
    return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}
static int sector_size(sqlite3_file *file) {
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}
static int traits(sqlite3_file *file) {
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}
static int map_index(sqlite3_file *file, int region, int bytes, int extend, void volatile **out) {
    return fails() ? SQLITE_IOERR_SHMMAP : real_of(file)->pMethods->xShmMap(real_of(file), region, bytes, extend, out);
}
static int lock_index(sqlite3_file *file, int offset, int count, int flags) {
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}
static void order_index(sqlite3_file *file) {
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}
static int unmap_index(sqlite3_file *file, int is_last) {
    return real_of(file)->pMethods->xShmUnmap(real_of(file), is_last);
}

static const sqlite3_io_methods methods = {.iVersion = 2,
                                           .xClose = close_file,
                                           .xRead = read_file,
                                           .xWrite = write_file,
                                           .xTruncate = truncate_file,
                                           .xSync = sync_file,
                                           .xFileSize = file_size,
                                           .xLock = lock_file,
                                           .xUnlock = unlock_file,
                                           .xCheckReservedLock = is_reserved,
                                           .xFileControl = control_file,
                                           .xSectorSize = sector_size,
                                           .xDeviceCharacteristics = traits,
                                           .xShmMap = map_index,
                                           .xShmLock = lock_index,
                                           .xShmBarrier = order_index,
                                           .xShmUnmap = unmap_index};

static int open_file(sqlite3_vfs *vfs, const char *path, sqlite3_file *out, int flags, int *flags_out) {
    struct file *file = (struct file *)out;
    (void)vfs;
    memset(file, 0, sizeof *file);
    if (fails())
        return SQLITE_CANTOPEN;
    file->real = (sqlite3_file *)(file + 1);
    const int rc = usual->xOpen(usual, path, file->real, flags, flags_out);
    if (file->real->pMethods != NULL)
        file->ours.pMethods = &methods;
    return rc;
}
static int delete_file(sqlite3_vfs *vfs, const char *path, int is_synced) {
    (void)vfs;
    return fails() ? SQLITE_IOERR_DELETE : usual->xDelete(usual, path, is_synced);
}

void failing_disk_install(void) {
    usual = sqlite3_vfs_find(NULL);
    failing = *usual;
    failing.zName = "failing";
    failing.szOsFile = (int)sizeof(struct file) + usual->szOsFile;
    failing.xOpen = open_file;
    failing.xDelete = delete_file;
    if (sqlite3_vfs_register(&failing, 1) != SQLITE_OK)
        die("test", "cannot register");
}

void failing_disk_arm(int nth, int how) {
    left = nth;
    how_calls_fail = how;
    calls = 0;
}

int failing_disk_calls(void) {
    return calls;
}
