/* SenML in: the hot path of the product.
 *
 * One pass over the text with the pull parser, no allocation, fields collected as slices of the payload and resolved
 * when their record ends (a record's own "bn" may stand after its "n"). Nothing here knows packs, units' meanings or
 * sane times: the normaliser does. A tree (cJSON) costs twenty times as much; a generic "bind fields to struct" layer
 * was left because base values, exclusive values and "refuse names that end in _" are rules of SenML alone. Any thread;
 * all state is on the stack. The caller's array is scratch until the answer is RESULT_OK. */
#include "fieldline/senml.h"

#include <math.h>
#include <string.h>

#include "fieldline/json_pull.h"
#include "fieldline/number.h"
#include "src/names.h"
#include "src/senml_plain.h"

enum { NAME_BYTES = CAP_METRIC_BYTES + 1 + CAP_PART_BYTES, UNKNOWN_BYTES = 512, VERSION_MAX = 10 };
#define RELATIVE_BELOW_S 268435456.0    /* 2^28, RFC 8428 4.5.3 */
#define TIME_MAX_S       253402300799.0 /* the end of the year 9999: the last that clock_print can write */

/* Texts first, so that they index `text`; then numbers, which index `number`. */
enum field {
    FIELD_BN,
    FIELD_BU,
    FIELD_N,
    FIELD_U,
    FIELD_VS,
    FIELD_BT,
    FIELD_BV,
    FIELD_BVER,
    FIELD_T,
    FIELD_UT,
    FIELD_V,
    FIELD_VB,
    FIELD_S,
    FIELD_BS,
    FIELD_VD,
    FIELD_UNKNOWN
};
#define TEXT_COUNT    (FIELD_VS + 1)
#define NUMBER_COUNT  (FIELD_V + 1)
#define BIT(field)    (1u << (field))
#define HAS(r, field) ((r)->seen & BIT(field))

struct slice {
    const char *at;
    size_t count;
};

/* One record while it is read. Not zeroed for each: only what `seen` names was written. */
struct record {
    uint32_t seen;
    bool boolean;
    struct slice text[TEXT_COUNT];
    double number[NUMBER_COUNT];
    char room[TEXT_COUNT][NAME_BYTES]; /* texts that had to be unescaped */
    size_t unknown_bytes;
    char unknown[UNKNOWN_BYTES]; /* names of fields that are not ours, each with its length before it */
};

struct decoder {
    struct json_pull pull;
    struct fault *fault;
    int64_t now_ms;
    size_t record; /* the first is 1: people read it */
    char base_name[NAME_BYTES], base_unit[CAP_UNIT_BYTES + 1];
    size_t base_name_count;
    double base_time, base_value;
    bool has_base_value;
    struct senml_names names; /* of the pack so far; not zeroed; forgotten when a base field changes */
};

static enum field field_find(const char *name, size_t count) {
    if (count == 1) {
        switch (name[0]) {
        case 'n': return FIELD_N;
        case 'v': return FIELD_V;
        case 't': return FIELD_T;
        case 'u': return FIELD_U;
        case 's': return FIELD_S;
        default: return FIELD_UNKNOWN;
        }
    }
    static const struct {
        char name[5];
        enum field field;
    } ROWS[] = {{"bn", FIELD_BN}, {"bt", FIELD_BT}, {"bu", FIELD_BU}, {"bv", FIELD_BV}, {"vb", FIELD_VB},
                {"vs", FIELD_VS}, {"ut", FIELD_UT}, {"vd", FIELD_VD}, {"bs", FIELD_BS}, {"bver", FIELD_BVER}};
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        if (strlen(ROWS[i].name) == count && memcmp(ROWS[i].name, name, count) == 0)
            return ROWS[i].field;
    }
    return FIELD_UNKNOWN;
}

static const char *token_name(enum json_token token) {
    switch (token) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "an array";
    case JSON_STRING: return "a string";
    case JSON_NUMBER: return "a number";
    case JSON_TRUE:
    case JSON_FALSE: return "a boolean";
    case JSON_NULL: return "null";
    default: return "nothing";
    }
}

static enum result syntax_fault(const struct decoder *d) {
    size_t byte = (size_t)(d->pull.at - d->pull.start) + 1;
    return fault_set(d->fault, RESULT_BAD_INPUT, "record %zu: not JSON: %s (at byte %zu)", d->record, d->pull.error,
                     byte);
}

#define REFUSE(d, format, ...) fault_set((d)->fault, RESULT_BAD_INPUT, "record %zu: " format, (d)->record, __VA_ARGS__)

