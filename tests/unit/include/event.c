/* Events there and back, and what is refused. */
#include "fieldline/message.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static enum result decode(const char *text, struct event_message *out, struct fault *fault) {
    return event_decode(text, strlen(text), out, fault);
}

Test(event, every_kind_goes_and_comes_back) {
    const struct event_message rows[] = {
        {.event_ms = 1795309549123,
         .kind = EVENT_FAULT,
         .code = "E-17.b",
         .active = true,
         .severity = 2,
         .text = "compressor \"A\"\n\xe5\x86\xb0"},
        {.event_ms = 1, .kind = EVENT_FAULT, .code = "E17", .active = false, .severity = 7},
        {.event_ms = 5, .kind = EVENT_CALL, .severity = 5, .text = "it makes a noise"},
        {.event_ms = 5,
         .kind = EVENT_GAP,
         .severity = 4,
         .text = "spool full",
         .gap_count = 12345678901,
         .gap_first_ms = 3,
         .gap_last_ms = 4},
        {.event_ms = 0, .kind = EVENT_INFO, .severity = 0, .text = ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b;
        struct event_message back;
        struct fault fault = {""};
        buf_init(&b, 4096);
        event_encode(&rows[i], &b);
        cr_expect_eq(decode(buf_text(&b), &back, &fault), RESULT_OK, "%s: %s", buf_text(&b), fault.text);
        cr_expect_eq(memcmp(&back, &rows[i], sizeof back), 0, "%s", buf_text(&b));
        buf_fini(&b);
    }
}

Test(event, what_is_missing_has_a_meaning) {
    struct event_message e;
    cr_expect_eq(decode("{\"t\":1,\"kind\":\"fault\",\"code\":\"E1\",\"active\":true,\"new\":[1]}", &e, NULL),
                 RESULT_OK);
    cr_expect(e.severity == SEVERITY_ERROR && e.text[0] == 0);
    cr_expect_eq(decode("{\"t\":1,\"kind\":\"call\",\"code\":\"ignored\"}", &e, NULL), RESULT_OK);
    cr_expect(e.severity == SEVERITY_NOTICE && e.code[0] == 0);
}

Test(event, others_are_refused_by_name) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "not JSON"},
        {"[]", "not an object"},
        {"{}", "'t' is missing"},
        {"{\"t\":\"1\",\"kind\":\"call\"}", "'t' is a string"},
        {"{\"t\":-1,\"kind\":\"call\"}", "'t' is -1"},
        {"{\"t\":1.5,\"kind\":\"call\"}", "'t' is not a whole number"},
        {"{\"t\":253402300800000,\"kind\":\"call\"}", "'t' is 253402300800000"},
        {"{\"t\":1}", "'kind' is missing"},
        {"{\"t\":1,\"kind\":\"alarm\"}", "'kind' is 'alarm'"},
        {"{\"t\":1,\"kind\":7}", "'kind' is a number"},
        {"{\"t\":1,\"kind\":\"fault\",\"active\":true}", "'code' is missing"},
        {"{\"t\":1,\"kind\":\"fault\",\"code\":\"\",\"active\":true}", "'code'"},
        {"{\"t\":1,\"kind\":\"fault\",\"code\":\"E 1\",\"active\":true}", "'code'"},
        {"{\"t\":1,\"kind\":\"fault\",\"code\":\"E1\"}", "'active' is missing"},
        {"{\"t\":1,\"kind\":\"fault\",\"code\":\"E1\",\"active\":1}", "'active' is a number"},
        {"{\"t\":1,\"kind\":\"call\",\"severity\":8}", "'severity' is 8"},
        {"{\"t\":1,\"kind\":\"call\",\"severity\":\"high\"}", "'severity' is a string"},
        {"{\"t\":1,\"kind\":\"call\",\"text\":null}", "'text' is null"},
        {"{\"t\":1,\"kind\":\"gap\",\"count\":1,\"first\":1}", "'last' is missing"},
        {"{\"t\":1,\"kind\":\"gap\",\"count\":-1,\"first\":1,\"last\":2}", "'count' is -1"},
        {"{\"t\":1,\"t\":2,\"kind\":\"call\"}", "'t' stands twice"},
        {"{\"t\":1,\"kind\":\"call\",\"text\":\"\xff\"}", "UTF-8"},
        {"{\"t\":1,\"kind\":\"call\"} x", "after the end"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct event_message e = {.severity = 99};
        struct fault fault = {""};
        cr_expect_eq(decode(rows[i].text, &e, &fault), RESULT_BAD_INPUT, "%s", rows[i].text);
        cr_expect(strstr(fault.text, rows[i].says) != NULL, "%s: '%s'", rows[i].text, fault.text);
        cr_expect_eq(e.severity, 99, "%s: the answer was touched", rows[i].text);
    }
}

Test(event, long_texts_are_too_big) {
    static char text[2 * CAP_PAYLOAD_BYTES];
    struct event_message e;
    sprintf(text, "{\"t\":1,\"kind\":\"call\",\"text\":\"%0*d\"}", CAP_EVENT_TEXT_BYTES, 0);
    cr_expect_eq(decode(text, &e, NULL), RESULT_OK);
    sprintf(text, "{\"t\":1,\"kind\":\"call\",\"text\":\"%0*d\"}", CAP_EVENT_TEXT_BYTES + 1, 0);
    cr_expect_eq(decode(text, &e, NULL), RESULT_TOO_BIG);
    sprintf(text, "{\"t\":1,\"kind\":\"call\",\"x\":\"%0*d\"}", CAP_PAYLOAD_BYTES, 0);
    cr_expect_eq(decode(text, &e, NULL), RESULT_TOO_BIG);
}

Test(event, names) {
    cr_expect_str_eq(severity_name(SEVERITY_EMERGENCY), "emerg");
    cr_expect_str_eq(severity_name(SEVERITY_DEBUG), "debug");
    cr_expect_str_eq(severity_name(8), "unknown");
    cr_expect_str_eq(severity_name(-1), "unknown");
    cr_expect_str_eq(event_kind_name(EVENT_GAP), "gap");
    cr_expect_str_eq(event_kind_name((enum event_kind)9), "unknown");
}
