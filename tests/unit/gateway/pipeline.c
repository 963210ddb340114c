/* What happens to a message: positions, quarantine with reasons, journal, alarms, tickets, restart. Real store, real
 * packs. */
#include "pipeline.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "fixture.h"

static char newest_reason[400];
static int reasons;

static void keep_reason(void *self, const struct quarantine_row *row) {
    (void)self;
    if (reasons++ == 0)
        snprintf(newest_reason, sizeof newest_reason, "%s", row->reason);
}

/* How many rows the quarantine shows; the newest reason is in newest_reason. */
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

static int stored_samples(struct fixture *f, const char *device, const char *metric) {
    int count = 0;
    const struct history_query query = {.device = device,
                                        .metric = metric,
                                        .part = "",
                                        .from_ms = clock_wall_ms() - 3600000,
                                        .to_ms = clock_wall_ms() + 3600000,
                                        .points = 1};
    const enum result result = reader_samples(f->reader, &query, 10000, count_sample, &count);
    cr_assert(result == RESULT_OK || result == RESULT_NOT_FOUND);
    return count;
}

/* One message with the air's temperature; `before` is put in front of the record. */
static void tele_with(struct fixture *f, const char *device, uint64_t seq, const char *before, int64_t event_ms,
                      double value) {
    char topic[CAP_TOPIC_BYTES + 1], payload[400];
    topic_format(device, TOPIC_UP_TELE, topic);
    snprintf(payload, sizeof payload, "[%s{\"n\":\"air_temperature\",\"u\":\"Cel\",\"t\":%.3f,\"v\":%g}]", before,
             (double)event_ms / 1000, value);
    fixture_feed(f, topic, payload, strlen(payload), fixture_bulk, seq, 0);
}

static void tele(struct fixture *f, const char *device, uint64_t seq, int64_t event_ms, double value) {
    tele_with(f, device, seq, "", event_ms, value);
}

Test(pipeline, a_sample_is_stored_and_acknowledged) {
    struct fixture *f = fixture_new();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    tele(f, "freezer-7", 1, clock_wall_ms(), -20);
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 1);
    cr_expect_eq(fake_ack_seq, 1);
    cr_expect_eq(quarantined(f), 0, "%s", newest_reason);
    fixture_free(f);
}

Test(pipeline, repeats_and_gaps_change_nothing_and_are_told) {
    struct fixture *f = fixture_new();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    const int64_t now = clock_wall_ms();
    tele(f, "freezer-7", 1, now, -20);
    tele(f, "freezer-7", 1, now, -20);
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 1, "a repeat is not stored again");
    cr_expect_eq(fake_ack_seq, 1, "a repeat is acknowledged again");
    tele(f, "freezer-7", 3, now + 1, -20);
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 1, "what comes after a gap is not taken");
    cr_expect_eq(fake_ack_seq, 1);
    tele(f, "freezer-7", 2, now + 2, -20);
    tele(f, "freezer-7", 3, now + 3, -20);
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 3);
    cr_expect_eq(fake_ack_seq, 3);
    fixture_restart(f);
    tele(f, "freezer-7", 3, now + 3, -20);
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 3, "positions survive a restart");
    fixture_free(f);
}

Test(pipeline, a_gap_record_stands_for_a_range) {
    struct fixture *f = fixture_new();
    char topic[CAP_TOPIC_BYTES + 1], payload[300];
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    topic_format("freezer-7", TOPIC_UP_EVENT, topic);
    snprintf(payload, sizeof payload,
             "{\"t\":%lld,\"kind\":\"gap\",\"severity\":4,\"text\":\"spool "
             "full\",\"count\":40,\"first_ms\":1,\"last_ms\":2}",
             (long long)clock_wall_ms());
    fixture_feed(f, topic, payload, strlen(payload), fixture_bulk, 40, 1);
    cr_expect_eq(fake_ack_seq, 40, "%d %s", quarantined(f), newest_reason);
    tele(f, "freezer-7", 41, clock_wall_ms(), -20);
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 1);
    fixture_free(f);
}

