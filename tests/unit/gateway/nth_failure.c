/* Whatever call of the store's file system fails, once, at whatever moment of a short life (start, introduction,
 * samples, a fault code, a log line, its end, stop): nothing crashes, nothing is lost, nothing is doubled, and the next
 * attempt works. The Nth call fails for N = 1, 2, 3, ... until a whole life goes by without reaching it. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failing_disk.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "fieldline/topic.h"
#include "fixture.h"
#include "outbox.h"

#define DEVICE "freezer-7"

struct life {
    struct core core;
    struct settings settings;
    const struct packs *packs;
    char dir[64], path[96];
    int failures; /* seen by the caller */
};

/* ---- what a device sends -------------------------------------------------------------------------------------------
 */

struct letter {
    enum topic_kind kind;
    const char *stream;
    uint64_t seq;
    char text[400];
};
enum { LETTERS = 7 };

static void write_letters(struct letter out[LETTERS]) {
    const long long now = clock_wall_ms();
    char boot[CAP_UUID_BYTES + 1];
    clock_boot_id(boot);
    const struct letter rows[LETTERS] = {
        {TOPIC_UP_BIRTH, fixture_urgent, 1, ""}, {TOPIC_UP_TELE, fixture_bulk, 1, ""},
        {TOPIC_UP_TELE, fixture_bulk, 2, ""},    {TOPIC_UP_EVENT, fixture_urgent, 2, ""},
        {TOPIC_UP_LOG, fixture_bulk, 3, ""},     {TOPIC_UP_TELE, fixture_bulk, 4, ""},
        {TOPIC_UP_EVENT, fixture_urgent, 3, ""}};
    memcpy(out, rows, sizeof rows);
    for (int i = 0; i < LETTERS; i++) {
        char *text = out[i].text;
        const size_t room = sizeof out[i].text;
        switch (out[i].kind) {
        case TOPIC_UP_BIRTH:
            snprintf(text, room,
                     "{\"t\":%lld,\"model\":\"vaccine-freezer\",\"serial\":\"S1\",\"firmware\":\"1\",\"agent\":\"1\","
                     "\"boot\":\"%s\",\"metrics\":[],\"capabilities\":[],\"diagnostics\":[]}",
                     now, boot);
            break;
        case TOPIC_UP_EVENT:
            snprintf(text, room,
                     "{\"t\":%lld,\"kind\":\"fault\",\"code\":\"E05\",\"active\":%s,\"severity\":3,\"text\":\"x\"}",
                     now + i * 1000, out[i].seq == 2 ? "true" : "false");
            break;
        case TOPIC_UP_LOG:
            snprintf(text, room, "{\"logs\":[{\"t\":%lld,\"sev\":6,\"fac\":1,\"app\":\"a\",\"msg\":\"a line\"}]}", now);
            break;
        default:
            snprintf(text, room, "[{\"n\":\"air_temperature\",\"u\":\"Cel\",\"t\":%lld.%03d,\"v\":-20}]", now / 1000,
                     i);
        }
    }
}

/* ---- the gateway's side --------------------------------------------------------------------------------------------
 */

/* Reads everything anew until it works, as the pipeline thread does. */
static void mend(struct life *l) {
    struct fault fault = {""};
    for (int i = 0; pipeline_load(&l->core, &fault) != RESULT_OK; i++) {
        l->failures++;
        cr_assert(fault.text[0], "a failure says what");
        cr_assert_lt(i, 3, "one call fails once, but loading fails again: %s", fault.text);
    }
}

static enum result turn(struct core *core, const struct inbound *m) {
    core->now_ms = clock_wall_ms();
    core->now_mono_ms = clock_mono_ms();
    enum result result = store_begin(core->store);
    if (result == RESULT_OK)
        result = outbox_pump(core);
    if (result == RESULT_OK)
        result = pipeline_receive(core, m);
    if (result == RESULT_OK)
        result = pipeline_finish(core);
    return result == RESULT_OK ? store_commit(core->store) : result;
}

/* Until it is committed; what was not acknowledged is sent again. */
static void deliver(struct life *l, const struct letter *letter) {
    char topic[CAP_TOPIC_BYTES + 1];
    topic_format(DEVICE, letter->kind, topic);
    struct inbound *m = inbound_new(topic, strlen(topic), letter->text, strlen(letter->text));
    m->recv_wall_ms = clock_wall_ms();
    m->recv_mono_us = clock_mono_us();
    snprintf(m->stamp.stream, sizeof m->stamp.stream, "%s", letter->stream);
    m->stamp.seq = m->stamp.from = letter->seq;
    m->has_stamp = true;
    for (int i = 0; turn(&l->core, m) != RESULT_OK; i++) {
        l->failures++;
        cr_assert_lt(i, 3, "one call fails once, but turns fail again: %s", store_error(l->core.store));
        cr_assert(store_error(l->core.store)[0], "a failure says what");
        store_rollback(l->core.store);
        cr_assert_null(effects_drop(l->core.effects, NULL));
        mend(l);
    }
    effects_run(l->core.effects, NULL);
    inbound_free(m);
}

static void open_store(struct life *l) {
    struct fault fault = {""};
    for (int i = 0; store_open(l->path, &l->core.store, &fault) != RESULT_OK; i++) {
        l->failures++;
        cr_assert_null(l->core.store);
        cr_assert(strstr(fault.text, l->path), "it names the file: '%s'", fault.text);
        cr_assert_lt(i, 3, "one call fails once, but opening fails again: %s", fault.text);
    }
}

