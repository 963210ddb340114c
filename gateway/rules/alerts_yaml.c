/* alerts.yaml -> compiled rules. The file is Prometheus' alerting-rule format and stays loadable by its tools: what we
 * add are a label (`severity`, which is required, and `ticket: "no"`) and annotations (`recover_expr`; policy.h has
 * more of both). An alert's name is the alarm's identity on a device: it is not a fault code, and several rules with
 * one name are one alarm that rises and falls in severity. */
#include "rules/pack_parts.h"

#include <stdlib.h>
#include <string.h>

#include "rules/plan.h"
#include "rules/rule.h"

enum { LABELS_MAX = 20, GROUPS_MAX = 50, NAME_BYTES = 100 };

struct reader {
    struct pack *pack;
    const struct document *doc;
    struct problems *problems;
};

static bool label_name_valid(const char *text) {
    for (const char *at = text; *at; at++) {
        bool is_letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '_';
        if (!is_letter && !(at > text && *at >= '0' && *at <= '9'))
            return false;
    }
    return *text != '\0';
}

static struct expression *compile(struct reader *r, yaml_at at, const char *key) {
    const char *text;
    struct expression_error error;
    if (!document_text(r->doc, at, key, EXPRESSION_BYTES_MAX, &text, r->problems))
        return NULL;
    struct expression *e = expression_compile(text, r->pack->plan, &error);
    if (!e) {
        char message[300];
        struct buf buf;
        buf_init(&buf, sizeof message);
        buf_printf(&buf, "'%s': %s", key, error.text);
        document_problem_inside(r->doc, at, error.at, r->problems, buf_text(&buf));
        buf_fini(&buf);
    }
    return e;
}

/* `0s` is how people write "at once". */
static void read_hold(struct reader *r, const struct yaml_field *field, int64_t *out_ms) {
    const char *text;
    if (!field->at || !document_text(r->doc, field->at, field->key, NAME_BYTES, &text, r->problems))
        return;
    if (strcmp(text, "0s") == 0 || strcmp(text, "0") == 0)
        *out_ms = 0;
    else if (!document_duration(r->doc, field->at, field->key, out_ms, r->problems))
        *out_ms = 0;
}

/* ---- labels and annotations ---- */

static void check_severity(struct reader *r, struct rule *rule, yaml_at at, const char *value) {
    if (!alarm_severity_parse(value, &rule->severity))
        document_problem(r->doc, at, r->problems, "'severity' is \"%s\", expected critical, major, minor or warning",
                         value);
}

static void check_label(struct reader *r, struct rule *rule, const char *name, yaml_at name_at, yaml_at value_at,
                        const char *value) {
    if (!label_name_valid(name))
        document_problem(r->doc, name_at, r->problems, "'%s' is not a label name, expected [a-zA-Z_][a-zA-Z0-9_]*",
                         name);
    else if (strcmp(name, "device") == 0 || strcmp(name, "part") == 0 || strcmp(name, "alertname") == 0)
        document_problem(r->doc, name_at, r->problems, "the label '%s' is set by the engine", name);
    else if (strstr(value, "{{"))
        document_problem(r->doc, value_at, r->problems, "templates belong into annotations, not into labels");
    else if (strcmp(name, "severity") == 0)
        check_severity(r, rule, value_at, value);
    else if (policy_label(&rule->policy, r->doc, name, value_at, r->problems))
        return;
    else if (strcmp(name, "ticket") == 0 &&
             !document_bool(r->doc, value_at, "ticket", &rule->opens_ticket, r->problems))
        rule->opens_ticket = true;
}

static void read_labels(struct reader *r, struct rule *rule, yaml_at at, yaml_at rule_at) {
    size_t count = 0;
    rule->opens_ticket = true;
    if (at && !document_map(r->doc, at, "labels", LABELS_MAX, &count, r->problems))
        return;
    rule->labels = mem_alloc((count ? count : 1) * sizeof *rule->labels);
    for (size_t i = 0; i < count; i++) {
        const char *name, *value;
        yaml_at name_at, value_at;
        if (!document_pair(r->doc, at, i, &name, &name_at, &value_at, r->problems) ||
            !document_text_or_empty(r->doc, value_at, name, PACK_TITLE_BYTES, &value, r->problems))
            continue;
        for (size_t k = 0; k < rule->label_count; k++)
            if (strcmp(rule->labels[k].name, name) == 0)
                document_problem(r->doc, name_at, r->problems, "the label '%s' is there twice", name);
        check_label(r, rule, name, name_at, value_at, value);
        rule->labels[rule->label_count++] = (struct rule_label){mem_strdup(name), mem_strdup(value)};
    }
    for (size_t i = 0; i < rule->label_count; i++)
        if (strcmp(rule->labels[i].name, "severity") == 0)
            return;
    document_problem(r->doc, at ? at : rule_at, r->problems,
                     "the label 'severity' is missing, expected critical, major, minor or warning");
}

