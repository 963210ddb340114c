/* Log messages there and back, and what is refused. */
#include "fieldline/message.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(logs, a_pack_goes_and_comes_back) {
    const struct log_record rows[] = {
        {.event_ms = 1795309549123,
         .severity = 3,
         .facility = 3,
         .is_cut = true,
         .app = "compressor",
         .text = "it \"hums\"\n\x1b[31m\xe5\x86\xb0"},
        {.event_ms = 0, .severity = 0, .facility = 23, .text = ""},
        {.event_ms = 5, .severity = 7, .facility = 0, .app = "a b", .text = "x"},
    };
    struct logs_pack pack;
    struct buf out;
    static struct log_record back[8];
    size_t count = 0;
    struct fault fault = {""};
    logs_pack_init(&pack, CAP_PAYLOAD_BYTES);
    buf_init(&out, CAP_PAYLOAD_BYTES);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(logs_pack_add(&pack, &rows[i]), RESULT_OK);
    logs_pack_finish(&pack, &out);
    cr_assert_eq(logs_decode(out.data, out.count, back, 8, &count, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(count, 3u);
    for (size_t i = 0; i < 3; i++)
        cr_expect(back[i].event_ms == rows[i].event_ms && back[i].severity == rows[i].severity &&
                      back[i].facility == rows[i].facility && back[i].is_cut == rows[i].is_cut &&
                      strcmp(back[i].app, rows[i].app) == 0 && strcmp(back[i].text, rows[i].text) == 0,
                  "record %zu", i);
    logs_pack_finish(&pack, &out);
    cr_expect_str_eq(buf_text(&out), "", "an empty pack is nothing");
    logs_pack_fini(&pack);
    buf_fini(&out);
}

Test(logs, a_pack_never_passes_its_cap) {
    static struct log_record back[CAP_LOGS_IN_MESSAGE];
    struct log_record r = {.event_ms = 1, .severity = 1, .facility = 1, .text = "\x01\x02 text"};
    for (size_t cap = 20; cap < 600; cap += 7) {
        struct logs_pack pack;
        struct buf out;
        enum result result;
        logs_pack_init(&pack, cap);
        buf_init(&out, 1000);
        while ((result = logs_pack_add(&pack, &r)) == RESULT_OK)
            ;
        size_t added = pack.record_count, count = 0;
        cr_expect_eq(result, added ? RESULT_FULL : RESULT_TOO_BIG);
        logs_pack_finish(&pack, &out);
        cr_expect_leq(out.count, cap);
        if (added)
            cr_expect(!logs_decode(out.data, out.count, back, CAP_LOGS_IN_MESSAGE, &count, NULL) && count == added,
                      "cap %zu", cap);
        logs_pack_fini(&pack);
        buf_fini(&out);
    }
}

Test(logs, the_longest_record_of_the_worst_bytes_fits_a_message) {
    struct log_record r = {.event_ms = 253402300799999, .severity = 7, .facility = 23, .is_cut = true};
    memset(r.text, 1, CAP_LOG_TEXT_BYTES);
    memset(r.app, '"', CAP_LOG_APP_BYTES);
    struct logs_pack pack;
    logs_pack_init(&pack, CAP_PAYLOAD_BYTES);
    cr_expect_eq(logs_pack_add(&pack, &r), RESULT_OK);
    logs_pack_fini(&pack);
}

Test(logs, a_message_has_a_number_of_records_at_most) {
    struct logs_pack pack;
    struct log_record r = {.event_ms = 1, .severity = 1, .facility = 1, .text = "x"};
    logs_pack_init(&pack, CAP_PAYLOAD_BYTES);
    for (int i = 0; i < CAP_LOGS_IN_MESSAGE; i++)
        cr_assert_eq(logs_pack_add(&pack, &r), RESULT_OK);
    cr_expect_eq(logs_pack_add(&pack, &r), RESULT_FULL);
    logs_pack_fini(&pack);
}

Test(logs, what_is_missing_has_a_meaning) {
    static struct log_record out[2];
    size_t count = 0;
    const char *text = "{\"logs\":[{\"t\":1,\"sev\":6,\"msg\":\"x\",\"new\":1}],\"more\":2}";
    cr_expect_eq(logs_decode(text, strlen(text), out, 2, &count, NULL), RESULT_OK);
    cr_expect(count == 1 && out[0].facility == 1 && out[0].app[0] == 0 && !out[0].is_cut);
    cr_expect_eq(logs_decode("{\"logs\":[]}", 11, out, 2, &count, NULL), RESULT_OK);
    cr_expect_eq(count, 0u);
}

Test(logs, others_are_refused_by_record_and_name) {
    static const struct {
        const char *text, *says;
        enum result result;
    } rows[] = {
        {"{}", "'logs' is missing", RESULT_BAD_INPUT},
        {"[]", "not an object", RESULT_BAD_INPUT},
        {"{\"logs\":{}}", "'logs' is an object", RESULT_BAD_INPUT},
        {"{\"logs\":[1]}", "log 1: is not an object", RESULT_BAD_INPUT},
        {"{\"logs\":[{\"t\":1,\"msg\":\"x\"}]}", "log 1: 'sev' is missing", RESULT_BAD_INPUT},
        {"{\"logs\":[{\"t\":1,\"sev\":1,\"msg\":\"x\"},{\"sev\":1,\"msg\":\"x\"}]}", "log 2: 't' is missing",
         RESULT_BAD_INPUT},
        {"{\"logs\":[{\"t\":1,\"sev\":8,\"msg\":\"x\"}]}", "'sev' is 8", RESULT_BAD_INPUT},
        {"{\"logs\":[{\"t\":1,\"sev\":1,\"fac\":24,\"msg\":\"x\"}]}", "'fac' is 24", RESULT_BAD_INPUT},
        {"{\"logs\":[{\"t\":1,\"sev\":1,\"app\":\"a\\nb\",\"msg\":\"x\"}]}", "'app'", RESULT_BAD_INPUT},
        {"{\"logs\":[{\"t\":1,\"sev\":1}]}", "'msg' is missing", RESULT_BAD_INPUT},
        {"{\"logs\":[{\"t\":1,\"sev\":1,\"msg\":\"x\",\"cut\":1}]}", "'cut' is a number", RESULT_BAD_INPUT},
        {"{\"logs\":[{\"t\":1,\"sev\":1,\"msg\":\"x\\u0000\"}]}", "U+0000", RESULT_BAD_INPUT},
        {"{\"logs\":[1,2,3]}", "'logs' has 3 items", RESULT_TOO_BIG},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct log_record out[2];
        size_t count = 99;
        struct fault fault = {""};
        cr_expect_eq(logs_decode(rows[i].text, strlen(rows[i].text), out, 2, &count, &fault), rows[i].result, "%s",
                     rows[i].text);
        cr_expect(strstr(fault.text, rows[i].says) != NULL, "%s: '%s'", rows[i].text, fault.text);
        cr_expect_eq(count, 99u);
    }
}
