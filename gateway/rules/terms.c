/* What stands between operators: metrics with their tests, and what may follow a term: a range, a subquery, an offset.
 * A range waits for the call that takes it, because only the function knows what its window must keep. */
#include "rules/parser.h"

#include <string.h>

#include "rules/nearest.h"

bool parser_string(struct parser *p, char *out, size_t room) {
    if (p->token.kind != TOKEN_STRING) {
        parser_unexpected(p, "a text in quotes");
        return false;
    }
    if (!token_string(p->source, &p->token, out, room)) {
        parser_fail(p, p->token.at, "is longer than %zu bytes, or has an escape other than \\\\ \\\" \\' \\n \\t",
                    room - 1);
        return false;
    }
    parser_advance(p);
    return true;
}

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
    if (!parser_at(p, "part") && !parser_at(p, "le")) {
        parser_unexpected(p, "the label 'part': a rule sees one device, whose series differ in nothing else");
        return;
    }
    parser_advance(p);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!parser_accept(p, rows[i].sign))
            continue;
        const size_t at = p->token.at;
        char text[DERIVED_TEXT_BYTES_MAX + 1];
        uint64_t bit;
        struct fault fault;
        if (!parser_string(p, text, sizeof text))
            return;
        if (plan_test(p->plan, rows[i].kind, text, strlen(text), &bit, &fault) != RESULT_OK)
            parser_fail(p, at, "%s", fault.text);
        else
            *tests |= bit;
        return;
    }
    parser_unexpected(p, "one of = != =~ !~");
}