static enum result wrong_type(const struct decoder *d, const struct slice *name, enum json_token got,
                              const char *expected) {
    if (got == JSON_ERROR)
        return syntax_fault(d);
    return REFUSE(d, "'%.*s' is %s, expected %s", (int)name->count, name->at, token_name(got), expected);
}

static enum result read_text(struct decoder *d, struct record *r, enum field field, const struct slice *name) {
    enum json_token token = json_pull_next(&d->pull);
    if (token != JSON_STRING)
        return wrong_type(d, name, token, "a string");
    r->text[field] = (struct slice){d->pull.text, d->pull.text_count};
    if (!d->pull.escaped || field == FIELD_VS)
        return RESULT_OK;
    r->text[field].at = r->room[field];
    if (!json_pull_unescape(&d->pull, r->room[field], sizeof r->room[field], &r->text[field].count))
        return REFUSE(d, "'%.*s' is too long or no text", (int)name->count, name->at);
    return RESULT_OK;
}

static enum result read_number(struct decoder *d, struct record *r, enum field field, const struct slice *name) {
    enum json_token token = json_pull_next(&d->pull);
    if (token != JSON_NUMBER)
        return wrong_type(d, name, token, "a number");
    if (!number_double(d->pull.text, d->pull.text_count, &r->number[field]))
        return REFUSE(d, "'%.*s' is out of range", (int)name->count, name->at);
    return RESULT_OK;
}

/* Remembers an unknown field's name; false when it was there before or there are too many to remember. */
static bool unknown_is_new(struct record *r, const struct slice *name) {
    for (size_t at = 0; at < r->unknown_bytes; at += 1 + (uint8_t)r->unknown[at]) {
        if ((uint8_t)r->unknown[at] == name->count && memcmp(r->unknown + at + 1, name->at, name->count) == 0)
            return false;
    }
    if (name->count > UINT8_MAX || r->unknown_bytes + 1 + name->count > sizeof r->unknown)
        return false;
    r->unknown[r->unknown_bytes++] = (char)name->count;
    memcpy(r->unknown + r->unknown_bytes, name->at, name->count);
    r->unknown_bytes += name->count;
    return true;
}

static enum result read_unknown(struct decoder *d, struct record *r, const struct slice *name) {
    if (name->count > 0 && name->at[name->count - 1] == '_')
        return REFUSE(d, "'%.*s' must be understood and is not", (int)name->count, name->at);
    if (!unknown_is_new(r, name))
        return REFUSE(d, "'%.*s' stands twice, or too many fields are unknown", (int)name->count, name->at);
    return json_pull_skip(&d->pull) ? RESULT_OK : syntax_fault(d);
}

static enum result read_field(struct decoder *d, struct record *r) {
    struct slice name = {d->pull.text, d->pull.text_count};
    char plain[NAME_BYTES];
    if (d->pull.escaped) {
        name.at = plain;
        if (!json_pull_unescape(&d->pull, plain, sizeof plain, &name.count))
            return REFUSE(d, "a field's name is too long or no text: %.*s", (int)(name.count < 40 ? name.count : 40),
                          d->pull.text);
    }
    enum field field = field_find(name.at, name.count);
    if (field == FIELD_UNKNOWN)
        return read_unknown(d, r, &name);
    if (HAS(r, field))
        return REFUSE(d, "'%.*s' stands twice", (int)name.count, name.at);
    r->seen |= BIT(field);
    if (field <= FIELD_VS)
        return read_text(d, r, field, &name);
    if (field <= FIELD_V)
        return read_number(d, r, field, &name);
    if (field != FIELD_VB)
        return REFUSE(d, "'%.*s' (sums and data) is not supported", (int)name.count, name.at);
    enum json_token token = json_pull_next(&d->pull);
    if (token != JSON_TRUE && token != JSON_FALSE)
        return wrong_type(d, &name, token, "a boolean");
    r->boolean = token == JSON_TRUE;
    return RESULT_OK;
}

