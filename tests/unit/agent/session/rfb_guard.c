/* What of a viewer's stream may reach a VNC server that is only to be looked at: whole conversations in, whole
 * conversations out, cut in two places and byte by byte. */
#include "session/rfb_guard.h"

#include <criterion/criterion.h>
#include <string.h>

#define V38  "RFB 003.008\n"
#define V37  "RFB 003.007\n"
#define V33  "RFB 003.003\n"
#define UP   '<'
#define DOWN '>'

/* Steps: '<' the server says, '>' the viewer says. */
struct step {
    char who;
    const char *bytes;
    size_t count;
};
#define SAYS(who, text)                                                                                                \
    { who, text, sizeof(text) - 1 }

#define HELLO                                                                                                          \
    SAYS(UP, V38), SAYS(DOWN, V38), SAYS(UP, "\x02\x01\x02"), SAYS(DOWN, "\x01"), SAYS(UP, "\0\0\0\0"),                \
        SAYS(DOWN, "\x01")
#define KEY      "\x04\x01\0\0\0\0\xff\x0d"
#define POINTER  "\x05\x01\0\x10\0\x10"
#define CUT      "\x06\0\0\0\0\0\0\x05hello"
#define CUT_EXT  "\x06\0\0\0\xff\xff\xff\xfc\x01\x02\x03\x04"
#define QEMU_KEY "\xff\0\0\x01\0\0\0\x61\0\0\0\x1e"
#define XVP      "\xfa\0\x01\x02"
#define RESIZE                                                                                                         \
    "\xfb\0\x04\0\x03\0\x01\0"                                                                                         \
    "0123456789abcdef"
#define FORMAT  "\0\0\0\0\x20\x18\0\x01\0\xff\0\xff\0\xff\x10\x08\0\0\0\0"
#define ENCODE  "\x02\0\0\x02\0\0\0\x07\xff\xff\xff\x21"
#define REQUEST "\x03\x01\0\0\0\0\x04\0\x03\0"
#define ONGOING "\x96\x01\0\0\0\0\x04\0\x03\0"
#define FENCE   "\xf8\0\0\0\0\0\0\x01\x02hi"

enum { STEPS = 10 };
struct row {
    const char *what;
    struct step steps[STEPS];
    const char *passes; /* of the last step; NULL: refused there */
    size_t passes_count;
    unsigned dropped;
};
#define PASSES(text) .passes = text, .passes_count = sizeof(text) - 1

static const struct row rows[] = {
    {"a request for a picture passes", {HELLO, SAYS(DOWN, REQUEST)}, PASSES(REQUEST)},
    {"pixel format and encodings pass", {HELLO, SAYS(DOWN, FORMAT ENCODE)}, PASSES(FORMAT ENCODE)},
    {"continuous updates and fences pass", {HELLO, SAYS(DOWN, ONGOING FENCE)}, PASSES(ONGOING FENCE)},
    {"a key is dropped", {HELLO, SAYS(DOWN, KEY)}, PASSES(""), 1},
    {"keys among requests", {HELLO, SAYS(DOWN, REQUEST KEY REQUEST KEY)}, PASSES(REQUEST REQUEST), 2},
    {"the pointer is dropped", {HELLO, SAYS(DOWN, POINTER REQUEST)}, PASSES(REQUEST), 1},
    {"the clipboard is dropped", {HELLO, SAYS(DOWN, CUT REQUEST)}, PASSES(REQUEST), 1},
    {"the extended clipboard too", {HELLO, SAYS(DOWN, CUT_EXT REQUEST)}, PASSES(REQUEST), 1},
    {"QEMU's keys", {HELLO, SAYS(DOWN, QEMU_KEY REQUEST)}, PASSES(REQUEST), 1},
    {"no reboot", {HELLO, SAYS(DOWN, XVP REQUEST)}, PASSES(REQUEST), 1},
    {"no new screen size", {HELLO, SAYS(DOWN, RESIZE REQUEST)}, PASSES(REQUEST), 1},
    {"shared is forced",
     {SAYS(UP, V38), SAYS(DOWN, V38), SAYS(UP, "\x01\x01"), SAYS(DOWN, "\x01"), SAYS(DOWN, "\0")},
     PASSES("\x01")},
    {"VNC authentication",
     {SAYS(UP, V38), SAYS(DOWN, V38), SAYS(UP, "\x01\x02"), SAYS(DOWN, "\x02"), SAYS(UP, "challengechallen"),
      SAYS(DOWN, "\x04\x04sixteen bytes.\x01" KEY)},
     PASSES("\x04\x04sixteen bytes.\x01"),
     1},
    {"3.7",
     {SAYS(UP, V37), SAYS(DOWN, V37), SAYS(UP, "\x01\x01"), SAYS(DOWN, "\x01\x01" KEY REQUEST)},
     PASSES("\x01\x01" REQUEST),
     1},
    {"3.7 to a server of 3.8",
     {SAYS(UP, V38), SAYS(DOWN, V37), SAYS(UP, "\x01\x01"), SAYS(DOWN, "\x01\x01" REQUEST)},
     PASSES("\x01\x01" REQUEST)},
    {"a newer server counts as 3.8", {SAYS(UP, "RFB 003.889\n"), SAYS(DOWN, V38)}, PASSES(V38)},
    {"3.3 without authentication",
     {SAYS(UP, V33), SAYS(DOWN, V33), SAYS(UP, "\0\0\0\x01"), SAYS(DOWN, "\x01" KEY REQUEST)},
     PASSES("\x01" REQUEST),
     1},
    {"3.3 with it",
     {SAYS(UP, V33), SAYS(DOWN, V33),
      SAYS(UP, "\0\0\0\x02"
               "challengechallen"),
      SAYS(DOWN, "sixteen bytes...\x01" KEY REQUEST)},
     PASSES("sixteen bytes...\x01" REQUEST),
     1},

    {"a viewer that speaks first", {SAYS(DOWN, V38)}, .passes = NULL},
    {"a version above the server's", {SAYS(UP, V33), SAYS(DOWN, V38)}, .passes = NULL},
    {"a version that does not exist", {SAYS(UP, V38), SAYS(DOWN, "RFB 003.005\n")}, .passes = NULL},
    {"not RFB", {SAYS(UP, V38), SAYS(DOWN, "GET / HTTP/1")}, .passes = NULL},
    {"choosing before the offer", {SAYS(UP, V38), SAYS(DOWN, V38 "\x01")}, .passes = NULL},
    {"a type that was not offered",
     {SAYS(UP, V38), SAYS(DOWN, V38), SAYS(UP, "\x01\x02"), SAYS(DOWN, "\x01")},
     .passes = NULL},
    {"Tight security", {SAYS(UP, V38), SAYS(DOWN, V38), SAYS(UP, "\x02\x01\x10"), SAYS(DOWN, "\x10")}, .passes = NULL},
    {"VeNCrypt", {SAYS(UP, V38), SAYS(DOWN, V38), SAYS(UP, "\x02\x01\x13"), SAYS(DOWN, "\x13")}, .passes = NULL},
    {"3.3 that goes on unasked", {SAYS(UP, V33), SAYS(DOWN, V33 "\x01")}, .passes = NULL},
    {"an unknown message", {HELLO, SAYS(DOWN, REQUEST "\x07\0\0\0")}, .passes = NULL},
    {"a file transfer of UltraVNC's", {HELLO, SAYS(DOWN, "\x07\x01\0\0\0\0\0\0\0\0\0\0")}, .passes = NULL},
    {"sound of QEMU's", {HELLO, SAYS(DOWN, "\xff\x01\0\0\0\0\0\0\0\0\0\0")}, .passes = NULL},
    {"too many encodings", {HELLO, SAYS(DOWN, "\x02\0\x7f\xff")}, .passes = NULL},
    {"a clipboard without end", {HELLO, SAYS(DOWN, "\x06\0\0\0\x7f\xff\xff\xff")}, .passes = NULL},
    {"a fence that is too long", {HELLO, SAYS(DOWN, "\xf8\0\0\0\0\0\0\x01\x41")}, .passes = NULL},
};

