/* Blocks of evidence: written by the product as records come in, read by the gateway.
 *
 * The writer runs for every datagram of a product, so it only looks a name up and writes a few bytes; the block is
 * self-contained, so that a ring of them can be overwritten block by block. Sensors say decimals ("-18.25"), and the
 * difference of two neighbours is small: whole numbers of the last digit as zigzag varints take a byte or two where
 * Gorilla's XOR of doubles takes five to seven. A value that is no short decimal goes as its eight bytes; every value
 * comes back bit for bit. A range coder, as the store's chunks have, would halve it again and cost the product more
 * than the bytes are worth. The reader trusts nothing: lengths, numbers, names, times. Pure. */
#include "fieldline/evidence.h"

#include <math.h>
#include <string.h>

#include "src/field.h"
#include "src/names.h"

enum { VERSION = 1, FORM_DELTA = 0, FORM_DECIMAL = 1, FORM_DOUBLE = 2, FORM_OTHER = 3, DIGITS_MAX = 9 };
enum { OTHER_SERIES = 0, OTHER_LOG = 1, FACILITY_MAX = 23 };
enum { NAME_BYTES = CAP_METRIC_BYTES + 1 + CAP_PART_BYTES };
/* Tag, time, digits and the longest value. */
enum { SAMPLE_BYTES_MAX = 3 * VARINT_BYTES_MAX + 1 };
static const double powers[DIGITS_MAX + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
#define DECIMAL_MAX 9007199254740992.0 /* 2^53: whole numbers below are exact */

/* ---- decimals ---- */

/* value == *out / 10^digits, bit for bit. */
static bool is_decimal(double value, int digits, int64_t *out) {
    const double scaled = rint(value * powers[digits]);
    if (!(fabs(scaled) < DECIMAL_MAX) || scaled / powers[digits] != value || (scaled == 0 && signbit(value)))
        return false;
    *out = (int64_t)scaled;
    return true;
}

/* ---- writing ---- */

void evidence_begin(struct evidence_writer *w, uint8_t *bytes, size_t room) {
    memset(w, 0, sizeof *w);
    w->bytes = bytes;
    w->room = room;
    w->bytes[w->count++] = VERSION;
}

static uint32_t hash_of(const char *name, size_t chars) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < chars; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return hash;
}

/* The slot of that name: a series, or where it belongs. There are twice as many slots as series. */
static uint16_t *slot_of(struct evidence_writer *w, const char *name, size_t chars) {
    for (uint32_t i = hash_of(name, chars);; i++) {
        uint16_t *slot = &w->slots[i % EVIDENCE_SLOTS];
        const struct evidence_series *s = *slot ? &w->series[*slot - 1] : NULL;
        if (!s || (s->name_chars == chars && memcmp(w->bytes + s->name_at, name, chars) == 0))
            return slot;
    }
}

/* Writes the series' beginning, unless it began before. What it wrote counts only with the sample. */
static enum result begin_series(struct evidence_writer *w, const char *metric, const char *part, uint8_t **at,
                                size_t *index, uint16_t **slot) {
    char name[NAME_BYTES + 1];
    const size_t metric_chars = strlen(metric), part_chars = strlen(part);
    if (metric_chars > CAP_METRIC_BYTES || part_chars > CAP_PART_BYTES)
        return RESULT_BAD_INPUT;
    size_t chars = metric_chars;
    memcpy(name, metric, metric_chars);
    if (part_chars > 0) {
        name[chars++] = '/';
        memcpy(name + chars, part, part_chars);
        chars += part_chars;
    }
    *slot = slot_of(w, name, chars);
    *index = **slot ? **slot - 1u : w->series_count;
    if (**slot)
        return w->room - w->count >= SAMPLE_BYTES_MAX ? RESULT_OK : RESULT_FULL;
    if (!name_is_metric(metric, metric_chars) || (part_chars > 0 && !name_is_part(part, part_chars)))
        return RESULT_BAD_INPUT;
    if (w->series_count == EVIDENCE_SERIES_MAX || w->room - w->count < SAMPLE_BYTES_MAX + 2 + chars)
        return RESULT_FULL;
    *at = varint_write(*at, OTHER_SERIES << 2 | FORM_OTHER);
    *(*at)++ = (uint8_t)chars;
    w->series[*index] = (struct evidence_series){.name_at = (uint16_t)(*at - w->bytes),
                                                 .name_chars = (uint8_t)chars,
                                                 .metric_chars = (uint8_t)metric_chars,
                                                 .digits = EVIDENCE_NO_DIGITS};
    memcpy(*at, name, chars);
    *at += chars;
    return RESULT_OK;
}

