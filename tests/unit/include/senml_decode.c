/* SenML in: what is read, and what is refused with which words. */
#include "fieldline/senml.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 8 };
#define NOW 1795309549123LL

/* From memory of exactly the text's size, without a NUL behind it: that is how a payload arrives. */
static enum result decode(const char *text, struct senml_record *out, size_t *count, struct fault *fault) {
    size_t bytes = strlen(text);
    char *payload = malloc(bytes + (bytes == 0));
    memcpy(payload, text, bytes);
    enum result result = senml_decode(payload, bytes, NOW, out, ROOM, count, fault);
    free(payload);
    return result;
}

struct expected {
    const char *metric, *part, *unit;
    int64_t event_ms;
    double value;
};

Test(senml_decode, packs_are_resolved) {
    static const struct {
        const char *why, *text;
        size_t count;
        struct expected records[3];
    } rows[] = {
        {"one record",
         "[{\"n\":\"temp\",\"u\":\"Cel\",\"t\":1700000000.5,\"v\":-18.25}]",
         1,
         {{"temp", "", "Cel", 1700000000500, -18.25}}},
        {"a part",
         "[{\"n\":\"disk_used_ratio/root\",\"t\":1700000000,\"v\":0.5}]",
         1,
         {{"disk_used_ratio", "root", "", 1700000000000, 0.5}}},
        {"base fields hold from their record on",
         "[{\"bn\":\"a_\",\"bt\":1700000000,\"bu\":\"V\",\"n\":\"x\",\"v\":1},{\"n\":\"y\",\"t\":2,\"u\":\"A\",\"v\":2}"
         ",{\"bn\":\"b_\",\"n\":\"z\",\"t\":-1,\"v\":3}]",
         3,
         {{"a_x", "", "V", 1700000000000, 1}, {"a_y", "", "A", 1700000002000, 2}, {"b_z", "", "V", 1699999999000, 3}}},
        {"a record's own base may stand behind its fields",
         "[{\"v\":1,\"t\":1,\"n\":\"b\",\"bt\":1700000000,\"bn\":\"a\",\"bu\":\"s\"}]",
         1,
         {{"ab", "", "s", 1700000001000, 1}}},
        {"the base name alone is a name",
         "[{\"bn\":\"temp\",\"v\":1,\"t\":1700000000}]",
         1,
         {{"temp", "", "", 1700000000000, 1}}},
        {"the part may come from n",
         "[{\"bn\":\"temp/\",\"n\":\"left\",\"v\":1,\"t\":1700000000}]",
         1,
         {{"temp", "left", "", 1700000000000, 1}}},
        {"no time is now", "[{\"n\":\"a\",\"v\":1}]", 1, {{"a", "", "", NOW, 1}}},
        {"small times are relative to now",
         "[{\"n\":\"a\",\"t\":-1.5,\"v\":1},{\"n\":\"a\",\"t\":2,\"v\":1}]",
         2,
         {{"a", "", "", NOW - 1500, 1}, {"a", "", "", NOW + 2000, 1}}},
        {"2^28 s is a date", "[{\"n\":\"a\",\"t\":268435456,\"v\":1}]", 1, {{"a", "", "", 268435456000, 1}}},
        {"booleans are 0 and 1",
         "[{\"n\":\"a\",\"vb\":true},{\"n\":\"b\",\"vb\":false}]",
         2,
         {{"a", "", "", NOW, 1}, {"b", "", "", NOW, 0}}},
        {"base values are added",
         "[{\"bv\":20,\"n\":\"a\",\"v\":1.5},{\"n\":\"b\",\"v\":-1}]",
         2,
         {{"a", "", "", NOW, 21.5}, {"b", "", "", NOW, 19}}},
        {"a base value alone is a value", "[{\"bv\":20,\"n\":\"a\"}]", 1, {{"a", "", "", NOW, 20}}},
        {"a base value leaves booleans alone", "[{\"bv\":20,\"n\":\"a\",\"vb\":true}]", 1, {{"a", "", "", NOW, 1}}},
        {"texts are no samples",
         "[{\"n\":\"a\",\"vs\":\"op\\u00e9n\"},{\"n\":\"b\",\"v\":2}]",
         1,
         {{"b", "", "", NOW, 2}}},
        {"unknown fields are passed over",
         "[{\"x\":[1,{\"y\":2}],\"n\":\"a\",\"v\":1,\"ut\":60,\"z\":null}]",
         1,
         {{"a", "", "", NOW, 1}}},
        {"escapes in names and fields",
         "[{\"\\u006e\":\"\\u0061\\u002fb\",\"u\":\"\\u0043el\",\"v\":1}]",
         1,
         {{"a", "b", "Cel", NOW, 1}}},
        {"an escaped base name lives on",
         "[{\"bn\":\"\\u0061_\",\"n\":\"x\",\"v\":1},{\"n\":\"y\",\"v\":2}]",
         2,
         {{"a_x", "", "", NOW, 1}, {"a_y", "", "", NOW, 2}}},
        {"an empty unit undoes the base unit",
         "[{\"bu\":\"V\",\"n\":\"a\",\"v\":1},{\"u\":\"\",\"n\":\"b\",\"v\":1}]",
         2,
         {{"a", "", "V", NOW, 1}, {"b", "", "", NOW, 1}}},
        {"version 10", "[{\"bver\":10,\"n\":\"a\",\"v\":1}]", 1, {{"a", "", "", NOW, 1}}},
        {"white space", " [ { \"n\" : \"a\" , \"v\" : 1e0 } ] \n", 1, {{"a", "", "", NOW, 1}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct senml_record out[ROOM];
        struct fault fault = {""};
        size_t count = 99;
        cr_expect_eq(decode(rows[i].text, out, &count, &fault), RESULT_OK, "%s: %s", rows[i].why, fault.text);
        cr_expect_eq(count, rows[i].count, "%s", rows[i].why);
        for (size_t k = 0; k < rows[i].count && k < count; k++) {
            const struct expected *e = &rows[i].records[k];
            cr_expect_str_eq(out[k].metric, e->metric, "%s", rows[i].why);
            cr_expect_str_eq(out[k].part, e->part, "%s", rows[i].why);
            cr_expect_str_eq(out[k].unit, e->unit, "%s", rows[i].why);
            cr_expect_eq(out[k].event_ms, e->event_ms, "%s: %lld", rows[i].why, (long long)out[k].event_ms);
            cr_expect_eq(out[k].value, e->value, "%s", rows[i].why);
        }
    }
}

Test(senml_decode, other_packs_are_refused_with_record_and_field) {
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "record 1: not JSON"},
        {"{}", "an object, expected an array"},
        {"[]", "no records"},
        {"[{\"n\":\"a\",\"v\":1}", "record 2: not JSON"},
        {"[{\"n\":\"a\",\"v\":1},]", "record 2: not JSON"},
        {"[{\"n\":\"a\",\"v\":1}] []", "after the end"},
        {"[1]", "record 1: is a number, expected an object"},
        {"[{\"n\":\"a\",\"v\":1},{\"n\":\"a\",\"v\":1},{\"n\":\"a\",\"v\":\"x\"}]",
         "record 3: 'v' is a string, expected a number"},
        {"[{\"n\":\"a\",\"v\":null}]", "'v' is null"},
        {"[{\"n\":\"a\",\"v\":NaN}]", "not JSON"},
        {"[{\"n\":\"a\",\"v\":Infinity}]", "not JSON"},
        {"[{\"n\":\"a\",\"v\":1e999}]", "'v' is out of range"},
        {"[{\"n\":\"a\",\"v\":-1e309}]", "'v' is out of range"},
        {"[{\"n\":\"a\",\"v\":01}]", "not JSON"},
        {"[{\"n\":\"a\",\"bv\":1e308,\"v\":1e308}]", "'v' + 'bv' is out of range"},
        {"[{\"n\":\"a\",\"v\":1,\"v\":2}]", "'v' stands twice"},
        {"[{\"n\":\"a\",\"n\":\"b\",\"v\":1}]", "'n' stands twice"},
        {"[{\"n\":\"a\",\"\\u006e\":\"b\",\"v\":1}]", "'n' stands twice"},
        {"[{\"n\":\"a\",\"x\":1,\"x\":2,\"v\":1}]", "'x' stands twice"},
        {"[{\"n\":\"a\",\"vb\":true,\"v\":1}]", "exclude each other"},
        {"[{\"n\":\"a\",\"vs\":\"x\",\"vb\":true}]", "exclude each other"},
        {"[{\"n\":\"a\"}]", "'v' is missing"},
        {"[{\"v\":1}]", "'n' is missing"},
        {"[{\"n\":\"\",\"v\":1}]", "'n' is missing"},
        {"[{\"n\":1,\"v\":1}]", "'n' is a number, expected a string"},
        {"[{\"n\":\"Temp\",\"v\":1}]", "'Temp' is not a metric"},
        {"[{\"n\":\"temp \",\"v\":1}]", "is not a metric"},
        {"[{\"n\":\"temp/\",\"v\":1}]", "is not a metric"},
        {"[{\"n\":\"/x\",\"v\":1}]", "is not a metric"},
        {"[{\"n\":\"a/b/c\",\"v\":1}]", "is not a metric"},
        {"[{\"n\":\"a\\u0000b\",\"v\":1}]", "is not a metric"},
        {"[{\"n\":\"urn:dev:ow:10e2073a01080063\",\"v\":1}]", "is not a metric"},
        {"[{\"n\":\"\\ud800\",\"v\":1}]", "'n' is too long or no text"},
        {"[{\"n\":\"a\",\"u\":\"degrees Celsius\",\"v\":1}]", "'u' is not a unit"},
        {"[{\"n\":\"a\",\"u\":\"abcdefghijklmnop\",\"v\":1}]", "'u' is not a unit"},
        {"[{\"n\":\"a\",\"bu\":\"\xc2\xb0\",\"v\":1}]", "'bu' is not a unit"},
        {"[{\"n\":\"a\",\"t\":\"now\",\"v\":1}]", "'t' is a string, expected a number"},
        {"[{\"n\":\"a\",\"t\":1e300,\"v\":1}]", "beyond the year 9999"},
        {"[{\"n\":\"a\",\"bt\":-1e308,\"t\":-1e308,\"v\":1}]", "beyond the year 9999"},
        {"[{\"n\":\"a\",\"bt\":253402300800,\"v\":1}]", "beyond the year 9999"},
        {"[{\"n\":\"a\",\"vb\":1}]", "'vb' is a number, expected a boolean"},
        {"[{\"n\":\"a\",\"vs\":1}]", "'vs' is a number, expected a string"},
        {"[{\"n\":\"a\",\"s\":1}]", "'s' (sums and data) is not supported"},
        {"[{\"n\":\"a\",\"bs\":1,\"v\":1}]", "'bs' (sums and data)"},
        {"[{\"n\":\"a\",\"vd\":\"AAAA\"}]", "'vd' (sums and data)"},
        {"[{\"n\":\"a\",\"v\":1,\"need_\":1}]", "'need_' must be understood"},
        {"[{\"n\":\"a\",\"v\":1,\"need\\u005f\":1}]", "'need_' must be understood"},
        {"[{\"n\":\"a\",\"\\ud800\":1}]", "a field's name is too long or no text"},
        {"[{\"bver\":11,\"n\":\"a\",\"v\":1}]", "'bver'"},
        {"[{\"bver\":0,\"n\":\"a\",\"v\":1}]", "'bver'"},
        {"[{\"bver\":1.5,\"n\":\"a\",\"v\":1}]", "'bver'"},
        {"[{\"bver\":\"10\",\"n\":\"a\",\"v\":1}]", "'bver' is a string"},
        {"[{\"n\":\"a\",\"v\":1,\"x\":[}]", "not JSON"},
        {"[{\"n\":\"\xff\",\"v\":1}]", "not valid UTF-8"},
        {"[{\"n\":\"a\",\"v\":1,\"x\":\"\xed\xa0\x80\"}]", "not valid UTF-8"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct senml_record out[ROOM];
        struct fault fault = {""};
        size_t count = 99;
        cr_expect_eq(decode(rows[i].text, out, &count, &fault), RESULT_BAD_INPUT, "%s", rows[i].text);
        cr_expect(strstr(fault.text, rows[i].says) != NULL, "%s: '%s', expected '%s'", rows[i].text, fault.text,
                  rows[i].says);
        cr_expect_eq(count, 99u, "%s", rows[i].text);
    }
}

static size_t repeat(char *out, const char *record, size_t times) {
    char *at = out;
    *at++ = '[';
    for (size_t i = 0; i < times; i++)
        at += sprintf(at, "%s%s", i ? "," : "", record);
    *at++ = ']';
    *at = 0;
    return (size_t)(at - out);
}

Test(senml_decode, sizes_are_capped) {
    char *text = malloc(CAP_PAYLOAD_BYTES * 2);
    struct senml_record *out = malloc(sizeof *out * CAP_PACK_RECORDS);
    size_t count = 0;
    struct fault fault = {""};
    size_t bytes = repeat(text, "{\"n\":\"a\",\"v\":1}", CAP_PACK_RECORDS);
    cr_expect_eq(senml_decode(text, bytes, NOW, out, CAP_PACK_RECORDS, &count, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(count, (size_t)CAP_PACK_RECORDS);
    cr_expect_eq(senml_decode(text, bytes, NOW, out, CAP_PACK_RECORDS - 1, &count, &fault), RESULT_TOO_BIG,
                 "the caller's room");
    bytes = repeat(text, "{\"n\":\"a\",\"v\":1}", CAP_PACK_RECORDS + 1);
    cr_expect_eq(senml_decode(text, bytes, NOW, out, CAP_PACK_RECORDS, &count, &fault), RESULT_TOO_BIG,
                 "a record too many");
    bytes = repeat(text, "{\"n\":\"a\",\"vs\":\"\"}", CAP_PACK_RECORDS + 1);
    cr_expect_eq(senml_decode(text, bytes, NOW, out, CAP_PACK_RECORDS, &count, &fault), RESULT_TOO_BIG,
                 "a text too many");
    bytes = repeat(text, "{\"n\":\"a\",\"v\":1,\"x\":\"......................................\"}", 1300);
    cr_expect_eq(senml_decode(text, bytes, NOW, out, CAP_PACK_RECORDS, &count, &fault), RESULT_TOO_BIG, "bytes");
    free(text);
    free(out);
}

Test(senml_decode, names_are_capped_at_their_lengths) {
    char text[600], name[200];
    struct senml_record out[ROOM];
    size_t count;
    memset(name, 'a', sizeof name);
    name[63] = '/';
    name[127] = 0;
    snprintf(text, sizeof text, "[{\"n\":\"%s\",\"v\":1}]", name);
    cr_expect_eq(decode(text, out, &count, NULL), RESULT_OK);
    cr_expect(strlen(out[0].metric) == 63 && strlen(out[0].part) == 63);
    name[127] = 'a';
    name[128] = 0;
    snprintf(text, sizeof text, "[{\"n\":\"%s\",\"v\":1}]", name);
    cr_expect_eq(decode(text, out, &count, NULL), RESULT_BAD_INPUT);
    snprintf(text, sizeof text, "[{\"bn\":\"%s\",\"n\":\"a\",\"v\":1}]", name);
    cr_expect_eq(decode(text, out, &count, NULL), RESULT_BAD_INPUT);
    name[127] = 0;
    snprintf(text, sizeof text, "[{\"bn\":\"%s\",\"n\":\"a\",\"v\":1}]", name);
    cr_expect_eq(decode(text, out, &count, NULL), RESULT_BAD_INPUT, "base name and name together are too long");
}

Test(senml_decode, milliseconds_survive_as_seconds) {
    for (int64_t ms = 1795309549000; ms < 1795309551000; ms++) {
        char text[100];
        struct senml_record out[ROOM];
        size_t count;
        snprintf(text, sizeof text, "[{\"n\":\"a\",\"t\":%lld.%03d,\"v\":1}]", (long long)(ms / 1000),
                 (int)(ms % 1000));
        cr_assert_eq(decode(text, out, &count, NULL), RESULT_OK);
        cr_assert_eq(out[0].event_ms, ms);
    }
}

Test(senml_decode, too_many_unknown_fields_are_refused) {
    char text[4000] = "[{\"n\":\"a\",\"v\":1";
    for (int i = 0; i < 200; i++)
        sprintf(text + strlen(text), ",\"unknown%d\":0", i);
    strcat(text, "}]");
    struct senml_record out[ROOM];
    size_t count;
    cr_expect_eq(decode(text, out, &count, NULL), RESULT_BAD_INPUT);
}

/* ---- plainly written records are read by a short way: it must not differ from the long one ---- */

static uint64_t random_state = 88172645463325252u;
static uint32_t random_below(uint32_t bound) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % bound;
}

/* A pack whose records say few names, in about the same order, with all that the short way knows and some that it does
 * not. */
static void write_pack(struct buf *to) {
    static const char *const names[] = {"a",   "temperature",         "disk/root", "disk/data",
                                        "x_1", "vibration_rms/front", "9",         ""};
    static const char *const units[] = {"", "\"u\":\"V\",", "\"u\":\"\",", "\"u\":\"count\","};
    static const char *const times[] = {"0", "1.5", "-3", "20.004", "20.0041", "1790000000.25", "1e1", "00"};
    static const char *const values[] = {
        "0",       "-0",       "1",         "67.57",    "413504",          "-12.125",          "0.001", "01", "1.",
        "1234567", "12345678", "1234567.5", "12345.67", "123456789012345", "1234567890123456", "1e3",   "-",  "true"};
    static const char *const bases[] = {"", "\"bn\":\"m_\",", "\"bu\":\"A\",", "\"bt\":1700000000,", "\"bv\":2,"};
    buf_reset(to);
    buf_str(to, "[");
    uint32_t count = 1 + random_below(40), distinct = 1 + random_below(8), odd = random_below(3) ? 1000 : 6;
    for (uint32_t i = 0; i < count; i++) {
        buf_printf(to, "%s{%s%s", i ? "," : "", i == 0 || !random_below(odd) ? bases[random_below(5)] : "",
                   units[random_below(odd) ? i % distinct % 4 : random_below(4)]);
        if (i / distinct > 0)
            buf_printf(to, "\"t\":%s,", times[random_below(odd) ? i / distinct % 6 : random_below(8)]);
        buf_printf(to, "\"n\":\"%s\",\"v\":%s}", names[random_below(odd) ? i % distinct % 6 : random_below(8)],
                   values[random_below(random_below(odd) ? 7 : 18)]);
    }
    buf_str(to, "]");
    if (!random_below(3)) /* a wrong byte somewhere */
        to->data[random_below((uint32_t)to->count)] = (uint8_t) "\"{}[],:.0e-x \\"[random_below(14)];
}

/* The same pack with a space behind each brace: the short way reads no spaces. */
static void space_out(const struct buf *from, struct buf *to) {
    buf_reset(to);
    for (size_t i = 0; i < from->count; i++) {
        buf_add_u8(to, from->data[i]);
        if (from->data[i] == '{' && i > 0 && (from->data[i - 1] == '[' || from->data[i - 1] == ','))
            buf_add_u8(to, ' ');
    }
}

Test(senml_decode, the_short_way_reads_what_the_long_way_reads) {
    enum { PACKS = 20000 };
    static struct senml_record plain[CAP_PACK_RECORDS], spaced[CAP_PACK_RECORDS];
    struct buf text, other;
    size_t good = 0, same = 0;
    buf_init(&text, 64 * 1024);
    buf_init(&other, 64 * 1024);
    for (int round = 0; round < PACKS; round++) {
        struct fault fault;
        size_t plain_count = 0, spaced_count = 0;
        write_pack(&text);
        space_out(&text, &other);
        enum result a = senml_decode(text.data, text.count, NOW, plain, CAP_PACK_RECORDS, &plain_count, &fault);
        enum result b = senml_decode(other.data, other.count, NOW, spaced, CAP_PACK_RECORDS, &spaced_count, &fault);
        cr_assert_eq(a, b, "%s", buf_text(&text));
        cr_assert_eq(plain_count, spaced_count, "%s", buf_text(&text));
        good += a == RESULT_OK;
        for (size_t i = 0; a == RESULT_OK && i < plain_count; i++) {
            const struct senml_record *x = &plain[i], *y = &spaced[i];
            cr_assert(strcmp(x->metric, y->metric) == 0 && strcmp(x->part, y->part) == 0 &&
                          strcmp(x->unit, y->unit) == 0,
                      "record %zu of %s", i + 1, buf_text(&text));
            cr_assert(x->event_ms == y->event_ms && memcmp(&x->value, &y->value, sizeof x->value) == 0,
                      "record %zu of %s", i + 1, buf_text(&text));
            if (!x->same)
                continue;
            const struct senml_record *first = &plain[x->same - 1];
            same++;
            cr_assert(x->same <= i && strcmp(x->metric, first->metric) == 0 && strcmp(x->part, first->part) == 0 &&
                          strcmp(x->unit, first->unit) == 0 && first->same == 0,
                      "record %zu is not the same as %d of %s", i + 1, x->same, buf_text(&text));
        }
    }
    cr_expect(good > PACKS / 5 && same > PACKS, "the packs are of use: %zu good, %zu records like another", good, same);
    buf_fini(&text);
    buf_fini(&other);
}