/* The last step's outcome, with every step cut into pieces of `piece` bytes. */
static enum result play(const struct row *row, size_t piece, struct buf *out, uint64_t *dropped) {
    struct rfb_guard guard;
    struct fault fault = {""};
    enum result result = RESULT_OK;
    rfb_guard_init(&guard);
    for (size_t i = 0; i < STEPS && row->steps[i].bytes != NULL; i++) {
        const struct step *step = &row->steps[i];
        cr_assert_eq(result, RESULT_OK, "%s: refused before its last step: %s", row->what, fault.text);
        buf_reset(out);
        for (size_t at = 0; at < step->count && result == RESULT_OK; at += piece) {
            size_t count = step->count - at < piece ? step->count - at : piece;
            result = step->who == UP ? rfb_guard_server(&guard, step->bytes + at, count, &fault)
                                     : rfb_guard_viewer(&guard, step->bytes + at, count, out, &fault);
        }
    }
    *dropped = rfb_guard_dropped(&guard);
    if (result != RESULT_OK) {
        struct buf more;
        buf_init(&more, 64);
        cr_expect_str_not_empty(fault.text);
        cr_expect_neq(rfb_guard_viewer(&guard, REQUEST, 10, &more, &fault), RESULT_OK, "%s: refused for good",
                      row->what);
        cr_expect_eq(more.count, 0);
        buf_fini(&more);
    }
    return result;
}

Test(rfb_guard, promise_44_looking_on_is_looking_on) {
    static const size_t pieces[] = {100000, 7, 1};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++) {
            struct buf out;
            uint64_t dropped;
            buf_init(&out, RFB_OUT_BYTES);
            enum result result = play(&rows[i], pieces[p], &out, &dropped);
            if (rows[i].passes == NULL) {
                cr_expect_eq(result, RESULT_DENIED, "%s, pieces of %zu", rows[i].what, pieces[p]);
            } else {
                cr_expect_eq(result, RESULT_OK, "%s, pieces of %zu", rows[i].what, pieces[p]);
                cr_expect_eq(out.count, rows[i].passes_count, "%s, pieces of %zu: %zu bytes", rows[i].what, pieces[p],
                             out.count);
                cr_expect(out.count != rows[i].passes_count || out.count == 0 ||
                              memcmp(out.data, rows[i].passes, out.count) == 0,
                          "%s, pieces of %zu", rows[i].what, pieces[p]);
                cr_expect_eq(dropped, rows[i].dropped, "%s", rows[i].what);
            }
            buf_fini(&out);
        }
    }
}

Test(rfb_guard, a_port_that_is_no_vnc_server) {
    static const char *const servers[] = {"HTTP/1.1 200 OK\r\n", "SSH-2.0-OpenSSH\r\n", "RFB 004.001\n",
                                          "RFB 003.00x\n"};
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        struct rfb_guard guard;
        struct fault fault = {""};
        rfb_guard_init(&guard);
        cr_expect_eq(rfb_guard_server(&guard, servers[i], strlen(servers[i]), &fault), RESULT_DENIED, "%s", servers[i]);
    }
}
