#include "ingest/recording.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is read of a text, as one line: "name/part ...| time: value value; ..." or the fault. */
static const char *read_all(const char *text) {
    static char out[2000];
    struct recording *r = NULL;
    struct recording_row row;
    struct fault fault;
    size_t count, n = 0;
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    cr_assert_not_null(file);
    if (recording_new(csv_new(file, "f.csv"), &r, &fault) != RESULT_OK) {
        snprintf(out, sizeof out, "%s", fault.text);
        return out;
    }
    const struct recording_column *columns = recording_columns(r, &count);
    for (size_t i = 0; i < count; i++)
        n += (size_t)snprintf(out + n, sizeof out - n, "%s%s%s%s ", columns[i].metric, columns[i].part[0] ? "/" : "",
                              columns[i].part, columns[i].is_renamed ? "*" : "");
    enum result result;
    while ((result = recording_next(r, &row, &fault)) == RESULT_OK) {
        n += (size_t)snprintf(out + n, sizeof out - n, "| %lld:", (long long)row.at_ms);
        for (size_t i = 0; i < count; i++)
            n += (size_t)snprintf(out + n, sizeof out - n, isnan(row.values[i]) ? " -" : " %g", row.values[i]);
    }
    if (result != RESULT_CLOSED)
        snprintf(out + n, sizeof out - n, "| %s", fault.text);
    recording_free(r);
    return out;
}

static const struct {
    const char *what, *text, *is;
} readings[] = {
    {"a plain table", "timestamp,a,b\n1000,1,2.5\n", "a b | 1000000: 1 2.5"},
    {"semicolons", "datetime;a;b\n1000;1;2\n", "a b | 1000000: 1 2"},
    {"the last line may have no end, others carriage returns", "time,a\r\n1,2\r\n2,3", "a | 1000: 2| 2000: 3"},
    {"a byte order mark", "\xef\xbb\xbftime,a\n1,2\n", "a | 1000: 2"},
    {"empty lines", "time,a\n\n1,2\n\n\n2,3\n\n", "a | 1000: 2| 2000: 3"},
    {"empty cells and words for nothing", "time,a,b,c,d\n1,,nan,NULL, \n", "a b c d | 1000: - - - -"},
    {"milliseconds since 1970", "ts,a\n1795321201500,1\n", "a | 1795321201500: 1"},
    {"a date and time with a blank is UTC", "timestamp,a\n1970-01-02 00:00:01,1\n", "a | 86401000: 1"},
    {"a zone", "timestamp,a\n1970-01-02T01:00:00.5+01:00,1\n", "a | 86400500: 1"},
    {"the time need not be the first column", "a,time\n1,2\n", "a | 2000: 1"},
    {"names become metric names", "time,Volume Flow-RateRMS,2nd\n1,2,3\n", "volume_flow_raterms* _2nd* | 1000: 2 3"},
    {"parts", "time,v{rear},v[front],\"v{part=\"\"x.1\"\"}\"\n1,2,3,4\n", "v/rear v/front v/x.1 | 1000: 2 3 4"},
    {"quotes", "\"time\",\"a\"\n\"1\",\"2\"\n", "a | 1000: 2"},
    {"a separator in quotes", "time,\"a,b\"\n1,2\n", "a_b* | 1000: 2"},
    {"nothing but a header", "time,a\n", "a "},
    {"nothing", "\n", "f.csv: is empty, expected a line 'timestamp,metric,...'"},
    {"no metric", "time\n1\n", "f.csv:1:1: expected a header such as 'timestamp,metric'"},
    {"no time", "a,b\n1,2\n",
     "f.csv:1:1: no column is named timestamp, datetime, time, date or ts: when was this measured?"},
    {"no name", "time,---\n1,2\n", "f.csv:1:6: '---' cannot be made a metric name: at most 63 of [a-z0-9_]"},
    {"a long name", "time,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
     "f.csv:1:6: 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' cannot be made a metric "
     "name: at most 63 of [a-z0-9_]"},
    {"a part that is none", "time,a{b c}\n1,2\n",
     "f.csv:1:6: 'a{b c}': expected a part such as {rear} behind the metric, of [A-Za-z0-9._:-]"},
    {"the same series twice", "time,A B,a_b\n1,2,3\n", "f.csv:1:10: 'A B' and 'a_b' are both the series a_b"},
    {"a text for a number", "time,a,b\n1,2,x\n", "a b | f.csv:2:5: 'x' in the column 'b' is no number"},
    {"infinite", "time,a\n1,inf\n", "a | f.csv:2:3: 'inf' in the column 'a' is no number"},
    {"a text for a time", "time,a\nnow,2\n",
     "a | f.csv:2:1: 'now' is no time such as 2026-11-22T04:20:01Z or 1795321201"},
    {"a day that is none", "time,a\n1970-02-30 00:00:00,2\n",
     "a | f.csv:2:1: '1970-02-30 00:00:00' is no time such as 2026-11-22T04:20:01Z"},
    {"too few cells", "time,a,b\n1,2\n", "a b | f.csv:2:1: has 2 cells, the header has 3"},
    {"too many cells", "time,a\n1,2\n2,3,4\n", "a | 1000: 2| f.csv:3:1: has 3 cells, the header has 2"},
    {"a quote that does not end", "time,a\n1,\"2\n3,4\n",
     "a | f.csv:2:3: a text in quotes does not end before the next ',' or the end of its line"},
    {"something behind the quotes", "time,a\n1,\"2\"3\n",
     "a | f.csv:2:3: a text in quotes does not end before the next ',' or the end of its line"},
};

