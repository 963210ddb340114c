/* The command line's own WebSocket and its addresses: what it reads, and what it does not take. */
#include "tool_frame.h"

#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "tool_listen.h"
#include "tool_tls.h"

Test(tool_frame, what_a_server_sends) {
    static const struct {
        const char *what, *bytes;
        size_t count;
        enum result result;
        size_t payload;
    } rows[] = {
        {"text", "\x81\x02hi", 4, RESULT_OK, 2},
        {"binary, empty", "\x82\x00", 2, RESULT_OK, 0},
        {"a ping", "\x89\x01x", 3, RESULT_OK, 1},
        {"two bytes of length",
         "\x82\x7e\x00\x03"
         "abc",
         7, RESULT_OK, 3},
        {"eight",
         "\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x03"
         "abc",
         13, RESULT_OK, 3},
        {"nothing yet", "", 0, RESULT_BUSY, 0},
        {"half a head", "\x81", 1, RESULT_BUSY, 0},
        {"half a length", "\x82\x7e\x00", 3, RESULT_BUSY, 0},
        {"half a payload", "\x81\x05hel", 5, RESULT_BUSY, 0},
        {"masked", "\x81\x82\x01\x02\x03\x04hi", 8, RESULT_BAD_INPUT, 0},
        {"a fragment", "\x01\x02hi", 4, RESULT_BAD_INPUT, 0},
        {"its rest", "\x80\x02hi", 4, RESULT_BAD_INPUT, 0},
        {"a reserved bit", "\xc1\x02hi", 4, RESULT_BAD_INPUT, 0},
        {"an unknown opcode", "\x83\x00", 2, RESULT_BAD_INPUT, 0},
        {"a long ping", "\x89\x7e\x00\x80", 4, RESULT_BAD_INPUT, 0},
        {"too long", "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x01", 10, RESULT_TOO_BIG, 0},
        {"much too long", "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10, RESULT_TOO_BIG, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tool_frame frame;
        struct fault fault = {""};
        size_t taken = 0;
        cr_expect_eq(tool_frame_read((const uint8_t *)rows[i].bytes, rows[i].count, &frame, &taken, &fault),
                     rows[i].result, "%s", rows[i].what);
        if (rows[i].result == RESULT_OK) {
            cr_expect_eq(frame.count, rows[i].payload, "%s", rows[i].what);
            cr_expect_eq(taken, rows[i].count, "%s", rows[i].what);
        }
    }
}

/* Unmasked again, it is what was written. */
Test(tool_frame, what_it_writes) {
    static const size_t counts[] = {0, 1, 125, 126, 16385, 65535};
    static uint8_t bytes[65535];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 7);
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct buf out;
        buf_init(&out, 128 * 1024);
        tool_frame_write(TOOL_BINARY, bytes, counts[i], &out);
        size_t head = counts[i] < 126 ? 2 : 4;
        cr_assert_eq(out.count, head + 4 + counts[i]);
        cr_expect_eq(out.data[0], 0x82);
        cr_expect_eq(out.data[1] & 0x80, 0x80, "masked");
        for (size_t k = 0; k < counts[i]; k++) {
            cr_assert_eq(out.data[head + 4 + k] ^ out.data[head + k % 4], bytes[k]);
        }
        buf_fini(&out);
    }
}

Test(tool_address, urls) {
    static const struct {
        const char *url, *host, *port; /* host NULL: refused */
    } rows[] = {
        {"https://gw", "gw", "443"},
        {"https://gw.example:8443/", "gw.example", "8443"},
        {"https://127.0.0.1:1", "127.0.0.1", "1"},
        {"https://[::1]:8443", "::1", "8443"},
        {"https://[::1]", "::1", "443"},
        {"http://gw", NULL, NULL},
        {"gw", NULL, NULL},
        {"https://", NULL, NULL},
        {"https://:443", NULL, NULL},
        {"https://gw:0", NULL, NULL},
        {"https://gw:70000", NULL, NULL},
        {"https://gw:", NULL, NULL},
        {"https://gw/console", NULL, NULL},
        {"https://user@gw", NULL, NULL},
        {"https://g w", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tool_address address;
        struct fault fault = {""};
        enum result result = tool_address_parse(rows[i].url, &address, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].host != NULL, "%s: %s", rows[i].url, fault.text);
        if (result == RESULT_OK && rows[i].host != NULL) {
            cr_expect_str_eq(address.host, rows[i].host);
            cr_expect_str_eq(address.port, rows[i].port);
        }
    }
}

Test(tool_listen, promise_44_loopback_or_nothing) {
    static const struct {
        const char *text;
        bool is_fine;
    } rows[] = {{"127.0.0.1:0", true},
                {"0.0.0.0:0", false},
                {"127.0.0.2:0", false},
                {"localhost:0", false},
                {":0", false},
                {"[::]:0", false},
                {"127.0.0.1:", false},
                {"127.0.0.1:99999", false},
                {"", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int fd = -1, port = 0;
        struct fault fault = {""};
        cr_expect_eq(tool_listen(rows[i].text, &fd, &port, &fault) == RESULT_OK, rows[i].is_fine, "%s", rows[i].text);
        if (fd >= 0) {
            cr_expect_gt(port, 0);
            close(fd);
        }
    }
}
