/* The birth message: what the configuration says and what was seen. */
#include "birth.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define BOOT "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10"

static struct birth_message written(const struct birth *birth) {
    struct birth_message message;
    struct buf text;
    struct fault fault = {""};
    buf_init(&text, CAP_PAYLOAD_BYTES);
    birth_write(birth, 1795309549000, &text);
    cr_assert_not(text.overflow);
    cr_assert_eq(birth_decode(text.data, text.count, &message, &fault), RESULT_OK, "%s", fault.text);
    buf_fini(&text);
    return message;
}

Test(birth, tells_configuration_and_metrics) {
    struct agent_diagnostic disk = {.name = (char *)"disk"};
    struct agent_config config = {.model = (char *)"m-1",
                                  .serial = (char *)"S",
                                  .firmware = (char *)"2.0",
                                  .session_enabled = true,
                                  .session_capabilities = 3,
                                  .diagnostics = &disk};
    struct birth *birth = birth_new(&config, BOOT);
    cr_expect(birth_saw(birth, "temperature"));
    cr_expect(birth_saw(birth, "door_opens"));
    cr_expect_not(birth_saw(birth, "temperature"), "known");
    struct birth_message m = written(birth);
    cr_expect_str_eq(m.model, "m-1");
    cr_expect_str_eq(m.boot, BOOT);
    cr_expect_eq(m.metric_count, 2);
    cr_expect_str_eq(m.metrics[0], "temperature");
    cr_expect_eq(m.capabilities, 3);
    cr_expect_eq(m.diagnostic_count, 1);
    cr_expect_str_eq(m.diagnostics[0], "disk");
    birth_fini(&m);
    config.session_enabled = false;
    m = written(birth);
    cr_expect_eq(m.capabilities, 0, "sessions are off: nothing is offered");
    birth_fini(&m);
    birth_free(birth);
}

Test(birth, lists_no_more_metrics_than_the_wire_takes) {
    struct agent_config config = {.model = (char *)"m", .serial = (char *)"", .firmware = (char *)""};
    struct birth *birth = birth_new(&config, BOOT);
    char name[CAP_METRIC_BYTES + 1];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (int i = 0; i < CAP_METRICS_IN_BIRTH + 50; i++) {
        name[0] = (char)('a' + i / 100);
        name[1] = (char)('a' + i / 10 % 10);
        name[2] = (char)('a' + i % 10);
        cr_expect_eq(birth_saw(birth, name), i < CAP_METRICS_IN_BIRTH, "%d", i);
    }
    struct birth_message m = written(birth);
    cr_expect_eq(m.metric_count, CAP_METRICS_IN_BIRTH);
    birth_fini(&m);
    birth_free(birth);
}
