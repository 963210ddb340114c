#include "fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sqlite3.h>

void fixture_open(struct fixture *f) {
    snprintf(f->folder, sizeof f->folder, "/tmp/fieldline-store-XXXXXX");
    cr_assert_not_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/gateway.db", f->folder);
    cr_assert_eq(store_open(f->path, &f->store, &f->fault), RESULT_OK, "%s", f->fault.text);
}

void fixture_reopen(struct fixture *f) {
    store_close(f->store);
    cr_assert_eq(store_open(f->path, &f->store, &f->fault), RESULT_OK, "%s", f->fault.text);
}

void fixture_close(struct fixture *f) {
    char command[128];
    store_close(f->store);
    snprintf(command, sizeof command, "rm -r '%s'", f->folder);
    cr_assert_eq(system(command), 0);
}

void begin(struct fixture *f) {
    cr_assert_eq(store_begin(f->store), RESULT_OK, "%s", store_error(f->store));
}

void commit(struct fixture *f) {
    cr_assert_eq(store_commit(f->store), RESULT_OK, "%s", store_error(f->store));
}

int64_t add_device(struct fixture *f, const char *device) {
    struct birth_message birth = {.model = "freezer-v1", .firmware = "1.4.2", .agent = "1.0.0", .capabilities = 3};
    int64_t row = 0;
    snprintf(birth.serial, sizeof birth.serial, "SN-%.50s", device);
    snprintf(birth.diagnostics[birth.diagnostic_count++], sizeof birth.diagnostics[0], "disk");
    begin(f);
    cr_assert_eq(store_device_put(f->store, device, &birth, 1000, &row), RESULT_OK);
    commit(f);
    return row;
}

struct reader *open_reader(struct fixture *f) {
    struct reader *reader = NULL;
    cr_assert_eq(reader_open(f->path, &reader, &f->fault), RESULT_OK, "%s", f->fault.text);
    return reader;
}

int64_t ask(struct fixture *f, const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t answer = -1;
    cr_assert_eq(sqlite3_open(f->path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK, "%s: %s", sql, sqlite3_errmsg(db));
    const int rc = sqlite3_step(stmt);
    cr_assert(rc == SQLITE_ROW || rc == SQLITE_DONE, "%s: %s", sql, sqlite3_errmsg(db));
    if (rc == SQLITE_ROW)
        answer = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return answer;
}
