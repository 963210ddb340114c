/* The chunk codec, version 2.
 *
 * Two columns in one stream. Times are what is left of a steady pace: the middle of some steps is taken out, so that a
 * clock with jitter leaves small numbers around a line, and one without leaves nothing. Values are values.h's. Decoding
 * trusts nothing: the checksum finds accidents, every count is checked for what is not an accident, and nothing may be
 * left over.
 *
 * Left: a block size of its own for every column, or blocks that share what was learnt; a chunk must be readable alone,
 * and what a chunk of 250 samples learns anew costs it some ten bytes. */
#include "store/chunk.h"

#include <string.h>

#include "store/chunk_v1.h"
#include "store/crc32.h"
#include "store/numbers.h"
#include "store/values.h"

enum { CRC_BYTES = 4, STEPS_LOOKED_AT = 15 };

struct chunk_summary chunk_summarize(int64_t series, const struct point *points, size_t count) {
    struct chunk_summary s = {.series = series,
                              .start_ms = points[0].event_ms,
                              .end_ms = points[count - 1].event_ms,
                              .count = (int64_t)count,
                              .min = points[0].value,
                              .max = points[0].value};
    for (size_t i = 0; i < count; i++) {
        s.min = points[i].value < s.min ? points[i].value : s.min;
        s.max = points[i].value > s.max ? points[i].value : s.max;
        s.sum += points[i].value;
    }
    return s;
}

static uint32_t checksum_of(const struct chunk_summary *s, const uint8_t *bytes, size_t count) {
    const double reals[] = {s->min + 0.0, s->max + 0.0, s->sum + 0.0}; /* SQLite keeps no -0 */
    uint64_t words[7] = {(uint64_t)s->series, (uint64_t)s->start_ms, (uint64_t)s->end_ms, (uint64_t)s->count};
    uint8_t plain[sizeof words];
    memcpy(words + 4, reals, sizeof reals);
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)(words[i / 8] >> (8 * (i % 8)));
    const uint32_t before = count > 0 && bytes[0] >= 2 ? crc32_add(0, plain, sizeof plain) : 0;
    return crc32_add(before, bytes, count);
}

bool chunk_is_sound(const struct chunk_summary *summary, const void *bytes, size_t count) {
    uint32_t crc = 0;
    if (count < 1 + CRC_BYTES)
        return false;
    struct cursor tail = cursor_of((const uint8_t *)bytes + count - CRC_BYTES, CRC_BYTES);
    return cursor_u32be(&tail, &crc) && crc == checksum_of(summary, bytes, count - CRC_BYTES);
}

/* ---- times ---- */

static uint64_t pace_of(const struct point *points, size_t count) {
    int64_t steps[STEPS_LOOKED_AT];
    size_t looked_at = 0;
    const size_t every = (count - 2) / STEPS_LOOKED_AT + 1;
    for (size_t i = 1; i < count; i += every) { /* sorted as they come */
        const int64_t step = (int64_t)((uint64_t)points[i].event_ms - (uint64_t)points[i - 1].event_ms);
        size_t at = looked_at++;
        for (; at > 0 && steps[at - 1] > step; at--)
            steps[at] = steps[at - 1];
        steps[at] = step;
    }
    return (uint64_t)steps[looked_at / 2];
}

static void put_times(const struct point *points, size_t count, struct range_encoder *e) {
    int64_t left[CHUNK_SAMPLES_MAX];
    const uint64_t pace = count > 1 ? pace_of(points, count) : 0;
    const int64_t header[] = {(int64_t)pace};
    for (size_t i = 0; i < count; i++)
        left[i] = (int64_t)((uint64_t)points[i].event_ms - pace * i);
    numbers_encode(header, 1, e);
    numbers_encode(left, count, e);
}

static bool get_times(struct range_decoder *d, struct point *out, size_t count) {
    int64_t left[CHUNK_SAMPLES_MAX], pace = 0;
    if (!numbers_decode(d, &pace, 1) || !numbers_decode(d, left, count))
        return false;
    for (size_t i = 0; i < count; i++)
        out[i].event_ms = (int64_t)((uint64_t)left[i] + (uint64_t)pace * i);
    return true;
}

/* ---- values ---- */

static void put_values(const struct point *points, size_t count, struct range_encoder *e) {
    double values[CHUNK_SAMPLES_MAX];
    for (size_t i = 0; i < count; i++)
        values[i] = points[i].value;
    values_encode(values, count, e);
}

static bool get_values(struct range_decoder *d, struct point *out, size_t count) {
    double values[CHUNK_SAMPLES_MAX];
    if (!values_decode(d, values, count))
        return false;
    for (size_t i = 0; i < count; i++)
        out[i].value = values[i];
    return true;
}

/* ---- the whole ---- */

void chunk_encode(const struct chunk_summary *summary, const struct point *points, struct buf *out) {
    const size_t start = out->count, count = (size_t)summary->count;
    buf_add_u8(out, CHUNK_VERSION);
    buf_add_varint(out, count);
    struct range_encoder e = range_encoder_of(out);
    put_times(points, count, &e);
    put_values(points, count, &e);
    range_encoder_end(&e);
    if (!out->overflow)
        buf_add_u32be(out, checksum_of(summary, out->data + start, out->count - start));
}

enum result chunk_decode(const struct chunk_summary *summary, const void *bytes, size_t count, struct point *out,
                         size_t room, size_t *points) {
    struct cursor in = cursor_of(bytes, count);
    uint8_t version = 0;
    uint64_t samples = 0;
    if (!chunk_is_sound(summary, bytes, count) || !cursor_u8(&in, &version))
        return RESULT_CORRUPT;
    if (version != CHUNK_VERSION && version != 1)
        return RESULT_BAD_INPUT;
    in.left -= CRC_BYTES;
    if (!cursor_varint(&in, &samples) || samples == 0 || samples > CHUNK_SAMPLES_MAX ||
        samples != (uint64_t)summary->count)
        return RESULT_CORRUPT;
    if (samples > room)
        return RESULT_TOO_BIG;
    if (version == 1) {
        if (!chunk_v1_decode(&in, out, (size_t)samples))
            return RESULT_CORRUPT;
    } else {
        struct range_decoder d = range_decoder_of(in.at, in.left);
        if (!get_times(&d, out, (size_t)samples) || !get_values(&d, out, (size_t)samples) || !range_decoder_end(&d))
            return RESULT_CORRUPT;
    }
    *points = (size_t)samples;
    return RESULT_OK;
}
