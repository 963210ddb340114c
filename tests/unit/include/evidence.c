/* Blocks of evidence come back bit for bit, refuse what is not one, and the JSON around them says what is wrong. */
#include "fieldline/evidence.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1795309549000)

static uint8_t block[CAP_EVIDENCE_PART_BYTES];
static struct evidence_writer writer;
static struct evidence_reader reader;
static struct evidence_item item;
static struct fault fault;

static enum result next(bool *is_end) {
    return evidence_next(&reader, &item, is_end, &fault);
}

Test(evidence, every_value_comes_back_bit_for_bit) {
    static const double values[] = {0,
                                    -0.0,
                                    1,
                                    -1,
                                    18.25,
                                    18.24,
                                    -40.125,
                                    1e9,
                                    0.1,
                                    0.2,
                                    0.1 + 0.2,
                                    1.0 / 3,
                                    DBL_MAX,
                                    DBL_MIN,
                                    5e-324,
                                    123456789.123456789,
                                    1e15,
                                    9007199254740991.0,
                                    9007199254740993.0,
                                    -9007199254740992.0,
                                    1e300,
                                    0.000000001,
                                    0.0000000001,
                                    3.5,
                                    3.25,
                                    3.125};
    enum { COUNT = sizeof values / sizeof values[0] };
    bool is_end;
    evidence_begin(&writer, block, sizeof block);
    for (size_t i = 0; i < COUNT; i++)
        cr_assert_eq(evidence_add_sample(&writer, "a", i % 2 ? "door" : "", NOW + (int64_t)(i % 3) * 7 - 5, values[i]),
                     RESULT_OK);
    cr_assert_eq(evidence_open(&reader, block, writer.count, &fault), RESULT_OK);
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert_eq(next(&is_end), RESULT_OK, "%zu: %s", i, fault.text);
        cr_assert_not(is_end);
        cr_expect_eq(memcmp(&item.sample.value, &values[i], sizeof values[i]), 0, "%zu: %.17g", i, values[i]);
        cr_expect_eq(item.sample.event_ms, NOW + (int64_t)(i % 3) * 7 - 5);
        cr_expect_str_eq(item.sample.part, i % 2 ? "door" : "");
    }
    cr_expect_eq(next(&is_end), RESULT_OK);
    cr_expect(is_end);
}

Test(evidence, a_steady_sensor_takes_four_bytes_a_sample) {
    evidence_begin(&writer, block, sizeof block);
    for (int i = 0; i < 4000; i++)
        cr_assert_eq(evidence_add_sample(&writer, "air_temperature", "", NOW + i * 100, -18 + 0.01 * (i % 40)),
                     RESULT_OK);
    cr_expect_lt(writer.count, 4000 * 5, "%zu bytes", writer.count);
}

Test(evidence, log_lines_come_back) {
    struct log_record log = {
        .event_ms = NOW, .severity = 4, .facility = 3, .is_cut = true, .app = "pump", .text = "泵堵塞"};
    bool is_end;
    evidence_begin(&writer, block, sizeof block);
    cr_assert_eq(evidence_add_log(&writer, &log), RESULT_OK);
    cr_assert_eq(evidence_open(&reader, block, writer.count, &fault), RESULT_OK);
    cr_assert_eq(next(&is_end), RESULT_OK, "%s", fault.text);
    cr_expect(item.is_log && item.log.is_cut && item.log.severity == 4 && item.log.facility == 3);
    cr_expect_str_eq(item.log.app, "pump");
    cr_expect_str_eq(item.log.text, "泵堵塞");
    cr_expect_eq(item.log.event_ms, NOW);
}

Test(evidence, what_cannot_be_written_is_refused_and_leaves_the_block_as_it_was) {
    static const struct {
        const char *what;
        int64_t event_ms;
        double value;
    } rows[] = {{"not a number", NOW, NAN},
                {"infinite", NOW, INFINITY},
                {"before 1970", -1, 1},
                {"after 9999", INT64_C(253402300800000), 1}};
    evidence_begin(&writer, block, sizeof block);
    const size_t before = writer.count;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(evidence_add_sample(&writer, "a", "", rows[i].event_ms, rows[i].value), RESULT_BAD_INPUT, "%s",
                     rows[i].what);
        cr_expect_eq(writer.count, before);
    }
    static const struct {
        const char *metric, *part;
    } names[] = {{"A", ""}, {"a", "/"},  {"a", " "},
                 {"", ""},  {"a b", ""}, {"a12345678901234567890123456789012345678901234567890123456789012345", ""}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect_eq(evidence_add_sample(&writer, names[i].metric, names[i].part, NOW, 1), RESULT_BAD_INPUT, "%s/%s",
                     names[i].metric, names[i].part);
    static const struct log_record logs[] = {{.event_ms = -1},
                                             {.event_ms = NOW, .severity = 8},
                                             {.event_ms = NOW, .facility = 24},
                                             {.event_ms = NOW, .app = "\xff"},
                                             {.event_ms = NOW, .text = "\xe6\xb3"}};
    for (size_t i = 0; i < sizeof logs / sizeof *logs; i++)
        cr_expect_eq(evidence_add_log(&writer, &logs[i]), RESULT_BAD_INPUT, "line %zu", i);
    cr_expect_eq(writer.count, before);
}

