/* Any bytes as a birth message. What is accepted must survive encoding and decoding unchanged. */
#include <stdlib.h>
#include <string.h>

#include "fieldline/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct birth_message birth, back;
    struct fault fault = {""};
    if (birth_decode(bytes, count, &birth, &fault)) {
        if (!fault.text[0])
            abort();
        return 0;
    }
    struct buf text, again;
    buf_init(&text, 2 * CAP_PAYLOAD_BYTES);
    buf_init(&again, 2 * CAP_PAYLOAD_BYTES);
    birth_encode(&birth, &text);
    if (text.count <= CAP_PAYLOAD_BYTES) {
        if (birth_decode(text.data, text.count, &back, &fault))
            abort();
        birth_encode(&back, &again);
        if (text.count != again.count || memcmp(text.data, again.data, text.count) != 0)
            abort();
        birth_fini(&back);
    }
    birth_fini(&birth);
    buf_fini(&text);
    buf_fini(&again);
    return 0;
}