/* What is on the disk and in the order of the letters must not depend on when something failed. */
static long long count(const struct life *l, const char *sql) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    cr_assert_eq(sqlite3_open(l->path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    cr_assert_eq(sqlite3_step(statement), SQLITE_ROW, "%s", sqlite3_errmsg(db));
    const long long n = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return n;
}

static const char whole[] = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";

static void check(const struct life *l, int nth) {
    static const struct {
        const char *sql;
        long long expected;
    } rows[] = {
        {whole, 1},
        {"SELECT count(*) FROM pragma_foreign_key_check", 0},
        {"SELECT n FROM tally WHERE name = 'devices'", 1},
        {"SELECT count(*) FROM device", 1},
        {"SELECT sum(seq) FROM position", 4 + 3},
        {"SELECT count(*) FROM journal", 3},
        {"SELECT journal_head = (SELECT max(id) FROM journal) FROM presence", 1},
        {"SELECT count(*) FROM journal WHERE prev <> 0 AND (prev >= id OR prev NOT IN (SELECT id FROM journal))", 0},
        {"SELECT n = (SELECT count(*) FROM ticket WHERE is_open = 1) FROM tally WHERE name = 'tickets_open'", 1},
        {"SELECT sum(n) FROM tally WHERE name LIKE 'alarms_%'", 0},
        {"SELECT count(*) FROM log", 1},
        {"SELECT count(*) FROM event", 2},
        {"SELECT count(*) FROM alarm WHERE is_active = 0", 1},
        {"SELECT sum(count) FROM alarm", 1},
        {"SELECT count(*) FROM ticket", 1},
        {"SELECT count(*) FROM quarantine", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_assert_eq(count(l, rows[i].sql), rows[i].expected, "call %d failed: %s", nth, rows[i].sql);
}

static void prepare(struct life *l, const struct packs *packs) {
    *l = (struct life){.settings = {.consent_wait_ms = 60000, .login_max_ms = 3600000}, .packs = packs};
    snprintf(l->dir, sizeof l->dir, "/tmp/fieldline-nth-XXXXXX");
    cr_assert_not_null(mkdtemp(l->dir));
    snprintf(l->path, sizeof l->path, "%s/gateway.db", l->dir);
    l->core.settings = &l->settings;
    l->core.packs = packs;
    l->core.normalizer = normalizer_new();
    l->core.storm = storm_new();
    l->core.acks = acks_new(1000000);
    l->core.effects = effects_new();
    firings_init(&l->core.firings);
    timing_init(&l->core.timing);
}

static void run(const char *program, const char *a, const char *b) {
    char command[300];
    snprintf(command, sizeof command, "%s %s %s", program, a, b);
    cr_assert_eq(system(command), 0, "%s", command);
}

static void finish(struct life *l) {
    firings_fini(&l->core.firings);
    timing_fini(&l->core.timing);
    effects_free(l->core.effects);
    acks_free(l->core.acks);
    normalizer_free(l->core.normalizer);
    storm_free(l->core.storm);
    registry_free(l->core.registry);
    fleets_free(l->core.fleets);
    run("rm -rf", l->dir, "");
}

static void start(struct life *l) {
    open_store(l);
    mend(l);
}

static void stop(struct life *l) {
    history_close(l->core.history);
    store_close(l->core.store);
    l->core.history = NULL;
    l->core.store = NULL;
}

/* One life in which call `nth` fails; false: it has fewer calls. `made`: a store to begin with; NULL: it makes one, and
 * that is all. */
static bool live(const struct packs *packs, int nth, int how, const char *made) {
    struct life l;
    struct letter letters[LETTERS];
    prepare(&l, packs);
    write_letters(letters);
    if (made)
        run("cp", made, l.path);
    failing_disk_arm(nth, how);
    start(&l);
    for (int i = 0; made && i < LETTERS; i++) {
        deliver(&l, &letters[i]);
        if (i == LETTERS / 2) {
            stop(&l);
            start(&l);
        }
    }
    stop(&l);
    const bool was_reached = failing_disk_calls() >= nth;
    failing_disk_arm(0, how);
    if (made)
        check(&l, nth);
    else
        cr_assert_eq(count(&l, whole), 1, "call %d failed while the file was made", nth);
    finish(&l);
    return was_reached;
}

static void sweep(int how, bool is_new, int least) {
    struct packs *packs = NULL;
    struct buf problems;
    struct life first;
    int nth = 1;
    log_set_level(LOG_LEVEL_ERROR);
    buf_init(&problems, 65536);
    cr_assert_eq(packs_load("rules", &packs, &problems), RESULT_OK, "%s", buf_text(&problems));
    buf_fini(&problems);
    failing_disk_install();
    prepare(&first, packs);
    start(&first);
    stop(&first);
    while (live(packs, nth, how, is_new ? NULL : first.path))
        nth++;
    finish(&first);
    cr_assert_gt(nth, least, "%d calls are too few", nth);
    fprintf(stderr, "nth failure: %d lives\n", nth);
    packs_free(packs);
}

Test(nth_failure, promise_6_any_call_may_fail_while_the_store_is_made, .timeout = 170) {
    sweep(FAILING_DISK_IO, true, 100);
}

Test(nth_failure, promise_6_any_call_may_fail, .timeout = 170) {
    sweep(FAILING_DISK_IO, false, 100);
}

Test(nth_failure, promise_6_any_write_may_find_the_disk_full, .timeout = 170) {
    sweep(FAILING_DISK_FULL, false, 50);
}
