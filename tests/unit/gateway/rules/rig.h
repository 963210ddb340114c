/* What tests of the rule engine share: a pack from texts, a device fed from a line of text, and firings as a line of
 * text.
 *
 * The pack has the gauges a, b, v (with parts), slow (every 2 min) and the counters c, k; all others come every second.
 */
#pragma once
#include "rules/device.h"
#include "rules/firings.h"

/* The rules of alerts.yaml for the metrics above; aborts the test with the problems when they are not sound. */
struct pack *rig_pack(const char *alerts_yaml);
/* One rule named X: {expr, for, keep_firing_for, recover_expr}, NULL for none. */
struct pack *rig_rule(const char *expr, const char *hold, const char *keep, const char *recover);

/* "0 a=5 v/left=3; 10 a=6": at second 0 these samples, at second 10 those. One message, in this order. */
void rig_feed(struct rule_device *d, const struct pack *pack, const char *text, struct firings *out);
/* "RAISE X/left@20 CLEAR X@30": kind, alarm, part, and second of event_ms. Valid until the next call. */
const char *rig_firings(const struct firings *f);
