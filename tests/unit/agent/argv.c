/* Command lines of the configuration, split without a shell. */
#include "argv.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(argv, splits_as_written) {
    static const struct {
        const char *line, *joined, *why;
    } rows[] = {
        {"/bin/df -h", "/bin/df|-h|", "blanks separate"},
        {"  a \t b  ", "a|b|", "how many does not matter"},
        {"a 'b c' \"d e\"", "a|b c|d e|", "quotes group"},
        {"a b'c d'e", "a|bc de|", "also inside a word"},
        {"a \"\" ''", "a|||", "an empty argument is one"},
        {"a b\\ c \"d\\\"e\"", "a|b c|d\"e|", "a backslash takes the next as it is"},
        {"a 'b\\c'", "a|b\\c|", "but not in single quotes"},
        {"a $HOME *.c ; b | c > d", "a|$HOME|*.c|;|b|||c|>|d|", "nothing is expanded: it is not a shell"},
        {"a\\", "a\\|", "a backslash at the end is one"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char joined[256] = "", **argv;
        cr_assert_eq(argv_split(rows[i].line, &argv, NULL), RESULT_OK, "%s", rows[i].why);
        for (char **arg = argv; *arg != NULL; arg++) {
            strcat(strcat(joined, *arg), "|");
        }
        cr_expect_str_eq(joined, rows[i].joined, "%s: %s", rows[i].line, rows[i].why);
        argv_free(argv);
    }
}

Test(argv, refuses_what_is_not_a_command) {
    char long_line[8192], many[4096] = "";
    memset(long_line, 'x', sizeof long_line - 1);
    long_line[sizeof long_line - 1] = '\0';
    for (int i = 0; i < 100; i++) {
        strcat(many, "a ");
    }
    const struct {
        const char *line, *says;
    } rows[] = {{"", "empty"},        {" \t ", "empty"},     {"a 'b", "quote"},
                {"a \"b c", "quote"}, {long_line, "longer"}, {many, "longer"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char **argv = NULL;
        struct fault fault = {""};
        cr_expect_eq(argv_split(rows[i].line, &argv, &fault), RESULT_BAD_INPUT);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "%s", fault.text);
        cr_expect_null(argv);
    }
}
