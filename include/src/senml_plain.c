/* Two tries: what the order of the names before lets expect, and one loop over the members. Neither says what is wrong:
 * whatever they do not know they leave to the long way, from the record's beginning. Any thread. */
#include "src/senml_plain.h"

#include "fieldline/caps.h"
#include "fieldline/number.h"
#include "src/json_text.h"

enum { SEEN_N = 1, SEEN_V = 2, SEEN_T = 4, SEEN_U = 8 };
enum { KEY_CHARS = 5 /* "n":" */, TAIL_CHARS = 6 /* ","v": */, SLOT_BITS = 6, PROBES = 4 };

void senml_names_forget(struct senml_names *names) {
    names->is_set = 0;
    names->last = 0;
    names->time_count = 0;
}

static inline bool slot_is_set(const struct senml_names *names, uint8_t slot) {
    return names->is_set >> slot & 1;
}

static inline bool name_is(const struct senml_name *a, const struct senml_name *b) {
    return a->name_count == b->name_count && a->unit_count == b->unit_count && a->has_unit == b->has_unit &&
           memcmp(a->name, b->name, a->name_count) == 0 && memcmp(a->unit, b->unit, a->unit_count) == 0;
}

/* Where the name is, or the slot for it. Hashed by its last eight bytes, which lie within the payload ("[{" and the key
 * stand before it); where four names want the same place, one of them is forgotten. */
static uint8_t slot_find(const struct senml_names *names, const struct senml_name *name, bool *is_known) {
    uint64_t tail;
    memcpy(&tail, name->name + name->name_count - sizeof tail, sizeof tail);
    uint8_t first = (uint8_t)(((tail ^ name->name_count) * 0x9e3779b97f4a7c15u) >> (64 - SLOT_BITS));
    *is_known = false;
    for (unsigned i = 0; i < PROBES; i++) {
        uint8_t slot = (uint8_t)((first + i) % SENML_NAMES);
        if (!slot_is_set(names, slot))
            return slot;
        *is_known = name_is(&names->slots[slot], name);
        if (*is_known)
            return slot;
    }
    return first;
}

static inline bool begins_with(const char *at, const char *end, const char *text, size_t count) {
    return (size_t)(end - at) >= count && memcmp(at, text, count) == 0;
}

/* ---- as expected ---- */

/* All records of a moment say the same time. Behind the comma, or NULL. */
static inline const char *time_read(struct senml_names *names, const char *at, const char *end, double *out) {
    if (names->time_count > 0 && begins_with(at, end, names->time_text, names->time_count)) {
        *out = names->time;
        return at + names->time_count;
    }
    const char *behind = number_short(at, end, out);
    if (!behind || behind == end || *behind != ',')
        return NULL;
    names->time_text = at;
    names->time_count = (size_t)(behind + 1 - at);
    names->time = *out;
    return behind + 1;
}

static const char *expected_read(struct senml_names *names, const char *at, const char *end, struct senml_plain *out) {
    uint8_t slot = names->slots[names->last].next;
    if (!slot_is_set(names, names->last) || !slot_is_set(names, slot))
        return NULL;
    const struct senml_name *name = &names->slots[slot];
    if (!name->from || !begins_with(at, end, name->before, name->before_count))
        return NULL;
    at += name->before_count;
    out->has_time = begins_with(at, end, "\"t\":", 4);
    if (out->has_time) {
        at = time_read(names, at + 4, end, &out->time);
        if (!at)
            return NULL;
    }
    if (!begins_with(at, end, name->from, name->from_count))
        return NULL;
    at = number_short(at + name->from_count, end, &out->value);
    if (!at || at == end || *at != '}')
        return NULL;
    out->name.record = name->record;
    out->is_known = true;
    names->last = slot;
    return at + 1;
}

/* ---- member by member ---- */

static inline const char *text_read(const char *at, const char *end, const char **text, uint16_t *count) {
    if (at == end || *at != '"')
        return NULL;
    const char *close = json_text_end(at + 1, end);
    if (close == end || *close != '"' || close - at > CAP_METRIC_BYTES + CAP_PART_BYTES + 2)
        return NULL;
    *text = at + 1;
    *count = (uint16_t)(close - at - 1);
    return close + 1;
}

static inline const char *member_read(const char *at, const char *end, struct senml_plain *out, unsigned *seen) {
    unsigned bit;
    switch (at[1]) {
    case 'n':
        bit = SEEN_N;
        at = text_read(at + 4, end, &out->name.name, &out->name.name_count);
        break;
    case 'u':
        bit = SEEN_U;
        at = text_read(at + 4, end, &out->name.unit, &out->name.unit_count);
        break;
    case 'v':
        bit = SEEN_V;
        at = number_short(at + 4, end, &out->value);
        break;
    case 't':
        bit = SEEN_T;
        at = number_short(at + 4, end, &out->time);
        break;
    default: return NULL;
    }
    if (*seen & bit)
        return NULL;
    *seen |= bit;
    return at;
}

static const char *members_read(const char *at, const char *end, struct senml_plain *out) {
    unsigned seen = 0;
    for (;;) {
        if (end - at < KEY_CHARS || at[0] != '"' || at[2] != '"' || at[3] != ':')
            return NULL;
        at = member_read(at, end, out, &seen);
        if (!at || at == end)
            return NULL;
        if (*at == '}')
            break;
        if (*at++ != ',')
            return NULL;
    }
    out->has_time = seen & SEEN_T;
    out->name.has_unit = seen & SEEN_U;
    bool is_whole = (seen & (SEEN_N | SEEN_V)) == (SEEN_N | SEEN_V) && out->name.name_count > 0;
    return is_whole ? at + 1 : NULL;
}

/* Where the pieces that expected_read compares stand, when they stand in our encoder's order: u, t, n, v. */
static void mark_pieces(struct senml_name *name, const char *at, const char *end) {
    const char *behind = name->name + name->name_count;
    bool has_order = begins_with(behind, end, "\",\"v\":", TAIL_CHARS);
    name->before = at;
    name->before_count = 0;
    if (name->has_unit) {
        has_order = has_order && name->unit == at + KEY_CHARS && name->unit < name->name;
        name->before_count = (uint16_t)(KEY_CHARS + name->unit_count + 2);
    }
    name->from = has_order ? name->name - KEY_CHARS : NULL;
    name->from_count = (uint16_t)(KEY_CHARS + name->name_count + TAIL_CHARS);
}

const char *senml_plain_read(struct senml_names *names, const char *at, const char *end, struct senml_plain *out) {
    const char *behind = expected_read(names, at, end, out);
    if (behind)
        return behind;
    out->name = (struct senml_name){.unit = ""};
    out->time = 0;
    out->is_known = false;
    behind = members_read(at, end, out);
    if (!behind)
        return NULL;
    out->slot = slot_find(names, &out->name, &out->is_known);
    if (out->is_known) {
        out->name.record = names->slots[out->slot].record;
        names->slots[names->last].next = out->slot;
        names->last = out->slot;
    } else {
        mark_pieces(&out->name, at, end);
    }
    return behind;
}

void senml_names_keep(struct senml_names *names, const struct senml_plain *plain, uint16_t record) {
    uint8_t slot = plain->slot;
    names->slots[slot] = plain->name;
    names->slots[slot].record = record;
    names->slots[slot].next = slot;
    names->slots[names->last].next = slot;
    names->last = slot;
    names->is_set |= UINT64_C(1) << slot;
}
