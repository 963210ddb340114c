/* Recorded lives: tables that are read, and what is said of those that are not. */
#include "rules/detect/lives.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define ROWS_18 "1,1\n2,1\n3,1\n4,1\n5,1\n6,1\n7,1\n8,1\n9,1\n10,1\n11,1\n12,1\n13,1\n14,1\n15,1\n16,1\n17,1\n18,1\n"
#define GOOD    "hours,wear\n" ROWS_18 "19,1\n20,1.5\n"

static struct buf said;
static struct problems problems;
static struct lives *lives;
static void set_up(void) {
    buf_init(&said, 1 << 16);
    problems = (struct problems){.to = &said};
    lives = lives_new();
}
static void tear_down(void) {
    lives_free(lives);
    buf_fini(&said);
}
TestSuite(lives, .init = set_up, .fini = tear_down);

static bool take(const char *text) {
    return lives_read(lives, "lives/u.csv", text, strlen(text), &problems);
}

Test(lives, a_table) {
    cr_assert(take(GOOD));
    cr_assert(take("hours,wear\r\n" ROWS_18 "18.5, 2 \r\n1e3,-7"), "%s", buf_text(&said));
    cr_assert_eq(lives->count, 2);
    cr_assert_eq(lives->column_count, 2);
    cr_assert_str_eq(lives->names[0], "hours");
    cr_assert_eq(lives_column(lives, "wear"), 1);
    cr_assert_eq(lives_column(lives, "tear"), -1);
    cr_assert_eq(lives->items[1].first, 20);
    cr_assert_eq(lives->items[1].count, 20);
    cr_assert_eq(lives_row(lives, 38)[1], 2);
    cr_assert_eq(lives_row(lives, 39)[0], 1000);
    cr_assert_eq(lives_row(lives, 39)[1], -7);
}

Test(lives, refused_with_file_and_line) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "lives/u.csv: is empty"},
        {"\n", "lives/u.csv:1:1: '' is no name of a time axis"},
        {"hours\n1\n", "lives/u.csv:1:1: has one column"},
        {"Hours,wear\n", "lives/u.csv:1:1: 'Hours' is no name of a time axis"},
        {"hours,we ar\n", "lives/u.csv:1:7: 'we ar' is no name of a metric"},
        {"hours,wear,wear\n", "lives/u.csv:1:12: 'wear' is there twice"},
        {"hours,wear,\n", "is no name of a metric"},
        {"hours,wear\n" ROWS_18, "lives/u.csv:19:1: ends after 18 lines of values, expected at least 20"},
        {"hours,wear\n" ROWS_18 "18,1\n20,1\n", "lives/u.csv:20:1: hours is 18 after 18, expected it to rise"},
        {"hours,wear\n" ROWS_18 "19,x\n20,1\n", "lives/u.csv:20:4: 'x' for wear, expected a number"},
        {"hours,wear\n" ROWS_18 "19,\n20,1\n", "lives/u.csv:20:4: '' for wear"},
        {"hours,wear\n" ROWS_18 "19,nan\n20,1\n", "'nan' for wear"},
        {"hours,wear\n" ROWS_18 "19,inf\n20,1\n", "'inf' for wear"},
        {"hours,wear\n" ROWS_18 "19,1e101\n20,1\n", "'1e101' for wear"},
        {"hours,wear\n" ROWS_18 "19,1,2\n20,1\n", "lives/u.csv:20:1: has 3 values, expected 2"},
        {"hours,wear\n" ROWS_18 "19\n20,1\n", "lives/u.csv:20:1: has 1 values, expected 2"},
        {"hours,wear\n\n" ROWS_18 "19,1\n20,1\n", "lives/u.csv:2:1: '' for hours"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tear_down();
        set_up();
        cr_assert_not(take(rows[i].text), "row %zu was taken", i);
        cr_assert_not_null(strstr(buf_text(&said), rows[i].says), "'%s' in '%s'", rows[i].says, buf_text(&said));
        cr_assert_eq(lives->count, 0);
        cr_assert_eq(lives->row_count, 0);
        cr_assert(take(GOOD), "row %zu: a good file afterwards", i);
    }
}

Test(lives, one_header_for_all) {
    static const struct {
        const char *header, *says;
    } rows[] = {
        {"hours,tear\n", "lives/u.csv:1:7: has 'tear' here, expected 'wear' as in the first file"},
        {"days,wear\n", "lives/u.csv:1:1: has 'days' here, expected 'hours'"},
        {"hours\n", "lives/u.csv:1:1: has 1 columns, expected 2 as in the first file"},
        {"hours,wear,more\n", "lives/u.csv:1:1: has 3 columns, expected 2"},
    };
    cr_assert(take(GOOD));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_not(take(rows[i].header));
        cr_assert_not_null(strstr(buf_text(&said), rows[i].says), "'%s' in '%s'", rows[i].says, buf_text(&said));
    }
    cr_assert_eq(lives->count, 1);
}

Test(lives, the_same_mistake_is_not_told_for_every_line) {
    struct buf text;
    buf_init(&text, 1 << 16);
    buf_str(&text, "hours,wear\n");
    for (int i = 0; i < 1000; i++)
        buf_printf(&text, "%d;1\n", i);
    cr_assert_not(take(buf_text(&text)));
    cr_assert_leq(problems.count, 2 * LIVES_PROBLEMS_IN_A_FILE);
    buf_fini(&text);
}
