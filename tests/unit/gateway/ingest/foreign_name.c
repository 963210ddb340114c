/* Foreign names: always valid, always the same, never the same for two. */
#include "ingest/adapters/foreign_name.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/bytes.h"
#include "fieldline/topic.h"

static void id_of(const char *template, const char *a, const char *b, char out[CAP_DEVICE_ID_BYTES + 1]) {
    struct pattern_template t;
    struct captures c = {.count = 0};
    struct fault fault = {""};
    cr_assert_eq(template_parse(template, NULL, &t, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(foreign_device_template(&t, &fault), RESULT_OK, "%s: %s", template, fault.text);
    captures_add(&c, "a", a, strlen(a));
    captures_add(&c, "b", b, strlen(b));
    foreign_device_id(&t, &c, out);
    cr_expect(device_id_valid(out, strlen(out)), "'%s' of '%s' and '%s' is no device id", out, a, b);
}

Test(foreign_name, a_plain_name_stands_in_the_id_as_it_is) {
    char id[CAP_DEVICE_ID_BYTES + 1];
    id_of("sp-{a}--{b}", "plant", "press-4", id);
    cr_expect_str_eq(id, "sp-plant--press-4");
    id_of("tasmota-{a}", "7", "", id);
    cr_expect_str_eq(id, "tasmota-7");
}

Test(foreign_name, another_name_is_made_readable_and_gets_a_hash) {
    char id[CAP_DEVICE_ID_BYTES + 1];
    id_of("sp-{a}--{b}", "Plant 1", "Press #4", id);
    cr_expect_eq(strncmp(id, "sp-plant-1--press-4---", 22), 0, "%s", id);
    cr_expect_eq(strlen(id), 22 + 16, "%s", id);
}

Test(foreign_name, no_two_devices_share_an_id) {
    static const struct {
        const char *a, *b;
    } names[] = {
        {"a", "b"},
        {"a--b", "c"},
        {"a", "b--c"},
        {"a-b", "c"},
        {"a", "b-c"},
        {"A", "b"},
        {"a", "B"},
        {"a ", "b"},
        {" a", "b"},
        {"a-", "b"},
        {"a", "-b"},
        {"a---b", "c"},
        {"a", "b---c"},
        {"\xc3\xa4", "b"},
        {"\xc3\xb6", "b"},
        {"", "b"},
        {"a", ""},
        {"ab", ""},
        {"", "ab"},
        {"a.b", "c"},
        {"a_b", "c"},
        {"a", "b---0123456789abcdef"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "1"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "2"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "1"},
    };
    enum { COUNT = sizeof names / sizeof *names };
    char ids[COUNT][CAP_DEVICE_ID_BYTES + 1];
    for (size_t i = 0; i < COUNT; i++) {
        id_of("sp-{a}--{b}", names[i].a, names[i].b, ids[i]);
        for (size_t k = 0; k < i; k++)
            cr_expect_str_neq(ids[i], ids[k], "'%s' '%s' and '%s' '%s'", names[i].a, names[i].b, names[k].a,
                              names[k].b);
    }
}

Test(foreign_name, any_bytes_give_a_valid_id) {
    for (uint32_t seed = 1; seed < 2000; seed++) {
        char a[130], id[CAP_DEVICE_ID_BYTES + 1];
        uint32_t x = seed * 2654435761u;
        const size_t chars = x % 129;
        for (size_t i = 0; i < chars; i++) {
            x = x * 1664525u + 1013904223u;
            a[i] = (char)(1 + (x >> 24) % 255);
        }
        a[chars] = 0;
        id_of("x-{a}", a, "", id);
    }
}

Test(foreign_name, templates_that_could_mix_up_devices_are_refused) {
    static const struct {
        const char *what, *template, *says;
    } rows[] = {
        {"no name: all devices would be one", "tasmota", "{name}"},
        {"a name in front", "{a}-plug", "begins with"},
        {"a hyphen in front", "-x{a}", "begins with"},
        {"two names with one hyphen", "x-{a}-{b}", "--"},
        {"two names with nothing", "x-{a}{b}", "--"},
        {"three hyphens", "x---{a}", "ours"},
        {"a capital", "Tasmota-{a}", "[a-z0-9-]"},
        {"too short a text", "x{a}", "at least 2"},
        {"no room left for names", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-{a}", "at most"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pattern_template t;
        struct fault fault = {""};
        cr_assert_eq(template_parse(rows[i].template, NULL, &t, NULL), RESULT_OK);
        cr_expect_neq(foreign_device_template(&t, &fault), RESULT_OK, "%s", rows[i].what);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "%s: %s", rows[i].what, fault.text);
    }
}

Test(foreign_name, metrics_parts_codes_models_and_units) {
    static const struct {
        const char *text, *metric, *part, *code, *model, *unit;
    } rows[] = {
        {"Inputs/Air Temp", "inputs_air_temp", "Inputs_Air_Temp", "Inputs_Air_Temp", "inputs-air-temp", ""},
        {"power", "power", "power", "power", "power", "power"},
        {"2nd stage", "_2nd_stage", "2nd_stage", "2nd_stage", "2nd-stage", ""},
        {"--", "", "--", "x-", "", "--"},
        {"\xc2\xb0"
         "C",
         "c", "__C", "x_C", "c", "Cel"},
        {"rpm", "rpm", "rpm", "rpm", "rpm", "1/min"},
        {"%", "", "_", "x", "", "/100"},
        {"", "", "", "", "", ""},
        {"a\"b", "a_b", "a_b", "a_b", "a-b", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char metric[CAP_METRIC_BYTES + 1], part[CAP_PART_BYTES + 1], code[CAP_CODE_BYTES + 1];
        char model[CAP_MODEL_BYTES + 1], unit[CAP_UNIT_BYTES + 1];
        const size_t chars = strlen(rows[i].text);
        foreign_metric(rows[i].text, chars, metric);
        foreign_part(rows[i].text, chars, part);
        foreign_code(rows[i].text, chars, code);
        foreign_model(rows[i].text, chars, model);
        foreign_unit(rows[i].text, chars, unit);
        cr_expect_str_eq(metric, rows[i].metric, "metric of '%s': %s", rows[i].text, metric);
        cr_expect_str_eq(part, rows[i].part, "part of '%s': %s", rows[i].text, part);
        cr_expect_str_eq(code, rows[i].code, "code of '%s': %s", rows[i].text, code);
        cr_expect_str_eq(model, rows[i].model, "model of '%s': %s", rows[i].text, model);
        cr_expect_str_eq(unit, rows[i].unit, "unit of '%s': %s", rows[i].text, unit);
    }
}

Test(foreign_name, long_names_differ_after_they_are_cut) {
    char one[200], two[200], a[CAP_METRIC_BYTES + 1], b[CAP_METRIC_BYTES + 1];
    char code_a[CAP_CODE_BYTES + 1], code_b[CAP_CODE_BYTES + 1];
    memset(one, 'x', sizeof one);
    memset(two, 'x', sizeof two);
    two[150] = 'y';
    foreign_metric(one, sizeof one, a);
    foreign_metric(two, sizeof two, b);
    cr_expect_eq(strlen(a), CAP_METRIC_BYTES);
    cr_expect_str_neq(a, b);
    foreign_code(one, sizeof one, code_a);
    foreign_code(two, sizeof two, code_b);
    cr_expect_eq(strlen(code_a), CAP_CODE_BYTES);
    cr_expect_str_neq(code_a, code_b);
}
