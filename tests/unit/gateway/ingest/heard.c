#include "heard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heard *heard_new(const char *mapping) {
    struct heard *h = mem_alloc(sizeof *h);
    struct mappings *mappings = NULL;
    struct buf problems;
    buf_init(&problems, 65536);
    cr_assert_eq(mappings_read_text("test.conf", mapping, &mappings, &problems), RESULT_OK, "%s", buf_text(&problems));
    buf_fini(&problems);
    h->adapters = adapters_new(mappings);
    h->mono_ms = 1000;
    return h;
}

void heard_free(struct heard *h) {
    adapters_free(h->adapters);
    free(h);
}

static FL_PRINTF(2, 3) void add(struct heard *h, const char *format, ...) {
    const size_t at = strlen(h->said);
    va_list args;
    va_start(args, format);
    vsnprintf(h->said + at, sizeof h->said - at, format, args);
    va_end(args);
}

static void say(void *self, const struct statement *s) {
    struct heard *h = self;
    add(h, "%s%s %s", h->said[0] ? "\n" : "", s->device, s->model[0] ? s->model : "?");
    if (s->presence != PRESENCE_UNSAID)
        add(h, " %s", s->presence == PRESENCE_ONLINE ? "online" : "offline");
    for (size_t i = 0; i < s->record_count; i++) {
        const struct senml_record *r = &s->records[i];
        add(h, " %s%s%s=%.10g%s", r->metric, r->part[0] ? "/" : "", r->part, r->value, r->unit);
        if (r->event_ms != HEARD_MS)
            add(h, "@%lld", (long long)r->event_ms);
    }
    for (size_t i = 0; i < s->event_count; i++) {
        const struct event_message *e = &s->events[i];
        if (e->kind == EVENT_FAULT)
            add(h, " %c%s(%s)", e->active ? '+' : '-', e->code, e->text);
        else
            add(h, " note(%s)", e->text);
    }
    if (s->reject_count > 0)
        add(h, " !%s", s->reject.text);
    if (s->serial[0])
        add(h, " serial=%s", s->serial);
    if (s->firmware[0])
        add(h, " firmware=%s", s->firmware);
}

static void ask(void *self, const char *topic, const void *payload, size_t bytes) {
    struct heard *h = self;
    cr_assert(payload && bytes > 0);
    snprintf(h->asked, sizeof h->asked, "%s", topic);
    h->asks++;
}

enum result heard_bytes(struct heard *h, const char *topic, const void *payload, size_t bytes, bool is_retained) {
    const struct adapter_sink sink = {.say = say, .ask = ask, .self = h};
    const struct foreign_message message = {.topic = topic,
                                            .topic_bytes = strlen(topic),
                                            .payload = payload,
                                            .payload_bytes = bytes,
                                            .is_retained = is_retained,
                                            .recv_wall_ms = HEARD_MS,
                                            .now_mono_ms = h->mono_ms};
    h->said[0] = h->fault.text[0] = 0;
    return adapters_receive(h->adapters, &message, &sink, h->device, &h->fault);
}

enum result heard_text(struct heard *h, const char *topic, const char *payload) {
    return heard_bytes(h, topic, payload, strlen(payload), false);
}
