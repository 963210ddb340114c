/* Rows for the owner's page: the product's own list takes the place of the old one, letters are bounded, and nobody is
 * answered about another device. */
#include "store/owners.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

static void keep_text(void *self, const char *text, int64_t at_ms) {
    snprintf(self, 100, "%s %lld", text, (long long)at_ms);
}

static void keep_outcome(void *self, const char *outcome, const char *text) {
    snprintf(self, 100, "%s|%s", outcome, text);
}

Test(owners, the_products_list_of_keys_takes_the_place_of_the_old_one) {
    struct fixture f;
    struct owner_key_row keys[2] = {{.key = "aa", .point = "A", .name = "Li"},
                                    {.key = "bb", .point = "B", .name = "Wu"}};
    struct owner_key_row got;
    char state[100] = "";
    fixture_open(&f);
    const int64_t device = add_device(&f, "freezer-7");
    add_device(&f, "freezer-8");
    begin(&f);
    cr_assert_eq(store_owner_state_put(f.store, device, "{\"nonce\":\"x\"}", keys, 2, 500), RESULT_OK);
    cr_assert_eq(store_owner_key(f.store, device, "bb", &got), RESULT_OK);
    cr_expect_str_eq(got.name, "Wu");
    cr_assert_eq(store_owner_state_put(f.store, device, "{\"nonce\":\"y\"}", keys, 1, 600), RESULT_OK);
    cr_expect_eq(store_owner_key(f.store, device, "bb", &got), RESULT_NOT_FOUND, "removed on the product");
    commit(&f);
    struct reader *reader = open_reader(&f);
    cr_expect_eq(reader_owner_key(reader, "freezer-7", "aa", &got), RESULT_OK);
    cr_expect_eq(reader_owner_key(reader, "freezer-8", "aa", &got), RESULT_NOT_FOUND, "another device");
    cr_expect_eq(reader_owner_key(reader, "nobody", "aa", &got), RESULT_NOT_FOUND);
    cr_assert_eq(reader_owner_state(reader, "freezer-7", keep_text, state), RESULT_OK);
    cr_expect_str_eq(state, "{\"nonce\":\"y\"} 600");
    reader_close(reader);
    fixture_close(&f);
}

Test(owners, letters_are_bounded_by_device_and_by_address) {
    struct fixture f;
    struct owner_letter letter = {.at_ms = 1000000, .by = "Li", .address = "192.0.2.1"}, got;
    char outcome[100] = "";
    fixture_open(&f);
    letter.device_id = add_device(&f, "freezer-7");
    const int64_t other = add_device(&f, "freezer-8");
    begin(&f);
    for (int i = 0; i < OWNER_LETTERS_PER_DEVICE; i++) {
        snprintf(letter.id, sizeof letter.id, "letter-%d", i);
        cr_assert_eq(store_owner_letter_add(f.store, &letter), RESULT_OK);
    }
    snprintf(letter.id, sizeof letter.id, "one-more");
    cr_expect_eq(store_owner_letter_add(f.store, &letter), RESULT_BUSY, "of this device");
    letter.device_id = other;
    for (int i = OWNER_LETTERS_PER_DEVICE; i < OWNER_LETTERS_PER_ADDRESS; i++) {
        snprintf(letter.id, sizeof letter.id, "letter-%d", i);
        cr_assert_eq(store_owner_letter_add(f.store, &letter), RESULT_OK);
    }
    snprintf(letter.id, sizeof letter.id, "one-more");
    cr_expect_eq(store_owner_letter_add(f.store, &letter), RESULT_BUSY, "from this address");
    letter.is_signed = true;
    for (int i = 0; i < OWNER_LETTERS_SIGNED; i++) {
        snprintf(letter.id, sizeof letter.id, "signed-%d", i);
        cr_assert_eq(store_owner_letter_add(f.store, &letter), RESULT_OK,
                     "what others send takes nothing from the owner");
    }
    snprintf(letter.id, sizeof letter.id, "one-more");
    cr_expect_eq(store_owner_letter_add(f.store, &letter), RESULT_BUSY, "signed ones of this device");
    letter.is_signed = false;
    letter.at_ms += 3600 * 1000 + 1;
    cr_expect_eq(store_owner_letter_add(f.store, &letter), RESULT_OK, "an hour later");
    cr_assert_eq(store_owner_letter_find(f.store, "letter-3", &got), RESULT_OK);
    cr_expect_str_eq(got.by, "Li");
    cr_assert_eq(store_owner_letter_done(f.store, "letter-3", "denied", "another key"), RESULT_OK);
    commit(&f);
    struct reader *reader = open_reader(&f);
    cr_assert_eq(reader_owner_letter(reader, "freezer-7", "letter-3", keep_outcome, outcome), RESULT_OK);
    cr_expect_str_eq(outcome, "denied|another key");
    cr_expect_eq(reader_owner_letter(reader, "freezer-8", "letter-3", keep_outcome, outcome), RESULT_NOT_FOUND);
    reader_close(reader);
    fixture_close(&f);
}