Test(pipeline, promise_5_a_full_disk_takes_what_is_urgent_and_leaves_telemetry_with_the_device) {
    struct fixture *f = fixture_new();
    char topic[CAP_TOPIC_BYTES + 1], payload[200];
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    f->core.figures.is_short_of_disk = true;
    fake_acks = 0;
    tele(f, "freezer-7", 1, clock_wall_ms(), -20);
    cr_expect_eq(fake_acks, 0, "nothing is acknowledged that was not taken");
    cr_expect_eq(f->core.figures.put_off, 1);
    topic_format("freezer-7", TOPIC_UP_EVENT, topic);
    snprintf(payload, sizeof payload, "{\"t\":%lld,\"kind\":\"fault\",\"code\":\"E17\",\"active\":true}",
             (long long)clock_wall_ms());
    fixture_feed(f, topic, payload, strlen(payload), fixture_urgent, 2, 0);
    cr_expect_eq(fake_acks, 1);
    cr_expect_eq(f->core.figures.events, 1);
    f->core.figures.is_short_of_disk = false;
    tele(f, "freezer-7", 1, clock_wall_ms(), -20);
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 1);
    fixture_free(f);
}

Test(pipeline, the_store_forgets_the_stream_unused_longest_and_nothing_is_taken_twice) {
    struct fixture *f = fixture_new();
    char topic[CAP_TOPIC_BYTES + 1], payload[200], stream[CAP_UUID_BYTES + 1];
    const int64_t now = clock_wall_ms();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    topic_format("freezer-7", TOPIC_UP_TELE, topic);
    for (int i = 0; i < 3 * DEVICE_STREAMS_MAX; i++) {
        snprintf(stream, sizeof stream, "00000000-0000-4000-8000-%012d", i);
        for (uint64_t seq = 1; seq <= 2; seq++) {
            snprintf(payload, sizeof payload, "[{\"n\":\"air_temperature\",\"u\":\"Cel\",\"t\":%.3f,\"v\":-20}]",
                     (double)(now + i * 10 + (int64_t)seq) / 1000);
            fixture_feed(f, topic, payload, strlen(payload), stream, seq, 0);
        }
    }
    fixture_restart(f);
    fixture_feed(f, topic, payload, strlen(payload), stream, 2, 0);
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 6 * DEVICE_STREAMS_MAX);
    fixture_free(f);
}

Test(pipeline, data_of_a_device_that_is_not_known_stays_with_it) {
    struct fixture *f = fixture_new();
    fake_acks = fake_commands = 0;
    tele(f, "freezer-9", 1, clock_wall_ms(), -20);
    cr_expect_eq(fake_acks, 0, "not acknowledged: it would be lost");
    cr_expect_eq(fake_commands, 1, "its birth is asked for");
    cr_expect_not_null(strstr(fake_command, "agent.birth"));
    tele(f, "freezer-9", 1, clock_wall_ms(), -20);
    cr_expect_eq(fake_commands, 1, "not with every message");
    cr_expect_eq(quarantined(f), 1);
    fixture_birth(f, "freezer-9", "vaccine-freezer");
    tele(f, "freezer-9", 1, clock_wall_ms(), -20);
    cr_expect_eq(stored_samples(f, "freezer-9", "air_temperature"), 1);
    fixture_free(f);
}

