/* The text format by hand: three kinds of lines. The one thing to get wrong is a label's value, which is escaped here
 * whatever it is (today all of them are words of closed sets: nothing that grows with the fleet becomes a label). One
 * label a value is all that we need. Whole numbers are printed as such, because counters beyond 2^53 do not occur and
 * 1e+06 is harder to read. */
#include "fieldline/exposition.h"

#include <math.h>
#include <stdio.h>

static const char *const types[] = {"counter", "gauge", "histogram"};

void expose_family(struct buf *out, const char *name, enum exposition_type type, const char *help) {
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, types[type]);
}

static void print_label(struct buf *out, const char *label, const char *value) {
    buf_printf(out, "%s=\"", label);
    for (const char *c = value; *c; c++) {
        if (*c == '\n')
            buf_str(out, "\\n");
        else if (*c == '"' || *c == '\\')
            buf_printf(out, "\\%c", *c);
        else
            buf_add_u8(out, (uint8_t)*c);
    }
    buf_add_u8(out, '"');
}

static void print_number(struct buf *out, double value) {
    if (isnan(value))
        buf_str(out, "NaN");
    else if (isinf(value))
        buf_str(out, value < 0 ? "-Inf" : "+Inf");
    else
        buf_printf(out, value == trunc(value) && fabs(value) < 1e15 ? "%.0f" : "%.15g", value);
}

void expose_value(struct buf *out, const char *name, const char *label, const char *label_value, double value) {
    buf_str(out, name);
    if (label) {
        buf_add_u8(out, '{');
        print_label(out, label, label_value);
        buf_add_u8(out, '}');
    }
    buf_add_u8(out, ' ');
    print_number(out, value);
    buf_add_u8(out, '\n');
}

static void print_bucket(struct buf *out, const char *name, const char *label, const char *label_value, double bound,
                         uint64_t count) {
    buf_printf(out, "%s_bucket{", name);
    if (label) {
        print_label(out, label, label_value);
        buf_add_u8(out, ',');
    }
    buf_str(out, "le=\"");
    print_number(out, bound);
    buf_printf(out, "\"} %llu\n", (unsigned long long)count);
}

void expose_histogram(struct buf *out, const char *name, const char *label, const char *label_value,
                      const struct histogram *histogram) {
    struct histogram_view view;
    char part[128];
    histogram_read(histogram, &view);
    for (int i = 0; i <= HISTOGRAM_BOUNDS; i++)
        print_bucket(out, name, label, label_value, i < HISTOGRAM_BOUNDS ? view.bounds[i] : INFINITY, view.counts[i]);
    snprintf(part, sizeof part, "%s_sum", name);
    expose_value(out, part, label, label_value, view.sum);
    snprintf(part, sizeof part, "%s_count", name);
    expose_value(out, part, label, label_value, (double)view.counts[HISTOGRAM_BOUNDS]);
}

void expose_one(struct buf *out, const char *name, enum exposition_type type, const char *help, double value) {
    expose_family(out, name, type, help);
    expose_value(out, name, NULL, NULL, value);
}
