/* Any bytes as a log message. What is accepted must survive encoding and decoding unchanged. */
#include <stdlib.h>
#include <string.h>

#include "fieldline/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static bool is_same(const struct log_record *a, const struct log_record *b) {
    return a->event_ms == b->event_ms && a->severity == b->severity && a->facility == b->facility &&
           a->is_cut == b->is_cut && strcmp(a->app, b->app) == 0 && strcmp(a->text, b->text) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static struct log_record logs[CAP_LOGS_IN_MESSAGE], back[CAP_LOGS_IN_MESSAGE];
    struct fault fault = {""};
    size_t records = 0, again = 0;
    if (logs_decode(bytes, count, logs, CAP_LOGS_IN_MESSAGE, &records, &fault)) {
        if (!fault.text[0])
            abort();
        return 0;
    }
    struct logs_pack pack;
    struct buf text;
    logs_pack_init(&pack, CAP_PAYLOAD_BYTES);
    buf_init(&text, CAP_PAYLOAD_BYTES);
    size_t added = 0;
    while (added < records && logs_pack_add(&pack, &logs[added]) == RESULT_OK)
        added++;
    logs_pack_finish(&pack, &text);
    if (added > 0 && (logs_decode(text.data, text.count, back, CAP_LOGS_IN_MESSAGE, &again, &fault) || again != added))
        abort();
    for (size_t i = 0; i < again; i++) {
        if (!is_same(&logs[i], &back[i]))
            abort();
    }
    logs_pack_fini(&pack);
    buf_fini(&text);
    return 0;
}
