/* The uplink: a state machine over letters from mqtt.c and timers of the loop.
 *
 *   offline --timer--> connecting --connected--> subscribing --subscribed--> up --stop--> stopping --> stopped
 *      ^------------- refused, lost, no answer: back-off with jitter -------------'
 *
 * What is sent over a connection that stands is sender.c's. A step that Paho does not answer in time ends the attempt
 * and renews the client. How long to wait is retry.c's; failures begin anew only after a connection that got an
 * acknowledgement, so a broker that accepts and then throws out is not hammered. Runs on the loop thread. */
#include "uplink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "fieldline/message.h"
#include "mqtt.h"
#include "retry.h"
#include "rival.h"
#include "sender.h"

enum { ANSWER_MS = 10000, ANSWER_EXTRA_MS = 5000, STOP_MS = 1200 };

struct uplink {
    struct loop *loop;
    const struct agent_config *config;
    struct spool *spool;
    struct wall *wall;
    struct uplink_owner owner;
    struct mqtt *mqtt;
    struct sender sender;
    struct loop_timer step_timer; /* the next attempt, or the answer that does not come */
    struct loop_timer ping_timer; /* Paho's pings, for the budget */
    size_t state_count;           /* of "online" and "offline" not yet with the broker */
    struct retry retry;
    struct rival rival;
    struct uplink_status status;
};

static const char *const state_names[] = {
    [UPLINK_OFFLINE] = "offline", [UPLINK_CONNECTING] = "connecting", [UPLINK_SUBSCRIBING] = "subscribing",
    [UPLINK_UP] = "up",           [UPLINK_STOPPING] = "stopping",     [UPLINK_STOPPED] = "stopped"};

const char *uplink_state_name(enum uplink_state state) {
    return state_names[state];
}

static void enter(struct uplink *u, enum uplink_state state) {
    u->status.state = state;
    u->status.state_mono_ms = clock_mono_ms();
}

static void on_ping(void *self) {
    struct uplink *u = self;
    budget_spend(u->sender.budget, BUDGET_PING_BYTES);
    loop_arm(u->loop, &u->ping_timer, u->config->keep_alive_ms, on_ping, u);
}

void uplink_say(struct uplink *u, enum topic_kind kind, const void *payload, size_t bytes) {
    if (u->status.state != UPLINK_UP) {
        return;
    }
    struct moment now = wall_now(u->wall);
    struct wire_stamp stamp = {.mono_ms = now.mono_ms, .wall_ms = now.wall_ms};
    clock_boot_id(stamp.boot);
    enum result result = mqtt_publish(u->mqtt, kind, &stamp, payload, bytes);
    sender_spend(&u->sender, bytes, true);
    if (result != RESULT_OK) {
        log_info("agent.uplink", "not_said", "device=%s kind=%s result=%s", u->config->device, topic_kind_name(kind),
                 result_name(result));
    }
}

void uplink_introduce(struct uplink *u, const void *birth, size_t bytes) {
    uplink_say(u, TOPIC_UP_BIRTH, birth, bytes);
}

void uplink_wake(struct uplink *u) {
    sender_pump(&u->sender);
}

/* ---- connecting ---- */

static void attempt(void *self);

static bool publish_state(struct uplink *u, bool is_online) {
    bool is_sent = mqtt_publish_state(u->mqtt, is_online) == RESULT_OK;
    u->state_count += is_sent;
    return is_sent;
}

static void back_off(struct uplink *u, enum retry_cause cause, const char *why) {
    int64_t now = clock_mono_ms();
    int64_t lasted_ms = u->status.state == UPLINK_UP ? now - u->status.state_mono_ms : 0;
    uint64_t chance;
    random_bytes(&chance, sizeof chance);
    int64_t wait_ms = retry_pause(&u->retry, cause, lasted_ms, chance);
    enter(u, UPLINK_OFFLINE);
    sender_end(&u->sender);
    loop_disarm(u->loop, &u->ping_timer);
    u->status.retry_mono_ms = now + wait_ms;
    snprintf(u->status.trouble, sizeof u->status.trouble, "%s", why);
    log_warn("agent.uplink", "offline", "device=%s why=%s retry_ms=%lld", u->config->device, log_text(why),
             (long long)wait_ms);
    loop_arm(u->loop, &u->step_timer, wait_ms, attempt, u);
}

