/* Sparkplug B: births, aliases, sequence, deaths, requests for births. */
#include "ingest/adapters/sparkplug.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "heard.h"
#include "ingest/adapters/sparkplug_node.h"
#include "ingest/adapters/sparkplug_state.h"
#include "sparkplug_writer.h"

static const char rooms[] = "[sparkplug rooms]\ngroup = g\nmodel = room\nmetric temp = Air Temp | Cel\n"
                            "metric mode = Mode | | auto=1 hand=0\nfault leak = Leak | true\n";

static enum result feed(struct heard *h, const char *topic, struct sparkplug_writer *w) {
    const enum result result =
        heard_bytes(h, topic, w->payload.data ? w->payload.data : (const uint8_t *)"", w->payload.count, false);
    sparkplug_end(w);
    return result;
}

static enum result node_birth(struct heard *h, int seq, int bdseq) {
    struct sparkplug_writer w;
    sparkplug_begin(&w, HEARD_MS, seq);
    sparkplug_metric(&w, "bdSeq", NO_ALIAS, 8, 11, bdseq, NULL);
    sparkplug_metric(&w, "Node Control/Rebirth", NO_ALIAS, 11, 14, 0, NULL);
    return feed(h, "spBv1.0/g/NBIRTH/n", &w);
}

static enum result device_birth(struct heard *h, int seq) {
    struct sparkplug_writer w;
    sparkplug_begin(&w, HEARD_MS, seq);
    sparkplug_metric(&w, "Air Temp", 1, 10, 13, 20, NULL);
    sparkplug_metric(&w, "Mode", 2, 12, 15, 0, "auto");
    sparkplug_metric(&w, "Leak", 3, 11, 14, 0, NULL);
    sparkplug_metric(&w, "Shift", 4, 1, 10, -2, NULL);
    sparkplug_metric_unit(&w, "Motor/Speed", 5, 1450, "rpm");
    return feed(h, "spBv1.0/g/DBIRTH/n/d", &w);
}

static enum result device_data(struct heard *h, int seq, const char *name, int64_t alias, double value) {
    struct sparkplug_writer w;
    sparkplug_begin(&w, HEARD_MS, seq);
    sparkplug_metric(&w, name, alias, NO_TYPE, 13, value, NULL);
    return feed(h, "spBv1.0/g/DDATA/n/d", &w);
}

static struct heard *born(void) {
    struct heard *h = heard_new(rooms);
    cr_assert_eq(node_birth(h, 0, 7), RESULT_OK, "%s", h->fault.text);
    cr_assert_str_eq(h->said, "sp-g--n room online serial=g/n");
    cr_assert_eq(device_birth(h, 1), RESULT_OK, "%s", h->fault.text);
    cr_assert_str_eq(
        h->said, "sp-g--n--d room online temp=20Cel mode=1 shift=-2 motor_speed=14501/min -leak(Leak) serial=g/n/d");
    return h;
}

Test(sparkplug, data_means_what_the_birth_said) {
    struct heard *h = born();
    cr_expect_eq(device_data(h, 2, NULL, 1, 21.5), RESULT_OK);
    cr_expect_str_eq(h->said, "sp-g--n--d room temp=21.5Cel serial=g/n/d");
    cr_expect_eq(device_data(h, 3, "Air Temp", NO_ALIAS, 22), RESULT_OK);
    cr_expect_str_eq(h->said, "sp-g--n--d room temp=22Cel serial=g/n/d");
    cr_expect_eq(device_data(h, 4, NULL, 5, 1500), RESULT_OK);
    cr_expect_str_eq(h->said, "sp-g--n--d room motor_speed=15001/min serial=g/n/d", "the unit is the birth's");
    cr_expect_eq(h->asks, 0);
    heard_free(h);
}

