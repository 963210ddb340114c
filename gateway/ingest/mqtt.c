/* Paho's MQTTAsync, fenced. What its threads may do here: copy a message into the inbox, set an atomic, wake the
 * pipeline. Everything else (connect, subscribe, publish) is called by the pipeline thread from mqtt_tick and
 * mqtt_publish_*.
 *
 * Paho's own automatic reconnect is not used: it has no jitter and no way to see why the last attempt failed. Its
 * persistence is not used either: what matters is acknowledged by us after the commit, or sits in the outbox.
 * A clean start at every connect is right for the same reason: what the broker held for us, the agents send again.
 * The receive maximum is set well above the default, because 20 costs a third of the rate. */
#include "ingest/mqtt.h"

#include <MQTTAsync.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"

enum {
    RECEIVE_MAXIMUM = 4096,
    CONNECT_TIMEOUT_S = 10,
    GOODBYE_WAIT_MS = 1000,
    BACKOFF_FIRST_MS = 250,
    BACKOFF_MAX_MS = 15 * 1000,
    SEND_BUFFER_MESSAGES = 20000 /* what Paho may hold for a slow socket before it refuses */
};
enum link { LINK_DOWN, LINK_CONNECTING, LINK_UP_UNSUBSCRIBED, LINK_UP };

struct mqtt {
    MQTTAsync client;
    struct inbox *inbox;
    char uri[300], *ca, *cert, *key;
    int keep_alive_s, qos;
    struct mqtt_options options; /* the rest; strings in it are copies */
    int64_t since_ms, woken_us;
    int newest_token; /* of what was published last */
    _Atomic enum link link;
    _Atomic int refused_code; /* of the last failed attempt; 0: none to report */
    int64_t next_try_mono_ms, backoff_ms;
    _Atomic int64_t lost_mono_ms;
    _Atomic uint64_t connects, losses, published, publish_failed;
};

static void read_stamp(struct inbound *m, const MQTTProperties *properties) {
    for (int i = 0; i < properties->count && !m->bad_stamp; i++) {
        const MQTTProperty *p = &properties->array[i];
        const MQTTLenString *key = &p->value.data, *value = &p->value.value;
        if (p->identifier == MQTTPROPERTY_CODE_USER_PROPERTY && key->len >= 0 && value->len >= 0)
            m->bad_stamp = wire_stamp_take(&m->stamp, key->data, (size_t)key->len, value->data, (size_t)value->len);
    }
    if (!m->bad_stamp)
        m->bad_stamp = wire_stamp_end(&m->stamp, &m->has_stamp);
}

static void wake(struct mqtt *mqtt) {
    inbox_wake(mqtt->options.wake ? mqtt->options.wake : mqtt->inbox);
}

/* A message wakes somebody else's inbox now and then only: each time ends a batch that is being gathered there. */
static void wake_for_message(struct mqtt *mqtt, int64_t now_us) {
    if (!mqtt->options.wake || now_us < mqtt->woken_us + MQTT_WAKE_EVERY_MS * 1000)
        return;
    mqtt->woken_us = now_us;
    inbox_wake(mqtt->options.wake);
}

static int on_message(void *self, char *topic, int topic_bytes, MQTTAsync_message *message) {
    struct mqtt *mqtt = self;
    /* Paho gives 0 as the length of a topic without embedded NULs, the real length otherwise. */
    const size_t topic_count = topic_bytes > 0 ? (size_t)topic_bytes : strlen(topic);
    struct inbound *m = inbound_new(topic, topic_count, message->payload, (size_t)message->payloadlen);
    m->is_retained = message->retained != 0;
    m->recv_wall_ms = clock_wall_ms();
    m->recv_mono_us = clock_mono_us();
    read_stamp(m, &message->properties);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    const int64_t now_us = m->recv_mono_us;
    inbox_push(mqtt->inbox, m);
    wake_for_message(mqtt, now_us);
    return 1;
}

static void on_lost(void *self, char *cause) {
    struct mqtt *mqtt = self;
    (void)cause;
    mqtt->lost_mono_ms = clock_mono_ms();
    mqtt->losses++;
    mqtt->link = LINK_DOWN;
    wake(mqtt);
}

