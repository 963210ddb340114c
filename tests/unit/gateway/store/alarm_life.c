/* What the life of an alarm adds to its row, and the rows beside it. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "store/incidents.h"
#include "store/locations.h"
#include "store/maintenance_rows.h"
#include "store/shelves.h"

static struct alarm an_alarm(int64_t device, const char *name, enum silence silence, int64_t taken_ms) {
    struct alarm a = {.device_id = device,
                      .severity = SEVERITY_IS_MAJOR,
                      .is_active = true,
                      .opens_ticket = true,
                      .silence = silence,
                      .taken_ms = taken_ms};
    snprintf(a.alarm, sizeof a.alarm, "%s", name);
    return a;
}

Test(alarm_life, a_row_comes_back_with_all_that_was_added) {
    struct fixture f;
    struct alarm got;
    fixture_open(&f);
    struct alarm a = an_alarm(add_device(&f, "freezer-7"), "TooWarm", SILENCE_SHELVED, 77);
    const struct shelf shelf = {.by = "eva", .reason = "part is ordered", .from_ms = 5, .until_ms = 99};
    a.latches = a.isolates = a.is_latched = a.is_in_ticket = true;
    a.gone_ms = 66;
    a.surface_ms = 88;
    snprintf(a.explanation, sizeof a.explanation, "[{\"term\":\"x\"}]");
    begin(&f);
    cr_assert_eq(store_alarm_put(f.store, &a), RESULT_OK, "%s", store_error(f.store));
    cr_assert_eq(store_shelf_put(f.store, a.device_id, "TooWarm", "", &shelf), RESULT_OK);
    commit(&f);
    cr_assert_eq(store_alarm_find(f.store, a.id, &got), RESULT_OK);
    cr_expect(got.latches && got.isolates && got.is_latched && got.is_in_ticket && got.gone_ms == 66 &&
              got.surface_ms == 88 && got.taken_ms == 77 && got.silence == SILENCE_SHELVED && got.incident == 0);
    cr_expect_str_eq(got.explanation, a.explanation);
    cr_expect(strcmp(got.shelf.by, "eva") == 0 && strcmp(got.shelf.reason, "part is ordered") == 0 &&
              got.shelf.from_ms == 5 && got.shelf.until_ms == 99);
    int expired = 0;
    begin(&f);
    cr_assert_eq(store_shelves_expire(f.store, 98, &expired), RESULT_OK);
    cr_expect_eq(expired, 0);
    cr_assert_eq(store_shelves_expire(f.store, 99, &expired), RESULT_OK);
    cr_expect_eq(expired, 1);
    a.incident = 99;
    cr_expect_eq(store_alarm_put(f.store, &a), RESULT_CONFLICT, "there is no such incident");
    store_rollback(f.store);
    fixture_close(&f);
}

static void count_row(void *self, const struct alarm *alarm) {
    (void)alarm;
    ++*(int *)self;
}

Test(alarm_life, silent_rows_are_walked_in_pieces_and_around) {
    struct fixture f;
    int64_t after = 0;
    int count = 0;
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    begin(&f);
    for (int i = 0; i < 7; i++) {
        char name[16];
        snprintf(name, sizeof name, "A%d", i);
        struct alarm a = an_alarm(device, name, i == 6 ? SILENCE_FLEET : i == 5 ? SILENCE_NONE : SILENCE_PARENT, 1);
        cr_assert_eq(store_alarm_put(f.store, &a), RESULT_OK);
    }
    commit(&f);
    static const int want[] = {3, 5, 8}; /* five are silent, members of incidents are not among them */
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(store_alarms_quiet(f.store, &after, 3, count_row, &count), RESULT_OK);
        cr_expect_eq(count, want[i], "%d", count);
    }
    fixture_close(&f);
}

Test(alarm_life, where_a_device_stands_and_what_covers_it) {
    struct fixture f;
    struct location l;
    struct maintenance w = {.scope = MAINTENANCE_SITE, .target = "plant-7", .from_ms = 10, .to_ms = 20};
    bool is_so;
    char by[CAP_DEVICE_ID_BYTES + 1];
    fixture_open(&f);
    const int64_t router = add_device(&f, "router-1"), device = add_device(&f, "freezer-7");
    begin(&f);
    cr_expect_eq(store_location_put(f.store, device, device, ""), RESULT_CONFLICT);
    cr_assert_eq(store_location_put(f.store, device, router, "plant-7"), RESULT_OK);
    cr_expect_eq(store_location_put(f.store, router, device, ""), RESULT_CONFLICT);
    cr_assert_eq(store_maintenance_put(f.store, &w), RESULT_OK);
    commit(&f);
    cr_assert_eq(store_location_read(f.store, device, &l), RESULT_OK);
    cr_expect(strcmp(l.site, "plant-7") == 0 && strcmp(l.parent, "router-1") == 0 &&
              strcmp(l.model, "freezer-v1") == 0);
    for (int is_online = 1; is_online >= 0; is_online--) {
        begin(&f);
        cr_assert_eq(store_device_seen(f.store, router, is_online, 1), RESULT_OK);
        cr_assert_eq(store_location_is_cut_off(f.store, device, &is_so, by), RESULT_OK);
        cr_expect(is_so == !is_online && strcmp(by, is_online ? "" : "router-1") == 0, "as of this turn");
        commit(&f);
    }
    static const struct {
        int64_t now_ms;
        const char *site;
        bool is_covered;
    } rows[] = {{9, "plant-7", false},  {10, "plant-7", true},  {19, "plant-7", true},
                {20, "plant-7", false}, {15, "plant-8", false}, {15, "", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(store_maintenance_covers(f.store, rows[i].now_ms, "m", rows[i].site, "d", &is_so), RESULT_OK);
        cr_expect_eq(is_so, rows[i].is_covered, "row %zu", i);
    }
    static const char *const bad[] = {"", "Plant", "plant 7", "-plant", "plant_7"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(location_site_valid(bad[i]), "%s", bad[i]);
    fixture_close(&f);
}
