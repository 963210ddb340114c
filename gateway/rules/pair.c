/* Which element of the left belongs to which of the right, and what the operator makes of the two: arithmetic,
 * comparison, and, or, unless. Parts are what tells elements of one device apart; an element without a part belongs to
 * all parts of the other side unless on() or ignoring() says otherwise (there we are more generous than PromQL, whose
 * series carry more labels). The three states combine as Kleene's logic has it, see evaluate.c. */
#include "rules/pair.h"

#include <math.h>

#include "rules/operator.h"

static size_t vector_place(const struct vector *v, uint16_t part) {
    size_t low = 0, high = v->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (v->items[middle].part < part)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
const struct element *vector_find(const struct vector *v, uint16_t part) {
    size_t at = vector_place(v, part);
    return at < v->count && v->items[at].part == part ? &v->items[at] : NULL;
}

/* ---- arithmetic and comparisons ---- */

struct element pair_combine(const struct node *node, const struct element *l, const struct element *r, double keep,
                            uint16_t part) {
    const struct operator_row *op = &operator_rows[node->row];
    struct element e = {.part = part, .until_ms = earlier(l->until_ms, r->until_ms), .state = ELEMENT_PRESENT};
    if (l->state == ELEMENT_FILTERED || r->state == ELEMENT_FILTERED) {
        e.state = ELEMENT_FILTERED;
        return e;
    }
    if (l->state == ELEMENT_UNKNOWN || r->state == ELEMENT_UNKNOWN)
        return unknown(part);
    if (op->class == OPERATOR_ARITHMETIC) {
        e.value = op->apply(l->value, r->value);
        return isfinite(e.value) ? e : unknown(part);
    }
    if (isnan(l->value) || isnan(r->value))
        return unknown(part);
    bool is_true = op->compare(l->value, r->value);
    e.value = node->gives_bool ? is_true : keep;
    if (!is_true && !node->gives_bool)
        e.state = ELEMENT_FILTERED;
    return e;
}

/* The one element that stands for all: the only one present. Several present are ambiguous, hence unknown. */
static struct element the_one(const struct vector *v) {
    struct element one = {.until_ms = INT64_MAX, .state = ELEMENT_FILTERED};
    size_t present = 0;
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->items[i];
        if (e->state == ELEMENT_PRESENT && ++present == 1)
            one = *e;
        else if (present == 0 && e->state == ELEMENT_UNKNOWN)
            one = unknown(0);
        else if (present == 0 && one.state == ELEMENT_FILTERED)
            one.until_ms = earlier(one.until_ms, e->until_ms);
    }
    return present > 1 ? unknown(0) : one;
}

static void pair_by_device(const struct node *node, const struct vector *left, const struct vector *right,
                           struct vector *out) {
    if (left->count == 0 || right->count == 0) {
        out->count = 0;
        return;
    }
    struct element l = the_one(left), r = the_one(right);
    if (node->many == MANY_NONE) {
        out->items[0] = pair_combine(node, &l, &r, l.value, 0);
        out->count = 1;
        return;
    }
    const struct vector *many = node->many == MANY_LEFT ? left : right;
    for (size_t i = 0; i < many->count; i++) {
        const struct element *e = &many->items[i];
        out->items[i] = node->many == MANY_LEFT ? pair_combine(node, e, &r, e->value, e->part)
                                                : pair_combine(node, &l, e, l.value, e->part);
    }
    out->count = many->count;
}

/* In part order; with loose matching an element without a part stands in for any part of its side. */
static void pair_by_part(const struct node *node, const struct vector *left, const struct vector *right,
                         struct vector *out) {
    bool is_loose = node->match == MATCH_LOOSE;
    const struct element *any_left = is_loose ? vector_find(left, 0) : NULL;
    const struct element *any_right = is_loose ? vector_find(right, 0) : NULL;
    size_t i = 0, k = 0, count = 0;
    while (i < left->count || k < right->count) {
        uint16_t part = UINT16_MAX;
        if (i < left->count)
            part = left->items[i].part;
        if (k < right->count && right->items[k].part < part)
            part = right->items[k].part;
        const struct element *l = i < left->count && left->items[i].part == part ? &left->items[i++] : any_left;
        const struct element *r = k < right->count && right->items[k].part == part ? &right->items[k++] : any_right;
        if (l && r)
            out->items[count++] = pair_combine(node, l, r, l->value, part);
    }
    out->count = count;
}

/* ---- and, or, unless ---- */

