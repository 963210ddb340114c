/* Users, logins, outbox, audit log, backup. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"
#include "store/audit.h"
#include "store/backup.h"
#include "store/outbox.h"
#include "store/records.h"
#include "store/users.h"

static struct user_row a_user(const char *name, enum role role, bool is_disabled) {
    struct user_row u = {.role = role, .is_disabled = is_disabled, .created_ms = 5};
    snprintf(u.name, sizeof u.name, "%s", name);
    snprintf(u.title, sizeof u.title, "Dr. %s", name);
    snprintf(u.password, sizeof u.password, "$argon2id$%s", name);
    return u;
}

static void count_user(void *self, const struct user_row *user) {
    snprintf((char *)self + strlen(self), 100, "%s ", user->name);
}

Test(users, put_find_disable) {
    struct fixture f;
    struct user_row got;
    struct login_row login = {.created_ms = 10, .seen_ms = 10, .expires_ms = 1000, .address = "::1"}, found;
    char names[200] = "";
    int64_t id = 0;
    fixture_open(&f);
    struct user_row eva = a_user("eva", ROLE_ENGINEER, false), sue = a_user("sue", ROLE_SUPPORT, false);
    memset(login.token_sha256, 7, sizeof login.token_sha256);
    begin(&f);
    cr_assert_eq(store_user_put(f.store, &sue, &id), RESULT_OK);
    cr_assert_eq(store_user_put(f.store, &eva, &id), RESULT_OK);
    login.user_id = id;
    cr_assert_eq(store_login_add(f.store, &login), RESULT_OK);
    cr_expect_eq(store_login_add(f.store, &login), RESULT_CONFLICT, "a token is there once");
    store_rollback(f.store);
    begin(&f);
    cr_assert_eq(store_user_put(f.store, &sue, &id), RESULT_OK);
    cr_assert_eq(store_user_put(f.store, &eva, &login.user_id), RESULT_OK);
    cr_assert_eq(store_login_add(f.store, &login), RESULT_OK);
    cr_assert_eq(store_login_seen(f.store, login.token_sha256, 300), RESULT_OK);
    cr_assert_eq(store_login_seen(f.store, login.token_sha256, 200), RESULT_OK);
    commit(&f);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_user(reader, "eva", &got), RESULT_OK);
    cr_expect(got.role == ROLE_ENGINEER && strcmp(got.title, "Dr. eva") == 0 &&
              strcmp(got.password, "$argon2id$eva") == 0 && !got.is_disabled && got.created_ms == 5);
    cr_expect_eq(reader_user(reader, "EVA", &got), RESULT_NOT_FOUND, "names are exact");
    cr_assert_eq(reader_login(reader, login.token_sha256, &found, &got), RESULT_OK);
    cr_expect(strcmp(got.name, "eva") == 0 && found.seen_ms == 300 && found.expires_ms == 1000 &&
              found.created_ms == 10 && strcmp(found.address, "::1") == 0);
    begin(&f);
    eva.is_disabled = true;
    cr_assert_eq(store_user_put(f.store, &eva, &id), RESULT_OK);
    cr_expect_eq(id, login.user_id, "the same user");
    commit(&f);
    cr_expect_eq(reader_login(reader, login.token_sha256, &found, &got), RESULT_NOT_FOUND,
                 "disabled: no login lives on");
    cr_assert_eq(store_users(f.store, count_user, names), RESULT_OK);
    cr_expect_str_eq(names, "eva sue ");
    cr_expect_eq(store_user_find(f.store, "nobody", &got), RESULT_NOT_FOUND);
    reader_close(reader);
    fixture_close(&f);
}

Test(users, logins_end_by_age_idleness_or_wish) {
    struct fixture f;
    int64_t id = 0;
    fixture_open(&f);
    struct user_row eva = a_user("eva", ROLE_ENGINEER, false);
    begin(&f);
    cr_assert_eq(store_user_put(f.store, &eva, &id), RESULT_OK);
    for (uint8_t i = 0; i < 4; i++) {
        struct login_row login = {
            .user_id = id, .created_ms = 1, .seen_ms = i == 1 ? 50 : 500, .expires_ms = i == 0 ? 900 : 9000};
        memset(login.token_sha256, i, sizeof login.token_sha256);
        cr_assert_eq(store_login_add(f.store, &login), RESULT_OK);
    }
    cr_assert_eq(store_logins_expire(f.store, 900, 100), RESULT_OK);
    uint8_t token[SHA256_BYTES];
    memset(token, 2, sizeof token);
    cr_assert_eq(store_login_delete(f.store, token), RESULT_OK);
    cr_assert_eq(store_login_delete(f.store, token), RESULT_OK, "gone already is fine");
    commit(&f);
    cr_expect_eq(ask(&f, "SELECT count(*) FROM login"), 1);
    cr_expect_eq(ask(&f, "SELECT hex(token) LIKE '0303%' FROM login"), 1);
    fixture_close(&f);
}

static void see_outbox(void *self, const struct outbox_row *row) {
    snprintf((char *)self + strlen(self), 200, "%s %s %s %s %s %lld;", row->id, row->device, row->verb, row->about,
             row->args_json, (long long)row->tries);
}

Test(outbox, until_answered_or_expired) {
    struct fixture f;
    struct outbox_row got;
    char text[1000] = "";
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    struct outbox_row a = {.id = "c-1",
                           .device_id = device,
                           .verb = "session.open",
                           .about = "s-1",
                           .args_json = "{\"x\":1}",
                           .created_ms = 100,
                           .expires_ms = 500,
                           .next_ms = 100};
    struct outbox_row b = {.id = "c-2",
                           .device_id = device,
                           .verb = "session.end",
                           .args_json = "{}",
                           .created_ms = 100,
                           .expires_ms = 150,
                           .next_ms = 400};
    begin(&f);
    cr_assert_eq(outbox_add(f.store, &a), RESULT_OK, "%s", store_error(f.store));
    cr_assert_eq(outbox_add(f.store, &b), RESULT_OK);
    cr_expect_eq(outbox_add(f.store, &a), RESULT_CONFLICT, "an id is there once");
    cr_assert_eq(outbox_due(f.store, 100, 10, see_outbox, text), RESULT_OK);
    cr_expect_str_eq(text, "c-1 freezer-7 session.open s-1 {\"x\":1} 0;");
    cr_assert_eq(outbox_tried(f.store, "c-1", 3000), RESULT_OK);
    text[0] = '\0';
    cr_assert_eq(outbox_due(f.store, 500, 10, see_outbox, text), RESULT_OK);
    cr_expect_str_eq(text, "c-2 freezer-7 session.end  {} 0;c-1 freezer-7 session.open s-1 {\"x\":1} 1;");
    cr_assert_eq(outbox_done(f.store, "c-1", &got), RESULT_OK);
    cr_expect(strcmp(got.verb, "session.open") == 0 && strcmp(got.about, "s-1") == 0 && got.device_id == device &&
              got.tries == 1);
    cr_expect_eq(outbox_done(f.store, "c-1", &got), RESULT_NOT_FOUND, "a repeated answer");
    cr_expect_eq(outbox_tried(f.store, "c-1", 1), RESULT_NOT_FOUND);
    cr_assert_eq(outbox_done(f.store, "c-2", NULL), RESULT_OK);
    commit(&f);
    fixture_close(&f);
}

static void add_audit(struct fixture *f, int n) {
    char object[32];
    snprintf(object, sizeof object, "ticket/%d", n);
    const struct audit_row row = {.at_ms = 1000 + n,
                                  .who = "eva",
                                  .what = "ticket.assign",
                                  .object = object,
                                  .result = "ok",
                                  .detail = "to ann",
                                  .address = "::1"};
    cr_assert_eq(audit_add(f->store, &row), RESULT_OK, "%s", store_error(f->store));
}
static void see_audit(void *self, const struct audit_row *row) {
    snprintf((char *)self + strlen(self), 100, "%lld %s %s;", (long long)row->id, row->object, row->who);
}

Test(audit, every_tampering_is_found) {
    static const struct {
        const char *what, *sql;
        int64_t bad_id; /* 0: it is whole */
    } rows[] = {
        {"untouched", "SELECT 1", 0},
        {"a detail changed", "UPDATE audit SET detail = 'to bob' WHERE id = 4", 4},
        {"a time changed", "UPDATE audit SET at_ms = at_ms + 1 WHERE id = 1", 1},
        {"words moved from one field to the next", "UPDATE audit SET who = 'ev', what = 'aticket.assign' WHERE id = 5",
         5},
        {"a row dropped", "DELETE FROM audit WHERE id = 3", 4},
        {"the first dropped", "DELETE FROM audit WHERE id = 1", 2},
        {"two swapped",
         "UPDATE audit SET id = CASE id WHEN 5 THEN -6 ELSE -5 END WHERE id IN (5, 6); UPDATE audit SET id = -id WHERE "
         "id < 0",
         0},
        {"one put in",
         "INSERT INTO audit SELECT 11, at_ms, who, what, object, result, detail, address, hash FROM audit WHERE id = "
         "10",
         11},
        {"a hash changed", "UPDATE audit SET hash = zeroblob(32) WHERE id = 10", 10},
        {"a hash cut", "UPDATE audit SET hash = substr(hash, 1, 31) WHERE id = 2", 2},
        {"one swapped", "UPDATE audit SET id = 99 WHERE id = 7", 8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fixture f;
        struct audit_verdict verdict;
        fixture_open(&f);
        begin(&f);
        for (int n = 1; n <= 10; n++)
            add_audit(&f, n);
        commit(&f);
        ask(&f, rows[i].sql);
        if (strstr(rows[i].what, "two swapped"))
            ask(&f, "UPDATE audit SET id = -id WHERE id < 0");
        cr_assert_eq(audit_verify(f.path, &verdict, &f.fault), RESULT_OK, "%s", f.fault.text);
        if (strstr(rows[i].what, "two swapped"))
            cr_expect_eq(verdict.bad_id, 5, "%s: %lld", rows[i].what, (long long)verdict.bad_id);
        else
            cr_expect_eq(verdict.bad_id, rows[i].bad_id, "%s: %lld", rows[i].what, (long long)verdict.bad_id);
        cr_expect_eq(verdict.is_whole, verdict.bad_id == 0);
        fixture_close(&f);
    }
}

