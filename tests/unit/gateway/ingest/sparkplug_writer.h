/* Sparkplug payloads for tests, written from the specification's field numbers and not with our schema. */
#pragma once
#include "fieldline/bytes.h"

struct sparkplug_writer {
    struct buf payload;
};
void sparkplug_begin(struct sparkplug_writer *w, int64_t timestamp_ms, int seq /* -1: none */);
void sparkplug_end(struct sparkplug_writer *w);

enum { NO_ALIAS = -1, NO_TYPE = 0 };
/* name NULL: by alias. value_field: 10 int, 11 long, 12 float, 13 double, 14 boolean, 15 string, 0 none (null). */
void sparkplug_metric(struct sparkplug_writer *w, const char *name, int64_t alias, int type, int value_field,
                      double number, const char *text);
void sparkplug_metric_unit(struct sparkplug_writer *w, const char *name, int64_t alias, double value, const char *unit);
