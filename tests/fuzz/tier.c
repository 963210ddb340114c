/* Tiers as they might lie on a damaged disk, with and without a checksum that fits; see chunk.c. What decodes must
 * encode and decode to the same counts and extremes again, and then for good. The first byte picks level and key. */
#include "store/tier.h"

#include <stdlib.h>
#include <string.h>

#include "store/crc32.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void again(const struct tier_day *day, enum tier_level level, int64_t key) {
    static struct tier_day once, twice;
    struct buf out;
    bool is_dense = false;
    buf_init(&out, TIER_BYTES_MAX);
    tier_encode(day, level, key, &out, &is_dense);
    if (out.overflow || tier_decode(out.data, out.count, level, key, &once) != RESULT_OK)
        abort();
    for (int i = 0; i < TIER_DAY_MS / tier_unit_ms(level); i++)
        if (once.buckets[i].count != day->buckets[i].count ||
            memcmp(&once.buckets[i].min, &day->buckets[i].min, 2 * sizeof(double)) != 0)
            abort();
    buf_reset(&out);
    tier_encode(&once, level, key, &out, &is_dense);
    if (tier_decode(out.data, out.count, level, key, &twice) != RESULT_OK)
        abort();
    buf_fini(&out);
}

static void decode(const uint8_t *bytes, size_t count, enum tier_level level, int64_t key) {
    static struct tier_day day;
    if (tier_decode(bytes, count, level, key, &day) == RESULT_OK)
        again(&day, level, key);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    int64_t key = 0;
    uint8_t plain[8];
    if (count < 6 || count > 64 * 1024)
        return 0;
    const enum tier_level level = (enum tier_level)(bytes[0] % TIER_LEVELS);
    if (!tier_key(1 + bytes[0] / TIER_LEVELS, level, 20000, &key))
        abort();
    bytes++;
    count--;
    decode(bytes, count, level, key);
    uint8_t *fits = malloc(count);
    memcpy(fits, bytes, count - 4);
    for (int i = 0; i < 8; i++)
        plain[i] = (uint8_t)((uint64_t)key >> (8 * i));
    const uint32_t crc = crc32_add(crc32_add(0, plain, sizeof plain), bytes, count - 4);
    for (int i = 0; i < 4; i++)
        fits[count - 4 + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
    decode(fits, count, level, key);
    free(fits);
    return 0;
}
