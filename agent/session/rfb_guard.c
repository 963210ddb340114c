/* The gateway and the engineer's browser promise not to send keys; this file is why nobody has to believe them.
 *
 * The guard frames the viewer's stream by itself and hands the server whole messages that it knows, so the two cannot
 * disagree about where a message begins: whatever is dropped was never seen by the server, whatever passes has one
 * length by its type alone. For the same reason the handshake is followed strictly: a viewer that answers before it was
 * asked, claims a newer protocol than the server speaks, or takes a security type with a layer of its own (TLS, Tight)
 * could shift the server's reading against ours, and is refused. The server's side is read up to its security types
 * only; pictures are not looked at.
 *
 * Extensions: continuous updates and fences ask for pictures and pass (libvncclient, TigerVNC and noVNC use them);
 * QEMU's keys, SetDesktopSize and xvp (which can reboot) are dropped; anything else cannot be framed without knowing it
 * and is refused. Messages and lengths: RFC 6143 section 7.5 and the community's rfbproto. */
#include "session/rfb_guard.h"

#include <string.h>

enum { SECURITY_NONE = 1, SECURITY_VNC = 2 };
enum { VERSION_BYTES = 12, ANSWER_BYTES = 16 };

/* What the viewer sends next. */
enum { VIEWER_VERSION, VIEWER_SECURITY, VIEWER_ANSWER, VIEWER_INIT, VIEWER_MESSAGES, VIEWER_REFUSED };
/* What the server sends next, as far as it matters here. */
enum { SERVER_VERSION, SERVER_SECURITY_33, SERVER_TYPE_COUNT, SERVER_TYPES, SERVER_REST };

enum verdict { PASS, DROP };

/* A message: its head's bytes (type included) and where the count of what follows stands in the head. */
static const struct message_row {
    uint8_t type;
    size_t head_bytes;
    enum verdict verdict;
    int count_at, count_bytes; /* count_bytes 0: nothing follows */
    size_t unit_bytes, units_max;
} rows[] = {
    {.type = 0, .head_bytes = 20, .verdict = PASS}, /* SetPixelFormat */
    {.type = 2,
     .head_bytes = 4,
     .verdict = PASS,
     .count_at = 2,
     .count_bytes = 2,
     .unit_bytes = 4,
     .units_max = RFB_ENCODINGS},
    {.type = 3, .head_bytes = 10, .verdict = PASS}, /* FramebufferUpdateRequest */
    {.type = 4, .head_bytes = 8, .verdict = DROP},  /* KeyEvent */
    {.type = 5, .head_bytes = 6, .verdict = DROP},  /* PointerEvent */
    {.type = 6,
     .head_bytes = 8,
     .verdict = DROP,
     .count_at = 4,
     .count_bytes = 4,
     .unit_bytes = 1,
     .units_max = RFB_TEXT_BYTES},
    {.type = 150, .head_bytes = 10, .verdict = PASS}, /* EnableContinuousUpdates */
    {.type = 248,
     .head_bytes = 9,
     .verdict = PASS,
     .count_at = 8,
     .count_bytes = 1,
     .unit_bytes = 1,
     .units_max = 64},                               /* fence */
    {.type = 250, .head_bytes = 4, .verdict = DROP}, /* xvp: shut down, reboot */
    {.type = 251,
     .head_bytes = 8,
     .verdict = DROP,
     .count_at = 6,
     .count_bytes = 1,
     .unit_bytes = 16,
     .units_max = 255},                               /* SetDesktopSize */
    {.type = 255, .head_bytes = 12, .verdict = DROP}, /* QEMU: extended key (its only message here) */
};

static const struct message_row *row_of(uint8_t type) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].type == type) {
            return &rows[i];
        }
    }
    return NULL;
}

void rfb_guard_init(struct rfb_guard *guard) {
    *guard = (struct rfb_guard){.viewer_step = VIEWER_VERSION, .server_step = SERVER_VERSION};
}

uint64_t rfb_guard_dropped(const struct rfb_guard *guard) {
    return guard->dropped;
}

static enum result refuse(struct rfb_guard *g, struct fault *fault, const char *why) {
    g->viewer_step = VIEWER_REFUSED;
    return fault_set(fault, RESULT_DENIED, "%s", why);
}