static void no_answer(void *self) {
    struct uplink *u = self;
    struct fault fault = {"no answer in time"};
    if (mqtt_renew(u->mqtt, &fault) != RESULT_OK) {
        log_error("agent.uplink", "client_lost", "why=%s", log_text(fault.text));
    }
    back_off(u, RETRY_FAILED, fault.text);
}

static void attempt(void *self) {
    struct uplink *u = self;
    struct fault fault;
    if (mqtt_connect(u->mqtt, &fault) != RESULT_OK) {
        back_off(u, RETRY_FAILED, fault.text);
        return;
    }
    budget_spend(u->sender.budget, BUDGET_CONNECT_BYTES);
    enter(u, UPLINK_CONNECTING);
    loop_arm(u->loop, &u->step_timer, u->config->connect_timeout_ms + ANSWER_EXTRA_MS, no_answer, u);
}

/* Forgets what was under way: a new connection, or a new stream. */
static void begin_sending(struct uplink *u) {
    sender_begin(&u->sender);
    sender_open_gate(&u->sender, u->owner.connected(u->owner.self));
}

static void on_connected(struct uplink *u) {
    if (u->status.state != UPLINK_CONNECTING) {
        return;
    }
    if (mqtt_subscribe(u->mqtt) != RESULT_OK) {
        back_off(u, RETRY_FAILED, "cannot subscribe");
        return;
    }
    enter(u, UPLINK_SUBSCRIBING);
    loop_arm(u->loop, &u->step_timer, ANSWER_MS, no_answer, u);
}

static void on_subscribed(struct uplink *u) {
    if (u->status.state != UPLINK_SUBSCRIBING) {
        return;
    }
    u->state_count = 0;
    if (!publish_state(u, true)) {
        back_off(u, RETRY_FAILED, "cannot publish");
        return;
    }
    loop_disarm(u->loop, &u->step_timer);
    enter(u, UPLINK_UP);
    u->status.trouble[0] = '\0';
    u->status.connection_count++;
    loop_arm(u->loop, &u->ping_timer, u->config->keep_alive_ms, on_ping, u);
    log_info("agent.uplink", "up", "device=%s broker=%s:%d", u->config->device, u->config->broker_host,
             (int)u->config->broker_port);
    begin_sending(u);
}

/* ---- what comes down ---- */

static void on_ack(struct uplink *u, const struct letter *letter) {
    struct ack_message ack;
    struct fault fault;
    enum spool_lane lane;
    if (ack_decode(letter->payload, letter->bytes, &ack, &fault) != RESULT_OK) {
        u->status.bad_message_count++;
        log_warn("agent.uplink", "bad_ack", "why=%s", log_text(fault.text));
        return;
    }
    if (u->status.state != UPLINK_UP && u->status.state != UPLINK_STOPPING) {
        return;
    }
    if (spool_find_stream(u->spool, ack.stream, &lane) != RESULT_OK) {
        u->status.bad_message_count++;
        if (rival_heard(&u->rival, &ack)) {
            log_error("agent.uplink", "rival_heard", "device=%s stream=%s", u->config->device, ack.stream);
        }
        return;
    }
    if (spool_ack(u->spool, lane, ack.seq) != RESULT_OK) {
        begin_sending(u);
        return;
    }
    if (sender_ack(&u->sender, lane, ack.seq)) {
        u->status.has_ack = true;
        u->status.ack_mono_ms = clock_mono_ms();
        u->status.ack_count++;
        retry_succeeded(&u->retry);
    }
}

static void on_command(struct uplink *u, const struct letter *letter) {
    if (letter->has_expiry && clock_mono_ms() >= letter->expires_mono_ms) {
        log_info("agent.uplink", "command_expired", "device=%s", u->config->device);
        return;
    }
    u->owner.command(u->owner.self, letter->payload, letter->bytes);
}

/* ---- stopping ---- */

static void finish(void *self) {
    struct uplink *u = self;
    if (u->status.state == UPLINK_STOPPED) {
        return;
    }
    loop_disarm(u->loop, &u->step_timer);
    sender_end(&u->sender);
    loop_disarm(u->loop, &u->ping_timer);
    enter(u, UPLINK_STOPPED);
    u->owner.stopped(u->owner.self);
}

/* Leaves once the broker has every state we sent: an orderly end sends no Last Will, so "offline" must be there. */
static void on_published(struct uplink *u) {
    u->state_count -= u->state_count > 0;
    if (u->status.state == UPLINK_STOPPING && u->state_count == 0 && mqtt_disconnect(u->mqtt) != RESULT_OK) {
        finish(u);
    }
}

