/* Rules over log lines and fault codes in the pipeline: lines that are waited with, a restart at any moment, a pattern
 * that takes too long. Real store, a pack of its own. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "fixture.h"
#include "rules/device.h"
#include "store/records.h"
#include "store/rule_logs.h"

static const char pack_yaml[] = "model: log-test\ntitle: L\nmaker: us\nkind: machine\ncapabilities: [observe]\n"
                                "metrics:\n  - {name: level, title: L, unit: m, interval: 10s}\n"
                                "faults:\n  - {code: E17, title: F, severity: minor}\n";
#define ALERT(name, expr)                                                                                              \
    "  - alert: " name "\n    expr: |-\n      " expr "\n    labels: {severity: major}\n    annotations: {summary: "    \
    "s}\n"
static const char alerts_yaml[] = "groups:\n- name: g\n  rules:\n" ALERT("Fire", "log_rate(\"fire\"[10m]) * 600 > 2.5")
    ALERT("Codes", "count_over_time(events(\"E17\")[1h]) >= 3") ALERT("Slow", "log_rate(`(a|aa)+$`[1m]) > 0");
static const char more_yaml[] = "groups:\n- name: g\n  rules:\n" ALERT("Water", "log_rate(\"water\"[10m]) * 600 > 2.5");

struct rig {
    struct fixture *f;
    char dir[64];
    uint64_t bulk, urgent;
};

static void write_file(const char *dir, const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/log-test/%s", dir, name);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void load_packs(struct rig *r, const char *alerts) {
    struct buf problems;
    buf_init(&problems, 1 << 16);
    write_file(r->dir, "alerts.yaml", alerts);
    struct packs *before = r->f->packs;
    cr_assert_eq(packs_load(r->dir, &r->f->packs, &problems), RESULT_OK, "%s", buf_text(&problems));
    r->f->core.packs = r->f->packs;
    fixture_restart(r->f);
    packs_free(before);
    buf_fini(&problems);
}

static void begin(struct rig *r) {
    char sub[128];
    *r = (struct rig){.f = fixture_new(), .dir = "/tmp/fieldline-logs-XXXXXX", .bulk = 1, .urgent = 2};
    cr_assert_not_null(mkdtemp(r->dir));
    snprintf(sub, sizeof sub, "%s/log-test", r->dir);
    cr_assert_eq(mkdir(sub, 0700), 0);
    write_file(r->dir, "pack.yaml", pack_yaml);
    load_packs(r, alerts_yaml);
    fixture_birth(r->f, "pump-1", "log-test");
}

static void end(struct rig *r) {
    char command[100];
    fixture_free(r->f);
    snprintf(command, sizeof command, "rm -r %s", r->dir);
    cr_expect_eq(system(command), 0);
}

static void send(struct rig *r, enum topic_kind kind, const char *payload) {
    char topic[CAP_TOPIC_BYTES + 1];
    topic_format("pump-1", kind, topic);
    const bool is_urgent = kind == TOPIC_UP_EVENT;
    fixture_feed(r->f, topic, payload, strlen(payload), is_urgent ? fixture_urgent : fixture_bulk,
                 is_urgent ? r->urgent++ : r->bulk++, 0);
}

static void say(struct rig *r, int64_t at_ms, const char *text) {
    char payload[400];
    snprintf(payload, sizeof payload, "{\"logs\":[{\"t\":%lld,\"sev\":3,\"fac\":3,\"app\":\"x\",\"msg\":\"%s\"}]}",
             (long long)at_ms, text);
    send(r, TOPIC_UP_LOG, payload);
}

static void code(struct rig *r, int64_t at_ms) {
    char payload[200];
    snprintf(payload, sizeof payload, "{\"t\":%lld,\"kind\":\"fault\",\"code\":\"E17\",\"active\":true}",
             (long long)at_ms);
    send(r, TOPIC_UP_EVENT, payload);
}

static void tele(struct rig *r, int64_t at_ms) {
    char payload[200];
    snprintf(payload, sizeof payload, "[{\"n\":\"level\",\"u\":\"m\",\"t\":%.3f,\"v\":1}]", (double)at_ms / 1000);
    send(r, TOPIC_UP_TELE, payload);
}

/* States are written, as after some minutes. */
static void keep(struct rig *r) {
    struct core *core = &r->f->core;
    core->now_mono_ms = clock_mono_ms();
    cr_assert_eq(store_begin(core->store), RESULT_OK);
    cr_assert_eq(rule_keep_turn(core, true), RESULT_OK);
    cr_assert_eq(store_commit(core->store), RESULT_OK);
}

static bool is_raised(struct rig *r, const char *alert) {
    struct rule_raised raised[10];
    const size_t count = rule_device_raised(registry_find(r->f->core.registry, "pump-1")->rules, raised, 10);
    for (size_t i = 0; i < count; i++)
        if (strcmp(raised[i].rule->alert, alert) == 0)
            return true;
    return false;
}