/* "RFB 003.008\n" -> 8. A newer or odd one of a server (Apple's 003.889) counts as the newest that we follow. */
static bool read_version(const uint8_t text[VERSION_BYTES], bool is_server, uint8_t *minor) {
    if (memcmp(text, "RFB 003.", 8) != 0 || text[11] != '\n') {
        return false;
    }
    int number = 0;
    for (int i = 8; i < 11; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        number = number * 10 + (text[i] - '0');
    }
    if (is_server && number > 8) {
        number = 8;
    }
    *minor = (uint8_t)number;
    return number == 3 || number == 7 || number == 8;
}

/* ---- the server's side --------------------------------------------------------------------------------------------
 */

static enum result server_step(struct rfb_guard *g, struct fault *fault) {
    switch (g->server_step) {
    case SERVER_VERSION:
        if (!read_version(g->server_head, true, &g->server_minor)) {
            return refuse(g, fault, "what answers on this port does not speak RFB 3.3, 3.7 or 3.8");
        }
        g->server_step = SERVER_REST; /* until the viewer has chosen */
        return RESULT_OK;
    case SERVER_SECURITY_33:
        g->security = g->server_head[3];
        if (g->server_head[0] != 0 || g->server_head[1] != 0 || g->server_head[2] != 0 || g->security > SECURITY_VNC) {
            return refuse(g, fault, "the VNC server wants a security type that view-only does not follow");
        }
        g->has_security = g->security != 0; /* 0: it gives a reason and closes */
        g->server_step = SERVER_REST;
        return RESULT_OK;
    case SERVER_TYPE_COUNT:
        g->types_left = g->server_head[0];
        g->server_step = g->types_left > 0 ? SERVER_TYPES : SERVER_REST;
        return RESULT_OK;
    case SERVER_TYPES:
        if (g->server_head[0] == SECURITY_NONE || g->server_head[0] == SECURITY_VNC) {
            g->offered |= 1u << g->server_head[0];
        }
        if (--g->types_left == 0) {
            g->has_security = true;
            g->server_step = SERVER_REST;
        }
        return RESULT_OK;
    default: return RESULT_OK;
    }
}

static size_t server_wants(const struct rfb_guard *g) {
    static const size_t wants[] = {[SERVER_VERSION] = VERSION_BYTES,
                                   [SERVER_SECURITY_33] = 4,
                                   [SERVER_TYPE_COUNT] = 1,
                                   [SERVER_TYPES] = 1,
                                   [SERVER_REST] = 0};
    return wants[g->server_step];
}

enum result rfb_guard_server(struct rfb_guard *g, const void *bytes, size_t count, struct fault *fault) {
    struct cursor in = cursor_of(bytes, count);
    uint8_t byte;
    while (server_wants(g) > 0 && cursor_u8(&in, &byte)) {
        g->server_head[g->server_count++] = byte;
        if (g->server_count == server_wants(g)) {
            g->server_count = 0;
            enum result result = server_step(g, fault);
            if (result != RESULT_OK) {
                return result;
            }
        }
    }
    return RESULT_OK;
}

/* ---- the viewer's side --------------------------------------------------------------------------------------------
 */

static enum result on_version(struct rfb_guard *g, struct fault *fault) {
    if (g->server_minor == 0) {
        return refuse(g, fault, "the viewer spoke before the VNC server did");
    }
    if (!read_version(g->head, false, &g->viewer_minor) || g->viewer_minor > g->server_minor) {
        return refuse(g, fault, "the viewer speaks another protocol than the VNC server offered");
    }
    g->server_step = g->viewer_minor == 3 ? SERVER_SECURITY_33 : SERVER_TYPE_COUNT;
    g->viewer_step = g->viewer_minor == 3 ? VIEWER_INIT : VIEWER_SECURITY;
    return RESULT_OK;
}

static enum result on_security(struct rfb_guard *g, struct fault *fault) {
    uint8_t type = g->head[0];
    if (!g->has_security) {
        return refuse(g, fault, "the viewer chose a security type before the VNC server offered any");
    }
    if (type > SECURITY_VNC || (g->offered & 1u << type) == 0) {
        return refuse(g, fault, "the viewer chose a security type other than none and VNC authentication");
    }
    g->viewer_step = type == SECURITY_VNC ? VIEWER_ANSWER : VIEWER_INIT;
    return RESULT_OK;
}