Test(pipeline, bad_input_is_quarantined_with_a_reason_and_disturbs_nobody) {
    struct fixture *f = fixture_new();
    static char big[CAP_PAYLOAD_BYTES + 1];
    char good[CAP_TOPIC_BYTES + 1], shard[CAP_TOPIC_BYTES + 1], birth[CAP_TOPIC_BYTES + 1], event[CAP_TOPIC_BYTES + 1],
        log[CAP_TOPIC_BYTES + 1], state[CAP_TOPIC_BYTES + 1], down[CAP_TOPIC_BYTES + 1];
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    topic_format("freezer-7", TOPIC_UP_TELE, good);
    topic_format("freezer-7", TOPIC_UP_BIRTH, birth);
    topic_format("freezer-7", TOPIC_UP_EVENT, event);
    topic_format("freezer-7", TOPIC_UP_LOG, log);
    topic_format("freezer-7", TOPIC_STATE, state);
    topic_format("freezer-7", TOPIC_DOWN_CMD, down);
    snprintf(shard, sizeof shard, "%s", good);
    shard[5] = shard[5] == '0' ? '1' : '0';
    const struct {
        const char *what, *topic, *payload;
        size_t bytes; /* 0: strlen */
        const char *says;
    } rows[] = {
        {"a shard that is not the device's", shard, "[]", 0, "shard"},
        {"another tree", "other/topic", "[]", 0, "topic"},
        {"a topic for the other direction", down, "{}", 0, "not a topic for devices"},
        {"too long a payload", good, big, sizeof big, "65537 bytes"},
        {"nothing", good, "", 0, "tele"},
        {"cut in the middle", good, "[{\"n\":\"air_temperature\",\"v\":", 0, "tele"},
        {"not UTF-8", good, "[{\"n\":\"air\xff\",\"v\":1}]", 0, "UTF-8"},
        {"a value that is a string", good, "[{\"n\":\"air_temperature\",\"v\":\"cold\"}]", 0, "'v'"},
        {"NaN", good, "[{\"n\":\"air_temperature\",\"v\":NaN}]", 0, "tele"},
        {"a metric that the pack does not have", good, "[{\"n\":\"altitude\",\"v\":1}]", 0, "'altitude'"},
        {"a unit of something else", good, "[{\"n\":\"air_temperature\",\"u\":\"W\",\"v\":1}]", 0, "unit 'W'"},
        {"no working sensor shows that", good, "[{\"n\":\"air_temperature\",\"v\":99999}]", 0, "outside"},
        {"a time in the future", good, "[{\"n\":\"air_temperature\",\"t\":9999999999,\"v\":-20}]", 0, "future"},
        {"a time long ago", good, "[{\"n\":\"air_temperature\",\"t\":1000000000,\"v\":-20}]", 0, "older"},
        {"a birth without a model", birth, "{\"t\":1}", 0, "birth"},
        {"an event of no kind", event, "{\"t\":1,\"kind\":\"party\"}", 0, "event"},
        {"logs that are not a list", log, "{\"logs\":7}", 0, "log"},
        {"a state that is none", state, "asleep", 0, "state"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int before = quarantined(f);
        fixture_feed(f, rows[i].topic, rows[i].payload, rows[i].bytes ? rows[i].bytes : strlen(rows[i].payload), NULL,
                     0, 0);
        const int after = quarantined(f);
        cr_expect_eq(after, before + 1, "%s", rows[i].what);
        cr_expect_not_null(strstr(newest_reason, rows[i].says), "%s: '%s'", rows[i].what, newest_reason);
    }
    tele(f, "freezer-7", 1, clock_wall_ms(), -20);
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 1, "good data goes on");
    fixture_free(f);
}

Test(pipeline, what_cannot_be_read_still_takes_its_place_in_the_stream) {
    struct fixture *f = fixture_new();
    static char big[CAP_PAYLOAD_BYTES + 1];
    char topic[CAP_TOPIC_BYTES + 1];
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    topic_format("freezer-7", TOPIC_UP_TELE, topic);
    tele(f, "freezer-7", 1, clock_wall_ms(), -20);
    fixture_feed(f, topic, "nonsense", 8, fixture_bulk, 2, 0);
    cr_expect_eq(fake_ack_seq, 2, "sent again it would be no better");
    fixture_feed(f, topic, big, sizeof big, fixture_bulk, 3, 0);
    cr_expect_eq(fake_ack_seq, 3);
    tele(f, "freezer-7", 4, clock_wall_ms(), -20);
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 2);
    fixture_free(f);
}

Test(pipeline, good_records_beside_bad_ones_are_used) {
    struct fixture *f = fixture_new();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    tele_with(f, "freezer-7", 1, "{\"n\":\"altitude\",\"v\":1},", clock_wall_ms(), -20);
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 1);
    cr_expect_eq(quarantined(f), 1);
    cr_expect_not_null(strstr(newest_reason, "1 of 2 records"), "%s", newest_reason);
    fixture_free(f);
}

static void count_ticket(void *self, const struct ticket *ticket) {
    (void)ticket;
    (*(int *)self)++;
}

static int tickets(struct fixture *f) {
    int count = 0;
    int64_t next;
    const struct ticket_query query = {.limit = 100};
    cr_assert_eq(reader_tickets(f->reader, &query, count_ticket, &count, &next), RESULT_OK);
    return count;
}

