/* The uplink with a made-up broker: mqtt.h is replaced at link time, letters are handed over by the test. */
#include "uplink.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "mqtt.h"
#include "scratch.h"

/* ---- the made-up broker ---- */

static struct {
    mqtt_letter_fn *fn;
    void *self;
    char trace[4096]; /* what the uplink did, in order */
    int attempts;
    enum result publish_result;
    struct wire_stamp stamp; /* of the last message */
} broker;

static FL_PRINTF(1, 2) void note(const char *format, ...) {
    va_list args;
    size_t used = strlen(broker.trace);
    va_start(args, format);
    vsnprintf(broker.trace + used, sizeof broker.trace - used, format, args);
    va_end(args);
}

enum result mqtt_new(struct loop *loop, const struct agent_config *config, mqtt_letter_fn *fn, void *self,
                     struct mqtt **out, struct fault *fault) {
    (void)loop;
    (void)config;
    (void)fault;
    broker.fn = fn;
    broker.self = self;
    *out = NULL;
    return RESULT_OK;
}
void mqtt_free(struct mqtt *mqtt) {
    (void)mqtt;
}
enum result mqtt_connect(struct mqtt *mqtt, struct fault *fault) {
    (void)mqtt;
    (void)fault;
    broker.attempts++;
    note("connect ");
    return RESULT_OK;
}
enum result mqtt_renew(struct mqtt *mqtt, struct fault *fault) {
    (void)mqtt;
    (void)fault;
    note("renew ");
    return RESULT_OK;
}
enum result mqtt_subscribe(struct mqtt *mqtt) {
    (void)mqtt;
    note("subscribe ");
    return RESULT_OK;
}
enum result mqtt_publish_state(struct mqtt *mqtt, bool is_online) {
    (void)mqtt;
    note(is_online ? "online " : "offline ");
    return RESULT_OK;
}
enum result mqtt_publish(struct mqtt *mqtt, enum topic_kind kind, const struct wire_stamp *stamp, const void *payload,
                         size_t bytes) {
    (void)mqtt;
    (void)payload;
    (void)bytes;
    broker.stamp = *stamp;
    if (broker.publish_result == RESULT_OK) {
        note("%c%lu ", topic_kind_name(kind)[3], stamp->seq); /* up/birth: b, up/tele: t, up/event: e */
    }
    return broker.publish_result;
}
enum result mqtt_disconnect(struct mqtt *mqtt) {
    (void)mqtt;
    note("disconnect ");
    return RESULT_OK;
}
uint64_t mqtt_dropped_count(const struct mqtt *mqtt) {
    (void)mqtt;
    return 0;
}

static void letter(enum mqtt_event_kind kind) {
    struct letter l = {.kind = kind};
    strcpy(l.text, "why");
    broker.fn(broker.self, &l);
}

static void message(enum topic_kind topic, const char *text, int64_t expires_mono_ms) {
    struct letter *l = calloc(1, sizeof *l + strlen(text));
    l->kind = MQTT_MESSAGE;
    l->topic = topic;
    l->has_expiry = expires_mono_ms != 0;
    l->expires_mono_ms = expires_mono_ms;
    l->bytes = strlen(text);
    memcpy(l->payload, text, l->bytes);
    broker.fn(broker.self, l);
    free(l);
}

/* ---- the rest of an agent ---- */

static struct loop *loop;
static struct spool *spool;
static struct uplink *uplink;
static struct agent_config config;
static int connections, stops;
static char commands[256];

static void put(enum topic_kind kind) {
    cr_assert_eq(spool_append(spool, kind, (struct moment){.mono_ms = 1, .wall_ms = 1795309549000}, "x", 1), RESULT_OK);
}

static uint64_t on_connected(void *self) {
    (void)self;
    connections++;
    put(TOPIC_UP_BIRTH);
    uplink_wake(uplink);
    return spool_last_seq(spool, SPOOL_URGENT);
}
static void on_command(void *self, const void *payload, size_t bytes) {
    (void)self;
    strncat(commands, payload, bytes);
}
static void on_stopped(void *self) {
    (void)self;
    stops++;
}