Test(sparkplug, values_of_every_kind) {
    static const struct {
        const char *what;
        int64_t alias;
        int type, field;
        double number;
        const char *text, *said;
    } rows[] = {
        {"a negative Int8 in 32 bits", 4, 1, 10, 4294967294.0, NULL, "sp-g--n--d room shift=-2 serial=g/n/d"},
        {"a negative Int8 in 8 bits", 4, 1, 10, 254, NULL, "sp-g--n--d room shift=-2 serial=g/n/d"},
        {"a negative Int64", 4, 4, 11, -5, NULL, "sp-g--n--d room shift=-5 serial=g/n/d"},
        {"a UInt32", 4, 7, 10, 4294967294.0, NULL, "sp-g--n--d room shift=4294967294 serial=g/n/d"},
        {"a float", 1, 9, 12, 0.5, NULL, "sp-g--n--d room temp=0.5Cel serial=g/n/d"},
        {"a word", 2, 12, 15, 0, "hand", "sp-g--n--d room mode=0 serial=g/n/d"},
        {"a word that is none", 2, 12, 15, 0, "x",
         "sp-g--n--d room !'Mode' (metric mode) is neither a number nor one of its words serial=g/n/d"},
        {"a fault", 3, 11, 14, 1, NULL, "sp-g--n--d room +leak(Leak) serial=g/n/d"},
        {"null", 1, 10, 0, 0, NULL, ""},
        {"not a number", 1, 10, 13, __builtin_nan(""), NULL,
         "sp-g--n--d room !metric 'temp' is no finite number serial=g/n/d"},
        {"a point in time", 4, 13, 11, 1e12, NULL, ""},
    };
    struct heard *h = born();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct sparkplug_writer w;
        sparkplug_begin(&w, HEARD_MS, 2 + (int)i);
        sparkplug_metric(&w, NULL, rows[i].alias, rows[i].type, rows[i].field, rows[i].number, rows[i].text);
        cr_expect_eq(feed(h, "spBv1.0/g/DDATA/n/d", &w), RESULT_OK, "%s: %s", rows[i].what, h->fault.text);
        cr_expect_str_eq(h->said, rows[i].said, "%s: %s", rows[i].what, h->said);
    }
    heard_free(h);
}

Test(sparkplug, the_sequence_goes_round_and_a_gap_makes_everything_unsure) {
    struct heard *h = born();
    for (int seq = 2; seq < 600; seq++) {
        cr_assert_eq(device_data(h, seq % 256, NULL, 1, seq), RESULT_OK);
        cr_assert(h->said[0]);
    }
    cr_expect_eq(h->asks, 0);
    cr_expect_eq(device_data(h, 601 % 256, NULL, 1, 5), RESULT_OK);
    cr_expect_str_eq(h->said, "", "an alias may mean something else by now");
    cr_expect_eq(h->asks, 1);
    cr_expect_str_eq(h->asked, "spBv1.0/g/NCMD/n");
    cr_expect_eq(device_data(h, 602 % 256, "Air Temp", NO_ALIAS, 6), RESULT_OK);
    cr_expect_str_eq(h->said, "sp-g--n--d room temp=6Cel serial=g/n/d", "a name means what it meant");
    cr_expect_eq(h->asks, 1, "not with every message");
    h->mono_ms += SPARKPLUG_REBIRTH_EVERY_MS;
    cr_expect_eq(device_data(h, 603 % 256, NULL, 1, 5), RESULT_OK);
    cr_expect_eq(h->asks, 2, "but again after a while");
    cr_expect_eq(node_birth(h, 0, 7), RESULT_OK);
    cr_expect_eq(device_birth(h, 1), RESULT_OK);
    cr_expect_eq(device_data(h, 2, NULL, 1, 8), RESULT_OK);
    cr_expect_str_eq(h->said, "sp-g--n--d room temp=8Cel serial=g/n/d");
    cr_expect_eq(adapters_read_figures(h->adapters).gaps, 1);
    heard_free(h);
}

Test(sparkplug, what_no_birth_explains_is_asked_for) {
    struct heard *h = heard_new(rooms);
    cr_expect_eq(device_data(h, 5, NULL, 1, 1), RESULT_OK);
    cr_expect_str_eq(h->said, "");
    cr_expect_eq(h->asks, 1, "a node that is not known");
    heard_free(h);
    h = heard_new(rooms);
    cr_assert_eq(node_birth(h, 0, 7), RESULT_OK);
    cr_expect_eq(device_data(h, 1, NULL, 1, 1), RESULT_OK);
    cr_expect_str_eq(h->said, "");
    cr_expect_eq(h->asks, 1, "a device that is not born");
    heard_free(h);
    h = born();
    cr_expect_eq(device_data(h, 2, NULL, 99, 1), RESULT_OK);
    cr_expect_eq(h->asks, 1, "an alias that no birth named");
    heard_free(h);
    h = born();
    adapters_forget(h->adapters);
    cr_expect_eq(device_data(h, 2, NULL, 1, 1), RESULT_OK);
    cr_expect_eq(h->asks, 1, "a gateway that was started again");
    heard_free(h);
}

Test(sparkplug, requests_are_bounded_in_all) {
    struct heard *h = heard_new(rooms);
    for (int i = 0; i < 1000; i++) {
        struct sparkplug_writer w;
        char topic[64];
        snprintf(topic, sizeof topic, "spBv1.0/g/NDATA/n%d", i);
        sparkplug_begin(&w, HEARD_MS, 5);
        cr_assert_eq(feed(h, topic, &w), RESULT_OK);
    }
    cr_expect_eq(h->asks, SPARKPLUG_REBIRTHS_PER_SECOND);
    heard_free(h);
}

