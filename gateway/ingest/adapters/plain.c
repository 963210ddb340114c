/* A section of the mapping says what a topic means; here it is carried out: look where the paths point, convert, state.
 *
 * What is not there is not said: a sensor without a barometer has no pressure, and that is no mistake. What is there
 * and is no value (a text where a number should be) is rejected by itself with its name. Retained messages are states
 * that the broker repeats whenever we subscribe: they tell presence and fault codes, but are never taken as
 * measurements, because nobody knows when those were made. */
#include "ingest/adapters/plain.h"

#include <string.h>

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum result content_open(struct content *d, const struct foreign_message *m, struct fault *fault) {
    *d = (struct content){.text = (const char *)m->payload, .chars = m->payload_bytes};
    while (d->chars > 0 && is_blank(d->text[0]))
        d->text++, d->chars--;
    while (d->chars > 0 && is_blank(d->text[d->chars - 1]))
        d->chars--;
    if (d->chars == 0)
        return fault_set(fault, RESULT_BAD_INPUT, "the payload is empty");
    if (d->text[0] == '{' || d->text[0] == '[' || d->text[0] == '"')
        return json_parse(d->text, d->chars, &d->root, fault);
    return utf8_valid(d->text, d->chars) ? RESULT_OK
                                         : fault_set(fault, RESULT_BAD_INPUT, "the payload is not valid UTF-8");
}

void content_close(struct content *d) {
    json_free(d->root);
    d->root = NULL;
}

static bool is_null(const struct json *node) {
    const char *text;
    double number;
    bool is_true;
    return !json_is_object(node) && !json_is_array(node) && !json_as_string(node, &text) &&
           !json_as_number(node, &number) && !json_as_bool(node, &is_true);
}

/* False: there is none. A bare text is found by "$" only. */
static bool find_value(const struct content *d, const struct json_path *path, const struct mapping_value *value,
                       const struct json **node, bool *is_number, double *out) {
    *node = d->root ? json_path_find(path, d->root) : NULL;
    if (*node) {
        *is_number = mapping_number(value, *node, out);
        return *is_number || !is_null(*node);
    }
    if (d->root || path->step_count > 0)
        return false;
    *is_number = mapping_text_number(value, d->text, d->chars, out);
    return true;
}

static bool find_word(const struct content *d, const struct json_path *path, char *out, size_t room) {
    const struct json *node = d->root ? json_path_find(path, d->root) : NULL;
    if (node)
        return mapping_word(node, out, room);
    if (d->root || path->step_count > 0 || d->chars >= room)
        return false;
    memcpy(out, d->text, d->chars);
    out[d->chars] = 0;
    return true;
}

static void apply_all(const struct mapping_metric *metric, const struct content *d, int64_t event_ms,
                      struct statement *s) {
    const struct json *object = d->root ? json_path_find(&metric->value.path, d->root) : NULL;
    if (!object || !json_is_object(object))
        return;
    for (const struct json *node = json_first(object); node; node = json_next(node)) {
        char name[CAP_METRIC_BYTES + 1];
        double value;
        foreign_metric(json_key(node), strlen(json_key(node)), name);
        if (name[0] && json_as_number(node, &value))
            statement_add_value(s, name, "", metric->value.unit, event_ms, value * metric->value.scale);
    }
}

static void apply_metric(const struct mapping_metric *metric, const struct captures *captures, const struct content *d,
                         int64_t event_ms, struct statement *s, struct covered *covered) {
    char filled[CAP_TOPIC_BYTES + PATTERN_TEMPLATE_BYTES + 1], name[CAP_METRIC_BYTES + 1], part[CAP_PART_BYTES + 1];
    const struct json *node;
    bool is_number;
    double value = 0;
    if (metric->is_all) {
        apply_all(metric, d, event_ms, s);
        return;
    }
    if (!find_value(d, &metric->value.path, &metric->value, &node, &is_number, &value))
        return;
    if (covered && node && covered->count < MAPPING_METRICS_MAX)
        covered->nodes[covered->count++] = node;
    foreign_metric(filled, template_fill(&metric->metric, captures, filled, sizeof filled), name);
    foreign_part(filled, template_fill(&metric->part, captures, filled, sizeof filled), part);
    if (!is_number)
        statement_reject(s, "'%s' (metric %s) is neither a number nor one of its words", metric->value.source, name);
    else if (!name[0])
        statement_reject(s, "'%s' gives no metric name", metric->value.source);
    else
        statement_add_value(s, name, part, metric->value.unit, event_ms, value);
}

