/* The stamp of an `up` message, as MQTT 5 user properties. Few and short on purpose: what the client library does for
 * each property (four allocations, two copies) is a tenth of all that a small message costs the gateway; boot and both
 * clocks are therefore one property. What is not ours is ignored: brokers and bridges add properties of their own. */
#include <stdio.h>
#include <string.h>

#include "fieldline/message.h"
#include "fieldline/number.h"

static bool is_named(const char *key, size_t key_chars, const char *name) {
    return key_chars == strlen(name) && memcmp(key, name, key_chars) == 0;
}

static bool take_uuid(const char *text, size_t chars, char out[CAP_UUID_BYTES + 1]) {
    if (chars != CAP_UUID_BYTES)
        return false;
    memcpy(out, text, CAP_UUID_BYTES);
    out[CAP_UUID_BYTES] = 0;
    return uuid_valid(out);
}

/* "BOOT MONO WALL" */
static bool take_clock(const char *text, size_t chars, struct wire_stamp *stamp) {
    if (chars <= CAP_UUID_BYTES || text[CAP_UUID_BYTES] != ' ' || !take_uuid(text, CAP_UUID_BYTES, stamp->boot))
        return false;
    const char *mono = text + CAP_UUID_BYTES + 1, *end = text + chars;
    const char *blank = memchr(mono, ' ', (size_t)(end - mono));
    return blank && number_i64(mono, (size_t)(blank - mono), 0, INT64_MAX, &stamp->mono_ms) &&
           number_i64(blank + 1, (size_t)(end - blank - 1), 0, INT64_MAX, &stamp->wall_ms);
}

void wire_clock_print(const struct wire_stamp *stamp, char out[WIRE_CLOCK_CHARS + 1]) {
    snprintf(out, WIRE_CLOCK_CHARS + 1, "%s %lld %lld", stamp->boot, (long long)stamp->mono_ms,
             (long long)stamp->wall_ms);
}

const char *wire_stamp_take(struct wire_stamp *stamp, const char *key, size_t key_chars, const char *value,
                            size_t chars) {
    int64_t number = 0;
    if (is_named(key, key_chars, WIRE_STREAM))
        return take_uuid(value, chars, stamp->stream) ? NULL : "stream is not a UUID";
    if (is_named(key, key_chars, WIRE_CLOCK))
        return take_clock(value, chars, stamp) ? NULL : "clock is not 'BOOT MONO WALL'";
    if (is_named(key, key_chars, WIRE_SEQ)) {
        if (!number_i64(value, chars, 1, INT64_MAX, &number))
            return "seq is not a positive number";
        stamp->seq = (uint64_t)number;
    } else if (is_named(key, key_chars, WIRE_FROM)) {
        if (!number_i64(value, chars, 1, INT64_MAX, &number))
            return "from is not a positive number";
        stamp->from = (uint64_t)number;
    }
    return NULL;
}

const char *wire_stamp_end(struct wire_stamp *stamp, bool *has_stream) {
    *has_stream = false;
    if ((stamp->stream[0] != 0) != (stamp->seq != 0))
        return "stream and seq come together or not at all";
    if (stamp->from == 0)
        stamp->from = stamp->seq;
    if (stamp->from > stamp->seq)
        return "from is beyond seq";
    *has_stream = stamp->seq != 0;
    return NULL;
}
