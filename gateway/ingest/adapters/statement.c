/* A statement is made anew for each message in the same memory: the arrays are allocated once. Bounds are kept here, so
 * that no adapter has to; what does not fit is counted with a reason and becomes part of the quarantine's entry. Texts
 * of devices are cut and cleaned where they come in, because consoles and mails show them later. */
#include "ingest/adapters/statement.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct statement *statement_new(void) {
    struct statement *s = mem_alloc(sizeof *s);
    s->records = mem_alloc(CAP_PACK_RECORDS * sizeof *s->records);
    s->events = mem_alloc(STATEMENT_EVENTS_MAX * sizeof *s->events);
    return s;
}

void statement_free(struct statement *s) {
    if (!s)
        return;
    free(s->records);
    free(s->events);
    free(s);
}

void statement_begin(struct statement *s, const char *adapter, const char *device) {
    s->adapter = adapter;
    snprintf(s->device, sizeof s->device, "%s", device);
    s->model[0] = s->serial[0] = s->firmware[0] = 0;
    s->presence = PRESENCE_UNSAID;
    s->record_count = s->event_count = s->reject_count = 0;
    s->reject.text[0] = 0;
}

bool statement_is_empty(const struct statement *s) {
    return s->presence == PRESENCE_UNSAID && s->record_count == 0 && s->event_count == 0 && s->reject_count == 0;
}

void statement_reject(struct statement *s, const char *format, ...) {
    if (s->reject_count++ > 0)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(s->reject.text, sizeof s->reject.text, format, args);
    va_end(args);
}

/* Values are many: no snprintf. */
static void copy(char *out, size_t room, const char *text) {
    const size_t count = strnlen(text, room - 1);
    memcpy(out, text, count);
    out[count] = 0;
}

void statement_add_value(struct statement *s, const char *metric, const char *part, const char *unit, int64_t event_ms,
                         double value) {
    if (!isfinite(value)) {
        statement_reject(s, "metric '%s' is no finite number", metric);
        return;
    }
    if (s->record_count == CAP_PACK_RECORDS) {
        statement_reject(s, "more than %d values in one message", CAP_PACK_RECORDS);
        return;
    }
    struct senml_record *r = &s->records[s->record_count++];
    copy(r->metric, sizeof r->metric, metric);
    copy(r->part, sizeof r->part, part);
    copy(r->unit, sizeof r->unit, unit);
    r->event_ms = event_ms;
    r->value = value;
}

void statement_label(char *out, size_t room, const char *text, size_t bytes) {
    size_t count = bytes < room ? bytes : room - 1;
    if (!utf8_valid(text, bytes))
        count = 0;
    else if (count < bytes)
        count = utf8_cut(text, count);
    if (count > 0)
        memcpy(out, text, count);
    out[count] = 0;
    for (char *c = out; *c; c++)
        if ((uint8_t)*c < 0x20 || *c == 0x7f)
            *c = ' ';
}

static struct event_message *add_event(struct statement *s, enum event_kind kind, int severity, const char *text,
                                       size_t text_bytes, int64_t event_ms) {
    if (s->event_count == STATEMENT_EVENTS_MAX) {
        statement_reject(s, "more than %d events in one message", STATEMENT_EVENTS_MAX);
        return NULL;
    }
    struct event_message *e = &s->events[s->event_count++];
    *e = (struct event_message){.event_ms = event_ms, .kind = kind, .severity = severity};
    statement_label(e->text, sizeof e->text, text, text_bytes);
    return e;
}

void statement_add_fault(struct statement *s, const char *code, bool active, int severity, const char *text,
                         size_t text_bytes, int64_t event_ms) {
    struct event_message *e = add_event(s, EVENT_FAULT, severity, text, text_bytes, event_ms);
    if (!e)
        return;
    snprintf(e->code, sizeof e->code, "%s", code);
    e->active = active;
}

void statement_add_note(struct statement *s, int severity, const char *text, size_t text_bytes, int64_t event_ms) {
    (void)add_event(s, EVENT_INFO, severity, text, text_bytes, event_ms);
}