static struct wall wall;
static struct budget *budget;

static void set_up(void) {
    struct uplink_owner owner = {.connected = on_connected, .command = on_command, .stopped = on_stopped};
    struct fault fault;
    memset(&broker, 0, sizeof broker);
    scratch_make();
    config = (struct agent_config){.device = (char *)"freezer-7",
                                   .broker_host = (char *)"h",
                                   .broker_port = 1,
                                   .connect_timeout_ms = 1000,
                                   .backoff_min_ms = 8,
                                   .backoff_max_ms = 60};
    loop = loop_new();
    wall_init(&wall, wall_machine(), 0);
    budget = budget_new(scratch_path(""), config.bytes_per_day, &wall);
    cr_assert_eq(spool_open(scratch_path("spool"), "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10", 1 << 20, &spool, &fault),
                 RESULT_OK);
    cr_assert_eq(uplink_new(loop, &config, spool, &wall, budget, &owner, &uplink, &fault), RESULT_OK);
}
static void tear_down(void) {
    uplink_free(uplink);
    budget_free(budget);
    spool_close(spool);
    loop_free(loop);
    scratch_remove();
}
TestSuite(uplink, .init = set_up, .fini = tear_down);

static void stop_loop(void *self) {
    (void)self;
    loop_stop(loop);
}
static void run_for(int64_t ms) {
    struct loop_timer end = {0};
    loop_arm(loop, &end, ms, stop_loop, NULL);
    cr_assert_eq(loop_run(loop), RESULT_OK);
}

/* What was done since the last call. */
static const char *done(void) {
    static char copy[sizeof broker.trace];
    memcpy(copy, broker.trace, sizeof copy);
    broker.trace[0] = '\0';
    return copy;
}
#define DONE(expected)                                                                                                 \
    do {                                                                                                               \
        const char *was = done();                                                                                      \
        cr_expect_str_eq(was, expected, "did: %s", was);                                                               \
    } while (0)

static void ack(enum spool_lane lane, uint64_t seq) {
    char text[128];
    snprintf(text, sizeof text, "{\"stream\":\"%s\",\"seq\":%lu}", spool_stream(spool, lane), seq);
    message(TOPIC_DOWN_ACK, text, 0);
}

static void come_up(void) {
    uplink_start(uplink);
    run_for(1);
    letter(MQTT_CONNECTED);
    letter(MQTT_SUBSCRIBED);
    letter(MQTT_PUBLISHED);
}

Test(uplink, bulk_waits_for_the_birth_and_urgent_goes_first) {
    put(TOPIC_UP_TELE);
    put(TOPIC_UP_EVENT);
    put(TOPIC_UP_LOG);
    uplink_start(uplink);
    run_for(1);
    DONE("connect ");
    letter(MQTT_CONNECTED);
    DONE("subscribe ");
    letter(MQTT_SUBSCRIBED);
    DONE("online e1 b2 ");
    ack(SPOOL_URGENT, 1);
    DONE("");
    ack(SPOOL_URGENT, 2);
    DONE("t1 l2 ");
    put(TOPIC_UP_TELE);
    put(TOPIC_UP_EVENT);
    uplink_wake(uplink);
    DONE("e3 t3 ");
    cr_expect_eq(uplink_status(uplink).state, UPLINK_UP);
    cr_expect_eq(uplink_status(uplink).sent_count, 6);
}

Test(uplink, no_more_than_a_window_is_under_way) {
    char text[32];
    come_up();
    ack(SPOOL_URGENT, 1);
    done();
    for (int i = 0; i < 60; i++) {
        put(TOPIC_UP_TELE);
        uplink_wake(uplink);
    }
    snprintf(text, sizeof text, "t%d ", CAP_WINDOW_BULK);
    const char *sent = done();
    cr_expect_str_eq(sent + strlen(sent) - strlen(text), text, "%s", sent);
    ack(SPOOL_BULK, 3);
    DONE("t51 t52 t53 ");
    put(TOPIC_UP_EVENT);
    uplink_wake(uplink);
    DONE("e2 ");
}

