/* What a terminal shows first. */
#include "session/banner.h"

#include <criterion/criterion.h>
#include <string.h>

static void print(const char *by, const char *method, struct buf *out) {
    const struct session_grant grant = {.capabilities =
                                            CAPABILITY_BIT(CAPABILITY_OBSERVE) | CAPABILITY_BIT(CAPABILITY_SHELL),
                                        .consent_by = by,
                                        .consent_method = method,
                                        .consent_until_ms = INT64_C(1795392000000)};
    buf_init(out, 1024);
    banner_print(&grant, out);
}

Test(banner, promise_42_it_says_that_it_is_recorded_and_by_whose_leave) {
    struct buf text;
    print("Li Wei", "page", &text);
    cr_expect_not_null(strstr(buf_text(&text), "This session is recorded"));
    cr_expect_not_null(strstr(buf_text(&text), "Allowed: observe,shell; by Li Wei (page), until 00:00 UTC.\r\n"), "%s",
                       buf_text(&text));
    cr_expect(utf8_valid(text.data, text.count));
    buf_fini(&text);
}

Test(banner, a_name_cannot_write_into_the_terminal) {
    static const char *const names[] = {"\x1b]0;title\x07", "a\nb", "\x7f"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct buf text;
        print(names[i], "page", &text);
        cr_expect_null(strstr(buf_text(&text), names[i]));
        cr_expect_not_null(strstr(buf_text(&text), "by the owner (page)"));
        buf_fini(&text);
    }
}
