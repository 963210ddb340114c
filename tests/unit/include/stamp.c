/* The stamp's properties: what is taken, and what is wrong with the rest. */
#include <criterion/criterion.h>
#include <string.h>

#include "fieldline/message.h"

#define UUID "11111111-2222-4333-8444-555555555555"

/* Properties are "key=value;key=value". */
static const char *take(const char *text, struct wire_stamp *stamp, bool *has_stream) {
    *stamp = (struct wire_stamp){0};
    while (*text) {
        const char *is = strchr(text, '='), *end = strchr(text, ';');
        const size_t chars = end ? (size_t)(end - is - 1) : strlen(is + 1);
        const char *wrong = wire_stamp_take(stamp, text, (size_t)(is - text), is + 1, chars);
        if (wrong)
            return wrong;
        text = end ? end + 1 : is + 1 + chars;
    }
    return wire_stamp_end(stamp, has_stream);
}

Test(stamp, takes_what_is_right) {
    static const struct {
        const char *text, *boot;
        uint64_t seq, from;
        int64_t mono_ms, wall_ms;
        bool has_stream;
    } rows[] = {
        {"", "", 0, 0, 0, 0, false},
        {"stream=" UUID ";seq=7", "", 7, 7, 0, 0, true},
        {"seq=7;stream=" UUID ";from=3", "", 7, 3, 0, 0, true},
        {"seq=9223372036854775807;stream=" UUID, "", INT64_MAX, INT64_MAX, 0, 0, true},
        {"clock=" UUID " 12 34", UUID, 0, 0, 12, 34, false},
        {"stream=" UUID ";seq=1;clock=" UUID " 0 1700000000000", UUID, 1, 1, 0, 1700000000000, true},
        {"colour=blue;streams=x;seq=2;stream=" UUID, "", 2, 2, 0, 0, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wire_stamp s;
        bool has_stream;
        const char *wrong = take(rows[i].text, &s, &has_stream);
        cr_expect_null(wrong, "%s: %s", rows[i].text, wrong);
        cr_expect_eq(has_stream, rows[i].has_stream, "%s", rows[i].text);
        cr_expect_eq(s.seq, rows[i].seq, "%s", rows[i].text);
        cr_expect_eq(s.from, rows[i].from, "%s", rows[i].text);
        cr_expect_eq(s.mono_ms, rows[i].mono_ms, "%s", rows[i].text);
        cr_expect_eq(s.wall_ms, rows[i].wall_ms, "%s", rows[i].text);
        cr_expect_str_eq(s.boot, rows[i].boot, "%s", rows[i].text);
    }
}

Test(stamp, says_what_is_wrong) {
    static const struct {
        const char *text, *wrong;
    } rows[] = {
        {"seq=1", "stream and seq come together or not at all"},
        {"stream=" UUID, "stream and seq come together or not at all"},
        {"stream=" UUID ";seq=0", "seq is not a positive number"},
        {"stream=" UUID ";seq=-1", "seq is not a positive number"},
        {"stream=" UUID ";seq=", "seq is not a positive number"},
        {"stream=" UUID ";seq=9223372036854775808", "seq is not a positive number"},
        {"stream=" UUID ";seq=3;from=4", "from is beyond seq"},
        {"stream=" UUID ";seq=3;from=x", "from is not a positive number"},
        {"from=4", "from is beyond seq"},
        {"stream=11111111;seq=1", "stream is not a UUID"},
        {"stream=11111111-2222-4333-8444-55555555555Z;seq=1", "stream is not a UUID"},
        {"clock=", "clock is not 'BOOT MONO WALL'"},
        {"clock=" UUID, "clock is not 'BOOT MONO WALL'"},
        {"clock=" UUID " 1", "clock is not 'BOOT MONO WALL'"},
        {"clock=" UUID " 1 ", "clock is not 'BOOT MONO WALL'"},
        {"clock=" UUID " 1 2 3", "clock is not 'BOOT MONO WALL'"},
        {"clock=" UUID " -1 2", "clock is not 'BOOT MONO WALL'"},
        {"clock=" UUID "  1 2", "clock is not 'BOOT MONO WALL'"},
        {"clock=boot 1 2", "clock is not 'BOOT MONO WALL'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct wire_stamp s;
        bool has_stream = true;
        const char *wrong = take(rows[i].text, &s, &has_stream);
        cr_expect_str_eq(wrong ? wrong : "", rows[i].wrong, "%s", rows[i].text);
    }
}

Test(stamp, prints_a_clock_that_reads_back) {
    struct wire_stamp in = {.boot = UUID, .mono_ms = INT64_MAX, .wall_ms = INT64_MAX}, out = {0};
    char text[WIRE_CLOCK_CHARS + 1];
    wire_clock_print(&in, text);
    cr_assert_null(wire_stamp_take(&out, WIRE_CLOCK, strlen(WIRE_CLOCK), text, strlen(text)));
    cr_assert_str_eq(out.boot, in.boot);
    cr_assert_eq(out.mono_ms, in.mono_ms);
    cr_assert_eq(out.wall_ms, in.wall_ms);
}
