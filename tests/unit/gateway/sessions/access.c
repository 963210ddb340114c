/* Qualifications, contracts and kill switches as values: what is refused, what counts when. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "sessions/contract.h"
#include "sessions/kill.h"
#include "sessions/qualification.h"

#define OBSERVE CAPABILITY_BIT(CAPABILITY_OBSERVE)
#define SHELL   CAPABILITY_BIT(CAPABILITY_SHELL)

Test(contract, days) {
    static const struct {
        const char *text;
        int64_t until_ms; /* 0: refused */
    } rows[] = {
        {"1970-01-01", 86399999},
        {"2024-02-29", 1709251199999},
        {"2099-12-31", 4102444799999},
        {"2023-02-29", 0},
        {"2024-04-31", 0},
        {"2024-00-10", 0},
        {"2024-13-01", 0},
        {"2024-1-1", 0},
        {"20240101", 0},
        {"2024-01-01T00:00:00Z", 0},
        {"", 0},
        {"tomorrow!!", 0},
        {"2024+01-01", 0},
        {"0000-01-01", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t until_ms = 0;
        struct fault fault = {""};
        const enum result result = contract_day(rows[i].text, &until_ms, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].until_ms != 0, "%s", rows[i].text);
        cr_expect_eq(until_ms, rows[i].until_ms, "%s: %lld", rows[i].text, (long long)until_ms);
        cr_expect(result == RESULT_OK || strstr(fault.text, "is not a day"), "%s", rows[i].text);
    }
}

static size_t cut(const char *line, struct contract_cell *cells) {
    size_t count = 0;
    for (const char *at = line;; at += cells[count++].chars + 1) {
        cells[count] = (struct contract_cell){at, strcspn(at, ",")};
        if (at[cells[count].chars] == '\0')
            return count + 1;
    }
}

Test(contract, lines) {
    static const struct {
        const char *line, *says; /* NULL: taken */
    } rows[] = {
        {"device,freezer-7,Polar AG,2027-03-31,observe shell", NULL},
        {"site,plant-7,Müller & Söhne,2027-03-31,-", NULL},
        {"site,plant-7,Polar AG,2027-03-31", "4 cells, expected 5"},
        {"site,plant-7,Polar AG,2027-03-31,-,", "6 cells"},
        {"planet,plant-7,Polar AG,2027-03-31,-", "the scope is 'planet'"},
        {"device,Freezer 7,Polar AG,2027-03-31,-", "not the name of a device"},
        {"device,,Polar AG,2027-03-31,-", "the target must have"},
        {"device,freezer-7,,2027-03-31,-", "the customer must have"},
        {"device,freezer-7,Po\tlar,2027-03-31,-", "control character"},
        {"device,freezer-7,Polar \xff,2027-03-31,-", "UTF-8"},
        {"device,freezer-7,Polar AG,soon,-", "'soon' is not a day"},
        {"device,freezer-7,Polar AG,2027-03-31,fly", "'fly' is not a capability"},
        {"device,freezer-7,Polar AG,2027-03-31,", "the capabilities must have"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct contract_cell cells[8];
        struct contract contract;
        struct fault fault = {""};
        const enum result result = contract_of_cells(cells, cut(rows[i].line, cells), &contract, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].says == NULL, "%s: %s", rows[i].line, fault.text);
        if (rows[i].says)
            cr_expect_not_null(strstr(fault.text, rows[i].says), "%s: %s", rows[i].line, fault.text);
    }
    struct contract_cell cells[8];
    struct contract contract;
    cr_assert_eq(contract_of_cells(cells, cut(rows[0].line, cells), &contract, NULL), RESULT_OK);
    cr_expect(contract.scope == CONTRACT_DEVICE && contract.capabilities == (OBSERVE | SHELL));
    cr_expect_str_eq(contract.customer, "Polar AG");
}

Test(kill, what_is_refused) {
    static const struct {
        const char *scope, *target, *reason, *says; /* NULL: taken */
    } rows[] = {
        {"all", NULL, "break-in", NULL},
        {"device", "freezer-7", "smoke", NULL},
        {"user", "eva", "lost her laptop", NULL},
        {"all", "freezer-7", "x", "'scope' is all"},
        {"device", NULL, "x", "which device"},
        {"user", "", "x", "which user"},
        {"site", "plant-7", "x", "'scope' is 'site'"},
        {NULL, NULL, "x", "'scope'"},
        {"all", NULL, NULL, "'reason' is missing"},
        {"all", NULL, " \n", "'reason' is missing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kill kill;
        struct fault fault = {""};
        const enum result result = kill_make(rows[i].scope, rows[i].target, rows[i].reason, &kill, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].says == NULL, "row %zu: %s", i, fault.text);
        if (rows[i].says)
            cr_expect_not_null(strstr(fault.text, rows[i].says), "row %zu: %s", i, fault.text);
    }
}

Test(kill, what_is_covered) {
    static const struct {
        struct kill kill;
        bool covers; /* freezer-7 with eva */
    } rows[] = {
        {{.scope = KILL_ALL}, true},
        {{.scope = KILL_DEVICE, .target = "freezer-7"}, true},
        {{.scope = KILL_DEVICE, .target = "freezer-71"}, false},
        {{.scope = KILL_DEVICE, .target = "eva"}, false},
        {{.scope = KILL_USER, .target = "eva"}, true},
        {{.scope = KILL_USER, .target = "freezer-7"}, false},
        {{.scope = KILL_ALL, .is_lifted = true}, false},
        {{.scope = KILL_SCOPES}, true}, /* of tomorrow: not known is no */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(kill_covers(&rows[i].kill, "freezer-7", "eva"), rows[i].covers, "row %zu", i);
}

Test(qualification, what_is_refused) {
    static const struct {
        struct qualification q;
        const char *says; /* NULL: taken */
    } rows[] = {
        {{.user = "eva", .model = "*", .capabilities = OBSERVE, .until_ms = 5, .given_by = "sue"}, NULL},
        {{.user = "eva", .model = "heat-pump", .may_break_glass = true, .until_ms = 5, .given_by = "sue"}, NULL},
        {{.user = "eva", .model = "heat-pump", .until_ms = 5, .given_by = "sue"}, "neither a capability"},
        {{.user = "eva", .model = "Heat Pump", .capabilities = OBSERVE, .until_ms = 5, .given_by = "sue"}, "'model'"},
        {{.user = "eva", .model = "", .capabilities = OBSERVE, .until_ms = 5, .given_by = "sue"}, "'model'"},
        {{.user = "eva", .model = "*", .capabilities = OBSERVE, .from_ms = 5, .until_ms = 5, .given_by = "sue"},
         "'until_ms'"},
        {{.user = "sue", .model = "*", .capabilities = OBSERVE, .until_ms = 5, .given_by = "sue"}, "himself"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault = {""};
        cr_expect_eq(qualification_check(&rows[i].q, &fault) == RESULT_OK, rows[i].says == NULL, "row %zu: %s", i,
                     fault.text);
        if (rows[i].says)
            cr_expect_not_null(strstr(fault.text, rows[i].says), "row %zu: %s", i, fault.text);
    }
}
