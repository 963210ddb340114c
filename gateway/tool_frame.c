/* Reading is strict: reserved bits, fragments, a masked frame of a server, an unknown opcode or a long control frame
 * end the connection, because nothing that we talk to sends them. */
#include "tool_frame.h"

enum { FIN = 0x80, RESERVED = 0x70, OPCODE = 0x0f, MASKED = 0x80, LENGTH_16 = 126, LENGTH_64 = 127, MASK_BYTES = 4 };
enum { CONTROL = 8, CONTROL_MOST = 125 };

static bool is_known(uint8_t opcode) {
    return opcode == TOOL_TEXT || opcode == TOOL_BINARY || (opcode >= TOOL_CLOSE && opcode <= TOOL_PONG);
}

/* False: not there yet. */
static bool read_length(struct cursor *in, uint64_t *length) {
    uint16_t two;
    if (*length == LENGTH_16) {
        if (!cursor_u16be(in, &two)) {
            return false;
        }
        *length = two;
        return true;
    }
    return *length != LENGTH_64 || cursor_u64be(in, length);
}

enum result tool_frame_read(const uint8_t *bytes, size_t count, struct tool_frame *out, size_t *taken,
                            struct fault *fault) {
    struct cursor in = cursor_of(bytes, count);
    uint8_t first, second;
    if (!cursor_u8(&in, &first) || !cursor_u8(&in, &second)) {
        return RESULT_BUSY;
    }
    uint8_t opcode = first & OPCODE;
    uint64_t length = second & ~(uint8_t)MASKED;
    if ((first & RESERVED) != 0 || (first & FIN) == 0 || !is_known(opcode) || (second & MASKED) != 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "a WebSocket frame that the gateway does not send (%02x %02x)", first,
                         second);
    }
    if (opcode >= CONTROL && length > CONTROL_MOST) {
        return fault_set(fault, RESULT_BAD_INPUT, "a control frame that is too long");
    }
    if (!read_length(&in, &length)) {
        return RESULT_BUSY;
    }
    if (length > TOOL_FRAME_BYTES) {
        return fault_set(fault, RESULT_TOO_BIG, "a WebSocket frame of more than %d bytes", TOOL_FRAME_BYTES);
    }
    if (!cursor_take(&in, (size_t)length, &out->bytes)) {
        return RESULT_BUSY;
    }
    out->opcode = (enum tool_opcode)opcode;
    out->count = (size_t)length;
    *taken = count - in.left;
    return RESULT_OK;
}

void tool_frame_write(enum tool_opcode opcode, const void *bytes, size_t count, struct buf *out) {
    const uint8_t *from = bytes;
    uint8_t mask[MASK_BYTES];
    random_bytes(mask, sizeof mask);
    buf_add_u8(out, (uint8_t)(FIN | opcode));
    if (count < LENGTH_16) {
        buf_add_u8(out, (uint8_t)(MASKED | count));
    } else if (count <= UINT16_MAX) {
        buf_add_u8(out, MASKED | LENGTH_16);
        buf_add_u16be(out, (uint16_t)count);
    } else {
        buf_add_u8(out, MASKED | LENGTH_64);
        buf_add_u64be(out, count);
    }
    buf_add(out, mask, sizeof mask);
    uint8_t *to = buf_space(out, count);
    for (size_t i = 0; to != NULL && i < count; i++) {
        to[i] = from[i] ^ mask[i % MASK_BYTES];
    }
    if (to != NULL) {
        buf_wrote(out, to + count);
    }
}
