/* Opening, refusing, transactions, and what is left after a kill or on a full disk. */
#include "fixture.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/audit.h"
#include "store/backup.h"
#include "store/handle.h"
#include "store/migrate.h"
#include "store/records.h"

Test(store, a_new_file_gets_the_newest_schema_and_opens_again) {
    struct fixture f;
    fixture_open(&f);
    cr_expect_eq(ask(&f, "PRAGMA user_version"), migrations[migration_count - 1].version);
    cr_expect_eq(ask(&f, "PRAGMA application_id"), STORE_APPLICATION_ID);
    struct stat stat_of;
    cr_assert_eq(stat(f.path, &stat_of), 0);
    cr_expect_eq(stat_of.st_mode & 0777, 0600, "it holds what nobody else is to read");
    add_device(&f, "freezer-7");
    fixture_reopen(&f);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM device"), 1);
    fixture_close(&f);
}

Test(store, each_older_version_migrates_to_the_newest) {
    for (int i = 0; i < migration_count; i++) {
        char path[] = "/tmp/fieldline-migrate-XXXXXX";
        struct sql sql;
        struct fault fault;
        struct store *store = NULL;
        close(mkstemp(path));
        cr_assert_eq(sql_open(&sql, path, SQLITE_OPEN_READWRITE, &fault), RESULT_OK);
        cr_assert_eq(migrate_to(&sql, path, migrations[i].version - 1, &fault), RESULT_OK);
        sql_close(&sql);
        cr_assert_eq(store_open(path, &store, &fault), RESULT_OK, "from %d: %s", migrations[i].version - 1, fault.text);
        store_close(store);
        cr_expect_eq(store_check(path, &fault), RESULT_OK, "from %d: %s", migrations[i].version - 1, fault.text);
        cr_expect(i == 0 || migrations[i].version > migrations[i - 1].version, "numbers rise");
        unlink(path);
    }
}