static void fault_code(struct fixture *f, uint64_t seq, bool is_active) {
    char topic[CAP_TOPIC_BYTES + 1], payload[200];
    const struct pack *pack = packs_find(f->packs, "vaccine-freezer");
    const char *code = NULL;
    for (size_t i = 0; i < pack->fault_count; i++)
        if (pack->faults[i].opens_ticket)
            code = pack->faults[i].code;
    cr_assert_not_null(code, "the pack has a fault code that opens a ticket");
    topic_format("freezer-7", TOPIC_UP_EVENT, topic);
    snprintf(payload, sizeof payload,
             "{\"t\":%lld,\"kind\":\"fault\",\"code\":\"%s\",\"active\":%s,\"severity\":3,\"text\":\"x\"}",
             (long long)clock_wall_ms(), code, is_active ? "true" : "false");
    fixture_feed(f, topic, payload, strlen(payload), fixture_urgent, seq, 0);
}

Test(pipeline, one_broken_thing_is_one_ticket_also_over_a_restart) {
    struct fixture *f = fixture_new();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    fault_code(f, 2, true);
    cr_expect_eq(tickets(f), 1, "%d quarantined: %s", quarantined(f), newest_reason);
    fault_code(f, 3, true);
    cr_expect_eq(tickets(f), 1);
    fixture_restart(f);
    fault_code(f, 4, true);
    fault_code(f, 5, false);
    fault_code(f, 6, true);
    cr_expect_eq(tickets(f), 1, "the same fault again is the same ticket");
    fixture_free(f);
}

Test(pipeline, the_owner_can_call_from_the_product) {
    struct fixture *f = fixture_new();
    char topic[CAP_TOPIC_BYTES + 1], payload[200];
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    topic_format("freezer-7", TOPIC_UP_EVENT, topic);
    snprintf(payload, sizeof payload, "{\"t\":%lld,\"kind\":\"call\",\"severity\":4,\"text\":\"It is too warm\"}",
             (long long)clock_wall_ms());
    fixture_feed(f, topic, payload, strlen(payload), fixture_urgent, 2, 0);
    cr_expect_eq(tickets(f), 1, "%d quarantined: %s", quarantined(f), newest_reason);
    fixture_free(f);
}

Test(pipeline, a_gateway_that_lost_its_store_is_sent_what_there_is) {
    struct fixture *f = fixture_new();
    struct birth_message birth = {.event_ms = clock_wall_ms()};
    char topic[CAP_TOPIC_BYTES + 1];
    struct buf payload;
    buf_init(&payload, 4096);
    snprintf(birth.model, sizeof birth.model, "vaccine-freezer");
    clock_boot_id(birth.boot);
    snprintf(birth.serial, sizeof birth.serial, "S1");
    snprintf(birth.firmware, sizeof birth.firmware, "1");
    snprintf(birth.agent, sizeof birth.agent, "1");
    birth_encode(&birth, &payload);
    topic_format("freezer-7", TOPIC_UP_BIRTH, topic);
    fake_acks = 0;
    fixture_feed(f, topic, payload.data, payload.count, fixture_urgent, 57, 0);
    cr_expect_eq(fake_acks, 1);
    cr_expect_eq(fake_ack_seq, 0, "an unknown stream begins at 0");
    tele(f, "freezer-7", 9, clock_wall_ms(), -20);
    cr_expect_eq(fake_ack_seq, 0);
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 0);
    buf_fini(&payload);
    fixture_free(f);
}

Test(pipeline, a_device_that_is_online_and_not_known_is_asked_for_its_birth_before_it_sends) {
    struct fixture *f = fixture_new();
    char topic[CAP_TOPIC_BYTES + 1];
    fake_commands = 0;
    topic_format("freezer-9", TOPIC_STATE, topic);
    fixture_feed(f, topic, "offline", 7, NULL, 0, 0);
    cr_expect_eq(fake_commands, 0);
    fixture_feed(f, topic, "online", 6, NULL, 0, 0);
    cr_expect_eq(fake_commands, 1);
    cr_expect_not_null(strstr(fake_command, "agent.birth"));
    cr_expect_eq(quarantined(f), 0, "%s", newest_reason);
    fixture_free(f);
}

