/* Which fleet a device is in: that of the model and firmware of its newest birth message, after a restart too. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fixture.h"

static void born(struct fixture *f, const char *device, const char *model, const char *firmware, uint64_t seq) {
    struct birth_message birth = {.event_ms = clock_wall_ms()};
    char topic[CAP_TOPIC_BYTES + 1];
    struct buf payload;
    buf_init(&payload, 4096);
    snprintf(birth.model, sizeof birth.model, "%s", model);
    snprintf(birth.serial, sizeof birth.serial, "S1");
    snprintf(birth.firmware, sizeof birth.firmware, "%s", firmware);
    snprintf(birth.agent, sizeof birth.agent, "1.0");
    clock_boot_id(birth.boot);
    birth_encode(&birth, &payload);
    topic_format(device, TOPIC_UP_BIRTH, topic);
    fixture_feed(f, topic, payload.data, payload.count, fixture_urgent, seq, 0);
    buf_fini(&payload);
}

Test(fleets, a_device_is_in_the_fleet_of_its_newest_birth) {
    static const struct {
        const char *what, *device, *model, *firmware;
        uint64_t seq;
        size_t fleets;
    } steps[] = {
        {"the first", "freezer-1", "vaccine-freezer", "1.0", 1, 1},
        {"one like it", "freezer-2", "vaccine-freezer", "1.0", 1, 1},
        {"another firmware", "freezer-3", "vaccine-freezer", "2.0", 1, 2},
        {"another model", "gateway-1", "linux-gateway", "1.0", 1, 3},
        {"a model without a pack has no rules", "toaster-1", "toaster", "1.0", 1, 3},
        {"said again", "freezer-1", "vaccine-freezer", "1.0", 2, 3},
        {"the last one updates: the old fleet is gone", "freezer-3", "vaccine-freezer", "1.0", 2, 2},
        {"one updates, the other stays", "freezer-2", "vaccine-freezer", "2.0", 2, 3},
        {"it becomes another model", "gateway-1", "vaccine-freezer", "2.0", 2, 2},
    };
    struct fixture *f = fixture_new();
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        born(f, steps[i].device, steps[i].model, steps[i].firmware, steps[i].seq);
        cr_assert_eq(fleets_count(f->core.fleets), steps[i].fleets, "%s: %zu fleets", steps[i].what,
                     fleets_count(f->core.fleets));
    }
    fixture_restart(f);
    cr_assert_eq(fleets_count(f->core.fleets), 2, "after a restart: %zu fleets", fleets_count(f->core.fleets));
    fixture_free(f);
}
