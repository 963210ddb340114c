/* The terminal without a window: which lines could be read, and that a replay ends with what was shown. */
#include "sessions/screen.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sessions/transcript_reader.h"
#include "stage.h"

static void collect(void *self, const struct screen_when *when, const char *text) {
    buf_printf(self, "%llu:%s|", (unsigned long long)when->n, text);
}

/* Each frame of the list is a write; "#COLSxROWS" is a resize. */
static void draw(struct screen *screen, const char *const *frames) {
    struct screen_when when = {0};
    int columns, rows;
    for (size_t i = 0; frames[i] != NULL; i++) {
        when.n = i + 1;
        when.t_ms = (int64_t)i * 10;
        if (sscanf(frames[i], "#%dx%d", &columns, &rows) == 2) {
            cr_assert(screen_resize(screen, columns, rows, when));
        } else {
            cr_assert(screen_write(screen, frames[i], strlen(frames[i]), when));
        }
    }
}

Test(screen, lines_are_what_could_be_read) {
    static const struct {
        const char *what, *frames[8], *lines;
    } rows[] = {
        {"nothing", {""}, ""},
        {"a line", {"hello"}, "1:hello|"},
        {"a word coloured in its middle is one word", {"vol\033[31mta\033[0mge"}, "1:voltage|"},
        {"typed letter by letter: one line, at its last letter", {"$ ", "l", "s", "\r\n"}, "3:$ ls|"},
        {"rubbed out: what stood there is kept",
         {"$ rm -rf x", "\b\b\b\b\b\b\b\b\033[K", "ls"},
         "1:$ rm -rf x|3:$ ls|"},
        {"overwritten in place", {"loading", "\rdone\033[K"}, "1:loading|2:done|"},
        {"erased before any frame ended: need not be found", {"secret\r\033[2Kpublic"}, "1:public|"},
        {"cleared screen", {"one\r\ntwo", "\033[2J\033[H", "three"}, "1:one|1:two|3:three|"},
        {"a full-screen program and back", {"shell", "\033[?1049h\033[Htop", "\033[?1049l"}, "2:top|1:shell|"},
        {"Chinese, and characters of four bytes", {"温度过高 🙂\r\n"}, "1:温度过高 🙂|"},
        {"a combining mark stays with its letter", {"e\xcc\x81t\xc3\xa9"}, "1:e\xcc\x81t\xc3\xa9|"},
        {"a line broken at the right edge is one", {"0123456789abcdefghijKLM\r\nx"}, "1:0123456789abcdefghijKLM|1:x|"},
        {"scrolled off in one frame", {"a\r\nb\r\nc\r\nd\r\ne"}, "1:a|1:b|1:c|1:d|1:e|"},
        {"scrolled off later: the time is when it was complete",
         {"a\r\nb\r\n", "c", "\r\nd", "\r\ne"},
         "1:a|1:b|2:c|3:d|4:e|"},
        {"a resize loses nothing, and a line may grow after it",
         {"alpha\r\nbeta\r\ngamma", "#40x2", "!"},
         "1:alpha|1:beta|3:gamma!|"},
        {"title, clipboard, link: no text of the screen",
         {"\033]0;t\007\033]52;c;eA==\007\033]8;;http://x\007in\033]8;;\007"},
         "1:in|"},
        {"a device control string is no text", {"\033Pq#0;2;0;0;0\033\\in"}, "1:in|"},
        {"a question of the terminal is no text", {"\033[c\033[6n\005in"}, "1:in|"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        buf_init(&out, 64 * 1024);
        struct screen *screen = screen_new(20, 3, 0, collect, &out);
        draw(screen, rows[i].frames);
        screen_finish(screen);
        cr_expect_str_eq(buf_text(&out), rows[i].lines, "%s: %s", rows[i].what, buf_text(&out));
        screen_free(screen);
        buf_fini(&out);
    }
}

Test(screen, prints_what_stands_there) {
    struct buf out;
    buf_init(&out, 4096);
    struct screen *screen = screen_new(10, 3, 0, NULL, NULL);
    draw(screen, (const char *const[]){"one  \r\n\033[1mtwo\033[0m\r\n   three", NULL});
    screen_print(screen, &out);
    cr_expect_str_eq(buf_text(&out), "one\ntwo\n   three\n");
    screen_free(screen);
    buf_fini(&out);
}

Test(screen, sizes_are_bounded) {
    static const struct {
        int columns, rows;
    } sizes[] = {{0, 0}, {-5, 7}, {1, 1}, {1000, 1000}, {SCREEN_COLUMNS_MAX, 1}, {1, SCREEN_ROWS_MAX}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct screen *screen = screen_new(sizes[i].columns, sizes[i].rows, 0, NULL, NULL);
        cr_assert(screen_write(screen, "測測測\r\nab\033[10;10Hx", 22, (struct screen_when){1, 1}));
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            cr_assert(screen_resize(screen, sizes[k].columns, sizes[k].rows, (struct screen_when){2, 2}));
            cr_assert(screen_write(screen, "\r\n測x", 6, (struct screen_when){3, 3}));
        }
        screen_finish(screen);
        screen_free(screen);
    }
}

