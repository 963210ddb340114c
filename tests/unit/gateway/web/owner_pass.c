/* Challenges and passes of the owner's page: only this gateway's, only for that device and key, only for a while. */
#include "web/owner_pass.h"

#include <criterion/criterion.h>

#define KEY "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
static const uint8_t secret[SHA256_BYTES] = {1, 2, 3}, other_secret[SHA256_BYTES] = {1, 2, 4};
enum { NOW = 1000000 };

Test(owner_pass, a_challenge_is_good_for_its_device_and_a_minute) {
    struct buf text;
    buf_init(&text, 256);
    owner_challenge_print(secret, "freezer-7", NOW, &text);
    const char *challenge = buf_text(&text);
    cr_expect_leq(text.count, OWNER_CHALLENGE_CHARS);
    cr_expect(owner_challenge_check(secret, "freezer-7", NOW, challenge));
    cr_expect(owner_challenge_check(secret, "freezer-7", NOW + OWNER_CHALLENGE_LIFE_MS - 1, challenge));
    cr_expect_not(owner_challenge_check(secret, "freezer-7", NOW + OWNER_CHALLENGE_LIFE_MS, challenge), "over");
    cr_expect_not(owner_challenge_check(secret, "freezer-8", NOW, challenge), "another device");
    cr_expect_not(owner_challenge_check(other_secret, "freezer-7", NOW, challenge), "another gateway, or run");
    buf_fini(&text);
}

Test(owner_pass, a_pass_names_its_key) {
    struct buf text;
    char key[SHA256_HEX_BYTES];
    buf_init(&text, 256);
    owner_pass_print(secret, "freezer-7", KEY, NOW, &text);
    char *pass = (char *)text.data;
    cr_assert(owner_pass_check(secret, "freezer-7", NOW, pass, key));
    cr_expect_str_eq(key, KEY);
    cr_expect_not(owner_pass_check(secret, "freezer-7", NOW + OWNER_PASS_LIFE_MS, pass, key), "over");
    cr_expect_not(owner_pass_check(secret, "freezer-8", NOW, pass, key), "another device");
    for (size_t i = 0; i < text.count; i++) {
        pass[i] ^= 1;
        cr_expect_not(owner_pass_check(secret, "freezer-7", NOW, pass, key), "byte %zu", i);
        pass[i] ^= 1;
    }
    buf_fini(&text);
}

Test(owner_pass, what_is_none) {
    static const char *const texts[] = {"", ".", "..", "1.2.3", "-5." KEY ".AAAA", "99999999999999999999." KEY "."};
    char key[SHA256_HEX_BYTES];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        cr_expect_not(owner_pass_check(secret, "freezer-7", NOW, texts[i], key), "%s", texts[i]);
        cr_expect_not(owner_challenge_check(secret, "freezer-7", NOW, texts[i]), "%s", texts[i]);
    }
    struct buf challenge;
    buf_init(&challenge, 256);
    owner_challenge_print(secret, "freezer-7", NOW, &challenge);
    cr_expect_not(owner_pass_check(secret, "freezer-7", NOW, buf_text(&challenge), key), "a challenge is no pass");
    buf_fini(&challenge);
}
