/* Passwords and tokens. */
#include "web/auth.h"

#include <criterion/criterion.h>
#include <string.h>
#include <time.h>

static double check_ms(const char *stored, const char *password) {
    struct timespec a, b;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
    cr_expect_not(auth_check_password(stored, password));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    return (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
}

Test(auth, a_password_is_hashed_and_known_again) {
    char hash[AUTH_HASH_BYTES], other[AUTH_HASH_BYTES];
    cr_assert_eq(auth_hash_password("correct horse", hash, NULL), RESULT_OK);
    cr_assert_eq(auth_hash_password("correct horse", other, NULL), RESULT_OK);
    cr_expect_eq(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0, "%s", hash);
    cr_expect_str_neq(hash, other, "salted");
    cr_expect(auth_check_password(hash, "correct horse"));
    cr_expect_not(auth_check_password(hash, "correct horsf"));
    cr_expect_not(auth_check_password(hash, ""));
    cr_expect_not(auth_check_password("", "correct horse"));
    cr_expect_not(auth_check_password("correct horse", "correct horse"));
    cr_expect_not(auth_check_password(NULL, "correct horse"));
}

Test(auth, unusable_passwords_are_refused) {
    char hash[AUTH_HASH_BYTES], longest[AUTH_PASSWORD_BYTES + 2];
    memset(longest, 'x', sizeof longest);
    longest[AUTH_PASSWORD_BYTES + 1] = '\0';
    cr_expect_eq(auth_hash_password("", hash, NULL), RESULT_BAD_INPUT);
    cr_expect_eq(auth_hash_password(longest, hash, NULL), RESULT_TOO_BIG);
    longest[AUTH_PASSWORD_BYTES] = '\0';
    cr_assert_eq(auth_hash_password(longest, hash, NULL), RESULT_OK);
    cr_expect(auth_check_password(hash, longest));
}

Test(auth, an_unknown_account_costs_what_a_known_one_does) {
    char hash[AUTH_HASH_BYTES];
    cr_assert_eq(auth_hash_password("secret", hash, NULL), RESULT_OK);
    double known = 0, unknown = 0;
    for (int i = 0; i < 5; i++) {
        known += check_ms(hash, "wrong");
        unknown += check_ms(NULL, "wrong");
    }
    cr_expect(unknown > known * 0.5 && unknown < known * 2, "known %.1f ms, unknown %.1f ms", known / 5, unknown / 5);
}

Test(auth, tokens) {
    char token[AUTH_TOKEN_CHARS + 1], other[AUTH_TOKEN_CHARS + 1];
    uint8_t made[SHA256_BYTES], found[SHA256_BYTES];
    auth_make_token(token, made);
    cr_assert(auth_token_digest(token, found));
    cr_expect_eq(memcmp(made, found, sizeof made), 0);
    auth_make_token(other, found);
    cr_expect_str_neq(token, other);
    static const char *const rows[] = {"", "short", "0123456789012345678901234567890123456789012x",
                                       "01234567890123456789012345678901234567890+/"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_not(auth_token_digest(rows[i], found), "%s", rows[i]);
    }
}
