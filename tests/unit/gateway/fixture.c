#include "fixture.h"

#include "absence.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "desk.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "fieldline/topic.h"
#include "outbox.h"
#include "reporter.h"

const char *const fixture_bulk = "11111111-1111-4111-8111-111111111111";
const char *const fixture_urgent = "22222222-2222-4222-8222-222222222222";
int fake_acks, fake_commands, fake_kills, fake_expects, fake_presents, fake_notified;
uint64_t fake_ack_seq;
char fake_command[CAP_COMMAND_BYTES + 1024];
struct web_session fake_expected;
struct mqtt_figures fake_mqtt;

/* ---- the fakes: linked in place of ingest/mqtt.c and web/
 * --------------------------------------------------------------- */

struct mqtt_figures mqtt_read_figures(const struct mqtt *mqtt) {
    (void)mqtt;
    return fake_mqtt;
}
void mqtt_resubscribe(struct mqtt *mqtt) {
    (void)mqtt;
}
void mqtt_tick(struct mqtt *mqtt, int64_t now_mono_ms) {
    (void)mqtt;
    (void)now_mono_ms;
}
enum result mqtt_publish_ack(struct mqtt *mqtt, const char *topic, const void *payload, size_t bytes) {
    struct ack_message ack;
    (void)mqtt;
    (void)topic;
    cr_assert_eq(ack_decode(payload, bytes, &ack, NULL), RESULT_OK);
    fake_acks++;
    fake_ack_seq = ack.seq;
    return RESULT_OK;
}
void mqtt_present(struct mqtt *mqtt) {
    (void)mqtt;
    fake_presents++;
}
enum result mqtt_publish(struct mqtt *mqtt, const char *topic, const void *payload, size_t bytes) {
    (void)mqtt;
    (void)topic;
    (void)payload;
    (void)bytes;
    fake_commands++;
    return RESULT_OK;
}
enum result mqtt_publish_command(struct mqtt *mqtt, const char *topic, const char *reply_topic, const char *id,
                                 int64_t expiry_s, const void *payload, size_t bytes) {
    (void)mqtt;
    (void)topic;
    (void)reply_topic;
    (void)id;
    (void)expiry_s;
    fake_commands++;
    snprintf(fake_command, sizeof fake_command, "%.*s", (int)bytes, (const char *)payload);
    return RESULT_OK;
}
int64_t web_alive_mono_ms(const struct web *web) {
    (void)web;
    return clock_mono_ms();
}
void web_notify(struct web *web, const char *kind, const char *id, const char *device) {
    (void)web;
    (void)kind;
    (void)id;
    (void)device;
    fake_notified++;
}
void web_change_done(struct web *web, struct change *change) {
    (void)web;
    (void)change; /* the test that asked frees it */
}
void web_session_expect(struct web *web, const struct web_session *session) {
    (void)web;
    fake_expects++;
    fake_expected = *session;
}
void web_session_kill(struct web *web, const char *session, const char *reason) {
    (void)web;
    (void)session;
    (void)reason;
    fake_kills++;
}
void web_session_drive(struct web *web, const struct web_drive *drive) {
    (void)web;
    (void)drive;
}

/* ---- the fixture
 * ---------------------------------------------------------------------------------------------------------- */

static void drop_report(void *self, struct change *change) {
    (void)self;
    change_free(change);
}

