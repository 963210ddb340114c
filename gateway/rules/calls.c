/* Calls: functions (function.c), aggregations, detectors (detect/detectors.c), and those that speak of events and logs.
 * Types of arguments are checked here, where their place is known. A call opens the window that its range stands for.
 */
#include <string.h>

#include "rules/detect/detectors.h"
#include "rules/nearest.h"
#include "rules/operator.h"
#include "rules/parser.h"

static const char *const type_names[] = {"a number", "a metric or an expression of metrics", "a range such as x[5m]"};

/* ---- functions ---- */

static bool fits(struct parser *p, const struct function_row *f, const struct node *range) {
    const struct plan_metric *m = &p->plan->metrics[range->metric];
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

static bool open_window(struct parser *p, const struct function_row *f, uint16_t at) {
    struct node *range = &p->e->nodes[at];
    const struct derived *derived = p->plan->metrics[range->metric].derived;
    int64_t range_ms = (int64_t)range->number, reach_ms = range_ms + (derived ? derived->reach_ms : 0);
    int window = plan_window(p->plan, range->metric, range_ms, f->needs);
    if (window < 0) {
        parser_fail(p, range->at, "is one window too many: a pack may have %d", PLAN_WINDOWS_MAX);
        return false;
    }
    range->window = (uint16_t)window;
    if (reach_ms > p->e->longest_range_ms)
        p->e->longest_range_ms = reach_ms;
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
    if (f->shape == SHAPE_TIMESTAMP && node->kind != NODE_SELECT) {
        parser_fail(p, node->at, "argument 1 of timestamp() is an expression, expected a metric");
        return false;
    }
    if (f->shape == SHAPE_ABSENT_OVER) {
        struct node *range = &p->e->nodes[arg];
        if ((int64_t)range->number > p->e->longest_range_ms)
            p->e->longest_range_ms = (int64_t)range->number;
        return true; /* asks for the newest sample only */
    }
    return wanted != TYPE_RANGE || (fits(p, f, node) && open_window(p, f, arg));
}

static uint16_t parse_function(struct parser *p, struct token name, int row) {
    const struct function_row *f = &function_rows[row];
    struct node node = {.kind = NODE_CALL, .row = (uint8_t)row};
    node.type = function_is_scalar(f) ? TYPE_SCALAR : TYPE_VECTOR;
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

/* ---- detectors ---- */

struct detector_args {
    struct span inputs[DETECTOR_INPUTS_MAX];
    double numbers[DETECTOR_NUMBERS_MAX];
    int input_count, number_count;
};

/* A number that is known now: nothing of it may depend on the moment. */
static bool constant(const struct expression *e, uint16_t at, double *out) {
    const struct node *node = &e->nodes[at];
    double left = 0, right = 0;
    switch ((enum node_kind)node->kind) {
    case NODE_NUMBER: *out = node->number; return true;
    case NODE_GROUP: return constant(e, node->args[0], out);
    case NODE_NEGATE:
        if (!constant(e, node->args[0], &left))
            return false;
        *out = -left;
        return true;
    case NODE_BINARY:
        if (!constant(e, node->args[0], &left) || !constant(e, node->args[1], &right))
            return false;
        *out = operator_rows[node->row].class == OPERATOR_ARITHMETIC ? operator_rows[node->row].apply(left, right)
                                                                     : operator_rows[node->row].compare(left, right);
        return true;
    default: return false;
    }
}

static bool take_arg(struct parser *p, const struct detector_function *f, struct span source, uint16_t arg,
                     struct detector_args *args) {
    const struct detector_row *row = f->row;
    bool is_number = node_type(p, arg) == TYPE_SCALAR;
    if (parser_refuse_range(p, arg))
        return false;
    if (!is_number && (args->number_count > 0 || args->input_count == row->max_inputs)) {
        parser_fail(p, source.at, "%s() takes %d input%s at most, and numbers after them", f->name, row->max_inputs,
                    row->max_inputs == 1 ? "" : "s");
        return false;
    }
    if (!is_number) {
        args->inputs[args->input_count++] = source;
        return true;
    }
    if (args->number_count == row->max_numbers) {
        parser_fail(p, source.at, "%s() takes %d number%s at most", f->name, row->max_numbers,
                    row->max_numbers == 1 ? "" : "s");
        return false;
    }
    if (!constant(p->e, arg, &args->numbers[args->number_count++])) {
        parser_fail(p, source.at, "this number of %s() must be a constant", f->name);
        return false;
    }
    return true;
}

static uint16_t parse_detector(struct parser *p, struct token name, const struct detector_function *f) {
    struct detector_args args = {0};
    uint16_t first = (uint16_t)p->e->count;
    while (!parser_at(p, ")")) {
        size_t at = p->token.at;
        uint16_t arg = parser_expression(p, 0);
        if (p->has_failed || !take_arg(p, f, (struct span){at, p->end}, arg, &args))
            return NO_NODE;
        parser_take_back(p, first);
        if (!parser_accept(p, ","))
            break;
    }
    if (!parser_expect(p, ")"))
        return NO_NODE;
    if (args.input_count < f->row->min_inputs || args.number_count < f->row->min_numbers)
        return parser_fail(p, name.at, "%s() has %d input%s and %d number%s, expected at least %d and %d", f->name,
                           args.input_count, args.input_count == 1 ? "" : "s", args.number_count,
                           args.number_count == 1 ? "" : "s", f->row->min_inputs, f->row->min_numbers);
    int metric =
        parser_derive_detector(p, name.at, f->row, args.inputs, args.input_count, args.numbers, args.number_count);
    if (metric < 0)
        return NO_NODE;
    struct node node = {
        .kind = NODE_SELECT, .type = TYPE_VECTOR, .metric = (uint16_t)metric, .output = (uint8_t)f->output};
    return parser_add(p, node, name.at);
}

/* ---- events and logs ---- */

static uint16_t select_text(struct parser *p, size_t at, enum derived_kind kind, const char *text, int severity) {
    int metric = parser_derive_text(p, at, kind, text, severity);
    struct node node = {.kind = NODE_SELECT, .type = TYPE_VECTOR, .metric = (uint16_t)metric};
    return metric < 0 ? NO_NODE : parser_add(p, node, at);
}

static uint16_t parse_events(struct parser *p, struct token name) {
    char code[DERIVED_TEXT_BYTES_MAX + 1];
    if (!parser_string(p, code, sizeof code) || !parser_expect(p, ")"))
        return NO_NODE;
    return select_text(p, name.at, DERIVED_EVENT, code, 7);
}

static uint16_t parse_log_novelty(struct parser *p, struct token name) {
    return parser_expect(p, ")") ? select_text(p, name.at, DERIVED_NOVELTY, "", 7) : NO_NODE;
}

/* log_rate("text"[5m]) or log_rate("text"[5m], "warning"). */
static uint16_t parse_log_rate(struct parser *p, struct token name) {
    static const char *const severities[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};
    enum { LEAST = 7 };
    char text[DERIVED_TEXT_BYTES_MAX + 1], least[16] = "debug";
    int severity = LEAST;
    size_t at = p->token.at;
    if (!parser_string(p, text, sizeof text))
        return NO_NODE;
    struct token range = p->token;
    if (!parser_at(p, "["))
        return parser_unexpected(p, "a range behind the text: log_rate(\"text\"[5m])");
    for (int i = 0; i < 3; i++) /* [ 5m ] */
        parser_advance(p);
    if (parser_accept(p, ",")) {
        size_t least_at = p->token.at;
        if (!parser_string(p, least, sizeof least))
            return NO_NODE;
        for (severity = 0; severity <= LEAST && strcmp(severities[severity], least) != 0;)
            severity++;
        if (severity > LEAST)
            return parser_fail(p, least_at,
                               "is \"%s\", expected a severity: emerg alert crit err warning notice info debug", least);
    }
    struct token close = p->token;
    size_t end = p->end;
    uint16_t first = (uint16_t)p->e->count, term = select_text(p, at, DERIVED_LOG, text, severity);
    p->token = range; /* now that the series is known, read its range as any */
    term = parser_suffixes(p, term, first, at);
    if (p->has_failed)
        return NO_NODE;
    p->token = close;
    p->end = end;
    int row = function_find("log_rate", strlen("log_rate"));
    struct node node = {.kind = NODE_CALL, .type = TYPE_VECTOR, .row = (uint8_t)row, .arg_count = 1, .args = {term}};
    if (!check_arg(p, &function_rows[row], 0, term) || !parser_expect(p, ")"))
        return NO_NODE;
    p->e->sees_gaps = true;
    return parser_add(p, node, name.at);
}

uint16_t parser_call(struct parser *p, struct token name) {
    static const struct {
        const char *name;
        uint16_t (*parse)(struct parser *p, struct token name);
    } of_texts[] = {{"events", parse_events}, {"log_rate", parse_log_rate}, {"log_novelty", parse_log_novelty}};
    const char *text = p->source + name.at;
    parser_advance(p); /* ( */
    for (size_t i = 0; i < sizeof of_texts / sizeof *of_texts; i++)
        if (token_is(p->source, &name, of_texts[i].name))
            return of_texts[i].parse(p, name);
    const struct detector_function *detector = detector_find(text, name.count);
    if (detector)
        return parse_detector(p, name, detector);
    int row = function_find(text, name.count);
    if (row >= 0)
        return parse_function(p, name, row);
    char hint[CAP_METRIC_BYTES + 32];
    struct nearest near = nearest_to(text, name.count);
    for (size_t i = 0; i < function_row_count; i++)
        nearest_offer(&near, function_rows[i].name);
    for (detector = detector_functions; detector->name; detector++)
        nearest_offer(&near, detector->name);
    return parser_fail(p, name.at, "there is no function '%.*s'%s", (int)(name.count > 64 ? 64 : name.count), text,
                       nearest_hint(&near, hint, sizeof hint));
}

/* ---- aggregations ---- */

static const char *const aggregate_names[] = {"sum",    "avg",    "min",      "max",  "count",  "group",
                                              "stddev", "stdvar", "quantile", "topk", "bottomk"};

int aggregate_find(const char *name, size_t chars) {
    for (size_t i = 0; i < sizeof aggregate_names / sizeof *aggregate_names; i++)
        if (strlen(aggregate_names[i]) == chars && memcmp(aggregate_names[i], name, chars) == 0)
            return (int)i;
    return -1;
}

static void parse_grouping(struct parser *p, bool *by_part) {
    if (parser_accept(p, "by"))
        *by_part = parser_labels(p);
    else if (parser_accept(p, "without"))
        *by_part = !parser_labels(p);
}

static bool expect_type(struct parser *p, uint16_t arg, enum value_type wanted, const char *name) {
    if (p->has_failed)
        return false;
    enum value_type given = node_type(p, arg);
    if (given != wanted)
        parser_fail(p, p->e->nodes[arg].at, "is %s, and %s() wants %s here", type_names[given], name,
                    type_names[wanted]);
    return given == wanted;
}

uint16_t parser_aggregate(struct parser *p, struct token name, int row) {
    struct node node = {.kind = NODE_AGGREGATE, .type = TYPE_VECTOR, .row = (uint8_t)row, .arg_count = 1};
    const char *word = aggregate_names[row];
    bool is_grouped = parser_at(p, "by") || parser_at(p, "without");
    parse_grouping(p, &node.by_part);
    if (p->has_failed || !parser_expect(p, "("))
        return NO_NODE;
    if (row >= AGGREGATE_QUANTILE) {
        node.args[1] = parser_expression(p, 0);
        node.arg_count = 2;
        if (!expect_type(p, node.args[1], TYPE_SCALAR, word) || !parser_expect(p, ","))
            return NO_NODE;
    }
    node.args[0] = parser_expression(p, 0);
    if (!expect_type(p, node.args[0], TYPE_VECTOR, word) || !parser_expect(p, ")"))
        return NO_NODE;
    if (!is_grouped)
        parse_grouping(p, &node.by_part);
    return parser_add(p, node, name.at);
}
