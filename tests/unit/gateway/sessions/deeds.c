/* Recordings made by hand, with every rung of the ladder in them: what can be searched for, and what the report says.
 */
#include "sessions/deeds.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sessions/lines.h"
#include "sessions/mask.h"
#include "sessions/record.h"
#include "sessions/report.h"

#define SESSION "11111111-1111-4111-8111-111111111111"

struct tape {
    char dir[64], base[128];
    struct record *record;
    int64_t t_ms;
};

static void tape_open(struct tape *t) {
    struct fault fault = {""};
    snprintf(t->dir, sizeof t->dir, "/tmp/fieldline-deeds-XXXXXX");
    cr_assert_not_null(mkdtemp(t->dir));
    snprintf(t->base, sizeof t->base, "%s/" SESSION, t->dir);
    struct record_options options = {.dir = t->dir,
                                     .session = SESSION,
                                     .device = "freezer-7",
                                     .engineer = "ann",
                                     .subject = "too warm",
                                     .ticket = 17,
                                     .wall_ms = 1700000000000,
                                     .cap_bytes = 1 << 24};
    cr_assert_eq(record_open(&options, &t->record, &fault), RESULT_OK, "%s", fault.text);
    t->t_ms = 0;
}

static void tape_close(struct tape *t) {
    char command[128];
    record_close(t->record);
    snprintf(command, sizeof command, "rm -rf %s", t->dir);
    cr_assert_eq(system(command), 0);
}

/* One of "down ann", "up", "gate"; a second later than the one before. */
static void say(struct tape *t, const char *who, const char *json) {
    struct fault fault = {""};
    struct frame frame = {.channel = CHANNEL_CONTROL, .bytes = (const uint8_t *)json, .count = strlen(json)};
    t->t_ms += 1000;
    enum result result;
    int columns, rows;
    const char *size = strstr(json, "\"cols\":");
    if (strcmp(who, "gate") == 0) {
        result = record_note(t->record, json, strlen(json), t->t_ms, &fault);
    } else if (size != NULL && sscanf(size, "\"cols\":%d,\"rows\":%d", &columns, &rows) == 2) {
        result = record_size(t->record, &frame, who, columns, rows, t->t_ms, &fault);
    } else {
        result = record_frame(t->record, strcmp(who, "up") == 0 ? DIRECTION_UP : DIRECTION_DOWN, &frame,
                              strcmp(who, "up") == 0 ? "freezer-7" : who, t->t_ms, &fault);
    }
    cr_assert_eq(result, RESULT_OK, "%s: %s", json, fault.text);
}

static void show(struct tape *t, enum direction dir, const char *by, const char *text) {
    struct fault fault = {""};
    struct frame frame = {.channel = CHANNEL_TERMINAL, .bytes = (const uint8_t *)text, .count = strlen(text)};
    t->t_ms += 1000;
    cr_assert_eq(record_frame(t->record, dir, &frame, by, t->t_ms, &fault), RESULT_OK, "%s", fault.text);
}

#define CALL(id, method, params)                                                                                       \
    "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"" method "\",\"params\":{" params "}}"
#define NOTE(method, params) "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"params\":{" params "}}"
#define ANSWER(id, result)   "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"result\":{" result "}}"
#define REFUSAL(id, text)    "{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"error\":{\"code\":-1,\"message\":\"" text "\"}}"

