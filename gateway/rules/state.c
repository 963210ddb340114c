/* A device's rule state, version 2:
 *
 *   version u8, what the rules need [8], evaluated and due times, parts by name, series by metric, conditions by rule,
 *   log lines and events, check [8]
 *
 * "What the rules need" is the beginning of a SHA-256 over metrics, windows and rules in order: a state goes back only
 * into rules that keep the same things at the same places. After an edit of the pack windows are filled from history
 * instead (rule_device_warm). Matching window by window was left: one edit in a while does not need it.
 *
 * The check is the beginning of a SHA-256 over everything before it: what comes from a disk is not trusted. */
#include "rules/state.h"

#include <stdlib.h>
#include <string.h>

#include "rules/device_state.h"

enum { STATE_VERSION = 2, DIGEST_BYTES = 8 };

static void put_name(struct buf *out, const char *name) {
    buf_add_varint(out, strlen(name));
    buf_str(out, name);
}

static void needs_of(const struct pack *pack, uint8_t out[SHA256_BYTES]) {
    const struct plan *plan = pack->plan;
    struct buf text;
    buf_init(&text, (PLAN_METRICS_MAX + PLAN_WINDOWS_MAX + PLAN_RULES_MAX) * 256);
    for (size_t m = 0; m < plan->metric_count; m++) {
        put_name(&text, plan->metrics[m].name);
        for (size_t w = 0; w < plan->metrics[m].window_count; w++) {
            const struct window_spec *spec = &plan->windows[plan->metrics[m].windows[w]].spec;
            buf_add_varint(&text, (uint64_t)spec->range_ms);
            buf_add_varint(&text, spec->needs);
            buf_add_u8(&text, spec->is_dense);
        }
        buf_add_u8(&text, 0);
    }
    for (size_t r = 0; r < pack->rule_count; r++)
        put_name(&text, pack->rules[r]->alert);
    sha256(text.data ? text.data : (const uint8_t *)"", text.count, out);
    buf_fini(&text);
}

/* ---- series ---- */

void series_save(const struct series_set *set, struct buf *out) {
    for (size_t m = 0; m < set->plan->metric_count; m++) {
        const struct plan_metric *metric = &set->plan->metrics[m];
        buf_add_varint(out, set->metrics[m].count);
        for (size_t i = 0; i < set->metrics[m].count; i++) {
            const struct series *series = series_at(&set->metrics[m], i);
            buf_add_varint(out, series->part);
            state_put_time(out, series->last_ms);
            state_put_double(out, series->value);
            for (size_t w = 0; w < metric->window_count; w++)
                window_save(series_window(series, &set->plan->windows[metric->windows[w]]), out);
        }
    }
}

static bool load_one(struct series_set *set, size_t m, const uint16_t *parts, size_t part_count, struct cursor *in) {
    const struct plan_metric *metric = &set->plan->metrics[m];
    uint64_t part;
    if (!cursor_varint(in, &part) || part >= part_count)
        return false;
    struct series *series = series_find(set, (int)m, parts[part]);
    if (!state_get_time(in, &series->last_ms) || !state_get_double(in, &series->value))
        return false;
    for (size_t w = 0; w < metric->window_count; w++) {
        const struct plan_window *window = &set->plan->windows[metric->windows[w]];
        if (window_count(series_window(series, window)) > 0) /* the same part twice */
            return false;
        if (!window_load(series_window(series, window), &window->spec, in))
            return false;
    }
    return true;
}

bool series_load(struct series_set *set, const uint16_t *parts, size_t part_count, struct cursor *in) {
    for (size_t m = 0; m < set->plan->metric_count; m++) {
        uint64_t count;
        if (!cursor_varint(in, &count) || count > part_count)
            return false;
        for (uint64_t i = 0; i < count; i++)
            if (!load_one(set, m, parts, part_count, in))
                return false;
    }
    return true;
}

/* ---- conditions ---- */

static void save_conditions(const struct rule_device *d, struct buf *out) {
    for (size_t r = 0; r < d->pack->rule_count; r++) {
        buf_add_varint(out, d->rules[r].count);
        for (size_t i = 0; i < d->rules[r].count; i++) {
            const struct condition *c = &d->rules[r].items[i];
            buf_add_varint(out, c->part);
            buf_add_u8(out, (uint8_t)(c->phase | c->is_over << 2 | c->is_unknown << 3));
            state_put_time(out, c->since_ms);
            state_put_time(out, c->over_ms);
            state_put_time(out, c->until_ms);
            state_put_time(out, c->told_ms);
            buf_add_u32be(out, c->told_hash);
            state_put_double(out, c->value);
        }
    }
}

