/* Foreign devices in the pipeline: introduced once, kept apart from agents', taken again when a turn fails. Real store,
 * real packs, the example mapping. */
#include "foreign.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "fixture.h"

enum { DEVICES_MAX = 3 };

static struct fixture *setup(void) {
    struct fixture *f = fixture_new();
    struct adapters *adapters = NULL;
    struct buf problems;
    buf_init(&problems, 65536);
    cr_assert_eq(adapters_open("deploy/adapters.conf.example", &adapters, &problems), RESULT_OK, "%s",
                 buf_text(&problems));
    buf_fini(&problems);
    f->core.foreign = foreign_new(&f->core, adapters, inbox_new(1000, 1 << 20, 0, 0), DEVICES_MAX);
    return f;
}

static void teardown(struct fixture *f) {
    foreign_free(f->core.foreign);
    f->core.foreign = NULL;
    fixture_free(f);
}

static void push(struct fixture *f, const char *topic, const char *payload) {
    struct inbound *m = inbound_new(topic, strlen(topic), payload, strlen(payload));
    m->recv_wall_ms = clock_wall_ms();
    m->recv_mono_us = clock_mono_us();
    cr_assert(inbox_push(foreign_inbox(f->core.foreign), m));
}

static void turn(struct fixture *f) {
    struct core *core = &f->core;
    core->now_ms = clock_wall_ms();
    core->now_mono_ms = clock_mono_ms();
    cr_assert_eq(store_begin(core->store), RESULT_OK);
    cr_assert_eq(foreign_turn(core->foreign), RESULT_OK, "%s", store_error(core->store));
    cr_assert_eq(pipeline_finish(core), RESULT_OK);
    cr_assert_eq(store_commit(core->store), RESULT_OK);
    foreign_committed(core->foreign);
    effects_run(core->effects, NULL);
}

static void feed(struct fixture *f, const char *topic, const char *payload) {
    push(f, topic, payload);
    turn(f);
}

static char newest_reason[400];
static int reasons;
static void keep_reason(void *self, const struct quarantine_row *row) {
    (void)self;
    if (reasons++ == 0)
        snprintf(newest_reason, sizeof newest_reason, "%s: %s", row->device, row->reason);
}
static int quarantined(struct fixture *f) {
    reasons = 0;
    newest_reason[0] = 0;
    cr_assert_eq(reader_quarantine(f->reader, NULL, 100, keep_reason, NULL), RESULT_OK);
    return reasons;
}

static void count_sample(void *self, int64_t event_ms, double value) {
    (void)event_ms;
    (void)value;
    (*(int *)self)++;
}
static int stored(struct fixture *f, const char *device) {
    int count = 0;
    const struct history_query query = {.device = device,
                                        .metric = "room_temperature",
                                        .part = "",
                                        .from_ms = clock_wall_ms() - 3600000,
                                        .to_ms = clock_wall_ms() + 3600000,
                                        .points = 1};
    const enum result result = reader_samples(f->reader, &query, 10000, count_sample, &count);
    cr_assert(result == RESULT_OK || result == RESULT_NOT_FOUND);
    return count;
}

Test(foreign, a_device_is_introduced_by_what_it_says_and_survives_a_restart) {
    struct fixture *f = setup();
    feed(f, "zigbee2mqtt/attic", "{\"temperature\":20}");
    const struct device *device = registry_find(f->core.registry, "z2m-attic");
    cr_assert_not_null(device);
    cr_expect(device->row > 0 && device->pack && device->is_online && device->capabilities == 0);
    cr_expect_eq(stored(f, "z2m-attic"), 1, "%d %s", quarantined(f), newest_reason);
    fixture_restart(f);
    cr_expect_eq(foreign_read_figures(f->core.foreign).devices, 1);
    feed(f, "zigbee2mqtt/attic", "{\"temperature\":21}");
    cr_expect_eq(stored(f, "z2m-attic"), 2);
    cr_expect_eq(quarantined(f), 0, "%s", newest_reason);
    teardown(f);
}

Test(foreign, promise_19_ids_of_agents_are_theirs) {
    struct fixture *f = setup();
    fixture_birth(f, "z2m-cellar", "room-sensor");
    feed(f, "zigbee2mqtt/cellar", "{\"temperature\":20}");
    cr_expect_eq(stored(f, "z2m-cellar"), 0);
    cr_expect_eq(quarantined(f), 1);
    cr_expect_not_null(strstr(newest_reason, "agent"), "%s", newest_reason);
    fixture_restart(f);
    feed(f, "zigbee2mqtt/cellar", "{\"temperature\":20}");
    cr_expect_eq(stored(f, "z2m-cellar"), 0, "after a restart too");

    feed(f, "zigbee2mqtt/attic", "{\"temperature\":20}");
    fixture_birth(f, "z2m-attic", "room-sensor");
    feed(f, "zigbee2mqtt/attic", "{\"temperature\":21}");
    cr_expect_eq(stored(f, "z2m-attic"), 1, "a certificate takes over what an adapter made up");
    fixture_restart(f);
    feed(f, "zigbee2mqtt/attic", "{\"temperature\":21}");
    cr_expect_eq(stored(f, "z2m-attic"), 1);
    teardown(f);
}