static void read_annotation(struct reader *r, struct rule *rule, const char *name, yaml_at name_at, yaml_at at) {
    const char *text;
    size_t offset;
    struct fault fault;
    if (strcmp(name, "recover_expr") == 0) {
        rule->recover = compile(r, at, name);
        return;
    }
    if (strcmp(name, "silenced_by") == 0) {
        policy_silencers(&rule->policy, r->doc, at, r->problems);
        return;
    }
    if (!document_text_or_empty(r->doc, at, name, TEMPLATE_BYTES_MAX, &text, r->problems))
        return;
    for (size_t k = 0; k < rule->annotation_count; k++)
        if (strcmp(rule->annotations[k].name, name) == 0) {
            document_problem(r->doc, name_at, r->problems, "the annotation '%s' is there twice", name);
            return;
        }
    struct template *t = template_compile(text, &offset, &fault);
    if (!t) {
        document_problem_inside(r->doc, at, offset, r->problems, fault.text);
        return;
    }
    rule->annotations[rule->annotation_count++] = (struct rule_annotation){mem_strdup(name), t};
    if (strcmp(name, "summary") == 0)
        rule->summary = t;
    else if (strcmp(name, "description") == 0)
        rule->description = t;
}

static void read_annotations(struct reader *r, struct rule *rule, yaml_at at) {
    size_t count = 0;
    if (at && !document_map(r->doc, at, "annotations", LABELS_MAX, &count, r->problems))
        return;
    rule->annotations = mem_alloc((count ? count : 1) * sizeof *rule->annotations);
    bool has_recover = false;
    for (size_t i = 0; i < count; i++) {
        const char *name;
        yaml_at name_at, value_at;
        if (!document_pair(r->doc, at, i, &name, &name_at, &value_at, r->problems))
            continue;
        bool is_recover = strcmp(name, "recover_expr") == 0;
        if (is_recover && has_recover)
            document_problem(r->doc, name_at, r->problems, "the annotation 'recover_expr' is there twice");
        else
            read_annotation(r, rule, name, name_at, value_at);
        has_recover |= is_recover;
    }
}

/* ---- rules and groups ---- */

static void read_alert_name(struct reader *r, struct rule *rule, yaml_at at) {
    const char *text;
    if (!document_text(r->doc, at, "alert", PACK_ALERT_BYTES, &text, r->problems))
        return;
    if (!label_name_valid(text))
        document_problem(r->doc, at, r->problems, "'alert' is \"%s\", expected a name such as AirTemperatureHigh",
                         text);
    if (pack_fault_find(r->pack, text))
        document_problem(r->doc, at, r->problems, "'%s' is a fault code of this pack already", text);
    rule->alert = mem_strdup(text);
}

static void link_metrics(struct plan *plan, const struct rule *rule, size_t index) {
    for (size_t m = 0; m < plan->metric_count; m++)
        if (expression_reads(rule->expr, m) || (rule->recover && expression_reads(rule->recover, m)))
            plan->metrics[m].rules[index / 64] |= UINT64_C(1) << (index % 64);
}

static void take_rule(struct reader *r, struct rule *rule, yaml_at at) {
    struct pack *pack = r->pack;
    if (!rule->alert || !rule->expr) {
        rule_free(rule); /* the reason is among the problems */
        return;
    }
    if (pack->rule_count == PLAN_RULES_MAX) {
        document_problem(r->doc, at, r->problems, "is one rule too many: a pack may have %d", PLAN_RULES_MAX);
        rule_free(rule);
        return;
    }
    for (size_t i = 0; i < pack->rule_count; i++) {
        struct rule *other = pack->rules[i];
        if (strcmp(other->alert, rule->alert) != 0)
            continue;
        if (other->severity == rule->severity)
            document_problem(r->doc, at, r->problems, "the alert '%s' is there twice with severity %s", rule->alert,
                             alarm_severity_name(rule->severity));
        other->has_rungs = rule->has_rungs = true;
    }
    rule->index = pack->rule_count;
    rule_seal(rule, pack->plan);
    pack->has_absence |= rule_is_absence(rule);
    link_metrics(pack->plan, rule, pack->rule_count);
    if (rule_reach_ms(rule) > pack->longest_window_ms)
        pack->longest_window_ms = rule_reach_ms(rule);
    pack->rules = mem_realloc(pack->rules, (pack->rule_count + 1) * sizeof(struct rule *));
    pack->rules[pack->rule_count++] = rule;
}

/* ---- recording rules ---- */