Test(uplink, a_new_connection_sends_again_what_was_not_acknowledged) {
    come_up();
    ack(SPOOL_URGENT, 1);
    put(TOPIC_UP_TELE);
    put(TOPIC_UP_TELE);
    uplink_wake(uplink);
    ack(SPOOL_BULK, 1);
    done();
    letter(MQTT_LOST);
    letter(MQTT_LOST); /* Paho may say it twice */
    cr_expect_eq(uplink_status(uplink).state, UPLINK_OFFLINE);
    cr_expect_str_eq(uplink_status(uplink).trouble, "why");
    put(TOPIC_UP_TELE);
    uplink_wake(uplink);
    DONE("");
    run_for(20);
    DONE("connect ");
    letter(MQTT_CONNECTED);
    letter(MQTT_SUBSCRIBED);
    DONE("subscribe online b2 ");
    ack(SPOOL_URGENT, 2);
    DONE("t2 t3 ");
    cr_expect_eq(connections, 2);
}

Test(uplink, pauses_grow_and_are_bounded) {
    uplink_start(uplink);
    int64_t begun = clock_mono_ms();
    for (int i = 0; i < 8; i++) {
        int before = broker.attempts;
        while (broker.attempts == before) {
            run_for(1);
        }
        letter(i % 2 == 0 ? MQTT_REFUSED : MQTT_LOST);
    }
    int64_t took = clock_mono_ms() - begun;
    /* 8 16 32 60 60 60 60: at least half of that */
    cr_expect_geq(took, (8 + 16 + 32 + 4 * 60) / 2, "%ld ms", (long)took);
    cr_expect_leq(took, 2000, "%ld ms", (long)took);
    letter(MQTT_CONNECTED);
    DONE("connect connect connect connect connect connect connect connect ");
}

Test(uplink, a_refused_subscription_is_a_failed_attempt) {
    uplink_start(uplink);
    run_for(1);
    letter(MQTT_CONNECTED);
    letter(MQTT_NOT_SUBSCRIBED);
    cr_expect_eq(uplink_status(uplink).state, UPLINK_OFFLINE);
    letter(MQTT_SUBSCRIBED); /* too late */
    cr_expect_eq(connections, 0);
}

Test(uplink, what_paho_does_not_take_is_sent_later) {
    come_up();
    ack(SPOOL_URGENT, 1);
    done();
    broker.publish_result = RESULT_FULL;
    put(TOPIC_UP_TELE);
    uplink_wake(uplink);
    broker.publish_result = RESULT_OK;
    DONE("");
    run_for(1100);
    DONE("t1 ");
}

Test(uplink, silence_makes_it_ask_again) {
    come_up();
    ack(SPOOL_URGENT, 1);
    put(TOPIC_UP_TELE);
    put(TOPIC_UP_TELE);
    uplink_wake(uplink);
    DONE("connect subscribe online b1 t1 t2 ");
    run_for(2100);
    DONE("t1 ");
    ack(SPOOL_BULK, 1);
    DONE("t2 ");
    cr_expect_geq(uplink_status(uplink).resent_count, 2);
}

Test(uplink, commands_unless_expired) {
    come_up();
    message(TOPIC_DOWN_CMD, "one;", 0);
    message(TOPIC_DOWN_CMD, "two;", clock_mono_ms() + 60000);
    message(TOPIC_DOWN_CMD, "late;", clock_mono_ms() - 1);
    cr_expect_str_eq(commands, "one;two;");
}