Test(foreign, an_agent_that_calls_itself_an_adapter_is_refused) {
    struct fixture *f = setup();
    char topic[CAP_TOPIC_BYTES + 1];
    static const char birth[] =
        "{\"t\":1,\"model\":\"room-sensor\",\"serial\":\"\",\"firmware\":\"\",\"agent\":\"adapter json\","
        "\"boot\":\"11111111-1111-4111-8111-111111111111\",\"metrics\":[],\"capabilities\":[]}";
    topic_format("sly-1", TOPIC_UP_BIRTH, topic);
    fixture_feed(f, topic, birth, sizeof birth - 1, fixture_urgent, 1, 0);
    cr_expect_eq(quarantined(f), 1);
    cr_expect_not_null(strstr(newest_reason, "begins with 'adapter '"), "%s", newest_reason);
    cr_expect_eq(registry_find(f->core.registry, "sly-1")->row, 0);
    teardown(f);
}

Test(foreign, strangers_are_counted_and_refused_beyond) {
    struct fixture *f = setup();
    for (int i = 0; i < 2 * DEVICES_MAX; i++) {
        char topic[64];
        snprintf(topic, sizeof topic, "zigbee2mqtt/s%d", i);
        push(f, topic, "{\"temperature\":20}");
    }
    turn(f);
    cr_expect_eq(registry_count(f->core.registry), DEVICES_MAX);
    cr_expect_eq(quarantined(f), DEVICES_MAX);
    cr_expect_not_null(strstr(newest_reason, "too many devices"), "%s", newest_reason);
    feed(f, "zigbee2mqtt/s0", "{\"temperature\":20}");
    cr_expect_eq(stored(f, "z2m-s0"), 2, "those that are known go on");
    teardown(f);
}

Test(foreign, what_is_refused_does_not_make_a_device) {
    static const struct {
        const char *what, *topic, *payload, *says;
    } rows[] = {
        {"broken JSON", "zigbee2mqtt/x", "{", ": adapter: [json z2m]"},
        {"a topic of nobody", "nobody/x", "{}", ": adapter: no section"},
        {"a wildcard", "zigbee2mqtt/#", "{}", "wildcard"},
        {"no Sparkplug", "spBv1.0/building/NBIRTH/n", "\xff", "protobuf"},
    };
    struct fixture *f = setup();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        feed(f, rows[i].topic, rows[i].payload);
        cr_expect_eq(quarantined(f), (int)i + 1, "%s", rows[i].what);
        cr_expect_not_null(strstr(newest_reason, rows[i].says), "%s: %s", rows[i].what, newest_reason);
        cr_expect_eq(registry_count(f->core.registry), 0, "%s", rows[i].what);
    }
    cr_expect_eq(foreign_read_figures(f->core.foreign).refused, 4);
    teardown(f);
}

Test(foreign, whoever_says_that_the_host_is_gone_is_contradicted) {
    struct fixture *f = setup();
    fake_presents = fake_commands = 0;
    feed(f, "spBv1.0/STATE/fieldline", "{\"online\":false,\"timestamp\":1}");
    feed(f, "spBv1.0/building/NDATA/n", "\x18\x05");
    cr_expect_eq(fake_presents + fake_commands, 0, "not while it is being stopped: there is no connection any more");
    foreign_use(f->core.foreign, (struct mqtt *)f); /* the fakes do not look at it */
    feed(f, "spBv1.0/STATE/fieldline", "{\"online\":true,\"timestamp\":1}");
    feed(f, "spBv1.0/STATE/fieldline", "OFFLINE");
    feed(f, "spBv1.0/STATE/fieldline", "[]");
    cr_expect_eq(fake_presents, 0);
    feed(f, "spBv1.0/STATE/fieldline", "{\"online\":false,\"timestamp\":1}");
    cr_expect_eq(fake_presents, 1);
    cr_expect_eq(quarantined(f), 0, "%s", newest_reason);
    foreign_use(f->core.foreign, NULL);
    teardown(f);
}

Test(foreign, a_turn_that_failed_is_taken_again) {
    struct fixture *f = setup();
    push(f, "zigbee2mqtt/attic", "{\"temperature\":20}");
    f->core.now_ms = clock_wall_ms();
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(foreign_turn(f->core.foreign), RESULT_OK);
    store_rollback(f->core.store); /* the disk was full, say */
    fixture_restart(f);
    cr_expect_eq(stored(f, "z2m-attic"), 0);
    push(f, "zigbee2mqtt/attic", "{\"temperature\":21}");
    turn(f);
    cr_expect_eq(stored(f, "z2m-attic"), 2, "nobody else would have sent it again");
    teardown(f);
}

Test(foreign, a_turn_takes_a_bounded_number) {
    struct fixture *f = setup();
    for (int i = 0; i < FOREIGN_PER_TURN + 10; i++)
        push(f, "zigbee2mqtt/attic", "{\"temperature\":20}");
    turn(f);
    cr_expect_eq(foreign_read_figures(f->core.foreign).waiting, 10);
    cr_expect(foreign_is_waiting(f->core.foreign));
    cr_expect_eq(foreign_wait_ms(f->core.foreign, 200), FOREIGN_POLL_MS, "the next turn comes soon");
    turn(f);
    turn(f);
    cr_expect_eq(foreign_wait_ms(f->core.foreign, 200), 200);
    cr_expect_eq(stored(f, "z2m-attic"), FOREIGN_PER_TURN + 10);
    cr_expect_eq(foreign_wait_ms(NULL, 200), 200, "no adapters");
    cr_expect_not(foreign_is_waiting(NULL));
    teardown(f);
}