static uint16_t parse_selector(struct parser *p, struct token name) {
    struct node node = {.kind = NODE_SELECT, .type = TYPE_VECTOR};
    int metric = plan_metric(p->plan, p->source + name.at, name.count);
    if (metric < 0) {
        char hint[CAP_METRIC_BYTES + 32];
        struct nearest near = nearest_to(p->source + name.at, name.count);
        for (size_t i = 0; i < p->plan->metric_count; i++)
            nearest_offer(&near, p->plan->metrics[i].name);
        return parser_fail(p, name.at, "'%.*s' is neither a metric of this pack nor a function%s",
                           name.count > 64 ? 64 : (int)name.count, p->source + name.at,
                           nearest_hint(&near, hint, sizeof hint));
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

/* ---- what follows a term ---- */

static bool parse_duration(struct parser *p, const char *what, int64_t least_ms, int64_t most_ms, int64_t *out_ms) {
    if (p->token.kind != TOKEN_DURATION && p->token.kind != TOKEN_NUMBER) {
        parser_unexpected(p, "a duration such as 30s or 5m");
        return false;
    }
    double ms = p->token.number * 1000;
    if (!(ms >= (double)least_ms && ms <= (double)most_ms)) {
        parser_fail(p, p->token.at, "is not %s between %lld s and %lld d", what, (long long)(least_ms / 1000),
                    (long long)(most_ms / 86400000));
        return false;
    }
    *out_ms = (int64_t)ms;
    parser_advance(p);
    return true;
}

/* The window is made by the call that takes it; the range waits in `number`. */
static uint16_t to_range(struct parser *p, uint16_t term, int64_t range_ms, size_t open) {
    struct node *node = &p->e->nodes[term];
    if (node->kind == NODE_SELECT && node->output > 0)
        return parser_fail(p, open,
                           "a range can follow a detector's first answer only; of others it needs a step: [1h:1m]");
    if (node->kind != NODE_SELECT)
        return parser_fail(p, open, "a range can follow a metric only; of an expression it needs a step: [5m:1m]");
    node->kind = NODE_RANGE;
    node->type = TYPE_RANGE;
    node->number = (double)range_ms;
    node->end = (uint32_t)p->end;
    return term;
}

static uint16_t to_subquery(struct parser *p, uint16_t term, uint16_t first, struct span source, int64_t range_ms,
                            size_t open) {
    int64_t step_ms = DERIVED_STEP_MS;
    parser_advance(p); /* : */
    if (!parser_at(p, "]") && !parse_duration(p, "a step", DERIVED_STEP_MIN_MS, INT64_C(366) * 86400 * 1000, &step_ms))
        return NO_NODE;
    if (!parser_expect(p, "]") || parser_refuse_range(p, term))
        return NO_NODE;
    if (range_ms / step_ms > DERIVED_STEPS_MAX || range_ms < step_ms)
        return parser_fail(p, open, "this subquery has %lld steps, expected 1 to %d", (long long)(range_ms / step_ms),
                           DERIVED_STEPS_MAX);
    parser_take_back(p, first);
    int metric = parser_derive_steps(p, source.at, source.end, range_ms, step_ms);
    if (metric < 0)
        return NO_NODE;
    struct node node = {.kind = NODE_RANGE, .type = TYPE_RANGE, .metric = (uint16_t)metric};
    node.number = (double)range_ms;
    return parser_add(p, node, source.at);
}

static uint16_t parse_range(struct parser *p, uint16_t term, uint16_t first, size_t at) {
    const struct span source = {at, p->end};
    size_t open = p->token.at;
    int64_t range_ms;
    parser_advance(p);
    if (!parse_duration(p, "a range", 1, INT64_C(366) * 86400 * 1000, &range_ms))
        return NO_NODE;
    if (parser_at(p, ":"))
        return to_subquery(p, term, first, source, range_ms, open);
    return parser_expect(p, "]") ? to_range(p, term, range_ms, open) : NO_NODE;
}

static uint16_t parse_offset(struct parser *p, uint16_t term) {
    size_t at = p->token.at;
    int64_t offset_ms;
    parser_advance(p);
    if (parser_at(p, "-"))
        return parser_fail(p, p->token.at, "an offset looks back; nothing is known of the future");
    if (!parse_duration(p, "an offset", 1, DERIVED_OFFSET_MAX_MS, &offset_ms))
        return NO_NODE;
    struct node *node = &p->e->nodes[term];
    if (node->kind != NODE_SELECT && node->kind != NODE_RANGE)
        return parser_fail(p, at, "'offset' can follow a metric or a range only");
    if (node->kind == NODE_SELECT && node->output > 0)
        return parser_fail(p, at, "'offset' can follow a detector's first answer only");
    int metric = parser_derive_delay(p, at, node->metric, offset_ms);
    if (metric < 0)
        return NO_NODE;
    node->metric = (uint16_t)metric;
    node->end = (uint32_t)p->end;
    return term;
}

uint16_t parser_suffixes(struct parser *p, uint16_t term, uint16_t first, size_t at) {
    while (!p->has_failed) {
        if (parser_at(p, "["))
            term = parse_range(p, term, first, at);
        else if (parser_at(p, "offset"))
            term = parse_offset(p, term);
        else if (p->token.kind == TOKEN_BAD && p->source[p->token.at] == '@')
            return parser_fail(p, p->token.at, "'@' is not part of this language: rules run when data arrives");
        else
            break;
    }
    return p->has_failed ? NO_NODE : term;
}

/* ---- names ---- */

bool parser_labels(struct parser *p) {
    bool has_part = false;
    if (!parser_expect(p, "("))
        return false;
    while (!p->has_failed && !parser_at(p, ")")) {
        if (parser_at(p, "part") || parser_at(p, "le"))
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

uint16_t parser_name(struct parser *p) {
    struct token name = p->token;
    parser_advance(p);
    bool is_call = parser_at(p, "(");
    int aggregate = aggregate_find(p->source + name.at, name.count);
    if (aggregate >= 0 && (is_call || parser_at(p, "by") || parser_at(p, "without")))
        return parser_aggregate(p, name, aggregate);
    return is_call ? parser_call(p, name) : parse_selector(p, name);
}
