/* Lines of a transcript: one spelling each, there and back; and what the writer itself refuses. */
#include "sessions/transcript.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "sessions/record.h"
#include "stage.h"

Test(transcript, lines_come_back_as_they_were) {
    static const char *const rows[] = {
        "{\"n\":1,\"dir\":\"up\",\"t_ms\":0,\"ch\":0,\"by\":\"freezer-7\",\"len\":2,\"data\":{}}",
        "{\"n\":2,\"dir\":\"down\",\"t_ms\":9,\"ch\":0,\"by\":\"ann\",\"cast\":1,\"len\":2,\"data\":{}}",
        "{\"n\":3,\"dir\":\"up\",\"t_ms\":31,\"ch\":1,\"by\":\"a,\\\"data\\\":b\",\"cast\":2,\"len\":12}",
        ("{\"n\":4,\"dir\":\"down\",\"t_ms\":40,\"ch\":2,\"by\":\"ann\",\"len\":17,\"leaf\":"
         "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}"),
        "{\"n\":5,\"dir\":\"gate\",\"t_ms\":41,\"ch\":0,\"by\":\"\",\"len\":10,\"data\":{\"data\":1}}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct transcript_line line;
        struct fault fault = {""};
        struct buf printed;
        buf_init(&printed, 4096);
        cr_assert_eq(transcript_line_parse(rows[i], strlen(rows[i]), &line, &fault), RESULT_OK, "%s: %s", rows[i],
                     fault.text);
        cr_expect_eq(line.n, i + 1);
        transcript_line_print(&line, &printed);
        cr_expect_eq(printed.count, strlen(rows[i]) + 1);
        cr_expect_arr_eq(printed.data, rows[i], strlen(rows[i]));
        buf_fini(&printed);
    }
}

Test(transcript, lines_that_nobody_wrote_are_refused) {
    static const char *const rows[] = {
        "",
        "{}",
        "[]",
        "x",
        "{\"n\":1}",
        "{\"n\":0,\"dir\":\"up\",\"t_ms\":0,\"ch\":0,\"by\":\"a\",\"len\":2,\"data\":{}}",
        "{\"n\":1,\"dir\":\"sideways\",\"t_ms\":0,\"ch\":0,\"by\":\"a\",\"len\":2,\"data\":{}}",
        "{\"n\":1,\"dir\":\"up\",\"t_ms\":-1,\"ch\":0,\"by\":\"a\",\"len\":2,\"data\":{}}",
        "{\"n\":1,\"dir\":\"up\",\"t_ms\":0,\"ch\":3,\"by\":\"a\",\"len\":2,\"data\":{}}",
        "{\"n\":1,\"dir\":\"up\",\"t_ms\":0,\"ch\":0,\"by\":\"a\",\"len\":3,\"data\":{}}",
        "{\"n\":1,\"dir\":\"up\",\"t_ms\":0,\"ch\":0,\"by\":\"a\",\"len\":2}",
        "{\"n\":1,\"dir\":\"up\",\"t_ms\":0,\"ch\":1,\"by\":\"a\",\"len\":2}",
        "{\"n\":1,\"dir\":\"up\",\"t_ms\":0,\"ch\":1,\"by\":\"a\",\"cast\":0,\"len\":2}",
        "{\"n\":1,\"dir\":\"gate\",\"t_ms\":0,\"ch\":1,\"by\":\"a\",\"cast\":2,\"len\":2}",
        ("{\"n\":1,\"dir\":\"up\",\"t_ms\":0,\"ch\":2,\"by\":\"a\",\"len\":17,\"leaf\":"
         "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}"),
        ("{\"n\":1,\"dir\":\"down\",\"t_ms\":0,\"ch\":2,\"by\":\"a\",\"len\":15,\"leaf\":"
         "\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}"),
        ("{\"n\":1,\"dir\":\"down\",\"t_ms\":0,\"ch\":2,\"by\":\"a\",\"len\":17,\"leaf\":"
         "\"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\"}"),
        "{\"n\":1, \"dir\":\"up\",\"t_ms\":0,\"ch\":0,\"by\":\"a\",\"len\":2,\"data\":{}}",
        "{\"n\":1,\"dir\":\"up\",\"t_ms\":0,\"ch\":0,\"by\":\"\\u0061\",\"len\":2,\"data\":{}}",
        "{\"n\":1,\"dir\":\"up\",\"t_ms\":0,\"ch\":0,\"by\":\"a\",\"len\":2,\"data\":{}} ",
        "{\"n\":1.0,\"dir\":\"up\",\"t_ms\":0,\"ch\":0,\"by\":\"a\",\"len\":2,\"data\":{}}",
        "{\"n\":1,\"dir\":\"up\",\"t_ms\":0,\"ch\":0,\"by\":\"a\",\"len\":2,\"data\":{}]",
        "{\"n\":1,\"dir\":\"up\",\"t_ms\":0,\"ch\":0,\"by\":\"a\",\"len\":99999999,\"data\":{}}",
        "{\"n\":1,\"dir\":\"up\",\"t_ms\":0,\"ch\":0,\"by\":\"a\",\"len\":2,\"data\":"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct transcript_line line;
        struct fault fault = {""};
        cr_expect_eq(transcript_line_parse(rows[i], strlen(rows[i]), &line, &fault), RESULT_CORRUPT, "%s", rows[i]);
        cr_expect_str_not_empty(fault.text, "%s", rows[i]);
    }
}

