/* A device's part in the fleet of its model and firmware: which of its series are members, and when they join. The
 * device owns its entry in the fleet; series are members from their first sample on, loaded ones as soon as the device
 * is in a fleet, so that after a restart the fleet is there before anybody has said a word. */
#include "rules/detect/fleet_zscore.h"
#include "rules/device_state.h"
#include "rules/fleet.h"

void device_join_series(struct rule_device *d, const struct derived *derived, const struct series *series) {
    const struct plan_metric *m = &d->set.plan->metrics[derived->metric];
    if (d->fleet && derived->detector == &detect_fleet_zscore)
        fleet_zscore_join(series_derived(series, m)->detector, d->fleet, derived->key, d->set.parts[series->part].name);
}

static void join_all(struct rule_device *d) {
    const struct plan *plan = d->set.plan;
    for (size_t i = 0; i < plan->derived_count; i++) {
        const struct metric_series *all = &d->set.metrics[plan->derived[i]->metric];
        for (size_t k = 0; k < all->count; k++)
            device_join_series(d, plan->derived[i], series_at(all, k));
    }
}

void rule_device_join(struct rule_device *d, struct fleet *fleet) {
    struct fleet *before = d->fleet;
    d->fleet = fleet;
    if (before != fleet)
        join_all(d);
    fleet_leave(before);
}

void rule_device_pass_fleet(struct rule_device *from, struct rule_device *to) {
    to->fleet = from->fleet;
    from->fleet = NULL;
    join_all(to);
}
