/* Any bytes as a SenML pack. What is accepted must survive encoding and decoding unchanged. */
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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static struct senml_record out[CAP_PACK_RECORDS];
    struct fault fault = {""};
    size_t records = 0;
    enum result result = senml_decode(bytes, count, 1795309549123, out, CAP_PACK_RECORDS, &records, &fault);
    must(result == RESULT_OK ? records <= CAP_PACK_RECORDS : fault.text[0] != 0);
    for (size_t i = 0; i < records && i < 4; i++) {
        must(isfinite(out[i].value));
        round_trip(&out[i]);
    }
    return 0;
}