/* How many bytes make the head of what the viewer sends now; it may only be known after its first byte. 0: never. */
static size_t viewer_wants(const struct rfb_guard *g) {
    switch (g->viewer_step) {
    case VIEWER_VERSION: return VERSION_BYTES;
    case VIEWER_ANSWER: return ANSWER_BYTES;
    case VIEWER_SECURITY:
    case VIEWER_INIT: return 1;
    case VIEWER_MESSAGES: {
        const struct message_row *row = g->head_count > 0 ? row_of(g->head[0]) : NULL;
        return row != NULL ? row->head_bytes : 1;
    }
    default: return 0;
    }
}

/* In 3.3 the server decides alone, after the viewer's version. */
static enum result settle_33(struct rfb_guard *g, struct fault *fault) {
    if (g->viewer_step == VIEWER_INIT && g->viewer_minor == 3 && g->head_count == 0) {
        if (!g->has_security) {
            return refuse(g, fault, "the viewer went on before the VNC server named a security type");
        }
        if (g->security == SECURITY_VNC && !g->has_challenge) {
            g->has_challenge = true;
            g->viewer_step = VIEWER_ANSWER;
        }
    }
    return RESULT_OK;
}

static enum result on_message(struct rfb_guard *g, struct buf *out, struct fault *fault) {
    const struct message_row *row = row_of(g->head[0]);
    if (row == NULL) {
        return refuse(g, fault, "the viewer sent a message that view-only does not know");
    }
    if (row->type == 255 && g->head[1] != 0) {
        return refuse(g, fault, "the viewer sent a message of QEMU's that view-only does not know");
    }
    uint32_t units = 0;
    for (int i = 0; i < row->count_bytes; i++) {
        units = units << 8 | g->head[row->count_at + i];
    }
    /* The extended clipboard marks itself by a negative length. */
    if (row->type == 6 && units > INT32_MAX) {
        units = 0u - units;
    }
    if (row->count_bytes > 0 && units > row->units_max) {
        return refuse(g, fault, "the viewer sent a message that is too long");
    }
    g->rest = row->unit_bytes * units;
    g->is_rest_passed = row->verdict == PASS;
    if (row->verdict == PASS) {
        buf_add(out, g->head, g->head_count);
    } else {
        g->dropped++;
    }
    return RESULT_OK;
}

/* A whole head. */
static enum result viewer_step(struct rfb_guard *g, struct buf *out, struct fault *fault) {
    enum result result = RESULT_OK;
    switch (g->viewer_step) {
    case VIEWER_VERSION: result = on_version(g, fault); break;
    case VIEWER_SECURITY: result = on_security(g, fault); break;
    case VIEWER_ANSWER: g->viewer_step = VIEWER_INIT; break;
    case VIEWER_INIT:
        g->head[0] = 1; /* shared */
        g->viewer_step = VIEWER_MESSAGES;
        break;
    default: return on_message(g, out, fault);
    }
    if (result == RESULT_OK) {
        buf_add(out, g->head, g->head_count);
    }
    return result;
}

static void take_rest(struct rfb_guard *g, struct cursor *in, struct buf *out) {
    const uint8_t *bytes;
    size_t count = in->left < g->rest ? in->left : g->rest;
    if (cursor_take(in, count, &bytes)) {
        if (g->is_rest_passed) {
            buf_add(out, bytes, count);
        }
        g->rest -= count;
    }
}

enum result rfb_guard_viewer(struct rfb_guard *g, const void *bytes, size_t count, struct buf *out,
                             struct fault *fault) {
    struct cursor in = cursor_of(bytes, count);
    enum result result = RESULT_OK;
    if (g->viewer_step == VIEWER_REFUSED) {
        return fault_set(fault, RESULT_DENIED, "this viewer was refused before");
    }
    while (result == RESULT_OK && in.left > 0) {
        if (g->rest > 0) {
            take_rest(g, &in, out);
            continue;
        }
        if ((result = settle_33(g, fault)) != RESULT_OK) {
            break;
        }
        if (!cursor_u8(&in, &g->head[g->head_count])) {
            break;
        }
        g->head_count++;
        if (g->head_count >= viewer_wants(g)) {
            result = viewer_step(g, out, fault);
            g->head_count = 0;
        }
    }
    return result;
}
