/* The ladder's names, frames and credits. */
#include "fieldline/session.h"

#include <criterion/criterion.h>
#include <string.h>

Test(session, the_ladder_goes_and_comes_back) {
    struct buf b;
    buf_init(&b, 200);
    for (uint32_t bits = 0; bits < CAPABILITY_BIT(CAPABILITY_COUNT); bits++) {
        uint32_t back = ~bits;
        buf_reset(&b);
        capabilities_print(bits, &b);
        cr_expect(!capabilities_parse(buf_text(&b), &back, NULL) && back == bits, "%s", buf_text(&b));
    }
    buf_fini(&b);
    uint32_t bits = 0;
    cr_expect(!capabilities_parse("shell, observe", &bits, NULL));
    cr_expect_eq(bits, CAPABILITY_BIT(CAPABILITY_OBSERVE) | CAPABILITY_BIT(CAPABILITY_SHELL));
    cr_expect_str_eq(capability_name(CAPABILITY_SHELL), "shell");
    cr_expect_str_eq(capability_name(CAPABILITY_COUNT), "unknown");
}

Test(session, unknown_rungs_are_named) {
    static const struct {
        const char *text, *says;
    } rows[] = {{"root", "'root'"},
                {"observe,root", "'root'"},
                {"observe,", "last comma"},
                {",observe", "''"},
                {"observe,,shell", "''"},
                {"Observe", "'Observe'"},
                {"observeshell", "'observeshell'"},
                {"observe;shell", "'observe;shell'"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t bits = 99;
        struct fault fault = {""};
        cr_expect_eq(capabilities_parse(rows[i].text, &bits, &fault), RESULT_BAD_INPUT, "%s", rows[i].text);
        cr_expect(strstr(fault.text, rows[i].says) && bits == 99, "%s: '%s'", rows[i].text, fault.text);
    }
    enum capability c;
    cr_expect_not(capability_parse("", &c));
    cr_expect(capability_parse("files", &c) && c == CAPABILITY_FILES);
}

struct row {
    const char *why;
    bool is_text;
    enum direction dir;
    const char *message;
    size_t bytes;
    enum result result;
};
#define ROW(why, is_text, dir, message, result)                                                                        \
    { why, is_text, DIRECTION_##dir, message, sizeof message - 1, result }

Test(session, frames_are_checked) {
    static const struct row rows[] = {
        ROW("control is a text message", true, UP, "{\"jsonrpc\":\"2.0\"}", RESULT_OK),
        ROW("terminal text up", false, UP, "\x01ls\r\n", RESULT_OK),
        ROW("terminal text down", false, DOWN, "\x01\xe5\x86\xb0", RESULT_OK),
        ROW("a terminal may send NUL", false, DOWN, "\x01\0", RESULT_OK),
        ROW("nothing typed", false, DOWN, "\x01", RESULT_OK),
        ROW("a secret with its salt", false, DOWN,
            "\x02"
            "0123456789abcdefpw",
            RESULT_OK),
        ROW("an empty secret", false, DOWN,
            "\x02"
            "0123456789abcdef",
            RESULT_OK),
        ROW("a credit", false, UP, "\xff\x01\0\0\x10\0", RESULT_OK),
        ROW("the largest credit", false, DOWN, "\xff\x01\0\x04\0\0", RESULT_OK),
        ROW("an empty text message", true, UP, "", RESULT_BAD_INPUT),
        ROW("an empty binary message", false, UP, "", RESULT_BAD_INPUT),
        ROW("control that is not UTF-8", true, UP, "{\xff}", RESULT_BAD_INPUT),
        ROW("control with NUL", true, UP, "{\0}", RESULT_BAD_INPUT),
        ROW("control as a binary message", false, UP, "\0{}", RESULT_BAD_INPUT),
        ROW("bytes of a stream", false, UP, "\x03\0\x01\xff\0", RESULT_OK),
        ROW("the last stream", false, DOWN, "\x03\xff\xffx", RESULT_OK),
        ROW("a credit for a stream", false, UP, "\xff\x03\0\x01\0\0\x10\0", RESULT_OK),
        ROW("an acknowledgement", false, DOWN, "\xfe\0\0\0\0\0\0\0\x07", RESULT_OK),
        ROW("an unknown channel", false, UP, "\x04x", RESULT_BAD_INPUT),
        ROW("a stream without a number", false, UP, "\x03x", RESULT_BAD_INPUT),
        ROW("a stream numbered 0", false, UP, "\x03\0\0x", RESULT_BAD_INPUT),
        ROW("no byte of a stream", false, UP, "\x03\0\x01", RESULT_BAD_INPUT),
        ROW("a credit for a stream without its number", false, UP, "\xff\x03\0\0\x10\0", RESULT_BAD_INPUT),
        ROW("a credit for stream 0", false, UP, "\xff\x03\0\0\0\0\x10\0", RESULT_BAD_INPUT),
        ROW("half an acknowledgement", false, UP, "\xfe\0\0\0\x07", RESULT_BAD_INPUT),
        ROW("a terminal frame that ends inside a character", false, UP, "\x01\xe5\x86", RESULT_BAD_INPUT),
        ROW("a terminal frame that begins inside one", false, DOWN, "\x01\xb0", RESULT_BAD_INPUT),
        ROW("a secret that goes up", false, UP,
            "\x02"
            "0123456789abcdefpw",
            RESULT_DENIED),
        ROW("half a salt", false, DOWN,
            "\x02"
            "0123456789abcde",
            RESULT_BAD_INPUT),
        ROW("half a credit", false, UP, "\xff\x01\0\0\x10", RESULT_BAD_INPUT),
        ROW("a credit and a half", false, UP, "\xff\x01\0\0\x10\0\0", RESULT_BAD_INPUT),
        ROW("a credit of nothing", false, UP, "\xff\x01\0\0\0\0", RESULT_BAD_INPUT),
        ROW("a credit beyond the cap", false, UP, "\xff\x01\0\x04\0\x01", RESULT_BAD_INPUT),
        ROW("a credit for credits", false, UP, "\xff\xff\0\0\x10\0", RESULT_BAD_INPUT),
        ROW("a credit for control", false, UP, "\xff\0\0\0\x10\0", RESULT_BAD_INPUT),
        ROW("a credit for secrets, which the terminal's covers", false, UP, "\xff\x02\0\0\x10\0", RESULT_BAD_INPUT),
        ROW("a credit for an unknown channel", false, UP, "\xff\x07\0\0\x10\0", RESULT_BAD_INPUT),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        struct frame frame = {0};
        struct fault fault = {""};
        cr_expect_eq(frame_decode(r->is_text, r->dir, (const uint8_t *)r->message, r->bytes, &frame, &fault), r->result,
                     "%s: %s", r->why, fault.text);
        if (r->result)
            cr_expect(fault.text[0] && !frame.bytes, "%s", r->why);
        else
            cr_expect_eq(frame.count, r->bytes - !r->is_text, "%s", r->why);
    }
}

Test(session, frames_are_capped) {
    static uint8_t message[CAP_FRAME_BYTES + 2];
    struct frame frame;
    memset(message, 'x', sizeof message);
    cr_expect_eq(frame_decode(true, DIRECTION_UP, message, CAP_FRAME_BYTES, &frame, NULL), RESULT_OK);
    cr_expect_eq(frame_decode(true, DIRECTION_UP, message, CAP_FRAME_BYTES + 1, &frame, NULL), RESULT_TOO_BIG);
    message[0] = CHANNEL_TERMINAL;
    cr_expect_eq(frame_decode(false, DIRECTION_UP, message, CAP_FRAME_BYTES + 1, &frame, NULL), RESULT_OK);
    cr_expect_eq(frame_decode(false, DIRECTION_UP, message, CAP_FRAME_BYTES + 2, &frame, NULL), RESULT_TOO_BIG);
}

Test(session, what_is_encoded_is_decoded) {
    struct buf b;
    struct frame frame;
    struct credit credit;
    uint64_t frames;
    buf_init(&b, 100);
    frame_encode(CHANNEL_TERMINAL, "abc", 3, &b);
    cr_assert_eq(frame_decode(false, DIRECTION_UP, b.data, b.count, &frame, NULL), RESULT_OK);
    cr_expect(frame.channel == CHANNEL_TERMINAL && frame.count == 3 && memcmp(frame.bytes, "abc", 3) == 0);
    cr_expect_eq(credit_decode(&frame, &credit), RESULT_BAD_INPUT, "that was no credit");
    buf_reset(&b);
    credit_encode(&(struct credit){.channel = CHANNEL_TERMINAL, .bytes = 65536}, &b);
    cr_assert_eq(frame_decode(false, DIRECTION_UP, b.data, b.count, &frame, NULL), RESULT_OK);
    cr_expect(!credit_decode(&frame, &credit) && credit.channel == CHANNEL_TERMINAL && credit.bytes == 65536);
    buf_reset(&b);
    credit_encode(&(struct credit){.channel = CHANNEL_STREAM, .stream = 513, .bytes = 7}, &b);
    cr_assert_eq(frame_decode(false, DIRECTION_UP, b.data, b.count, &frame, NULL), RESULT_OK);
    cr_expect(!credit_decode(&frame, &credit) && credit.stream == 513 && credit.bytes == 7);
    buf_reset(&b);
    frame_ack_encode(1ull << 40, &b);
    cr_assert_eq(frame_decode(false, DIRECTION_UP, b.data, b.count, &frame, NULL), RESULT_OK);
    cr_expect(!frame_ack_decode(&frame, &frames) && frames == 1ull << 40);
    buf_reset(&b);
    stream_encode(513, "abc", 3, &b);
    cr_assert_eq(frame_decode(false, DIRECTION_UP, b.data, b.count, &frame, NULL), RESULT_OK);
    cr_expect(stream_number(&frame) == 513 && frame.count == 5 &&
              memcmp(frame.bytes + STREAM_HEAD_BYTES, "abc", 3) == 0);
    buf_fini(&b);
}