Test(transcript, terminal_text_survives_the_cast_byte_for_byte) {
    static const struct {
        const char *text;
        size_t count;
    } rows[] = {{"", 0},
                {"hello", 5},
                {"\0\1\2\33[0m\177", 8},
                {"\"\\/\b\f\n\r\t", 8},
                {"測試 °\xf0\x9f\x98\x80", 14},
                {"\xe2\x80\xa8", 3},
                {"[1.0,\"o\",\"x\"]\n", 14}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct transcript_cast cast = {.t_ms = 61234, .kind = 'o', .text = rows[i].text, .count = rows[i].count}, back;
        struct buf line, text;
        struct fault fault = {""};
        buf_init(&line, 4096);
        buf_init(&text, 4096);
        transcript_cast_print(&cast, &line);
        cr_expect_eq(memchr(line.data, '\n', line.count), line.data + line.count - 1, "one line");
        cr_assert_eq(transcript_cast_parse(buf_text(&line), line.count - 1, &back, &text, &fault), RESULT_OK, "%s",
                     fault.text);
        cr_expect_eq(back.t_ms, 61234);
        cr_expect_eq(back.count, rows[i].count);
        cr_expect_arr_eq(back.text, rows[i].text, rows[i].count);
        buf_fini(&line);
        buf_fini(&text);
    }
}

Test(transcript, cast_lines_that_nobody_wrote_are_refused) {
    static const char *const rows[] = {"",
                                       "[]",
                                       "{}",
                                       "[0.001,\"o\"]",
                                       "[0.001,\"o\",\"x\",1]",
                                       "[0.1,\"o\",\"x\"]",
                                       "[0.001,\"x\",\"x\"]",
                                       "[-1.000,\"o\",\"x\"]",
                                       "[1e3,\"o\",\"x\"]",
                                       "[0.001,\"o\",\"\\u0041\"]",
                                       "[0.001, \"o\",\"x\"]",
                                       "[0.001,\"o\",7]"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct transcript_cast cast;
        struct buf text;
        struct fault fault = {""};
        buf_init(&text, 4096);
        cr_expect_eq(transcript_cast_parse(rows[i], strlen(rows[i]), &cast, &text, &fault), RESULT_CORRUPT, "%s",
                     rows[i]);
        buf_fini(&text);
    }
}

Test(transcript, a_path_names_a_session_or_nothing) {
    static const struct {
        const char *path, *base;
    } rows[] = {{"/t/11111111-1111-4111-8111-111111111111.cast", "/t/11111111-1111-4111-8111-111111111111"},
                {"11111111-1111-4111-8111-111111111111.seal", "11111111-1111-4111-8111-111111111111"},
                {"/t/11111111-1111-4111-8111-111111111111", "/t/11111111-1111-4111-8111-111111111111"},
                {"/t/11111111-1111-4111-8111-111111111111.txt", NULL},
                {"/t/session.cast", NULL},
                {".cast", NULL},
                {"", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char base[TRANSCRIPT_PATH_BYTES];
        struct fault fault = {""};
        enum result result = transcript_base(rows[i].path, base, &fault);
        cr_expect_eq(result == RESULT_OK, rows[i].base != NULL, "%s", rows[i].path);
        if (rows[i].base != NULL) {
            cr_expect_str_eq(base, rows[i].base);
        }
    }
}

Test(record, never_over_an_old_recording) {
    struct stage s;
    struct record *record = NULL;
    struct fault fault = {""};
    stage_open(&s);
    struct record_options options = {.dir = s.dir,
                                     .session = s.options.session,
                                     .device = "d",
                                     .engineer = "e",
                                     .subject = "s",
                                     .cap_bytes = 1 << 20};
    cr_assert_eq(record_open(&options, &record, &fault), RESULT_OK, "%s", fault.text);
    record_close(record);
    cr_expect_eq(record_open(&options, &record, &fault), RESULT_CONFLICT);
    size_t count;
    char *text = stage_read(&s, ".jsonl", &count);
    cr_expect_gt(count, 0, "the old one is as it was");
    free(text);
    stage_close(&s);
}

Test(record, what_it_refuses) {
    struct stage s;
    struct record *record;
    struct fault fault = {""};
    stage_open(&s);
    struct record_options options = {.dir = s.dir,
                                     .session = s.options.session,
                                     .device = "d",
                                     .engineer = "e",
                                     .subject = "s",
                                     .cap_bytes = 1 << 20};
    cr_assert_eq(record_open(&options, &record, &fault), RESULT_OK);
    struct frame terminal = {.channel = CHANNEL_TERMINAL, .bytes = (const uint8_t *)"x", .count = 1};
    cr_expect_eq(record_frame(record, DIRECTION_UP, &terminal, "d", 0, &fault), RESULT_CONFLICT);
    struct frame credit = {.channel = CHANNEL_CREDIT, .bytes = (const uint8_t *)"12345", .count = 5};
    cr_expect_eq(record_frame(record, DIRECTION_UP, &credit, "d", 0, &fault), RESULT_BAD_INPUT);
    cr_expect_eq(record_finish(record, 0, &fault), RESULT_OK);
    cr_expect_eq(record_note(record, "{}", 2, 0, &fault), RESULT_IO, "nothing after the end");
    record_close(record);
    stage_close(&s);
}
