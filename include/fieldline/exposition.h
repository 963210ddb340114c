/* Prometheus' text format (version 0.0.4), written. A family is begun once, then its values follow; names and help
 * texts are ours, label values may be anything. */
#pragma once
#include "fieldline/bytes.h"
#include "fieldline/histogram.h"

enum exposition_type { EXPOSE_COUNTER, EXPOSE_GAUGE, EXPOSE_HISTOGRAM };
/* name: [a-z_:][a-z0-9_:]*; counters end in _total. help: one line. */
void expose_family(struct buf *out, const char *name, enum exposition_type type, const char *help);
/* `label` NULL: none. */
void expose_value(struct buf *out, const char *name, const char *label, const char *label_value, double value);
/* _bucket, _sum and _count of a family of type EXPOSE_HISTOGRAM. */
void expose_histogram(struct buf *out, const char *name, const char *label, const char *label_value,
                      const struct histogram *histogram);
/* A family with a single value. */
void expose_one(struct buf *out, const char *name, enum exposition_type type, const char *help, double value);
