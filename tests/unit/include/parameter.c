/* Types and bounds of parameters: what is a value, what is allowed, what must hold between two. Half of the rows are
 * refusals. */
#include "fieldline/parameter.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct parameter_form form_of(const char *json) {
    struct json *node = NULL;
    struct parameter_form form;
    struct fault fault = {""};
    cr_assert_eq(json_parse(json, strlen(json), &node, &fault), RESULT_OK, "%s: %s", json, fault.text);
    cr_assert_eq(parameter_form_read(node, &form, &fault), RESULT_OK, "%s: %s", json, fault.text);
    json_free(node);
    return form;
}

static void expect_same(const struct buf *text, const struct parameter_form *again) {
    struct buf written;
    buf_init(&written, 1000);
    struct json_out j = json_out(&written);
    jo_object(&j, NULL);
    parameter_form_write(again, &j);
    jo_end(&j);
    cr_expect_eq(written.count, text->count);
    cr_expect_arr_eq(written.data, text->data, text->count);
    buf_fini(&written);
}

Test(parameter, forms) {
    static const struct {
        const char *json, *fault; /* NULL: fine */
    } rows[] = {
        {"{\"type\":\"number\",\"min\":-40,\"max\":-15,\"step\":0.5}", NULL},
        {"{\"type\":\"int\",\"min\":0,\"max\":10}", NULL},
        {"{\"type\":\"bool\"}", NULL},
        {"{\"type\":\"enum\",\"choices\":[\"eco\",\"fast\"]}", NULL},
        {"{\"type\":\"text\",\"max_bytes\":20,\"pattern\":\"[a-z]+\"}", NULL},
        {"{\"type\":\"duration\",\"min\":60,\"max\":3600}", NULL},
        {"{}", "'type' is missing"},
        {"{\"type\":\"float\"}", "expected int, number"},
        {"{\"type\":\"number\",\"min\":2,\"max\":1}", "'min' is above 'max'"},
        {"{\"type\":\"number\",\"step\":0}", "'step' is not above 0"},
        {"{\"type\":\"int\",\"step\":0.5}", "no whole number"},
        {"{\"type\":\"bool\",\"min\":0}", "do not go with type bool"},
        {"{\"type\":\"enum\"}", "needs 'choices'"},
        {"{\"type\":\"enum\",\"choices\":[]}", NULL}, /* nothing can be set; harmless */
        {"{\"type\":\"enum\",\"choices\":[\"a\",\"a\"]}", "there twice"},
        {"{\"type\":\"enum\",\"choices\":[1]}", "no string"},
        {"{\"type\":\"enum\",\"choices\":[\"\"]}", "empty"},
        {"{\"type\":\"text\",\"choices\":[\"a\"]}", "do not go with type text"},
        {"{\"type\":\"text\",\"pattern\":\"[\"}", "no POSIX extended expression"},
        {"{\"type\":\"text\",\"max_bytes\":256}", "max_bytes"},
        {"{\"type\":\"number\",\"pattern\":\"a\"}", "do not go with type number"},
        {"{\"type\":\"number\",\"min\":\"1\"}", "'min' is a string"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json *node = NULL;
        struct parameter_form form, again;
        struct fault fault = {""};
        cr_assert_eq(json_parse(rows[i].json, strlen(rows[i].json), &node, &fault), RESULT_OK);
        enum result result = parameter_form_read(node, &form, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].fault == NULL, "%s: %s", rows[i].json, fault.text);
        cr_expect(rows[i].fault == NULL || strstr(fault.text, rows[i].fault) != NULL, "%s: %s", rows[i].json,
                  fault.text);
        if (result == RESULT_OK) {
            struct buf text;
            struct json *back = NULL;
            buf_init(&text, 1000);
            struct json_out j = json_out(&text);
            jo_object(&j, NULL);
            parameter_form_write(&form, &j);
            jo_end(&j);
            cr_assert_eq(json_parse(buf_text(&text), text.count, &back, &fault), RESULT_OK);
            cr_expect_eq(parameter_form_read(back, &again, &fault), RESULT_OK, "%s", fault.text);
            expect_same(&text, &again);
            parameter_form_fini(&again);
            json_free(back);
            buf_fini(&text);
        }
        parameter_form_fini(&form);
        json_free(node);
    }
}