static void on_connected(void *self, MQTTAsync_successData5 *data) {
    struct mqtt *mqtt = self;
    (void)data;
    mqtt->connects++;
    mqtt->link = LINK_UP_UNSUBSCRIBED;
    wake(mqtt);
}

static void on_refused(void *self, MQTTAsync_failureData5 *data) {
    struct mqtt *mqtt = self;
    mqtt->refused_code = data && data->code ? data->code : -1;
    mqtt->link = LINK_DOWN;
    wake(mqtt);
}

static char *copy_or_null(const char *text) {
    return text ? mem_strdup(text) : NULL;
}

enum result mqtt_start(const struct mqtt_options *options, struct inbox *inbox, struct mqtt **out,
                       struct fault *fault) {
    struct mqtt *mqtt = mem_alloc(sizeof *mqtt);
    enum result result = RESULT_IO;
    char id[40], unique[CAP_UUID_BYTES + 1];
    mqtt->inbox = inbox;
    mqtt->keep_alive_s = options->keep_alive_s;
    mqtt->qos = options->qos;
    mqtt->backoff_ms = BACKOFF_FIRST_MS;
    mqtt->options = *options;
    mqtt->options.presence_topic = copy_or_null(options->presence_topic);
    mqtt->ca = mem_strdup(options->ca);
    mqtt->cert = mem_strdup(options->cert);
    mqtt->key = mem_strdup(options->key);
    snprintf(mqtt->uri, sizeof mqtt->uri, "ssl://%s:%d", options->host, options->port);
    uuid_make(unique);
    if (options->client_id)
        snprintf(id, sizeof id, "%s", options->client_id);
    else
        snprintf(id, sizeof id, "gateway-%.8s", unique);
    mqtt->options.client_id = mem_strdup(id);

    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    create.sendWhileDisconnected = 0;
    create.maxBufferedMessages = SEND_BUFFER_MESSAGES;
    int rc = MQTTAsync_createWithOptions(&mqtt->client, mqtt->uri, id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &create);
    if (rc != MQTTASYNC_SUCCESS) {
        fault_set(fault, RESULT_IO, "MQTT client for %s: library error %d", mqtt->uri, rc);
        goto out;
    }
    MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_ERROR); /* or it prints every packet into a trace that nobody reads */
    rc = MQTTAsync_setCallbacks(mqtt->client, mqtt, on_lost, on_message, NULL);
    if (rc != MQTTASYNC_SUCCESS) {
        fault_set(fault, RESULT_IO, "MQTT client callbacks: library error %d", rc);
        goto out;
    }
    *out = mqtt;
    mqtt = NULL;
    result = RESULT_OK;
out:
    mqtt_stop(mqtt);
    return result;
}

static void add_number(MQTTProperties *to, enum MQTTPropertyCodes code, unsigned int value, int *rc) {
    MQTTProperty p = {.identifier = code};
    if (code == MQTTPROPERTY_CODE_RECEIVE_MAXIMUM)
        p.value.integer2 = (unsigned short)value;
    else
        p.value.integer4 = value;
    if (*rc == 0)
        *rc = MQTTProperties_add(to, &p);
}

static void begin_connect(struct mqtt *mqtt) {
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    tls.trustStore = mqtt->ca;
    tls.keyStore = mqtt->cert;
    tls.privateKey = mqtt->key;
    tls.enableServerCertAuth = 1;
    tls.verify = 1;
    tls.sslVersion = MQTT_SSL_VERSION_TLS_1_2;

    MQTTProperties properties = MQTTProperties_initializer;
    int rc = 0;
    add_number(&properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, RECEIVE_MAXIMUM, &rc);
    if (mqtt->options.session_s > 0)
        add_number(&properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, (unsigned int)mqtt->options.session_s, &rc);
    struct buf gone;
    buf_init(&gone, 1024);
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    mqtt->since_ms = clock_wall_ms();
    if (mqtt->options.presence_topic)
        mqtt->options.presence(false, mqtt->since_ms, &gone);
    will.topicName = mqtt->options.presence_topic;
    will.message = buf_text(&gone);
    will.retained = 1;
    will.qos = 1;

    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
    options.cleanstart = mqtt->options.session_s == 0;
    options.will = mqtt->options.presence_topic ? &will : NULL;
    options.keepAliveInterval = mqtt->keep_alive_s;
    options.connectTimeout = CONNECT_TIMEOUT_S;
    options.maxInflight = RECEIVE_MAXIMUM;
    options.ssl = &tls;
    options.connectProperties = &properties;
    options.onSuccess5 = on_connected;
    options.onFailure5 = on_refused;
    options.context = mqtt;
    mqtt->link = LINK_CONNECTING;
    if (rc == 0)
        rc = MQTTAsync_connect(mqtt->client, &options);
    if (rc != MQTTASYNC_SUCCESS) {
        mqtt->refused_code = rc;
        mqtt->link = LINK_DOWN;
    }
    MQTTProperties_free(&properties);
    buf_fini(&gone);
}

