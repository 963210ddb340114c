/* STUN and TURN servers of a help call. The password was computed with another program: `printf 1700021600:ann |
 * openssl dgst -sha1 -hmac north -binary | base64`. */
#include "web/ice.h"

#include <criterion/criterion.h>

Test(ice, what_a_browser_is_told) {
    static const struct {
        struct ice_options options;
        const char *text;
    } rows[] = {
        {{NULL, NULL, NULL}, "[]"},
        {{"", "", ""}, "[]"},
        {{"stun:a:3478 stun:b:3478", NULL, NULL}, "[{\"urls\":[\"stun:a:3478\",\"stun:b:3478\"]}]"},
        {{NULL, "turn:t:3478", NULL}, "[]"},
        {{"stun:a:3478", "turn:t:3478 turns:t:443?transport=tcp", "north"},
         "[{\"urls\":[\"stun:a:3478\"]},{\"urls\":[\"turn:t:3478\",\"turns:t:443?transport=tcp\"],"
         "\"username\":\"1700021600:ann\",\"credential\":\"K6lS7LoP2yKCeEEOjRvX/cKxP3M=\"}]"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        buf_init(&out, 4096);
        ice_print(&rows[i].options, "ann", 1700000000000, &out);
        cr_expect_str_eq(buf_text(&out), rows[i].text);
        buf_fini(&out);
    }
}

Test(ice, what_is_no_server) {
    static const struct {
        struct ice_options options;
        bool is_fine;
    } rows[] = {
        {{NULL, NULL, NULL}, true},
        {{"stun:a", "turn:b turns:c:5349", "x"}, true},
        {{"turn:a", NULL, NULL}, false},
        {{"stun:", NULL, NULL}, false},
        {{"stun:a,stun:b", NULL, NULL}, false},
        {{"https://a", NULL, NULL}, false},
        {{NULL, "stun:a", "x"}, false},
        {{NULL, "turn:a", NULL}, false},
        {{NULL, "turn:a", ""}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault = {""};
        cr_expect_eq(ice_check(&rows[i].options, &fault) == RESULT_OK, rows[i].is_fine, "row %zu", i);
        cr_expect_eq(fault.text[0] == '\0', rows[i].is_fine, "row %zu", i);
    }
}
