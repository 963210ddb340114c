/* Brings a file to the newest schema. The version is read again inside each transaction, so two programs that start at
 * the same moment do not apply a migration twice; a kill leaves the file at the version it had.
 *
 * There is no way down: a file that is newer than the program is refused, and the way back is the backup. */
#include "store/migrate.h"

#include <stdio.h>

static enum result read_pragma(struct sql *sql, const char *text, int64_t *out) {
    struct query q = query_of(sql, text);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *out = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

enum result migrate_look(struct sql *sql, const char *path, int64_t *version, struct fault *fault) {
    int64_t application = 0, tables = 0;
    enum result result = read_pragma(sql, "PRAGMA application_id", &application);
    if (result == RESULT_OK)
        result = read_pragma(sql, "PRAGMA user_version", version);
    if (result == RESULT_OK)
        result = read_pragma(sql, "SELECT count(*) FROM sqlite_schema", &tables);
    if (result != RESULT_OK)
        return sql_fault(sql, path, result, fault);
    const bool is_empty = application == 0 && *version == 0 && tables == 0;
    if (!is_empty && application != STORE_APPLICATION_ID)
        return fault_set(fault, RESULT_BAD_INPUT, "%s: an SQLite file of another program, not a Fieldline store", path);
    if (*version > migrations[migration_count - 1].version)
        return fault_set(fault, RESULT_CONFLICT, "%s: schema %lld is newer than this program's %d; use a newer program",
                         path, (long long)*version, migrations[migration_count - 1].version);
    return RESULT_OK;
}

static enum result apply(struct sql *sql, const struct migration *m, bool *is_done) {
    char tail[96];
    int64_t version = 0;
    enum result result = sql_script(sql, "BEGIN IMMEDIATE");
    if (result != RESULT_OK)
        return result;
    result = read_pragma(sql, "PRAGMA user_version", &version);
    *is_done = result == RESULT_OK && version >= m->version;
    if (result == RESULT_OK && !*is_done) {
        snprintf(tail, sizeof tail, "PRAGMA user_version = %d; PRAGMA application_id = %d", m->version,
                 STORE_APPLICATION_ID);
        result = sql_script(sql, m->script);
        if (result == RESULT_OK)
            result = sql_script(sql, tail);
    }
    if (result == RESULT_OK)
        result = sql_script(sql, "COMMIT");
    if (result != RESULT_OK && !sqlite3_get_autocommit(sql->db))
        sqlite3_exec(sql->db, "ROLLBACK", NULL, NULL, NULL); /* keeps the text of the first error */
    return result;
}

enum result migrate_to(struct sql *sql, const char *path, int version, struct fault *fault) {
    int64_t now = 0;
    enum result result = migrate_look(sql, path, &now, fault);
    for (int i = 0; result == RESULT_OK && i < migration_count && migrations[i].version <= version; i++) {
        bool is_done = migrations[i].version <= now;
        if (is_done)
            continue;
        result = apply(sql, &migrations[i], &is_done);
        if (result != RESULT_OK) {
            sql_fault(sql, path, result, fault);
            fault_prefix(fault, "migration %d (%s)", migrations[i].version, migrations[i].what);
        }
    }
    return result;
}

enum result migrate(struct sql *sql, const char *path, struct fault *fault) {
    return migrate_to(sql, path, migrations[migration_count - 1].version, fault);
}

enum result migrate_check(struct sql *sql, const char *path, struct fault *fault) {
    int64_t version = 0;
    const enum result result = migrate_look(sql, path, &version, fault);
    if (result != RESULT_OK)
        return result;
    if (version != migrations[migration_count - 1].version)
        return fault_set(fault, RESULT_CONFLICT, "%s: schema %lld, this program needs %d; start the gateway once", path,
                         (long long)version, migrations[migration_count - 1].version);
    return RESULT_OK;
}