static bool subscribe(struct mqtt *mqtt) {
    static const char *const agents[] = {"fl/1/+/+/up/+", "fl/1/+/+/state"};
    const size_t count = mqtt->options.filter ? mqtt->options.filter_count : 2;
    char **topics = mem_alloc(count * sizeof *topics);
    int *qos = mem_alloc(count * sizeof *qos);
    MQTTSubscribe_options *each = mem_alloc(count * sizeof *each);
    for (size_t i = 0; i < count; i++) {
        topics[i] = (char *)(mqtt->options.filter ? mqtt->options.filter(mqtt->options.self, i) : agents[i]);
        qos[i] = topics[i] == agents[1] ? 1 : mqtt->qos; /* a state is never lost on the way */
        each[i] = (MQTTSubscribe_options)MQTTSubscribe_options_initializer;
    }
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    response.subscribeOptionsList = each;
    response.subscribeOptionsCount = (int)count;
    const int rc = MQTTAsync_subscribeMany(mqtt->client, (int)count, topics, qos, &response);
    free(topics);
    free(qos);
    free(each);
    return rc == MQTTASYNC_SUCCESS;
}

static void plan_next_try(struct mqtt *mqtt, int64_t now_mono_ms) {
    uint16_t dice;
    random_bytes(&dice, sizeof dice);
    mqtt->next_try_mono_ms = now_mono_ms + mqtt->backoff_ms / 2 + dice % (mqtt->backoff_ms / 2 + 1);
    mqtt->backoff_ms = mqtt->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : mqtt->backoff_ms * 2;
}

static enum result send(struct mqtt *mqtt, const char *topic, const void *payload, size_t bytes, int qos,
                        MQTTProperties *properties, bool is_retained) {
    if (mqtt->link != LINK_UP)
        return RESULT_CLOSED;
    MQTTAsync_message message = MQTTAsync_message_initializer;
    message.payload = (void *)payload;
    message.payloadlen = (int)bytes;
    message.qos = qos;
    message.retained = is_retained;
    if (properties)
        message.properties = *properties;
    MQTTAsync_responseOptions response = MQTTAsync_responseOptions_initializer;
    if (MQTTAsync_sendMessage(mqtt->client, topic, &message, &response) != MQTTASYNC_SUCCESS) {
        mqtt->publish_failed++;
        return RESULT_BUSY;
    }
    mqtt->published++;
    mqtt->newest_token = response.token;
    return RESULT_OK;
}

static bool say_presence(struct mqtt *mqtt, bool is_online) {
    struct buf text;
    if (!mqtt->options.presence_topic)
        return false;
    buf_init(&text, 1024);
    mqtt->options.presence(is_online, mqtt->since_ms, &text);
    const enum result result = send(mqtt, mqtt->options.presence_topic, buf_text(&text), text.count, 1, NULL, true);
    if (result != RESULT_OK)
        log_warn("gateway.mqtt", "presence_not_sent", "topic=%s result=%s", mqtt->options.presence_topic,
                 result_name(result));
    buf_fini(&text);
    return result == RESULT_OK;
}

/* After the subscriptions, as Sparkplug wants it of a host. */
void mqtt_present(struct mqtt *mqtt) {
    (void)say_presence(mqtt, true);
}

/* Goes in order, so the broker throws the Will away: what it says is said before, and waited for. (MQTT 5 could ask for
 * the Will with the goodbye; Paho's destroy sends a plain one first.) */