static void apply_fault(const struct mapping_fault *fault, const struct captures *captures, const struct content *d,
                        int64_t event_ms, struct statement *s) {
    char filled[CAP_TOPIC_BYTES + PATTERN_TEMPLATE_BYTES + 1], code[CAP_CODE_BYTES + 1];
    char word[CAP_TOPIC_BYTES + 1];
    if (!find_word(d, &fault->path, word, sizeof word))
        return;
    foreign_code(filled, template_fill(&fault->code, captures, filled, sizeof filled), code);
    const char *text = fault->text[0] ? fault->text : fault->source;
    if (code[0])
        statement_add_fault(s, code, mapping_fault_is_on(fault, word), SEVERITY_ERROR, text, strlen(text), event_ms);
}

void plain_apply(const struct mapping *mapping, const struct captures *captures, const struct content *d,
                 bool states_only, int64_t event_ms, struct statement *s, struct covered *covered) {
    for (size_t i = 0; i < mapping->metric_count && !states_only; i++)
        apply_metric(&mapping->metrics[i], captures, d, event_ms, s, covered);
    for (size_t i = 0; i < mapping->fault_count; i++)
        apply_fault(&mapping->faults[i], captures, d, event_ms, s);
}

static void apply_presence(const struct mapping *mapping, const struct content *d, struct statement *s) {
    char word[MAPPING_WORD_BYTES + 1];
    if (!mapping->has_presence || !find_word(d, &mapping->presence.path, word, sizeof word))
        return;
    if (strcmp(word, mapping->presence.online) == 0)
        s->presence = PRESENCE_ONLINE;
    else if (strcmp(word, mapping->presence.offline) == 0)
        s->presence = PRESENCE_OFFLINE;
    else
        statement_reject(s, "presence '%s' is neither '%s' nor '%s'", word, mapping->presence.online,
                         mapping->presence.offline);
}

static void apply_label(const struct content *d, const struct json_path *path, char *out, size_t room) {
    char text[CAP_EVENT_TEXT_BYTES];
    if (find_word(d, path, text, sizeof text))
        statement_label(out, room, text, strlen(text));
}

static enum result read_time(const struct mapping *mapping, const struct content *d, const struct foreign_message *m,
                             int64_t *out, struct fault *fault) {
    const struct json *node = mapping->has_time && d->root ? json_path_find(&mapping->time, d->root) : NULL;
    *out = m->recv_wall_ms;
    return node ? foreign_time_json(node, mapping->offset_min, out, fault) : RESULT_OK;
}

static enum result carry_out(const struct mapping *mapping, const struct captures *captures, struct statement *s,
                             const struct foreign_message *m, const struct adapter_sink *sink, const char *device,
                             struct fault *fault) {
    struct content d;
    int64_t event_ms;
    enum result result = content_open(&d, m, fault);
    if (result == RESULT_OK)
        result = read_time(mapping, &d, m, &event_ms, fault);
    if (result == RESULT_OK) {
        statement_begin(s, "json", device);
        memcpy(s->model, mapping->model, sizeof s->model);
        plain_apply(mapping, captures, &d, m->is_retained, event_ms, s, NULL);
        apply_presence(mapping, &d, s);
        if (mapping->has_serial)
            apply_label(&d, &mapping->serial, s->serial, sizeof s->serial);
        if (mapping->has_firmware)
            apply_label(&d, &mapping->firmware, s->firmware, sizeof s->firmware);
        if (!statement_is_empty(s) || s->serial[0] || s->firmware[0])
            sink->say(sink->self, s);
    } else {
        fault_prefix(fault, "[json %s]", mapping->name);
    }
    content_close(&d);
    return result;
}

enum result plain_receive(const struct mappings *mappings, struct statement *scratch, const struct foreign_message *m,
                          const struct adapter_sink *sink, char device[CAP_DEVICE_ID_BYTES + 1], struct fault *fault) {
    for (size_t i = 0; i < mappings->count; i++) {
        const struct mapping *mapping = &mappings->items[i];
        struct captures captures;
        if (mapping->kind != MAPPING_JSON || !pattern_match(&mapping->topic, m->topic, m->topic_bytes, &captures))
            continue;
        foreign_device_id(&mapping->device, &captures, device);
        if (m->payload_bytes == 0)
            return RESULT_OK; /* a retained message was taken away */
        return carry_out(mapping, &captures, scratch, m, sink, device, fault);
    }
    return RESULT_NOT_FOUND;
}
