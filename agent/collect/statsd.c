/* The statsd decoder: lines in, values and events out. Pure: no clock, no state, no allocation.
 *
 * The input comes from whatever process can open the socket, so every byte is reached through a slice with a length and
 * each line is checked as a whole before anything is handed over. Aggregation is meters.c's business. The grammar is
 * that of Etsy's statsd plus what DogStatsD clients add by default (tags, several values, time stamps, container ids,
 * events), because those are the client libraries firmware really links. Runs on the loop thread. */
#include "collect/statsd.h"

#include <math.h>
#include <string.h>

#include "collect/clean_text.h"
#include "fieldline/number.h"

enum { VALUES_IN_LINE = 64, TAGS_MAX = 32 };

struct slice {
    const char *at;
    size_t count;
};

static const char *const refusal_names[STATSD_REFUSAL_COUNT] = {
    [STATSD_FINE] = "fine", [STATSD_NO_VALUE] = "no_value", [STATSD_NAME] = "name",   [STATSD_VALUE] = "value",
    [STATSD_TYPE] = "type", [STATSD_SET] = "set",           [STATSD_RATE] = "rate",   [STATSD_TAG] = "tag",
    [STATSD_TIME] = "time", [STATSD_EVENT] = "event",       [STATSD_CHECK] = "check", [STATSD_FIELD] = "field"};

const char *statsd_refusal_name(enum statsd_refusal refusal) {
    return refusal_names[refusal];
}

/* Cuts `rest` at the first `stop`: what was before is returned; false when nothing is left to cut. */
static bool cut(struct slice *rest, char stop, struct slice *out) {
    if (rest->at == NULL) {
        return false;
    }
    const char *found = memchr(rest->at, stop, rest->count);
    if (found == NULL) {
        *out = *rest;
        *rest = (struct slice){0};
        return true;
    }
    size_t count = (size_t)(found - rest->at);
    *out = (struct slice){rest->at, count};
    *rest = (struct slice){found + 1, rest->count - count - 1};
    return true;
}

static bool is_text(struct slice s, const char *text) {
    return s.count == strlen(text) && memcmp(s.at, text, s.count) == 0;
}

static bool starts_with(struct slice s, const char *text, struct slice *rest) {
    size_t chars = strlen(text);
    if (s.count < chars || memcmp(s.at, text, chars) != 0) {
        return false;
    }
    *rest = (struct slice){s.at + chars, s.count - chars};
    return true;
}

static bool is_lower(char c) {
    return c >= 'a' && c <= 'z';
}
static bool is_upper(char c) {
    return c >= 'A' && c <= 'Z';
}
static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool metric_name(struct slice from, char out[CAP_METRIC_BYTES + 1]) {
    if (from.count == 0 || from.count > CAP_METRIC_BYTES) {
        return false;
    }
    for (size_t i = 0; i < from.count; i++) {
        char c = from.at[i];
        if (is_upper(c)) {
            out[i] = (char)(c - 'A' + 'a');
        } else if (is_lower(c) || c == '_' || (is_digit(c) && i > 0)) {
            out[i] = c;
        } else if (c == '.' || c == '-' || c == '/' || c == ' ') {
            out[i] = '_';
        } else {
            return false;
        }
    }
    out[from.count] = '\0';
    return true;
}

/* A part or a code: letters, digits and some marks. */
static bool copy_name(struct slice from, const char *marks, size_t cap, char *out) {
    if (from.count == 0 || from.count > cap) {
        return false;
    }
    for (size_t i = 0; i < from.count; i++) {
        char c = from.at[i];
        if (!is_lower(c) && !is_upper(c) && !is_digit(c) && (c == '\0' || strchr(marks, c) == NULL)) {
            return false;
        }
    }
    memcpy(out, from.at, from.count);
    out[from.count] = '\0';
    return true;
}

/* Takes the tag `key:value` out of a comma list; an absent one leaves *out empty with at == NULL. */
static void find_tag(struct slice tags, const char *key, struct slice *out) {
    struct slice tag, name;
    *out = (struct slice){0};
    for (size_t i = 0; i < TAGS_MAX && cut(&tags, ',', &tag); i++) {
        struct slice value = tag;
        if (cut(&value, ':', &name) && is_text(name, key)) {
            *out = value;
            if (value.at == NULL) { /* a tag without a value */
                *out = (struct slice){tag.at + tag.count, 0};
            }
            return;
        }
    }
}

/* ---- name:value|type|... ---- */

struct line {
    struct statsd_value value;
    bool has_type;
    size_t count;
    double values[VALUES_IN_LINE];
};

