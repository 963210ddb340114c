/* An expected alert beside those that fired: first the labels, which say whether it is the same alert, then the texts.
 * The reasons are lines of the report, each with the line of the test file that asked. */
#include "rules/verdict.h"

#include <string.h>

void verdict_describe(const struct fired *fired, struct buf *out) {
    const struct rule_raised *r = &fired->raised;
    const char *device = fired->device;
    buf_str(out, "{");
    for (size_t i = 0; i < r->rule->label_count; i++)
        buf_printf(out, "%s%s=\"%s\"", i ? ", " : "", r->rule->labels[i].name, r->rule->labels[i].value);
    if (*r->part)
        buf_printf(out, ", part=\"%s\"", r->part);
    if (*device)
        buf_printf(out, ", device=\"%s\"", device);
    buf_str(out, "}");
}

static const char *label_of(const struct rule_raised *r, const char *device, const char *name) {
    if (strcmp(name, "part") == 0)
        return *r->part ? r->part : NULL;
    if (strcmp(name, "device") == 0)
        return *device ? device : NULL;
    if (strcmp(name, "alertname") == 0)
        return r->rule->alert;
    for (size_t i = 0; i < r->rule->label_count; i++)
        if (strcmp(r->rule->labels[i].name, name) == 0)
            return r->rule->labels[i].value;
    return NULL;
}

/* The text that a pair of a map has to have; NULL when it is no text (a problem is written). */
static const char *pair_text(const struct verdict_file *file, yaml_at map, size_t index, const char **name,
                             yaml_at *name_at) {
    yaml_at value_at;
    const char *value;
    if (!document_pair(file->doc, map, index, name, name_at, &value_at, file->problems) ||
        !document_text_or_empty(file->doc, value_at, *name, TEMPLATE_BYTES_MAX, &value, file->problems))
        return NULL;
    return value;
}

static bool labels_match(const struct verdict_file *file, yaml_at map, const struct rule_raised *r,
                         const char *device) {
    size_t has = r->rule->label_count + (*r->part != 0) + (*device != 0), count = 0, same = 0;
    if (map && !document_map(file->doc, map, "exp_labels", 50, &count, file->problems))
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *name;
        yaml_at name_at;
        const char *value = pair_text(file, map, i, &name, &name_at);
        const char *is = value ? label_of(r, device, name) : NULL;
        if (!is || strcmp(is, value) != 0)
            return false;
        same += strcmp(name, "alertname") != 0;
    }
    return same == has;
}

static bool annotations_match(const struct verdict_file *file, yaml_at map, const struct rule_raised *r,
                              const char *device, struct buf *why) {
    size_t count = 0;
    if (map && !document_map(file->doc, map, "exp_annotations", 50, &count, file->problems))
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *name;
        yaml_at name_at;
        const char *value = pair_text(file, map, i, &name, &name_at);
        const struct template *text = NULL;
        for (size_t k = 0; value && k < r->rule->annotation_count; k++)
            if (strcmp(r->rule->annotations[k].name, name) == 0)
                text = r->rule->annotations[k].text;
        if (!text) {
            buf_printf(why, "%s:%d:   the rule has no annotation '%s'\n", file->path,
                       value ? document_line(file->doc, name_at) : 0, value ? name : "");
            return false;
        }
        char is[TEMPLATE_BYTES_MAX * 2];
        struct template_values values = {.value = r->value, .device = device, .part = r->part};
        template_render(text, &values, is, sizeof is);
        if (strcmp(is, value) != 0) {
            buf_printf(why, "%s:%d:   %s is \"%s\", expected \"%s\"\n", file->path, document_line(file->doc, name_at),
                       name, is, value);
            return false;
        }
    }
    return true;
}

bool verdict_match(const struct verdict_file *file, yaml_at at, struct fired *fired, size_t fired_count,
                   struct buf *why) {
    enum { LABELS, ANNOTATIONS, FIELDS };
    struct yaml_field f[FIELDS] = {{"exp_labels", false, 0}, {"exp_annotations", false, 0}};
    if (!document_fields(file->doc, at, "an expected alert", f, FIELDS, file->problems))
        return false;
    for (size_t i = 0; i < fired_count; i++) {
        if (fired[i].is_expected || !labels_match(file, f[LABELS].at, &fired[i].raised, fired[i].device))
            continue;
        fired[i].is_expected = true;
        return annotations_match(file, f[ANNOTATIONS].at, &fired[i].raised, fired[i].device, why);
    }
    buf_printf(why, "%s:%d:   expected this alert, it did not fire with these labels\n", file->path,
               document_line(file->doc, at));
    return false;
}
