/* The keys of a section: a value becomes a checked, ready-to-use form here, so that nothing is parsed while messages
 * come in. A row for each key says in which kinds of section it may stand. Order inside a section does not matter but
 * for one thing: `topic` comes before what uses its names, because a mistake is told with the line on which it stands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/number.h"
#include "ingest/adapters/mapping_inside.h"

enum { FIELDS_MAX = 3 };

/* The next bar that stands by itself; a bar inside a word belongs to it. */
static char *find_bar(char *text, const char *at) {
    for (char *bar = strchr(at, '|'); bar; bar = strchr(bar + 1, '|'))
        if ((bar == text || bar[-1] == ' ') && (bar[1] == ' ' || !bar[1]))
            return bar;
    return NULL;
}

/* "a | b | c": trimmed fields; the ones not given are "". The text is cut up. */
static void split(char *text, const char *out[FIELDS_MAX]) {
    size_t count = 0;
    for (size_t i = 0; i < FIELDS_MAX; i++)
        out[i] = "";
    for (char *at = text; at;) {
        char *bar = count + 1 < FIELDS_MAX ? find_bar(text, at) : NULL;
        if (bar)
            *bar = 0;
        at += strspn(at, " \t");
        size_t chars = strlen(at);
        while (chars > 0 && (at[chars - 1] == ' ' || at[chars - 1] == '\t'))
            at[--chars] = 0;
        out[count++] = at;
        at = bar ? bar + 1 : NULL;
    }
}

static enum result copy_text(const char *from, char *out, size_t room, const char *what, struct fault *fault) {
    const size_t chars = strlen(from);
    if (chars == 0 || chars >= room)
        return fault_set(fault, RESULT_BAD_INPUT, "%s has %zu bytes, expected 1 to %zu", what, chars, room - 1);
    memcpy(out, from, chars + 1);
    return RESULT_OK;
}

static enum result parse_source(const struct mapping *m, const char *text, char source[JSON_PATH_BYTES + 1],
                                struct json_path *path, struct fault *fault) {
    const enum result result = copy_text(text, source, JSON_PATH_BYTES + 1, "the source", fault);
    if (result != RESULT_OK || m->kind == MAPPING_SPARKPLUG)
        return result;
    return json_path_parse(text, path, fault);
}

/* One of "x0.001" and "on=1". */
static enum result parse_option(const char *text, size_t chars, struct mapping_value *value, struct fault *fault) {
    const char *equals = memchr(text, '=', chars);
    if (!equals) {
        if (text[0] != 'x' || !number_double(text + 1, chars - 1, &value->scale) || value->scale == 0)
            return fault_set(fault, RESULT_BAD_INPUT, "'%.*s' is neither a factor (x0.001) nor a word (on=1)",
                             (int)chars, text);
        return RESULT_OK;
    }
    const size_t word = (size_t)(equals - text);
    if (value->word_count == MAPPING_WORDS_MAX)
        return fault_set(fault, RESULT_BAD_INPUT, "more than %d words", MAPPING_WORDS_MAX);
    struct mapping_word *out = &value->words[value->word_count];
    if (word == 0 || word > MAPPING_WORD_BYTES || !number_double(equals + 1, chars - word - 1, &out->value))
        return fault_set(fault, RESULT_BAD_INPUT, "'%.*s' is no word with its number (on=1)", (int)chars, text);
    memcpy(out->text, text, word);
    value->word_count++;
    return RESULT_OK;
}

static enum result parse_value(const struct mapping *m, char *text, struct mapping_value *out, struct fault *fault) {
    const char *fields[FIELDS_MAX];
    split(text, fields);
    out->scale = 1;
    enum result result = parse_source(m, fields[0], out->source, &out->path, fault);
    if (result != RESULT_OK)
        return result;
    if (strlen(fields[1]) > CAP_UNIT_BYTES)
        return fault_set(fault, RESULT_BAD_INPUT, "the unit '%s' has more than %d bytes", fields[1], CAP_UNIT_BYTES);
    foreign_unit(fields[1], strlen(fields[1]), out->unit);
    if (fields[1][0] && !out->unit[0])
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' cannot be a unit", fields[1]);
    for (const char *at = fields[2]; *at && result == RESULT_OK; at += strspn(at, " ")) {
        const size_t chars = strcspn(at, " ");
        result = parse_option(at, chars, out, fault);
        at += chars;
    }
    return result;
}

static bool metric_text_valid(const char *text) {
    char made[CAP_METRIC_BYTES + 1];
    foreign_metric(text, strlen(text), made);
    return text[0] && strcmp(made, text) == 0;
}

static const struct pattern *names_of(const struct mapping *m) {
    static const struct pattern none = {0};
    return m->has_topic ? &m->topic : &none;
}

