/* What a product's terminal prints, from anywhere: the first two bytes are the size, 0xff and two bytes a resize, 0xfe
 * the end of a frame, all else is printed. Sides are below 100 so that a run takes milliseconds. Lines that come out
 * are UTF-8, bounded, and never empty. */
#include "sessions/screen.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { RESIZE = 0xff, FRAME = 0xfe, SIDE = 100, WORK = 2 * 1000 * 1000 };

static void on_line(void *self, const struct screen_when *when, const char *text) {
    size_t chars = strlen(text);
    (void)self;
    if (when->n == 0 || chars == 0 || chars > SCREEN_LINE_BYTES || !utf8_valid(text, chars)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < 2) {
        return 0;
    }
    struct screen_when when = {1, 1};
    struct screen *screen = screen_new(bytes[0] % SIDE, bytes[1] % SIDE, WORK, on_line, NULL);
    bool goes_on = true;
    for (size_t at = 2; at < count && goes_on;) {
        size_t end = at;
        while (end < count && bytes[end] < FRAME) {
            end++;
        }
        goes_on = screen_write(screen, bytes + at, end - at, when);
        when.n++;
        if (end + 2 < count && bytes[end] == RESIZE) {
            goes_on = goes_on && screen_resize(screen, bytes[end + 1] % SIDE, bytes[end + 2] % SIDE, when);
            end += 2;
        }
        at = end + 1;
    }
    struct buf text;
    uint8_t digest[SHA256_BYTES];
    buf_init(&text, (size_t)SCREEN_COLUMNS_MAX * SCREEN_ROWS_MAX * 32);
    screen_print(screen, &text);
    screen_digest(screen, digest);
    buf_fini(&text);
    screen_finish(screen);
    screen_free(screen);
    return 0;
}