Test(recording, is_read_or_refused_with_its_place) {
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        const char *is = read_all(readings[i].text);
        cr_expect_str_eq(is, readings[i].is, "%s: %s", readings[i].what, is);
    }
}

Test(recording, column_that_is_not_wanted_is_not_looked_at) {
    static const char text[] = "time,a,note\n1,2,so what\n";
    struct recording *r;
    struct recording_row row;
    struct fault fault;
    size_t count;
    cr_assert_eq(recording_new(csv_new(fmemopen((void *)(uintptr_t)text, sizeof text - 1, "r"), "f"), &r, &fault),
                 RESULT_OK);
    recording_columns(r, &count)[1].is_wanted = false;
    cr_assert_eq(recording_next(r, &row, &fault), RESULT_OK);
    cr_expect_eq(row.values[0], 2);
    cr_expect(isnan(row.values[1]));
    recording_free(r);
}

Test(recording, interval_is_the_median_of_the_first_rows_and_nothing_is_taken) {
    static const char text[] = "time,a\n10,1\n20,1\n20,1\n9,1\n900,1\n910,1\n";
    struct recording *r;
    struct recording_row row;
    struct fault fault;
    int rows = 0;
    cr_assert_eq(recording_new(csv_new(fmemopen((void *)(uintptr_t)text, sizeof text - 1, "r"), "f"), &r, &fault),
                 RESULT_OK);
    cr_expect_eq(recording_interval_ms(r), 10000);
    while (recording_next(r, &row, &fault) == RESULT_OK)
        rows++;
    cr_expect_eq(rows, 6);
    recording_free(r);
}

/* Many blocks of the reader, and a line of each length around a block's end. */
Test(csv, lines_are_whole_whatever_the_block) {
    char *text;
    size_t bytes;
    struct csv_row row;
    struct fault fault;
    FILE *out = open_memstream(&text, &bytes);
    for (int i = 0; i < 60000; i++)
        fprintf(out, "%d,%0*d\n", i, i % 37 + 1, i);
    fclose(out);
    cr_assert_gt(bytes, 3 * (size_t)CSV_LINE_BYTES_MAX);
    struct csv *csv = csv_new(fmemopen(text, bytes, "r"), "f");
    for (int i = 0; i < 60000; i++) {
        cr_assert_eq(csv_next(csv, &row, &fault), RESULT_OK);
        cr_assert_eq(row.count, 2);
        cr_assert_eq(atoi(row.cells[0].text), i);
        cr_assert_eq(row.line, i + 1);
    }
    cr_expect_eq(csv_next(csv, &row, &fault), RESULT_CLOSED);
    csv_free(csv);
    free(text);
}

Test(csv, line_that_is_too_long_is_refused) {
    char *text = malloc(CSV_LINE_BYTES_MAX + 100);
    struct csv_row row;
    struct fault fault;
    memset(text, 'x', CSV_LINE_BYTES_MAX + 100);
    memcpy(text, "a,b\n", 4);
    struct csv *csv = csv_new(fmemopen(text, CSV_LINE_BYTES_MAX + 100, "r"), "f");
    cr_assert_eq(csv_next(csv, &row, &fault), RESULT_OK);
    cr_expect_eq(csv_next(csv, &row, &fault), RESULT_TOO_BIG);
    cr_expect_str_eq(fault.text, "f:2: the line is longer than 262144 bytes");
    csv_free(csv);
    free(text);
}

Test(csv, too_many_columns_are_refused) {
    char text[CSV_CELLS_MAX + 3];
    struct csv_row row;
    struct fault fault;
    memset(text, ',', sizeof text);
    struct csv *csv = csv_new(fmemopen(text, sizeof text, "r"), "f");
    cr_expect_eq(csv_next(csv, &row, &fault), RESULT_BAD_INPUT);
    cr_expect_str_eq(fault.text, "f:1:1025: has more than 1024 columns");
    csv_free(csv);
}

Test(csv, missing_file_is_said) {
    struct csv *csv;
    struct fault fault;
    cr_expect_eq(csv_open("/no/such.csv", &csv, &fault), RESULT_NOT_FOUND);
    cr_expect_str_eq(fault.text, "/no/such.csv: No such file or directory");
}
