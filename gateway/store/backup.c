/* Online copies. SQLite's backup reads the file page by page; when the writer commits meanwhile, it begins anew, so
 * steps are large and a busy gateway's copy is taken in one read transaction of the source instead: what it began with,
 * it finishes with. The copy is checked before it gets its name: a backup that cannot be restored is worse than none.
 */
#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/migrate.h"
#include "store/sql.h"

enum { STEP_PAGES = 1024, BUSY_TRIES = 200, BUSY_WAIT_MS = 25 };

static enum result copy_pages(struct sql *from, struct sql *to, bool (*step)(void *self, int done, int all),
                              void *self) {
    sqlite3_backup *backup = sqlite3_backup_init(to->db, "main", from->db, "main");
    int rc = SQLITE_OK, busy = 0;
    bool is_wanted = true;
    if (backup == NULL)
        return sql_failed(to, sqlite3_errcode(to->db));
    while (is_wanted && (rc == SQLITE_OK || ((rc & 0xff) == SQLITE_BUSY && busy < BUSY_TRIES))) {
        rc = sqlite3_backup_step(backup, STEP_PAGES);
        if ((rc & 0xff) == SQLITE_BUSY) {
            busy++;
            sqlite3_sleep(BUSY_WAIT_MS);
            continue;
        }
        const int all = sqlite3_backup_pagecount(backup);
        if (step != NULL && rc == SQLITE_OK)
            is_wanted = step(self, all - sqlite3_backup_remaining(backup), all);
    }
    sqlite3_backup_finish(backup);
    if (!is_wanted)
        return RESULT_CLOSED;
    return rc == SQLITE_DONE ? RESULT_OK : sql_failed(to, rc);
}

static enum result copy_to(const char *from_path, const char *to_path, bool (*step)(void *self, int done, int all),
                           void *self, struct fault *fault) {
    struct sql from, to;
    enum result result = sql_open(&from, from_path, SQLITE_OPEN_READWRITE, fault);
    if (result != RESULT_OK)
        return result;
    result = migrate_check(&from, from_path, fault);
    if (result == RESULT_OK)
        result = sql_open(&to, to_path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, fault);
    if (result != RESULT_OK) {
        sql_close(&from);
        return result;
    }
    result = sql_script(&from, "BEGIN; SELECT count(*) FROM sqlite_schema"); /* holds the moment */
    if (result != RESULT_OK)
        sql_fault(&from, from_path, result, fault);
    if (result == RESULT_OK) {
        result = copy_pages(&from, &to, step, self);
        if (result == RESULT_CLOSED)
            fault_set(fault, result, "%s: stopped", to_path);
        else if (result != RESULT_OK)
            sql_fault(&to, to_path, result, fault);
    }
    sql_close(&to);
    sql_close(&from);
    return result;
}

static enum result sync_file(const char *path, struct fault *fault) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return is_synced ? RESULT_OK : fault_set(fault, RESULT_IO, "%s: %m", path);
}

enum result store_backup(const char *from_path, const char *to_path, bool (*step)(void *self, int done, int all),
                         void *self, struct fault *fault) {
    char part[4096];
    if (snprintf(part, sizeof part, "%s.part", to_path) >= (int)sizeof part)
        return fault_set(fault, RESULT_TOO_BIG, "the path of the copy is too long");
    if (access(to_path, F_OK) == 0)
        return fault_set(fault, RESULT_CONFLICT, "%s exists: choose another name", to_path);
    if (unlink(part) != 0 && errno != ENOENT)
        return fault_set(fault, RESULT_IO, "%s: %m", part);
    enum result result = copy_to(from_path, part, step, self, fault);
    if (result == RESULT_OK)
        result = store_check(part, fault);
    if (result == RESULT_OK)
        result = sync_file(part, fault);
    if (result == RESULT_OK && link(part, to_path) != 0) /* not rename: it would overwrite what appeared meanwhile */
        result = fault_set(fault, RESULT_IO, "%s: %m", to_path);
    unlink(part);
    return result;
}

static enum result first_complaint(struct sql *sql, const char *text, const char *path, struct fault *fault) {
    struct query q = query_of(sql, text);
    enum result result = RESULT_OK;
    if (query_next(&q)) {
        const char *what = take_text(&q);
        if (strcmp(what, "ok") != 0)
            result = fault_set(fault, RESULT_CORRUPT, "%s: %s", path, what);
    }
    const enum result ended = query_end(&q);
    return ended == RESULT_OK ? result : sql_fault(sql, path, ended, fault);
}

enum result store_check(const char *path, struct fault *fault) {
    struct sql sql;
    enum result result = sql_open(&sql, path, SQLITE_OPEN_READWRITE, fault);
    if (result != RESULT_OK)
        return result;
    result = migrate_check(&sql, path, fault);
    if (result == RESULT_OK)
        result = first_complaint(&sql, "PRAGMA integrity_check(1)", path, fault);
    if (result == RESULT_OK)
        result = first_complaint(&sql,
                                 "SELECT 'a row of ' || \"table\" || ' refers to a missing ' || parent"
                                 " FROM pragma_foreign_key_check LIMIT 1",
                                 path, fault);
    sql_close(&sql);
    return result;
}
