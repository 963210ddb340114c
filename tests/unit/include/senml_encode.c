/* SenML out: what is written, and that the decoder reads the same again. */
#include "fieldline/senml.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define T0 1795309549123LL

static struct senml_record record(const char *metric, const char *part, const char *unit, int64_t event_ms,
                                  double value) {
    struct senml_record r = {.event_ms = event_ms, .value = value};
    strcpy(r.metric, metric);
    strcpy(r.part, part);
    strcpy(r.unit, unit);
    return r;
}

Test(senml_encode, a_pack_is_small) {
    struct senml_pack pack;
    struct buf out;
    senml_pack_init(&pack, CAP_PAYLOAD_BYTES);
    buf_init(&out, CAP_PAYLOAD_BYTES);
    const struct senml_record records[] = {
        record("temp", "", "Cel", T0, -18.2), record("temp", "", "Cel", T0 + 1500, -18.5),
        record("disk_used_ratio", "root", "/", T0, 0.25), record("door", "", "", T0 - 1, 1)};
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(senml_pack_add(&pack, &records[i]), RESULT_OK);
    cr_expect_eq(pack.record_count, 4u);
    senml_pack_finish(&pack, &out);
    cr_expect_str_eq(
        buf_text(&out),
        "[{\"bt\":1795309549.123,\"bu\":\"Cel\",\"n\":\"temp\",\"v\":-18.2},{\"t\":1.5,\"n\":\"temp\",\"v\":-18.5},"
        "{\"u\":\"/\",\"n\":\"disk_used_ratio/root\",\"v\":0.25},{\"u\":\"\",\"t\":-0.001,\"n\":\"door\",\"v\":1}]");
    cr_expect_eq(pack.record_count, 0u);
    senml_pack_finish(&pack, &out);
    cr_expect_str_eq(buf_text(&out), "", "an empty pack is nothing");
    senml_pack_fini(&pack);
    buf_fini(&out);
}

Test(senml_encode, what_goes_in_comes_out) {
    struct senml_pack pack;
    struct buf out;
    senml_pack_init(&pack, CAP_PAYLOAD_BYTES);
    buf_init(&out, CAP_PAYLOAD_BYTES);
    static struct senml_record in[600], back[600];
    static const char *const units[] = {"Cel", "", "V", "%RH", "/"};
    uint64_t bits = 42;
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < 600; i++) {
            bits = bits * 6364136223846793005u + 1442695040888963407u;
            double value = i % 3 == 0   ? (double)(bits >> 40) / 100
                           : i % 3 == 1 ? (double)(int64_t)bits * 1e-30
                                        : (double)(bits & 1);
            in[i] = record(i % 2 ? "compressor_temp" : "a", i % 5 ? "" : "left.1", units[bits >> 20 & 3],
                           T0 + (int64_t)(bits >> 30) % 100000000, value);
            cr_assert_eq(senml_pack_add(&pack, &in[i]), RESULT_OK);
        }
        senml_pack_finish(&pack, &out);
        size_t count = 0;
        struct fault fault = {""};
        cr_assert_eq(senml_decode(out.data, out.count, 0, back, 600, &count, &fault), RESULT_OK, "%s", fault.text);
        cr_assert_eq(count, 600u);
        for (size_t i = 0; i < 600; i++)
            cr_assert_eq(memcmp(&in[i], &back[i], offsetof(struct senml_record, metric)) ||
                             strcmp(in[i].metric, back[i].metric) || strcmp(in[i].part, back[i].part) ||
                             strcmp(in[i].unit, back[i].unit) || in[i].event_ms != back[i].event_ms ||
                             in[i].value != back[i].value,
                         0, "record %zu of round %d", i, round);
    }
    senml_pack_fini(&pack);
    buf_fini(&out);
}

Test(senml_encode, a_record_the_gateway_would_refuse_does_not_go_in) {
    struct senml_pack pack;
    senml_pack_init(&pack, 1000);
    const struct {
        const char *why;
        struct senml_record record;
    } rows[] = {
        {"no metric", record("", "", "", T0, 1)},
        {"a metric in capitals", record("Temp", "", "", T0, 1)},
        {"a slash in the metric", record("a/b", "", "", T0, 1)},
        {"a space in the part", record("a", "b c", "", T0, 1)},
        {"a quote in the unit", record("a", "", "\"", T0, 1)},
        {"not a number", record("a", "", "", T0, NAN)},
        {"infinite", record("a", "", "", T0, -INFINITY)},
        {"1970: SenML would read it as relative", record("a", "", "", 86400000, 1)},
        {"before 1970", record("a", "", "", -1, 1)},
        {"after 9999", record("a", "", "", 253402300800000, 1)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_expect_eq(senml_pack_add(&pack, &rows[i].record), RESULT_BAD_INPUT, "%s", rows[i].why);
    cr_expect_eq(pack.record_count, 0u);
    senml_pack_fini(&pack);
}

Test(senml_encode, a_full_pack_stays_as_it_was_and_never_passes_its_cap) {
    for (size_t cap = 40; cap < 400; cap++) {
        struct senml_pack pack;
        struct buf out;
        struct senml_record r = record("temp", "left", "Cel", T0, 1.25), back[16];
        senml_pack_init(&pack, cap);
        buf_init(&out, 1000);
        enum result result;
        while ((result = senml_pack_add(&pack, &r)) == RESULT_OK)
            r.event_ms += 10;
        size_t added = pack.record_count, count = 0;
        cr_expect_eq(result, added ? RESULT_FULL : RESULT_TOO_BIG, "cap %zu", cap);
        senml_pack_finish(&pack, &out);
        cr_expect_leq(out.count, cap);
        if (added) {
            cr_expect_eq(senml_decode(out.data, out.count, 0, back, 16, &count, NULL), RESULT_OK, "cap %zu", cap);
            cr_expect_eq(count, added, "cap %zu", cap);
            cr_expect_eq(senml_pack_add(&pack, &r), RESULT_OK, "there is room again");
        }
        senml_pack_fini(&pack);
        buf_fini(&out);
    }
}

Test(senml_encode, a_pack_has_no_more_records_than_allowed) {
    struct senml_pack pack;
    struct senml_record r = record("a", "", "", T0, 1);
    senml_pack_init(&pack, 10 * CAP_PAYLOAD_BYTES);
    for (int i = 0; i < CAP_PACK_RECORDS; i++)
        cr_assert_eq(senml_pack_add(&pack, &r), RESULT_OK);
    cr_expect_eq(senml_pack_add(&pack, &r), RESULT_FULL);
    senml_pack_fini(&pack);
}
