/* Topics name an entity in four levels and then say what is told of it; a table of channels has a row for each.
 *
 * What registrations and twins tell (type, name, firmware) is kept for each entity, because it comes once, retained,
 * and a measurement that comes later needs the model. Commands (`cmd`) are not read: thin-edge devices are not operated
 * from here. A service that is down is the fault code "service-SID" of its device; the one that is named by
 * `online_service` (the agent) tells whether the device is there. */
#include "ingest/adapters/thin_edge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "ingest/adapters/plain.h"

enum { ENTITY_LEVELS = 4, TYPE_BYTES = 63 };

struct entity {
    char id[CAP_DEVICE_ID_BYTES + 1];
    char model[CAP_MODEL_BYTES + 1]; /* its type, as a model */
    char name[CAP_SERIAL_BYTES + 1], firmware[CAP_VERSION_BYTES + 1];
    UT_hash_handle hh;
};
struct thin_edge {
    const struct mappings *mappings;
    struct entity *entities;
    struct pattern usual_root; /* te */
    struct pattern_template device_id, entity_id;
};

/* One message on its way. */
struct visit {
    const struct mapping *mapping;
    const struct foreign_message *m;
    struct statement *s;
    struct entity *entity;
    struct captures captures;
    char levels[ENTITY_LEVELS][CAP_TOPIC_BYTES + 1];
    char channel[16], type[TYPE_BYTES + 1];
    struct fault *fault;
    bool is_introduced; /* this message tells who it is */
};

struct thin_edge *thin_edge_new(const struct mappings *mappings) {
    struct thin_edge *t = mem_alloc(sizeof *t);
    t->mappings = mappings;
    if (pattern_parse("te", &t->usual_root, NULL) != RESULT_OK ||
        template_parse("te-{device}", NULL, &t->device_id, NULL) != RESULT_OK ||
        template_parse("te-{a}--{b}--{c}--{d}", NULL, &t->entity_id, NULL) != RESULT_OK)
        abort();
    return t;
}

void thin_edge_forget(struct thin_edge *t) {
    struct entity *entity, *next;
    HASH_ITER(hh, t->entities, entity, next) {
        HASH_DEL(t->entities, entity);
        free(entity);
    }
}

void thin_edge_free(struct thin_edge *t) {
    if (!t)
        return;
    thin_edge_forget(t);
    free(t);
}

/* ---- topic, section, entity
 * -------------------------------------------------------------------------------------------- */

/* Splits what follows the root; false: not four levels of an entity, or a channel without a name. */
static bool read_levels(struct visit *v, const char *at, const char *end) {
    for (size_t i = 0; i < ENTITY_LEVELS; i++) {
        if (at > end)
            return false;
        const char *slash = memchr(at, '/', (size_t)(end - at));
        const size_t chars = (size_t)((slash ? slash : end) - at);
        memcpy(v->levels[i], at, chars);
        v->levels[i][chars] = 0;
        at += chars + 1;
    }
    if (!v->levels[0][0])
        return false;
    if (at > end)
        return true; /* registration */
    const char *slash = memchr(at, '/', (size_t)(end - at));
    const size_t channel = (size_t)((slash ? slash : end) - at), type = slash ? (size_t)(end - slash - 1) : 0;
    if (channel == 0 || channel >= sizeof v->channel || type > TYPE_BYTES)
        return false;
    memcpy(v->channel, at, channel);
    if (type > 0)
        memcpy(v->type, slash + 1, type);
    return true;
}

static bool is_usual(const struct visit *v) {
    return strcmp(v->levels[0], "device") == 0 && v->levels[1][0];
}
static bool is_service(const struct visit *v) {
    return is_usual(v) && strcmp(v->levels[2], "service") == 0 && v->levels[3][0];
}
static bool is_plain_device(const struct visit *v) {
    return is_usual(v) && ((!v->levels[2][0] && !v->levels[3][0]) || is_service(v));
}

