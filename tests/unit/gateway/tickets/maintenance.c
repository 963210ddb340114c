/* Promise 31: a window has a reason, a target and an end. */
#include "tickets/maintenance.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define NOW    ((int64_t)1700000000000)
#define HOUR   ((int64_t)3600000)
#define DAY_MS ((int64_t)86400000)

Test(maintenance, promise_31_refusals) {
    static const struct {
        enum maintenance_scope scope;
        const char *target, *reason;
        int64_t from_ms, to_ms;
        const char *says; /* NULL: fine */
    } rows[] = {
        {MAINTENANCE_DEVICE, "freezer-7", "r", NOW, NOW + HOUR, NULL},
        {MAINTENANCE_ALL, "", "r", NOW - HOUR, NOW + 1, NULL},
        {MAINTENANCE_SITE, "plant-7", "r", NOW + 90 * DAY_MS, NOW + 120 * DAY_MS, NULL},
        {MAINTENANCE_ALL, "freezer-7", "r", NOW, NOW + HOUR, "the scope is all"},
        {MAINTENANCE_DEVICE, "", "r", NOW, NOW + HOUR, "'target' is missing: which device"},
        {MAINTENANCE_MODEL, "m", "", NOW, NOW + HOUR, "'reason' is empty"},
        {MAINTENANCE_MODEL, "m", "  \n", NOW, NOW + HOUR, "'reason' is empty"},
        {MAINTENANCE_MODEL, "m", "r", NOW + HOUR, NOW + HOUR, "not after"},
        {MAINTENANCE_MODEL, "m", "r", NOW + HOUR, NOW, "not after"},
        {MAINTENANCE_MODEL, "m", "r", NOW - HOUR, NOW, "in the past"},
        {MAINTENANCE_MODEL, "m", "r", NOW, NOW + 30 * DAY_MS + 1, "longer than 30 days"},
        {MAINTENANCE_MODEL, "m", "r", 0, INT64_MAX / 2, "longer than 30 days"},
        {MAINTENANCE_MODEL, "m", "r", NOW + 90 * DAY_MS + 1, NOW + 91 * DAY_MS, "more than 90 days ahead"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct maintenance w = {.scope = rows[i].scope, .from_ms = rows[i].from_ms, .to_ms = rows[i].to_ms};
        struct fault fault = {""};
        snprintf(w.target, sizeof w.target, "%s", rows[i].target);
        snprintf(w.reason, sizeof w.reason, "%s", rows[i].reason);
        const enum result result = maintenance_check(&w, NOW, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].says == NULL, "row %zu: %s", i, fault.text);
        if (rows[i].says)
            cr_expect_not_null(strstr(fault.text, rows[i].says), "row %zu: %s", i, fault.text);
    }
}

Test(maintenance, ended_early_or_never_begun) {
    struct maintenance w = {.from_ms = NOW - HOUR, .to_ms = NOW + HOUR};
    struct fault fault;
    cr_assert_eq(maintenance_end(&w, "eva", NOW, &fault), RESULT_OK);
    cr_expect(w.to_ms == NOW && w.from_ms == NOW - HOUR && strcmp(w.ended_by, "eva") == 0);
    cr_expect_eq(maintenance_end(&w, "bob", NOW, &fault), RESULT_CONFLICT);
    w = (struct maintenance){.from_ms = NOW + HOUR, .to_ms = NOW + 2 * HOUR};
    cr_assert_eq(maintenance_end(&w, "eva", NOW, &fault), RESULT_OK);
    cr_expect(w.to_ms == NOW && w.from_ms == NOW);
    enum maintenance_scope scope;
    cr_expect(maintenance_scope_parse("site", &scope) && scope == MAINTENANCE_SITE);
    cr_expect_not(maintenance_scope_parse("everything", &scope));
}