static bool load_condition(struct rule_device *d, size_t rule, const uint16_t *parts, size_t part_count,
                           struct cursor *in) {
    uint64_t part;
    uint8_t bits;
    if (!cursor_varint(in, &part) || part >= part_count || !cursor_u8(in, &bits) || (bits & 3) > PHASE_FIRING ||
        bits >> 4 != 0)
        return false;
    struct condition *c = device_condition(d, rule, parts[part]);
    c->phase = bits & 3;
    c->is_over = (bits >> 2 & 1) != 0;
    c->is_unknown = (bits >> 3 & 1) != 0;
    return state_get_time(in, &c->since_ms) && state_get_time(in, &c->over_ms) && state_get_time(in, &c->until_ms) &&
           state_get_time(in, &c->told_ms) && cursor_u32be(in, &c->told_hash) && state_get_double(in, &c->value);
}

static bool load_conditions(struct rule_device *d, const uint16_t *parts, size_t part_count, struct cursor *in) {
    for (size_t r = 0; r < d->pack->rule_count; r++) {
        uint64_t count;
        if (!cursor_varint(in, &count) || count > part_count)
            return false;
        for (uint64_t i = 0; i < count; i++)
            if (!load_condition(d, r, parts, part_count, in))
                return false;
    }
    return true;
}

/* ---- the device ---- */

void rule_device_save(const struct rule_device *d, struct buf *out) {
    uint8_t digest[SHA256_BYTES];
    const size_t start = out->count;
    buf_add_u8(out, STATE_VERSION);
    needs_of(d->pack, digest);
    buf_add(out, digest, DIGEST_BYTES);
    state_put_time(out, d->evaluated_ms);
    state_put_time(out, d->due_ms);
    buf_add_varint(out, d->set.part_count);
    for (size_t i = 0; i < d->set.part_count; i++)
        put_name(out, d->set.parts[i].name);
    series_save(&d->set, out);
    save_conditions(d, out);
    device_feed_save(d, out);
    if (out->overflow)
        return;
    sha256(out->data + start, out->count - start, digest);
    buf_add(out, digest, DIGEST_BYTES);
}

/* The saved parts, as indices of `set`. */
static bool load_parts(struct series_set *set, struct cursor *in, uint16_t parts[RULE_PARTS_MAX], size_t *part_count) {
    uint64_t count, chars;
    const uint8_t *text;
    if (!cursor_varint(in, &count) || count > RULE_PARTS_MAX)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        char name[CAP_PART_BYTES + 1];
        if (!cursor_varint(in, &chars) || chars > CAP_PART_BYTES || !cursor_take(in, (size_t)chars, &text) ||
            memchr(text, 0, (size_t)chars))
            return false;
        memcpy(name, text, (size_t)chars);
        name[chars] = 0;
        const int part = series_part(set, name);
        if (part < 0)
            return false;
        parts[i] = (uint16_t)part;
    }
    *part_count = (size_t)count;
    return true;
}

static enum result load_into(struct rule_device *d, struct cursor *in) {
    uint8_t version, needs[SHA256_BYTES];
    uint16_t parts[RULE_PARTS_MAX];
    size_t part_count;
    const uint8_t *saved;
    if (!cursor_u8(in, &version) || !cursor_take(in, DIGEST_BYTES, &saved))
        return RESULT_CORRUPT;
    needs_of(d->pack, needs);
    if (version != STATE_VERSION || memcmp(saved, needs, DIGEST_BYTES) != 0)
        return RESULT_CONFLICT;
    const bool is_whole = state_get_time(in, &d->evaluated_ms) && state_get_time(in, &d->due_ms) &&
                          load_parts(&d->set, in, parts, &part_count) && series_load(&d->set, parts, part_count, in) &&
                          load_conditions(d, parts, part_count, in) && device_feed_load(d, in);
    return is_whole && in->left == 0 ? RESULT_OK : RESULT_CORRUPT;
}

static bool has_right_check(const void *state, size_t bytes) {
    uint8_t digest[SHA256_BYTES];
    if (bytes < DIGEST_BYTES)
        return false;
    sha256(state, bytes - DIGEST_BYTES, digest);
    return memcmp((const uint8_t *)state + bytes - DIGEST_BYTES, digest, DIGEST_BYTES) == 0;
}

enum result rule_device_load(struct rule_device *d, const void *state, size_t bytes) {
    if (!has_right_check(state, bytes))
        return RESULT_CORRUPT;
    struct rule_device *fresh = rule_device_new(d->pack, d->name);
    struct cursor in = cursor_of(state, bytes - DIGEST_BYTES);
    for (int i = 0; i < d->set.part_count; i++) /* others hold these indices */
        (void)series_part(&fresh->set, d->set.parts[i].name);
    const enum result result = load_into(fresh, &in);
    if (result == RESULT_OK) {
        const struct rule_device old = *d;
        *d = *fresh;
        *fresh = old;
    }
    rule_device_free(fresh);
    return result;
}
