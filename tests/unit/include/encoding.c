/* Hex, base64url, hashes, UUIDs, secrets. */
#include "fieldline/bytes.h"

#include <criterion/criterion.h>
#include <string.h>

Test(encoding, hex_goes_and_comes_back) {
    const uint8_t bytes[] = {0x00, 0x7f, 0x80, 0xff};
    char text[9];
    uint8_t back[4];
    hex_encode(bytes, sizeof bytes, text);
    cr_expect_str_eq(text, "007f80ff");
    cr_expect(hex_decode(text, 8, back, 4) && memcmp(back, bytes, 4) == 0);
    hex_encode(bytes, 0, text);
    cr_expect_str_eq(text, "");
}

Test(encoding, other_hex_is_refused_and_nothing_is_written) {
    static const char *const rows[] = {"007f80f", "007f80ff0", "007F80FF", "007f80fg", "007f80 f", "", "007f80ff00"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t out[4] = {1, 1, 1, 1};
        cr_expect_not(hex_decode(rows[i], strlen(rows[i]), out, 4), "%s", rows[i]);
        cr_expect_eq(memcmp(out, "\1\1\1\1", 4), 0, "%s", rows[i]);
    }
}

Test(encoding, base64url_of_rfc_4648) {
    static const struct {
        const char *plain, *text;
    } rows[] = {{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
                {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "-_-_"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf text, plain;
        buf_init(&text, 64);
        buf_init(&plain, 64);
        base64url_encode((const uint8_t *)rows[i].plain, strlen(rows[i].plain), &text);
        cr_expect_str_eq(buf_text(&text), rows[i].text);
        cr_expect(base64url_decode(rows[i].text, strlen(rows[i].text), &plain), "%s", rows[i].text);
        cr_expect_str_eq(buf_text(&plain), rows[i].plain);
        buf_fini(&text);
        buf_fini(&plain);
    }
}

Test(encoding, base64url_has_one_text_for_each_value) {
    static const struct {
        const char *why, *text;
    } rows[] = {{"padded", "Zg=="},
                {"a lone character", "Z"},
                {"five characters", "Zm9vY"},
                {"the other alphabet", "+/+/"},
                {"a space", "Zm 9"},
                {"leftover bits of 2", "Zh"},
                {"leftover bits of 3", "Zm9"},
                {"a newline", "Zm9v\n"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        buf_init(&out, 64);
        cr_expect_not(base64url_decode(rows[i].text, strlen(rows[i].text), &out), "%s", rows[i].why);
        cr_expect_eq(out.count, 0u, "%s", rows[i].why);
        buf_fini(&out);
    }
}

Test(encoding, sha256_of_fips_180) {
    uint8_t hash[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    sha256("abc", 3, hash);
    hex_encode(hash, sizeof hash, hex);
    cr_expect_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256("", 0, hash);
    hex_encode(hash, sizeof hash, hex);
    cr_expect_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

Test(encoding, uuids_are_valid_and_differ) {
    char a[37], b[37];
    uuid_make(a);
    uuid_make(b);
    cr_expect(uuid_valid(a) && uuid_valid(b));
    cr_expect_str_neq(a, b);
    cr_expect_eq(a[14], '4');
    cr_expect(strchr("89ab", a[19]) != NULL);
}

Test(encoding, other_texts_are_no_uuids) {
    static const char *const rows[] = {"",
                                       "0b5c1f3e-9d77-4a3b-8f00-0123456789a",
                                       "0b5c1f3e-9d77-4a3b-8f00-0123456789abc",
                                       "0B5C1F3E-9D77-4A3B-8F00-0123456789AB",
                                       "0b5c1f3e_9d77-4a3b-8f00-0123456789ab",
                                       "0b5c1f3e9d77-4a3b-8f00-00123456789ab",
                                       "{b5c1f3e-9d77-4a3b-8f00-0123456789a}"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_not(uuid_valid(rows[i]), "%s", rows[i]);
    cr_expect(uuid_valid("0b5c1f3e-9d77-4a3b-8f00-0123456789ab"));
}

Test(encoding, secrets_are_compared_and_wiped) {
    char secret[8] = "hunter2";
    cr_expect(equal_secret(secret, "hunter2", 7));
    cr_expect_not(equal_secret(secret, "hunter3", 7));
    wipe(secret, sizeof secret);
    cr_expect_eq(memcmp(secret, "\0\0\0\0\0\0\0\0", 8), 0);
    wipe(NULL, 0);
}

Test(encoding, random_bytes_are_not_all_the_same) {
    uint8_t a[32] = {0}, b[32] = {0};
    random_bytes(a, sizeof a);
    random_bytes(b, sizeof b);
    cr_expect_neq(memcmp(a, b, sizeof a), 0);
}
