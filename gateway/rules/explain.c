/* The rule is evaluated once more, term by term; this happens when an alarm is raised, not for each sample. */
#include "rules/explain.h"

#include <math.h>
#include <string.h>

#include "fieldline/bytes.h"
#include "rules/evaluate_inside.h"
#include "rules/operator.h"

struct story {
    const struct expression *e;
    const struct scope scope;
    uint16_t part;
    uint16_t told[EXPLAIN_TERMS_MAX];
    size_t count, room;
    struct buf out;
};

/* The text of a term on one line. */
static void put_term(const struct expression *e, const struct node *node, struct buf *out) {
    bool has_blank = false;
    size_t count = 0;
    for (const char *at = e->source + node->at; at < e->source + node->end && count < EXPLAIN_TERM_BYTES; at++) {
        if (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') {
            has_blank = count > 0;
            continue;
        }
        if (has_blank)
            buf_str(out, " ");
        has_blank = false;
        if (*at == '"' || *at == '\\')
            buf_str(out, "\\");
        buf_add(out, at, 1);
        count++;
    }
    out->count = utf8_cut(out->data, out->count); /* not in the middle of a character */
}

/* When the newest sample of what a node reads was measured; 0: none. */
static int64_t newest_ms(const struct story *s, uint16_t at) {
    const struct node *node = &s->e->nodes[at];
    int64_t newest = 0;
    if (node->kind == NODE_SELECT || node->kind == NODE_RANGE) {
        const struct metric_series *all = &s->scope.set->metrics[node->metric];
        for (size_t i = 0; i < all->count; i++) {
            const struct series *series = series_at(all, i);
            const bool is_asked = s->part == 0 || series->part == s->part || series->part == 0;
            if (is_asked && series->last_ms > newest && series->last_ms <= s->scope.now_ms)
                newest = series->last_ms;
        }
    }
    for (int i = 0; i < node->arg_count; i++) {
        const int64_t own = newest_ms(s, node->args[i]);
        newest = own > newest ? own : newest;
    }
    return newest;
}

static bool is_same_text(const struct expression *e, const struct node *a, const struct node *b) {
    return a->end - a->at == b->end - b->at && memcmp(e->source + a->at, e->source + b->at, a->end - a->at) == 0;
}

static void tell(struct story *s, uint16_t at) {
    const struct node *node = &s->e->nodes[at];
    struct vector v;
    if (s->count == EXPLAIN_TERMS_MAX)
        return;
    for (size_t i = 0; i < s->count; i++)
        if (is_same_text(s->e, &s->e->nodes[s->told[i]], node))
            return;
    const size_t before = s->out.count;
    scope_eval(&s->scope, at, &v);
    const struct element *found = vector_find(&v, s->part);
    if (!found)
        found = vector_find(&v, 0);
    if (!found && v.count == 1)
        found = &v.items[0];
    buf_str(&s->out, s->count > 0 ? ",{\"term\":\"" : "{\"term\":\"");
    put_term(s->e, node, &s->out);
    if (found && found->state == ELEMENT_PRESENT && isfinite(found->value))
        buf_printf(&s->out, "\",\"value\":%.10g", found->value);
    else
        buf_str(&s->out, "\",\"value\":null");
    const int64_t newest = newest_ms(s, at);
    buf_printf(&s->out, ",\"at\":%lld}", (long long)(newest ? newest : s->scope.now_ms));
    if (s->out.overflow || s->out.count + 2 > s->room) { /* it does not fit; a shorter one may */
        s->out.overflow = false;
        s->out.count = before;
        return;
    }
    s->told[s->count++] = at;
}

static void walk(struct story *s, uint16_t at, bool is_compared) {
    const struct node *node = &s->e->nodes[at];
    if (node->type == TYPE_SCALAR)
        return;
    if (node->kind == NODE_GROUP || node->kind == NODE_NEGATE) {
        walk(s, node->args[0], is_compared);
        return;
    }
    if (node->kind != NODE_BINARY) {
        tell(s, at);
        return;
    }
    const enum operator_class class = operator_rows[node->row].class;
    if (class == OPERATOR_ARITHMETIC && is_compared)
        tell(s, at);
    walk(s, node->args[0], class == OPERATOR_COMPARISON);
    walk(s, node->args[1], class == OPERATOR_COMPARISON);
}

void explain(const struct expression *e, const struct series_set *set, int64_t now_ms, uint16_t part, char *out,
             size_t room) {
    struct story s = {.e = e, .scope = {.nodes = e->nodes, .set = set, .now_ms = now_ms}, .part = part, .room = room};
    buf_init(&s.out, room);
    buf_str(&s.out, "[");
    walk(&s, e->root, true);
    buf_str(&s.out, "]");
    memcpy(out, buf_text(&s.out), s.out.count + 1);
    buf_fini(&s.out);
}