Test(evidence, a_full_block_stays_readable) {
    bool is_end = false;
    size_t taken = 0, read = 0;
    evidence_begin(&writer, block, 1024);
    for (char name[16] = ""; taken < 1000; taken++) {
        snprintf(name, sizeof name, "m%zu", taken);
        if (evidence_add_sample(&writer, name, "", NOW, 1.0 / 3) == RESULT_FULL)
            break;
    }
    cr_expect(taken > 20 && taken < 200 && writer.count <= 1024, "%zu", taken);
    cr_assert_eq(evidence_open(&reader, block, writer.count, &fault), RESULT_OK);
    for (; next(&is_end) == RESULT_OK && !is_end;)
        read++;
    cr_expect_eq(read, taken);
    cr_expect_eq(evidence_add_sample(&writer, "another", "", NOW, 1), RESULT_FULL);
}

Test(evidence, a_block_has_so_many_series_and_no_more) {
    char name[16];
    evidence_begin(&writer, block, sizeof block);
    for (int i = 0; i < EVIDENCE_SERIES_MAX; i++) {
        snprintf(name, sizeof name, "m%d", i);
        cr_assert_eq(evidence_add_sample(&writer, name, "", NOW, i), RESULT_OK);
    }
    cr_expect_eq(evidence_add_sample(&writer, "one_more", "", NOW, 1), RESULT_FULL);
    cr_expect_eq(evidence_add_sample(&writer, "m7", "", NOW, 1), RESULT_OK, "known ones go on");
}

Test(evidence, a_block_that_is_none_is_refused_with_its_place) {
    static const struct {
        const char *what, *bytes;
        size_t count;
        const char *says;
    } rows[] = {
        {"nothing", "", 0, "empty"},
        {"another version", "\2", 1, "version 2"},
        {"a tag cut short", "\1\x80", 2, "byte 1: a tag"},
        {"an unknown kind", "\1\x0b", 2, "unknown kind"},
        {"a sample before its series", "\1\0\0\0", 4, "did not begin"},
        {"a name cut short", "\1\3\5ab", 5, "name is cut short"},
        {"a name that is none", "\1\3\1A", 4, "no valid name"},
        {"a part that is none", "\1\3\3a/ ", 6, "no valid name"},
        {"a part of nothing", "\1\3\2a/", 5, "no valid name"},
        {"a difference to nothing", "\1\3\1a\0\2\2", 7, "number of digits"},
        {"ten digits", "\1\3\1a\1\2\12\2", 8, "number of digits"},
        {"a time before 1970", "\1\3\1a\1\1\0\2", 8, "valid time"},
        {"a double cut short", "\1\3\1a\2\2abc", 9, "cut short"},
        {"a double that is none", "\1\3\1a\2\2\0\0\0\0\0\0\xf8\x7f", 14, "not finite"},
        {"a decimal too large", "\1\3\1a\1\2\0\xff\xff\xff\xff\xff\xff\xff\x7f", 15, "too large"},
        {"a log line cut short", "\1\7\2\6\0\0\1", 7, "cut short"},
        {"a log line of severity 8", "\1\7\2\10\0\0\0\0", 8, "not valid"},
        {"a log line that is not UTF-8", "\1\7\2\6\0\0\0\1\xff", 9, "not valid"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool is_end = false;
        uint8_t *copy = malloc(rows[i].count ? rows[i].count : 1); /* of its size, for the sanitizer */
        memcpy(copy, rows[i].bytes, rows[i].count);
        enum result result = evidence_open(&reader, copy, rows[i].count, &fault);
        while (result == RESULT_OK && !is_end)
            result = next(&is_end);
        cr_expect_eq(result, RESULT_BAD_INPUT, "%s", rows[i].what);
        cr_expect(strstr(fault.text, rows[i].says), "%s: %s", rows[i].what, fault.text);
        free(copy);
    }
}

/* ---- JSON ---- */

#define ID   "\"evidence\":\"0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10\""
#define WISH ID ",\"from\":1000,\"to\":2000,\"at\":0,\"recorder\":\"\",\"max_bytes\":24576"

static struct json *parse(const char *text) {
    struct json *json;
    cr_assert_eq(json_parse(text, strlen(text), &json, &fault), RESULT_OK, "%s", text);
    return json;
}

Test(evidence, a_wish_survives_the_wire) {
    struct evidence_wish wish = {.from_ms = 1000, .to_ms = 61000, .at = 65540, .max_bytes = 4096, .metric_count = 2},
                         back;
    struct buf text;
    strcpy(wish.evidence, "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10");
    strcpy(wish.recorder, "1b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10");
    strcpy(wish.metrics[0], "a");
    strcpy(wish.metrics[1], "b_2");
    buf_init(&text, CAP_COMMAND_BYTES);
    evidence_wish_print(&wish, &text);
    struct json *json = parse(buf_text(&text));
    cr_assert_eq(evidence_wish_read(json, &back, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(memcmp(&wish, &back, sizeof wish), 0);
    json_free(json);
    buf_fini(&text);
}

Test(evidence, a_wish_that_cannot_be_is_refused) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"[]", "'args' is missing"},
        {"{}", "'evidence'"},
        {"{\"evidence\":\"x\"}", "'evidence'"},
        {"{" ID "}", "'from'"},
        {"{" ID ",\"from\":2000,\"to\":1000,\"at\":0,\"max_bytes\":1024}", "at most 3600 s"},
        {"{" ID ",\"from\":0,\"to\":3600001,\"at\":0,\"max_bytes\":1024}", "at most 3600 s"},
        {"{" ID ",\"from\":0,\"to\":1,\"at\":-1,\"max_bytes\":1024}", "'at'"},
        {"{" ID ",\"from\":0,\"to\":1,\"at\":0,\"max_bytes\":1023}", "'max_bytes'"},
        {"{" ID ",\"from\":0,\"to\":1,\"at\":0,\"max_bytes\":24577}", "'max_bytes'"},
        {"{" ID ",\"from\":0,\"to\":1,\"at\":0,\"max_bytes\":1024,\"recorder\":\"r\"}", "'recorder' is no UUID"},
        {"{" WISH ",\"metrics\":[\"a\",\"B\"]}", "item 2"},
        {"{" WISH ",\"metrics\":\"a\"}", "'metrics'"},
    };
    struct evidence_wish wish;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json *json = parse(rows[i].text);
        cr_expect_eq(evidence_wish_read(json, &wish, &fault), RESULT_BAD_INPUT, "%s", rows[i].text);
        cr_expect(strstr(fault.text, rows[i].says), "%s: %s", rows[i].text, fault.text);
        json_free(json);
    }
    cr_expect_eq(evidence_wish_read(NULL, &wish, &fault), RESULT_BAD_INPUT);
}

