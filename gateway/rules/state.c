/* A device's rule state, version 2:
 *
 *   version u8, evaluated and due times, parts by name, one section for each series of the plan, one for each rule that
 *   has a condition, log lines and events, check [8]
 *
 * A section begins with what it is of (a metric's name, the key of what is derived, the digest of a rule) and its
 * length, and a window with its range: so a state goes into a device whose pack was edited since. What both know goes
 * on as if nothing had happened; what is gone is skipped; windows that are new stay cold until history fills them
 * (rule_device_warm); a rule that says something else now begins anew, and so does a detector whose inputs do.
 *
 * The check is the beginning of a SHA-256 over everything before it: what comes from a disk is not trusted. */
#include "rules/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/device_state.h"

enum { STATE_VERSION = 2, DIGEST_BYTES = 8, SECTION_BYTES_MAX = 1 << 24 };

static void put_bytes(struct buf *out, const void *bytes, size_t count) {
    buf_add_varint(out, count);
    buf_add(out, bytes, count);
}
static bool get_section(struct cursor *in, struct cursor *section) {
    uint64_t count;
    const uint8_t *at;
    if (!cursor_varint(in, &count) || !cursor_take(in, (size_t)count, &at))
        return false;
    *section = cursor_of(at, (size_t)count);
    return true;
}
static void put_section(struct buf *out, struct buf *section) {
    if (section->overflow)
        out->overflow = true;
    put_bytes(out, section->data ? section->data : (const uint8_t *)"", section->count);
    buf_reset(section);
}

/* ---- windows and series ---- */

static void save_derived(const struct plan_metric *m, const struct series *series, struct buf *out) {
    const struct derived_series *own = series_derived(series, m);
    struct buf detector;
    buf_init(&detector, SECTION_BYTES_MAX);
    buf_add_u8(out, own->state);
    state_put_time(out, own->until_ms);
    state_put_time(out, own->fed_ms);
    for (int i = 0; i < DETECTOR_OUTPUTS_MAX; i++)
        state_put_double(out, own->outputs[i]);
    points_save(&own->waiting, out);
    if (own->detector && m->derived->detector->save)
        m->derived->detector->save(own->detector, &m->derived->spec, &detector);
    put_section(out, &detector);
    buf_fini(&detector);
}

static void save_metric(const struct series_set *set, size_t index, struct buf *out, struct buf *window) {
    const struct plan_metric *m = &set->plan->metrics[index];
    const struct metric_series *all = &set->metrics[index];
    buf_add_varint(out, m->window_count);
    for (size_t w = 0; w < m->window_count; w++) {
        const struct window_spec *spec = &set->plan->windows[m->windows[w]].spec;
        buf_add_varint(out, (uint64_t)spec->range_ms);
        buf_add_varint(out, spec->needs);
    }
    buf_add_varint(out, all->count);
    for (size_t i = 0; i < all->count; i++) {
        const struct series *series = series_at(all, i);
        buf_add_varint(out, series->part);
        state_put_time(out, series->last_ms);
        state_put_double(out, series->value);
        for (size_t w = 0; w < m->window_count; w++) {
            window_save(series_window(series, &set->plan->windows[m->windows[w]]), window);
            put_section(out, window);
        }
        if (m->derived)
            save_derived(m, series, out);
    }
}

static const char *key_of(const struct plan_metric *m) {
    return m->derived ? m->derived->key : m->name;
}

static void save_series(const struct series_set *set, struct buf *out) {
    struct buf section, window;
    size_t count = 0;
    buf_init(&section, SECTION_BYTES_MAX);
    buf_init(&window, SECTION_BYTES_MAX);
    for (size_t m = 0; m < set->plan->metric_count; m++)
        count += set->plan->metrics[m].window_count > 0 || set->metrics[m].count > 0;
    buf_add_varint(out, count);
    for (size_t m = 0; m < set->plan->metric_count; m++) {
        if (set->plan->metrics[m].window_count == 0 && set->metrics[m].count == 0)
            continue;
        put_bytes(out, key_of(&set->plan->metrics[m]), strlen(key_of(&set->plan->metrics[m])));
        buf_add_u8(out, set->plan->metrics[m].derived != NULL);
        save_metric(set, m, &section, &window);
        put_section(out, &section);
    }
    buf_fini(&section);
    buf_fini(&window);
}

/* The saved windows of a metric, and which of the plan's each goes into (-1: none). */
struct saved_windows {
    int to[PLAN_WINDOWS_MAX];
    uint32_t needs[PLAN_WINDOWS_MAX];
    size_t count;
};

