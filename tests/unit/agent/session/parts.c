/* The small parts of a session process: text, URLs, the grant, the queue. */
#include <criterion/criterion.h>
#include <string.h>

#include "session/clean.h"
#include "session/queue.h"
#include "session/url.h"
#include "session_grant.h"

#define BAD "\xef\xbf\xbd"

Test(clean, text_comes_out_whole) {
    static const struct {
        const char *what, *in, *out;
        size_t count;
    } rows[] = {{"ASCII", "hello\r\n", "hello\r\n", 7},
                {"two, three, four bytes", "é測\xf0\x9f\x98\x80", "é測\xf0\x9f\x98\x80", 9},
                {"a lone continuation", "a\x80z", "a" BAD "z", 3},
                {"a cut character at the end", "a\xe6\xb8", "a" BAD BAD, 3},
                {"a cut character in the middle", "\xe6\xb8z", BAD BAD "z", 3},
                {"over-long", "\xc0\xaf", BAD BAD, 2},
                {"over-long, three bytes", "\xe0\x80\xaf", BAD BAD BAD, 3},
                {"a surrogate", "\xed\xa0\x80", BAD BAD BAD, 3},
                {"beyond Unicode", "\xf4\x90\x80\x80", BAD BAD BAD BAD, 4},
                {"Latin-1", "gr\xfc\xdf", "gr" BAD BAD, 4},
                {"nothing", "", "", 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        /* However the reads cut it, the same comes out. */
        for (size_t step = 1; step <= 9; step++) {
            struct cleaner cleaner = {.count = 0};
            struct buf out;
            buf_init(&out, 1000);
            for (size_t at = 0; at < rows[i].count; at += step) {
                size_t count = rows[i].count - at < step ? rows[i].count - at : step;
                cleaner_add(&cleaner, (const uint8_t *)rows[i].in + at, count, &out);
                cr_expect(out.count == 0 || utf8_valid(out.data, out.count));
            }
            cleaner_end(&cleaner, &out);
            cr_expect_str_eq(buf_text(&out), rows[i].out, "%s in steps of %zu", rows[i].what, step);
            buf_fini(&out);
        }
    }
}

Test(clean, random_bytes_always_become_utf8_and_grow_at_most_threefold) {
    for (int round = 0; round < 2000; round++) {
        uint8_t bytes[64];
        struct cleaner cleaner = {.count = 0};
        struct buf out;
        random_bytes(bytes, sizeof bytes);
        for (size_t i = 0; i < sizeof bytes; i++) {
            bytes[i] |= bytes[i] == 0;
        }
        buf_init(&out, 1000);
        cleaner_add(&cleaner, bytes, sizeof bytes, &out);
        cleaner_end(&cleaner, &out);
        cr_expect(utf8_valid(out.data, out.count));
        cr_expect_leq(out.count, CLEAN_GROWTH * sizeof bytes);
        buf_fini(&out);
    }
}

Test(url, good_ones) {
    static const struct {
        const char *text, *host, *path;
        int port;
        bool is_address;
    } rows[] = {{"wss://gateway.example/session/v1", "gateway.example", "/session/v1", 443, false},
                {"wss://gateway:8443/s", "gateway", "/s", 8443, false},
                {"wss://127.0.0.1:9/s", "127.0.0.1", "/s", 9, true},
                {"wss://[::1]:9/s", "::1", "/s", 9, true},
                {"wss://[fe80::1]/s", "fe80::1", "/s", 443, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct url url;
        struct fault fault = {""};
        cr_assert_eq(url_parse(rows[i].text, &url, &fault), RESULT_OK, "%s: %s", rows[i].text, fault.text);
        cr_expect_str_eq(url.host, rows[i].host);
        cr_expect_str_eq(url.path, rows[i].path);
        cr_expect_eq(url.port, rows[i].port);
        cr_expect_eq(url.is_address, rows[i].is_address, "%s", rows[i].text);
    }
}

Test(url, bad_ones) {
    static const char *const rows[] = {"",
                                       "ws://gateway/s",
                                       "https://gateway/s",
                                       "wss://",
                                       "wss:///s",
                                       "wss://gateway",
                                       "wss://gateway:/s",
                                       "wss://gateway:0/s",
                                       "wss://gateway:65536/s",
                                       "wss://gateway:1x/s",
                                       "wss://a@b/s",
                                       "wss://a/s?x",
                                       "wss://a/s#x",
                                       "wss://a b/s",
                                       "wss://[::1/s",
                                       "wss://[::1]x/s",
                                       "wss://a/\r\nHost: b",
                                       "wss://a/%2e"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct url url;
        struct fault fault = {""};
        cr_expect_eq(url_parse(rows[i], &url, &fault), RESULT_BAD_INPUT, "%s", rows[i]);
        cr_expect_str_not_empty(fault.text);
    }
}

Test(queue, first_in_first_out_and_counted) {
    struct queue q;
    queue_init(&q);
    cr_expect_null(queue_take(&q));
    for (int round = 0; round < 3; round++) {
        queue_add(&q, queue_item_new(true, "ab", 2));
        queue_add(&q, queue_item_new(false, "cde", 3));
        cr_expect_eq(q.bytes, 5 + 2 * sizeof *q.first, "what holds them counts too");
        struct queue_item *item = queue_take(&q);
        cr_expect(item->is_text && item->count == 2 && memcmp(item->bytes, "ab", 2) == 0);
        queue_item_free(item);
        item = queue_take(&q);
        cr_expect(!item->is_text && item->count == 3);
        queue_item_free(item);
        cr_expect(q.bytes == 0 && q.first == NULL);
    }
    queue_add(&q, queue_item_new(true, "left", 4));
    queue_fini(&q);
}

static char *shell[] = {(char *)"/bin/sh", (char *)"-i", NULL}, *disk[] = {(char *)"/bin/df", NULL};
static struct session_diagnostic diagnostics[] = {{.name = "disk", .argv = disk, .limit_ms = 5000}};
static const struct session_grant good = {.session = "11111111-1111-4111-8111-111111111111",
                                          .device = "freezer-7",
                                          .agent = "1",
                                          .url = "wss://g/s",
                                          .token = "t",
                                          .ca = "/ca",
                                          .cert = "/c",
                                          .key = "/k",
                                          .capabilities = CAPABILITY_BIT(CAPABILITY_SHELL),
                                          .consent_method = "code",
                                          .consent_by = "owner",
                                          .consent_at_ms = 1,
                                          .consent_until_ms = 2,
                                          .duration_ms = 60000,
                                          .idle_ms = 5000,
                                          .observe_least_ms = 1000,
                                          .shell = shell,
                                          .diagnostics = diagnostics,
                                          .diagnostic_count = 1};

Test(session_grant, goes_and_comes_back) {
    struct buf text, again;
    struct session_grant back;
    struct fault fault = {""};
    buf_init(&text, SESSION_GRANT_BYTES);
    buf_init(&again, SESSION_GRANT_BYTES);
    session_grant_print(&good, &text);
    cr_assert_eq(session_grant_parse(buf_text(&text), text.count, &back, &fault), RESULT_OK, "%s", fault.text);
    session_grant_print(&back, &again);
    cr_expect_str_eq(buf_text(&text), buf_text(&again));
    cr_expect_str_eq(back.shell[1], "-i");
    cr_expect_null(back.shell[2]);
    cr_expect_null(back.shell_user);
    session_grant_fini(&back);
    buf_fini(&text);
    buf_fini(&again);
}

Test(session_grant, one_thing_wrong) {
    static const struct {
        const char *from, *to;
    } rows[] = {{"\"session\":\"1", "\"session\":\"x"},
                {"\"token\":\"t\"", "\"token\":7"},
                {"\"key\":\"/k\",", ""},
                {"[\"shell\"]", "[]"},
                {"[\"shell\"]", "[\"root\"]"},
                {"\"consent\"", "\"consents\""},
                {"\"duration_ms\":60000", "\"duration_ms\":0"},
                {"\"duration_ms\":60000", "\"duration_ms\":99999999"},
                {"\"idle_ms\":5000", "\"idle_ms\":-1"},
                {"\"observe_least_ms\":1000", "\"observe_least_ms\":-1"},
                {"\"bundle\":false", "\"bundle\":0"},
                {"\"bundle\":false", "\"args\":\"host\",\"bundle\":false"},
                {"\"bundle\":false", "\"args\":\"host:word\",\"bundle\":false"},
                {"\"files\":[]", "\"files\":7"},
                {"[\"/bin/sh\",\"-i\"]", "[]"},
                {"[\"/bin/sh\",\"-i\"]", "[\"sh\"]"},
                {"[\"/bin/sh\",\"-i\"]", "[7]"},
                {"\"shell\":[\"/bin/sh\",\"-i\"],", ""},
                {"[\"/bin/df\"]", "\"/bin/df\""},
                {"\"limit_ms\":5000", "\"limit_ms\":0"},
                {"\"name\":\"disk\"", "\"nom\":\"disk\""},
                {"[{\"name\"", "[7,{\"name\""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf text, wrong;
        struct session_grant back;
        struct fault fault = {""};
        buf_init(&text, SESSION_GRANT_BYTES);
        buf_init(&wrong, SESSION_GRANT_BYTES);
        session_grant_print(&good, &text);
        const char *at = strstr(buf_text(&text), rows[i].from);
        cr_assert_not_null(at, "%s", rows[i].from);
        buf_add(&wrong, text.data, (size_t)(at - (const char *)text.data));
        buf_str(&wrong, rows[i].to);
        buf_str(&wrong, at + strlen(rows[i].from));
        cr_expect_neq(session_grant_parse(buf_text(&wrong), wrong.count, &back, &fault), RESULT_OK, "%s -> %s",
                      rows[i].from, rows[i].to);
        cr_expect_str_not_empty(fault.text);
        buf_fini(&text);
        buf_fini(&wrong);
    }
}