#define RECORDER "\"recorder\":\"1b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10\""
#define PART     ID "," RECORDER ",\"next\":0,\"held_from\":1,\"held_to\":2,\"missed\":0"

Test(evidence, a_part_survives_the_wire_at_its_largest) {
    struct evidence_part part = {.next = 70000, .missed = 3, .held_from_ms = 5, .held_to_ms = 6}, back;
    struct buf text, reply;
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)(i * 7);
    part.block = block;
    part.block_bytes = sizeof block;
    strcpy(part.evidence, "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10");
    strcpy(part.recorder, "1b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10");
    buf_init(&text, CAP_PAYLOAD_BYTES);
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    evidence_part_print(&part, &text);
    reply_encode_ok(part.evidence, buf_text(&text), &reply);
    cr_assert_not(text.overflow || reply.overflow, "it fits in a message");
    struct json *json = parse(buf_text(&text));
    cr_assert_eq(evidence_part_read(json, &back, &fault), RESULT_OK, "%s", fault.text);
    cr_expect(back.next == 70000 && back.missed == 3 && back.held_from_ms == 5 && back.held_to_ms == 6);
    cr_expect(back.block_bytes == sizeof block && memcmp(back.block, block, sizeof block) == 0);
    evidence_part_fini(&back);
    json_free(json);
    buf_fini(&reply);
    buf_fini(&text);
}

Test(evidence, a_part_that_cannot_be_is_refused) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"[]", "'result' is missing"},
        {"{" ID "}", "'recorder'"},
        {"{" ID "," RECORDER "}", "'next'"},
        {"{" ID "," RECORDER ",\"next\":-1}", "'next'"},
        {"{" ID "," RECORDER ",\"next\":0,\"held_from\":2,\"held_to\":1,\"missed\":0,\"block\":\"\"}",
         "after 'held_to'"},
        {"{" PART "}", "'block' is missing"},
        {"{" PART ",\"block\":7}", "'block'"},
        {"{" PART ",\"block\":\"a\"}", "not base64url"},
        {"{" PART ",\"block\":\"ab==\"}", "not base64url"},
    };
    struct evidence_part part;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct json *json = parse(rows[i].text);
        cr_expect_eq(evidence_part_read(json, &part, &fault), RESULT_BAD_INPUT, "%s", rows[i].text);
        cr_expect(strstr(fault.text, rows[i].says), "%s: %s", rows[i].text, fault.text);
        evidence_part_fini(&part);
        json_free(json);
    }
}
