/* log_rate("text"[5m], "warning"), events("E17")[1h] and log_novelty(): each a watch (logs/watch.h) with a series of
 * its own in the plan, which from there on is a series like any other. What the pattern says is checked here, where its
 * place in the file is known. */
#include "rules/log_terms.h"

#include <string.h>

#include "fieldline/message.h"
#include "rules/logs/watch.h"

static bool take_text(struct parser *p, struct token *out, const char *what) {
    *out = p->token;
    if (p->token.kind != TOKEN_STRING) {
        parser_unexpected(p, what);
        return false;
    }
    parser_advance(p);
    return true;
}

static const char *inside(const struct parser *p, const struct token *text, size_t *chars) {
    *chars = text->count - 2;
    return p->source + text->at + 1;
}

/* The node reads this watch. */
static bool use_watch(struct parser *p, uint16_t node, int index) {
    const int metric = plan_watch(p->plan, index);
    if (metric < 0) {
        parser_fail(p, p->e->nodes[node].at, "is one series too many: a pack may have %d", PLAN_METRICS_MAX);
        return false;
    }
    p->e->nodes[node].metric = (uint16_t)metric;
    p->e->metrics[metric / 64] |= UINT64_C(1) << (metric % 64);
    p->e->sees_gaps = true; /* silence is an answer */
    return true;
}

static uint16_t add_select(struct parser *p, size_t at) {
    return parser_add(p, (struct node){.kind = NODE_SELECT, .type = TYPE_VECTOR}, at);
}

static bool parse_severity(struct parser *p, int *severity) {
    struct token text;
    size_t chars;
    *severity = SEVERITY_DEBUG;
    if (!parser_accept(p, ","))
        return true;
    if (!take_text(p, &text, "a severity in quotes: \"warning\" takes warnings and what is worse"))
        return false;
    const char *name = inside(p, &text, &chars);
    for (int i = SEVERITY_EMERGENCY; i <= SEVERITY_DEBUG; i++)
        if (strlen(severity_name(i)) == chars && memcmp(severity_name(i), name, chars) == 0) {
            *severity = i;
            return true;
        }
    parser_fail(p, text.at, "is no severity, expected one of emerg, alert, crit, err, warning, notice, info, debug");
    return false;
}

/* "text"[5m], "warning" ) */
static uint16_t parse_rate(struct parser *p, struct token name) {
    const int row = function_find("log_rate", strlen("log_rate"));
    struct token text;
    size_t chars, at = 0;
    int severity, index;
    struct fault fault;
    if (!take_text(p, &text, "a text or a regular expression in quotes"))
        return NO_NODE;
    uint16_t range = add_select(p, text.at);
    if (p->has_failed)
        return NO_NODE;
    if (!parser_at(p, "["))
        return parser_unexpected(p, "a range such as [5m]");
    range = parser_range(p, range);
    if (p->has_failed || !parse_severity(p, &severity) || !parser_expect(p, ")"))
        return NO_NODE;
    const char *pattern = inside(p, &text, &chars);
    if (log_watch_lines(p->plan->logs, pattern, chars, severity, &index, &at, &fault) != RESULT_OK)
        return parser_fail(p, text.at + 1 + at, "%s", fault.text);
    if (!use_watch(p, range, index) || !parser_open_window(p, &function_rows[row], range))
        return NO_NODE;
    const struct node call = {
        .kind = NODE_CALL, .type = TYPE_VECTOR, .row = (uint8_t)row, .arg_count = 1, .args = {range}};
    return parser_add(p, call, name.at);
}

/* "E17" ) and a range, which is read by who reads ranges */
static uint16_t parse_events(struct parser *p, struct token name) {
    struct token text;
    size_t chars;
    int index;
    struct fault fault;
    if (!take_text(p, &text, "a fault code in quotes") || !parser_expect(p, ")"))
        return NO_NODE;
    const char *code = inside(p, &text, &chars);
    if (log_watch_code(p->plan->logs, code, chars, &index, &fault) != RESULT_OK)
        return parser_fail(p, text.at, "%s", fault.text);
    if (!parser_at(p, "["))
        return parser_unexpected(p, "a range: events() are moments, as in count_over_time(events(\"E17\")[1h])");
    const uint16_t node = add_select(p, name.at);
    return !p->has_failed && use_watch(p, node, index) ? node : NO_NODE;
}

/* ) */
static uint16_t parse_novelty(struct parser *p, struct token name) {
    int index;
    struct fault fault;
    if (!parser_expect(p, ")"))
        return NO_NODE;
    if (log_watch_novelty(p->plan->logs, &index, &fault) != RESULT_OK)
        return parser_fail(p, name.at, "%s", fault.text);
    const uint16_t node = add_select(p, name.at);
    return !p->has_failed && use_watch(p, node, index) ? node : NO_NODE;
}

bool parser_log_term(struct parser *p, struct token name, uint16_t *out) {
    static const struct {
        const char *name;
        uint16_t (*parse)(struct parser *p, struct token name); /* after '(' */
    } rows[] = {{"log_rate", parse_rate}, {"events", parse_events}, {"log_novelty", parse_novelty}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (token_is(p->source, &name, rows[i].name)) {
            parser_advance(p);
            *out = rows[i].parse(p, name);
            return true;
        }
    return false;
}
