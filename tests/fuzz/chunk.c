/* Chunks as they might lie on a damaged disk: the decoder gets the bytes as they are, and once more with a checksum
 * that fits, so that the fuzzer gets past it. What decodes must encode and decode to the same again. The journal's row
 * codec reads the same bytes: it has no checksum to get past. */
#include "store/chunk.h"

#include <stdlib.h>
#include <string.h>

#include "store/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static uint32_t crc32_add(uint32_t crc, const uint8_t *bytes, size_t count) {
    crc = ~crc;
    for (size_t i = 0; i < count; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
    }
    return ~crc;
}

/* The row's columns: all zero but the count, which is what the bytes say. */
static struct chunk_summary summary_of(const uint8_t *bytes, size_t count) {
    struct cursor in = cursor_of(bytes, count);
    uint8_t version = 0;
    uint64_t samples = 0;
    if (!cursor_u8(&in, &version) || !cursor_varint(&in, &samples))
        samples = 0;
    return (struct chunk_summary){.count = (int64_t)samples};
}

/* As chunk.c has it: from the second version on, the columns come first. */
static uint32_t checksum_of(const uint8_t *bytes, size_t count) {
    uint8_t columns[56] = {0};
    const uint64_t samples = (uint64_t)summary_of(bytes, count).count;
    for (int i = 0; i < 8; i++)
        columns[24 + i] = (uint8_t)(samples >> (8 * i));
    return crc32_add(count > 0 && bytes[0] >= 2 ? crc32_add(0, columns, sizeof columns) : 0, bytes, count);
}

static void again(const struct point *points, size_t count) {
    static struct point back[CHUNK_SAMPLES_MAX];
    struct buf out;
    size_t got = 0;
    buf_init(&out, 64 * 1024);
    const struct chunk_summary summary = chunk_summarize(1, points, count);
    chunk_encode(&summary, points, &out);
    if (out.overflow || chunk_decode(&summary, out.data, out.count, back, CHUNK_SAMPLES_MAX, &got) != RESULT_OK ||
        got != count || memcmp(back, points, count * sizeof *back) != 0)
        abort();
    buf_fini(&out);
}

static void decode_chunk(const uint8_t *bytes, size_t count) {
    static struct point points[CHUNK_SAMPLES_MAX];
    const struct chunk_summary summary = summary_of(bytes, count);
    size_t got = 0;
    if (chunk_decode(&summary, bytes, count, points, CHUNK_SAMPLES_MAX, &got) == RESULT_OK)
        again(points, got);
}

static void decode_row(const uint8_t *bytes, size_t count) {
    static struct journal_sample samples[JOURNAL_SAMPLES_MAX], back[JOURNAL_SAMPLES_MAX];
    struct buf out;
    size_t got = 0, same = 0;
    if (journal_decode(bytes, count, samples, JOURNAL_SAMPLES_MAX, &got) != RESULT_OK)
        return;
    buf_init(&out, 256 * 1024);
    if (journal_encode(samples, got, &out) != RESULT_OK ||
        journal_decode(out.data, out.count, back, JOURNAL_SAMPLES_MAX, &same) != RESULT_OK || same != got ||
        memcmp(back, samples, got * sizeof *back) != 0)
        abort();
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    decode_chunk(bytes, count);
    decode_row(bytes, count);
    if (count < 4 || count > 64 * 1024)
        return 0;
    uint8_t *fits = malloc(count);
    memcpy(fits, bytes, count - 4);
    const uint32_t crc = checksum_of(bytes, count - 4);
    for (int i = 0; i < 4; i++)
        fits[count - 4 + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
    decode_chunk(fits, count);
    free(fits);
    return 0;
}
