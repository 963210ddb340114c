/* The input_series of a test file, in promtool's notation:
 *
 *   series: 'disk_used_ratio{part="root",device="gw-1"}'
 *   values: '0.5+0.1x3 _ 0.9x2 stale'     ->  0.5 0.6 0.7 0.8 (nothing) 0.9 0.9 0.9 (nothing)  */
#pragma once
#include "fieldline/bytes.h"
#include "fieldline/caps.h"

enum { TEST_SAMPLES_MAX = 500000 };

struct test_series {
    char metric[CAP_METRIC_BYTES + 1], part[CAP_PART_BYTES + 1], device[CAP_DEVICE_ID_BYTES + 1];
    double *values; /* NAN: no sample at this time */
    size_t count, room;
};
/* Both: on an error *at is the byte of the text that is wrong. */
FL_CHECK enum result test_series_parse_name(const char *text, struct test_series *out, size_t *at, struct fault *fault);
FL_CHECK enum result test_series_parse_values(const char *text, struct test_series *out, size_t *at,
                                              struct fault *fault);
void test_series_fini(struct test_series *series);
