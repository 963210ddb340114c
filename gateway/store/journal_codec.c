/* A journal row's payload: version u8, count varint, then for each sample three differences: series, time (zigzag
 * varints from the sample before) and the value, as a control byte with the power of ten and a zigzag varint, or raw.
 *
 * Not the chunk codec: a message holds few samples of many series, is written for each message and read at most a few
 * times, so what counts is the writer's time. A CRC-32 follows since version 2: SQLite's log has one, its file has not.
 */
#include "store/crc32.h"
#include "store/decimal.h"
#include "store/journal.h"

enum { JOURNAL_VERSION = 2, WITHOUT_CHECK = 1, CRC_BYTES = 4, VALUE_RAW = 0xff };

static uint8_t *put_value(uint8_t *at, double value) {
    int64_t mantissa = 0;
    for (int exponent = 0; exponent <= DECIMAL_EXPONENT_MAX; exponent++) {
        if (!decimal_split(value, exponent, &mantissa))
            continue;
        *at++ = (uint8_t)exponent;
        return varint_write(at, zigzag_encode(mantissa));
    }
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    *at++ = VALUE_RAW;
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(bits >> shift);
    return at;
}

static bool get_value(struct cursor *in, double *value) {
    uint8_t control = 0;
    uint64_t bits = 0;
    if (!cursor_u8(in, &control))
        return false;
    if (control == VALUE_RAW) {
        if (!cursor_u64be(in, &bits))
            return false;
        memcpy(value, &bits, sizeof bits);
        return true;
    }
    if (control > DECIMAL_EXPONENT_MAX || !cursor_varint(in, &bits))
        return false;
    *value = decimal_join(zigzag_decode(bits), control);
    return true;
}

enum result journal_encode(const struct journal_sample *samples, size_t count, struct buf *out) {
    if (count > JOURNAL_SAMPLES_MAX)
        return RESULT_TOO_BIG;
    uint64_t series = 0, event_ms = 0;
    uint8_t *begin = buf_space(out, JOURNAL_HEAD_BYTES_MAX + count * JOURNAL_SAMPLE_BYTES_MAX);
    if (!begin)
        return RESULT_TOO_BIG;
    uint8_t *at = begin;
    *at++ = JOURNAL_VERSION;
    at = varint_write(at, count);
    for (size_t i = 0; i < count; i++) {
        at = varint_write(at, zigzag_encode((int64_t)((uint64_t)samples[i].series - series)));
        at = varint_write(at, zigzag_encode((int64_t)((uint64_t)samples[i].event_ms - event_ms)));
        at = put_value(at, samples[i].value);
        series = (uint64_t)samples[i].series;
        event_ms = (uint64_t)samples[i].event_ms;
    }
    const uint32_t crc = crc32_add(0, begin, (size_t)(at - begin));
    for (int shift = 24; shift >= 0; shift -= 8)
        *at++ = (uint8_t)(crc >> shift);
    buf_wrote(out, at);
    return RESULT_OK;
}

/* Leaves the samples in `in`. */
static bool open_payload(const void *payload, size_t bytes, struct cursor *in) {
    uint8_t version = 0;
    uint32_t crc = 0;
    *in = cursor_of(payload, bytes);
    if (!cursor_u8(in, &version))
        return false;
    if (version == WITHOUT_CHECK)
        return true;
    if (version != JOURNAL_VERSION || in->left < CRC_BYTES)
        return false;
    in->left -= CRC_BYTES;
    struct cursor end = cursor_of(in->at + in->left, CRC_BYTES);
    return cursor_u32be(&end, &crc) && crc == crc32_add(0, payload, bytes - CRC_BYTES);
}

enum result journal_decode(const void *payload, size_t bytes, struct journal_sample *out, size_t room, size_t *count) {
    struct cursor in;
    uint64_t samples = 0, series = 0, event_ms = 0, delta = 0;
    if (!open_payload(payload, bytes, &in) || !cursor_varint(&in, &samples) || samples > JOURNAL_SAMPLES_MAX)
        return RESULT_CORRUPT;
    if (samples > room)
        return RESULT_TOO_BIG;
    for (size_t i = 0; i < samples; i++) {
        if (!cursor_varint(&in, &delta))
            return RESULT_CORRUPT;
        series += (uint64_t)zigzag_decode(delta);
        if (!cursor_varint(&in, &delta))
            return RESULT_CORRUPT;
        event_ms += (uint64_t)zigzag_decode(delta);
        out[i].series = (int64_t)series;
        out[i].event_ms = (int64_t)event_ms;
        if (!get_value(&in, &out[i].value))
            return RESULT_CORRUPT;
    }
    if (in.left != 0)
        return RESULT_CORRUPT;
    *count = (size_t)samples;
    return RESULT_OK;
}
