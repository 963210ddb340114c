/* Counting a storm: who counts, when it is one, what is forgotten, and that it stays cheap. */
#include "tickets/storm.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define T ((int64_t)1700000000000)

Test(storm, enough_devices_and_enough_of_the_group) {
    static const struct {
        const char *what;
        int64_t population;
        int devices;
        enum storm_verdict verdict;
    } rows[] = {
        {"one", 10000, 1, STORM_NONE},
        {"nine of nine", 9, 9, STORM_NONE},
        {"ten of ten", 10, 10, STORM_RAGES},
        {"ten of 200 are 5 %", 200, 10, STORM_RAGES},
        {"ten of 201 are less", 201, 10, STORM_GATHERING},
        {"499 of 10,000", 10000, 499, STORM_GATHERING},
        {"500 of 10,000", 10000, 500, STORM_RAGES},
        {"999 of a million", 1000000, 999, STORM_GATHERING},
        {"1,000 are enough of any", 1000000, 1000, STORM_RAGES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct storm *storm = storm_new();
        struct storm_group *group = storm_group(storm, "k", T);
        enum storm_verdict verdict = STORM_NONE;
        cr_expect(storm_group_needs_population(group, T));
        storm_group_set_population(group, rows[i].population, T);
        cr_expect_not(storm_group_needs_population(group, T + STORM_POPULATION_MS));
        cr_expect(storm_group_needs_population(group, T + STORM_POPULATION_MS + 1), "believed for a while only");
        for (int d = 1; d <= rows[i].devices; d++)
            verdict = storm_group_note(group, d, T + d);
        cr_expect_eq(verdict, rows[i].verdict, "%s", rows[i].what);
        cr_expect_eq(storm_group_verdict(group, T + rows[i].devices), rows[i].verdict, "%s", rows[i].what);
        storm_free(storm);
    }
}

Test(storm, a_device_counts_once_and_for_ten_minutes) {
    struct storm *storm = storm_new();
    struct storm_group *group = storm_group(storm, "k", T);
    storm_group_set_population(group, 20, T);
    for (int i = 0; i < 1000; i++)
        cr_expect_eq(storm_group_note(group, 1, T + i), STORM_NONE, "one device that flaps is no storm");
    cr_expect_eq(storm_group_devices(group), 1);
    for (int d = 2; d <= 9; d++)
        cr_expect_eq(storm_group_note(group, d, T + 1000), STORM_NONE);
    cr_expect_eq(storm_group_note(group, 10, T + STORM_WINDOW_MS), STORM_NONE, "the first is forgotten");
    cr_expect_eq(storm_group_note(group, 11, T + STORM_WINDOW_MS), STORM_RAGES);
    cr_expect_eq(storm_group_verdict(group, T + 2 * STORM_WINDOW_MS), STORM_NONE, "it is over by itself");
    for (int d = 1; d <= 12; d++)
        cr_expect_eq(storm_group_note(group, d, T), d < STORM_DEVICES ? STORM_NONE : STORM_RAGES,
                     "our clock was set back: what is in the future is forgotten");
    storm_free(storm);
}

Test(storm, groups_are_apart_and_bounded) {
    struct storm *storm = storm_new();
    char key[STORM_KEY_BYTES];
    for (int g = 0; g < STORM_GROUPS + 10; g++) {
        snprintf(key, sizeof key, "model/m/%d/A", g);
        cr_assert_eq(storm_group_note(storm_group(storm, key, T), 1, T), STORM_NONE);
        cr_assert_eq(storm_group_devices(storm_group(storm, "always/used", T)), 0);
        storm_group(storm, key, T);
    }
    cr_expect_eq(storm_group_devices(storm_group(storm, "model/m/0/A", T)), 0, "quiet longest: it made room");
    cr_expect_eq(storm_group_devices(storm_group(storm, key, T)), 1);
    storm_forget(storm);
    cr_expect_eq(storm_group_devices(storm_group(storm, key, T)), 0);
    storm_free(storm);
}

Test(storm, a_population_of_the_future_is_not_believed) {
    struct storm *storm = storm_new();
    storm_group_set_population(storm_group(storm, "k", T), 5, T);
    cr_expect(storm_group_needs_population(storm_group(storm, "k", T - 1), T - 1));
    storm_free(storm);
}