/* metric NAME[/PART] = ... */
static enum result parse_metric(struct mapping *m, const char *key, char *value, struct fault *fault) {
    if (m->metric_count == MAPPING_METRICS_MAX)
        return fault_set(fault, RESULT_TOO_BIG, "more than %d metrics", MAPPING_METRICS_MAX);
    struct mapping_metric metric = {0};
    enum result result = RESULT_OK;
    if (strcmp(key, "*") == 0) {
        if (m->kind != MAPPING_JSON)
            return fault_set(fault, RESULT_BAD_INPUT,
                             "'metric *' is for [json ...]: the others have names of their own");
        metric.is_all = true;
    } else {
        char *name = mem_strdup(key);
        char *slash = strchr(name, '/');
        if (slash)
            *slash = 0;
        if (!strchr(name, '{') && !metric_text_valid(name))
            result = fault_set(fault, RESULT_BAD_INPUT, "'%s' is no metric name: [a-z_][a-z0-9_]*", name);
        if (result == RESULT_OK)
            result = template_parse(name, names_of(m), &metric.metric, fault);
        if (result == RESULT_OK && slash)
            result = template_parse(slash + 1, names_of(m), &metric.part, fault);
        free(name);
    }
    if (result == RESULT_OK)
        result = parse_value(m, value, &metric.value, fault);
    if (result != RESULT_OK)
        return result;
    m->metrics = mem_realloc(m->metrics, (m->metric_count + 1) * sizeof *m->metrics);
    m->metrics[m->metric_count++] = metric;
    return RESULT_OK;
}

/* fault CODE = PATH | WORD ... | TEXT */
static enum result parse_fault(struct mapping *m, const char *key, char *value, struct fault *fault) {
    const char *fields[FIELDS_MAX];
    struct mapping_fault code = {0};
    char made[CAP_CODE_BYTES + 1];
    if (m->fault_count == MAPPING_FAULTS_MAX)
        return fault_set(fault, RESULT_TOO_BIG, "more than %d faults", MAPPING_FAULTS_MAX);
    split(value, fields);
    foreign_code(key, strlen(key), made);
    if (!made[0] || (!strchr(key, '{') && strcmp(made, key) != 0))
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is no fault code: [A-Za-z0-9][A-Za-z0-9._-]*, at most %d", key,
                         CAP_CODE_BYTES);
    enum result result = template_parse(key, names_of(m), &code.code, fault);
    if (result == RESULT_OK)
        result = parse_source(m, fields[0], code.source, &code.path, fault);
    if (result == RESULT_OK && fields[2][0])
        result = copy_text(fields[2], code.text, sizeof code.text, "the text", fault);
    for (const char *at = fields[1]; *at && result == RESULT_OK; at += strspn(at, " ")) {
        const size_t chars = strcspn(at, " ");
        if (code.word_count == MAPPING_WORDS_MAX || chars > MAPPING_WORD_BYTES)
            result = fault_set(fault, RESULT_BAD_INPUT, "more than %d words, or one of more than %d bytes",
                               MAPPING_WORDS_MAX, MAPPING_WORD_BYTES);
        else
            memcpy(code.words[code.word_count++], at, chars);
        at += chars;
    }
    if (result == RESULT_OK && code.word_count == 0)
        result = fault_set(fault, RESULT_BAD_INPUT, "expected: PATH | VALUE while it is on");
    if (result != RESULT_OK)
        return result;
    m->faults = mem_realloc(m->faults, (m->fault_count + 1) * sizeof *m->faults);
    m->faults[m->fault_count++] = code;
    return RESULT_OK;
}

/* online = PATH | ONLINE OFFLINE */
static enum result parse_presence(struct mapping *m, char *value, struct fault *fault) {
    const char *fields[FIELDS_MAX];
    split(value, fields);
    const size_t on = strcspn(fields[1], " ");
    const char *off = fields[1] + on + strspn(fields[1] + on, " ");
    if (on == 0 || on > MAPPING_WORD_BYTES || !*off || strlen(off) > MAPPING_WORD_BYTES || strchr(off, ' '))
        return fault_set(fault, RESULT_BAD_INPUT, "expected: PATH | ONLINE OFFLINE, the two words that it says");
    memcpy(m->presence.online, fields[1], on);
    memcpy(m->presence.offline, off, strlen(off) + 1);
    m->has_presence = true;
    return json_path_parse(fields[0], &m->presence.path, fault);
}

