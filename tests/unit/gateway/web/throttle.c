/* The login throttle: free attempts, growing waits, who is not hit. */
#include "web/throttle.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct throttle *t;
static void setup(void) {
    t = throttle_new();
}
static void teardown(void) {
    throttle_free(t);
}
TestSuite(throttle, .init = setup, .fini = teardown);

#define TRY(account, address, now) throttle_try(t, account, address, now)

Test(throttle, waits_grow_after_the_free_attempts) {
    for (int i = 0; i < THROTTLE_FREE_PAIR; i++) {
        cr_assert_eq(TRY("ann", "10.0.0.1", 1000), 0, "attempt %d", i);
    }
    cr_expect_eq(TRY("ann", "10.0.0.1", 1000), THROTTLE_DELAY_MS);
    cr_expect_eq(TRY("ann", "10.0.0.1", 1400), THROTTLE_DELAY_MS - 400, "an attempt that was refused counts nothing");
    int64_t now = 1000 + THROTTLE_DELAY_MS, before = THROTTLE_DELAY_MS;
    for (int i = 0; i < 12; i++) {
        cr_assert_eq(TRY("ann", "10.0.0.1", now), 0);
        int64_t wait = TRY("ann", "10.0.0.1", now);
        cr_expect(wait == 2 * before || wait == THROTTLE_DELAY_MAX_MS, "round %d: %lld after %lld", i, (long long)wait,
                  (long long)before);
        before = wait;
        now += wait;
    }
    cr_expect_eq(before, THROTTLE_DELAY_MAX_MS);
}

Test(throttle, others_are_not_hit) {
    for (int i = 0; i < THROTTLE_FREE_PAIR; i++) {
        cr_assert_eq(TRY("ann", "10.0.0.1", 0), 0);
    }
    cr_expect_neq(TRY("ann", "10.0.0.1", 1), 0);
    cr_expect_eq(TRY("ann", "10.0.0.2", 1), 0, "the person herself, from her own address");
    cr_expect_eq(TRY("bob", "10.0.0.1", 1), 0, "a colleague behind the same address");
}

Test(throttle, trying_one_password_on_many_accounts_is_slowed_too) {
    char account[32];
    int made = 0;
    for (int i = 0; i < 200; i++) {
        snprintf(account, sizeof account, "user%d", i);
        made += TRY(account, "10.0.0.1", i) == 0;
    }
    cr_expect_eq(made, THROTTLE_FREE_ADDRESS);
    cr_expect_eq(TRY("user999", "10.0.0.9", 200), 0);
}

Test(throttle, a_right_password_forgets) {
    for (int i = 0; i < THROTTLE_FREE_PAIR - 1; i++) {
        cr_assert_eq(TRY("ann", "10.0.0.1", 0), 0);
    }
    cr_assert_eq(TRY("ann", "10.0.0.1", 0), 0);
    throttle_was_right(t, "ann", "10.0.0.1");
    for (int i = 0; i < THROTTLE_FREE_PAIR; i++) {
        cr_expect_eq(TRY("ann", "10.0.0.1", 1), 0, "attempt %d", i);
    }
    cr_expect_neq(TRY("ann", "10.0.0.1", 1), 0);
}

Test(throttle, logging_in_often_is_no_offence) {
    for (int i = 0; i < 10 * THROTTLE_FREE_ADDRESS; i++) {
        cr_assert_eq(TRY("ann", "10.0.0.1", i), 0, "login %d", i);
        throttle_was_right(t, "ann", "10.0.0.1");
    }
}

Test(throttle, is_forgotten_after_a_quiet_time) {
    for (int i = 0; i < THROTTLE_FREE_PAIR; i++) {
        cr_assert_eq(TRY("ann", "10.0.0.1", 0), 0);
    }
    cr_expect_eq(TRY("ann", "10.0.0.1", THROTTLE_FORGET_MS + 1), 0);
    cr_expect_eq(TRY("ann", "10.0.0.1", THROTTLE_FORGET_MS + 2), 0, "counting began anew");
}

Test(throttle, inventing_accounts_does_not_wash_an_address_clean) {
    char account[32];
    int made = 0;
    for (int i = 0; i < 3 * THROTTLE_ENTRIES; i++) {
        snprintf(account, sizeof account, "invented%d", i);
        made += TRY(account, "10.0.0.1", 0) == 0;
    }
    cr_expect_eq(made, THROTTLE_FREE_ADDRESS);
}
