/* Two mistakes that the grammar cannot see, and that cost their author nights: a rule that a single odd sample raises,
 * and a comparison that the metric's own bounds decide (0.8 was meant and 80 was written, or degrees for kelvins). They
 * are hints and not errors, because both are right now and then. */
#include "rules/lint.h"

#include <stdio.h>
#include <string.h>

#include "rules/operator.h"
#include "rules/plan.h"
#include "rules/rule.h"

static void hint(struct buf *report, const char *path, int line, const char *alert, const char *text) {
    buf_printf(report, "%s:%d: hint: alert %s: %s\n", path, line, alert, text);
}

/* The line of an alert's name. */
static int line_of(const struct document *doc, yaml_at at, const char *alert) {
    int line = 0;
    size_t bytes;
    switch (document_kind(doc, at)) {
    case YAML_IS_TEXT: return strcmp(document_value(doc, at, &bytes), alert) == 0 ? document_line(doc, at) : 0;
    case YAML_IS_LIST:
        for (size_t i = 0; i < document_count(doc, at) && !line; i++)
            line = line_of(doc, document_item(doc, at, i), alert);
        return line;
    case YAML_IS_MAP: break;
    }
    for (size_t i = 0; i < document_count(doc, at) && !line; i++) {
        struct buf sink;
        buf_init(&sink, 1);
        struct problems none = {.to = &sink};
        const char *key;
        yaml_at key_at, value;
        if (document_pair(doc, at, i, &key, &key_at, &value, &none) &&
            (strcmp(key, "alert") == 0 || document_kind(doc, value) != YAML_IS_TEXT))
            line = line_of(doc, value, alert);
        buf_fini(&sink);
    }
    return line;
}

/* A metric of the pack alone, in the unit that it is measured in. NULL: something else. */
static const struct pack_metric *plain_metric(const struct pack *pack, const struct expression *e, uint16_t at) {
    const struct node *node = &e->nodes[at];
    if (node->kind == NODE_GROUP)
        return plain_metric(pack, e, node->args[0]);
    return node->kind == NODE_SELECT && node->metric < pack->metric_count ? &pack->metrics[node->metric] : NULL;
}

static bool number_of(const struct expression *e, uint16_t at, double *out) {
    const struct node *node = &e->nodes[at];
    const bool is_negative = node->kind == NODE_NEGATE;
    if (is_negative)
        node = &e->nodes[node->args[0]];
    *out = is_negative ? -node->number : node->number;
    return node->kind == NODE_NUMBER;
}

/* Is a comparison of the metric with this number decided by what a working sensor can report? */
static bool is_decided(const struct pack_metric *m, const char *sign, double number) {
    const bool is_more = sign[0] == '>', is_less = sign[0] == '<';
    return (is_more && m->has_max && number >= m->max) || (is_less && m->has_min && number <= m->min);
}

static size_t lint_bounds(const struct pack *pack, const struct rule *rule, const char *path, int line,
                          struct buf *report) {
    const struct expression *e = rule->expr;
    size_t count = 0;
    for (size_t i = 0; i < e->count; i++) {
        const struct node *node = &e->nodes[i];
        double number;
        if (node->kind != NODE_BINARY || operator_rows[node->row].class != OPERATOR_COMPARISON ||
            !number_of(e, node->args[1], &number))
            continue;
        const struct pack_metric *m = plain_metric(pack, e, node->args[0]);
        if (!m || !is_decided(m, operator_rows[node->row].text, number))
            continue;
        char text[300];
        const bool is_ratio = strcmp(m->unit, "/") == 0 && number > 1;
        snprintf(text, sizeof text, "%s is %g to %g in '%s', so it is never %s %g%s", m->name, m->min, m->max, m->unit,
                 operator_rows[node->row].text, number, is_ratio ? ": a ratio is 0 to 1" : "");
        hint(report, path, line, rule->alert, text);
        count++;
    }
    return count;
}

/* Does the rule wait, or look back, or count what is certain at once? */
static size_t lint_hold(const struct rule *rule, const char *path, int line, struct buf *report) {
    if (rule->for_ms > 0 || !rule->opens_ticket || rule->expr->longest_range_ms > 0 || rule->expr->sees_gaps)
        return 0;
    for (size_t i = 0; i < rule->expr->count; i++)
        if (rule->expr->nodes[i].kind == NODE_CALL)
            return 0;
    hint(report, path, line, rule->alert,
         "one odd sample opens a ticket: give it a `for`, or look at an average such as avg_over_time(x[5m])");
    return 1;
}

size_t pack_lint(const struct pack *pack, const struct document *doc, const char *path, struct buf *report) {
    size_t count = 0;
    for (size_t i = 0; i < pack->rule_count; i++) {
        const struct rule *rule = pack->rules[i];
        const int line = line_of(doc, document_root(doc), rule->alert);
        count += lint_bounds(pack, rule, path, line, report);
        count += lint_hold(rule, path, line, report);
    }
    return count;
}
