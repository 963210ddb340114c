/* SenML (RFC 8428), JSON form: the telemetry payload.
 *
 * The resolved name (bn + n) is `metric` or `metric/part`: `disk_used_ratio/root` is the metric disk_used_ratio of the
 * part "root". Supported: bn bt bu bv n u v vb vs t ut, bver <= 10, unknown fields (refused when they end in "_", as
 * the RFC says). bs/s (sums) and vd (data) are refused: no pack has a use for them. Values: numbers, and booleans as
 * 0/1. A record whose value is a text (vs) is checked and left out: it is no sample. u "" undoes the base unit. Times
 * are resolved to milliseconds since 1970; values below 2^28 s are relative to `now_ms`. */
#pragma once
#include <stdint.h>

#include "fieldline/bytes.h"
#include "fieldline/caps.h"

struct senml_record {
    char metric[CAP_METRIC_BYTES + 1];
    char part[CAP_PART_BYTES + 1]; /* "" : the product has one of these */
    char unit[CAP_UNIT_BYTES + 1]; /* "" : none given */
    int64_t event_ms;
    double value;
    uint16_t same; /* from the decoder: 1 + the index of the first record with the same metric, part and unit; 0: not
                      known */
};

/* Decodes a whole pack into out[0..*count). All or nothing; the fault names the record and the field
 * ("record 3: 'v' is a string, expected a number"); the first record is 1. Absurd times (beyond CAP_TIME_*) are not its
 * business: that is for the normaliser, record by record. */
FL_CHECK enum result senml_decode(const void *payload, size_t bytes, int64_t now_ms, struct senml_record *out,
                                  size_t room, size_t *count, struct fault *fault);

/* Encodes a pack: base time = first record's time, units only where they differ from `bu`, times relative. A record
 * that does not fit the cap anymore is refused with RESULT_FULL and the pack stays as it was: send it, begin anew
 * (RESULT_TOO_BIG: it fits no pack of this cap). What the decoder would refuse is refused here with RESULT_BAD_INPUT: a
 * wrong name, a value that is not finite, a time before 1978-07-04 (2^28 s; SenML reads less as relative) or after
 * 9999. */
struct senml_pack {
    struct buf body;
    int64_t base_ms;
    char unit[CAP_UNIT_BYTES + 1];
    size_t record_count;
};
void senml_pack_init(struct senml_pack *p, size_t cap_bytes);
void senml_pack_fini(struct senml_pack *p);
FL_CHECK enum result senml_pack_add(struct senml_pack *p, const struct senml_record *record);
/* `out` becomes the finished payload ("" when the pack has no records); the pack is then empty for the next. */
void senml_pack_finish(struct senml_pack *p, struct buf *out);
