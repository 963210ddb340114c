/* Paho MQTT C, fenced in.
 *
 * Callbacks run on Paho's threads with its lock held: they copy into the mailbox and return; nothing here waits inside
 * one. Traps of 1.3.12 that shaped this file: a write to a closed TLS socket raises SIGPIPE (ignored for the process by
 * agent.c); the properties of a CONNACK may be uninitialised (never looked at); message and topic are ours to free once
 * messageArrived returns 1; the in-flight count of MQTT 5 can leak, so maxInflight is far above our windows; destroying
 * a client leaks a little, so one client lives as long as the process and is renewed only when it stops answering.
 * mosquitto 2.0 closes a session that was taken over without sending its reason; see rival.h.
 * libmosquitto was left: Paho's async client survives its own threads' errors better and the gateway uses it too. */
#include "mqtt.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"

enum { MAILBOX_ROOM = 256, PAHO_QUEUE = 1000, MAX_INFLIGHT = 60000, DISCONNECT_MS = 500, TLS_REASON_FIELD = 6 };

struct mqtt {
    struct loop *loop;
    const struct agent_config *config;
    mqtt_letter_fn *fn;
    void *self;
    struct mailbox *mailbox;
    MQTTAsync client;
    char url[320];
    char topics[TOPIC_KIND_COUNT][CAP_TOPIC_BYTES + 1];
    char down_filter[CAP_TOPIC_BYTES + 1];
    pthread_mutex_t tls_mutex;
    char tls_error[LETTER_TEXT_BYTES]; /* what OpenSSL said last; under tls_mutex */
};

/* ---- on Paho's threads ---- */

/* OpenSSL's line is "thread:error:code:library:function:reason:file:line:"; the reason is what a person can use. The
 * first line is kept: later ones are consequences. */
static int on_tls_error(const char *text, size_t chars, void *context) {
    struct mqtt *m = context;
    char line[512];
    snprintf(line, sizeof line, "%.*s", (int)chars, text);
    char *rest = line, *reason = line;
    for (int field = 0; field < TLS_REASON_FIELD && reason != NULL; field++) {
        reason = strsep(&rest, ":");
    }
    pthread_mutex_lock(&m->tls_mutex);
    if (m->tls_error[0] == '\0') {
        snprintf(m->tls_error, sizeof m->tls_error, "TLS: %.100s", reason == NULL ? text : reason);
    }
    pthread_mutex_unlock(&m->tls_mutex);
    return 1;
}

static void put_failure(struct mqtt *m, enum mqtt_event_kind kind, const MQTTAsync_failureData5 *data) {
    char text[LETTER_TEXT_BYTES];
    const char *reason = data == NULL || data->reasonCode <= 0 ? NULL : MQTTReasonCode_toString(data->reasonCode);
    pthread_mutex_lock(&m->tls_mutex);
    const char *why = reason != NULL                          ? reason
                      : m->tls_error[0] != '\0'               ? m->tls_error
                      : data != NULL && data->message != NULL ? data->message
                                                              : "the broker cannot be reached";
    snprintf(text, sizeof text, "%s", why);
    m->tls_error[0] = '\0';
    pthread_mutex_unlock(&m->tls_mutex);
    mailbox_put(m->mailbox, kind, text);
}

static void on_connected(void *context, MQTTAsync_successData5 *data) {
    (void)data;
    mailbox_put(((struct mqtt *)context)->mailbox, MQTT_CONNECTED, NULL);
}

static void on_refused(void *context, MQTTAsync_failureData5 *data) {
    put_failure(context, MQTT_REFUSED, data);
}

static void on_lost(void *context, char *cause) {
    mailbox_put(((struct mqtt *)context)->mailbox, MQTT_LOST, cause == NULL ? "connection lost" : cause);
}

static void on_broker_disconnect(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason) {
    (void)properties;
    const char *text = MQTTReasonCode_toString(reason);
    mailbox_put(((struct mqtt *)context)->mailbox, reason == MQTTREASONCODE_SESSION_TAKEN_OVER ? MQTT_TAKEN : MQTT_LOST,
                text == NULL ? "the broker disconnected" : text);
}

static void on_subscribed(void *context, MQTTAsync_successData5 *data) {
    bool is_granted = data != NULL && (int)data->reasonCode < MQTTREASONCODE_UNSPECIFIED_ERROR;
    mailbox_put(((struct mqtt *)context)->mailbox, is_granted ? MQTT_SUBSCRIBED : MQTT_NOT_SUBSCRIBED, NULL);
}

static void on_not_subscribed(void *context, MQTTAsync_failureData5 *data) {
    put_failure(context, MQTT_NOT_SUBSCRIBED, data);
}

