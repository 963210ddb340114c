#include <criterion/criterion.h>
#include <string.h>

#include "rig.h"
#include "rules/pack_parts.h"

static const char pack_yaml[] = "model: m\ntitle: T\nmaker: us\nkind: machine\ncapabilities: [observe]\nmetrics:\n"
                                "- {name: a, title: A, unit: V, interval: 1s}\nfaults:\n"
                                "- {code: E1, title: F, severity: major}\n";

static size_t read_alerts(const char *yaml, struct pack **pack, struct buf *out) {
    struct problems problems = {.to = out};
    *pack = mem_alloc(sizeof **pack);
    struct document *doc = document_parse("pack.yaml", pack_yaml, strlen(pack_yaml), &problems);
    pack_read_yaml(*pack, doc, "m", &problems);
    document_free(doc);
    cr_assert_eq(problems.count, 0);
    doc = document_parse("alerts.yaml", yaml, strlen(yaml), &problems);
    if (doc)
        pack_read_alerts(*pack, doc, &problems);
    document_free(doc);
    return problems.count;
}

#define RULE(fields) "groups:\n- name: g\n  rules:\n  - " fields "\n"
#define GOOD         "{alert: X, expr: a > 5, labels: {severity: major}}"

Test(alerts_yaml, refusals) {
    static const struct {
        const char *yaml, *says;
    } rows[] = {
        {"groups: {}\n", "alerts.yaml:1:9: 'groups' is a map, expected a list"},
        {"rules: []\n", "unknown key 'rules' in the file"},
        {"groups: [{rules: []}]\n", "'name' is missing in a group"},
        {"groups: [{name: g}]\n", "'rules' is missing in a group"},
        {"groups: [{name: g, rules: [], limit: 5}]\n", "unknown key 'limit' in a group"},
        {"groups: [{name: g, rules: [], interval: x}]\n", "'interval' is \"x\", expected a duration"},
        {RULE("{record: r}"), "'expr' is missing in a recording rule"},
        {RULE("{record: r-1, expr: a}"), "alerts.yaml:4:14: 'record' is \"r-1\", expected a name"},
        {RULE("{record: a, expr: a}"), "alerts.yaml:4:14: 'a' is a metric already"},
        {RULE("{record: r, expr: nope}"), "alerts.yaml:4:23: 'nope' is neither a metric"},
        {RULE("{record: r, expr: 'a[5m]'}"), "is a range"},
        {RULE("{record: r, expr: a, labels: {x: y}}"), "a recording rule has no labels here"},
        {RULE("{record: r, expr: a, for: 5m}"), "unknown key 'for' in a recording rule"},
        {RULE("{expr: a > 5, labels: {severity: major}}"), "'alert' is missing in a rule"},
        {RULE("{alert: X, labels: {severity: major}}"), "'expr' is missing in a rule"},
        {RULE("{alert: X Y, expr: a > 5, labels: {severity: major}}"), "'alert' is \"X Y\", expected a name"},
        {RULE("{alert: E1, expr: a > 5, labels: {severity: major}}"), "'E1' is a fault code of this pack already"},
        {RULE(GOOD "\n  - " GOOD), "alerts.yaml:5:5: the alert 'X' is there twice with severity"},
        {RULE("{alert: X, expr: a > b, labels: {severity: major}}"),
         "alerts.yaml:4:26: 'expr': 'b' is neither a metric of this pack nor a function"},
        {RULE("alert: X\n    expr: |\n      a > 5\n        and\n        nope > 3\n    labels: {severity: major}"),
         "alerts.yaml:8:9: 'expr': 'nope'"},
        {RULE("alert: X\n    expr: a >\n    labels: {severity: major}"),
         "alerts.yaml:5:14: 'expr': the expression ends here"},
        {RULE("{alert: X, expr: [a], labels: {severity: major}}"), "'expr' is a list, expected a text"},
        {RULE("{alert: X, expr: a > 5}"), "alerts.yaml:4:5: the label 'severity' is missing"},
        {RULE("{alert: X, expr: a > 5, labels: {team: us}}"), "the label 'severity' is missing"},
        {RULE("{alert: X, expr: a > 5, labels: {severity: page}}"),
         "alerts.yaml:4:48: 'severity' is \"page\", expected critical, major, minor or warning"},
        {RULE("{alert: X, expr: a > 5, labels: {severity: major, ticket: perhaps}}"), "'ticket' is \"perhaps\""},
        {RULE("{alert: X, expr: a > 5, labels: {severity: major, severity: minor}}"),
         "the label 'severity' is there twice"},
        {RULE("{alert: X, expr: a > 5, labels: {severity: major, part: x}}"), "the label 'part' is set by the engine"},
        {RULE("{alert: X, expr: a > 5, labels: {severity: major, a-b: x}}"), "'a-b' is not a label name"},
        {RULE("{alert: X, expr: a > 5, labels: {severity: major, x: '{{ $value }}'}}"),
         "templates belong into annotations"},
        {RULE("{alert: X, expr: a > 5, labels: [severity]}"), "labels is a list, expected a map of keys"},
        {RULE("{alert: X, expr: a > 5, for: soon, labels: {severity: major}}"),
         "'for' is \"soon\", expected a duration"},
        {RULE("{alert: X, expr: a > 5, keep_firing_for: -5m, labels: {severity: major}}"),
         "'keep_firing_for' is \"-5m\""},
        {RULE("{alert: X, expr: a > 5, hold: 5m, labels: {severity: major}}"), "unknown key 'hold' in a rule"},
        {RULE("{alert: X, expr: a > 5, labels: {severity: major}, annotations: {summary: '{{ $x }}'}}"),
         "alerts.yaml:4:83: '$x' is not there"},
        {RULE("{alert: X, expr: a > 5, labels: {severity: major}, annotations: {summary: a, summary: b}}"),
         "the annotation 'summary' is there twice"},
        {RULE("{alert: X, expr: a > 5, labels: {severity: major}, annotations: {recover_expr: a <}}"),
         "alerts.yaml:4:87: 'recover_expr': the expression ends here"},
        {RULE("{alert: X, expr: a > 5, labels: {severity: major}, annotations: {recover_expr: a < 1, recover_expr: a < "
              "2}}"),
         "the annotation 'recover_expr' is there twice"},
        {RULE("just text"), "a rule is a text, expected a map of keys"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        struct pack *pack;
        buf_init(&out, 64 * 1024);
        cr_expect_gt(read_alerts(rows[i].yaml, &pack, &out), 0, "row %zu was accepted", i);
        cr_expect_not_null(strstr(buf_text(&out), rows[i].says), "row %zu says \"%s\", expected \"%s\"", i,
                           buf_text(&out), rows[i].says);
        pack_free(pack);
        buf_fini(&out);
    }
}

Test(alerts_yaml, everything) {
    struct buf out;
    struct pack *pack;
    buf_init(&out, 64 * 1024);
    size_t count = read_alerts(
        "groups:\n- name: one\n  interval: 30s\n  rules:\n"
        "  - alert: First\n    expr: avg_over_time(a[5m]) > 5\n    for: 1h30m\n    keep_firing_for: 2h\n"
        "    labels: {severity: critical, ticket: 'no', team: cold}\n"
        "    annotations: {summary: s, description: d, runbook: r, recover_expr: 'max_over_time(a[1d]) < 3'}\n"
        "- name: two\n  rules:\n  - {alert: Second, expr: a > 5, for: 0s, labels: {severity: warning}}\n",
        &pack, &out);
    cr_assert_eq(count, 0, "%s", buf_text(&out));
    cr_assert_eq(pack->rule_count, 2);
    const struct rule *r = pack->rules[0];
    cr_expect_str_eq(r->alert, "First");
    cr_expect_eq(r->for_ms, 5400000);
    cr_expect_eq(r->keep_firing_ms, 7200000);
    cr_expect_eq(r->severity, SEVERITY_IS_CRITICAL);
    cr_expect_not(r->opens_ticket);
    cr_expect_eq(r->label_count, 3);
    cr_expect_eq(r->annotation_count, 3, "recover_expr is no text for people");
    cr_expect_not_null(r->recover);
    cr_expect(pack->rules[1]->opens_ticket);
    cr_expect_eq(pack->rules[1]->for_ms, 0);
    cr_expect_null(pack->rules[1]->summary);
    cr_expect_eq(pack->longest_window_ms, INT64_C(86400000) + 7200000, "longest range and longest hold of one rule");
    cr_expect_eq(pack->plan->metrics[0].rules[0], UINT64_C(3), "both rules read a");
    pack_free(pack);
    buf_fini(&out);
}

Test(alerts_yaml, a_rule_too_many) {
    struct buf yaml, out;
    struct pack *pack;
    buf_init(&yaml, 1 << 20);
    buf_init(&out, 64 * 1024);
    for (int g = 0; g < 2; g++) {
        buf_printf(&yaml, "%s- name: g%d\n  rules:\n", g ? "" : "groups:\n", g);
        for (int i = 0; i < 130; i++)
            buf_printf(&yaml, "  - {alert: X%d_%d, expr: a > 5, labels: {severity: major}}\n", g, i);
    }
    cr_expect_eq(read_alerts(buf_text(&yaml), &pack, &out), 4);
    cr_expect_eq(pack->rule_count, PLAN_RULES_MAX);
    cr_expect_not_null(strstr(buf_text(&out), "one rule too many: a pack may have 256"));
    pack_free(pack);
    buf_fini(&yaml);
    buf_fini(&out);
}
