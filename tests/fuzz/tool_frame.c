/* What a server sends to the command line's WebSocket: frame after frame, as they come. */
#include "tool_frame.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct tool_frame frame;
    size_t taken = 0;
    while (count > 0 && tool_frame_read(bytes, count, &frame, &taken, NULL) == RESULT_OK) {
        if (taken < 2 || taken > count || frame.bytes < bytes || frame.bytes + frame.count != bytes + taken) {
            abort();
        }
        bytes += taken;
        count -= taken;
    }
    return 0;
}
