/* A walk over what the device keeps: idle conditions are not kept, so it is short. */
#include "rules/pending.h"

#include "rules/device_state.h"
#include "rules/rule.h"

size_t rule_device_pending(const struct rule_device *d, struct rule_pending *out, size_t room) {
    size_t count = 0;
    for (size_t i = 0; i < d->pack->rule_count; i++) {
        const struct rule *rule = d->pack->rules[i];
        for (size_t k = 0; k < d->rules[i].count; k++) {
            const struct condition *c = &d->rules[i].items[k];
            if (c->phase != PHASE_PENDING)
                continue;
            if (count < room)
                out[count] = (struct rule_pending){.alarm = rule->alert,
                                                   .part = rule_device_part_name(d, c->part),
                                                   .severity = rule->severity,
                                                   .since_ms = c->since_ms,
                                                   .for_ms = rule->for_ms,
                                                   .value = c->value};
            count++;
        }
    }
    return count;
}
