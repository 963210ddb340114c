/* The window over wrong codes. */
#include "wrong_codes.h"

#include <criterion/criterion.h>

Test(wrong_codes, six_within_ten_minutes_close_the_door) {
    static const struct {
        const char *what;
        int64_t at_s[8];
        size_t count;
        int64_t now_s, wait_s;
    } rows[] = {
        {"none", {0}, 0, 0, 0},
        {"five", {1, 2, 3, 4, 5}, 5, 5, 0},
        {"six at once", {1, 1, 1, 1, 1, 1}, 6, 1, 600},
        {"six, nearly ten minutes ago", {1, 2, 3, 4, 5, 6}, 6, 600, 1},
        {"six, the first ten minutes ago", {1, 2, 3, 4, 5, 6}, 6, 601, 0},
        {"seven: the second counts", {1, 2, 3, 4, 5, 6, 602}, 7, 602, 0},
        {"slowly", {1, 200, 400, 600, 800, 1000}, 6, 1000, 0},
        {"around the edge of a window", {599, 599, 599, 601, 601, 601}, 6, 601, 598},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wrong_codes wrong = {0};
        for (size_t k = 0; k < rows[i].count; k++) {
            wrong_codes_add(&wrong, rows[i].at_s[k] * 1000);
        }
        cr_expect_eq(wrong_codes_wait_ms(&wrong, rows[i].now_s * 1000), rows[i].wait_s * 1000, "%s", rows[i].what);
    }
}