static enum result node_death(struct heard *h, int bdseq) {
    struct sparkplug_writer w;
    sparkplug_begin(&w, HEARD_MS, -1);
    if (bdseq >= 0)
        sparkplug_metric(&w, "bdSeq", NO_ALIAS, 8, 11, bdseq, NULL);
    return feed(h, "spBv1.0/g/NDEATH/n", &w);
}

Test(sparkplug, a_death_takes_the_node_and_its_devices_along) {
    struct heard *h = born();
    cr_expect_eq(node_death(h, 6), RESULT_OK);
    cr_expect_str_eq(h->said, "", "the Will of a connection before this one");
    cr_expect_eq(node_death(h, -1), RESULT_OK);
    cr_expect_str_eq(h->said, "");
    cr_expect_eq(node_death(h, 7), RESULT_OK);
    cr_expect_str_eq(h->said, "sp-g--n room offline serial=g/n\nsp-g--n--d room offline serial=g/n/d");
    cr_expect_eq(device_data(h, 2, NULL, 1, 1), RESULT_OK);
    cr_expect_str_eq(h->said, "", "data after the death");
    cr_expect_eq(h->asks, 1);
    heard_free(h);
    h = heard_new(rooms);
    cr_expect_eq(node_death(h, 7), RESULT_OK, "of a node that nobody knows");
    cr_expect_str_eq(h->said, "");
    heard_free(h);
}

Test(sparkplug, a_device_dies_alone_or_by_not_being_born_again) {
    struct sparkplug_writer w;
    struct heard *h = born();
    sparkplug_begin(&w, HEARD_MS, 2);
    cr_expect_eq(feed(h, "spBv1.0/g/DDEATH/n/d", &w), RESULT_OK);
    cr_expect_str_eq(h->said, "sp-g--n--d room offline serial=g/n/d");
    heard_free(h);
    h = born();
    cr_expect_eq(node_birth(h, 0, 8), RESULT_OK);
    cr_expect_str_eq(h->said, "sp-g--n room online serial=g/n", "nobody is offline while births come in");
    sparkplug_begin(&w, HEARD_MS, 1);
    cr_expect_eq(feed(h, "spBv1.0/g/NDATA/n", &w), RESULT_OK);
    cr_expect_str_eq(h->said, "sp-g--n--d room offline serial=g/n/d");
    heard_free(h);
}

Test(sparkplug, sections_choose_by_group_node_and_device) {
    struct heard *h = heard_new("[sparkplug a]\ngroup = g\nnode = n\ndevice = d\nmodel = one\n"
                                "[sparkplug b]\ngroup = g\ndevice = *\nmodel = two\n"
                                "[sparkplug c]\nnode = m\ndevice = -\nmodel = three\n");
    struct sparkplug_writer w;
    cr_expect_eq(node_birth(h, 0, 1), RESULT_OK);
    cr_expect_str_eq(h->said, "", "no section wants the node itself");
    cr_expect_eq(device_birth(h, 1), RESULT_OK);
    cr_expect_eq(strncmp(h->said, "sp-g--n--d one ", 15), 0, "%s", h->said);
    sparkplug_begin(&w, HEARD_MS, 2);
    cr_expect_eq(feed(h, "spBv1.0/g/DBIRTH/n/e", &w), RESULT_OK);
    cr_expect_str_eq(h->said, "sp-g--n--e two online serial=g/n/e");
    sparkplug_begin(&w, HEARD_MS, 0);
    cr_expect_eq(feed(h, "spBv1.0/other/NBIRTH/m", &w), RESULT_OK);
    cr_expect_str_eq(h->said, "sp-other--m three online serial=other/m");
    sparkplug_begin(&w, HEARD_MS, 0);
    cr_expect_neq(feed(h, "spBv1.0/other/NBIRTH/x", &w), RESULT_OK);
    heard_free(h);
}

