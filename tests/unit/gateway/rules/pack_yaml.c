#include <criterion/criterion.h>
#include <string.h>

#include "rules/pack_parts.h"

#define HEAD   "model: m\ntitle: T\nmaker: us\nkind: machine\ncapabilities: [observe]\n"
#define METRIC "metrics:\n- {name: a, title: A, unit: V, interval: 1s}\n"

/* Fills `out` with the problems; returns how many. */
static size_t read_pack(const char *yaml, struct pack **pack, struct buf *out) {
    struct problems problems = {.to = out};
    struct document *doc = document_parse("pack.yaml", yaml, strlen(yaml), &problems);
    *pack = mem_alloc(sizeof **pack);
    if (doc)
        pack_read_yaml(*pack, doc, "m", &problems);
    document_free(doc);
    return problems.count;
}

Test(pack_yaml, refusals) {
    static const struct {
        const char *yaml, *says;
    } rows[] = {
        {"just text\n", "pack.yaml:1:1: the pack is a text, expected a map of keys"},
        {"[a, b]\n", "the pack is a list"},
        {"title: T\n", "'model' is missing in the pack"},
        {HEAD METRIC "colour: red\n", "pack.yaml:8:1: unknown key 'colour' in the pack, expected one of: model, title"},
        {"model: other\n" METRIC, "pack.yaml:1:8: 'model' is \"other\", expected \"m\", the name of its folder"},
        {"model: M M\n" METRIC, "'model' is \"M M\", expected [a-z0-9][a-z0-9-]*"},
        {"model: [m]\n" METRIC, "'model' is a list, expected a text"},
        {HEAD "metrics: []\n", "'metrics' is empty"},
        {HEAD "metrics: {a: 1}\n", "'metrics' is a map, expected a list"},
        {HEAD "metrics: [a]\n", "a metric is a text, expected a map of keys"},
        {HEAD "metrics:\n- {title: A, unit: V, interval: 1s}\n", "pack.yaml:7:3: 'name' is missing in a metric"},
        {HEAD "metrics:\n- {name: A, title: A, unit: V, interval: 1s}\n", "'name' is \"A\", expected [a-z_][a-z0-9_]*"},
        {HEAD "metrics:\n- {name: 9a, title: A, unit: V, interval: 1s}\n", "'name' is \"9a\""},
        {HEAD "metrics:\n- {name: unless, title: A, unit: V, interval: 1s}\n",
         "'unless' is a word of the rule language"},
        {HEAD "metrics:\n- {name: a, title: A, unit: celsius, interval: 1s}\n",
         "pack.yaml:7:29: 'unit' is \"celsius\", expected a unit of the SenML registry such as Cel"},
        {HEAD "metrics:\n- {name: a, title: A, unit: V, interval: often}\n",
         "'interval' is \"often\", expected a duration"},
        {HEAD "metrics:\n- {name: a, title: A, unit: V, interval: 1s, kind: meter}\n",
         "'kind' is \"meter\", expected gauge or counter"},
        {HEAD "metrics:\n- {name: a, title: A, unit: V, interval: 1s, min: low}\n",
         "'min' is \"low\", expected a number"},
        {HEAD "metrics:\n- {name: a, title: A, unit: V, interval: 1s, min: 5, max: 5}\n", "'min' is not below 'max'"},
        {HEAD "metrics:\n- {name: a, title: A, unit: V, interval: 1s, chart: maybe}\n",
         "'chart' is \"maybe\", expected yes or no"},
        {HEAD METRIC "- {name: a, title: B, unit: V, interval: 1s}\n", "pack.yaml:8:3: the metric 'a' is there twice"},
        {HEAD METRIC "faults:\n- {code: '-1', title: F, severity: major}\n", "'code' is \"-1\", expected [A-Za-z0-9]"},
        {HEAD METRIC "faults:\n- {code: E1, title: F, severity: bad}\n",
         "pack.yaml:9:34: 'severity' is \"bad\", expected critical, major, minor or warning"},
        {HEAD METRIC "faults:\n- {code: E1, title: F}\n", "'severity' is missing in a fault"},
        {HEAD METRIC "faults:\n- {code: E1, title: F, severity: major}\n- {code: E1, title: F, severity: major}\n",
         "the fault 'E1' is there twice"},
        {HEAD METRIC "evidence: maybe\n", "'evidence' is \"maybe\", expected yes or no"},
        {HEAD METRIC "evidence: [5m]\n", "evidence is a list, expected a map of keys"},
        {HEAD METRIC "evidence: {around: 5m}\n", "unknown key 'around' in evidence"},
        {HEAD METRIC "evidence: {before: soon}\n", "'before' is \"soon\", expected a duration"},
        {HEAD METRIC "evidence: {before: 31m}\n", "'before' is longer than 30 minutes"},
        {HEAD METRIC "evidence: {after: 5m}\n", "'after' is longer than 4 minutes"},
        {HEAD METRIC "sessions: [observe]\n", "sessions is a list, expected a map"},
        {HEAD METRIC "sessions: {fly: {}}\n", "pack.yaml:8:12: 'fly' is no capability"},
        {HEAD METRIC "sessions: {shell: {}}\n", "pack.yaml:8:12: 'shell' is not among the pack's capabilities"},
        {HEAD METRIC "sessions: {observe: yes}\n", "a session's rule is a text, expected a map of keys"},
        {HEAD METRIC "sessions: {observe: {recording: no}}\n", "unknown key 'recording' in a session's rule"},
        {HEAD METRIC "sessions: {observe: {approval: maybe}}\n",
         "pack.yaml:8:32: 'approval' is \"maybe\", expected none or second_person"},
        {HEAD METRIC "sessions: {observe: {moderator: yes}}\n", "'moderator' is \"yes\", expected no or required"},
        {HEAD METRIC "sessions: {observe: {max_minutes: 0}}\n", "'max_minutes' must be a whole number of 1 to 240"},
        {HEAD METRIC "sessions: {observe: {max_minutes: 241}}\n", "'max_minutes' must be a whole number"},
        {HEAD METRIC "sessions: {observe: {max_minutes: 1.5}}\n", "'max_minutes' must be a whole number"},
        {HEAD METRIC "diagnostics:\n- {name: Disk!, title: D}\n", "'name' is \"Disk!\", expected [a-z0-9][a-z0-9-]*"},
        {HEAD METRIC "diagnostics:\n- {name: d, title: D}\n- {name: d, title: D}\n",
         "the diagnostic 'd' is there twice"},
        {"model: m\ntitle: T\nmaker: us\nkind: machine\ncapabilities: [observe, fly]\n" METRIC,
         "pack.yaml:5:25: there is no capability 'fly', expected observe, diagnose"},
        {HEAD METRIC "retention: {history: 5}\n", "'history' is \"5\", expected a duration"},
        {HEAD METRIC "retention: {audio: 5d}\n", "unknown key 'audio' in retention"},
        {HEAD METRIC "retention: {history: 2y, trends: 1y}\n", "'trends' is shorter than 'history'"},
        {HEAD METRIC "retention: {events: never}\n", "'events' is \"never\", expected a duration"},
        {HEAD METRIC "sla_class: Very High\n", "'sla_class' is \"Very High\", expected a word"},
        {HEAD METRIC "title_zh: \"a\\nb\"\n", "'title_zh' has a line break or control character"},
        {HEAD METRIC "title: twice\n", "'title' is there twice"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        struct pack *pack;
        buf_init(&out, 64 * 1024);
        cr_expect_gt(read_pack(rows[i].yaml, &pack, &out), 0, "row %zu was accepted", i);
        cr_expect_not_null(strstr(buf_text(&out), rows[i].says), "row %zu says \"%s\", expected \"%s\"", i,
                           buf_text(&out), rows[i].says);
        pack_free(pack);
        buf_fini(&out);
    }
}

Test(pack_yaml, several_problems_in_one_run) {
    struct buf out;
    struct pack *pack;
    buf_init(&out, 64 * 1024);
    size_t count =
        read_pack("model: other\nmaker: us\nkind: machine\ncapabilities: [fly]\nmetrics:\n- {name: A, unit: X, "
                  "interval: 1s}\n",
                  &pack, &out);
    cr_expect_eq(count, 6, "%s", buf_text(&out));
    pack_free(pack);
    buf_fini(&out);
}

Test(pack_yaml, everything) {
    struct buf out;
    struct pack *pack;
    buf_init(&out, 64 * 1024);
    size_t count = read_pack(
        HEAD
        "title_zh: 题\nsla_class: gold\nretention: {history: 10d, logs: 2h, events: 7d}\nmetrics:\n"
        "- {name: a, title: A, title_zh: 甲, unit: Cel, min: -5, max: 90.5, interval: 10s, chart: yes}\n"
        "- {name: c, title: C, unit: count, kind: counter, interval: 1m}\n"
        "- {name: n, title: N, unit: '', interval: 1m}\n"
        "faults:\n- {code: E1.x_y-2, title: F, severity: critical}\n- {code: W, title: F, severity: warning, ticket: "
        "no}\n"
        "diagnostics:\n- {name: disk-1, title: D, title_zh: 盘}\n",
        &pack, &out);
    cr_assert_eq(count, 0, "%s", buf_text(&out));
    cr_expect_str_eq(pack->model, "m");
    cr_expect_str_eq(pack->title_zh, "题");
    cr_expect_str_eq(pack->sla_class, "gold");
    cr_expect_eq(pack->history_ms, INT64_C(864000000));
    cr_expect_eq(pack->logs_ms, 7200000);
    cr_expect_eq(pack->trends_ms, INT64_C(86400000) * 5 * 365, "the default");
    cr_expect_eq(pack->events_ms, INT64_C(86400000) * 7);
    cr_expect_eq(pack->capabilities, CAPABILITY_BIT(CAPABILITY_OBSERVE));
    cr_assert_eq(pack->metric_count, 3);
    const struct pack_metric *m = pack->metrics;
    cr_expect_str_eq(m[0].unit, "Cel");
    cr_expect(m[0].has_min && m[0].min == -5 && m[0].has_max && m[0].max == 90.5 && m[0].is_charted);
    cr_expect_eq(m[0].interval_ms, 10000);
    cr_expect_eq(m[0].kind, METRIC_GAUGE);
    cr_expect_eq(m[1].kind, METRIC_COUNTER);
    cr_expect_not(m[1].has_min || m[1].is_charted);
    cr_expect_str_eq(m[2].unit, "");
    cr_assert_eq(pack->fault_count, 2);
    cr_expect(pack->faults[0].opens_ticket && pack->faults[0].severity == SEVERITY_IS_CRITICAL);
    cr_expect_not(pack->faults[1].opens_ticket);
    cr_expect_eq(pack_fault_find(pack, "W"), &pack->faults[1]);
    cr_expect_null(pack_fault_find(pack, "w"));
    cr_expect_str_eq(pack->diagnostics[0].name, "disk-1");
    pack_free(pack);
    buf_fini(&out);
}

Test(pack_yaml, severities) {
    enum severity s;
    cr_expect_str_eq(alarm_severity_name(SEVERITY_IS_MAJOR), "major");
    cr_expect(alarm_severity_parse("critical", &s) && s == SEVERITY_IS_CRITICAL);
    cr_expect(alarm_severity_parse("warning", &s) && s == SEVERITY_IS_WARNING);
    cr_expect_not(alarm_severity_parse("Major", &s));
    cr_expect_not(alarm_severity_parse("", &s));
}

Test(pack_yaml, evidence_is_five_minutes_and_one_unless_said) {
    static const struct {
        const char *yaml;
        int64_t before_s, after_s;
    } rows[] = {
        {HEAD METRIC, 300, 60},
        {HEAD METRIC "evidence: yes\n", 300, 60},
        {HEAD METRIC "evidence: no\n", 0, 60},
        {HEAD METRIC "evidence: {before: 2m}\n", 120, 60},
        {HEAD METRIC "evidence: {before: 30s, after: 10s}\n", 30, 10},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pack *pack;
        struct buf problems;
        buf_init(&problems, 64 * 1024);
        cr_assert_eq(read_pack(rows[i].yaml, &pack, &problems), 0, "%s", buf_text(&problems));
        cr_expect_eq(pack->evidence_before_ms, rows[i].before_s * 1000, "%zu", i);
        cr_expect_eq(pack->evidence_after_ms, rows[i].after_s * 1000, "%zu", i);
        pack_free(pack);
        buf_fini(&problems);
    }
}

Test(pack_yaml, what_sessions_need) {
    struct pack *pack;
    struct buf problems;
    buf_init(&problems, 4096);
    cr_assert_eq(read_pack("model: m\ntitle: T\nmaker: us\nkind: machine\ncapabilities: [observe, shell]\n" METRIC
                           "sessions:\n  shell: {approval: second_person, moderator: required, max_minutes: 20}\n",
                           &pack, &problems),
                 0, "%s", buf_text(&problems));
    const struct pack_session_rule *shell = &pack->sessions[CAPABILITY_SHELL];
    const struct pack_session_rule *observe = &pack->sessions[CAPABILITY_OBSERVE];
    cr_expect(shell->needs_approval && shell->needs_moderator && shell->max_minutes == 20);
    cr_expect(!observe->needs_approval && !observe->needs_moderator && observe->max_minutes == 0);
    pack_free(pack);
    buf_fini(&problems);
}