Test(pipeline, a_birth_outside_of_the_streams_introduces_too) {
    struct fixture *f = fixture_new();
    char topic[CAP_TOPIC_BYTES + 1];
    const char *birth =
        "{\"t\":1700000000000,\"model\":\"vaccine-freezer\",\"serial\":\"1\",\"firmware\":\"1\",\"agent\":\"1\","
        "\"boot\":\"11111111-1111-4111-8111-111111111111\",\"metrics\":[],\"capabilities\":[],\"diagnostics\":[]}";
    topic_format("freezer-7", TOPIC_UP_BIRTH, topic);
    fixture_feed(f, topic, birth, strlen(birth), NULL, 0, 0);
    fault_code(f, 1, true);
    cr_expect_eq(tickets(f), 1, "the first record of the urgent lane is an event, and is taken: %d %s", quarantined(f),
                 newest_reason);
    fixture_free(f);
}

static void call(struct fixture *f, uint64_t seq, const char *text) {
    char topic[CAP_TOPIC_BYTES + 1], payload[300];
    topic_format("freezer-7", TOPIC_UP_EVENT, topic);
    snprintf(payload, sizeof payload, "{\"t\":%lld,\"kind\":\"call\",\"severity\":4,\"text\":\"%s\"}",
             (long long)clock_wall_ms(), text);
    fixture_feed(f, topic, payload, strlen(payload), fixture_urgent, seq, 0);
}

Test(pipeline, calls_of_one_owner_are_one_ticket_and_a_blank_call_is_one_too) {
    struct fixture *f = fixture_new();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    call(f, 2, " ");
    cr_expect_eq(tickets(f), 1, "nothing said is still a call");
    call(f, 3, "help");
    call(f, 4, "help");
    cr_expect_eq(tickets(f), 1);
    fixture_free(f);
}

Test(pipeline, a_device_that_changes_its_model_keeps_its_tickets_writable) {
    struct fixture *f = fixture_new();
    fixture_birth(f, "freezer-7", "x");
    call(f, 2, "y");
    struct birth_message birth = {.event_ms = clock_wall_ms()};
    char topic[CAP_TOPIC_BYTES + 1];
    struct buf payload;
    buf_init(&payload, 4096);
    snprintf(birth.model, sizeof birth.model, "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o-p-q-r-s-t-u-v-w-x-y-z");
    snprintf(birth.serial, sizeof birth.serial, "S1");
    snprintf(birth.firmware, sizeof birth.firmware, "1");
    snprintf(birth.agent, sizeof birth.agent, "1");
    clock_boot_id(birth.boot);
    birth_encode(&birth, &payload);
    topic_format("freezer-7", TOPIC_UP_BIRTH, topic);
    fixture_feed(f, topic, payload.data, payload.count, fixture_urgent, 3, 0);
    call(f, 4, "again");
    cr_expect_eq(tickets(f), 1);
    buf_fini(&payload);
    fixture_free(f);
}

Test(pipeline, positions_of_several_replaced_spools_survive_a_restart) {
    struct fixture *f = fixture_new();
    char topic[CAP_TOPIC_BYTES + 1], payload[200], stream[CAP_UUID_BYTES + 1];
    const int64_t now = clock_wall_ms();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    topic_format("freezer-7", TOPIC_UP_TELE, topic);
    for (int i = 0; i < 12; i++) { /* the last six are sent again after the restart */
        const int which = i % 6;
        if (i == 6)
            fixture_restart(f);
        snprintf(payload, sizeof payload, "[{\"n\":\"air_temperature\",\"u\":\"Cel\",\"t\":%.3f,\"v\":-20}]",
                 (double)(now + which) / 1000);
        snprintf(stream, sizeof stream, "%08d-1111-4111-8111-111111111111", which);
        fixture_feed(f, topic, payload, strlen(payload), stream, 1, 0);
    }
    cr_expect_eq(stored_samples(f, "freezer-7", "air_temperature"), 6, "%d",
                 stored_samples(f, "freezer-7", "air_temperature"));
    fixture_free(f);
}