static const struct mapping *find_section(const struct thin_edge *t, struct visit *v) {
    bool has_root = false;
    for (size_t i = 0; i < t->mappings->count; i++) {
        const struct mapping *m = &t->mappings->items[i];
        const char *rest;
        if (m->kind != MAPPING_THIN_EDGE || !pattern_match_root(m->has_topic ? &m->topic : &t->usual_root, v->m->topic,
                                                                v->m->topic_bytes, &v->captures, &rest))
            continue;
        memset(v->channel, 0, sizeof v->channel);
        memset(v->type, 0, sizeof v->type);
        has_root = true;
        if (read_levels(v, rest, v->m->topic + v->m->topic_bytes) &&
            (!m->member || strcmp(m->member, "*") == 0 || (is_usual(v) && strcmp(m->member, v->levels[1]) == 0)))
            return m;
    }
    if (has_root)
        fault_set(v->fault, RESULT_BAD_INPUT, "no [thin-edge ...] section fits, or the topic names no entity");
    return NULL;
}

/* The id is made of what the root has caught and of the entity's levels. */
static void make_id(const struct thin_edge *t, const struct visit *v, char out[CAP_DEVICE_ID_BYTES + 1]) {
    static const char *const names[ENTITY_LEVELS] = {"a", "b", "c", "d"};
    struct pattern_template template = is_plain_device(v) ? t->device_id : t->entity_id;
    struct captures c = {.count = 0};
    if (is_plain_device(v))
        captures_add(&c, "device", v->levels[1], strlen(v->levels[1]));
    for (size_t i = 0; i < ENTITY_LEVELS && !is_plain_device(v); i++)
        captures_add(&c, names[i], v->levels[i], strlen(v->levels[i]));
    for (size_t i = 0; i < v->captures.count && template.piece_count + 2 <= 2 * PATTERN_NAMES_MAX + 1; i++) {
        struct template_piece *between = &template.pieces[template.piece_count++];
        struct template_piece *name = &template.pieces[template.piece_count++];
        between->is_name = false;
        snprintf(between->text, sizeof between->text, "--");
        name->is_name = true;
        snprintf(name->text, sizeof name->text, "%s", v->captures.items[i].name);
        captures_add(&c, v->captures.items[i].name, v->captures.items[i].text, v->captures.items[i].chars);
    }
    foreign_device_id(&template, &c, out);
}

static struct entity *find_entity(struct thin_edge *t, const char *id) {
    struct entity *entity;
    HASH_FIND_STR(t->entities, id, entity);
    if (entity || HASH_COUNT(t->entities) >= THIN_EDGE_ENTITIES_MAX)
        return entity;
    entity = mem_alloc(sizeof *entity);
    snprintf(entity->id, sizeof entity->id, "%s", id);
    HASH_ADD_STR(t->entities, id, entity);
    return entity;
}

/* ---- channels
 * ---------------------------------------------------------------------------------------------------------- */

static void copy_member(const struct json *object, const char *key, char *out, size_t room) {
    const struct json *node = json_is_object(object) ? json_get(object, key) : NULL;
    const char *text;
    if (node && json_as_string(node, &text))
        statement_label(out, room, text, strlen(text));
}

static enum result event_time(const struct visit *v, const struct content *d, int64_t *out) {
    const struct json *node = d->root && json_is_object(d->root) ? json_get(d->root, "time") : NULL;
    *out = v->m->recv_wall_ms;
    return node ? foreign_time_json(node, v->mapping->offset_min, out, v->fault) : RESULT_OK;
}

static bool is_covered(const struct covered *c, const struct json *node) {
    for (size_t i = 0; i < c->count; i++)
        if (c->nodes[i] == node)
            return true;
    return false;
}

/* {"temperature": 21, "current": {"L1": 9.5}}: a metric, and parts of a metric. */
static void take_numbers(struct visit *v, const struct json *root, const struct covered *covered, int64_t event_ms) {
    for (const struct json *node = json_first(root); node; node = json_next(node)) {
        char metric[CAP_METRIC_BYTES + 1], part[CAP_PART_BYTES + 1];
        double value;
        if (strcmp(json_key(node), "time") == 0 || is_covered(covered, node))
            continue;
        foreign_metric(json_key(node), strlen(json_key(node)), metric);
        if (json_as_number(node, &value) && metric[0]) {
            statement_add_value(v->s, metric, "", "", event_ms, value);
            continue;
        }
        if (!json_is_object(node) || !metric[0]) {
            statement_reject(v->s, "'%s' is neither a number nor a group of numbers", metric);
            continue;
        }
        for (const struct json *inner = json_first(node); inner; inner = json_next(inner)) {
            foreign_part(json_key(inner), strlen(json_key(inner)), part);
            if (is_covered(covered, inner))
                continue;
            if (json_as_number(inner, &value) && part[0])
                statement_add_value(v->s, metric, part, "", event_ms, value);
            else
                statement_reject(v->s, "'%s' of the group '%s' is no number", part, metric);
        }
    }
}