static void on_published(void *context, MQTTAsync_successData5 *data) {
    (void)data;
    mailbox_put(((struct mqtt *)context)->mailbox, MQTT_PUBLISHED, NULL);
}

static void on_not_published(void *context, MQTTAsync_failureData5 *data) {
    put_failure(context, MQTT_PUBLISHED, data);
}

static void on_disconnected(void *context, MQTTAsync_successData5 *data) {
    (void)data;
    mailbox_put(((struct mqtt *)context)->mailbox, MQTT_DISCONNECTED, NULL);
}

static void on_not_disconnected(void *context, MQTTAsync_failureData5 *data) {
    (void)data;
    mailbox_put(((struct mqtt *)context)->mailbox, MQTT_DISCONNECTED, NULL);
}

static int on_message(void *context, char *topic, int topic_chars, MQTTAsync_message *message) {
    struct mqtt *m = context;
    size_t chars = topic_chars > 0 ? (size_t)topic_chars : strlen(topic);
    for (int kind = 0; kind < TOPIC_KIND_COUNT; kind++) {
        if (strlen(m->topics[kind]) != chars || memcmp(m->topics[kind], topic, chars) != 0) {
            continue;
        }
        int64_t expiry_s =
            MQTTProperties_getNumericValue(&message->properties, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL);
        if (message->payloadlen >= 0 && message->payloadlen <= CAP_COMMAND_BYTES) {
            mailbox_put_message(m->mailbox, (enum topic_kind)kind, message->payload, (size_t)message->payloadlen,
                                expiry_s >= 0, clock_mono_ms() + expiry_s * 1000);
        }
    }
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

/* ---- on the loop thread ---- */

static void on_mail(void *self, uint32_t events) {
    (void)events;
    struct mqtt *m = self;
    struct letter *letter;
    while ((letter = mailbox_take(m->mailbox)) != NULL) {
        m->fn(m->self, letter);
        free(letter);
    }
}

static enum result make_client(struct mqtt *m, struct fault *fault) {
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;
    options.maxBufferedMessages = PAHO_QUEUE;
    int rc =
        MQTTAsync_createWithOptions(&m->client, m->url, m->config->device, MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
    if (rc != MQTTASYNC_SUCCESS) {
        m->client = NULL;
        return fault_set(fault, RESULT_IO, "cannot make an MQTT client: %s", MQTTAsync_strerror(rc));
    }
    MQTTAsync_setCallbacks(m->client, m, on_lost, on_message, NULL);
    MQTTAsync_setDisconnected(m->client, m, on_broker_disconnect);
    return RESULT_OK;
}

enum result mqtt_new(struct loop *loop, const struct agent_config *config, mqtt_letter_fn *fn, void *self,
                     struct mqtt **out, struct fault *fault) {
    struct mqtt *m = mem_alloc(sizeof *m);
    *m = (struct mqtt){.loop = loop, .config = config, .fn = fn, .self = self};
    m->mailbox = mailbox_new(MAILBOX_ROOM);
    pthread_mutex_init(&m->tls_mutex, NULL);
    bool is_ipv6 = strchr(config->broker_host, ':') != NULL;
    snprintf(m->url, sizeof m->url, is_ipv6 ? "ssl://[%s]:%d" : "ssl://%s:%d", config->broker_host,
             (int)config->broker_port);
    for (int kind = 0; kind < TOPIC_KIND_COUNT; kind++) {
        topic_format(config->device, (enum topic_kind)kind, m->topics[kind]);
    }
    const char *ack = m->topics[TOPIC_DOWN_ACK];
    snprintf(m->down_filter, sizeof m->down_filter, "%.*s/+", (int)(strrchr(ack, '/') - ack), ack);

    enum result result = make_client(m, fault);
    if (result == RESULT_OK && loop_watch(loop, mailbox_fd(m->mailbox), EPOLLIN, on_mail, m) != RESULT_OK) {
        result = fault_set(fault, RESULT_IO, "cannot watch the mailbox");
    }
    if (result != RESULT_OK) {
        mqtt_free(m);
        return result;
    }
    *out = m;
    return RESULT_OK;
}

void mqtt_free(struct mqtt *m) {
    if (m == NULL) {
        return;
    }
    if (m->client != NULL) {
        MQTTAsync_destroy(&m->client);
    }
    loop_unwatch(m->loop, mailbox_fd(m->mailbox));
    mailbox_free(m->mailbox);
    pthread_mutex_destroy(&m->tls_mutex);
    free(m);
}

enum result mqtt_renew(struct mqtt *m, struct fault *fault) {
    if (m->client != NULL) {
        MQTTAsync_destroy(&m->client);
    }
    return make_client(m, fault);
}

enum result mqtt_connect(struct mqtt *m, struct fault *fault) {
    const struct agent_config *c = m->config;
    MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
    ssl.trustStore = c->ca;
    ssl.keyStore = c->cert;
    ssl.privateKey = c->key;
    ssl.enableServerCertAuth = 1;
    ssl.verify = 1;
    ssl.disableDefaultTrustStore = 1;
    ssl.ssl_error_cb = on_tls_error;
    ssl.ssl_error_context = m;
    will.topicName = m->topics[TOPIC_STATE];
    will.message = "offline";
    will.retained = 1;
    will.qos = 1;
    options.keepAliveInterval = (int)(c->keep_alive_ms / 1000);
    options.connectTimeout = (int)(c->connect_timeout_ms / 1000);
    options.maxInflight = MAX_INFLIGHT;
    options.cleanstart = 1;
    options.will = &will;
    options.ssl = &ssl;
    options.onSuccess5 = on_connected;
    options.onFailure5 = on_refused;
    options.context = m;
    int rc = MQTTAsync_connect(m->client, &options);
    return rc == MQTTASYNC_SUCCESS ? RESULT_OK
                                   : fault_set(fault, RESULT_IO, "cannot connect: %s", MQTTAsync_strerror(rc));
}

enum result mqtt_subscribe(struct mqtt *m) {
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    options.onSuccess5 = on_subscribed;
    options.onFailure5 = on_not_subscribed;
    options.context = m;
    return MQTTAsync_subscribe(m->client, m->down_filter, 1, &options) == MQTTASYNC_SUCCESS ? RESULT_OK : RESULT_IO;
}

enum result mqtt_publish_state(struct mqtt *m, bool is_online) {
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    MQTTAsync_message message = MQTTAsync_message_initializer;
    const char *text = is_online ? "online" : "offline";
    options.onSuccess5 = on_published;
    options.onFailure5 = on_not_published;
    options.context = m;
    message.payload = (void *)text;
    message.payloadlen = (int)strlen(text);
    message.qos = 1;
    message.retained = 1;
    return MQTTAsync_sendMessage(m->client, m->topics[TOPIC_STATE], &message, &options) == MQTTASYNC_SUCCESS
               ? RESULT_OK
               : RESULT_CLOSED;
}

static void add_property(MQTTProperties *to, const char *name, const char *value) {
    MQTTProperty property = {.identifier = MQTTPROPERTY_CODE_USER_PROPERTY};
    property.value.data.data = (char *)name;
    property.value.data.len = (int)strlen(name);
    property.value.value.data = (char *)value;
    property.value.value.len = (int)strlen(value);
    MQTTProperties_add(to, &property);
}

static void add_number(MQTTProperties *to, const char *name, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    add_property(to, name, text);
}

static void add_stamp(MQTTProperties *to, const struct wire_stamp *stamp) {
    if (stamp->stream[0] != '\0') {
        add_property(to, WIRE_STREAM, stamp->stream);
        add_number(to, WIRE_SEQ, (int64_t)stamp->seq);
    }
    if (stamp->from != stamp->seq) {
        add_number(to, WIRE_FROM, (int64_t)stamp->from);
    }
    char clock[WIRE_CLOCK_CHARS + 1];
    wire_clock_print(stamp, clock);
    add_property(to, WIRE_CLOCK, clock);
}

enum result mqtt_publish(struct mqtt *m, enum topic_kind kind, const struct wire_stamp *stamp, const void *payload,
                         size_t bytes) {
    MQTTAsync_message message = MQTTAsync_message_initializer;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    message.payload = (void *)payload;
    message.payloadlen = (int)bytes;
    message.qos = (int)m->config->qos;
    add_stamp(&message.properties, stamp);
    int rc = MQTTAsync_sendMessage(m->client, m->topics[kind], &message, &options);
    MQTTProperties_free(&message.properties);
    return rc == MQTTASYNC_SUCCESS ? RESULT_OK : rc == MQTTASYNC_MAX_BUFFERED_MESSAGES ? RESULT_FULL : RESULT_CLOSED;
}

enum result mqtt_disconnect(struct mqtt *m) {
    MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer5;
    options.timeout = DISCONNECT_MS;
    options.onSuccess5 = on_disconnected;
    options.onFailure5 = on_not_disconnected;
    options.context = m;
    return MQTTAsync_disconnect(m->client, &options) == MQTTASYNC_SUCCESS ? RESULT_OK : RESULT_CLOSED;
}

uint64_t mqtt_dropped_count(const struct mqtt *m) {
    return mailbox_dropped_count(m->mailbox);
}
