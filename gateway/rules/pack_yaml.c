/* pack.yaml -> the data of struct pack. A section is a function, a list's item is a function, and a key is a line: the
 * shape of the file can be read off the yaml_field rows. What later versions of the file need is a row more. */
#include "rules/pack_parts.h"

#include <string.h>

#include "normalize/unit.h"
#include "rules/plan.h"

enum { TEXT_BYTES = 60 };

struct reader {
    struct pack *pack;
    const struct document *doc;
    struct problems *problems;
};

/* A one-line text; NULL when missing or wrong. The caller owns it. */
static char *read_line(struct reader *r, const struct yaml_field *field, size_t max_bytes) {
    const char *text;
    if (!field->at || !document_text(r->doc, field->at, field->key, max_bytes, &text, r->problems))
        return NULL;
    for (const char *at = text; *at; at++)
        if ((unsigned char)*at < ' ') {
            document_problem(r->doc, field->at, r->problems, "'%s' has a line break or control character in it",
                             field->key);
            return NULL;
        }
    return mem_strdup(text);
}

/* The same, of a class of names; "" when wrong, so that look-ups need not ask. */
static char *read_name(struct reader *r, const struct yaml_field *field, size_t max_bytes,
                       bool (*is_valid)(const char *), const char *expected) {
    char *text = read_line(r, field, max_bytes);
    if (text && !is_valid(text))
        document_problem(r->doc, field->at, r->problems, "'%s' is \"%s\", expected %s", field->key, text, expected);
    return text ? text : mem_strdup("");
}

static void read_bool(struct reader *r, const struct yaml_field *field, bool initial, bool *out) {
    *out = initial;
    if (field->at && !document_bool(r->doc, field->at, field->key, out, r->problems))
        *out = initial;
}

static void read_duration(struct reader *r, const struct yaml_field *field, int64_t initial_ms, int64_t *out_ms) {
    *out_ms = initial_ms;
    if (field->at && !document_duration(r->doc, field->at, field->key, out_ms, r->problems))
        *out_ms = initial_ms;
}

static size_t list_of(struct reader *r, const struct yaml_field *field, size_t max) {
    size_t count = 0;
    if (field->at && !document_list(r->doc, field->at, field->key, max, &count, r->problems))
        count = 0;
    return count;
}

/* ---- metrics ---- */

static void read_unit(struct reader *r, const struct yaml_field *field, struct pack_metric *m) {
    const char *text;
    if (!field->at || !document_text_or_empty(r->doc, field->at, field->key, CAP_UNIT_BYTES, &text, r->problems))
        return;
    if (*text && !unit_is_registered(text)) {
        document_problem(r->doc, field->at, r->problems,
                         "'unit' is \"%s\", expected a unit of the SenML registry such as Cel, W, A, V, m/s2, 1/min, "
                         "count, B, s, / (a ratio), or \"\" for none",
                         text);
        return;
    }
    memcpy(m->unit, text, strlen(text) + 1);
}

static void read_kind(struct reader *r, const struct yaml_field *field, struct pack_metric *m) {
    const char *text;
    if (!field->at || !document_text(r->doc, field->at, field->key, TEXT_BYTES, &text, r->problems))
        return;
    if (strcmp(text, "counter") == 0)
        m->kind = METRIC_COUNTER;
    else if (strcmp(text, "gauge") != 0)
        document_problem(r->doc, field->at, r->problems, "'kind' is \"%s\", expected gauge or counter", text);
}

static void read_bound(struct reader *r, const struct yaml_field *field, bool *has, double *out) {
    *has = field->at && document_number(r->doc, field->at, field->key, out, r->problems);
}

/* Words of the rule language cannot be metrics: an expression could not say them. */
static bool is_reserved(const char *name) {
    static const char *const rows[] = {"and",     "or",     "unless",     "bool",        "on",  "ignoring", "by",
                                       "without", "offset", "group_left", "group_right", "inf", "nan",      "atan2"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i], name) == 0)
            return true;
    return false;
}