Test(screen, work_is_bounded) {
    struct screen *screen = screen_new(512, 256, 20 * 1000 * 1000, NULL, NULL);
    char flood[4096];
    memset(flood, '\n', sizeof flood);
    int writes = 0;
    while (screen_write(screen, flood, sizeof flood, (struct screen_when){1, 1})) {
        cr_assert_lt(++writes, 10);
    }
    cr_expect_not(screen_write(screen, "x", 1, (struct screen_when){2, 2}), "and stays over");
    screen_free(screen);
}

/* ---- promise 39 -------------------------------------------------------------------------------------------------- */

static uint32_t next(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 32);
}

static void add_code(struct buf *out, uint32_t c) {
    char text[8];
    int bytes = c < 0x80    ? snprintf(text, sizeof text, "%c", (char)c)
                : c < 0x800 ? snprintf(text, sizeof text, "%c%c", (char)(0xc0 | c >> 6), (char)(0x80 | (c & 63)))
                            : snprintf(text, sizeof text, "%c%c%c", (char)(0xe0 | c >> 12),
                                       (char)(0x80 | (c >> 6 & 63)), (char)(0x80 | (c & 63)));
    buf_add(out, text, (size_t)bytes);
}

/* What a program, a broken one or a hostile one prints. */
static void add_something(struct buf *out, uint64_t *seed) {
    static const char *const pieces[] = {"\r\n",
                                         "\n",
                                         "\r",
                                         "\t",
                                         "\b",
                                         "\033[2J",
                                         "\033[H",
                                         "\033[?1049h",
                                         "\033[?1049l",
                                         "\033[3;5r",
                                         "\033[r",
                                         "\033M",
                                         "\033D",
                                         "\033c",
                                         "\033[1;31m",
                                         "\033[0m",
                                         "\033[7m",
                                         "\033#8",
                                         "\033[?6h",
                                         "\033[?7l",
                                         "\033[?7h",
                                         "\033(0qqx\033(B",
                                         "\033]0;x\007",
                                         "\033]52;c;",
                                         "\033P+q\033\\",
                                         "\033[!p",
                                         "\033[c",
                                         "\005",
                                         "\033]8;;u\033\\",
                                         "\033_Ga=T\033\\",
                                         "測試",
                                         "e\xcc\x81",
                                         "\xf0\x9f\x99\x82",
                                         "\xe2\x80\x8b",
                                         "\xc2\x9b"
                                         "5A",
                                         "\033[38;5;200m"};
    static const char finals[] = "@ABCDEFGHIJKLMPSTXZ`abdefghlmnrsu";
    switch (next(seed) % 6) {
    case 0:
    case 1:
        for (uint32_t i = next(seed) % 30; i > 0; i--) {
            buf_add_u8(out, (uint8_t)(' ' + next(seed) % 94));
        }
        break;
    case 2: buf_str(out, pieces[next(seed) % (sizeof pieces / sizeof *pieces)]); break;
    case 3:
        buf_str(out, next(seed) % 8 == 0 ? "\033[?" : "\033[");
        for (uint32_t i = next(seed) % 4; i > 0; i--) {
            buf_printf(out, "%u%s", next(seed) % 5 == 0 ? next(seed) : next(seed) % 90, i > 1 ? ";" : "");
        }
        buf_add_u8(out, (uint8_t)finals[next(seed) % (sizeof finals - 1)]);
        break;
    case 4: add_code(out, 1 + next(seed) % 0xd7ff); break;
    default: buf_add_u8(out, (uint8_t)(1 + next(seed) % 31)); break;
    }
}

enum { SHOWS = 5, FRAMES = 240, MOMENTS = 200 };
struct show {
    int64_t t_ms[FRAMES];
    uint8_t live[FRAMES][SHA256_BYTES];
};

/* One frame through the relay: the live screen gets what the engineer's leg was sent. */
static void play(struct stage *s, struct screen *live, const char *text) {
    size_t before = s->engineer.count;
    product_terminal(s, text);
    for (size_t i = before; i < s->engineer.count; i++) {
        if (!s->engineer.sent[i].is_text && s->engineer.sent[i].bytes[0] == CHANNEL_TERMINAL) {
            cr_assert(screen_write(live, s->engineer.sent[i].bytes + 1, s->engineer.sent[i].count - 1,
                                   (struct screen_when){0}));
        }
    }
}