/* What a whole side says: present when any element is. false: it has no element at all. */
static bool any_of(const struct vector *v, struct element *out) {
    *out = (struct element){.until_ms = INT64_MAX, .state = ELEMENT_FILTERED};
    for (size_t i = 0; i < v->count; i++) {
        const struct element *e = &v->items[i];
        if (e->state == ELEMENT_PRESENT && out->state == ELEMENT_PRESENT)
            out->until_ms = later(out->until_ms, e->until_ms);
        else if (e->state == ELEMENT_PRESENT)
            *out = *e;
        else if (e->state == ELEMENT_UNKNOWN && out->state == ELEMENT_FILTERED)
            *out = unknown(0);
        else if (e->state == ELEMENT_FILTERED && out->state == ELEMENT_FILTERED)
            out->until_ms = earlier(out->until_ms, e->until_ms);
    }
    return v->count > 0;
}

static bool counterpart(const struct node *node, const struct vector *right, uint16_t part, struct element *out) {
    const struct element *same = node->match == MATCH_DEVICE ? NULL : vector_find(right, part);
    if (!same && node->match == MATCH_LOOSE && part != 0)
        same = vector_find(right, 0);
    if (same) {
        *out = *same;
        return true;
    }
    return node->match != MATCH_PART && (node->match == MATCH_DEVICE || part == 0) && any_of(right, out);
}

static struct element both(const struct element *l, const struct element *r, bool has_r) {
    struct element e = *l;
    if (l->state != ELEMENT_FILTERED && has_r && r->state == ELEMENT_FILTERED) {
        e = *r;
        e.part = l->part;
        return e;
    }
    if (l->state == ELEMENT_FILTERED)
        return e;
    if (l->state == ELEMENT_UNKNOWN || !has_r || r->state == ELEMENT_UNKNOWN)
        return unknown(l->part);
    e.until_ms = earlier(l->until_ms, r->until_ms);
    return e;
}

static struct element left_unless(const struct element *l, const struct element *r, bool has_r) {
    struct element e = *l;
    if (l->state == ELEMENT_FILTERED || !has_r)
        return e;
    if (r->state == ELEMENT_PRESENT) {
        e.state = ELEMENT_FILTERED;
        e.until_ms = r->until_ms;
        return e;
    }
    if (r->state == ELEMENT_UNKNOWN)
        return unknown(l->part);
    e.until_ms = earlier(l->until_ms, r->until_ms);
    return e;
}

static void join_narrow(const struct node *node, const struct vector *left, const struct vector *right,
                        struct vector *out) {
    bool is_and = operator_rows[node->row].set == SET_AND;
    for (size_t i = 0; i < left->count; i++) {
        struct element r = {0};
        bool has_r = counterpart(node, right, left->items[i].part, &r);
        out->items[i] = is_and ? both(&left->items[i], &r, has_r) : left_unless(&left->items[i], &r, has_r);
    }
    out->count = left->count;
}

static struct element either(const struct element *l, const struct element *r) {
    if (l->state == ELEMENT_PRESENT && r->state == ELEMENT_PRESENT) {
        struct element e = *l;
        e.until_ms = later(l->until_ms, r->until_ms);
        return e;
    }
    if (l->state == ELEMENT_PRESENT)
        return *l;
    if (r->state == ELEMENT_PRESENT)
        return *r;
    if (l->state == ELEMENT_UNKNOWN || r->state == ELEMENT_UNKNOWN)
        return unknown(l->part);
    struct element e = *l;
    e.until_ms = earlier(l->until_ms, r->until_ms);
    return e;
}

/* All of the left and what the right adds; with on(device) the right counts only when the left has nothing. */
static void join_or(const struct node *node, const struct vector *left, const struct vector *right,
                    struct vector *out) {
    struct element all;
    bool hides_right = node->match == MATCH_DEVICE && any_of(left, &all) && all.state == ELEMENT_PRESENT;
    size_t right_count = hides_right ? 0 : right->count, i = 0, k = 0, count = 0;
    while (i < left->count || k < right_count) {
        uint16_t l = i < left->count ? left->items[i].part : UINT16_MAX;
        uint16_t r = k < right_count ? right->items[k].part : UINT16_MAX;
        if (l < r)
            out->items[count++] = left->items[i++];
        else if (r < l)
            out->items[count++] = right->items[k++];
        else
            out->items[count++] = either(&left->items[i++], &right->items[k++]);
    }
    out->count = count;
}

void pair_vectors(const struct node *node, const struct vector *left, const struct vector *right, struct vector *out) {
    const struct operator_row *op = &operator_rows[node->row];
    if (op->class == OPERATOR_SET && op->set == SET_OR)
        join_or(node, left, right, out);
    else if (op->class == OPERATOR_SET)
        join_narrow(node, left, right, out);
    else if (node->match == MATCH_DEVICE)
        pair_by_device(node, left, right, out);
    else
        pair_by_part(node, left, right, out);
}
