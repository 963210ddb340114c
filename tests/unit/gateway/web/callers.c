#include "web/callers.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(callers, each_address_counts_alone) {
    struct callers *callers = callers_new();
    cr_expect_eq(callers_count(callers, "192.0.2.1"), 0);
    callers_add(callers, "192.0.2.1");
    callers_add(callers, "192.0.2.1");
    callers_add(callers, "2001:db8::1");
    cr_expect_eq(callers_count(callers, "192.0.2.1"), 2);
    cr_expect_eq(callers_count(callers, "2001:db8::1"), 1);
    cr_expect_eq(callers_count(callers, "192.0.2.10"), 0);
    callers_remove(callers, "192.0.2.1");
    cr_expect_eq(callers_count(callers, "192.0.2.1"), 1);
    callers_remove(callers, "192.0.2.1");
    callers_remove(callers, "192.0.2.1"); /* one too many does nothing */
    cr_expect_eq(callers_count(callers, "192.0.2.1"), 0);
    callers_free(callers);
}

Test(callers, who_has_gone_leaves_nothing) {
    struct callers *callers = callers_new();
    char address[32];
    for (int i = 0; i < 10000; i++) {
        snprintf(address, sizeof address, "10.0.%d.%d", i / 256, i % 256);
        callers_add(callers, address);
        callers_remove(callers, address);
        cr_expect_eq(callers_count(callers, address), 0);
    }
    callers_free(callers);
    callers_free(NULL);
}