/* Base fields hold from their record on. */
static enum result apply_base(struct decoder *d, const struct record *r) {
    if (HAS(r, FIELD_BVER)) {
        double version = r->number[FIELD_BVER];
        if (version < 1 || version > VERSION_MAX || version != floor(version))
            return REFUSE(d, "'bver' is not a version up to %d", VERSION_MAX);
    }
    if (r->seen & (BIT(FIELD_BN) | BIT(FIELD_BU)))
        senml_names_forget(&d->names);
    if (HAS(r, FIELD_BN)) {
        if (r->text[FIELD_BN].count > sizeof d->base_name)
            return REFUSE(d, "'bn' has more than %zu bytes", sizeof d->base_name);
        d->base_name_count = r->text[FIELD_BN].count;
        memcpy(d->base_name, r->text[FIELD_BN].at, d->base_name_count);
    }
    if (HAS(r, FIELD_BU)) {
        if (!name_is_unit(r->text[FIELD_BU].at, r->text[FIELD_BU].count))
            return REFUSE(d, "'bu' is not a unit of at most %d visible characters", CAP_UNIT_BYTES);
        memcpy(d->base_unit, r->text[FIELD_BU].at, r->text[FIELD_BU].count);
        d->base_unit[r->text[FIELD_BU].count] = 0;
    }
    if (HAS(r, FIELD_BT))
        d->base_time = r->number[FIELD_BT];
    if (HAS(r, FIELD_BV)) {
        d->base_value = r->number[FIELD_BV];
        d->has_base_value = true;
    }
    return RESULT_OK;
}

static enum result resolve_name(const struct decoder *d, const struct record *r, struct senml_record *out) {
    struct slice own = HAS(r, FIELD_N) ? r->text[FIELD_N] : (struct slice){"", 0};
    char joined[NAME_BYTES];
    struct slice name = own;
    if (own.count > sizeof joined - d->base_name_count)
        return REFUSE(d, "the name has more than %zu bytes", sizeof joined);
    if (d->base_name_count > 0) {
        memcpy(joined, d->base_name, d->base_name_count);
        memcpy(joined + d->base_name_count, own.at, own.count);
        name = (struct slice){joined, d->base_name_count + own.count};
    }
    if (name.count == 0)
        return REFUSE(d, "'%s' is missing", "n");
    const char *slash = memchr(name.at, '/', name.count);
    size_t metric_count = slash ? (size_t)(slash - name.at) : name.count;
    size_t part_count = slash ? name.count - metric_count - 1 : 0;
    if (!name_is_metric(name.at, metric_count) || (slash && !name_is_part(slash + 1, part_count)))
        return REFUSE(d, "the name '%.*s' is not a metric, or a metric/part", (int)name.count, name.at);
    memcpy(out->metric, name.at, metric_count);
    out->metric[metric_count] = 0;
    if (part_count > 0)
        memcpy(out->part, slash + 1, part_count);
    out->part[part_count] = 0;
    return RESULT_OK;
}

static enum result resolve_unit(const struct decoder *d, const struct record *r, struct senml_record *out) {
    if (!HAS(r, FIELD_U)) {
        memcpy(out->unit, d->base_unit, sizeof out->unit);
        return RESULT_OK;
    }
    const struct slice *unit = &r->text[FIELD_U];
    if (!name_is_unit(unit->at, unit->count))
        return REFUSE(d, "'u' is not a unit of at most %d visible characters", CAP_UNIT_BYTES);
    memcpy(out->unit, unit->at, unit->count);
    out->unit[unit->count] = 0;
    return RESULT_OK;
}

static enum result resolve_time(const struct decoder *d, const struct record *r, struct senml_record *out) {
    double seconds = d->base_time + (HAS(r, FIELD_T) ? r->number[FIELD_T] : 0);
    bool is_relative = seconds < RELATIVE_BELOW_S;
    if (!(fabs(seconds) <= TIME_MAX_S))
        return REFUSE(d, "the time ('%s' + 't') is beyond the year 9999", "bt");
    int64_t ms = (int64_t)(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5));
    out->event_ms = is_relative ? d->now_ms + ms : ms;
    return RESULT_OK;
}

/* Exactly one value; a base value alone stands for itself (RFC 8428 4.5.3: the missing one counts as zero). */
static enum result resolve_value(const struct decoder *d, const struct record *r, struct senml_record *out) {
    uint32_t values = r->seen & (BIT(FIELD_V) | BIT(FIELD_VB) | BIT(FIELD_VS));
    if (values & (values - 1))
        return REFUSE(d, "'%s', 'vb' and 'vs' exclude each other", "v");
    if (HAS(r, FIELD_VB)) {
        out->value = r->boolean;
        return RESULT_OK;
    }
    if (!values && !d->has_base_value)
        return REFUSE(d, "'%s' is missing", "v");
    out->value = (HAS(r, FIELD_V) ? r->number[FIELD_V] : 0) + d->base_value;
    if (!isfinite(out->value))
        return REFUSE(d, "'%s' + 'bv' is out of range", "v");
    return RESULT_OK;
}

