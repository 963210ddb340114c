/* Any bytes as an event. What is accepted must survive encoding and decoding unchanged. */
#include <stdlib.h>
#include <string.h>

#include "fieldline/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct event_message event, back;
    struct fault fault = {""};
    if (event_decode(bytes, count, &event, &fault)) {
        if (!fault.text[0])
            abort();
        return 0;
    }
    struct buf text;
    buf_init(&text, CAP_PAYLOAD_BYTES);
    event_encode(&event, &text);
    if (event_decode(text.data, text.count, &back, &fault) || memcmp(&event, &back, sizeof event) != 0)
        abort();
    buf_fini(&text);
    return 0;
}
