/* The text format, to the byte. */
#include "fieldline/exposition.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct buf out;
static void begin(void) {
    buf_init(&out, 65536);
}
static void end(void) {
    buf_fini(&out);
}
TestSuite(exposition, .init = begin, .fini = end);

Test(exposition, a_family_and_its_values) {
    expose_family(&out, "fieldline_dropped_total", EXPOSE_COUNTER, "what was dropped");
    expose_value(&out, "fieldline_dropped_total", "reason", "full", 3);
    expose_value(&out, "fieldline_dropped_total", "reason", "late", 0);
    expose_one(&out, "fieldline_depth", EXPOSE_GAUGE, "what waits", 0.25);
    cr_expect_str_eq(buf_text(&out), "# HELP fieldline_dropped_total what was dropped\n"
                                     "# TYPE fieldline_dropped_total counter\n"
                                     "fieldline_dropped_total{reason=\"full\"} 3\n"
                                     "fieldline_dropped_total{reason=\"late\"} 0\n"
                                     "# HELP fieldline_depth what waits\n"
                                     "# TYPE fieldline_depth gauge\n"
                                     "fieldline_depth 0.25\n");
}

Test(exposition, numbers) {
    static const struct {
        double value;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-1, "-1"},
        {1e6, "1000000"},
        {123456789012345, "123456789012345"},
        {1e21, "1e+21"},
        {0.1, "0.1"},
        {1795322560.123, "1795322560.123"},
        {INFINITY, "+Inf"},
        {-INFINITY, "-Inf"},
        {NAN, "NaN"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char wanted[64];
        buf_reset(&out);
        expose_value(&out, "x", NULL, NULL, rows[i].value);
        snprintf(wanted, sizeof wanted, "x %s\n", rows[i].text);
        cr_expect_str_eq(buf_text(&out), wanted);
    }
}

Test(exposition, a_label_cannot_break_out) {
    expose_value(&out, "x", "name", "a\"} 1\nfieldline_forged 1\\", 2);
    cr_expect_str_eq(buf_text(&out), "x{name=\"a\\\"} 1\\nfieldline_forged 1\\\\\"} 2\n");
}

Test(exposition, a_histogram_ends_with_everything) {
    struct histogram h = {0};
    histogram_observe(&h, 200);
    histogram_observe(&h, 900000000);
    expose_histogram(&out, "t_seconds", "lane", "bulk", &h);
    const char *text = buf_text(&out);
    cr_expect_not_null(strstr(text, "t_seconds_bucket{lane=\"bulk\",le=\"0.0001\"} 0\n"));
    cr_expect_not_null(strstr(text, "t_seconds_bucket{lane=\"bulk\",le=\"0.00025\"} 1\n"));
    cr_expect_not_null(strstr(text, "t_seconds_bucket{lane=\"bulk\",le=\"100\"} 1\n"));
    cr_expect_not_null(strstr(text, "t_seconds_bucket{lane=\"bulk\",le=\"+Inf\"} 2\n"
                                    "t_seconds_sum{lane=\"bulk\"} 900.0002\n"
                                    "t_seconds_count{lane=\"bulk\"} 2\n"));
    buf_reset(&out);
    expose_histogram(&out, "t_seconds", NULL, NULL, &h);
    cr_expect_not_null(strstr(buf_text(&out), "t_seconds_bucket{le=\"+Inf\"} 2\n"));
}
