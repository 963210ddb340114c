/* The service report, and the typed lines in it. */
#include "sessions/report.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "sessions/typed.h"
#include "stage.h"

Test(typed, keys_become_lines) {
    static const struct {
        const char *keys, *lines;
    } rows[] = {{"ls\r", "ls|"},
                {"ls\n", "ls|"},
                {"\r\r", ""},
                {"lx\177s -l\r", "ls -l|"},
                {"rm -rf /\025ls\r", "ls|"},
                {"rm\003ls\r", "ls|"},
                {"cat one two\027three\r", "cat one three|"},
                {"測x\177\177é\r", "é|"},
                {"a\033[Db\r", "ab|"},
                {"\033[A\r", "(a line from the history)|"},
                {"\033[A -x\r", " -x (after a line from the history)|"},
                {"\033OA\r", "(a line from the history)|"},
                {"one\rtwo\rthree", "one|two|"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct typed typed = {.count = 0};
        struct buf lines;
        buf_init(&lines, 4096);
        for (const char *key = rows[i].keys; *key != '\0'; key++) {
            if (typed_add(&typed, (uint8_t)*key)) {
                buf_printf(&lines, "%s|", typed.line);
            }
        }
        cr_expect_str_eq(buf_text(&lines), rows[i].lines, "%s", rows[i].keys);
        buf_fini(&lines);
    }
}

Test(typed, a_line_without_end_stays_bounded) {
    struct typed typed = {.count = 0};
    for (int i = 0; i < 5000; i++) {
        cr_assert_not(typed_add(&typed, 'x'));
    }
    cr_expect(typed.is_cut);
    cr_expect(typed_add(&typed, '\r'));
    cr_expect_eq(strlen(typed.line), TYPED_BYTES);
}

static struct session row_of(const struct stage *s) {
    struct session row = {.ticket = 17,
                          .device = "freezer-7",
                          .engineer = "ann",
                          .reason = "|pipe| <b>bold</b>",
                          .capabilities = s->live.capabilities,
                          .state = SESSION_ENDED,
                          .has_started = true,
                          .has_ended = true,
                          .started_ms = 1700000000000,
                          .ended_ms = 1700000061000,
                          .has_consent = s->live.has_consent,
                          .consent = s->live.consent,
                          .frames = s->over.frames,
                          .is_countersigned = s->over.is_countersigned,
                          .is_complete = s->over.is_complete};
    snprintf(row.id, sizeof row.id, "%s", s->options.session);
    snprintf(row.why, sizeof row.why, "%s", s->over.why);
    snprintf(row.digest, sizeof row.digest, "%s", s->over.digest);
    return row;
}

Test(report, says_who_when_why_and_what) {
    struct stage s;
    struct buf out;
    struct fault fault = {""};
    stage_open(&s);
    stage_session(&s);
    struct session row = row_of(&s);
    buf_init(&out, 64 * 1024);
    cr_assert_eq(session_report(NULL, NULL, &row, s.dir, "too warm", &out, &fault), RESULT_OK, "%s", fault.text);
    static const char *const parts[] = {"freezer-7",
                                        "ann",
                                        "too warm",
                                        "Given by owner",
                                        "ls /var/log",
                                        "(hidden input)",
                                        "| disk | exit 0, 12 ms |",
                                        "The engineer ended it.",
                                        "countersigned by the product",
                                        "1 min 1 s",
                                        "\\|pipe\\| \\<b\\>"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        cr_expect_not_null(strstr(buf_text(&out), parts[i]), "%s is not in\n%s", parts[i], buf_text(&out));
    }
    cr_expect_not_null(strstr(buf_text(&out), s.over.digest));
    cr_expect_null(strstr(buf_text(&out), "hunter2"));
    buf_fini(&out);
    stage_close(&s);
}

Test(report, a_session_without_a_recording_says_so) {
    struct session row = {.id = "11111111-1111-4111-8111-111111111111", .state = SESSION_DENIED, .why = "refused"};
    struct buf out;
    struct fault fault = {""};
    buf_init(&out, 64 * 1024);
    cr_assert_eq(session_report(NULL, NULL, &row, "/nonexistent", "x", &out, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_not_null(strstr(buf_text(&out), "no sealed recording"));
    cr_expect_not_null(strstr(buf_text(&out), "The owner refused."));
    buf_fini(&out);
}

Test(report, no_room_is_an_error) {
    struct session row = {.id = "11111111-1111-4111-8111-111111111111"};
    struct buf out;
    struct fault fault = {""};
    buf_init(&out, 100);
    cr_expect_eq(session_report(NULL, NULL, &row, "/nonexistent", "x", &out, &fault), RESULT_TOO_BIG);
    buf_fini(&out);
}
