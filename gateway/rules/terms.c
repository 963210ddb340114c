/* What stands between operators: metrics with their tests and ranges, calls, aggregations. Types of arguments are
 * checked here, where their place is known, and a call opens the window that its range stands for: only the function
 * knows what the window must keep. */
#include "rules/log_terms.h"

#include <stdio.h>
#include <string.h>

static const char *const aggregate_names[] = {"sum", "avg", "min", "max", "count"};
static const char *const type_names[] = {"a number", "a metric or an expression of metrics", "a range such as x[5m]"};

/* ---- selectors ---- */

static void parse_test(struct parser *p, uint64_t *tests) {
    static const struct {
        const char *sign;
        enum part_test_kind kind;
    } rows[] = {{"=", PART_IS}, {"!=", PART_IS_NOT}, {"=~", PART_MATCHES}, {"!~", PART_MATCHES_NOT}};
    if (p->token.kind != TOKEN_NAME) {
        parser_unexpected(p, "the label 'part'");
        return;
    }
    if (!parser_at(p, "part")) {
        parser_unexpected(p, "the label 'part': a rule sees one device, whose series differ in nothing else");
        return;
    }
    parser_advance(p);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!parser_accept(p, rows[i].sign))
            continue;
        if (p->token.kind != TOKEN_STRING) {
            parser_unexpected(p, "a text in quotes");
            return;
        }
        uint64_t bit;
        struct fault fault;
        if (plan_test(p->plan, rows[i].kind, p->source + p->token.at + 1, p->token.count - 2, &bit, &fault) != 0) {
            parser_fail(p, p->token.at, "%s", fault.text);
            return;
        }
        *tests |= bit;
        parser_advance(p);
        return;
    }
    parser_unexpected(p, "one of = != =~ !~");
}

static uint16_t parse_selector(struct parser *p, struct token name) {
    struct node node = {.kind = NODE_SELECT, .type = TYPE_VECTOR};
    int metric = plan_metric(p->plan, p->source + name.at, name.count);
    if (metric < 0) {
        int count = name.count > 64 ? 64 : (int)name.count;
        return parser_fail(p, name.at, "'%.*s' is neither a metric of this pack nor a function", count,
                           p->source + name.at);
    }
    node.metric = (uint16_t)metric;
    p->e->metrics[metric / 64] |= UINT64_C(1) << (metric % 64);
    if (parser_accept(p, "{")) {
        while (!p->has_failed && !parser_at(p, "}")) {
            parse_test(p, &node.tests);
            if (!parser_accept(p, ","))
                break;
        }
        if (p->has_failed || !parser_expect(p, "}"))
            return NO_NODE;
    }
    return parser_add(p, node, name.at);
}

/* After a selector. The window is made by the call that takes it, which knows what it must keep; the range waits in
 * `number`. */
uint16_t parser_range(struct parser *p, uint16_t selector) {
    size_t open = p->token.at;
    parser_advance(p);
    if (p->token.kind != TOKEN_DURATION && p->token.kind != TOKEN_NUMBER)
        return parser_unexpected(p, "a duration such as 30s or 5m");
    double seconds = p->token.number;
    if (!(seconds >= 0.001 && seconds <= 366.0 * 86400))
        return parser_fail(p, p->token.at, "is not a range between 1ms and 366d");
    parser_advance(p);
    if (parser_at(p, ":"))
        return parser_fail(p, p->token.at, "subqueries are not part of this version's language");
    if (!parser_expect(p, "]"))
        return NO_NODE;
    if (p->e->nodes[selector].kind != NODE_SELECT)
        return parser_fail(p, open, "a range can follow a metric only");
    struct node *node = &p->e->nodes[selector];
    node->kind = NODE_RANGE;
    node->type = TYPE_RANGE;
    node->number = seconds * 1000;
    node->end = (uint32_t)p->end;
    return selector;
}

/* ---- calls and aggregations ---- */

static bool fits(struct parser *p, const struct function_row *f, const struct node *range) {
    const struct plan_metric *m = &p->plan->metrics[range->metric];
    if (m->is_watch && f->fits != FITS_ANY) {
        parser_fail(p, range->at, "%s() says nothing about log lines and events: use count_over_time()", f->name);
        return false;
    }
    if (!m->has_kind || f->fits == FITS_ANY)
        return true;
    if (f->fits == FITS_COUNTER && m->kind != METRIC_COUNTER) {
        parser_fail(p, range->at, "%s() needs a counter and '%s' is a gauge: use delta() or deriv()", f->name, m->name);
        return false;
    }
    if (f->fits == FITS_GAUGE && m->kind != METRIC_GAUGE) {
        parser_fail(p, range->at, "%s() needs a gauge and '%s' is a counter: use increase() or rate()", f->name,
                    m->name);
        return false;
    }
    return true;
}

