#include "rules/document.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct document *parse(const char *text, size_t bytes, struct buf *out) {
    struct problems problems = {.to = out};
    struct document *doc = document_parse("f.yaml", text, bytes, &problems);
    cr_expect_eq(doc == NULL, problems.count > 0);
    return doc;
}

Test(document, refusals) {
    static const struct {
        const char *text;
        size_t bytes; /* 0: strlen */
        const char *says;
    } rows[] = {
        {"", 0, "f.yaml:1:1: is empty"},
        {"# only a remark\n", 0, "is empty"},
        {"a: [1, 2\nb: 3\n", 0, "f.yaml:2:"},
        {"a: 'open\n", 0, "not YAML"},
        {"\ta: 1\n", 0, "f.yaml:1:1: not YAML"},
        {"a: *nowhere\n", 0, "not YAML"},
        {"a: 1\n---\nb: 2\n", 0, "f.yaml:3:1: a second document"},
        {"a: \xff\n", 0, "not valid UTF-8"},
        {"a: \0\n", 5, "not valid UTF-8"},
        {"a: \"\\x01\"\nb: \x01\n", 0, "not YAML"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        buf_init(&out, 10000);
        struct document *doc = parse(rows[i].text, rows[i].bytes ? rows[i].bytes : strlen(rows[i].text), &out);
        cr_expect_null(doc, "row %zu was accepted", i);
        cr_expect_not_null(strstr(buf_text(&out), rows[i].says), "row %zu says \"%s\", expected \"%s\"", i,
                           buf_text(&out), rows[i].says);
        document_free(doc);
        buf_fini(&out);
    }
}

Test(document, too_large) {
    struct buf text, out;
    buf_init(&text, 4 << 20);
    buf_init(&out, 10000);
    for (int i = 0; i < DOCUMENT_BYTES_MAX / 8 + 1; i++)
        buf_str(&text, "- abcde\n");
    cr_expect_null(parse(buf_text(&text), text.count, &out));
    cr_expect_not_null(strstr(buf_text(&out), "expected at most"));
    buf_fini(&text);
    buf_fini(&out);
}

Test(document, a_document_that_contains_itself_does_no_harm) {
    struct buf out;
    buf_init(&out, 10000);
    struct problems problems = {.to = &out};
    struct document *doc = document_parse("f.yaml", "&a\nx: *a\n", 9, &problems);
    if (doc) {
        struct yaml_field field = {"x", true, 0};
        cr_expect(document_fields(doc, document_root(doc), "it", &field, 1, &problems));
        const char *text;
        cr_expect_not(document_text(doc, field.at, "x", 10, &text, &problems));
    }
    document_free(doc);
    buf_fini(&out);
}

/* Where byte `offset` of the value of `x` is in the file. */
Test(document, a_place_inside_a_text) {
    static const struct {
        const char *text;
        size_t offset;
        const char *place;
    } rows[] = {
        {"x: abc def\n", 0, "f.yaml:1:4: "},
        {"x: abc def\n", 4, "f.yaml:1:8: "},
        {"x: abc def\n", 7, "f.yaml:1:11: "},
        {"x: 'abc def'\n", 4, "f.yaml:1:9: "},
        {"x: \"abc def\"\n", 4, "f.yaml:1:9: "},
        {"x: |\n  abc\n  def\n", 4, "f.yaml:3:3: "},
        {"x: |\n  abc\n    def ghi\n", 10, "f.yaml:3:9: "},
        {"x: >-\n  abc\n  def\n", 4, "f.yaml:3:3: "},
        {"x: >-\n  abc\n\n  def\n", 4, "f.yaml:4:3: "},
        {"x: abc\n   def\n", 4, "f.yaml:2:4: "},
        {"# 温度\n温: 1\nx: |\n  温 abc\n", 4, "f.yaml:4:5: "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        buf_init(&out, 10000);
        struct problems problems = {.to = &out};
        struct document *doc = document_parse("f.yaml", rows[i].text, strlen(rows[i].text), &problems);
        cr_assert_not_null(doc);
        struct yaml_field fields[] = {{"x", true, 0}, {"温", false, 0}};
        cr_assert(document_fields(doc, document_root(doc), "it", fields, 2, &problems));
        document_problem_inside(doc, fields[0].at, rows[i].offset, &problems, "here");
        cr_expect_eq(strncmp(buf_text(&out), rows[i].place, strlen(rows[i].place)), 0,
                     "row %zu: \"%s\", expected \"%s\"", i, buf_text(&out), rows[i].place);
        document_free(doc);
        buf_fini(&out);
    }
}

Test(document, typed_values_refuse_others) {
    const char *text =
        "map: {a: 1}\nlist: [1, 2]\ntext: hello\nempty: \"\"\nnul: \"a\\0b\"\nnumber: 12.5\nduration: 5m\nyes: on\n";
    struct buf out;
    buf_init(&out, 10000);
    struct problems problems = {.to = &out};
    struct document *doc = document_parse("f.yaml", text, strlen(text), &problems);
    cr_assert_not_null(doc);
    enum { MAP, LIST, TEXT, EMPTY, NUL, NUMBER, DURATION, YES, FIELDS };
    struct yaml_field f[FIELDS] = {{"map", true, 0}, {"list", true, 0},   {"text", true, 0},     {"empty", true, 0},
                                   {"nul", true, 0}, {"number", true, 0}, {"duration", true, 0}, {"yes", true, 0}};
    const char *value;
    double number;
    int64_t ms;
    size_t count;
    bool is;
    cr_assert(document_fields(doc, document_root(doc), "it", f, FIELDS, &problems));
    cr_expect(document_map(doc, f[MAP].at, "map", 5, &count, &problems) && count == 1);
    cr_expect(document_list(doc, f[LIST].at, "list", 2, &count, &problems) && count == 2);
    cr_expect(document_text(doc, f[TEXT].at, "text", 5, &value, &problems));
    cr_expect(document_text_or_empty(doc, f[EMPTY].at, "empty", 5, &value, &problems));
    cr_expect(document_number(doc, f[NUMBER].at, "number", &number, &problems) && number == 12.5);
    cr_expect(document_duration(doc, f[DURATION].at, "duration", &ms, &problems) && ms == 300000);
    cr_expect(document_bool(doc, f[YES].at, "yes", &is, &problems) && is);
    cr_expect_eq(problems.count, 0, "%s", buf_text(&out));
    cr_expect_not(document_map(doc, f[LIST].at, "map", 5, &count, &problems));
    cr_expect_not(document_list(doc, f[MAP].at, "list", 5, &count, &problems));
    cr_expect_not(document_list(doc, f[LIST].at, "list", 1, &count, &problems));
    cr_expect_not(document_text(doc, f[LIST].at, "text", 5, &value, &problems));
    cr_expect_not(document_text(doc, f[TEXT].at, "text", 4, &value, &problems));
    cr_expect_not(document_text(doc, f[EMPTY].at, "empty", 4, &value, &problems));
    cr_expect_not(document_text(doc, f[NUL].at, "nul", 4, &value, &problems));
    cr_expect_not(document_number(doc, f[TEXT].at, "number", &number, &problems));
    cr_expect_not(document_duration(doc, f[NUMBER].at, "duration", &ms, &problems));
    cr_expect_not(document_bool(doc, f[TEXT].at, "yes", &is, &problems));
    cr_expect_eq(problems.count, 10, "%s", buf_text(&out));
    document_free(doc);
    buf_fini(&out);
}

Test(document, keys) {
    const char *text = "a: 1\nb: 2\na: 3\nother: 4\n";
    struct buf out;
    buf_init(&out, 10000);
    struct problems problems = {.to = &out};
    struct document *doc = document_parse("f.yaml", text, strlen(text), &problems);
    struct yaml_field f[] = {{"a", true, 0}, {"b", false, 0}, {"c", true, 0}, {"d", false, 0}};
    cr_assert(document_fields(doc, document_root(doc), "the thing", f, 4, &problems));
    cr_expect_str_eq(buf_text(&out), "f.yaml:3:1: 'a' is there twice\n"
                                     "f.yaml:4:1: unknown key 'other' in the thing, expected one of: a, b, c, d\n"
                                     "f.yaml:1:1: 'c' is missing in the thing\n");
    cr_expect_eq(f[3].at, 0);
    document_free(doc);
    buf_fini(&out);
}

Test(document, many_problems_are_counted_and_not_all_written) {
    struct buf out;
    buf_init(&out, 1 << 20);
    struct problems problems = {.to = &out};
    for (int i = 0; i < 200; i++)
        problem(&problems, "f", i + 1, 1, "x");
    cr_expect_eq(problems.count, 200);
    size_t lines = 0;
    for (const char *at = buf_text(&out); (at = strchr(at, '\n')); at++)
        lines++;
    cr_expect_eq(lines, PROBLEMS_MAX);
    buf_fini(&out);
}

Test(document, files_that_are_none) {
    struct buf out, text;
    buf_init(&out, 10000);
    buf_init(&text, 10000);
    struct problems problems = {.to = &out};
    cr_expect_not(file_read("/nowhere/at/all.yaml", &text, &problems));
    cr_expect_not(file_read("/tmp", &text, &problems));
    cr_expect_not(file_read("/dev/zero", &text, &problems));
    cr_expect_null(document_open("/nowhere/at/all.yaml", &problems));
    cr_expect_not_null(strstr(buf_text(&out), "/nowhere/at/all.yaml: cannot be opened: No such file"));
    cr_expect_not_null(strstr(buf_text(&out), "/dev/zero: is not a regular file"));
    buf_fini(&text);
    buf_fini(&out);
}