/* A record that is written plainly, at out[index]. *is_plain is false when it is not; then nothing was read. */
static enum result read_plain(struct decoder *d, struct record *r, struct senml_record *out, size_t index,
                              bool *is_plain) {
    struct senml_plain p;
    const char *behind = senml_plain_read(&d->names, json_pull_inside(&d->pull), d->pull.end, &p);
    *is_plain = behind != NULL;
    if (!behind)
        return RESULT_OK;
    json_pull_leave(&d->pull, behind);
    r->seen = BIT(FIELD_N) | BIT(FIELD_V) | (p.has_time ? BIT(FIELD_T) : 0);
    r->number[FIELD_T] = p.time;
    r->number[FIELD_V] = p.value;
    enum result result = RESULT_OK;
    if (p.is_known) {
        out[index] = out[p.name.record];
        out[index].same = (uint16_t)(p.name.record + 1);
    } else {
        r->seen |= p.name.has_unit ? BIT(FIELD_U) : 0;
        r->text[FIELD_N] = (struct slice){p.name.name, p.name.name_count};
        r->text[FIELD_U] = (struct slice){p.name.unit, p.name.unit_count};
        out[index].same = 0;
        result = resolve_name(d, r, &out[index]);
        if (!result)
            result = resolve_unit(d, r, &out[index]);
        if (!result)
            senml_names_keep(&d->names, &p, (uint16_t)index);
    }
    if (!result)
        result = resolve_time(d, r, &out[index]);
    return result ? result : resolve_value(d, r, &out[index]);
}

/* From behind the record's brace to its end. *is_sample is false for a record whose value is a text. */
static enum result read_record(struct decoder *d, struct record *r, struct senml_record *out, bool *is_sample) {
    r->seen = 0;
    r->unknown_bytes = 0;
    out->same = 0;
    enum result result = RESULT_OK;
    enum json_token token;
    while ((token = json_pull_next(&d->pull)) == JSON_KEY) {
        result = read_field(d, r);
        if (result)
            return result;
    }
    if (token != JSON_OBJECT_END)
        return syntax_fault(d);
    if (!(result = apply_base(d, r)) && !(result = resolve_name(d, r, out)) && !(result = resolve_unit(d, r, out)) &&
        !(result = resolve_time(d, r, out)))
        result = resolve_value(d, r, out);
    *is_sample = !HAS(r, FIELD_VS);
    return result;
}

static enum result read_pack(struct decoder *d, struct senml_record *out, size_t room, size_t *count) {
    struct record record;
    size_t samples = 0;
    enum json_token token = json_pull_next(&d->pull);
    if (token != JSON_ARRAY)
        return token == JSON_ERROR
                   ? syntax_fault(d)
                   : fault_set(d->fault, RESULT_BAD_INPUT, "the pack is %s, expected an array", token_name(token));
    while ((token = json_pull_next(&d->pull)) != JSON_ARRAY_END) {
        if (token == JSON_ERROR)
            return syntax_fault(d);
        if (token != JSON_OBJECT)
            return REFUSE(d, "is %s, expected an object", token_name(token));
        if (d->record > CAP_PACK_RECORDS || samples == room)
            return fault_set(d->fault, RESULT_TOO_BIG, "record %zu: at most %d are allowed", d->record,
                             CAP_PACK_RECORDS);
        bool is_sample = true, is_plain;
        enum result result = read_plain(d, &record, out, samples, &is_plain);
        if (!is_plain)
            result = read_record(d, &record, &out[samples], &is_sample);
        if (result)
            return result;
        samples += is_sample;
        d->record++;
    }
    if (d->record == 1)
        return fault_set(d->fault, RESULT_BAD_INPUT, "the pack has no records");
    if (json_pull_next(&d->pull) != JSON_END)
        return syntax_fault(d);
    *count = samples;
    return RESULT_OK;
}

enum result senml_decode(const void *payload, size_t bytes, int64_t now_ms, struct senml_record *out, size_t room,
                         size_t *count, struct fault *fault) {
    if (bytes > CAP_PAYLOAD_BYTES)
        return fault_set(fault, RESULT_TOO_BIG, "the pack has %zu bytes, at most %d are allowed", bytes,
                         CAP_PAYLOAD_BYTES);
    if (!utf8_valid(payload, bytes))
        return fault_set(fault, RESULT_BAD_INPUT, "the pack is not valid UTF-8");
    struct decoder d;
    memset(&d, 0, offsetof(struct decoder, names));
    d.fault = fault;
    d.now_ms = now_ms;
    d.record = 1;
    senml_names_forget(&d.names);
    json_pull_init(&d.pull, payload, bytes);
    return read_pack(&d, out, room, count);
}