Test(uplink, acks_that_are_none) {
    static const char *const bad[] = {"", "{}", "[1]", "{\"stream\":\"x\",\"seq\":1}", "{\"stream\":5,\"seq\":1}",
                                      "{\"stream\":\"0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10\",\"seq\":-1}",
                                      /* well formed, of no stream of ours */
                                      "{\"stream\":\"0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10\",\"seq\":1}"};
    come_up();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        message(TOPIC_DOWN_ACK, bad[i], 0);
    }
    cr_expect_eq(uplink_status(uplink).bad_message_count, sizeof bad / sizeof bad[0]);
    cr_expect_eq(spool_acked_seq(spool, SPOOL_URGENT), 0);
}

Test(uplink, a_gateway_that_knows_more_than_this_disk_gets_a_new_stream) {
    come_up();
    ack(SPOOL_URGENT, 1);
    put(TOPIC_UP_TELE);
    uplink_wake(uplink);
    done();
    ack(SPOOL_BULK, 900);
    DONE("b2 ");
    ack(SPOOL_URGENT, 2);
    DONE("t1 ");
    cr_expect_eq(connections, 2, "the birth says it again");
}

Test(uplink, a_gateway_that_lost_its_memory_gets_all_that_is_left) {
    come_up();
    ack(SPOOL_URGENT, 1);
    put(TOPIC_UP_TELE);
    put(TOPIC_UP_TELE);
    uplink_wake(uplink);
    ack(SPOOL_BULK, 2);
    done();
    ack(SPOOL_BULK, 0);
    DONE("t1 t2 ");
}

Test(uplink, goes_in_order) {
    come_up();
    ack(SPOOL_URGENT, 1);
    put(TOPIC_UP_TELE);
    done();
    uplink_stop(uplink);
    DONE("t1 offline ");
    message(TOPIC_DOWN_CMD, "too late", 0);
    cr_expect_str_eq(commands, "");
    letter(MQTT_PUBLISHED);
    DONE("disconnect ");
    cr_expect_eq(stops, 0);
    letter(MQTT_DISCONNECTED);
    cr_expect_eq(stops, 1);
    letter(MQTT_LOST);
    cr_expect_eq(stops, 1, "once");
}

Test(uplink, goes_when_nobody_answers_too) {
    come_up();
    uplink_stop(uplink);
    run_for(1400);
    cr_expect_eq(stops, 1);
}

Test(uplink, goes_at_once_when_not_connected) {
    uplink_start(uplink);
    run_for(1);
    uplink_stop(uplink);
    run_for(5);
    cr_expect_eq(stops, 1);
}

Test(uplink, a_taken_session_is_not_taken_back_at_once) {
    come_up();
    ack(SPOOL_URGENT, 1);
    done();
    letter(MQTT_TAKEN);
    letter(MQTT_LOST); /* Paho says it twice */
    struct uplink_status status = uplink_status(uplink);
    cr_expect_eq(status.state, UPLINK_OFFLINE);
    cr_expect_eq(status.taken_count, 1);
    cr_expect_geq(status.retry_mono_ms, clock_mono_ms() + 59000);
    cr_expect_not_null(strstr(status.trouble, "certificate"), "%s", status.trouble);
    run_for(100);
    DONE("");
}

Test(uplink, a_taken_session_that_was_told_as_lost_first) {
    come_up();
    letter(MQTT_LOST);
    letter(MQTT_TAKEN);
    cr_expect_geq(uplink_status(uplink).retry_mono_ms, clock_mono_ms() + 59000);
    run_for(100);
    DONE("connect subscribe online b1 ");
}