static enum result measurement(struct visit *v, const struct content *d) {
    struct covered covered = {.count = 0};
    int64_t event_ms;
    if (!d->root || !json_is_object(d->root))
        return fault_set(v->fault, RESULT_BAD_INPUT, "a measurement is a JSON object");
    const enum result result = event_time(v, d, &event_ms);
    if (result != RESULT_OK || v->m->is_retained)
        return result;
    plain_apply(v->mapping, &v->captures, d, false, event_ms, v->s, &covered);
    take_numbers(v, d->root, &covered, event_ms);
    return RESULT_OK;
}

static enum result event(struct visit *v, const struct content *d) {
    char text[CAP_EVENT_TEXT_BYTES + 1] = "";
    int64_t event_ms;
    const enum result result = event_time(v, d, &event_ms);
    if (result != RESULT_OK || v->m->is_retained)
        return result;
    if (d->root)
        copy_member(d->root, "text", text, sizeof text);
    if (!text[0])
        snprintf(text, sizeof text, "%s", v->type[0] ? v->type : "event");
    statement_add_note(v->s, SEVERITY_INFO, text, strlen(text), event_ms);
    return RESULT_OK;
}

static int severity_of(const char *text) {
    static const struct {
        const char *name;
        int severity;
    } rows[] = {{"critical", SEVERITY_CRITICAL},
                {"major", SEVERITY_ERROR},
                {"minor", SEVERITY_WARNING},
                {"warning", SEVERITY_NOTICE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, text) == 0)
            return rows[i].severity;
    return -1;
}

/* d NULL: an empty payload, the alarm is over. */
static enum result alarm(struct visit *v, const struct content *d) {
    char code[CAP_CODE_BYTES + 1], text[CAP_EVENT_TEXT_BYTES + 1] = "", severity[16] = "minor";
    int64_t event_ms = v->m->recv_wall_ms;
    foreign_code(v->type, strlen(v->type), code);
    if (!code[0])
        return fault_set(v->fault, RESULT_BAD_INPUT, "an alarm without a type");
    const enum result result = d ? event_time(v, d, &event_ms) : RESULT_OK;
    if (result != RESULT_OK)
        return result;
    if (d && d->root) {
        copy_member(d->root, "text", text, sizeof text);
        copy_member(d->root, "severity", severity, sizeof severity);
    }
    if (severity_of(severity) < 0)
        return fault_set(v->fault, RESULT_BAD_INPUT, "severity '%s': expected critical, major, minor or warning",
                         severity);
    statement_add_fault(v->s, code, d != NULL, severity_of(severity), text, strlen(text), event_ms);
    return RESULT_OK;
}

static void learn_model(struct visit *v, const char *type) {
    if (v->mapping->is_model_told)
        foreign_model(type, strlen(type), v->entity->model);
}

static enum result twin(struct visit *v, const struct content *d) {
    const char *text = NULL;
    char version[CAP_VERSION_BYTES + 1] = "", name[CAP_VERSION_BYTES + 1] = "", both[2 * CAP_VERSION_BYTES + 2];
    const bool is_text = d->root && json_as_string(d->root, &text);
    if (strcmp(v->type, "firmware") == 0 && d->root) {
        copy_member(d->root, "name", name, sizeof name);
        copy_member(d->root, "version", version, sizeof version);
        const int chars = snprintf(both, sizeof both, "%s%s%s", name, name[0] && version[0] ? " " : "", version);
        statement_label(v->entity->firmware, sizeof v->entity->firmware, both, (size_t)chars);
        v->is_introduced = true;
    } else if (strcmp(v->type, "name") == 0 && is_text) {
        statement_label(v->entity->name, sizeof v->entity->name, text, strlen(text));
        v->is_introduced = true;
    } else if (strcmp(v->type, "type") == 0 && is_text) {
        learn_model(v, text);
        v->is_introduced = true;
    }
    return RESULT_OK;
}

