/* The session protocol's small parts: the ladder's names and the frames.
 *
 * Not the session: grants, consent, deadlines and the relay live with the gateway and the product's session process. A
 * frame is checked completely before anybody records or relays it, and by the same code at both ends, so the two hash
 * chains can only differ when bytes differ. Whether a channel was granted is not a frame's question. */
#include "fieldline/session.h"

#include <string.h>

#include "src/utf8.h"

static const char *const CAPABILITIES[CAPABILITY_COUNT] = {
    [CAPABILITY_OBSERVE] = "observe", [CAPABILITY_DIAGNOSE] = "diagnose", [CAPABILITY_CONFIGURE] = "configure",
    [CAPABILITY_FILES] = "files",     [CAPABILITY_FORWARD] = "forward",   [CAPABILITY_UPDATE] = "update",
    [CAPABILITY_SHELL] = "shell",     [CAPABILITY_SCREEN] = "screen",
};

const char *capability_name(enum capability c) {
    size_t index = (size_t)c;
    return index < CAPABILITY_COUNT ? CAPABILITIES[index] : "unknown";
}

static bool capability_find(const char *text, size_t chars, enum capability *out) {
    for (int i = 0; i < CAPABILITY_COUNT; i++) {
        if (strlen(CAPABILITIES[i]) == chars && memcmp(CAPABILITIES[i], text, chars) == 0) {
            *out = (enum capability)i;
            return true;
        }
    }
    return false;
}

bool capability_parse(const char *text, enum capability *out) {
    return capability_find(text, strlen(text), out);
}

enum result capabilities_parse(const char *text, uint32_t *out, struct fault *fault) {
    uint32_t bits = 0;
    const char *at = text;
    while (*at) {
        at += strspn(at, " ");
        size_t chars = strcspn(at, ","), name_chars = chars;
        while (name_chars > 0 && at[name_chars - 1] == ' ')
            name_chars--;
        enum capability capability;
        if (!capability_find(at, name_chars, &capability))
            return fault_set(fault, RESULT_BAD_INPUT, "'%.*s' is not a capability",
                             (int)(name_chars < 40 ? name_chars : 40), at);
        bits |= CAPABILITY_BIT(capability);
        at += chars;
        if (*at == ',' && *++at == 0)
            return fault_set(fault, RESULT_BAD_INPUT, "a capability is missing after the last comma");
    }
    *out = bits;
    return RESULT_OK;
}

void capabilities_print(uint32_t bits, struct buf *out) {
    const char *comma = "";
    for (int c = 0; c < CAPABILITY_COUNT; c++) {
        if (!(bits & CAPABILITY_BIT(c)))
            continue;
        buf_str(out, comma);
        buf_str(out, CAPABILITIES[c]);
        comma = ",";
    }
}

