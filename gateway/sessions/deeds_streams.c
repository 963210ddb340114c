/* Files, ports and screens: opened by a call, over with stream.closed, and between the two a number. What is known at
 * the beginning (name, size, the promised hash) is kept until the end says the rest. */
#include "sessions/deeds_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct open_stream *add_stream(const struct message *m, enum deed_kind kind, const char *name) {
    struct deeds *d = m->deeds;
    struct open_stream *stream = &d->streams[0];
    for (size_t i = 0; i < STREAMS && stream->is_used; i++) {
        stream = &d->streams[i];
    }
    if (stream->is_used) {
        deeds_stream_end(m, stream, "too many were open", false);
    }
    *stream = (struct open_stream){.is_used = true,
                                   .kind = kind,
                                   .number = (uint32_t)deeds_number(m->params, "stream", 0),
                                   .n = m->entry->line.n,
                                   .t_ms = m->entry->line.t_ms,
                                   .size = -1};
    text_copy(stream->by, sizeof stream->by, m->by);
    text_copy(stream->name, sizeof stream->name, name);
    deeds_call_add(m, kind, name, "")->stream = stream->number;
    return stream;
}

static void begin_file(const struct message *m, bool is_down) {
    char name[NAME_BYTES + 1];
    snprintf(name, sizeof name, "%.100s/%.400s", deeds_text(m->params, "root"), deeds_text(m->params, "path"));
    struct open_stream *stream = add_stream(m, DEED_FILE, name);
    stream->is_down = is_down;
    if (is_down) {
        stream->size = deeds_number(m->params, "size", -1);
        text_copy(stream->sha256, sizeof stream->sha256, deeds_text(m->params, "sha256"));
    }
}

void deeds_on_get(const struct message *m) {
    begin_file(m, false);
}

void deeds_on_put(const struct message *m) {
    begin_file(m, true);
}

void deeds_on_forward(const struct message *m) {
    (void)add_stream(m, DEED_PORT, deeds_text(m->params, "name"));
}

void deeds_on_screen(const struct message *m) {
    struct open_stream *stream = add_stream(m, DEED_SCREEN, deeds_text(m->params, "name"));
    text_copy(stream->text, sizeof stream->text, deeds_true(m->params, "view_only") ? "view only" : "");
}

void deeds_stream_end(const struct message *m, struct open_stream *stream, const char *outcome, bool has_ended) {
    struct deed deed = deeds_begin(stream->kind, m);
    const char *sha256 = deeds_text(m->params, "sha256");
    deed.n = stream->n;
    deed.t_ms = stream->t_ms;
    deed.by = stream->by;
    deed.name = stream->name;
    deed.text = stream->text;
    deed.is_down = stream->is_down;
    deed.size = stream->size;
    deed.outcome = outcome;
    deed.has_ended = has_ended;
    deed.sha256 = has_ended && sha256[0] != '\0' ? sha256 : stream->sha256;
    deed.up_bytes = has_ended ? deeds_number(m->params, "up_bytes", 0) : 0;
    deed.down_bytes = has_ended ? deeds_number(m->params, "down_bytes", 0) : 0;
    deeds_tell(m, &deed);
    *stream = (struct open_stream){0};
}

void deeds_on_stream_closed(const struct message *m) {
    struct open_stream *stream = deeds_stream(m->deeds, (uint32_t)deeds_number(m->params, "stream", 0));
    if (stream != NULL) {
        deeds_stream_end(m, stream, deeds_text(m->params, "reason"), true);
    }
}
