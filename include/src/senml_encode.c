/* SenML out: packs that the agent fills record by record.
 *
 * Writes what senml_decode reads, small: the first record's time and unit are the pack's base, later records carry what
 * differs. A record is checked before it goes in, because one bad record would make the gateway refuse the whole pack
 * and all good ones with it. Common prefixes of names ("bn") were left: mosquitto's links compress, and a name costs
 * few bytes. Owned by the agent's one thread. */
#include "fieldline/senml.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/number.h"
#include "src/names.h"

enum { RECORD_BYTES = 320, CLOSING_BYTES = 1 };
#define RELATIVE_BELOW_MS (268435456LL * 1000) /* RFC 8428: a time below 2^28 s would be read as relative to "now" */
#define TIME_MAX_MS       (253402300799LL * 1000)

void senml_pack_init(struct senml_pack *p, size_t cap_bytes) {
    *p = (struct senml_pack){0};
    buf_init(&p->body, cap_bytes > CLOSING_BYTES ? cap_bytes - CLOSING_BYTES : 0);
}

void senml_pack_fini(struct senml_pack *p) {
    buf_fini(&p->body);
    *p = (struct senml_pack){0};
}

static bool record_is_sound(const struct senml_record *r) {
    return name_is_metric(r->metric, strlen(r->metric)) && (!r->part[0] || name_is_part(r->part, strlen(r->part))) &&
           name_is_unit(r->unit, strlen(r->unit)) && isfinite(r->value) && r->event_ms >= RELATIVE_BELOW_MS &&
           r->event_ms <= TIME_MAX_MS;
}

static void add_number(struct buf *to, const char *field, double value) {
    char text[32];
    size_t count = number_print(value, text);
    buf_printf(to, "\"%s\":%.*s,", field, (int)count, text);
}

/* Into a buffer of its own, so that a record which does not fit leaves no trace. */
static void record_print(const struct senml_pack *p, const struct senml_record *r, struct buf *to) {
    bool is_first = p->record_count == 0;
    buf_str(to, is_first ? "[{" : ",{");
    if (is_first) {
        add_number(to, "bt", (double)r->event_ms / 1000);
        if (r->unit[0])
            buf_printf(to, "\"bu\":\"%s\",", r->unit);
    } else if (strcmp(r->unit, p->unit) != 0) {
        buf_printf(to, "\"u\":\"%s\",", r->unit); /* "" says: none, whatever the base unit is */
    }
    if (!is_first && r->event_ms != p->base_ms)
        add_number(to, "t", (double)(r->event_ms - p->base_ms) / 1000);
    buf_printf(to, "\"n\":\"%s%s%s\",", r->metric, r->part[0] ? "/" : "", r->part);
    add_number(to, "v", r->value);
    to->data[to->count - 1] = '}'; /* in place of the last comma */
}

enum result senml_pack_add(struct senml_pack *p, const struct senml_record *record) {
    if (!record_is_sound(record))
        return RESULT_BAD_INPUT;
    if (p->record_count == CAP_PACK_RECORDS)
        return RESULT_FULL;
    struct buf text;
    buf_init(&text, RECORD_BYTES);
    record_print(p, record, &text);
    enum result result = p->record_count == 0 ? RESULT_TOO_BIG : RESULT_FULL;
    if (text.count <= p->body.cap - p->body.count) {
        buf_add(&p->body, text.data, text.count);
        if (p->record_count++ == 0) {
            p->base_ms = record->event_ms;
            memcpy(p->unit, record->unit, sizeof p->unit);
        }
        result = RESULT_OK;
    }
    buf_fini(&text);
    return result;
}

void senml_pack_finish(struct senml_pack *p, struct buf *out) {
    buf_reset(out);
    if (p->record_count > 0) {
        buf_add(out, p->body.data, p->body.count);
        buf_add_u8(out, ']');
    }
    buf_reset(&p->body);
    p->record_count = 0;
    p->base_ms = 0;
    p->unit[0] = 0;
}
