/* Frames that are kept until the other end has them. */
#include "fieldline/backlog.h"

#include <criterion/criterion.h>
#include <string.h>

struct got {
    char text[64];
};

static void take(void *self, bool is_text, const void *message, size_t bytes) {
    struct got *got = self;
    const size_t used = strlen(got->text);
    got->text[used] = is_text ? 't' : 'b';
    memcpy(got->text + used + 1, message, bytes);
}

Test(backlog, what_the_other_end_lacks_is_sent_again) {
    static const struct {
        uint64_t dropped, has;
        enum result result;
        const char *again;
    } rows[] = {
        {0, 0, RESULT_OK, "toneb2bthree"},
        {0, 1, RESULT_OK, "b2bthree"},
        {0, 3, RESULT_OK, ""},
        {2, 2, RESULT_OK, "bthree"},
        {3, 3, RESULT_OK, ""},
        {0, 4, RESULT_NOT_FOUND, ""},
        {2, 1, RESULT_NOT_FOUND, ""},
        {3, 0, RESULT_NOT_FOUND, ""},
        {3, 4, RESULT_NOT_FOUND, ""},
        {9, 3, RESULT_OK, ""},
        {0, UINT64_MAX, RESULT_NOT_FOUND, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct backlog b;
        struct got got = {""};
        backlog_init(&b);
        backlog_add(&b, true, "one", 3);
        backlog_add(&b, false, "2", 1);
        backlog_add(&b, false, "three", 5);
        backlog_drop(&b, rows[i].dropped);
        cr_expect_eq(backlog_again(&b, rows[i].has, take, &got), rows[i].result, "row %zu", i);
        cr_expect_str_eq(got.text, rows[i].again, "row %zu", i);
        cr_expect_eq(b.bytes, rows[i].dropped == 0 ? 9u : rows[i].dropped == 2 ? 5u : 0u, "row %zu", i);
        backlog_fini(&b);
        cr_expect_eq(b.bytes, 0u);
    }
}

Test(backlog, numbers_go_on_after_all_was_dropped) {
    struct backlog b;
    struct got got = {""};
    backlog_init(&b);
    backlog_add(&b, true, "a", 1);
    backlog_drop(&b, 1);
    backlog_add(&b, true, "b", 1);
    cr_expect_eq(b.last_number, 2u);
    cr_expect_eq(backlog_again(&b, 1, take, &got), RESULT_OK);
    cr_expect_str_eq(got.text, "tb");
    backlog_fini(&b);
}