static bool is_recording(const struct reader *r, yaml_at at) {
    struct buf unheard;
    buf_init(&unheard, 1024);
    struct problems aside = {.to = &unheard};
    bool is = false;
    for (size_t i = 0; document_kind(r->doc, at) == YAML_IS_MAP && i < document_count(r->doc, at); i++) {
        const char *key;
        yaml_at key_at, value_at;
        is |= document_pair(r->doc, at, i, &key, &key_at, &value_at, &aside) && strcmp(key, "record") == 0;
    }
    buf_fini(&unheard);
    return is;
}

static bool record_name_valid(const char *text) {
    char copy[CAP_METRIC_BYTES + 1];
    if (strlen(text) > CAP_METRIC_BYTES)
        return false;
    strcpy(copy, text);
    for (char *colon = copy; (colon = strchr(colon, ':'));)
        *colon = '_';
    return label_name_valid(copy);
}

static void read_record(struct reader *r, yaml_at at) {
    enum { RECORD, EXPR, LABELS, FIELDS };
    struct yaml_field f[FIELDS] = {{"record", true, 0}, {"expr", true, 0}, {"labels", false, 0}};
    const char *name, *text;
    struct expression_error error;
    if (!document_fields(r->doc, at, "a recording rule", f, FIELDS, r->problems) || !f[RECORD].at || !f[EXPR].at ||
        !document_text(r->doc, f[RECORD].at, "record", PACK_ALERT_BYTES, &name, r->problems) ||
        !document_text(r->doc, f[EXPR].at, "expr", EXPRESSION_BYTES_MAX, &text, r->problems))
        return;
    if (f[LABELS].at)
        document_problem(r->doc, f[LABELS].at, r->problems,
                         "a recording rule has no labels here: series of a device differ in nothing but 'part'");
    if (!record_name_valid(name))
        document_problem(r->doc, f[RECORD].at, r->problems,
                         "'record' is \"%s\", expected a name of at most %d bytes such as coil:superheat:mean5m", name,
                         CAP_METRIC_BYTES);
    else if (plan_find(r->pack->plan, name) >= 0)
        document_problem(r->doc, f[RECORD].at, r->problems,
                         "'%s' is a metric already: a record has a name of its own and stands before its users", name);
    else if (plan_record(r->pack->plan, name, text, &error) < 0)
        document_problem_inside(r->doc, f[EXPR].at, error.at, r->problems, error.text);
}

static void read_rule(struct reader *r, yaml_at at) {
    enum { ALERT, EXPR, FOR, KEEP, LABELS, ANNOTATIONS, FIELDS };
    struct yaml_field f[FIELDS] = {{"alert", true, 0},   {"expr", true, 0},
                                   {"for", false, 0},    {"keep_firing_for", false, 0},
                                   {"labels", false, 0}, {"annotations", false, 0}};
    if (is_recording(r, at)) {
        read_record(r, at);
        return;
    }
    if (!document_fields(r->doc, at, "a rule", f, FIELDS, r->problems))
        return;
    struct rule *rule = mem_alloc(sizeof *rule);
    if (f[ALERT].at)
        read_alert_name(r, rule, f[ALERT].at);
    if (f[EXPR].at)
        rule->expr = compile(r, f[EXPR].at, "expr");
    read_hold(r, &f[FOR], &rule->for_ms);
    read_hold(r, &f[KEEP], &rule->keep_firing_ms);
    read_labels(r, rule, f[LABELS].at, at);
    read_annotations(r, rule, f[ANNOTATIONS].at);
    take_rule(r, rule, at);
}

static void read_group(struct reader *r, yaml_at at) {
    enum { NAME, INTERVAL, RULES, FIELDS };
    struct yaml_field f[FIELDS] = {{"name", true, 0}, {"interval", false, 0}, {"rules", true, 0}};
    const char *name;
    size_t count;
    int64_t ignored_ms = 0; /* rules are evaluated when data arrives; the key is allowed, and must be right */
    if (!document_fields(r->doc, at, "a group", f, FIELDS, r->problems))
        return;
    if (f[NAME].at && !document_text(r->doc, f[NAME].at, "name", NAME_BYTES, &name, r->problems))
        return;
    read_hold(r, &f[INTERVAL], &ignored_ms);
    if (!f[RULES].at || !document_list(r->doc, f[RULES].at, "rules", PLAN_RULES_MAX, &count, r->problems))
        return;
    for (size_t i = 0; i < count; i++)
        read_rule(r, document_item(r->doc, f[RULES].at, i));
}

void pack_read_alerts(struct pack *pack, const struct document *doc, struct problems *problems) {
    struct yaml_field groups = {"groups", true, 0};
    struct reader r = {.pack = pack, .doc = doc, .problems = problems};
    size_t count;
    if (!document_fields(doc, document_root(doc), "the file", &groups, 1, problems) || !groups.at)
        return;
    if (!document_list(doc, groups.at, "groups", GROUPS_MAX, &count, problems))
        return;
    for (size_t i = 0; i < count; i++)
        read_group(&r, document_item(doc, groups.at, i));
    policy_check(pack, doc, problems);
}
