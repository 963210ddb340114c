/* An expression by itself, over metrics that somebody names: what `replay --expr` asks. It is compiled and evaluated as
 * in a pack, but nobody has said what the metrics are: they may be counters or gauges, and any value is taken.
 *
 * Its pack has that plan and no rules: a device made of it keeps what the expression needs. */
#pragma once
#include "rules/device.h"
#include "rules/evaluate.h"

struct probe;
/* `metrics`: count names; doubled ones are one metric. interval_ms: how often they come; 0: not known. `lives`: what
 * rul() learns from, taken in any case; NULL: none. NULL on an error of the expression, which may name no other metric.
 */
struct probe *probe_new(const char *source, const char *const *metrics, size_t count, int64_t interval_ms,
                        struct life_library *lives, struct expression_error *error);
void probe_free(struct probe *probe); /* after its devices */
const struct pack *probe_pack(const struct probe *probe);
int probe_metric(const struct probe *probe, const char *name); /* for struct sample; -1: none */
/* Does the expression speak of it? */
bool probe_names(const char *source, const char *metric);
/* Its value for a device, after samples up to now_ms, which never goes back. */
void probe_value(const struct probe *probe, struct rule_device *device, int64_t now_ms, struct vector *out);
/* The outermost function of the expression ("anomaly_score"); "" when the outermost is no call. */
void probe_function(const char *source, char *out, size_t room);
