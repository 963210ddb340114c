/* Labels and annotations that decide how an alarm lives: what is refused, and whom each silences. */
#include "rules/policy.h"

#include <criterion/criterion.h>
#include <string.h>

#include "rules/pack_parts.h"

static const char pack_yaml[] = "model: m\ntitle: T\nmaker: us\nkind: machine\ncapabilities: [observe]\nmetrics:\n"
                                "- {name: a, title: A, unit: V, interval: 1s}\nfaults:\n"
                                "- {code: E1, title: F, severity: major}\n";

static size_t read_pack(const char *rules, struct pack **pack, struct buf *out) {
    struct problems problems = {.to = out};
    struct buf yaml;
    buf_init(&yaml, 64 * 1024);
    buf_printf(&yaml, "groups:\n- name: g\n  rules:\n%s", rules);
    *pack = mem_alloc(sizeof **pack);
    struct document *doc = document_parse("pack.yaml", pack_yaml, strlen(pack_yaml), &problems);
    pack_read_yaml(*pack, doc, "m", &problems);
    document_free(doc);
    doc = document_parse("alerts.yaml", buf_text(&yaml), yaml.count, &problems);
    if (doc)
        pack_read_alerts(*pack, doc, &problems);
    document_free(doc);
    buf_fini(&yaml);
    return problems.count;
}

#define RULE(name, labels, annotations)                                                                                \
    "  - {alert: " name ", expr: a > 5, labels: {severity: major" labels "}, annotations: {summary: s" annotations     \
    "}}\n"

Test(policy, refusals) {
    static const struct {
        const char *rules, *says;
    } rows[] = {
        {RULE("X", ", latched: perhaps", ""), "'latched' is \"perhaps\""},
        {RULE("X", ", isolates: ''", ""), "'isolates' is"},
        {RULE("X", ", contact: 1", ""), "'contact' is \"1\""},
        {RULE("X", "", ", silenced_by: Y"),
         "alerts.yaml:4:95: 'silenced_by' of X names 'Y', which is no alert and no fault code of this pack"},
        {RULE("X", "", ", silenced_by: X"), "'silenced_by' of X names itself"},
        {RULE("X", "", ", silenced_by: Y") "\n  - {alert: Y, expr: a > 6, labels: {severity: minor}, annotations: "
                                           "{silenced_by: X}}",
         "'silenced_by' of X names 'Y', which stays silent for X itself"},
        {RULE("X", "", ", silenced_by: 'E1, E1'"), "'silenced_by' names E1 twice"},
        {RULE("X", "", ", silenced_by: ' , '"), "'silenced_by' names no alarm"},
        {RULE("X", "", ", silenced_by: [E1]"), "'silenced_by' is a list, expected a text"},
        {RULE("X", "", ", silenced_by: 'A B C D E F G H I J K L M N O P Q'"), "names more than 16 alarms"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        struct pack *pack;
        buf_init(&out, 64 * 1024);
        cr_expect_gt(read_pack(rows[i].rules, &pack, &out), 0, "row %zu was accepted", i);
        cr_expect_not_null(strstr(buf_text(&out), rows[i].says), "row %zu says \"%s\", expected \"%s\"", i,
                           buf_text(&out), rows[i].says);
        pack_free(pack);
        buf_fini(&out);
    }
}

Test(policy, what_it_says_is_asked_by_name) {
    struct buf out;
    struct pack *pack;
    buf_init(&out, 64 * 1024);
    cr_assert_eq(read_pack(RULE("Trip", ", latched: 'yes', isolates: 'no'", "") /* of a rule that comes later, too */
                           RULE("Warm", ", contact: 'yes'", ", silenced_by: 'Trip,  E1'")
                               RULE("Up", ", isolates: 'yes'", ""),
                           &pack, &out),
                 0, "%s", buf_text(&out));
    cr_expect(policy_latches(pack, "Trip") && !policy_latches(pack, "Warm") && !policy_latches(pack, "E1"));
    cr_expect(policy_isolates(pack, "Up") && !policy_isolates(pack, "Trip"));
    cr_expect(policy_is_contact(pack, "Warm") && !policy_is_contact(pack, "Up"));
    cr_expect_str_eq(policy_silencer(pack, "Warm", 0), "Trip");
    cr_expect_str_eq(policy_silencer(pack, "Warm", 1), "E1");
    cr_expect_null(policy_silencer(pack, "Warm", 2));
    cr_expect_null(policy_silencer(pack, "Trip", 0));
    cr_expect(!policy_latches(NULL, "Trip") && policy_silencer(NULL, "Trip", 0) == NULL, "a model without a pack");
    pack_free(pack);
    buf_fini(&out);
}
