/* Text made fit for the wire. */
#include "collect/clean_text.h"

#include <criterion/criterion.h>
#include <string.h>

Test(clean_text, rows) {
    static const struct {
        const char *from;
        size_t count, cap;
        const char *to;
        bool is_cut;
        const char *why;
    } rows[] = {
        {"plain", 5, 10, "plain", false, "as it is"},
        {"tab\tline\n", 9, 20, "tab\tline\n", false, "these two control characters mean something"},
        {"\xe5\x86\xb0", 3, 3, "\xe5\x86\xb0", false, "a whole character fits exactly"},
        {"a\xe5\x86\xb0", 4, 3, "a", true, "or not at all"},
        {"\x1b[2J", 4, 20, "\xe2\x90\x9b[2J", false, "an escape is shown and does nothing"},
        {"a\0b", 3, 20,
         "a\xe2\x90\x80"
         "b",
         false, "NUL is shown"},
        {"\x7f", 1, 20, "\xe2\x90\xa1", false, "DEL too"},
        {"\xff", 1, 20, "\xef\xbf\xbd", false, "never UTF-8"},
        {"\xc3", 1, 20, "\xef\xbf\xbd", false, "cut short"},
        {"\xc3(", 2, 20, "\xef\xbf\xbd(", false, "what follows is kept"},
        {"\xed\xa0\x80", 3, 20, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", false, "a surrogate"},
        {"\xc0\x80", 2, 20, "\xef\xbf\xbd\xef\xbf\xbd", false, "over-long"},
        {"\xf4\x90\x80\x80", 4, 20, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", false, "beyond U+10FFFF"},
        {"\x01", 1, 2, "", true, "a picture that does not fit"},
        {"", 0, 5, "", false, "nothing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[32];
        cr_expect_eq(clean_text(rows[i].from, rows[i].count, out, rows[i].cap), rows[i].is_cut, "%s", rows[i].why);
        cr_expect_str_eq(out, rows[i].to, "%s: '%s'", rows[i].why, out);
    }
}