static uint8_t *put_value(struct evidence_series *s, uint64_t tag, uint64_t time, double value, uint8_t *at) {
    int64_t decimal;
    if (s->digits != EVIDENCE_NO_DIGITS && is_decimal(value, s->digits, &decimal)) {
        at = varint_write(varint_write(at, tag | FORM_DELTA), time);
        at = varint_write(at, zigzag_encode(decimal - s->last));
        s->last = decimal;
        return at;
    }
    for (int digits = 0; digits <= DIGITS_MAX; digits++) {
        if (!is_decimal(value, digits, &decimal))
            continue;
        at = varint_write(varint_write(at, tag | FORM_DECIMAL), time);
        *at++ = (uint8_t)digits;
        s->digits = (uint8_t)digits;
        s->last = decimal;
        return varint_write(at, zigzag_encode(decimal));
    }
    at = varint_write(varint_write(at, tag | FORM_DOUBLE), time);
    memcpy(at, &value, sizeof value); /* both ends are little-endian; the store's chunks rely on it too */
    return at + sizeof value;
}

static bool is_time(int64_t event_ms) {
    return event_ms >= 0 && event_ms <= FIELD_TIME_MAX_MS;
}

static bool is_line(int severity, int facility, const void *app, size_t app_chars) {
    return severity >= 0 && severity <= SEVERITY_DEBUG && facility >= 0 && facility <= FACILITY_MAX &&
           app_chars <= CAP_LOG_APP_BYTES && utf8_valid(app, app_chars);
}

enum result evidence_add_sample(struct evidence_writer *w, const char *metric, const char *part, int64_t event_ms,
                                double value) {
    uint8_t *at = w->bytes + w->count;
    uint16_t *slot;
    size_t index;
    if (!isfinite(value) || !is_time(event_ms))
        return RESULT_BAD_INPUT;
    const enum result result = begin_series(w, metric, part, &at, &index, &slot);
    if (result != RESULT_OK)
        return result;
    if (*slot == 0)
        *slot = (uint16_t)++w->series_count;
    at = put_value(&w->series[index], (uint64_t)index << 2, zigzag_encode(event_ms - w->last_ms), value, at);
    w->count = (size_t)(at - w->bytes);
    w->last_ms = event_ms;
    w->record_count++;
    return RESULT_OK;
}

enum result evidence_add_log(struct evidence_writer *w, const struct log_record *record) {
    const size_t app_chars = strlen(record->app), chars = strlen(record->text);
    uint8_t *at = w->bytes + w->count;
    if (!is_time(record->event_ms) || !is_line(record->severity, record->facility, record->app, app_chars) ||
        !utf8_valid(record->text, chars))
        return RESULT_BAD_INPUT;
    if (w->room - w->count < 3 * VARINT_BYTES_MAX + 4 + app_chars + chars)
        return RESULT_FULL;
    at = varint_write(at, OTHER_LOG << 2 | FORM_OTHER);
    at = varint_write(at, zigzag_encode(record->event_ms - w->last_ms));
    *at++ = (uint8_t)record->severity;
    *at++ = (uint8_t)record->facility;
    *at++ = record->is_cut;
    *at++ = (uint8_t)app_chars;
    memcpy(at, record->app, app_chars);
    at = varint_write(at + app_chars, chars);
    memcpy(at, record->text, chars);
    w->count = (size_t)(at + chars - w->bytes);
    w->last_ms = record->event_ms;
    w->record_count++;
    return RESULT_OK;
}

/* ---- reading ---- */

enum result evidence_open(struct evidence_reader *r, const void *bytes, size_t count, struct fault *fault) {
    uint8_t version;
    memset(r, 0, sizeof *r);
    r->bytes = bytes;
    r->left = cursor_of(bytes, count);
    if (!cursor_u8(&r->left, &version))
        return fault_set(fault, RESULT_BAD_INPUT, "the block is empty");
    if (version != VERSION)
        return fault_set(fault, RESULT_BAD_INPUT, "the block has version %d, expected %d", version, VERSION);
    return RESULT_OK;
}

size_t evidence_offset(const struct evidence_reader *r) {
    return (size_t)(r->left.at - r->bytes);
}

static bool read_signed(struct cursor *c, int64_t *out) {
    uint64_t raw;
    if (!cursor_varint(c, &raw))
        return false;
    *out = zigzag_decode(raw);
    return true;
}

static bool read_time(struct evidence_reader *r, int64_t *out) {
    int64_t delta;
    if (!read_signed(&r->left, &delta) || __builtin_add_overflow(r->last_ms, delta, out) || !is_time(*out))
        return false;
    r->last_ms = *out;
    return true;
}