static void perform(struct stage *s, struct show *show, uint64_t *seed) {
    struct screen *live = screen_new(80, 24, 0, NULL, NULL);
    struct buf bytes;
    char resize[128];
    buf_init(&bytes, CAP_FRAME_BYTES);
    for (int i = 0; i < FRAMES; i++) {
        s->now += next(seed) % 3;
        if (next(seed) % 12 == 0) {
            int columns = 1 + (int)(next(seed) % 140), rows = 1 + (int)(next(seed) % 60);
            snprintf(resize, sizeof resize,
                     "{\"jsonrpc\":\"2.0\",\"method\":\"terminal.resize\",\"params\":{\"cols\":%d,\"rows\":%d}}",
                     columns, rows);
            engineer_text(s, resize);
            cr_assert(screen_resize(live, columns, rows, (struct screen_when){0}));
        } else {
            /* Cut anywhere but inside a character, as the product does. */
            for (uint32_t pieces = next(seed) % 6; pieces > 0 || bytes.count == 0; pieces -= pieces > 0) {
                add_something(&bytes, seed);
            }
            size_t whole = utf8_cut(bytes.data, 1 + next(seed) % bytes.count);
            whole = whole == 0 ? bytes.count : whole;
            char *text = mem_strndup((const char *)bytes.data, whole);
            memmove(bytes.data, bytes.data + whole, bytes.count - whole);
            bytes.count -= whole;
            play(s, live, text);
            free(text);
        }
        show->t_ms[i] = s->now;
        screen_digest(live, show->live[i]);
    }
    buf_fini(&bytes);
    screen_free(live);
}

/* The screen at a moment, from the recording alone. */
static void replay(const struct stage *s, int64_t until_ms, uint8_t out[SHA256_BYTES]) {
    char base[256];
    struct transcript_reader *reader;
    struct transcript_entry e;
    struct fault fault = {""};
    struct screen *screen = NULL;
    stage_path(s, "", base);
    cr_assert_eq(transcript_reader_open(base, &reader, &fault), RESULT_OK, "%s", fault.text);
    while (transcript_reader_next(reader, &e, &fault) == RESULT_OK && e.line.t_ms <= until_ms) {
        int columns, rows;
        const char *cols = e.bytes == NULL ? NULL : strstr((const char *)e.bytes, "\"cols\":");
        if (e.cast_kind == 'h') {
            screen = screen_new(80, 24, 0, NULL, NULL);
        } else if (e.cast_kind == 'r' && cols != NULL &&
                   sscanf(cols, "\"cols\":%d,\"rows\":%d", &columns, &rows) == 2) {
            cr_assert(screen_resize(screen, columns, rows, (struct screen_when){0}));
        } else if (e.cast_kind == 'o') {
            cr_assert(screen_write(screen, e.bytes, e.count, (struct screen_when){0}));
        }
    }
    screen_digest(screen, out);
    screen_free(screen);
    transcript_reader_close(reader);
}

Test(screen, promise_39_a_replay_shows_what_was_shown, .timeout = 120) {
    uint64_t seed = 0x9e3779b97f4a7c15;
    struct show *show = malloc(sizeof *show);
    int compared = 0;
    for (int round = 0; round < SHOWS; round++) {
        struct stage s;
        uint8_t replayed[SHA256_BYTES];
        stage_open(&s);
        stage_live(&s);
        engineer_text(
            &s, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"terminal.open\",\"params\":{\"cols\":80,\"rows\":24}}");
        product_text(&s, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
        int64_t begun = s.now;
        perform(&s, show, &seed);
        relay_end(s.relay, "ended_by_engineer", "ann", s.now);
        product_ends(&s, "ended_by_engineer");
        cr_assert_eq(s.over_count, 1);
        for (int i = 0; i < MOMENTS; i++) {
            int64_t moment = show->t_ms[0] + (int64_t)next(&seed) % (show->t_ms[FRAMES - 1] - show->t_ms[0] + 1);
            int frame = 0;
            while (frame + 1 < FRAMES && show->t_ms[frame + 1] <= moment) {
                frame++;
            }
            replay(&s, moment - begun, replayed);
            cr_assert_arr_eq(replayed, show->live[frame], SHA256_BYTES, "round %d at %lld ms, frame %d", round,
                             (long long)(moment - begun), frame);
            compared++;
        }
        stage_close(&s);
    }
    cr_expect_eq(compared, 1000);
    free(show);
}