bool parser_open_window(struct parser *p, const struct function_row *f, uint16_t at) {
    struct node *range = &p->e->nodes[at];
    int64_t range_ms = (int64_t)range->number;
    int window = plan_window(p->plan, range->metric, range_ms, f->needs);
    if (window < 0) {
        parser_fail(p, range->at, "is one window too many: a pack may have %d", PLAN_WINDOWS_MAX);
        return false;
    }
    range->window = (uint16_t)window;
    if (range_ms > p->e->longest_range_ms)
        p->e->longest_range_ms = range_ms;
    return true;
}

static bool check_arg(struct parser *p, const struct function_row *f, int index, uint16_t arg) {
    const struct node *node = &p->e->nodes[arg];
    enum value_type wanted = f->args[index], given = (enum value_type)node->type;
    if (wanted != given) {
        parser_fail(p, node->at, "argument %d of %s() is %s, expected %s", index + 1, f->name, type_names[given],
                    type_names[wanted]);
        return false;
    }
    return wanted != TYPE_RANGE || (fits(p, f, node) && parser_open_window(p, f, arg));
}

static uint16_t parse_call(struct parser *p, struct token name, int row) {
    const struct function_row *f = &function_rows[row];
    struct node node = {.kind = NODE_CALL, .type = TYPE_VECTOR, .row = (uint8_t)row};
    parser_advance(p); /* ( */
    while (!parser_at(p, ")")) {
        uint16_t arg = parser_expression(p, 0);
        if (p->has_failed)
            return NO_NODE;
        if (node.arg_count == f->max_args)
            return parser_fail(p, p->e->nodes[arg].at, "%s() takes %d argument%s at most", f->name, f->max_args,
                               f->max_args == 1 ? "" : "s");
        if (!check_arg(p, f, node.arg_count, arg))
            return NO_NODE;
        node.args[node.arg_count++] = arg;
        if (!parser_accept(p, ","))
            break;
    }
    if (!parser_expect(p, ")"))
        return NO_NODE;
    if (node.arg_count < f->min_args)
        return parser_fail(p, name.at, "%s() has %d argument%s, expected %s%d", f->name, node.arg_count,
                           node.arg_count == 1 ? "" : "s", f->min_args == f->max_args ? "" : "at least ", f->min_args);
    p->e->sees_gaps |= f->sees_gaps;
    return parser_add(p, node, name.at);
}

bool parser_labels(struct parser *p) {
    bool has_part = false;
    if (!parser_expect(p, "("))
        return false;
    while (!p->has_failed && !parser_at(p, ")")) {
        if (parser_at(p, "part"))
            has_part = true;
        else if (!parser_at(p, "device"))
            parser_unexpected(p, "a label: device or part");
        parser_advance(p);
        if (!parser_accept(p, ","))
            break;
    }
    if (!p->has_failed)
        parser_expect(p, ")");
    return has_part;
}

static void parse_grouping(struct parser *p, bool *by_part) {
    if (parser_accept(p, "by"))
        *by_part = parser_labels(p);
    else if (parser_accept(p, "without"))
        *by_part = !parser_labels(p);
}

static uint16_t parse_aggregate(struct parser *p, struct token name, int row) {
    struct node node = {.kind = NODE_AGGREGATE, .type = TYPE_VECTOR, .row = (uint8_t)row, .arg_count = 1};
    bool is_grouped = parser_at(p, "by") || parser_at(p, "without");
    parse_grouping(p, &node.by_part);
    if (p->has_failed || !parser_expect(p, "("))
        return NO_NODE;
    node.args[0] = parser_expression(p, 0);
    if (p->has_failed || !parser_expect(p, ")"))
        return NO_NODE;
    if (node_type(p, node.args[0]) != TYPE_VECTOR)
        return parser_fail(p, p->e->nodes[node.args[0]].at, "is %s, and %s() collapses parts of %s",
                           type_names[node_type(p, node.args[0])], aggregate_names[row], type_names[TYPE_VECTOR]);
    if (!is_grouped)
        parse_grouping(p, &node.by_part);
    return parser_add(p, node, name.at);
}

uint16_t parser_name(struct parser *p) {
    struct token name = p->token;
    parser_advance(p);
    bool is_call = parser_at(p, "(");
    for (size_t i = 0; i < sizeof aggregate_names / sizeof *aggregate_names; i++)
        if (token_is(p->source, &name, aggregate_names[i]) &&
            (is_call || parser_at(p, "by") || parser_at(p, "without")))
            return parse_aggregate(p, name, (int)i);
    if (!is_call)
        return parse_selector(p, name);
    uint16_t log_term;
    if (parser_log_term(p, name, &log_term))
        return log_term;
    int row = function_find(p->source + name.at, name.count);
    if (row < 0) {
        int count = name.count > 64 ? 64 : (int)name.count;
        return parser_fail(p, name.at, "there is no function '%.*s'", count, p->source + name.at);
    }
    return parse_call(p, name, row);
}