/* Frames whose numbers the tests below name begin with 1. */
static void play_everything(struct tape *t) {
    static const struct {
        const char *who, *json;
    } frames[] = {
        {"gate", NOTE("session.people", "\"people\":[{\"name\":\"ann\",\"part\":\"engineer\",\"in_call\":false}]")},
        {"ann", CALL(1, "diagnose.run", "\"name\":\"disk\",\"args\":{\"path\":\"/var\"}")},
        {"up", NOTE("diagnose.output", "\"id\":1,\"text\":\"the disk is ha\"")},
        {"up", NOTE("diagnose.output", "\"id\":1,\"text\":\"lf full\\nsecond line\"")},
        {"up", ANSWER(1, "\"exit\":2,\"truncated\":true,\"took_ms\":40")},
        {"ann", CALL(2, "diagnose.run", "\"name\":\"fan\"")},
        {"up", ANSWER(2, "\"exit\":0,\"output\":\"fan turns\",\"truncated\":false,\"took_ms\":7")},
        {"ann", CALL(3, "diagnose.run", "\"name\":\"x-ray\"")},
        {"up", REFUSAL(3, "there is no diagnostic x-ray")},
        {"ann", CALL(4, "configure.set", "\"values\":{\"limit\":7},\"confirm_s\":60")},
        {"up", ANSWER(4, "\"change\":9,\"before\":{\"limit\":5},\"after\":{\"limit\":7},\"confirm_by_ms\":1")},
        {"ann", CALL(5, "configure.confirm", "\"change\":9")},
        {"up", ANSWER(5, "")},
        {"ann", CALL(6, "configure.set", "\"values\":{\"fan\":\"off\"},\"confirm_s\":5")},
        {"up", ANSWER(6, "\"change\":10,\"before\":{\"fan\":\"on\"},\"after\":{\"fan\":\"off\"},\"confirm_by_ms\":1")},
        {"up", NOTE("configure.reverted", "\"change\":10,\"why\":\"too_hot\",\"values\":{\"fan\":\"on\"}")},
        {"ann", CALL(7, "configure.set", "\"values\":{\"limit\":999},\"confirm_s\":5")},
        {"up", REFUSAL(7, "limit must be below 10")},
        {"ann", CALL(8, "file.get", "\"stream\":1,\"root\":\"logs\",\"path\":\"a|b.txt\"")},
        {"up", ANSWER(8, "\"size\":2048,\"mtime_ms\":1,\"offset\":0")},
        {"up", NOTE("stream.closed",
                    "\"stream\":1,\"reason\":\"done\",\"up_bytes\":2048,\"down_bytes\":0,\"sha256\":\"abcd\"")},
        {"ann",
         CALL(9, "file.put", "\"stream\":2,\"root\":\"in\",\"path\":\"fw.bin\",\"size\":10,\"sha256\":\"ef01\"")},
        {"up", REFUSAL(9, "in is for reading only")},
        {"ann", CALL(10, "forward.open", "\"stream\":3,\"name\":\"web\"")},
        {"up", ANSWER(10, "")},
        {"up", NOTE("stream.closed", "\"stream\":3,\"reason\":\"closed\",\"up_bytes\":300,\"down_bytes\":40")},
        {"ann", CALL(11, "screen.open", "\"stream\":4,\"name\":\"display\",\"view_only\":true")},
        {"up", ANSWER(11, "")},
        {"gate", NOTE("session.people", "\"people\":[{\"name\":\"ann\",\"part\":\"engineer\",\"in_call\":false},"
                                        "{\"name\":\"eva\",\"part\":\"moderator\",\"in_call\":false}]")},
        {"gate", NOTE("chat.said", "\"by\":\"eva\",\"text\":\"stop <b>that</b> 压缩机\",\"t_ms\":1")},
        {"gate", NOTE("session.frozen", "\"by\":\"eva\",\"why\":\"moderator\"")},
        {"gate", NOTE("session.people", "\"people\":[{\"name\":\"ann\",\"part\":\"engineer\",\"in_call\":false}]")},
        {"gate", NOTE("session.error", "\"code\":\"denied\",\"text\":\"shell was not granted\",\"to\":\"ann\"")},
        {"gate", NOTE("transcript.hole", "\"from_ms\":3000,\"to_ms\":9000,\"text\":\"the link was cut\"")},
        {"up", NOTE("observe.log", "\"t\":1,\"sev\":3,\"app\":\"kernel\",\"msg\":\"oom killer\"")},
        {"up", NOTE("observe.sample", "\"t\":1,\"values\":{\"a/b\":1}")},
        {"ann", CALL(12, "terminal.open", "\"cols\":40,\"rows\":5")},
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        say(t, frames[i].who, frames[i].json);
    }
    show(t, DIRECTION_UP, "freezer-7", "# ");
    show(t, DIRECTION_DOWN, "ann", "reboot\r");
    show(t, DIRECTION_UP, "freezer-7", "re\033[1mboot\033[0ming 测试\r\n");
    say(t, "up", NOTE("terminal.closed", "\"exit\":0,\"signal\":0"));
    say(t, "gate", NOTE("call.started", "\"by\":\"ann\",\"media\":[\"audio\"]"));
    say(t, "gate", NOTE("call.changed", "\"by\":\"ann\",\"media\":[\"audio\",\"screen\"]"));
    say(t, "gate", NOTE("call.left", "\"by\":\"ann\",\"seconds\":2,\"media\":[\"audio\",\"screen\"]"));
}

