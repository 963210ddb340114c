/* A VNC server and a viewer that say anything: first byte, who; second, how much of what follows. What the guard lets
 * pass is read again by a guard that saw the same server: it drops nothing, refuses nothing, changes nothing. */
#include "session/rfb_guard.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void again(struct rfb_guard *second, const struct buf *passed) {
    struct buf out;
    buf_init(&out, RFB_OUT_BYTES);
    if (passed->count > 0 &&
        (rfb_guard_viewer(second, passed->data, passed->count, &out, NULL) != RESULT_OK || out.overflow ||
         out.count != passed->count || memcmp(out.data, passed->data, out.count) != 0)) {
        abort();
    }
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct rfb_guard first, second;
    struct cursor in = cursor_of(bytes, count);
    uint8_t who, length;
    const uint8_t *piece;
    enum result result = RESULT_OK;
    rfb_guard_init(&first);
    rfb_guard_init(&second);
    while (result == RESULT_OK && cursor_u8(&in, &who) && cursor_u8(&in, &length)) {
        size_t take = length < in.left ? length : in.left;
        if (!cursor_take(&in, take, &piece)) {
            break;
        }
        if ((who & 1) == 0) {
            result = rfb_guard_server(&first, piece, take, NULL);
            if (rfb_guard_server(&second, piece, take, NULL) != result) {
                abort();
            }
            continue;
        }
        struct buf passed;
        buf_init(&passed, RFB_OUT_BYTES);
        result = rfb_guard_viewer(&first, piece, take, &passed, NULL);
        if (passed.overflow) {
            abort();
        }
        if (result == RESULT_OK) {
            again(&second, &passed);
        }
        buf_fini(&passed);
    }
    if (rfb_guard_dropped(&second) != 0) {
        abort();
    }
    return 0;
}
