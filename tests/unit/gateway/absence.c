/* Rules of absence by the wall clock: of the device that is connected and silent, and of nobody else. */
#include "absence.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "fixture.h"
#include "store/cases.h"

static void presence(struct fixture *f, const char *word) {
    char topic[CAP_TOPIC_BYTES + 1];
    topic_format("freezer-7", TOPIC_STATE, topic);
    fixture_feed(f, topic, word, strlen(word), NULL, 0, 0);
}

static void tele(struct fixture *f, uint64_t seq, const char *metric, int64_t event_ms) {
    char topic[CAP_TOPIC_BYTES + 1], payload[200];
    topic_format("freezer-7", TOPIC_UP_TELE, topic);
    snprintf(payload, sizeof payload, "[{\"n\":\"%s\",\"t\":%.3f,\"v\":%g}]", metric, (double)event_ms / 1000, -20.0);
    fixture_feed(f, topic, payload, strlen(payload), fixture_bulk, seq, 0);
}

static bool is_raised(struct fixture *f) {
    struct alarm alarm;
    const int64_t row = registry_find(f->core.registry, "freezer-7")->row;
    return store_alarm_newest(f->core.store, row, "AirProbeSilent", "", &alarm) == RESULT_OK && alarm.is_active;
}

/* Ticks every 10 s for so many minutes. */
static void wait_minutes(struct fixture *f, int minutes) {
    for (int i = 0; i < minutes * 6; i++) {
        f->later_ms += 10 * 1000;
        fixture_tick(f);
    }
}

Test(absence, a_connected_and_silent_device_is_told) {
    struct fixture *f = fixture_new();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    presence(f, "online");
    tele(f, 1, "air_temperature", clock_wall_ms() + f->later_ms);
    wait_minutes(f, 15);
    cr_expect_not(is_raised(f));
    wait_minutes(f, 3);
    cr_expect(is_raised(f));
    tele(f, 2, "air_temperature", clock_wall_ms() + f->later_ms);
    cr_expect_not(is_raised(f), "it speaks again");
    fixture_free(f);
}

Test(absence, an_offline_device_is_left_to_its_presence) {
    struct fixture *f = fixture_new();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    presence(f, "online");
    tele(f, 1, "air_temperature", clock_wall_ms() + f->later_ms);
    presence(f, "offline");
    wait_minutes(f, 30);
    cr_expect_not(is_raised(f));
    fixture_free(f);
}

Test(absence, what_was_on_its_way_is_not_late) {
    struct fixture *f = fixture_new();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    presence(f, "online");
    const int64_t begun_ms = clock_wall_ms() + f->later_ms;
    tele(f, 1, "air_temperature", begun_ms);
    wait_minutes(f, 14);
    for (int i = 1; i < 80; i++) /* a backlog: seen in its own time, and nothing was absent in it */
        tele(f, (uint64_t)i + 1, "air_temperature", begun_ms + i * 10 * 1000);
    cr_expect_not(is_raised(f));
    wait_minutes(f, 14);
    cr_expect_not(is_raised(f), "it has been missing for less than 15 min");
    wait_minutes(f, 4);
    cr_expect(is_raised(f));
    fixture_free(f);
}
