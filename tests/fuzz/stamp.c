/* Anything may stand in a message's user properties: it is taken, left alone, or named as wrong. Input: lines
 * KEY=VALUE. */
#include <string.h>

#include "fieldline/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct wire_stamp stamp = {0};
    const char *at = (const char *)data, *end = at + size, *wrong = NULL;
    bool has_stream = false;
    while (at < end && !wrong) {
        const char *line = memchr(at, '\n', (size_t)(end - at));
        line = line ? line : end;
        const char *is = memchr(at, '=', (size_t)(line - at));
        if (is)
            wrong = wire_stamp_take(&stamp, at, (size_t)(is - at), is + 1, (size_t)(line - is - 1));
        at = line < end ? line + 1 : end;
    }
    if (wrong || wire_stamp_end(&stamp, &has_stream))
        return 0;
    if (has_stream && (stamp.seq == 0 || stamp.from == 0 || stamp.from > stamp.seq || !uuid_valid(stamp.stream)))
        __builtin_trap();
    if (stamp.boot[0] && (!uuid_valid(stamp.boot) || stamp.mono_ms < 0 || stamp.wall_ms < 0))
        __builtin_trap();
    return 0;
}
