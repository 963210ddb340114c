/* Topic patterns, templates, and topics that nobody should look at. */
#include "ingest/adapters/pattern.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"

Test(pattern, catches_levels_by_name) {
    static const struct {
        const char *what, *pattern, *topic, *filter, *caught; /* caught NULL: does not match */
    } rows[] = {
        {"one name", "tele/{name}/SENSOR", "tele/plug-1/SENSOR", "tele/+/SENSOR", "name=plug-1 "},
        {"two names", "a/{x}/b/{y}", "a/1/b/2", "a/+/b/+", "x=1 y=2 "},
        {"a name in front", "{id}/online", "shelly/online", "+/online", "id=shelly "},
        {"any level", "a/+/b", "a/what/b", "a/+/b", ""},
        {"any level may be empty", "a/+/b", "a//b", "a/+/b", ""},
        {"a name is never empty", "a/{x}/b", "a//b", "a/+/b", NULL},
        {"one level less", "a/{x}/b", "a/b", "a/+/b", NULL},
        {"one level more", "a/{x}", "a/b/c", "a/+", NULL},
        {"a level that ends with a slash", "a/{x}", "a/b/", "a/+", NULL},
        {"another text", "a/{x}/b", "a/1/c", "a/+/b", NULL},
        {"a longer text", "a/b", "a/bc", "a/b", NULL},
        {"nothing", "a/b", "", "a/b", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pattern p;
        struct captures c;
        struct fault fault = {""};
        char filter[CAP_TOPIC_BYTES + 1], caught[200] = "";
        cr_assert_eq(pattern_parse(rows[i].pattern, &p, &fault), RESULT_OK, "%s: %s", rows[i].what, fault.text);
        pattern_filter(&p, filter);
        cr_expect_str_eq(filter, rows[i].filter, "%s", rows[i].what);
        cr_assert_eq(pattern_match(&p, rows[i].topic, strlen(rows[i].topic), &c), rows[i].caught != NULL, "%s",
                     rows[i].what);
        for (size_t k = 0; rows[i].caught && k < c.count; k++)
            snprintf(caught + strlen(caught), sizeof caught - strlen(caught), "%s=%.*s ", c.items[k].name,
                     (int)c.items[k].chars, c.items[k].text);
        if (rows[i].caught)
            cr_expect_str_eq(caught, rows[i].caught, "%s", rows[i].what);
    }
}

Test(pattern, patterns_that_are_refused) {
    static const struct {
        const char *what, *pattern, *says;
    } rows[] = {
        {"nothing", "", "1 to 128"},
        {"everything below", "tele/#", "neither"},
        {"a name inside a level", "tele/x{name}", "neither"},
        {"a name without an end", "tele/{name", "neither"},
        {"a name with a capital", "tele/{Name}", "no name"},
        {"a name twice", "{a}/{a}", "twice"},
        {"the broker's own topics", "$SYS/{x}", "not for adapters"},
        {"the agents' topics", "fl/1/{s}/{d}/up/tele", "not for adapters"},
        {"too many levels", "a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a", "levels"},
        {"too many names", "{a}/{b}/{c}/{d}/{e}/{f}/{g}", "names"},
        {"no UTF-8", "tele/\xff\xfe", "UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pattern p;
        struct fault fault = {""};
        cr_expect_eq(pattern_parse(rows[i].pattern, &p, &fault), RESULT_BAD_INPUT, "%s", rows[i].what);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "%s: %s", rows[i].what, fault.text);
    }
}

Test(pattern, templates_are_filled_and_cut) {
    struct pattern p;
    struct pattern_template t;
    struct captures c;
    char out[12];
    cr_assert_eq(pattern_parse("{a}/{b}", &p, NULL), RESULT_OK);
    cr_assert(pattern_match(&p, "one/two", 7, &c));
    cr_assert_eq(template_parse("x-{b}-{a}", &p, &t, NULL), RESULT_OK);
    cr_expect_eq(template_fill(&t, &c, out, sizeof out), 9);
    cr_expect_str_eq(out, "x-two-one");
    cr_expect_eq(template_fill(&t, &c, out, 5), 4);
    cr_expect_str_eq(out, "x-tw");
    static const char *const refused[] = {"{c}", "{", "{a", "a}", "{A}", "{}"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct fault fault = {""};
        cr_expect_eq(template_parse(refused[i], &p, &t, &fault), RESULT_BAD_INPUT, "%s", refused[i]);
        cr_expect(fault.text[0]);
    }
}

Test(pattern, promise_19_hostile_topics_are_refused) {
    char *huge = malloc(65536);
    char levels[402] = "a";
    memset(huge, 'a', 65535);
    huge[65535] = 0;
    for (int i = 0; i < 60; i++)
        strcat(levels, "/a");
    const struct {
        const char *what, *topic;
        size_t bytes;
    } rows[] = {
        {"nothing", "", 0},
        {"everything", "#", 1},
        {"everything below", "tele/#", 6},
        {"any level", "tele/+/SENSOR", 13},
        {"a plus inside a level", "tele/a+b/SENSOR", 15},
        {"the broker's own", "$SYS/broker", 11},
        {"a NUL", "tele/a\0b/SENSOR", 15},
        {"an invalid byte", "tele/\xff/SENSOR", 13},
        {"a surrogate", "tele/\xed\xa0\x80/SENSOR", 15},
        {"an over-long form", "tele/\xc0\xaf/SENSOR", 14},
        {"a line feed", "tele/a\nb/SENSOR", 15},
        {"an escape", "tele/\x1b[2J/SENSOR", 16},
        {"65,535 bytes", huge, 65535},
        {"one byte more than is allowed", huge, CAP_TOPIC_BYTES + 1},
        {"sixty levels", levels, strlen(levels)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault = {""};
        cr_expect_neq(foreign_topic_check(rows[i].topic, rows[i].bytes, &fault), RESULT_OK, "%s", rows[i].what);
        cr_expect(fault.text[0], "%s", rows[i].what);
    }
    cr_expect_eq(foreign_topic_check("tele/plug-1/SENSOR", 18, NULL), RESULT_OK);
    cr_expect_eq(foreign_topic_check("te/device/k\xc3\xbc"
                                     "che///m/x",
                                     22, NULL),
                 RESULT_OK, "names of people's own");
    free(huge);
}