static bool load_specs(const struct plan *plan, const struct plan_metric *m, struct cursor *in,
                       struct saved_windows *saved) {
    uint64_t count, range_ms, needs;
    if (!cursor_varint(in, &count) || count > PLAN_WINDOWS_MAX)
        return false;
    saved->count = (size_t)count;
    for (size_t i = 0; i < saved->count; i++) {
        if (!cursor_varint(in, &range_ms) || !cursor_varint(in, &needs) || needs > UINT16_MAX)
            return false;
        saved->to[i] = -1;
        saved->needs[i] = (uint32_t)needs;
        for (size_t w = 0; w < m->window_count; w++)
            if ((uint64_t)plan->windows[m->windows[w]].spec.range_ms == range_ms)
                saved->to[i] = m->windows[w];
    }
    return true;
}

static bool load_derived(const struct plan_metric *m, struct series *series, struct cursor *in) {
    struct derived_series *own = series_derived(series, m);
    const struct detector_row *row = m->derived->detector;
    struct cursor detector;
    if (!cursor_u8(in, &own->state) || own->state > DERIVED_UNKNOWN || !state_get_time(in, &own->until_ms) ||
        !state_get_time(in, &own->fed_ms))
        return false;
    for (int i = 0; i < DETECTOR_OUTPUTS_MAX; i++)
        if (!state_get_double(in, &own->outputs[i]))
            return false;
    if (!points_load(&own->waiting, in) || !get_section(in, &detector))
        return false;
    if (!row || !row->load || row->load(own->detector, &m->derived->spec, &detector))
        return true;
    if (row->fini) /* of an older version of this detector: it learns anew */
        row->fini(own->detector);
    memset(own->detector, 0, row->state_bytes);
    if (row->init)
        row->init(own->detector, &m->derived->spec);
    own->state = DERIVED_UNKNOWN;
    return true;
}

struct loading {
    struct rule_device *device;
    const uint16_t *parts; /* by their index in the set that was saved */
    size_t part_count;
};

static bool load_one(const struct loading *l, size_t metric, const struct saved_windows *saved, uint64_t *cold,
                     int *before, struct cursor *in) {
    struct series_set *set = &l->device->set;
    const struct plan_metric *m = &set->plan->metrics[metric];
    uint64_t part;
    if (!cursor_varint(in, &part) || part >= l->part_count || (int)part <= *before)
        return false;
    *before = (int)part;
    struct series *series = series_find(set, (int)metric, l->parts[part]);
    if (!state_get_time(in, &series->last_ms) || !state_get_double(in, &series->value) || !isfinite(series->value))
        return false;
    for (size_t w = 0; w < saved->count; w++) {
        struct cursor bytes;
        if (!get_section(in, &bytes))
            return false;
        if (saved->to[w] < 0)
            continue;
        const struct plan_window *window = &set->plan->windows[saved->to[w]];
        struct window *to = series_window(series, window);
        const bool has_all = (saved->needs[w] & window->spec.needs) == window->spec.needs;
        if (window_count(to) > 0) /* the same twice */
            return false;
        if (!has_all && window_saved_as_buckets(&bytes)) {
            cold[saved->to[w] / 64] |= UINT64_C(1) << (saved->to[w] % 64);
            continue;
        }
        if (!window_load(to, &window->spec, &bytes) || bytes.left > 0)
            return false;
    }
    return !m->derived || load_derived(m, series, in);
}

static bool load_metric(const struct loading *l, size_t metric, struct cursor *in) {
    const struct plan *plan = l->device->set.plan;
    struct saved_windows saved;
    uint64_t count, cold[PLAN_WINDOWS_MAX / 64] = {0};
    if (!load_specs(plan, &plan->metrics[metric], in, &saved) || !cursor_varint(in, &count) || count > l->part_count)
        return false;
    int before = -1; /* the index of the part before, as it was saved: they ascend, so none is there twice */
    for (uint64_t i = 0; i < count; i++)
        if (!load_one(l, metric, &saved, cold, &before, in))
            return false;
    for (size_t w = 0; w < saved.count; w++)
        if (saved.to[w] >= 0 && !(cold[saved.to[w] / 64] >> (saved.to[w] % 64) & 1))
            l->device->cold[saved.to[w] / 64] &= ~(UINT64_C(1) << (saved.to[w] % 64));
    return in->left == 0;
}

static int find_key(const struct plan *plan, const struct cursor *key, bool is_derived) {
    for (size_t m = 0; m < plan->metric_count; m++) {
        const char *own = key_of(&plan->metrics[m]);
        if (is_derived == (plan->metrics[m].derived != NULL) && strlen(own) == key->left &&
            memcmp(own, key->at, key->left) == 0)
            return (int)m;
    }
    return -1;
}

