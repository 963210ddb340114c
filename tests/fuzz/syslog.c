/* Any datagram as syslog. What comes out must survive the wire unchanged. */
#include <stdlib.h>
#include <string.h>

#include "collect/syslog.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void must(bool is_so) {
    if (!is_so) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static struct log_record record, back;
    struct logs_pack pack;
    struct buf text;
    struct fault fault;
    size_t read;
    if (!syslog_decode(bytes, count, 1795309549000, &record)) {
        return 0;
    }
    logs_pack_init(&pack, CAP_PAYLOAD_BYTES);
    buf_init(&text, CAP_PAYLOAD_BYTES);
    must(logs_pack_add(&pack, &record) == RESULT_OK);
    logs_pack_finish(&pack, &text);
    must(logs_decode(text.data, text.count, &back, 1, &read, &fault) == RESULT_OK && read == 1);
    must(strcmp(record.text, back.text) == 0 && strcmp(record.app, back.app) == 0 && record.is_cut == back.is_cut);
    must(record.event_ms == back.event_ms && record.severity == back.severity && record.facility == back.facility);
    logs_pack_fini(&pack);
    buf_fini(&text);
    return 0;
}