Test(sparkplug, what_is_refused) {
    static const struct {
        const char *what, *topic, *payload;
        size_t bytes;
        const char *says;
    } rows[] = {
        {"no protobuf", "spBv1.0/g/NBIRTH/n", "\xff\xff\xff", 3, "protobuf"},
        {"a cut payload", "spBv1.0/g/NBIRTH/n", "\x12\x7f", 2, "protobuf"},
        {"no sequence number", "spBv1.0/g/NBIRTH/n", "", 0, "sequence number"},
        {"a sequence number of 256", "spBv1.0/g/NBIRTH/n", "\x18\x80\x02", 3, "sequence number"},
        {"a metric without name and alias", "spBv1.0/g/NBIRTH/n", "\x12\x00\x18\x00", 4, "neither name nor alias"},
        {"a name that is no UTF-8", "spBv1.0/g/NBIRTH/n", "\x12\x03\x0a\x01\xff\x18\x00", 7, "UTF-8"},
        {"a birth without a name", "spBv1.0/g/NBIRTH/n", "\x12\x02\x10\x01\x18\x00", 6, "without a name"},
        {"two metrics with one alias", "spBv1.0/g/NBIRTH/n",
         "\x12\x05\x0a\x01"
         "a\x10\x01\x12\x05\x0a\x01"
         "b\x10\x01\x18\x00",
         16, "two metrics"},
        {"a compressed payload", "spBv1.0/g/NBIRTH/n", "\x22\x12SPBV1.0_COMPRESSED\x18\x00", 22, "compress"},
        {"a command", "spBv1.0/g/NCMD/n", "", 0, "not a Sparkplug"},
        {"a node's kind with a device", "spBv1.0/g/NDATA/n/d", "", 0, "not a Sparkplug"},
        {"a device's kind without one", "spBv1.0/g/DDATA/n", "", 0, "not a Sparkplug"},
        {"no node", "spBv1.0/g/NDATA/", "", 0, "not a Sparkplug"},
        {"no group", "spBv1.0//NDATA/n", "", 0, "not a Sparkplug"},
        {"more levels", "spBv1.0/g/DDATA/n/d/e", "", 0, "not a Sparkplug"},
        {"another group", "spBv1.0/h/NDATA/n", "", 0, "no [sparkplug"},
        {"version A", "spAv1.0/g/NDATA/n", "", 0, "no section"},
    };
    struct heard *h = heard_new(rooms);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_neq(heard_bytes(h, rows[i].topic, rows[i].payload, rows[i].bytes, false), RESULT_OK, "%s",
                      rows[i].what);
        cr_expect_str_eq(h->said, "", "%s", rows[i].what);
        cr_expect_not_null(strstr(h->fault.text, rows[i].says), "%s: %s", rows[i].what, h->fault.text);
    }
    cr_expect_neq(heard_bytes(h, "spBv1.0/g/NBIRTH/n", "\x18\x00", 2, true), RESULT_OK, "a retained birth");
    cr_expect_not_null(strstr(h->fault.text, "retained"));
    heard_free(h);
}

Test(sparkplug, worst_cases_stay_bounded) {
    static uint8_t many[CAP_PAYLOAD_BYTES];
    struct heard *h = heard_new(rooms);
    struct sparkplug_writer w;
    for (size_t i = 0; i + 1 < sizeof many; i += 2)
        many[i] = 0x12; /* 32,768 metrics of no bytes */
    cr_expect_eq(heard_bytes(h, "spBv1.0/g/NBIRTH/n", many, sizeof many, false), RESULT_BAD_INPUT);
    cr_expect_not_null(strstr(h->fault.text, "unpacked"), "%s", h->fault.text);
    sparkplug_begin(&w, HEARD_MS, 0);
    for (int i = 0; i <= SPARKPLUG_METRICS_MAX; i++)
        sparkplug_metric(&w, "a", NO_ALIAS, 10, 0, 0, NULL);
    cr_expect_eq(feed(h, "spBv1.0/g/NBIRTH/n", &w), RESULT_TOO_BIG);
    sparkplug_begin(&w, HEARD_MS, 0);
    for (int i = 0; i < SPARKPLUG_METRICS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        sparkplug_metric(&w, name, i, 10, 13, i, NULL);
    }
    cr_expect_eq(feed(h, "spBv1.0/g/NBIRTH/n", &w), RESULT_OK, "%s", h->fault.text);
    for (int i = 0; i < SPARKPLUG_MEMBERS_MAX + 5; i++) {
        char topic[64];
        snprintf(topic, sizeof topic, "spBv1.0/g/DBIRTH/n/d%d", i);
        sparkplug_begin(&w, HEARD_MS, (i + 1) % 256);
        cr_assert_eq(feed(h, topic, &w), i < SPARKPLUG_MEMBERS_MAX ? RESULT_OK : RESULT_TOO_BIG, "device %d", i);
    }
    heard_free(h);
}

Test(sparkplug, the_host_says_whether_it_is_there) {
    struct buf text;
    char topic[CAP_TOPIC_BYTES + 1];
    buf_init(&text, 256);
    sparkplug_state_topic("fieldline", topic);
    sparkplug_state_print(true, 1700000000123, &text);
    cr_expect_str_eq(topic, "spBv1.0/STATE/fieldline");
    cr_expect_str_eq(buf_text(&text), "{\"online\":true,\"timestamp\":1700000000123}");
    buf_fini(&text);
}
