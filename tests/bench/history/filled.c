/* Commits are not synced: what is measured is the file, not the disk. Time is the samples' own, so that an hour of
 * waiting for a chunk to be old takes no hour. */
#include "filled.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/message.h"
#include "store/devices.h"

enum { MESSAGES_A_COMMIT = 200, OLD_CHUNKS = 20, TRIM_ROWS = 2000 };

static bool failed(const struct filled *f, const char *what) {
    fprintf(stderr, "bench-history: %s: %s\n", what, store_error(f->store));
    return false;
}

bool filled_open(struct filled *f) {
    struct fault fault;
    struct birth_message birth = {.model = "bench", .firmware = "1", .agent = "1", .serial = "1"};
    const char *tmp = getenv("TMPDIR");
    memset(f, 0, sizeof *f);
    snprintf(f->folder, sizeof f->folder, "%.200s/fl-history-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(f->folder) == NULL)
        return false;
    snprintf(f->path, sizeof f->path, "%s/gateway.db", f->folder);
    if (store_open(f->path, &f->store, &fault) != RESULT_OK) {
        fprintf(stderr, "bench-history: %s\n", fault.text);
        return false;
    }
    if (history_open(f->store, NULL, &f->history) != RESULT_OK || store_begin(f->store) != RESULT_OK ||
        store_device_put(f->store, "bench", &birth, 1, &f->device) != RESULT_OK || store_commit(f->store) != RESULT_OK)
        return failed(f, "open");
    return true;
}

static bool intern(struct filled *f, size_t count) {
    char metric[32];
    if (store_begin(f->store) != RESULT_OK)
        return failed(f, "begin");
    for (size_t i = 0; i < count; i++) {
        snprintf(metric, sizeof metric, "m%zu", i);
        if (store_series_intern(f->store, f->device, metric, "", &f->series[i]) != RESULT_OK)
            return failed(f, "series");
    }
    return store_commit(f->store) == RESULT_OK || failed(f, "commit");
}

static bool end_turn(struct filled *f, int64_t now_ms) {
    int deleted = 0;
    const bool is_done = history_step(f->history, now_ms, OLD_CHUNKS) == RESULT_OK &&
                         history_tidy(f->history, now_ms, MESSAGES_A_COMMIT) == RESULT_OK &&
                         journal_trim(f->store, history_pins(f->history), TRIM_ROWS, &deleted) == RESULT_OK &&
                         store_commit(f->store) == RESULT_OK && store_checkpoint(f->store) == RESULT_OK;
    return is_done || failed(f, "turn");
}

static bool add_message(struct filled *f, struct journal_row *row) {
    int64_t id = 0;
    if (row->count == 0)
        return true;
    if (journal_append(f->store, row, &id) != RESULT_OK)
        return failed(f, "journal");
    for (size_t i = 0; i < row->count; i++)
        history_add(f->history, row->samples[i].series, id, row->recv_ms, row->samples[i].event_ms,
                    row->samples[i].value);
    return true;
}

bool filled_add(struct filled *f, const struct series *series, size_t count, int64_t message_ms) {
    static struct journal_sample samples[JOURNAL_SAMPLES_MAX];
    size_t *at = mem_alloc(count * sizeof *at), left = 0;
    int64_t now_ms = INT64_MAX, turns = 0;
    bool is_fine = count <= 64 && intern(f, count);
    for (size_t i = 0; i < count; i++) {
        left += series[i].count;
        now_ms = series[i].points[0].event_ms < now_ms ? series[i].points[0].event_ms : now_ms;
    }
    while (is_fine && left > 0) {
        struct journal_row row = {.device = f->device, .samples = samples, .first_ms = now_ms};
        now_ms += message_ms;
        row.recv_ms = row.last_ms = now_ms;
        for (size_t i = 0; i < count; i++)
            for (; at[i] < series[i].count && series[i].points[at[i]].event_ms < now_ms &&
                   row.count < JOURNAL_SAMPLES_MAX;
                 at[i]++)
                samples[row.count++] = (struct journal_sample){f->series[i], series[i].points[at[i]].event_ms,
                                                               series[i].points[at[i]].value};
        left -= row.count;
        if (turns % MESSAGES_A_COMMIT == 0 && store_begin(f->store) != RESULT_OK)
            is_fine = failed(f, "begin");
        is_fine = is_fine && add_message(f, &row);
        if (is_fine && (++turns % MESSAGES_A_COMMIT == 0 || left == 0))
            is_fine = end_turn(f, now_ms);
    }
    free(at);
    return is_fine;
}

static int64_t ask(const struct filled *f, const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t answer = -1;
    if (sqlite3_open(f->path, &db) == SQLITE_OK && sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW)
        answer = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return answer;
}

bool filled_settle(struct filled *f, int64_t now_ms) {
    bool is_fine = true;
    for (int64_t before = -1; is_fine;) {
        const int64_t due = ask(f, "SELECT (SELECT count(*) FROM tier_due) + (SELECT count(*) FROM journal)");
        if (due == before)
            break;
        before = due;
        is_fine = store_begin(f->store) == RESULT_OK && end_turn(f, now_ms);
    }
    history_close(f->history);
    store_close(f->store);
    f->history = NULL;
    f->store = NULL;
    return is_fine;
}

int64_t filled_bytes(const struct filled *f) {
    return (ask(f, "PRAGMA page_count") - ask(f, "PRAGMA freelist_count")) * ask(f, "PRAGMA page_size");
}

void filled_remove(struct filled *f) {
    char command[400];
    history_close(f->history);
    store_close(f->store);
    snprintf(command, sizeof command, "rm -rf '%s'", f->folder);
    if (system(command) != 0)
        fprintf(stderr, "bench-history: %s is left\n", f->folder);
}
