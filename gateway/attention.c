/* The store is asked each time: alarms are rare beside samples, and nothing here has to be rolled back. What only some
 * alarms need is asked only for them. */
#include "attention.h"

#include "rules/policy.h"
#include "store/cases.h"
#include "store/maintenance_rows.h"

static enum result is_explained(struct core *core, const struct device *device, const struct alarm *alarm, bool *out) {
    const char *name;
    *out = false;
    for (size_t i = 0; !*out && (name = policy_silencer(device->pack, alarm->alarm, i)) != NULL; i++) {
        const enum result result = store_alarm_is_active(core->store, device->row, name, out);
        if (result != RESULT_OK)
            return result;
    }
    return RESULT_OK;
}

enum result attention_look(struct core *core, const struct device *device, const struct alarm *alarm, bool is_past,
                           struct location *location, enum silence *out) {
    char by[CAP_DEVICE_ID_BYTES + 1];
    struct silence_facts facts = {.is_shelved = alarm->shelf.until_ms > core->now_ms,
                                  .is_contact = policy_is_contact(device->pack, alarm->alarm),
                                  .is_past = is_past};
    enum result result = store_location_read(core->store, device->row, location);
    if (result == RESULT_OK)
        result = store_maintenance_covers(core->store, core->now_ms, location->model, location->site, device->id,
                                          &facts.is_in_maintenance);
    if (result == RESULT_OK && facts.is_contact)
        result = store_location_is_cut_off(core->store, device->row, &facts.is_parent_down, by);
    if (result == RESULT_OK)
        result = is_explained(core, device, alarm, &facts.is_explained);
    *out = silence_of(&facts);
    return result;
}