Test(uplink, a_fleet_does_not_come_back_at_once) {
    come_up();
    ack(SPOOL_URGENT, 1);
    int64_t least = INT64_MAX, most = 0;
    for (int i = 0; i < 200; i++) {
        config.reconnect_spread_ms = 30000;
        struct fault fault;
        struct uplink_owner owner = {.connected = on_connected, .command = on_command, .stopped = on_stopped};
        uplink_free(uplink);
        cr_assert_eq(uplink_new(loop, &config, spool, &wall, budget, &owner, &uplink, &fault), RESULT_OK);
        come_up();
        ack(SPOOL_URGENT, spool_last_seq(spool, SPOOL_URGENT));
        letter(MQTT_LOST);
        int64_t wait = uplink_status(uplink).retry_mono_ms - clock_mono_ms();
        least = wait < least ? wait : least;
        most = wait > most ? wait : most;
    }
    cr_expect(least < 3000 && most > 27000 && most <= 30000, "%ld to %ld ms", (long)least, (long)most);
}

Test(uplink, introductions_carry_the_clocks_and_no_number) {
    come_up();
    done();
    uplink_introduce(uplink, "{}", 2);
    DONE("b0 ");
    cr_expect_str_eq(broker.stamp.stream, "");
    cr_expect(uuid_valid(broker.stamp.boot));
    cr_expect_geq(broker.stamp.mono_ms, clock_mono_ms() - 1000);
    cr_expect_geq(broker.stamp.wall_ms, clock_wall_ms() - 1000);
}

/* mosquitto 2.0 does not say that the session was taken over. */
Test(uplink, a_rival_is_known_by_its_acknowledgements) {
    static const char foreign[] = "{\"stream\":\"0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10\",\"seq\":%d}";
    char text[128];
    come_up();
    for (int seq = 1; seq <= 2; seq++) {
        cr_expect_eq(uplink_status(uplink).taken_count, 0);
        snprintf(text, sizeof text, foreign, seq);
        message(TOPIC_DOWN_ACK, text, 0);
        letter(MQTT_LOST);
        if (seq == 1) {
            run_for(20);
            letter(MQTT_CONNECTED);
            letter(MQTT_SUBSCRIBED);
        }
    }
    cr_expect_eq(uplink_status(uplink).taken_count, 1);
    cr_expect_geq(uplink_status(uplink).retry_mono_ms, clock_mono_ms() + 59000);
}

Test(uplink, a_spent_budget_holds_bulk_and_lets_urgent_pass) {
    budget_free(budget);
    budget = budget_new(scratch_path(""), 100 * 1024, &wall);
    struct uplink_owner owner = {.connected = on_connected, .command = on_command, .stopped = on_stopped};
    struct fault fault;
    uplink_free(uplink);
    cr_assert_eq(uplink_new(loop, &config, spool, &wall, budget, &owner, &uplink, &fault), RESULT_OK);
    come_up();
    ack(SPOOL_URGENT, 1);
    put(TOPIC_UP_TELE);
    uplink_wake(uplink);
    DONE("connect subscribe online b1 t1 ");
    cr_expect_gt(budget_state(budget).used, BUDGET_CONNECT_BYTES);
    budget_spend(budget, 100 * 1024);
    put(TOPIC_UP_TELE);
    put(TOPIC_UP_EVENT);
    uplink_wake(uplink);
    DONE("e2 ");
    ack(SPOOL_BULK, 1);
    DONE("");
}

/* Whatever state it is in, something will happen next: the watchdog is fed only then. */
Test(uplink, is_never_left_without_a_next_step) {
    static const enum mqtt_event_kind kinds[] = {MQTT_CONNECTED, MQTT_REFUSED,     MQTT_LOST,
                                                 MQTT_TAKEN,     MQTT_SUBSCRIBED,  MQTT_NOT_SUBSCRIBED,
                                                 MQTT_PUBLISHED, MQTT_DISCONNECTED};
    uint64_t seed = 7;
    uplink_start(uplink);
    for (int i = 0; i < 3000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        letter(kinds[(seed >> 33) % (sizeof kinds / sizeof kinds[0])]);
        if (i % 10 == 0) {
            run_for(1);
        }
        cr_assert(uplink_is_alive(uplink), "after letter %d in state %s", i,
                  uplink_state_name(uplink_status(uplink).state));
    }
}