Test(audit, pages_and_a_chain_through_rollbacks_and_restarts) {
    struct fixture f;
    struct audit_verdict verdict;
    char text[500] = "";
    fixture_open(&f);
    begin(&f);
    add_audit(&f, 1);
    commit(&f);
    begin(&f);
    add_audit(&f, 2);
    store_rollback(f.store);
    begin(&f);
    add_audit(&f, 3);
    commit(&f);
    fixture_reopen(&f);
    begin(&f);
    add_audit(&f, 4);
    commit(&f);
    cr_assert_eq(audit_verify(f.path, &verdict, &f.fault), RESULT_OK);
    cr_expect(verdict.is_whole && verdict.rows == 3, "%s", verdict.text);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_audit(reader, 0, 2, see_audit, text), RESULT_OK);
    cr_expect_str_eq(text, "3 ticket/4 eva;2 ticket/3 eva;");
    text[0] = '\0';
    cr_assert_eq(reader_audit(reader, 2, 2, see_audit, text), RESULT_OK);
    cr_expect_str_eq(text, "1 ticket/1 eva;");
    reader_close(reader);
    fixture_close(&f);
    cr_expect_eq(audit_verify("/nowhere.db", &verdict, &f.fault), RESULT_IO);
}

struct busy {
    struct fixture *f;
    int64_t device;
    uint64_t seq;
    int steps;
};
static bool write_meanwhile(void *self, int done, int all) {
    struct busy *b = self;
    cr_expect(done >= 0 && done <= all);
    b->steps++;
    begin(b->f);
    cr_assert_eq(store_stream_put(b->f->store, b->device, "s", false, ++b->seq, 0, &(int64_t){0}), RESULT_OK);
    commit(b->f);
    return true;
}
static bool stop_at_once(void *self, int done, int all) {
    (void)self;
    (void)done;
    (void)all;
    return false;
}