static void read_metric(struct reader *r, yaml_at at) {
    enum { NAME, TITLE, TITLE_ZH, UNIT, KIND, MIN, MAX, INTERVAL, CHART, FIELDS };
    struct yaml_field f[FIELDS] = {{"name", true, 0}, {"title", true, 0},    {"title_zh", false, 0},
                                   {"unit", true, 0}, {"kind", false, 0},    {"min", false, 0},
                                   {"max", false, 0}, {"interval", true, 0}, {"chart", false, 0}};
    if (!document_fields(r->doc, at, "a metric", f, FIELDS, r->problems))
        return;
    struct pack_metric *m = &r->pack->metrics[r->pack->metric_count];
    m->name = read_name(r, &f[NAME], CAP_METRIC_BYTES, metric_name_valid, "[a-z_][a-z0-9_]*");
    m->title = read_line(r, &f[TITLE], PACK_TITLE_BYTES);
    m->title_zh = read_line(r, &f[TITLE_ZH], PACK_TITLE_BYTES);
    read_unit(r, &f[UNIT], m);
    read_kind(r, &f[KIND], m);
    read_bound(r, &f[MIN], &m->has_min, &m->min);
    read_bound(r, &f[MAX], &m->has_max, &m->max);
    if (m->has_min && m->has_max && m->min >= m->max)
        document_problem(r->doc, f[MIN].at, r->problems, "'min' is not below 'max'");
    read_duration(r, &f[INTERVAL], 60 * 1000, &m->interval_ms);
    read_bool(r, &f[CHART], false, &m->is_charted);
    if (is_reserved(m->name))
        document_problem(r->doc, f[NAME].at, r->problems, "'%s' is a word of the rule language", m->name);
    for (size_t i = 0; i < r->pack->metric_count; i++)
        if (strcmp(r->pack->metrics[i].name, m->name) == 0)
            document_problem(r->doc, at, r->problems, "the metric '%s' is there twice", m->name);
    r->pack->metric_count++;
}

static void read_metrics(struct reader *r, const struct yaml_field *field) {
    size_t count = list_of(r, field, PLAN_METRICS_MAX);
    r->pack->metrics = mem_alloc((count ? count : 1) * sizeof *r->pack->metrics);
    for (size_t i = 0; i < count; i++)
        read_metric(r, document_item(r->doc, field->at, i));
    if (field->at && count == 0)
        document_problem(r->doc, field->at, r->problems, "'metrics' is empty, expected at least one");
}

/* ---- faults, diagnostics, the rest ---- */

static void read_severity(struct reader *r, const struct yaml_field *field, enum severity *out) {
    const char *text;
    *out = SEVERITY_IS_WARNING;
    if (!field->at || !document_text(r->doc, field->at, field->key, TEXT_BYTES, &text, r->problems))
        return;
    if (!alarm_severity_parse(text, out))
        document_problem(r->doc, field->at, r->problems,
                         "'severity' is \"%s\", expected critical, major, minor or warning", text);
}

static void read_fault(struct reader *r, yaml_at at) {
    enum { CODE, TITLE, TITLE_ZH, SEVERITY, TICKET, FIELDS };
    struct yaml_field f[FIELDS] = {
        {"code", true, 0}, {"title", true, 0}, {"title_zh", false, 0}, {"severity", true, 0}, {"ticket", false, 0}};
    if (!document_fields(r->doc, at, "a fault", f, FIELDS, r->problems))
        return;
    struct pack_fault fault = {.code =
                                   read_name(r, &f[CODE], CAP_CODE_BYTES, code_valid, "[A-Za-z0-9][A-Za-z0-9._-]*")};
    fault.title = read_line(r, &f[TITLE], PACK_TITLE_BYTES);
    fault.title_zh = read_line(r, &f[TITLE_ZH], PACK_TITLE_BYTES);
    read_severity(r, &f[SEVERITY], &fault.severity);
    read_bool(r, &f[TICKET], true, &fault.opens_ticket);
    if (pack_fault_find(r->pack, fault.code))
        document_problem(r->doc, at, r->problems, "the fault '%s' is there twice", fault.code);
    r->pack->faults[r->pack->fault_count++] = fault;
}