/* What a product prints, and a person writes. */
Test(parameter, texts) {
    static const struct {
        const char *form, *text, *printed, *fault;
    } rows[] = {
        {"{\"type\":\"number\",\"min\":-40,\"max\":-15}", " -18.50\n", "-18.5", NULL},
        {"{\"type\":\"number\",\"min\":-40,\"max\":-15}", "-0", NULL, "above the most, -15"},
        {"{\"type\":\"number\",\"min\":-40,\"max\":-15}", "-40.001", NULL, "below the least, -40"},
        {"{\"type\":\"number\",\"min\":-40,\"max\":-15}", "nan", NULL, "is no number"},
        {"{\"type\":\"number\",\"min\":-40,\"max\":-15}", "1e999", NULL, "is no number"},
        {"{\"type\":\"number\",\"min\":-40,\"max\":-15}", "", NULL, "is no number"},
        {"{\"type\":\"number\",\"min\":-40,\"max\":-15}", "-18 Cel", NULL, "is no number"},
        {"{\"type\":\"number\",\"min\":0,\"step\":0.1}", "0.3", "0.3", NULL},
        {"{\"type\":\"number\",\"min\":0,\"step\":0.1}", "0.35", NULL, "whole number of steps"},
        {"{\"type\":\"number\",\"min\":5,\"step\":10}", "25", "25", NULL},
        {"{\"type\":\"number\",\"min\":5,\"step\":10}", "20", NULL, "steps of 10 from the least"},
        {"{\"type\":\"int\"}", "12", "12", NULL},
        {"{\"type\":\"int\"}", "12.5", NULL, "no whole number"},
        {"{\"type\":\"int\"}", "9007199254740994", NULL, "beyond 2^53"},
        {"{\"type\":\"int\"}", "0x10", NULL, "is no int"},
        {"{\"type\":\"bool\"}", "on\n", "true", NULL},
        {"{\"type\":\"bool\"}", "0", "false", NULL},
        {"{\"type\":\"bool\"}", "maybe", NULL, "is no bool"},
        {"{\"type\":\"bool\"}", "TRUE", NULL, "is no bool"},
        {"{\"type\":\"enum\",\"choices\":[\"eco\",\"fast\"]}", "eco", "eco", NULL},
        {"{\"type\":\"enum\",\"choices\":[\"eco\",\"fast\"]}", "Eco", NULL, "no choice, expected one of: eco, fast"},
        {"{\"type\":\"text\",\"max_bytes\":4}", "abcd", "abcd", NULL},
        {"{\"type\":\"text\",\"max_bytes\":4}", "abcde", NULL, "expected at most 4"},
        {"{\"type\":\"text\",\"pattern\":\"[a-z]+\"}", "abc", "abc", NULL},
        {"{\"type\":\"text\",\"pattern\":\"[a-z]+\"}", "abc1", NULL, "does not match"},
        {"{\"type\":\"text\"}", "a\nb", NULL, "line break"},
        {"{\"type\":\"text\"}", "a\xff", NULL, "UTF-8"},
        {"{\"type\":\"duration\",\"max\":7200}", "1h30m", "5400", NULL},
        {"{\"type\":\"duration\",\"max\":7200}", "90", "90", NULL},
        {"{\"type\":\"duration\",\"max\":7200}", "3h", NULL, "above the most, 7200"},
        {"{\"type\":\"duration\",\"max\":7200}", "-5", NULL, "not below 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parameter_form form = form_of(rows[i].form);
        struct parameter_value value, again;
        struct fault fault = {""};
        enum result result = parameter_value_parse(&form, rows[i].text, strlen(rows[i].text), &value, &fault);
        if (result == RESULT_OK) {
            result = parameter_value_check(&form, &value, &fault);
        }
        cr_expect_eq(result == RESULT_OK, rows[i].fault == NULL, "%s '%s': %s", rows[i].form, rows[i].text, fault.text);
        if (rows[i].fault != NULL) {
            cr_expect(strstr(fault.text, rows[i].fault) != NULL, "'%s': %s", rows[i].text, fault.text);
        } else if (result == RESULT_OK) {
            char printed[PARAMETER_PRINT_BYTES];
            parameter_value_print(&value, printed);
            cr_expect_str_eq(printed, rows[i].printed);
            cr_assert_eq(parameter_value_parse(&form, printed, strlen(printed), &again, &fault), RESULT_OK);
            cr_expect(parameter_value_equal(&value, &again));
        }
        parameter_form_fini(&form);
    }
}

/* What comes over the wire is of the type, or refused: a text is no number, a number no truth. */
Test(parameter, wire) {
    static const struct {
        const char *form, *json, *fault;
    } rows[] = {
        {"{\"type\":\"number\"}", "{\"v\":-18.5}", NULL},
        {"{\"type\":\"number\"}", "{\"v\":\"-18.5\"}", "must be a number"},
        {"{\"type\":\"int\"}", "{\"v\":3}", NULL},
        {"{\"type\":\"int\"}", "{\"v\":3.5}", "no whole number"},
        {"{\"type\":\"int\"}", "{\"v\":true}", "must be a number"},
        {"{\"type\":\"bool\"}", "{\"v\":true}", NULL},
        {"{\"type\":\"bool\"}", "{\"v\":1}", "must be true or false"},
        {"{\"type\":\"text\"}", "{\"v\":\"a\"}", NULL},
        {"{\"type\":\"text\"}", "{\"v\":null}", "must be a string"},
        {"{\"type\":\"text\"}", "{\"v\":\"a\\u0007\"}", "control character"},
        {"{\"type\":\"duration\"}", "{\"v\":90}", NULL},
        {"{\"type\":\"duration\"}", "{\"v\":\"90s\"}", "number of seconds"},
        {"{\"type\":\"enum\",\"choices\":[\"a\"]}", "{\"v\":{}}", "must be a string"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parameter_form form = form_of(rows[i].form);
        struct parameter_value value, again;
        struct json *node = NULL;
        struct fault fault = {""};
        cr_assert_eq(json_parse(rows[i].json, strlen(rows[i].json), &node, &fault), RESULT_OK);
        enum result result = parameter_value_read(&form, json_get(node, "v"), &value, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].fault == NULL, "%s: %s", rows[i].json, fault.text);
        cr_expect(rows[i].fault == NULL || strstr(fault.text, rows[i].fault) != NULL, "%s: %s", rows[i].json,
                  fault.text);
        if (result == RESULT_OK) {
            struct buf text;
            struct json *back = NULL;
            buf_init(&text, 1000);
            struct json_out j = json_out(&text);
            jo_object(&j, NULL);
            parameter_value_write(&value, "v", &j);
            jo_end(&j);
            cr_expect_str_eq(buf_text(&text), rows[i].json);
            cr_assert_eq(json_parse(buf_text(&text), text.count, &back, &fault), RESULT_OK);
            cr_assert_eq(parameter_value_read(&form, json_get(back, "v"), &again, &fault), RESULT_OK);
            cr_expect(parameter_value_equal(&value, &again));
            json_free(back);
            buf_fini(&text);
        }
        json_free(node);
        parameter_form_fini(&form);
    }
}

static const struct parameter_value *lookup(const void *self, const char *name) {
    static struct parameter_value values[] = {{.type = PARAMETER_NUMBER, .number = -20},
                                              {.type = PARAMETER_NUMBER, .number = 8},
                                              {.type = PARAMETER_BOOL, .number = 1},
                                              {.type = PARAMETER_ENUM, .text = "eco"},
                                              {.type = PARAMETER_DURATION, .number = 1800}};
    static const char *const names[] = {"setpoint", "defrost_end", "is_on", "mode", "every"};
    (void)self;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i], name) == 0) {
            return &values[i];
        }
    }
    return NULL;
}