Test(store, files_that_are_not_ours_are_refused_and_left_alone) {
    static const struct {
        const char *what, *sql;
        enum result result;
        const char *says;
    } rows[] = {
        {"a newer schema", "PRAGMA application_id = 0x464c444c; PRAGMA user_version = 999", RESULT_CONFLICT, "newer"},
        {"another program's", "PRAGMA application_id = 77; CREATE TABLE x(y)", RESULT_BAD_INPUT, "another program"},
        {"another program's without a number", "CREATE TABLE x(y)", RESULT_BAD_INPUT, "another program"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[] = "/tmp/fieldline-foreign-XXXXXX";
        sqlite3 *db = NULL;
        struct store *store = NULL;
        struct fault fault = {""};
        close(mkstemp(path));
        cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(db, rows[i].sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        cr_expect_eq(store_open(path, &store, &fault), rows[i].result, "%s", rows[i].what);
        cr_expect(strstr(fault.text, rows[i].says) && strstr(fault.text, path), "%s: %s", rows[i].what, fault.text);
        cr_expect_null(store);
        unlink(path);
    }
}

Test(store, what_is_no_database_is_refused) {
    char path[] = "/tmp/fieldline-text-XXXXXX";
    struct store *store = NULL;
    struct fault fault = {""};
    const int fd = mkstemp(path);
    cr_assert_gt(
        write(fd,
              "this is no database, but a text that is long enough to be looked at as one ..........................",
              100),
        0);
    close(fd);
    cr_expect_eq(store_open(path, &store, &fault), RESULT_CORRUPT, "%s", fault.text);
    cr_expect_eq(store_open("/nowhere/at/all.db", &store, &fault), RESULT_IO);
    cr_expect(strstr(fault.text, "/nowhere/at/all.db"), "%s", fault.text);
    unlink(path);
}

Test(store, a_rollback_leaves_nothing) {
    struct fixture f;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    begin(&f);
    cr_assert_eq(store_device_seen(f.store, device, false, 5000), RESULT_OK);
    cr_assert_eq(store_stream_put(f.store, device, "s", false, 9, 5000, &(int64_t){0}), RESULT_OK);
    cr_assert_eq(store_counter_add(f.store, "messages", 3), RESULT_OK);
    store_rollback(f.store);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM stream"), 0);
    cr_expect_eq(ask(&f, "SELECT last_seen_ms FROM presence"), 1000);
    begin(&f);
    cr_assert_eq(store_device_seen(f.store, device, false, 6000), RESULT_OK);
    commit(&f);
    cr_expect_eq(ask(&f, "SELECT last_seen_ms FROM presence"), 6000);
    cr_expect_eq(ask(&f, "SELECT n FROM tally WHERE name = 'online'"), 0, "counted once, not twice");
    fixture_close(&f);
}

Test(store, names_and_counters_last) {
    struct fixture f;
    char *value = NULL;
    int64_t n = 0;
    fixture_open(&f);
    begin(&f);
    cr_assert_eq(store_meta_put(f.store, "site", "one"), RESULT_OK);
    cr_assert_eq(store_meta_put(f.store, "site", "two"), RESULT_OK);
    cr_assert_eq(store_counter_add(f.store, "messages", 40), RESULT_OK);
    cr_assert_eq(store_counter_add(f.store, "messages", 2), RESULT_OK);
    commit(&f);
    fixture_reopen(&f);
    cr_assert_eq(store_meta_get(f.store, "site", &value), RESULT_OK);
    cr_expect_str_eq(value, "two");
    free(value);
    cr_assert_eq(store_meta_get(f.store, "nothing", &value), RESULT_OK);
    cr_expect_null(value);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_counter(reader, "messages", &n), RESULT_OK);
    cr_expect_eq(n, 42);
    cr_assert_eq(reader_counter(reader, "never", &n), RESULT_OK);
    cr_expect_eq(n, 0);
    reader_close(reader);
    fixture_close(&f);
}

Test(store, a_second_gateway_is_refused) {
    struct fixture f;
    struct store *second = NULL;
    struct history *history = NULL, *other = NULL;
    fixture_open(&f);
    cr_assert_eq(history_open(f.store, NULL, &history), RESULT_OK);
    cr_assert_eq(store_open(f.path, &second, &f.fault), RESULT_OK, "a command of ours may write beside it");
    cr_expect_eq(history_open(second, NULL, &other), RESULT_BUSY);
    cr_expect(strstr(store_error(second), "another gateway"), "%s", store_error(second));
    store_close(second);
    history_close(history);
    cr_assert_eq(history_open(f.store, NULL, &history), RESULT_OK, "the same one may open it again");
    history_close(history);
    fixture_close(&f);
}

/* One transaction as the gateway makes them: everything that must stand or fall together. */
static enum result write_batch(struct store *store, int64_t device, uint64_t seq, int rows) {
    struct journal_sample sample = {.series = 1, .event_ms = (int64_t)seq * 1000, .value = (double)seq};
    int64_t id = 0;
    enum result result = store_begin(store);
    for (int i = 0; i < rows && result == RESULT_OK; i++) {
        const struct journal_row row = {.device = device, .seq = seq, .samples = &sample, .count = 1};
        result = journal_append(store, &row, &id);
    }
    const struct audit_row audit = {.at_ms = (int64_t)seq,
                                    .who = "test",
                                    .what = "batch",
                                    .object = "",
                                    .result = "ok",
                                    .detail = "",
                                    .address = ""};
    if (result == RESULT_OK)
        result = audit_add(store, &audit);
    if (result == RESULT_OK)
        result = store_stream_put(store, device, "stream", false, seq, 0, &(int64_t){0});
    if (result == RESULT_OK)
        result = store_commit(store);
    if (result != RESULT_OK)
        store_rollback(store);
    return result;
}

static void expect_consistent(struct fixture *f, int rows, int64_t at_least, const char *when) {
    struct audit_verdict verdict;
    const int64_t seq = ask(f, "SELECT coalesce(max(seq), 0) FROM position");
    cr_expect_geq(seq, at_least, "%s: what was committed is there", when);
    cr_expect_eq(ask(f, "SELECT count(*) FROM journal"), seq * rows, "%s: all or nothing", when);
    cr_expect_eq(ask(f, "SELECT coalesce(max(id), 0) FROM audit"), seq, "%s", when);
    cr_expect_eq(ask(f, "SELECT journal_head FROM presence"), ask(f, "SELECT coalesce(max(id), 0) FROM journal"), "%s",
                 when);
    cr_assert_eq(audit_verify(f->path, &verdict, &f->fault), RESULT_OK);
    cr_expect(verdict.is_whole, "%s: %s", when, verdict.text);
    cr_expect_eq(store_check(f->path, &f->fault), RESULT_OK, "%s: %s", when, f->fault.text);
}

/* The child writes until it is killed, telling each committed batch through the pipe; most kills hit a batch under way.
 */
static uint64_t write_until_killed(const char *path, int64_t device, uint64_t from, int64_t after_us) {
    int pipes[2];
    uint64_t told = from, seq = 0;
    cr_assert_eq(pipe(pipes), 0);
    const pid_t child = fork();
    if (child == 0) {
        struct store *store = NULL;
        struct fault fault;
        if (store_open(path, &store, &fault) != RESULT_OK)
            _exit(1);
        for (seq = from + 1;; seq++)
            if (write_batch(store, device, seq, 50) != RESULT_OK || store_checkpoint(store) != RESULT_OK ||
                write(pipes[1], &seq, sizeof seq) != sizeof seq)
                _exit(2);
    }
    close(pipes[1]);
    cr_assert_eq(read(pipes[0], &told, sizeof told), sizeof told, "the first batch was committed");
    usleep((useconds_t)after_us);
    cr_assert_eq(kill(child, SIGKILL), 0);
    while (read(pipes[0], &seq, sizeof seq) == sizeof seq)
        told = seq;
    close(pipes[0]);
    int status = 0;
    waitpid(child, &status, 0);
    cr_assert(WIFSIGNALED(status), "it was still writing");
    return told;
}

Test(store, sigkill_in_the_middle_loses_nothing_committed_and_keeps_no_half) {
    struct fixture f;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    store_close(f.store);
    uint64_t seq = 0;
    for (int round = 0; round < 12; round++) {
        seq = write_until_killed(f.path, device, seq, 1000 + 3700 * round);
        cr_assert_eq(store_open(f.path, &f.store, &f.fault), RESULT_OK, "%s", f.fault.text);
        expect_consistent(&f, 50, (int64_t)seq, "after a kill");
        seq = (uint64_t)ask(&f, "SELECT max(seq) FROM position"); /* one more may be committed than was told */
        store_close(f.store);
    }
    cr_assert_eq(store_open(f.path, &f.store, &f.fault), RESULT_OK);
    fixture_close(&f);
}

Test(store, a_full_disk_refuses_whole_transactions_and_recovers) {
    struct fixture f;
    uint64_t seq = 0;
    char limit[64];
    enum result result = RESULT_OK;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    snprintf(limit, sizeof limit, "PRAGMA max_page_count = %lld", (long long)ask(&f, "PRAGMA page_count") + 20);
    cr_assert_eq(sql_script(&f.store->sql, limit), RESULT_OK);
    while (result == RESULT_OK && seq < 10000)
        result = write_batch(f.store, device, ++seq, 50);
    cr_assert_eq(result, RESULT_FULL, "%s", store_error(f.store));
    cr_expect_not(store_is_in_transaction(f.store));
    expect_consistent(&f, 50, (int64_t)seq - 1, "full");
    cr_expect_eq(ask(&f, "SELECT max(seq) FROM position"), (int64_t)seq - 1);
    cr_expect_eq(write_batch(f.store, device, seq, 50), RESULT_FULL, "still");
    cr_assert_eq(sql_script(&f.store->sql, "PRAGMA max_page_count = 1000000"), RESULT_OK);
    cr_expect_eq(write_batch(f.store, device, seq, 50), RESULT_OK, "room again: the same batch goes through");
    expect_consistent(&f, 50, (int64_t)seq, "room again");
    fixture_close(&f);
}

Test(store, a_log_that_cannot_grow_refuses_whole_transactions_and_recovers) {
    struct fixture f;
    uint64_t seq = 0;
    enum result result = RESULT_OK;
    struct rlimit limit;
    struct stat log;
    char path[128];
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    snprintf(path, sizeof path, "%s-wal", f.path);
    cr_assert_eq(stat(path, &log), 0);
    signal(SIGXFSZ, SIG_IGN);
    cr_assert_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = (rlim_t)log.st_size + 200 * 1024 + 77; /* in the middle of a page */
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    while (result == RESULT_OK && seq < 10000)
        result = write_batch(f.store, device, ++seq, 50);
    cr_assert(result == RESULT_IO || result == RESULT_FULL, "%s: %s", result_name(result), store_error(f.store));
    cr_expect_neq(write_batch(f.store, device, seq, 50), RESULT_OK, "still");
    limit.rlim_cur = before;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    expect_consistent(&f, 50, (int64_t)seq - 1, "full");
    cr_expect_eq(write_batch(f.store, device, seq, 50), RESULT_OK, "room again: %s", store_error(f.store));
    expect_consistent(&f, 50, (int64_t)seq, "room again");
    fixture_close(&f);
}

Test(store, a_row_that_refers_to_nothing_is_a_conflict) {
    struct fixture f;
    fixture_open(&f);
    begin(&f);
    const struct log_record record = {.event_ms = 1, .severity = 3, .app = "x", .text = "y"};
    cr_expect_eq(store_log_add(f.store, 77, 1, &record), RESULT_CONFLICT);
    store_rollback(f.store);
    fixture_close(&f);
}

Test(store, checkpoints_keep_the_log_short_while_commits_go_on) {
    struct fixture f;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    int64_t most = 0;
    for (uint64_t seq = 1; seq <= 800; seq++) {
        cr_assert_eq(write_batch(f.store, device, seq, 300), RESULT_OK);
        cr_assert_eq(store_checkpoint(f.store), RESULT_OK);
        const int64_t wal = store_read_figures(f.store).wal_bytes;
        most = wal > most ? wal : most;
    }
    const struct store_figures figures = store_read_figures(f.store);
    cr_expect_gt(figures.checkpoints, 0);
    cr_expect_lt(most, 64 * 1024 * 1024, "%lld bytes", (long long)most);
    expect_consistent(&f, 300, 800, "after checkpoints");
    fixture_close(&f);
}