static enum statsd_refusal take_type(struct slice field, struct line *line) {
    static const struct {
        const char *text;
        enum statsd_kind kind;
    } types[] = {
        {"g", STATSD_GAUGE}, {"c", STATSD_COUNTER}, {"ms", STATSD_TIMER}, {"h", STATSD_TIMER}, {"d", STATSD_TIMER}};

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (is_text(field, types[i].text)) {
            line->value.kind = types[i].kind;
            line->has_type = true;
            return STATSD_FINE;
        }
    }
    return is_text(field, "s") ? STATSD_SET : STATSD_TYPE;
}

static enum statsd_refusal take_field(struct slice field, struct line *line) {
    struct slice rest, part;
    int64_t seconds;
    struct statsd_value *v = &line->value;
    if (starts_with(field, "@", &rest)) {
        return number_double(rest.at, rest.count, &v->rate) && v->rate > 0 && v->rate <= 1 ? STATSD_FINE : STATSD_RATE;
    }
    if (starts_with(field, "#", &rest)) {
        find_tag(rest, "part", &part);
        return part.at == NULL || copy_name(part, "._:-", CAP_PART_BYTES, v->part) ? STATSD_FINE : STATSD_TAG;
    }
    if (starts_with(field, "T", &rest)) {
        if (!number_i64(rest.at, rest.count, 1, INT64_C(253402300799), &seconds)) {
            return STATSD_TIME;
        }
        v->has_event_ms = true;
        v->event_ms = seconds * 1000;
        return STATSD_FINE;
    }
    return starts_with(field, "c:", &rest) || starts_with(field, "e:", &rest) ? STATSD_FINE : STATSD_FIELD;
}

static enum statsd_refusal take_values(struct slice values, struct line *line) {
    struct slice text;
    if (values.count == 0) {
        return STATSD_NO_VALUE;
    }
    /* A sign makes a gauge relative, so a negative level cannot be set at once: statsd's own rule. */
    if (line->value.kind == STATSD_GAUGE && (values.at[0] == '+' || values.at[0] == '-')) {
        line->value.kind = STATSD_GAUGE_DELTA;
    }
    while (cut(&values, ':', &text)) {
        if (text.count > 0 && text.at[0] == '+') {
            text = (struct slice){text.at + 1, text.count - 1};
        }
        if (line->count == VALUES_IN_LINE || !number_double(text.at, text.count, &line->values[line->count])) {
            return STATSD_VALUE;
        }
        line->count++;
    }
    return STATSD_FINE;
}

static enum statsd_refusal decode_value(struct slice rest, const struct statsd_handler *handler) {
    struct line line = {.value.rate = 1};
    struct slice name, values, field;
    enum statsd_refusal why;
    if (!cut(&rest, ':', &name) || rest.count == 0) {
        return STATSD_NO_VALUE;
    }
    if (!metric_name(name, line.value.metric)) {
        return STATSD_NAME;
    }
    cut(&rest, '|', &values);
    if (!cut(&rest, '|', &field)) {
        return STATSD_TYPE;
    }
    if ((why = take_type(field, &line)) || (why = take_values(values, &line))) {
        return why;
    }
    while (cut(&rest, '|', &field)) {
        if ((why = take_field(field, &line))) {
            return why;
        }
    }
    for (size_t i = 0; i < line.count; i++) {
        line.value.value = line.values[i];
        handler->value(handler->self, &line.value);
    }
    return STATSD_FINE;
}

/* ---- _e{title,text}:title|text|... ---- */

static bool take_length(struct slice *rest, char stop, size_t *out) {
    struct slice text;
    int64_t n;
    if (!cut(rest, stop, &text) || !number_i64(text.at, text.count, 0, CAP_PAYLOAD_BYTES, &n)) {
        return false;
    }
    *out = (size_t)n;
    return true;
}

/* The two texts by their lengths (they may hold '|'); false when the line is not as long as it says. */
static bool take_texts(struct slice *rest, struct slice *title, struct slice *text) {
    size_t title_count, text_count;
    if (!take_length(rest, ',', &title_count) || !take_length(rest, '}', &text_count) || rest->at == NULL) {
        return false;
    }
    if (rest->count < title_count + text_count + 2 || rest->at[0] != ':' || rest->at[1 + title_count] != '|') {
        return false;
    }
    *title = (struct slice){rest->at + 1, title_count};
    *text = (struct slice){rest->at + title_count + 2, text_count};
    size_t used = title_count + text_count + 2;
    if (rest->count == used) {
        *rest = (struct slice){0};
        return true;
    }
    if (rest->at[used] != '|') {
        return false;
    }
    *rest = (struct slice){rest->at + used + 1, rest->count - used - 1};
    return true;
}