static bool load_series(const struct loading *l, struct cursor *in) {
    uint64_t count, seen[(PLAN_SERIES_MAX + 63) / 64] = {0};
    if (!cursor_varint(in, &count) || count > PLAN_SERIES_MAX)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        struct cursor key, section;
        uint8_t is_derived;
        if (!get_section(in, &key) || !cursor_u8(in, &is_derived) || is_derived > 1 || !get_section(in, &section))
            return false;
        const int metric = find_key(l->device->set.plan, &key, is_derived != 0);
        if (metric < 0)
            continue;
        if (seen[metric / 64] >> (metric % 64) & 1 || !load_metric(l, (size_t)metric, &section))
            return false;
        seen[metric / 64] |= UINT64_C(1) << (metric % 64);
    }
    return true;
}

/* ---- conditions ---- */

static void save_conditions(const struct rule_device *d, struct buf *out) {
    size_t count = 0;
    for (size_t r = 0; r < d->pack->rule_count; r++)
        count += d->rules[r].count > 0;
    buf_add_varint(out, count);
    for (size_t r = 0; r < d->pack->rule_count; r++) {
        if (d->rules[r].count == 0)
            continue;
        buf_add(out, d->pack->rules[r]->digest, RULE_DIGEST_BYTES);
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

/* `rule` < 0: of a rule that is no more; read all the same, to come to the next. */
static bool load_condition(const struct loading *l, int rule, struct cursor *in) {
    uint64_t part;
    uint8_t bits;
    struct condition skipped, *c = &skipped;
    if (!cursor_varint(in, &part) || part >= l->part_count || !cursor_u8(in, &bits) || (bits & 3) > PHASE_FIRING ||
        bits >> 4 != 0)
        return false;
    if (rule >= 0)
        c = device_condition(l->device, (size_t)rule, l->parts[part]);
    c->phase = bits & 3;
    c->is_over = (bits >> 2 & 1) != 0;
    c->is_unknown = (bits >> 3 & 1) != 0;
    return state_get_time(in, &c->since_ms) && state_get_time(in, &c->over_ms) && state_get_time(in, &c->until_ms) &&
           state_get_time(in, &c->told_ms) && cursor_u32be(in, &c->told_hash) && state_get_double(in, &c->value) &&
           isfinite(c->value);
}

static bool load_conditions(const struct loading *l, struct cursor *in) {
    const struct pack *pack = l->device->pack;
    uint64_t rules, count;
    if (!cursor_varint(in, &rules) || rules > PLAN_RULES_MAX)
        return false;
    for (uint64_t i = 0; i < rules; i++) {
        const uint8_t *digest;
        int rule = -1;
        if (!cursor_take(in, RULE_DIGEST_BYTES, &digest) || !cursor_varint(in, &count) || count > l->part_count)
            return false;
        for (size_t r = 0; r < pack->rule_count && rule < 0; r++)
            if (memcmp(pack->rules[r]->digest, digest, RULE_DIGEST_BYTES) == 0)
                rule = (int)r;
        for (uint64_t k = 0; k < count; k++)
            if (!load_condition(l, rule, in))
                return false;
    }
    return true;
}

/* ---- the device ---- */

void rule_device_save(const struct rule_device *d, struct buf *out) {
    uint8_t digest[SHA256_BYTES];
    const size_t start = out->count;
    buf_add_u8(out, STATE_VERSION);
    state_put_time(out, d->evaluated_ms);
    state_put_time(out, d->due_ms);
    buf_add_varint(out, d->set.part_count);
    for (size_t i = 0; i < d->set.part_count; i++)
        put_bytes(out, d->set.parts[i].name, strlen(d->set.parts[i].name));
    save_series(&d->set, out);
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
        for (uint64_t k = 0; k < i; k++)
            if (parts[k] == part)
                return false;
        parts[i] = (uint16_t)part;
    }
    *part_count = (size_t)count;
    return true;
}

static enum result load_into(struct rule_device *d, struct cursor *in) {
    uint8_t version;
    uint16_t parts[RULE_PARTS_MAX];
    struct loading l = {.device = d, .parts = parts};
    if (!cursor_u8(in, &version))
        return RESULT_CORRUPT;
    if (version != STATE_VERSION)
        return RESULT_CONFLICT;
    const bool is_whole = state_get_time(in, &d->evaluated_ms) && state_get_time(in, &d->due_ms) &&
                          load_parts(&d->set, in, parts, &l.part_count) && load_series(&l, in) &&
                          load_conditions(&l, in) && device_feed_load(d, in);
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
        rule_device_pass_fleet(fresh, d);
    }
    rule_device_free(fresh);
    return result;
}