void mqtt_stop(struct mqtt *mqtt) {
    if (!mqtt)
        return;
    if (mqtt->client) {
        MQTTAsync_disconnectOptions bye = MQTTAsync_disconnectOptions_initializer5;
        bye.timeout = 200;
        if (mqtt->link == LINK_UP && say_presence(mqtt, false))
            MQTTAsync_waitForCompletion(mqtt->client, mqtt->newest_token, GOODBYE_WAIT_MS);
        MQTTAsync_disconnect(mqtt->client, &bye);
        MQTTAsync_destroy(&mqtt->client);
    }
    free(mqtt->ca);
    free(mqtt->cert);
    free(mqtt->key);
    free((char *)mqtt->options.presence_topic);
    free((char *)mqtt->options.client_id);
    free(mqtt);
}

void mqtt_tick(struct mqtt *mqtt, int64_t now_mono_ms) {
    const int refused = atomic_exchange(&mqtt->refused_code, 0);
    if (refused)
        log_warn("gateway.mqtt", "connect_failed", "broker=%s code=%d retry_ms=%lld", mqtt->uri, refused,
                 (long long)(mqtt->next_try_mono_ms > now_mono_ms ? mqtt->next_try_mono_ms - now_mono_ms : 0));
    if (mqtt->link == LINK_DOWN) {
        if (mqtt->next_try_mono_ms == 0 && mqtt->connects > 0)
            log_warn("gateway.mqtt", "disconnected", "broker=%s", mqtt->uri);
        if (now_mono_ms >= mqtt->next_try_mono_ms) {
            plan_next_try(mqtt, now_mono_ms);
            begin_connect(mqtt);
        }
    } else if (mqtt->link == LINK_UP_UNSUBSCRIBED) {
        enum link was = LINK_UP_UNSUBSCRIBED;
        /* Lost while subscribing: stays down, and the next tick connects again. */
        if (subscribe(mqtt) && atomic_compare_exchange_strong(&mqtt->link, &was, LINK_UP)) {
            mqtt->backoff_ms = BACKOFF_FIRST_MS;
            mqtt->next_try_mono_ms = 0;
            log_info("gateway.mqtt", "connected", "broker=%s client=%s", mqtt->uri, mqtt->options.client_id);
            mqtt_present(mqtt);
        }
    }
}

void mqtt_resubscribe(struct mqtt *mqtt) {
    enum link was = LINK_UP;
    atomic_compare_exchange_strong(&mqtt->link, &was, LINK_UP_UNSUBSCRIBED);
}

enum result mqtt_publish_ack(struct mqtt *mqtt, const char *topic, const void *payload, size_t bytes) {
    return send(mqtt, topic, payload, bytes, 0, NULL, false);
}

static int add_text(MQTTProperties *to, enum MQTTPropertyCodes code, const char *text) {
    MQTTProperty p = {.identifier = code};
    p.value.data.data = (char *)text;
    p.value.data.len = (int)strlen(text);
    return MQTTProperties_add(to, &p);
}

enum result mqtt_publish_command(struct mqtt *mqtt, const char *topic, const char *reply_topic, const char *id,
                                 int64_t expiry_s, const void *payload, size_t bytes) {
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL};
    expiry.value.integer4 = (unsigned int)(expiry_s < 1 ? 1 : expiry_s > UINT32_MAX ? UINT32_MAX : expiry_s);
    enum result result = RESULT_IO;
    if (add_text(&properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC, reply_topic) == 0 &&
        add_text(&properties, MQTTPROPERTY_CODE_CORRELATION_DATA, id) == 0 &&
        MQTTProperties_add(&properties, &expiry) == 0)
        result = send(mqtt, topic, payload, bytes, 1, &properties, false);
    MQTTProperties_free(&properties);
    return result;
}

enum result mqtt_publish(struct mqtt *mqtt, const char *topic, const void *payload, size_t bytes) {
    return send(mqtt, topic, payload, bytes, 0, NULL, false);
}

struct mqtt_figures mqtt_read_figures(const struct mqtt *mqtt) {
    if (!mqtt)
        return (struct mqtt_figures){0};
    return (struct mqtt_figures){.connects = mqtt->connects,
                                 .losses = mqtt->losses,
                                 .published = mqtt->published,
                                 .publish_failed = mqtt->publish_failed,
                                 .is_connected = mqtt->link == LINK_UP,
                                 .lost_mono_ms = mqtt->lost_mono_ms};
}
