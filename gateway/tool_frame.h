/* WebSocket frames (RFC 6455) as a tool's end of one reads and writes them: no extensions, no fragments (our gateway
 * sends none). Pure. */
#pragma once
#include "fieldline/bytes.h"

enum tool_opcode { TOOL_TEXT = 1, TOOL_BINARY = 2, TOOL_CLOSE = 8, TOOL_PING = 9, TOOL_PONG = 10 };
enum { TOOL_FRAME_BYTES = 64 * 1024, TOOL_FRAME_HEAD_BYTES = 14 };

struct tool_frame {
    enum tool_opcode opcode;
    const uint8_t *bytes; /* into what was read */
    size_t count;
};
/* RESULT_OK: a frame, and *taken bytes of the input are used. RESULT_BUSY: more must be read first. RESULT_BAD_INPUT: a
 * server of ours does not send this. */
FL_CHECK enum result tool_frame_read(const uint8_t *bytes, size_t count, struct tool_frame *out, size_t *taken,
                                     struct fault *fault);
/* Appends one frame, masked as a client's must be. */
void tool_frame_write(enum tool_opcode opcode, const void *bytes, size_t count, struct buf *out);
