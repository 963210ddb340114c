/* Birth messages there and back, and what is refused. */
#include "fieldline/message.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/session.h"

#define HEAD                                                                                                           \
    "{\"t\":1,\"model\":\"freezer-x\",\"serial\":\"SN "                                                                \
    "1\",\"firmware\":\"1.2\",\"agent\":\"1.0.0\",\"boot\":\"0b5c1f3e-9d77-4a3b-8f00-0123456789ab\""

Test(birth, it_goes_and_comes_back) {
    struct birth_message birth = {.event_ms = 7,
                                  .model = "freezer-x",
                                  .serial = "SN \"0042\"",
                                  .firmware = "3.1",
                                  .agent = "1.0.0",
                                  .boot = "0b5c1f3e-9d77-4a3b-8f00-0123456789ab",
                                  .capabilities = CAPABILITY_BIT(CAPABILITY_OBSERVE) | CAPABILITY_BIT(CAPABILITY_SHELL),
                                  .diagnostic_count = 2,
                                  .diagnostics = {"disk", "net-1"},
                                  .metric_count = CAP_METRICS_IN_BIRTH},
                         back;
    birth.metrics = calloc(CAP_METRICS_IN_BIRTH, sizeof *birth.metrics);
    for (int i = 0; i < CAP_METRICS_IN_BIRTH; i++)
        snprintf(birth.metrics[i], sizeof birth.metrics[i], "metric_%d", i);
    struct buf b;
    struct fault fault = {""};
    buf_init(&b, CAP_PAYLOAD_BYTES);
    birth_encode(&birth, &b);
    cr_assert_eq(birth_decode(b.data, b.count, &back, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_str_eq(back.serial, birth.serial);
    cr_expect_str_eq(back.boot, birth.boot);
    cr_expect_eq(back.capabilities, birth.capabilities);
    cr_expect_eq(back.diagnostic_count, 2u);
    cr_expect_str_eq(back.diagnostics[1], "net-1");
    cr_expect_eq(back.metric_count, (size_t)CAP_METRICS_IN_BIRTH);
    cr_expect_eq(memcmp(back.metrics, birth.metrics, CAP_METRICS_IN_BIRTH * sizeof *birth.metrics), 0);
    birth_fini(&birth);
    birth_fini(&back);
    birth_fini(&back);
    buf_fini(&b);
}

Test(birth, unknown_capabilities_are_ignored) {
    const char *text = HEAD ",\"metrics\":[],\"capabilities\":[\"observe\",\"teleport\"]}";
    struct birth_message birth;
    cr_assert_eq(birth_decode(text, strlen(text), &birth, NULL), RESULT_OK);
    cr_expect_eq(birth.capabilities, CAPABILITY_BIT(CAPABILITY_OBSERVE));
    cr_expect(birth.metric_count == 0 && birth.diagnostic_count == 0);
    birth_fini(&birth);
}

Test(birth, others_are_refused_by_name) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"{}", "'t' is missing"},
        {"{\"t\":1}", "'model' is missing"},
        {"{\"t\":1,\"model\":\"Freezer X\"}", "'model'"},
        {"{\"t\":1,\"model\":\"../etc\"}", "'model'"},
        {"{\"t\":1,\"model\":\"x\",\"serial\":7}", "'serial' is a number"},
        {"{\"t\":1,\"model\":\"x\",\"serial\":\"a\\u001b\"}", "'serial'"},
        {"{\"t\":1,\"model\":\"x\",\"serial\":\"\",\"firmware\":\"\",\"agent\":\"\",\"boot\":\"today\"}",
         "'boot' is not a UUID"},
        {HEAD "}", "'metrics' is missing"},
        {HEAD ",\"metrics\":\"a\"}", "'metrics' is a string"},
        {HEAD ",\"metrics\":[\"ok\",\"Not OK\"]}", "item 2"},
        {HEAD ",\"metrics\":[1]}", "item 1"},
        {HEAD ",\"metrics\":[],\"capabilities\":[1]}", "'capabilities'"},
        {HEAD ",\"metrics\":[],\"capabilities\":\"all\"}", "'capabilities' is a string"},
        {HEAD ",\"metrics\":[],\"diagnostics\":[\"ok\",\"rm -rf\"]}", "'diagnostics': item 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct birth_message birth = {.event_ms = 99};
        struct fault fault = {""};
        cr_expect_eq(birth_decode(rows[i].text, strlen(rows[i].text), &birth, &fault), RESULT_BAD_INPUT, "%s",
                     rows[i].text);
        cr_expect(strstr(fault.text, rows[i].says) != NULL, "%s: '%s'", rows[i].text, fault.text);
        cr_expect_eq(birth.event_ms, 99);
    }
}

Test(birth, lists_are_capped) {
    static const struct {
        const char *key;
        int count;
    } rows[] = {{"metrics", CAP_METRICS_IN_BIRTH + 1}, {"diagnostics", BIRTH_DIAGNOSTICS + 1}, {"capabilities", 65}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf b;
        struct birth_message birth;
        buf_init(&b, CAP_PAYLOAD_BYTES);
        buf_str(&b, i == 0 ? HEAD : HEAD ",\"metrics\":[]");
        buf_printf(&b, ",\"%s\":[\"a\"", rows[i].key);
        for (int k = 1; k < rows[i].count; k++)
            buf_str(&b, ",\"a\"");
        buf_str(&b, "]}");
        cr_expect_eq(birth_decode(b.data, b.count, &birth, NULL), RESULT_TOO_BIG, "%s", rows[i].key);
        buf_fini(&b);
    }
}
