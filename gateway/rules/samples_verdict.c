/* Every expected sample takes one that is there; what is left over on either side is told with its labels and value.
 * promtool compares values to the last bit. Sums that are kept up to date round otherwise than sums that are computed
 * anew, so here the twelfth digit may differ. */
#include "rules/samples_verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/number.h"
#include "rules/test_series.h"

enum { EXPECTED_MAX = 1000, LABELS_BYTES = 300 };

static void describe(const struct sample_is *s, struct buf *out) {
    char value[32];
    const char *comma = "";
    buf_printf(out, "%s{", s->metric);
    if (s->part[0]) {
        buf_printf(out, "part=\"%s\"", s->part);
        comma = ", ";
    }
    if (s->device[0])
        buf_printf(out, "%sdevice=\"%s\"", comma, s->device);
    number_print(s->value, value);
    buf_printf(out, "} %s", value);
}

static bool is_near(double a, double b) {
    return a == b || fabs(a - b) <= 1e-12 * fmax(fabs(a), fabs(b));
}

static bool only_one_device(const struct sample_is *is, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (strcmp(is[i].device, is[0].device) != 0)
            return false;
    return true;
}

/* The labels of an expected sample; false: they are wrong (a problem is written). */
static bool read_labels(const struct verdict_file *file, yaml_at at, struct test_series *out) {
    const char *text;
    char whole[LABELS_BYTES + 8];
    struct fault fault;
    size_t offset = 0;
    if (!document_text_or_empty(file->doc, at, "labels", LABELS_BYTES, &text, file->problems))
        return false;
    const bool has_name = text[0] != '{' && text[0] != '\0';
    snprintf(whole, sizeof whole, "%s%s", has_name ? "" : "_", text);
    if (test_series_parse_name(whole, out, &offset, &fault) != RESULT_OK) {
        document_problem_inside(file->doc, at, offset > 0 && !has_name ? offset - 1 : offset, file->problems,
                                fault.text);
        return false;
    }
    if (!has_name)
        out->metric[0] = '\0';
    return true;
}

static bool match_one(const struct verdict_file *file, yaml_at at, struct sample_is *is, size_t count,
                      struct buf *why) {
    enum { LABELS, VALUE, FIELDS };
    struct yaml_field f[FIELDS] = {{"labels", false, 0}, {"value", true, 0}};
    struct test_series labels = {0};
    double value;
    if (!document_fields(file->doc, at, "an expected sample", f, FIELDS, file->problems) || !f[VALUE].at ||
        !document_number(file->doc, f[VALUE].at, "value", &value, file->problems) ||
        (f[LABELS].at && !read_labels(file, f[LABELS].at, &labels)))
        return false;
    const bool is_one = only_one_device(is, count);
    for (size_t i = 0; i < count; i++) {
        const bool is_device = strcmp(is[i].device, labels.device) == 0 || (is_one && !labels.device[0]);
        const bool is_metric = !is[i].metric[0] || strcmp(is[i].metric, labels.metric) == 0;
        if (is[i].is_expected || !is_device || !is_metric || strcmp(is[i].part, labels.part) != 0)
            continue;
        is[i].is_expected = true;
        if (is_near(is[i].value, value))
            return true;
        char expected[32];
        number_print(value, expected);
        buf_printf(why, "%s:%d:   is ", file->path, document_line(file->doc, at));
        describe(&is[i], why);
        buf_printf(why, ", expected %s\n", expected);
        return false;
    }
    buf_printf(why, "%s:%d:   expected this sample, there is none with these labels\n", file->path,
               document_line(file->doc, at));
    return false;
}

bool samples_match(const struct verdict_file *file, yaml_at at, struct sample_is *is, size_t count, struct buf *why) {
    size_t expected = 0;
    bool is_right = true;
    if (at && !document_list(file->doc, at, "exp_samples", EXPECTED_MAX, &expected, file->problems))
        return false;
    for (size_t i = 0; i < expected; i++)
        is_right &= match_one(file, document_item(file->doc, at, i), is, count, why);
    for (size_t i = 0; i < count; i++) {
        if (is[i].is_expected)
            continue;
        is_right = false;
        buf_printf(why, "%s:   is also ", file->path);
        describe(&is[i], why);
        buf_printf(why, "\n");
    }
    return is_right;
}