static enum result registration(struct visit *v, const struct content *d) {
    char type[CAP_MODEL_BYTES + 1] = "";
    if (!d->root || !json_is_object(d->root))
        return fault_set(v->fault, RESULT_BAD_INPUT, "a registration is a JSON object");
    if (is_service(v))
        return RESULT_OK; /* of the device, which has a registration of its own */
    v->is_introduced = true;
    copy_member(d->root, "name", v->entity->name, sizeof v->entity->name);
    copy_member(d->root, "type", type, sizeof type);
    if (type[0])
        learn_model(v, type);
    return RESULT_OK;
}

/* {"status":"up"}, or "1" and "0" as bridges say it; d NULL: deregistered. */
static enum result health(struct visit *v, const struct content *d) {
    char status[16] = "down", code[CAP_CODE_BYTES + 1], long_code[CAP_TOPIC_BYTES + 16];
    if (strcmp(v->type, "health") != 0)
        return RESULT_OK;
    if (d && d->root)
        copy_member(d->root, "status", status, sizeof status);
    else if (d)
        statement_label(status, sizeof status, d->text, d->chars);
    const bool is_up = strcmp(status, "up") == 0 || strcmp(status, "1") == 0;
    if (!is_service(v) || strcmp(v->levels[3], v->mapping->online_service) == 0) {
        v->s->presence = is_up ? PRESENCE_ONLINE : PRESENCE_OFFLINE;
        return RESULT_OK;
    }
    const int chars = snprintf(long_code, sizeof long_code, "service-%s", v->levels[3]);
    foreign_code(long_code, (size_t)chars, code);
    statement_add_fault(v->s, code, !is_up, SEVERITY_WARNING, status, strlen(status), v->m->recv_wall_ms);
    return RESULT_OK;
}

static const struct {
    const char *name;
    enum result (*receive)(struct visit *v, const struct content *d);
    bool takes_empty; /* an empty payload means something: d is NULL then */
} channels[] = {
    {"", registration, false}, {"m", measurement, false}, {"e", event, false},
    {"a", alarm, true},        {"twin", twin, false},     {"status", health, true},
};

static enum result receive(struct visit *v) {
    struct content d;
    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++) {
        if (strcmp(channels[i].name, v->channel) != 0)
            continue;
        if (v->m->payload_bytes == 0)
            return channels[i].takes_empty ? channels[i].receive(v, NULL) : RESULT_OK;
        enum result result = content_open(&d, v->m, v->fault);
        if (result == RESULT_OK)
            result = channels[i].receive(v, &d);
        content_close(&d);
        return result;
    }
    return fault_set(v->fault, RESULT_BAD_INPUT, "unknown channel '%s'", v->channel);
}

enum result thin_edge_receive(struct thin_edge *t, struct statement *scratch, const struct foreign_message *m,
                              const struct adapter_sink *sink, char device[CAP_DEVICE_ID_BYTES + 1],
                              struct fault *fault) {
    struct visit v = {.m = m, .s = scratch, .fault = fault};
    fault->text[0] = 0;
    v.mapping = find_section(t, &v);
    if (!v.mapping)
        return fault->text[0] ? RESULT_BAD_INPUT : RESULT_NOT_FOUND;
    make_id(t, &v, device);
    v.entity = find_entity(t, device);
    if (!v.entity)
        return fault_set(fault, RESULT_TOO_BIG, "more than %d thin-edge entities", THIN_EDGE_ENTITIES_MAX);
    statement_begin(scratch, "thin-edge", device);
    const enum result result = receive(&v);
    if (result != RESULT_OK)
        return result;
    snprintf(scratch->model, sizeof scratch->model, "%s",
             v.mapping->is_model_told ? v.entity->model : v.mapping->model);
    snprintf(scratch->serial, sizeof scratch->serial, "%s", v.entity->name);
    snprintf(scratch->firmware, sizeof scratch->firmware, "%s", v.entity->firmware);
    if (!statement_is_empty(scratch) || (v.is_introduced && scratch->model[0]))
        sink->say(sink->self, scratch);
    return RESULT_OK;
}