Test(log_rules, lines_wait_for_telemetry_and_no_longer_than_some_seconds) {
    struct rig r;
    begin(&r);
    const int64_t now_ms = clock_wall_ms();
    tele(&r, now_ms - 60000);
    for (int i = 0; i < 3; i++)
        say(&r, now_ms - 30000 + i, "fire");
    fixture_tick(r.f);
    cr_expect_not(is_raised(&r, "Fire"), "telemetry of before may come yet");
    tele(&r, now_ms - 40000);
    cr_expect_not(is_raised(&r, "Fire"));
    tele(&r, now_ms - 20000);
    cr_expect(is_raised(&r, "Fire"), "it came");
    end(&r);
    begin(&r);
    for (int i = 0; i < 3; i++)
        say(&r, now_ms - 30000 + i, "fire");
    r.f->later_ms += LOG_WAIT_MS / 2;
    fixture_tick(r.f);
    cr_expect_not(is_raised(&r, "Fire"));
    r.f->later_ms += LOG_WAIT_MS;
    fixture_tick(r.f);
    cr_expect(is_raised(&r, "Fire"), "nothing came");
    end(&r);
}

/* Whatever was kept when, whenever it is killed: three lines and three codes are three, not two and not four. */
Test(log_rules, promise_23_lines_and_codes_count_once_wherever_it_is_killed) {
    enum { STEPS = 3 };
    for (int kept = 0; kept <= STEPS; kept++)
        for (int killed = 0; killed <= STEPS; killed++) {
            struct rig r;
            begin(&r);
            const int64_t now_ms = clock_wall_ms() - 60000;
            tele(&r, now_ms);
            for (int i = 0; i < STEPS; i++) {
                if (kept == i)
                    keep(&r);
                if (killed == i)
                    fixture_restart(r.f);
                cr_expect_not(is_raised(&r, "Fire"), "kept at %d, killed at %d: too early at %d", kept, killed, i);
                say(&r, now_ms + i, "fire");
                code(&r, now_ms + i);
                if (i == 1)
                    tele(&r, now_ms + 1);
            }
            if (kept == STEPS)
                keep(&r);
            if (killed == STEPS)
                fixture_restart(r.f);
            tele(&r, now_ms + 1000);
            cr_expect(is_raised(&r, "Fire"), "kept at %d, killed at %d", kept, killed);
            cr_expect(is_raised(&r, "Codes"), "kept at %d, killed at %d", kept, killed);
            end(&r);
        }
}

Test(log_rules, what_waits_goes_on_waiting_after_a_kill) {
    struct rig r;
    begin(&r);
    for (int i = 0; i < 3; i++)
        say(&r, clock_wall_ms() - 30000 + i, "fire");
    fixture_restart(r.f);
    r.f->later_ms += LOG_WAIT_MS * 2;
    fixture_tick(r.f);
    cr_expect(is_raised(&r, "Fire"));
    end(&r);
}

Test(log_rules, new_rules_look_back_into_the_stored_lines) {
    struct rig r;
    begin(&r);
    const int64_t now_ms = clock_wall_ms();
    tele(&r, now_ms - 60000);
    say(&r, now_ms - 3600 * 1000, "water");
    for (int i = 0; i < 2; i++)
        say(&r, now_ms - 30000 + i, "water");
    keep(&r);
    say(&r, now_ms - 20000, "water");
    load_packs(&r, more_yaml);
    tele(&r, now_ms - 10000);
    cr_expect(is_raised(&r, "Water"));
    end(&r);
}

/* The newest row may be deleted; its id must not come again, for a state that has seen it would take another for it. */
Test(log_rules, ids_of_lines_and_events_are_never_used_again) {
    struct rig r;
    struct log_place before, after;
    int deleted;
    begin(&r);
    say(&r, clock_wall_ms() - 1000, "x");
    code(&r, clock_wall_ms() - 1000);
    struct store *store = r.f->core.store;
    const int64_t row = registry_find(r.f->core.registry, "pump-1")->row;
    cr_assert_eq(store_log_newest(store, &before), RESULT_OK);
    cr_assert(before.log > 0 && before.event > 0);
    cr_assert_eq(store_begin(store), RESULT_OK);
    cr_assert_eq(store_logs_expire(store, row, INT64_MAX, 100, &deleted), RESULT_OK);
    cr_assert_eq(store_events_expire(store, row, INT64_MAX, 100, &deleted), RESULT_OK);
    cr_assert_eq(store_commit(store), RESULT_OK);
    say(&r, clock_wall_ms() - 1000, "x");
    code(&r, clock_wall_ms() - 1000);
    cr_assert_eq(store_log_newest(store, &after), RESULT_OK);
    cr_expect_eq(after.log, before.log + 1);
    cr_expect_eq(after.event, before.event + 1);
    end(&r);
}

static void see_event(void *self, int64_t id, const struct event_message *event) {
    (void)id;
    if (event->kind == EVENT_INFO && strstr(event->text, "switched off"))
        ++*(int *)self;
}

Test(log_rules, promise_20_a_pattern_that_takes_too_long_is_told_and_lines_go_on) {
    struct rig r;
    char line[120];
    int told = 0;
    begin(&r);
    memset(line, 'a', sizeof line - 1);
    line[sizeof line - 2] = '-';
    line[sizeof line - 1] = '\0';
    const int64_t now_ms = clock_wall_ms();
    for (int i = 0; i < 100; i++)
        say(&r, now_ms - 1000 + i, line);
    cr_expect_eq(r.f->core.figures.patterns_off, 1);
    cr_expect_eq(r.f->core.figures.logs, 100);
    cr_assert_eq(reader_events(r.f->reader, "pump-1", INT64_MAX, 10, see_event, &told), RESULT_OK);
    cr_expect_eq(told, 1);
    for (int i = 0; i < 3; i++)
        say(&r, now_ms - 500 + i, "fire");
    tele(&r, now_ms);
    cr_expect(is_raised(&r, "Fire"), "others go on");
    end(&r);
}
