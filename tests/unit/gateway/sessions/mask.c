/* What is covered where recordings are shown, and what is not. */
#include "sessions/mask.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sessions/transcript_view.h"
#include "stage.h"

static void expect(const struct mask *mask, const char *text, const char *expected) {
    struct buf out;
    buf_init(&out, 65536);
    size_t covered = mask_text(mask, text, strlen(text), &out);
    cr_expect_str_eq(buf_text(&out), expected);
    cr_expect_eq(covered > 0, strcmp(text, expected) != 0);
    buf_fini(&out);
}

Test(mask, built_in_patterns) {
    static const struct {
        const char *text, *shown;
    } rows[] = {
        {"mysql --password=hunter2 -u root", "mysql --password=******* -u root"},
        {"export API_KEY='a b c'; ls", "export API_KEY=*******; ls"},
        {"passwd: geheim", "passwd: ******"},
        {"\"token\": \"abc.def\",", "\"token\": *********,"},
        {"curl --token s3cr3t https://x/", "curl --token ****** https://x/"},
        {"Authorization: Bearer eyJhbGci.x.y\r\nAccept: */*", "Authorization: Bearer ************\r\nAccept: */*"},
        {"curl https://ann:hunter2@example.org/", "curl https://ann:*******@example.org/"},
        {"-----BEGIN RSA PRIVATE KEY-----\nMIIE\nAB==\n-----END RSA PRIVATE KEY-----",
         "-----BEGIN RSA PRIVATE KEY-----\n****\n****\n-----END RSA PRIVATE KEY-----"},
        {"-----BEGIN PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY-----\n****"},
        /* not these */
        {"Password: ", "Password: "},
        {"the door has a lock", "the door has a lock"},
        {"tokens: none", "tokens: none"},
        {"https://example.org:8443/a@b", "https://example.org:8443/a@b"},
        {"-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
         "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----"},
        {"sha256 0123456789abcdef", "sha256 0123456789abcdef"},
        {"", ""},
    };
    struct mask *mask;
    struct fault fault;
    cr_assert_eq(mask_new(NULL, &mask, &fault), RESULT_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect(mask, rows[i].text, rows[i].shown);
    }
    mask_free(mask);
}

Test(mask, patterns_of_a_file) {
    char path[] = "/tmp/fieldline-mask-XXXXXX";
    struct mask *mask;
    struct fault fault;
    int fd = mkstemp(path);
    static const struct {
        const char *text, *problem; /* NULL: fine */
    } rows[] = {{"# cards\n\n\\bPIN (?<secret>\\d{4})\\b\n", NULL}, {"ok\n(\n", ":2: "}, {"[z-a]", ":1: "}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(ftruncate(fd, 0), 0);
        cr_assert_eq(pwrite(fd, rows[i].text, strlen(rows[i].text), 0), (ssize_t)strlen(rows[i].text));
        enum result result = mask_new(path, &mask, &fault);
        cr_assert_eq(result == RESULT_OK, rows[i].problem == NULL, "%s", fault.text);
        if (rows[i].problem != NULL) {
            cr_expect_not_null(strstr(fault.text, rows[i].problem), "%s", fault.text);
            continue;
        }
        expect(mask, "PIN 1234, and PIN 12345", "PIN ****, and PIN 12345");
        expect(mask, "password=x", "password=*");
        mask_free(mask);
    }
    cr_expect_eq(mask_new("/nonexistent/patterns", &mask, &fault), RESULT_NOT_FOUND);
    close(fd);
    unlink(path);
}