/* "title: text", with "\n" as DogStatsD writes it turned back into a line's end. */
static void event_text(struct slice title, struct slice text, struct event_message *event) {
    char raw[CAP_EVENT_TEXT_BYTES + 1];
    size_t count = 0;
    const struct slice pieces[] = {title, {": ", title.count > 0 && text.count > 0 ? 2 : 0}, text};
    for (size_t p = 0; p < 3; p++) {
        for (size_t i = 0; i < pieces[p].count && count < sizeof raw; i++) {
            char c = pieces[p].at[i];
            if (c == '\\' && i + 1 < pieces[p].count && pieces[p].at[i + 1] == 'n') {
                c = '\n';
                i++;
            }
            raw[count++] = c;
        }
    }
    clean_text(raw, count, event->text, CAP_EVENT_TEXT_BYTES);
}

static enum statsd_refusal take_alert_type(struct slice type, int *severity) {
    static const struct {
        const char *name;
        int severity;
    } types[] = {
        {"error", SEVERITY_ERROR}, {"warning", SEVERITY_WARNING}, {"info", SEVERITY_INFO}, {"success", SEVERITY_INFO}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (is_text(type, types[i].name)) {
            *severity = types[i].severity;
            return STATSD_FINE;
        }
    }
    return STATSD_FIELD;
}

static enum statsd_refusal take_event_tags(struct slice tags, struct event_message *event) {
    struct slice code, state, call;
    find_tag(tags, "code", &code);
    find_tag(tags, "state", &state);
    find_tag(tags, "call", &call);
    if (code.at != NULL) {
        event->kind = EVENT_FAULT;
        event->active = state.at == NULL || is_text(state, "set");
        if (!copy_name(code, "._-", CAP_CODE_BYTES, event->code) || strchr("._-", event->code[0]) != NULL ||
            (!event->active && !is_text(state, "clear"))) {
            return STATSD_TAG;
        }
    } else if (call.at != NULL) {
        event->kind = EVENT_CALL;
    }
    return STATSD_FINE;
}

static enum statsd_refusal take_event_field(struct slice field, struct event_message *event, bool *has_severity) {
    static const char *const unused[] = {"h:", "k:", "p:", "s:", "c:", "e:"};
    struct slice rest;
    int64_t seconds;
    if (starts_with(field, "t:", &rest)) {
        *has_severity = true;
        return take_alert_type(rest, &event->severity);
    }
    if (starts_with(field, "#", &rest)) {
        return take_event_tags(rest, event);
    }
    if (starts_with(field, "d:", &rest)) {
        if (!number_i64(rest.at, rest.count, 1, INT64_C(253402300799), &seconds)) {
            return STATSD_TIME;
        }
        event->event_ms = seconds * 1000;
        return STATSD_FINE;
    }
    for (size_t i = 0; i < sizeof unused / sizeof unused[0]; i++) {
        if (starts_with(field, unused[i], &rest)) {
            return STATSD_FINE;
        }
    }
    return STATSD_FIELD;
}

static enum statsd_refusal decode_event(struct slice rest, int64_t now_ms, const struct statsd_handler *handler) {
    struct event_message event = {.event_ms = now_ms, .kind = EVENT_INFO};
    struct slice title, text, field;
    bool has_severity = false;
    enum statsd_refusal why;
    if (!take_texts(&rest, &title, &text)) {
        return STATSD_EVENT;
    }
    while (cut(&rest, '|', &field)) {
        if ((why = take_event_field(field, &event, &has_severity))) {
            return why;
        }
    }
    if (!has_severity) {
        event.severity = event.kind == EVENT_FAULT  ? SEVERITY_ERROR
                         : event.kind == EVENT_CALL ? SEVERITY_NOTICE
                                                    : SEVERITY_INFO;
    }
    event_text(title, text, &event);
    handler->event(handler->self, &event);
    return STATSD_FINE;
}

static enum statsd_refusal decode_line(struct slice line, int64_t now_ms, const struct statsd_handler *handler) {
    struct slice rest;
    if (starts_with(line, "_e{", &rest)) {
        return decode_event(rest, now_ms, handler);
    }
    return starts_with(line, "_sc|", &rest) ? STATSD_CHECK : decode_value(line, handler);
}

void statsd_decode(const void *datagram, size_t bytes, int64_t now_ms, const struct statsd_handler *handler) {
    struct slice rest = {datagram, bytes}, line;
    while (cut(&rest, '\n', &line)) {
        if (line.count > 0 && line.at[line.count - 1] == '\r') {
            line.count--;
        }
        enum statsd_refusal why = line.count == 0 ? STATSD_FINE : decode_line(line, now_ms, handler);
        if (why != STATSD_FINE) {
            handler->refused(handler->self, why, line.at, line.count);
        }
    }
}