static void read_diagnostic(struct reader *r, yaml_at at) {
    enum { NAME, TITLE, TITLE_ZH, FIELDS };
    struct yaml_field f[FIELDS] = {{"name", true, 0}, {"title", true, 0}, {"title_zh", false, 0}};
    if (!document_fields(r->doc, at, "a diagnostic", f, FIELDS, r->problems))
        return;
    struct pack_diagnostic *d = &r->pack->diagnostics[r->pack->diagnostic_count];
    d->name = read_name(r, &f[NAME], CAP_CODE_BYTES, word_valid, "[a-z0-9][a-z0-9-]*");
    d->title = read_line(r, &f[TITLE], PACK_TITLE_BYTES);
    d->title_zh = read_line(r, &f[TITLE_ZH], PACK_TITLE_BYTES);
    for (size_t i = 0; i < r->pack->diagnostic_count; i++)
        if (strcmp(r->pack->diagnostics[i].name, d->name) == 0)
            document_problem(r->doc, at, r->problems, "the diagnostic '%s' is there twice", d->name);
    r->pack->diagnostic_count++;
}

static void read_capabilities(struct reader *r, const struct yaml_field *field) {
    size_t count = list_of(r, field, CAPABILITY_COUNT);
    for (size_t i = 0; i < count; i++) {
        yaml_at at = document_item(r->doc, field->at, i);
        const char *text;
        enum capability capability;
        if (!document_text(r->doc, at, "capability", TEXT_BYTES, &text, r->problems))
            continue;
        if (capability_parse(text, &capability))
            r->pack->capabilities |= CAPABILITY_BIT(capability);
        else
            document_problem(r->doc, at, r->problems,
                             "there is no capability '%s', expected observe, diagnose, configure, files, forward, "
                             "update, shell or screen",
                             text);
    }
}

static void read_retention(struct reader *r, const struct yaml_field *field) {
    enum { HISTORY, TRENDS, LOGS, EVENTS, FIELDS };
    const int64_t day_ms = INT64_C(86400000);
    struct yaml_field f[FIELDS] = {
        {"history", false, 0}, {"trends", false, 0}, {"logs", false, 0}, {"events", false, 0}};
    struct pack *pack = r->pack;
    pack->history_ms = 365 * day_ms;
    pack->trends_ms = 5 * 365 * day_ms;
    pack->logs_ms = 30 * day_ms;
    pack->events_ms = 2 * 365 * day_ms;
    if (!field->at || !document_fields(r->doc, field->at, "retention", f, FIELDS, r->problems))
        return;
    read_duration(r, &f[HISTORY], pack->history_ms, &pack->history_ms);
    read_duration(r, &f[TRENDS], pack->trends_ms > pack->history_ms ? pack->trends_ms : pack->history_ms,
                  &pack->trends_ms);
    read_duration(r, &f[LOGS], pack->logs_ms, &pack->logs_ms);
    read_duration(r, &f[EVENTS], pack->events_ms, &pack->events_ms);
    if (pack->trends_ms < pack->history_ms)
        document_problem(r->doc, f[TRENDS].at, r->problems, "'trends' is shorter than 'history'");
}

static void read_stretch(struct reader *r, const struct yaml_field *field, const char *key, int64_t max_ms,
                         int64_t *out_ms) {
    read_duration(r, field, *out_ms, out_ms);
    if (*out_ms > max_ms)
        document_problem(r->doc, field->at, r->problems, "'%s' is longer than %d minutes", key, (int)(max_ms / 60000));
}

/* `evidence: no`, or how much before and after an alarm's raise. */
static void read_evidence(struct reader *r, const struct yaml_field *field) {
    enum { BEFORE, AFTER, FIELDS };
    struct yaml_field f[FIELDS] = {{"before", false, 0}, {"after", false, 0}};
    struct pack *pack = r->pack;
    bool is_on = true;
    pack->evidence_before_ms = 5 * 60 * 1000;
    pack->evidence_after_ms = 60 * 1000;
    if (field->at && document_kind(r->doc, field->at) == YAML_IS_TEXT) {
        read_bool(r, field, true, &is_on);
        pack->evidence_before_ms = is_on ? pack->evidence_before_ms : 0;
        return;
    }
    if (!field->at || !document_fields(r->doc, field->at, "evidence", f, FIELDS, r->problems))
        return;
    read_stretch(r, &f[BEFORE], "before", PACK_EVIDENCE_BEFORE_MS, &pack->evidence_before_ms);
    read_stretch(r, &f[AFTER], "after", PACK_EVIDENCE_AFTER_MS, &pack->evidence_after_ms);
}