static bool add_line(void *self, const struct line *line) {
    buf_printf(self, "%s %s %llu: %s\n", line_kind_name(line->kind), line->by, (unsigned long long)line->n, line->text);
    return true;
}

static const char *read_all(struct tape *t, struct buf *out, struct lines_figures *figures) {
    struct fault fault = {""};
    buf_init(out, 1024 * 1024);
    cr_assert_eq(lines_read(NULL, NULL, t->base, add_line, out, figures, &fault), RESULT_OK, "%s", fault.text);
    return buf_text(out);
}

Test(lines, every_kind_is_found_with_its_frame_and_author) {
    static const char *const wanted[] = {
        "diagnostic ann 2: disk {\"path\":\"/var\"}\n",
        "diagnostic freezer-7 4: the disk is half full\n",
        "diagnostic freezer-7 4: second line\n",
        "diagnostic freezer-7 7: fan turns\n",
        "diagnostic ann 8: x-ray there is no diagnostic x-ray\n",
        "parameter ann 10: {\"limit\":5} {\"limit\":7}\n",
        "parameter freezer-7 16: 10 too_hot {\"fan\":\"on\"}\n",
        "file ann 19: logs/a|b.txt done\n",
        "port ann 24: web closed\n",
        "port ann 27: display view only the session ended\n",
        "chat eva 30: stop <b>that</b> 压缩机\n",
        "log freezer-7 35: kernel oom killer\n",
        "typed ann 39: reboot\n",
        "screen freezer-7 40: # rebooting 测试\n",
    };
    struct tape t;
    struct buf out;
    struct lines_figures figures;
    tape_open(&t);
    play_everything(&t);
    const char *all = read_all(&t, &out, &figures);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        cr_expect_not_null(strstr(all, wanted[i]), "%s is not in\n%s", wanted[i], all);
    }
    cr_expect_null(strstr(all, "\033"));
    cr_expect_not(figures.is_cut);
    buf_fini(&out);
    tape_close(&t);
}

Test(lines, a_flood_is_cut_and_says_so) {
    struct tape t;
    struct buf out;
    struct lines_figures figures;
    char text[8000];
    tape_open(&t);
    say(&t, "ann", CALL(1, "terminal.open", "\"cols\":80,\"rows\":24"));
    for (int i = 0, n = 0; i < 120; i++) {
        size_t at = 0;
        while (at < sizeof text - 40) {
            at += (size_t)snprintf(text + at, sizeof text - at, "line %d\r\n", n++);
        }
        show(&t, DIRECTION_UP, "freezer-7", text);
    }
    (void)read_all(&t, &out, &figures);
    cr_expect(figures.is_cut);
    cr_expect_eq(figures.lines, LINES_MAX);
    buf_fini(&out);
    tape_close(&t);
}

Test(lines, the_same_line_again_within_a_minute_is_one) {
    struct tape t;
    struct buf out;
    struct lines_figures figures;
    tape_open(&t);
    say(&t, "ann", CALL(1, "terminal.open", "\"cols\":80,\"rows\":3"));
    for (int i = 0; i < 20; i++) {
        show(&t, DIRECTION_UP, "freezer-7", "\033[2J\033[Hload 1.0");
        show(&t, DIRECTION_UP, "freezer-7", "\033[2J\033[Hload 2.0");
    }
    (void)read_all(&t, &out, &figures);
    cr_expect_eq(figures.lines, 2);
    buf_fini(&out);
    tape_close(&t);
}