Test(parameter, rules) {
    static const struct {
        const char *rule;
        enum result result; /* of parsing it, or else of asking it */
        const char *fault;
    } rows[] = {
        {"defrost_end > setpoint + 5", RESULT_OK, NULL},
        {"defrost_end>setpoint+28", RESULT_CONFLICT, "defrost_end is 8, the other side 8"},
        {"defrost_end >= setpoint + 28", RESULT_OK, NULL},
        {"setpoint <= -15", RESULT_OK, NULL},
        {"setpoint < -20", RESULT_CONFLICT, "setpoint is -20"},
        {"setpoint < defrost_end - 30", RESULT_CONFLICT, "does not hold"},
        {"every == 30m", RESULT_OK, NULL},
        {"every > 1h", RESULT_CONFLICT, "every is 1800, the other side 3600"},
        {"is_on == true", RESULT_OK, NULL},
        {"is_on != true", RESULT_CONFLICT, "does not hold"},
        {"mode == \"eco\"", RESULT_OK, NULL},
        {"mode != \"eco\"", RESULT_CONFLICT, "mode is 'eco'"},
        {"missing > 5", RESULT_NOT_FOUND, "missing is not known"},
        {"setpoint > missing", RESULT_NOT_FOUND, "missing is not known"},
        {"mode > 5", RESULT_BAD_INPUT, "cannot be compared"},
        {"setpoint == \"eco\"", RESULT_BAD_INPUT, "cannot be compared"},
        {"setpoint > mode", RESULT_BAD_INPUT, "cannot be compared"},
        {"", RESULT_BAD_INPUT, "expected a name"},
        {"setpoint", RESULT_BAD_INPUT, "expected one of"},
        {"setpoint =", RESULT_BAD_INPUT, "expected one of"},
        {"setpoint >", RESULT_BAD_INPUT, "expected a name"},
        {"5 < setpoint", RESULT_BAD_INPUT, "expected a name"},
        {"setpoint > defrost_end +", RESULT_BAD_INPUT, "expected a number"},
        {"setpoint > 5 and mode == 1", RESULT_BAD_INPUT, "nothing more"},
        {"mode < \"eco\"", RESULT_BAD_INPUT, "with == and != only"},
        {"mode == \"eco", RESULT_BAD_INPUT, "no closing quote"},
        {"Setpoint > 5", RESULT_BAD_INPUT, "expected a name"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct parameter_rule rule;
        struct fault fault = {""};
        size_t at = 0;
        enum result result = parameter_rule_parse(rows[i].rule, &rule, &at, &fault);
        if (result == RESULT_OK) {
            result = parameter_rule_check(&rule, lookup, NULL, &fault);
        }
        cr_expect_eq(result, rows[i].result, "'%s': %s", rows[i].rule, fault.text);
        cr_expect(rows[i].fault == NULL || strstr(fault.text, rows[i].fault) != NULL, "'%s': %s", rows[i].rule,
                  fault.text);
        cr_expect_leq(at, strlen(rows[i].rule));
    }
}
