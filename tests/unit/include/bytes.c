/* Cursor, buffer, varints. */
#include "fieldline/bytes.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

Test(bytes, a_cursor_reads_big_endian_and_ends_empty) {
    const uint8_t bytes[] = {7, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 1, 0, 'a', 'b'};
    struct cursor c = cursor_of(bytes, sizeof bytes);
    uint8_t u8 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    const uint8_t *rest = NULL;
    cr_expect(cursor_u8(&c, &u8) && u8 == 7);
    cr_expect(cursor_u32be(&c, &u32) && u32 == 0x102);
    cr_expect(cursor_u64be(&c, &u64) && u64 == 0x100);
    cr_expect(cursor_take(&c, 2, &rest) && memcmp(rest, "ab", 2) == 0);
    cr_expect_eq(c.left, 0u);
}

Test(bytes, a_short_cursor_refuses_and_stays_where_it_is) {
    const uint8_t bytes[3] = {1, 2, 3};
    struct cursor c = cursor_of(bytes, sizeof bytes);
    uint32_t u32 = 99;
    uint64_t u64 = 99;
    uint8_t u8 = 99;
    const uint8_t *rest = NULL;
    cr_expect_not(cursor_u32be(&c, &u32));
    cr_expect_not(cursor_u64be(&c, &u64));
    cr_expect_not(cursor_take(&c, 4, &rest));
    cr_expect(c.left == 3 && u32 == 99 && u64 == 99 && !rest);
    struct cursor none = cursor_of(NULL, 0);
    cr_expect_not(cursor_u8(&none, &u8));
    cr_expect_not(cursor_varint(&none, &u64));
}

Test(bytes, varints_go_and_come_back) {
    const uint64_t values[] = {0, 1, 127, 128, 300, 16383, 16384, UINT32_MAX, UINT64_MAX / 2, UINT64_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct buf b;
        buf_init(&b, 16);
        buf_add_varint(&b, values[i]);
        struct cursor c = cursor_of(b.data, b.count);
        uint64_t back = ~values[i];
        cr_expect(cursor_varint(&c, &back) && back == values[i] && c.left == 0, "%llu", (unsigned long long)values[i]);
        buf_fini(&b);
    }
}

Test(bytes, bad_varints_are_refused) {
    static const struct {
        const char *why;
        uint8_t bytes[12];
        size_t count;
    } rows[] = {
        {"it ends in the middle", {0x80}, 1},
        {"it ends in the middle of ten", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 9},
        {"it has 65 bits", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 10},
        {"it has eleven bytes", {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 11},
        {"it is over-long: 0 in two bytes", {0x80, 0x00}, 2},
        {"it is over-long: 127 in two bytes", {0xff, 0x00}, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cursor c = cursor_of(rows[i].bytes, rows[i].count);
        uint64_t value;
        cr_expect_not(cursor_varint(&c, &value), "%s", rows[i].why);
        cr_expect_eq(c.left, rows[i].count, "%s", rows[i].why);
    }
}

Test(bytes, zigzag_keeps_small_numbers_small) {
    static const struct {
        int64_t value;
        uint64_t code;
    } rows[] = {{0, 0}, {-1, 1}, {1, 2}, {-2, 3}, {INT64_MAX, UINT64_MAX - 1}, {INT64_MIN, UINT64_MAX}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(zigzag_encode(rows[i].value), rows[i].code);
        cr_expect_eq(zigzag_decode(rows[i].code), rows[i].value);
    }
}

Test(bytes, a_buffer_grows_and_is_always_terminated) {
    struct buf b;
    buf_init(&b, 100000);
    cr_expect_str_eq(buf_text(&b), "");
    for (int i = 0; i < 1000; i++)
        buf_printf(&b, "%04d,", i);
    cr_expect_eq(b.count, 5000u);
    cr_expect_eq(strlen(buf_text(&b)), 5000u);
    cr_expect_eq(strncmp(buf_text(&b) + 4995, "0999,", 5), 0);
    buf_reset(&b);
    cr_expect_str_eq(buf_text(&b), "");
    buf_add_u8(&b, 'x');
    buf_add_u32be(&b, 0x61626364);
    buf_add_u64be(&b, 0x6566676869303132);
    cr_expect_str_eq(buf_text(&b), "xabcdefghi012");
    buf_fini(&b);
    buf_fini(&b);
}

Test(bytes, a_long_printf_is_whole) {
    struct buf b;
    buf_init(&b, 5000);
    buf_printf(&b, "%s%0*d", "head:", 3000, 7);
    cr_expect_eq(b.count, 3005u);
    cr_expect_eq(b.data[3004], '7');
    cr_expect_eq(b.data[3005], 0);
    buf_wipe(&b);
}

Test(bytes, after_an_overflow_nothing_is_added) {
    struct buf b;
    buf_init(&b, 5);
    buf_str(&b, "abc");
    buf_str(&b, "def");
    cr_expect(b.overflow);
    buf_str(&b, "g");
    buf_printf(&b, "%d", 7);
    cr_expect_str_eq(buf_text(&b), "abc");
    buf_reset(&b);
    buf_str(&b, "12345");
    cr_expect_not(b.overflow);
    cr_expect_str_eq(buf_text(&b), "12345");
    buf_fini(&b);
}

Test(bytes, a_buffer_without_room_takes_nothing) {
    struct buf b;
    buf_init(&b, 0);
    buf_add(&b, "", 0);
    cr_expect_not(b.overflow);
    buf_add_u8(&b, 1);
    cr_expect(b.overflow && b.count == 0);
    cr_expect_str_eq(buf_text(&b), "");
    buf_fini(&b);
}

Test(bytes, copies_of_texts) {
    char *a = mem_strdup("abc"), *b = mem_strndup("abcdef", 2), *c = mem_strndup("a", 100);
    cr_expect_str_eq(a, "abc");
    cr_expect_str_eq(b, "ab");
    cr_expect_str_eq(c, "a");
    a = mem_realloc(a, 10000);
    cr_expect_str_eq(a, "abc");
    uint8_t *zeroed = mem_alloc(64);
    for (int i = 0; i < 64; i++)
        cr_expect_eq(zeroed[i], 0);
    free(a), free(b), free(c), free(zeroed);
}