static const char *read_series(struct evidence_reader *r) {
    uint8_t chars;
    const uint8_t *name;
    if (!cursor_u8(&r->left, &chars) || !cursor_take(&r->left, chars, &name))
        return "a series' name is cut short";
    if (r->series_count == EVIDENCE_SERIES_MAX)
        return "too many series";
    const uint8_t *slash = memchr(name, '/', chars);
    const size_t metric_chars = slash ? (size_t)(slash - name) : chars;
    if (!name_is_metric((const char *)name, metric_chars) ||
        (slash && !name_is_part((const char *)slash + 1, chars - metric_chars - 1)))
        return "a series has no valid name";
    r->series[r->series_count++] = (struct evidence_series){.name_at = (uint16_t)(name - r->bytes),
                                                            .name_chars = chars,
                                                            .metric_chars = (uint8_t)metric_chars,
                                                            .digits = EVIDENCE_NO_DIGITS};
    return NULL;
}

static const char *read_log(struct evidence_reader *r, struct log_record *log) {
    uint8_t severity, facility, is_cut, app_chars;
    uint64_t chars;
    const uint8_t *app, *text;
    if (!read_time(r, &log->event_ms))
        return "a log line has no valid time";
    if (!cursor_u8(&r->left, &severity) || !cursor_u8(&r->left, &facility) || !cursor_u8(&r->left, &is_cut) ||
        !cursor_u8(&r->left, &app_chars) || !cursor_take(&r->left, app_chars, &app) ||
        !cursor_varint(&r->left, &chars) || chars > CAP_LOG_TEXT_BYTES || !cursor_take(&r->left, chars, &text))
        return "a log line is cut short or too long";
    if (!is_line(severity, facility, app, app_chars) || is_cut > 1 || !utf8_valid(text, chars))
        return "a log line is not valid";
    log->severity = severity;
    log->facility = facility;
    log->is_cut = is_cut;
    memcpy(log->app, app, app_chars);
    log->app[app_chars] = '\0';
    memcpy(log->text, text, chars);
    log->text[chars] = '\0';
    return NULL;
}

static const char *read_decimal(struct evidence_reader *r, struct evidence_series *s, int form, double *out) {
    uint8_t digits = s->digits;
    int64_t told, decimal;
    if (form == FORM_DECIMAL && !cursor_u8(&r->left, &digits))
        return "a value is cut short";
    if (digits > DIGITS_MAX)
        return "a value has no valid number of digits";
    if (!read_signed(&r->left, &told) || __builtin_add_overflow(form == FORM_DELTA ? s->last : 0, told, &decimal) ||
        decimal > (int64_t)DECIMAL_MAX || decimal < -(int64_t)DECIMAL_MAX)
        return "a value is cut short or too large";
    s->digits = digits;
    s->last = decimal;
    *out = (double)decimal / powers[digits];
    return NULL;
}

static const char *read_sample(struct evidence_reader *r, uint64_t tag, struct evidence_item *item) {
    const int form = (int)(tag & 3);
    const uint8_t *raw;
    if (tag >> 2 >= r->series_count)
        return "a sample is of a series that did not begin";
    struct evidence_series *s = &r->series[tag >> 2];
    struct senml_record *sample = &item->sample;
    if (!read_time(r, &sample->event_ms))
        return "a sample has no valid time";
    if (form == FORM_DOUBLE) {
        if (!cursor_take(&r->left, sizeof sample->value, &raw))
            return "a value is cut short";
        memcpy(&sample->value, raw, sizeof sample->value);
        if (!isfinite(sample->value))
            return "a value is not finite";
    } else {
        const char *why = read_decimal(r, s, form, &sample->value);
        if (why)
            return why;
    }
    const char *name = (const char *)r->bytes + s->name_at;
    const size_t part_chars = s->name_chars > s->metric_chars ? s->name_chars - s->metric_chars - 1u : 0;
    memcpy(sample->metric, name, s->metric_chars);
    sample->metric[s->metric_chars] = '\0';
    memcpy(sample->part, name + s->name_chars - part_chars, part_chars);
    sample->part[part_chars] = '\0';
    sample->unit[0] = '\0';
    item->series = tag >> 2;
    return NULL;
}

enum result evidence_next(struct evidence_reader *r, struct evidence_item *item, bool *is_end, struct fault *fault) {
    uint64_t tag;
    while (r->left.left > 0) {
        const size_t at = evidence_offset(r);
        const char *why = cursor_varint(&r->left, &tag) ? NULL : "a tag is cut short";
        if (!why && tag == (OTHER_SERIES << 2 | FORM_OTHER)) {
            why = read_series(r);
            if (!why)
                continue;
        } else if (!why) {
            item->is_log = tag == (OTHER_LOG << 2 | FORM_OTHER);
            why = item->is_log              ? read_log(r, &item->log)
                  : (tag & 3) == FORM_OTHER ? "an unknown kind of record"
                                            : read_sample(r, tag, item);
        }
        *is_end = false;
        return why ? fault_set(fault, RESULT_BAD_INPUT, "byte %zu: %s", at, why) : RESULT_OK;
    }
    *is_end = true;
    return RESULT_OK;
}