static void read_identity(struct reader *r, const struct yaml_field *model, const char *folder) {
    r->pack->model = read_name(r, model, CAP_MODEL_BYTES, word_valid, "[a-z0-9][a-z0-9-]*");
    if (model->at && *r->pack->model && strcmp(r->pack->model, folder) != 0)
        document_problem(r->doc, model->at, r->problems, "'model' is \"%s\", expected \"%s\", the name of its folder",
                         r->pack->model, folder);
}

void pack_read_yaml(struct pack *pack, const struct document *doc, const char *model, struct problems *problems) {
    enum {
        MODEL,
        TITLE,
        TITLE_ZH,
        MAKER,
        KIND,
        SLA,
        CAPABILITIES,
        RETENTION,
        METRICS,
        FAULTS,
        DIAGNOSTICS,
        EVIDENCE,
        PARAMETERS,
        CONFIGURE,
        SESSIONS,
        FIELDS
    };
    struct yaml_field f[FIELDS] = {{"model", true, 0},        {"title", true, 0},        {"title_zh", false, 0},
                                   {"maker", true, 0},        {"kind", true, 0},         {"sla_class", false, 0},
                                   {"capabilities", true, 0}, {"retention", false, 0},   {"metrics", true, 0},
                                   {"faults", false, 0},      {"diagnostics", false, 0}, {"evidence", false, 0},
                                   {"parameters", false, 0},  {"configure", false, 0},   {"sessions", false, 0}};
    struct reader r = {.pack = pack, .doc = doc, .problems = problems};
    bool is_map = document_fields(doc, document_root(doc), "the pack", f, FIELDS, problems);
    for (size_t i = 0; !is_map && i < FIELDS; i++)
        f[i].at = 0;
    read_identity(&r, &f[MODEL], model);
    pack->title = read_line(&r, &f[TITLE], PACK_TITLE_BYTES);
    pack->title_zh = read_line(&r, &f[TITLE_ZH], PACK_TITLE_BYTES);
    pack->maker = read_line(&r, &f[MAKER], PACK_TITLE_BYTES);
    pack->kind = read_name(&r, &f[KIND], TEXT_BYTES, word_valid, "a word such as appliance or machine");
    pack->sla_class = f[SLA].at ? read_name(&r, &f[SLA], TEXT_BYTES, word_valid, "a word such as standard or critical")
                                : mem_strdup("standard");
    read_capabilities(&r, &f[CAPABILITIES]);
    pack_read_sessions(pack, doc, f[SESSIONS].at, problems);
    read_retention(&r, &f[RETENTION]);
    read_evidence(&r, &f[EVIDENCE]);
    read_metrics(&r, &f[METRICS]);
    size_t faults = list_of(&r, &f[FAULTS], PACK_FAULTS_MAX);
    pack->faults = mem_alloc((faults ? faults : 1) * sizeof *pack->faults);
    for (size_t i = 0; i < faults; i++)
        read_fault(&r, document_item(doc, f[FAULTS].at, i));
    size_t diagnostics = list_of(&r, &f[DIAGNOSTICS], PACK_DIAGNOSTICS_MAX);
    pack->diagnostics = mem_alloc((diagnostics ? diagnostics : 1) * sizeof *pack->diagnostics);
    for (size_t i = 0; i < diagnostics; i++)
        read_diagnostic(&r, document_item(doc, f[DIAGNOSTICS].at, i));
    pack_read_parameters(pack, doc, f[PARAMETERS].at, f[CONFIGURE].at, problems);
    pack->plan = plan_new(pack->metrics, pack->metric_count);
}
