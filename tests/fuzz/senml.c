/* Any bytes as a SenML pack. What is accepted must survive encoding and decoding unchanged, and mean the same with a
 * space behind each brace: records without spaces are read by a short way of their own. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/senml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void must(bool is_so) {
    if (!is_so)
        abort();
}

static void round_trip(const struct senml_record *in) {
    static struct senml_record out[1];
    struct senml_pack pack;
    struct buf payload;
    size_t count = 0;
    senml_pack_init(&pack, CAP_PAYLOAD_BYTES);
    buf_init(&payload, CAP_PAYLOAD_BYTES);
    if (senml_pack_add(&pack, in) == RESULT_OK) { /* times before 1978 and after 9999 are not encoded */
        senml_pack_finish(&pack, &payload);
        must(senml_decode(payload.data, payload.count, 0, out, 1, &count, NULL) == RESULT_OK && count == 1);
        must(strcmp(in->metric, out->metric) == 0 && strcmp(in->part, out->part) == 0 &&
             strcmp(in->unit, out->unit) == 0);
        must(in->event_ms == out->event_ms && in->value == out->value);
    }
    senml_pack_fini(&pack);
    buf_fini(&payload);
}

static void read_the_long_way(const uint8_t *bytes, size_t count, enum result expected,
                              const struct senml_record *records, size_t record_count) {
    static struct senml_record out[CAP_PACK_RECORDS];
    struct buf spaced;
    bool in_string = false, is_escaped = false;
    size_t out_count = 0;
    buf_init(&spaced, CAP_PAYLOAD_BYTES);
    for (size_t i = 0; i < count; i++) {
        buf_add_u8(&spaced, bytes[i]);
        if (bytes[i] == '{' && !in_string)
            buf_add_u8(&spaced, ' ');
        in_string ^= bytes[i] == '"' && !is_escaped;
        is_escaped = bytes[i] == '\\' && !is_escaped;
    }
    if (!spaced.overflow) {
        must(senml_decode(buf_text(&spaced), spaced.count, 1795309549123, out, CAP_PACK_RECORDS, &out_count, NULL) ==
             expected);
        must(expected != RESULT_OK || out_count == record_count);
        for (size_t i = 0; expected == RESULT_OK && i < record_count; i++)
            must(strcmp(out[i].metric, records[i].metric) == 0 && strcmp(out[i].part, records[i].part) == 0 &&
                 strcmp(out[i].unit, records[i].unit) == 0 && out[i].event_ms == records[i].event_ms &&
                 out[i].value == records[i].value);
    }
    buf_fini(&spaced);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static struct senml_record out[CAP_PACK_RECORDS];
    struct fault fault = {""};
    size_t records = 0;
    enum result result = senml_decode(bytes, count, 1795309549123, out, CAP_PACK_RECORDS, &records, &fault);
    must(result == RESULT_OK ? records <= CAP_PACK_RECORDS : fault.text[0] != 0);
    read_the_long_way(bytes, count, result, out, records);
    for (size_t i = 0; i < records && i < 4; i++) {
        must(isfinite(out[i].value));
        round_trip(&out[i]);
    }
    return 0;
}