Test(mask, what_takes_too_long_is_covered_to_the_end_of_its_line) {
    char path[] = "/tmp/fieldline-mask-XXXXXX";
    struct mask *mask;
    struct fault fault;
    int fd = mkstemp(path);
    cr_assert_eq(write(fd, "(?:a+)+b\n", 9), 9);
    cr_assert_eq(mask_new(path, &mask, &fault), RESULT_OK, "%s", fault.text);
    expect(mask, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac\nfine b", "*************************************\nfine b");
    mask_free(mask);
    close(fd);
    unlink(path);
}

Test(mask, json) {
    static const struct {
        const char *json, *shown;
    } rows[] = {
        {"{\"password\":\"hunter2\",\"name\":\"ann\"}", "{\"password\":\"*******\",\"name\":\"ann\"}"},
        {"{\"output\":\"a\\npassword=\\\"x y\\\"\\n\"}", "{\"output\":\"a\\npassword=*****\\n\"}"},
        {"{\"n\":1,\"list\":[\"token=abc\",true,null]}", "{\"n\":1,\"list\":[\"token=***\",true,null]}"},
        {"{\"text\":\"nothing here\"}", "{\"text\":\"nothing here\"}"},
        {"{\"text\":", "null"},
    };
    struct mask *mask;
    struct fault fault;
    struct buf out;
    cr_assert_eq(mask_new(NULL, &mask, &fault), RESULT_OK);
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        buf_reset(&out);
        (void)mask_json(mask, rows[i].json, strlen(rows[i].json), &out);
        cr_expect_str_eq(buf_text(&out), rows[i].shown);
    }
    buf_fini(&out);
    mask_free(mask);
}

/* A letter at a time, as people type, and output in two pieces. */
Test(mask, a_view_covers_across_frames_and_changes_nothing_else) {
    struct stage s;
    struct mask *mask;
    struct buf view;
    struct fault fault;
    char base[256];
    size_t covered, count;
    stage_open(&s);
    stage_live(&s);
    engineer_text(&s,
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"terminal.open\",\"params\":{\"cols\":80,\"rows\":24}}");
    product_text(&s, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    product_credit(&s, 16384);
    for (const char *key = "x --password=hunter2\r"; *key != '\0'; key++) {
        engineer_types(&s, (char[]){*key, '\0'});
    }
    product_terminal(&s, "Authorization: Bea");
    product_terminal(&s, "rer abcdef\r\nok\r\n");
    engineer_text(&s, "{\"jsonrpc\":\"2.0\",\"id\":\"d1\",\"method\":\"diagnose.run\",\"params\":{\"name\":\"disk\"}}");
    product_text(&s,
                 "{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"exit\":0,\"output\":\"secret: abc\",\"truncated\":false,"
                 "\"took_ms\":12}}");
    relay_end(s.relay, "ended_by_engineer", "ann", s.now);
    product_ends(&s, "ended_by_engineer");
    cr_assert_eq(mask_new(NULL, &mask, &fault), RESULT_OK);
    stage_path(&s, "", base);
    buf_init(&view, 1 << 20);
    cr_assert_eq(transcript_view(NULL, mask, base, ".cast", &view, &covered, &fault), RESULT_OK, "%s", fault.text);
    char *plain = stage_read(&s, ".cast", &count);
    cr_expect_eq(covered, strlen("hunter2") + strlen("abcdef"));
    cr_expect_eq(view.count, count);
    cr_expect_not_null(strstr(plain, "rer abcdef"));
    cr_expect_null(strstr(buf_text(&view), "abcdef"));
    cr_expect_not_null(strstr(buf_text(&view), "rer ******\\r\\nok"));
    cr_expect_null(strstr(buf_text(&view), "\"i\",\"h\""), "the first letter of what was typed");
    cr_expect_not_null(strstr(buf_text(&view), "\"i\",\"x\""));
    buf_reset(&view);
    cr_assert_eq(transcript_view(NULL, mask, base, ".jsonl", &view, &covered, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_null(strstr(buf_text(&view), "secret: abc"));
    cr_expect_not_null(strstr(buf_text(&view), "secret: ***"));
    free(plain);
    buf_fini(&view);
    mask_free(mask);
    stage_close(&s);
}