void uplink_stop(struct uplink *u) {
    sender_pump(&u->sender);
    bool has_goodbye = u->status.state == UPLINK_UP && publish_state(u, false);
    enter(u, UPLINK_STOPPING);
    sender_end(&u->sender);
    loop_arm(u->loop, &u->step_timer, has_goodbye ? STOP_MS : 0, finish, u);
}

/* Also when Paho told of the loss first: then the pause that was chosen is too short. */
static void on_taken(struct uplink *u) {
    char why[sizeof u->status.trouble];
    snprintf(why, sizeof why, "session taken over: another machine uses this product's certificate (%llu in a row)",
             (unsigned long long)u->retry.taken_count + 1);
    log_error("agent.uplink", "taken_over", "device=%s in_a_row=%llu", u->config->device,
              (unsigned long long)u->retry.taken_count + 1);
    rival_forget(&u->rival); /* if it is alive, the next connection tells */
    back_off(u, RETRY_TAKEN, why);
}

static void on_end(struct uplink *u, const struct letter *letter) {
    if (letter->kind == MQTT_LOST && u->status.state == UPLINK_UP && u->rival.is_there) {
        on_taken(u);
    } else {
        back_off(u, letter->kind == MQTT_LOST ? RETRY_LOST : RETRY_FAILED, letter->text);
    }
}

static void on_letter(void *self, const struct letter *letter) {
    struct uplink *u = self;
    bool is_stopping = u->status.state == UPLINK_STOPPING || u->status.state == UPLINK_STOPPED;
    switch (letter->kind) {
    case MQTT_CONNECTED: on_connected(u); break;
    case MQTT_SUBSCRIBED: on_subscribed(u); break;
    case MQTT_REFUSED:
    case MQTT_LOST:
    case MQTT_NOT_SUBSCRIBED:
        if (is_stopping) {
            finish(u);
        } else if (u->status.state != UPLINK_OFFLINE) {
            on_end(u, letter);
        }
        break;
    case MQTT_TAKEN:
        if (is_stopping) {
            finish(u);
        } else {
            on_taken(u);
        }
        break;
    case MQTT_PUBLISHED: on_published(u); break;
    case MQTT_DISCONNECTED:
        if (is_stopping) {
            finish(u);
        }
        break;
    case MQTT_MESSAGE:
        sender_spend(&u->sender, letter->bytes, false);
        if (letter->topic == TOPIC_DOWN_ACK) {
            on_ack(u, letter);
        } else if (letter->topic == TOPIC_DOWN_CMD && !is_stopping) {
            on_command(u, letter);
        }
        break;
    }
}

enum result uplink_new(struct loop *loop, const struct agent_config *config, struct spool *spool, struct wall *wall,
                       struct budget *budget, const struct uplink_owner *owner, struct uplink **out,
                       struct fault *fault) {
    struct uplink *u = mem_alloc(sizeof *u);
    *u = (struct uplink){.loop = loop, .config = config, .spool = spool, .wall = wall, .owner = *owner};
    retry_init(&u->retry, config);
    enter(u, UPLINK_OFFLINE);
    enum result result = mqtt_new(loop, config, on_letter, u, &u->mqtt, fault);
    if (result != RESULT_OK) {
        free(u);
        return result;
    }
    u->sender = (struct sender){
        .loop = loop, .config = config, .spool = spool, .wall = wall, .budget = budget, .mqtt = u->mqtt};
    sender_init(&u->sender);
    *out = u;
    return RESULT_OK;
}

void uplink_start(struct uplink *u) {
    loop_arm(u->loop, &u->step_timer, 0, attempt, u);
}

bool uplink_is_alive(const struct uplink *u) {
    return u->status.state == UPLINK_UP || u->status.state == UPLINK_STOPPED || u->step_timer.is_armed;
}

void uplink_free(struct uplink *u) {
    if (u == NULL) {
        return;
    }
    loop_disarm(u->loop, &u->step_timer);
    sender_end(&u->sender);
    loop_disarm(u->loop, &u->ping_timer);
    mqtt_free(u->mqtt);
    free(u);
}

struct uplink_status uplink_status(const struct uplink *u) {
    struct uplink_status status = u->status;
    status.taken_count = u->retry.taken_count;
    status.sent_count = u->sender.sent_count;
    status.sent_bytes = u->sender.sent_bytes;
    status.resent_count = sender_resent_count(&u->sender);
    status.ack_times = u->sender.ack_times;
    status.dropped_message_count = mqtt_dropped_count(u->mqtt);
    return status;
}
