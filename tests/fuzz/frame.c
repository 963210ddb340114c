/* Any bytes as a session message: bit 0 of the first byte says text, bit 1 says down; the rest is the message. The same
 * rest is also tried as a chain statement and as a list of capabilities. */
#include <stdlib.h>
#include <string.h>

#include "fieldline/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void must(bool is_so) {
    if (!is_so)
        abort();
}

static void try_frame(bool is_text, enum direction dir, const uint8_t *message, size_t count) {
    struct frame frame;
    struct fault fault = {""};
    if (frame_decode(is_text, dir, message, count, &frame, &fault)) {
        must(fault.text[0] != 0);
        return;
    }
    must(frame.count <= CAP_FRAME_BYTES && (frame.channel == CHANNEL_CONTROL) == is_text);
    struct chain chain;
    chain_begin(&chain, dir, "fuzz");
    chain_add(&chain, &frame);
    must(chain.count == 1);
    struct buf again;
    buf_init(&again, CAP_FRAME_BYTES + 1);
    if (!is_text) {
        frame_encode(frame.channel, frame.bytes, frame.count, &again);
        must(again.count == count && memcmp(again.data, message, count) == 0);
    }
    buf_fini(&again);
}

static void try_statement(const char *text, size_t count) {
    struct chain up, down;
    struct buf again;
    if (chain_statement_parse(text, count, "fuzz", &up, &down))
        return;
    buf_init(&again, 1024);
    chain_statement("fuzz", &up, &down, &again);
    must(again.count == count && memcmp(again.data, text, count) == 0);
    buf_fini(&again);
}

static void try_capabilities(const uint8_t *bytes, size_t count) {
    char *text = mem_strndup((const char *)bytes, strnlen((const char *)bytes, count));
    uint32_t bits = 0;
    struct fault fault = {""};
    must(capabilities_parse(text, &bits, &fault) == RESULT_OK || fault.text[0] != 0);
    must(bits < CAPABILITY_BIT(CAPABILITY_COUNT));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count == 0)
        return 0;
    try_frame(bytes[0] & 1, bytes[0] & 2 ? DIRECTION_DOWN : DIRECTION_UP, bytes + 1, count - 1);
    try_statement((const char *)bytes + 1, count - 1);
    try_capabilities(bytes + 1, count - 1);
    return 0;
}