struct fixture *fixture_new(void) {
    struct fixture *f = mem_alloc(sizeof *f);
    struct core *core = &f->core;
    struct fault fault = {""};
    struct buf problems;
    log_set_level(LOG_LEVEL_ERROR);
    snprintf(f->dir, sizeof f->dir, "/tmp/fieldline-core-XXXXXX");
    cr_assert_not_null(mkdtemp(f->dir));
    snprintf(f->store_path, sizeof f->store_path, "%s/gateway.db", f->dir);
    buf_init(&problems, 65536);
    cr_assert_eq(packs_load("rules", &f->packs, &problems), RESULT_OK, "%s", buf_text(&problems));
    buf_fini(&problems);
    f->settings.consent_wait_ms = 60000;
    f->settings.approval_wait_ms = 60000;
    f->settings.session_max_ms = 3600000;
    f->settings.session_idle_ms = 60000;
    f->settings.login_max_ms = 3600000;
    f->settings.data_dir = f->dir;
    f->settings.retention_ms = INT64_C(730) * 86400000;
    f->settings.return_within_ms = 60000;
    core->settings = &f->settings;
    core->packs = f->packs;
    snprintf(core->session_url, sizeof core->session_url, "wss://127.0.0.1:1");
    cr_assert_eq(store_open(f->store_path, &core->store, &fault), RESULT_OK, "%s", fault.text);
    core->normalizer = normalizer_new();
    core->storm = storm_new();
    core->inbox = inbox_new(10000, 1 << 24, 1, 1000000);
    core->acks = acks_new(1000000);
    core->reserve = reserve_open("/nowhere/reserve", 0);
    rule_keep_init(&core->rule_keep);
    core->effects = effects_new();
    timing_init(&core->timing);
    core->reporter = reporter_start(NULL, NULL, f->dir, drop_report, NULL);
    firings_init(&core->firings);
    cr_assert_eq(pipeline_load(core, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(reader_open(f->store_path, &f->reader, &fault), RESULT_OK, "%s", fault.text);
    return f;
}

void fixture_free(struct fixture *f) {
    struct core *core = &f->core;
    char command[128];
    reader_close(f->reader);
    reporter_stop(core->reporter);
    firings_fini(&core->firings);
    timing_fini(&core->timing);
    effects_free(core->effects);
    acks_free(core->acks);
    rule_keep_fini(&core->rule_keep);
    inbox_free(core->inbox);
    normalizer_free(core->normalizer);
    storm_free(core->storm);
    registry_free(core->registry);
    fleets_free(core->fleets);
    history_close(core->history);
    store_close(core->store);
    reserve_close(core->reserve);
    packs_free(f->packs);
    snprintf(command, sizeof command, "rm -rf %s", f->dir);
    cr_assert_eq(system(command), 0);
    free(f);
}

void fixture_restart(struct fixture *f) {
    struct fault fault = {""};
    cr_assert_eq(pipeline_load(&f->core, &fault), RESULT_OK, "%s", fault.text);
}

static void begin(struct fixture *f) {
    f->core.now_ms = clock_wall_ms() + f->later_ms;
    f->core.now_mono_ms = clock_mono_ms() + f->later_ms;
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(outbox_pump(&f->core), RESULT_OK, "%s", store_error(f->core.store));
}

static void end(struct fixture *f) {
    cr_assert_eq(pipeline_finish(&f->core), RESULT_OK, "%s", store_error(f->core.store));
    cr_assert_eq(store_commit(f->core.store), RESULT_OK, "%s", store_error(f->core.store));
    effects_run(f->core.effects, NULL);
    acks_publish(f->core.acks, NULL, clock_mono_ms() + 1000);
}

void fixture_feed_stamp(struct fixture *f, const char *topic, const void *payload, size_t bytes,
                        const struct wire_stamp *stamp) {
    struct inbound *m = inbound_new(topic, strlen(topic), payload, bytes);
    m->recv_wall_ms = clock_wall_ms() + f->later_ms;
    m->recv_mono_us = clock_mono_us() + f->later_ms * 1000;
    if (stamp)
        m->stamp = *stamp;
    m->has_stamp = stamp && stamp->stream[0];
    begin(f);
    cr_assert_eq(pipeline_receive(&f->core, m), RESULT_OK, "%s", store_error(f->core.store));
    end(f);
    inbound_free(m);
}

void fixture_feed(struct fixture *f, const char *topic, const void *payload, size_t bytes, const char *stream,
                  uint64_t seq, uint64_t from) {
    struct wire_stamp stamp = {.seq = seq, .from = from ? from : seq};
    if (stream)
        snprintf(stamp.stream, sizeof stamp.stream, "%s", stream);
    fixture_feed_stamp(f, topic, payload, bytes, stream ? &stamp : NULL);
}

void fixture_tick(struct fixture *f) {
    begin(f);
    cr_assert_eq(guard_tick(&f->core), RESULT_OK, "%s", store_error(f->core.store));
    cr_assert_eq(doubt_tick(&f->core), RESULT_OK, "%s", store_error(f->core.store));
    cr_assert_eq(alarm_watch_tick(&f->core), RESULT_OK, "%s", store_error(f->core.store));
    cr_assert_eq(absence_tick(&f->core), RESULT_OK, "%s", store_error(f->core.store));
    cr_assert_eq(log_wait_tick(&f->core), RESULT_OK, "%s", store_error(f->core.store));
    end(f);
}

void fixture_birth(struct fixture *f, const char *device, const char *model) {
    struct birth_message birth = {.event_ms = clock_wall_ms(), .capabilities = (1u << CAPABILITY_COUNT) - 1};
    char topic[CAP_TOPIC_BYTES + 1];
    struct buf payload;
    buf_init(&payload, 4096);
    snprintf(birth.model, sizeof birth.model, "%s", model);
    snprintf(birth.serial, sizeof birth.serial, "S1");
    snprintf(birth.firmware, sizeof birth.firmware, "1.0");
    snprintf(birth.agent, sizeof birth.agent, "1.0");
    clock_boot_id(birth.boot);
    birth_encode(&birth, &payload);
    topic_format(device, TOPIC_UP_BIRTH, topic);
    fixture_feed(f, topic, payload.data, payload.count, fixture_urgent, 1, 0);
    buf_fini(&payload);
}

void fixture_person(struct fixture *f, const char *name, enum role role) {
    struct user_row user = {.role = role, .password = "x", .made_by = "operator"};
    int64_t id;
    snprintf(user.name, sizeof user.name, "%s", name);
    snprintf(user.title, sizeof user.title, "%s", name);
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(store_user_put(f->core.store, &user, &id), RESULT_OK);
    cr_assert_eq(store_commit(f->core.store), RESULT_OK);
}

void fixture_change(struct fixture *f, struct change *change) {
    begin(f);
    cr_assert_eq(desk_execute(&f->core, change), RESULT_OK, "%s", store_error(f->core.store));
    end(f);
}

struct change *fixture_ask(struct fixture *f, enum change_verb verb, const char *who, enum role role, const char *id,
                           const char *body) {
    struct change *change = change_new(verb);
    struct fault fault = {""};
    snprintf(change->by.name, sizeof change->by.name, "%s", who);
    snprintf(change->id, sizeof change->id, "%s", id);
    change->by.role = role;
    change->if_match = -1;
    if (body)
        cr_assert_eq(json_parse(body, strlen(body), &change->body, &fault), RESULT_OK, "%s", fault.text);
    fixture_change(f, change);
    return change;
}
