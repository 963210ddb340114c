/* Capabilities as a JSON array: there and back, and no unknown right gets through. */
#include "fieldline/json.h"
#include "fieldline/session.h"

#include <criterion/criterion.h>
#include <string.h>

static enum result read_text(const char *text, uint32_t *out, struct fault *fault) {
    struct json *root = NULL;
    cr_assert_eq(json_parse(text, strlen(text), &root, fault), RESULT_OK, "%s", text);
    enum result result = capabilities_read(root, "capabilities", out, fault);
    json_free(root);
    return result;
}

Test(capabilities, every_set_goes_and_comes_back) {
    struct buf b;
    buf_init(&b, 1000);
    for (uint32_t bits = 0; bits < CAPABILITY_BIT(CAPABILITY_COUNT); bits++) {
        uint32_t back = ~bits;
        buf_reset(&b);
        struct json_out j = json_out(&b);
        jo_object(&j, NULL);
        capabilities_write(&j, "capabilities", bits);
        jo_end(&j);
        cr_expect(!read_text(buf_text(&b), &back, NULL) && back == bits, "%s", buf_text(&b));
    }
    buf_fini(&b);
}

Test(capabilities, others_are_refused_and_nothing_is_granted) {
    static const struct {
        const char *text, *says;
        enum result result;
    } rows[] = {
        {"{}", "'capabilities' is missing", RESULT_BAD_INPUT},
        {"{\"capabilities\":\"shell\"}", "'capabilities' is a string", RESULT_BAD_INPUT},
        {"{\"capabilities\":[\"observe\",\"root\"]}", "no capability", RESULT_BAD_INPUT},
        {"{\"capabilities\":[\"Observe\"]}", "no capability", RESULT_BAD_INPUT},
        {"{\"capabilities\":[7]}", "no capability", RESULT_BAD_INPUT},
        {"{\"capabilities\":[null]}", "no capability", RESULT_BAD_INPUT},
        {"{\"capabilities\":[1,2,3,4,5,6,7,8,9]}", "has 9 items", RESULT_TOO_BIG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t bits = 99;
        struct fault fault = {""};
        cr_expect_eq(read_text(rows[i].text, &bits, &fault), rows[i].result, "%s", rows[i].text);
        cr_expect(strstr(fault.text, rows[i].says) && bits == 99, "%s: '%s'", rows[i].text, fault.text);
    }
}
