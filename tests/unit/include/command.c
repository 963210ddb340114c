/* Commands and replies there and back, and what is refused. */
#include "fieldline/message.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/json.h"

#define ID "0b5c1f3e-9d77-4a3b-8f00-0123456789ab"

Test(command, it_goes_and_comes_back) {
    struct buf b;
    struct command_message command;
    int64_t seconds = 0;
    buf_init(&b, 1000);
    command_encode(ID, "session.open", "{\"duration_s\":900}", &b);
    cr_assert_eq(command_decode(b.data, b.count, &command, NULL), RESULT_OK);
    cr_expect_str_eq(command.id, ID);
    cr_expect_str_eq(command.verb, "session.open");
    cr_expect(!json_integer(command.args, "duration_s", 0, 1000, &seconds, NULL) && seconds == 900);
    command_fini(&command);
    command_fini(&command);
    buf_reset(&b);
    command_encode(ID, "ping", NULL, &b);
    cr_expect_str_eq(buf_text(&b), "{\"id\":\"" ID "\",\"verb\":\"ping\",\"args\":{}}");
    buf_fini(&b);
}

Test(command, others_are_refused_by_name) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"{}", "'id' is missing"},
        {"{\"id\":\"1\",\"verb\":\"a\",\"args\":{}}", "'id' is not a UUID"},
        {"{\"id\":\"" ID "\",\"args\":{}}", "'verb' is missing"},
        {"{\"id\":\"" ID "\",\"verb\":\"rm -rf\",\"args\":{}}", "'verb'"},
        {"{\"id\":\"" ID "\",\"verb\":\"\",\"args\":{}}", "'verb'"},
        {"{\"id\":\"" ID "\",\"verb\":\"a\"}", "'args' is missing"},
        {"{\"id\":\"" ID "\",\"verb\":\"a\",\"args\":[]}", "'args' is missing or not an object"},
        {"\"session.open\"", "not an object"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct command_message command = {0};
        struct fault fault = {""};
        cr_expect_eq(command_decode(rows[i].text, strlen(rows[i].text), &command, &fault), RESULT_BAD_INPUT, "%s",
                     rows[i].text);
        cr_expect(strstr(fault.text, rows[i].says) != NULL, "%s: '%s'", rows[i].text, fault.text);
        cr_expect_null(command.holder);
    }
}

Test(command, a_command_is_capped) {
    static char text[CAP_COMMAND_BYTES + 200];
    struct command_message command;
    int bytes = sprintf(text, "{\"id\":\"" ID "\",\"verb\":\"a\",\"args\":{\"x\":\"%0*d\"}}", CAP_COMMAND_BYTES, 0);
    cr_expect_eq(command_decode(text, (size_t)bytes, &command, NULL), RESULT_TOO_BIG);
}

Test(command, replies_go_and_come_back) {
    struct buf b;
    struct reply_message reply;
    bool is_good = false;
    buf_init(&b, 4000);
    reply_encode_ok(ID, "{\"good\":true}", &b);
    cr_assert_eq(reply_decode(b.data, b.count, &reply, NULL), RESULT_OK);
    cr_expect(reply.ok && strcmp(reply.id, ID) == 0 && !json_bool(reply.result, "good", &is_good, NULL) && is_good);
    reply_fini(&reply);
    buf_reset(&b);
    reply_encode_ok(ID, NULL, &b);
    cr_assert_eq(reply_decode(b.data, b.count, &reply, NULL), RESULT_OK);
    cr_expect(reply.ok && !reply.result);
    reply_fini(&reply);
    buf_reset(&b);
    reply_encode_error(ID, "denied", "the owner said \"no\"", &b);
    cr_assert_eq(reply_decode(b.data, b.count, &reply, NULL), RESULT_OK);
    cr_expect_not(reply.ok);
    cr_expect_str_eq(reply.error, "denied");
    cr_expect_str_eq(reply.text, "the owner said \"no\"");
    reply_fini(&reply);
    reply_fini(&reply);
    buf_fini(&b);
}

Test(command, a_long_reason_is_cut_so_that_it_can_be_read) {
    struct buf b;
    struct reply_message reply;
    char text[CAP_EVENT_TEXT_BYTES * 2];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    memcpy(text + CAP_EVENT_TEXT_BYTES - 1, "\xe5\x86\xb0", 3);
    buf_init(&b, 4000);
    reply_encode_error(ID, "failed", text, &b);
    cr_assert_eq(reply_decode(b.data, b.count, &reply, NULL), RESULT_OK);
    cr_expect_eq(strlen(reply.text), CAP_EVENT_TEXT_BYTES - 1u);
    reply_fini(&reply);
    buf_reset(&b);
    reply_encode_error(ID, "failed", NULL, &b);
    cr_assert_eq(reply_decode(b.data, b.count, &reply, NULL), RESULT_OK);
    reply_fini(&reply);
    buf_fini(&b);
}

Test(command, other_replies_are_refused_by_name) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"{\"ok\":true}", "'id' is missing"},
        {"{\"id\":\"" ID "\"}", "'ok' is missing"},
        {"{\"id\":\"" ID "\",\"ok\":1}", "'ok' is a number"},
        {"{\"id\":\"" ID "\",\"ok\":true,\"result\":[]}", "'result' is not an object"},
        {"{\"id\":\"" ID "\",\"ok\":false}", "'error' is missing"},
        {"{\"id\":\"" ID "\",\"ok\":false,\"error\":\"not a name\"}", "'error'"},
        {"{\"id\":\"" ID "\",\"ok\":false,\"error\":\"io\",\"text\":7}", "'text' is a number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct reply_message reply = {0};
        struct fault fault = {""};
        cr_expect_eq(reply_decode(rows[i].text, strlen(rows[i].text), &reply, &fault), RESULT_BAD_INPUT, "%s",
                     rows[i].text);
        cr_expect(strstr(fault.text, rows[i].says) != NULL, "%s: '%s'", rows[i].text, fault.text);
        cr_expect_null(reply.holder);
    }
}
