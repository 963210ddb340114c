/* The first lines of a terminal. They come out of the terminal itself, as any program's output does, so they are in the
 * record, on the engineer's screen and on the product's, and nobody can have had a session without them. A name with a
 * control character in it is not printed: the line must not be anybody's way to write into a terminal. */
#include "session/banner.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static bool is_plain(const char *text) {
    for (; *text != '\0'; text++) {
        if ((uint8_t)*text < 0x20 || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

void banner_print(const struct session_grant *g, struct buf *out) {
    const time_t until = (time_t)(g->consent_until_ms / 1000);
    char clock[16] = "";
    struct tm parts;
    if (gmtime_r(&until, &parts) != NULL) {
        strftime(clock, sizeof clock, "%H:%M UTC", &parts);
    }
    buf_str(out, "This session is recorded and may be watched. "
                 "\u672c\u6b21\u4f1a\u8bdd\u6b63\u5728\u8bb0\u5f55\u3002\r\nAllowed: ");
    capabilities_print(g->capabilities, out);
    buf_printf(out, "; by %s (%s), until %s.\r\n", is_plain(g->consent_by) ? g->consent_by : "the owner",
               is_plain(g->consent_method) ? g->consent_method : "?", clock);
}