/* Whatever is written in the recording as SECRET-n is covered, its neighbours are there. */
static void play_secrets(struct tape *t) {
    static const struct {
        const char *who, *json;
    } frames[] = {
        {"ann", CALL(1, "diagnose.run", "\"name\":\"login\",\"args\":{\"password\":\"SECRET-1\"}")},
        {"up", NOTE("diagnose.output", "\"id\":1,\"text\":\"user=bob pass\"")},
        {"up", NOTE("diagnose.output", "\"id\":1,\"text\":\"word=SECRET-2 host=plc\"")},
        {"up", ANSWER(1, "\"exit\":0,\"truncated\":false,\"took_ms\":4")},
        {"ann",
         CALL(2, "configure.set", "\"values\":{\"wifi_password\":\"SECRET-\\\"3\",\"limit\":7},\"confirm_s\":60")},
        {"up", ANSWER(2, "\"change\":9,\"before\":{\"wifi_password\":\"SECRET-4\",\"limit\":5},"
                         "\"after\":{\"wifi_password\":\"SECRET-\\\"3\",\"limit\":7},\"confirm_by_ms\":1")},
        {"gate", NOTE("chat.said", "\"by\":\"eva\",\"text\":\"try token: SECRET-5 once\",\"t_ms\":1")},
        {"up", NOTE("observe.log", "\"t\":1,\"sev\":3,\"app\":\"ftpd\",\"msg\":\"mount ftp://bob:SECRET-6@host\"")},
        {"ann", CALL(3, "terminal.open", "\"cols\":60,\"rows\":9")},
    };
    for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
        say(t, frames[i].who, frames[i].json);
    }
    show(t, DIRECTION_DOWN, "ann", "mount -o password=SECRET-7 /mnt\r");
    show(t, DIRECTION_UP, "freezer-7", "# mount -o pass\033[1mword=SECRET");
    show(t, DIRECTION_UP, "freezer-7", "-7 /mnt\r\nmounted on /mnt\r\n# cat key\r\n");
    show(t, DIRECTION_UP, "freezer-7",
         "-----BEGIN EC PRIVATE KEY-----\r\nSECRET-8abc\r\nSECRET-9def\r\n"
         "-----END EC PRIVATE KEY-----\r\nafter the key\r\n");
    say(t, "up", NOTE("terminal.closed", "\"exit\":0,\"signal\":0"));
}

static const char *const neighbours[] = {
    "user=bob", "host=plc",  "limit",           "try token:", "once",          "mount -o",
    "/mnt",     "mount ftp", "mounted on /mnt", "cat key",    "after the key", "BEGIN EC PRIVATE KEY"};