static enum result parse_topic(struct mapping *m, char *value, struct fault *fault) {
    static const char *const taken[] = {"device", "a", "b", "c", "d"};
    m->has_topic = true;
    const enum result result = pattern_parse(value, &m->topic, fault);
    if (result != RESULT_OK || m->kind != MAPPING_THIN_EDGE)
        return result;
    size_t names = 0;
    for (size_t i = 0; i < m->topic.level_count; i++) {
        const struct pattern_level *level = &m->topic.levels[i];
        names += level->kind == LEVEL_NAME;
        for (size_t k = 0; k < sizeof taken / sizeof *taken; k++)
            if (level->kind == LEVEL_NAME && strcmp(level->text, taken[k]) == 0)
                return fault_set(fault, RESULT_BAD_INPUT, "{%s} is thin-edge's own: take another name", taken[k]);
    }
    return names <= 2 ? RESULT_OK : fault_set(fault, RESULT_BAD_INPUT, "at most two names in front of thin-edge's own");
}

static enum result parse_device(struct mapping *m, char *value, struct fault *fault) {
    m->has_device = true;
    const enum result result = template_parse(value, names_of(m), &m->device, fault);
    if (result != RESULT_OK)
        return result;
    if (strncmp(value, "sp-", 3) == 0 || strncmp(value, "te-", 3) == 0)
        return fault_set(fault, RESULT_BAD_INPUT, "'%.3s' in front is for Sparkplug (sp-) and thin-edge (te-)", value);
    return foreign_device_template(&m->device, fault);
}

static enum result parse_model(struct mapping *m, char *value, struct fault *fault) {
    char made[CAP_MODEL_BYTES + 1];
    if (m->kind == MAPPING_THIN_EDGE && strcmp(value, "{type}") == 0) {
        m->is_model_told = true;
        return RESULT_OK;
    }
    foreign_model(value, strlen(value), made);
    if (!made[0] || strcmp(made, value) != 0)
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is no model: a pack's folder, [a-z0-9][a-z0-9-]*", value);
    memcpy(m->model, made, sizeof made);
    return RESULT_OK;
}

static enum result parse_name(char **out, char *value) {
    free(*out);
    *out = strcmp(value, "*") == 0 ? NULL : mem_strdup(value);
    return RESULT_OK;
}
static enum result parse_group(struct mapping *m, char *value, struct fault *fault) {
    (void)fault;
    return parse_name(&m->group, value);
}
static enum result parse_node(struct mapping *m, char *value, struct fault *fault) {
    (void)fault;
    return parse_name(&m->node, value);
}
static enum result parse_member(struct mapping *m, char *value, struct fault *fault) {
    (void)fault;
    free(m->member);
    m->member = mem_strdup(value);
    return RESULT_OK;
}
static enum result parse_time(struct mapping *m, char *value, struct fault *fault) {
    m->has_time = true;
    return json_path_parse(value, &m->time, fault);
}
static enum result parse_zone(struct mapping *m, char *value, struct fault *fault) {
    return foreign_time_offset(value, &m->offset_min, fault);
}
static enum result parse_serial(struct mapping *m, char *value, struct fault *fault) {
    m->has_serial = true;
    return json_path_parse(value, &m->serial, fault);
}
static enum result parse_firmware(struct mapping *m, char *value, struct fault *fault) {
    m->has_firmware = true;
    return json_path_parse(value, &m->firmware, fault);
}
static enum result parse_service(struct mapping *m, char *value, struct fault *fault) {
    m->has_online_service = true;
    return copy_text(value, m->online_service, sizeof m->online_service, "the service", fault);
}

enum { JSON = 1 << MAPPING_JSON, SPARKPLUG = 1 << MAPPING_SPARKPLUG, THIN_EDGE = 1 << MAPPING_THIN_EDGE };
static const struct {
    const char *key;
    int kinds;
    enum result (*parse)(struct mapping *m, char *value, struct fault *fault);
} keys[] = {
    {"topic", JSON | THIN_EDGE, parse_topic},
    {"device", JSON, parse_device},
    {"device", SPARKPLUG | THIN_EDGE, parse_member},
    {"model", JSON | SPARKPLUG | THIN_EDGE, parse_model},
    {"group", SPARKPLUG, parse_group},
    {"node", SPARKPLUG, parse_node},
    {"online", JSON, parse_presence},
    {"time", JSON, parse_time},
    {"zone", JSON | THIN_EDGE, parse_zone},
    {"serial", JSON, parse_serial},
    {"firmware", JSON, parse_firmware},
    {"online_service", THIN_EDGE, parse_service},
};

enum result mapping_set(struct mapping *m, const char *key, char *value, struct fault *fault) {
    if (strncmp(key, "metric ", 7) == 0)
        return parse_metric(m, key + 7 + strspn(key + 7, " "), value, fault);
    if (strncmp(key, "fault ", 6) == 0)
        return parse_fault(m, key + 6 + strspn(key + 6, " "), value, fault);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i].key, key) == 0 && (keys[i].kinds & (1 << m->kind)))
            return keys[i].parse(m, value, fault);
    return fault_set(fault, RESULT_BAD_INPUT, "no such key in [%s ...]", mapping_kind_name(m->kind));
}