/* As utf8_valid, but NUL passes: a terminal sends it for Ctrl-Space and programs print it. */
static bool terminal_text_valid(const uint8_t *bytes, size_t count) {
    for (size_t at = 0; at < count;) {
        size_t length = utf8_char(bytes + at, count - at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

static enum result check_binary(const struct frame *frame, enum direction dir, struct fault *fault) {
    struct credit credit;
    uint64_t frames;
    switch (frame->channel) {
    case CHANNEL_CONTROL: return fault_set(fault, RESULT_BAD_INPUT, "control must be a text message");
    case CHANNEL_TERMINAL:
        if (!terminal_text_valid(frame->bytes, frame->count))
            return fault_set(fault, RESULT_BAD_INPUT, "terminal bytes are not whole characters of UTF-8");
        return RESULT_OK;
    case CHANNEL_TERMINAL_SECRET:
        if (dir != DIRECTION_DOWN)
            return fault_set(fault, RESULT_DENIED, "a secret frame may only go down");
        if (frame->count < SECRET_SALT_BYTES)
            return fault_set(fault, RESULT_BAD_INPUT, "a secret frame has no whole salt");
        return RESULT_OK;
    case CHANNEL_STREAM:
        if (frame->count <= STREAM_HEAD_BYTES || stream_number(frame) == 0)
            return fault_set(fault, RESULT_BAD_INPUT, "a stream frame has no number from 1 on, or no bytes");
        return RESULT_OK;
    case CHANNEL_ACK:
        if (frame_ack_decode(frame, &frames))
            return fault_set(fault, RESULT_BAD_INPUT, "an acknowledgement must be 8 bytes");
        return RESULT_OK;
    case CHANNEL_CREDIT:
        if (credit_decode(frame, &credit))
            return fault_set(fault, RESULT_BAD_INPUT,
                             "a credit is for neither the terminal nor a stream, or not of 1 to %d bytes",
                             CAP_CREDIT_BYTES);
        return RESULT_OK;
    default: return fault_set(fault, RESULT_BAD_INPUT, "channel 0x%02x is unknown", frame->channel);
    }
}

enum result frame_decode(bool is_text, enum direction dir, const uint8_t *message, size_t bytes, struct frame *out,
                         struct fault *fault) {
    struct frame frame = {.channel = CHANNEL_CONTROL, .bytes = message, .count = bytes};
    if (bytes == 0)
        return fault_set(fault, RESULT_BAD_INPUT, "an empty message");
    if (!is_text)
        frame = (struct frame){.channel = message[0], .bytes = message + 1, .count = bytes - 1};
    if (frame.count > CAP_FRAME_BYTES)
        return fault_set(fault, RESULT_TOO_BIG, "a frame of %zu bytes, at most %d are allowed", frame.count,
                         CAP_FRAME_BYTES);
    if (is_text && !utf8_valid(message, bytes))
        return fault_set(fault, RESULT_BAD_INPUT, "a control message is not valid UTF-8");
    if (!is_text) {
        enum result result = check_binary(&frame, dir, fault);
        if (result)
            return result;
    }
    *out = frame;
    return RESULT_OK;
}

void frame_encode(uint8_t channel, const void *bytes, size_t count, struct buf *out) {
    buf_add_u8(out, channel);
    buf_add(out, bytes, count);
}

enum result credit_decode(const struct frame *frame, struct credit *out) {
    struct cursor c = cursor_of(frame->bytes, frame->count);
    struct credit credit = {0};
    if (frame->channel != CHANNEL_CREDIT || !cursor_u8(&c, &credit.channel))
        return RESULT_BAD_INPUT;
    if (credit.channel == CHANNEL_STREAM && (!cursor_u16be(&c, &credit.stream) || credit.stream == 0))
        return RESULT_BAD_INPUT;
    if (credit.channel != CHANNEL_STREAM && credit.channel != CHANNEL_TERMINAL)
        return RESULT_BAD_INPUT;
    if (!cursor_u32be(&c, &credit.bytes) || c.left > 0 || credit.bytes == 0 || credit.bytes > CAP_CREDIT_BYTES)
        return RESULT_BAD_INPUT;
    *out = credit;
    return RESULT_OK;
}

void credit_encode(const struct credit *credit, struct buf *out) {
    buf_add_u8(out, CHANNEL_CREDIT);
    buf_add_u8(out, credit->channel);
    if (credit->channel == CHANNEL_STREAM)
        buf_add_u16be(out, credit->stream);
    buf_add_u32be(out, credit->bytes);
}

enum result frame_ack_decode(const struct frame *frame, uint64_t *frames) {
    struct cursor c = cursor_of(frame->bytes, frame->count);
    return frame->channel == CHANNEL_ACK && cursor_u64be(&c, frames) && c.left == 0 ? RESULT_OK : RESULT_BAD_INPUT;
}

void frame_ack_encode(uint64_t frames, struct buf *out) {
    buf_add_u8(out, CHANNEL_ACK);
    buf_add_u64be(out, frames);
}

uint16_t stream_number(const struct frame *frame) {
    return (uint16_t)(frame->bytes[0] << 8 | frame->bytes[1]);
}

void stream_encode(uint16_t stream, const void *bytes, size_t count, struct buf *out) {
    buf_add_u8(out, CHANNEL_STREAM);
    buf_add_u16be(out, stream);
    buf_add(out, bytes, count);
}