Test(lines, secrets_are_covered_and_their_neighbours_found) {
    struct tape t;
    struct buf out, clear;
    struct lines_figures figures;
    struct mask *mask = NULL;
    struct fault fault = {""};
    tape_open(&t);
    play_secrets(&t);
    cr_assert_eq(mask_new(NULL, &mask, &fault), RESULT_OK, "%s", fault.text);
    buf_init(&out, 1024 * 1024);
    cr_assert_eq(lines_read(NULL, mask, t.base, add_line, &out, &figures, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_null(strstr(buf_text(&out), "SECRET"), "%s", buf_text(&out));
    for (size_t i = 0; i < sizeof neighbours / sizeof *neighbours; i++) {
        cr_expect_not_null(strstr(buf_text(&out), neighbours[i]), "%s is not in\n%s", neighbours[i], buf_text(&out));
    }
    const char *all = read_all(&t, &clear, &figures);
    cr_expect_not_null(strstr(all, "SECRET-7"), "without a mask nothing is covered, or this test shows nothing");
    cr_expect_not_null(strstr(all, "SECRET-9"));
    mask_free(mask);
    buf_fini(&out);
    buf_fini(&clear);
    tape_close(&t);
}

Test(report, secrets_are_covered) {
    struct tape t;
    struct buf out;
    struct mask *mask = NULL;
    struct fault fault = {""};
    struct session row = {.id = SESSION,
                          .ticket = 17,
                          .device = "freezer-7",
                          .engineer = "ann",
                          .reason = "his password: SECRET-0 fails"};
    tape_open(&t);
    play_secrets(&t);
    cr_assert_eq(mask_new(NULL, &mask, &fault), RESULT_OK, "%s", fault.text);
    buf_init(&out, 512 * 1024);
    cr_assert_eq(session_report(NULL, mask, &row, t.dir, "token=SECRET", &out, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_null(strstr(buf_text(&out), "SECRET"), "%s", buf_text(&out));
    cr_expect_not_null(strstr(buf_text(&out), "limit: 5 → 7"), "%s", buf_text(&out));
    cr_expect_not_null(strstr(buf_text(&out), "mount -o password=******** /mnt"), "%s", buf_text(&out));
    mask_free(mask);
    buf_fini(&out);
    tape_close(&t);
}

Test(lines, a_recording_that_is_not_there_has_none) {
    struct lines_figures figures;
    struct fault fault;
    struct buf out;
    buf_init(&out, 100);
    cr_expect_eq(lines_read(NULL, NULL, "/nonexistent/" SESSION, add_line, &out, &figures, &fault), RESULT_NOT_FOUND);
    cr_expect_eq(figures.lines, 0);
    buf_fini(&out);
}

Test(report, has_every_rung_of_the_ladder) {
    static const char *const wanted[] = {
        "- 3 diagnostics run, 2 of them with a finding",
        "| disk \\{\"path\":\"/var\"\\} | exit 2, 40 ms, output cut |",
        "| fan | exit 0, 7 ms |",
        "| x-ray | there is no diagnostic x-ray |",
        "| limit: 5 → 7 | confirmed by ann |",
        "| fan: \"on\" → \"off\" | reverted by the product: too\\_hot |",
        "| limit: 999 | limit must be below 10 |",
        "| logs/a\\|b.txt | from the product | 2048 bytes | abcd | done |",
        "| in/fw.bin | to the product | 10 bytes |  | in is for reading only |",
        "| port web | 2 s | 300 bytes up, 40 down | closed |",
        "screen display, view only",
        "| eva | stop \\<b\\>that\\</b\\> 压缩机 |",
        "| eva | moderator | 3 s |",
        "## Help calls",
        "| 00:42 | ann | 2 s |",
        "| 00:42 | ann | joined the help call: audio, screen |",
        "| 00:44 | ann | left the help call |",
        "| eva | froze the session |",
        "| ann | shell was not granted |",
        "## Holes in the recording",
        "the link was cut",
        "the recording has 1 holes",
        "ann  reboot\n",
        "| ann | terminal closed: exit 0 |",
    };
    struct tape t;
    struct buf out;
    struct fault fault = {""};
    tape_open(&t);
    play_everything(&t);
    struct session row = {
        .id = SESSION, .ticket = 17, .device = "freezer-7", .engineer = "ann", .state = SESSION_ENDED};
    buf_init(&out, 512 * 1024);
    cr_assert_eq(session_report(NULL, NULL, &row, t.dir, "too warm", &out, &fault), RESULT_OK, "%s", fault.text);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        cr_expect_not_null(strstr(buf_text(&out), wanted[i]), "%s is not in\n%s", wanted[i], buf_text(&out));
    }
    buf_fini(&out);
    tape_close(&t);
}

Test(report, frames_that_are_no_vocabulary_do_no_harm) {
    static const struct {
        const char *who, *json;
    } frames[] = {
        {"ann", "{\"method\":\"configure.set\"}"},
        {"ann", "{\"id\":1,\"method\":\"configure.set\",\"params\":[1]}"},
        {"up", "{\"id\":1,\"result\":7}"},
        {"up", "{\"id\":1,\"error\":\"no\"}"},
        {"up", "{\"id\":77,\"result\":{}}"},
        {"up", "[1,2,3]"},
        {"up", "7"},
        {"up", NOTE("stream.closed", "\"stream\":-1")},
        {"up", NOTE("stream.closed", "\"stream\":\"one\"")},
        {"up", NOTE("configure.reverted", "\"change\":{\"a\":[1]},\"values\":3")},
        {"up", NOTE("diagnose.output", "\"id\":5,\"text\":\"whose\"")},
        {"ann", CALL(2, "file.get", "\"stream\":1")},
        {"ann", CALL(3, "file.get", "\"stream\":1,\"root\":7,\"path\":{}")},
        {"gate", NOTE("session.people", "\"people\":7")},
        {"gate", NOTE("session.people", "\"people\":[7,{},{\"name\":\"\"},{\"name\":4}]")},
        {"gate", NOTE("chat.said", "\"by\":\"eva\"")},
        {"gate", NOTE("transcript.hole", "\"from_ms\":\"x\"")},
    };
    struct tape t;
    struct buf out;
    struct fault fault = {""};
    struct lines_figures figures;
    tape_open(&t);
    for (int round = 0; round < 8; round++) {
        for (size_t i = 0; i < sizeof frames / sizeof *frames; i++) {
            say(&t, frames[i].who, frames[i].json);
        }
    }
    (void)read_all(&t, &out, &figures);
    buf_fini(&out);
    struct session row = {.id = SESSION, .state = SESSION_ENDED};
    buf_init(&out, 512 * 1024);
    cr_expect_eq(session_report(NULL, NULL, &row, t.dir, "", &out, &fault), RESULT_OK, "%s", fault.text);
    buf_fini(&out);
    tape_close(&t);
}