Test(backup, is_one_moment_of_a_store_that_goes_on) {
    struct fixture f;
    char copy[160], part[170];
    fixture_open(&f);
    struct busy busy = {.f = &f, .device = add_device(&f, "freezer-7"), .seq = 1};
    snprintf(copy, sizeof copy, "%s/copy.db", f.folder);
    snprintf(part, sizeof part, "%s.part", copy);
    begin(&f);
    struct log_record record = {.severity = 6, .app = "x"};
    memset(record.text, 'y', 2000);
    for (int i = 0; i < 6000; i++) /* enough for several steps */
        cr_assert_eq(store_log_add(f.store, busy.device, i, &record), RESULT_OK);
    cr_assert_eq(store_stream_put(f.store, busy.device, "s", false, 1, 0, &(int64_t){0}), RESULT_OK);
    commit(&f);
    cr_expect_eq(store_backup(f.path, copy, stop_at_once, NULL, &f.fault), RESULT_CLOSED);
    cr_expect_neq(access(copy, F_OK), 0, "no half copy");
    cr_expect_neq(access(part, F_OK), 0);
    cr_assert_eq(store_backup(f.path, copy, write_meanwhile, &busy, &f.fault), RESULT_OK, "%s", f.fault.text);
    cr_expect_gt(busy.steps, 1);
    cr_expect_eq(store_backup(f.path, copy, NULL, NULL, &f.fault), RESULT_CONFLICT, "nothing is overwritten");
    cr_expect(strstr(f.fault.text, copy), "%s", f.fault.text);
    cr_expect_eq(store_check(copy, &f.fault), RESULT_OK, "%s", f.fault.text);
    struct fixture restored = f;
    snprintf(restored.path, sizeof restored.path, "%.95s", copy);
    cr_assert_eq(store_open(copy, &restored.store, &f.fault), RESULT_OK, "it opens: %s", f.fault.text);
    cr_expect_eq(ask(&restored, "SELECT count(*) FROM log"), 6000);
    cr_expect_eq(ask(&restored, "SELECT seq FROM position"), 1, "as it was when the copy began");
    store_close(restored.store);
    fixture_close(&f);
}

Test(backup, damage_is_said) {
    struct fixture f;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    ask(&f, "PRAGMA foreign_keys = OFF");
    cr_expect_eq(store_check(f.path, &f.fault), RESULT_OK);
    ask(&f, "INSERT INTO event VALUES(1, 99, 1, 1, 0, '', 0, 0, '', 0, 0, 0)");
    cr_expect_eq(store_check(f.path, &f.fault), RESULT_CORRUPT);
    cr_expect(strstr(f.fault.text, "event"), "%s", f.fault.text);
    cr_expect_eq(store_check("/nowhere.db", &f.fault), RESULT_IO);
    (void)device;
    fixture_close(&f);
}
