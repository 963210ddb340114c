/* The bare subscriber that the gateway's rate is compared with: Paho MQTTAsync over TLS, the same subscription and QoS,
 * and nothing done with a message but counting it (in a mapped file, by which bench-load paces itself).
 *
 *   bench-count --port P --pki DIR --counter FILE      runs until killed; prints "ready" when subscribed */
#include <MQTTAsync.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fieldline/log.h"

static volatile uint64_t *counter;

static int on_message(void *self, char *topic, int topic_bytes, MQTTAsync_message *message) {
    (void)self;
    (void)topic_bytes;
    if (strstr(topic, "/up/tele"))
        (*counter)++;
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void on_subscribed(void *self, MQTTAsync_successData5 *data) {
    (void)self;
    (void)data;
    printf("ready\n");
    fflush(stdout);
}

static void on_connected(void *self, MQTTAsync_successData5 *data) {
    MQTTAsync client = self;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    (void)data;
    options.onSuccess5 = on_subscribed;
    if (MQTTAsync_subscribe(client, "fl/1/+/+/up/+", 1, &options) != MQTTASYNC_SUCCESS)
        die("bench.count", "cannot subscribe");
}

static void on_failure(void *self, MQTTAsync_failureData5 *data) {
    (void)self;
    die("bench.count", "cannot connect: %d", data ? data->code : -1);
}

int main(int argc, char **argv) {
    char uri[64], ca[4096], cert[4096], key[4096];
    if (argc != 7)
        die("bench.count", "usage: bench-count --port P --pki DIR --counter FILE");
    snprintf(uri, sizeof uri, "ssl://127.0.0.1:%s", argv[2]);
    snprintf(ca, sizeof ca, "%s/ca.crt", argv[4]);
    snprintf(cert, sizeof cert, "%s/gateway.crt", argv[4]);
    snprintf(key, sizeof key, "%s/gateway.key", argv[4]);
    const int fd = open(argv[6], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, sizeof *counter) != 0)
        die("bench.count", "%s: %s", argv[6], strerror(errno));
    counter = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (counter == MAP_FAILED)
        die("bench.count", "%s: %s", argv[6], strerror(errno));

    MQTTAsync client;
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty receive_maximum = {.identifier = MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, .value.integer2 = 4096};
    tls.trustStore = ca;
    tls.keyStore = cert;
    tls.privateKey = key;
    tls.verify = 1;
    options.ssl = &tls;
    options.cleanstart = 1;
    options.maxInflight = 4096;
    options.connectProperties = &properties;
    options.onSuccess5 = on_connected;
    options.onFailure5 = on_failure;
    if (MQTTProperties_add(&properties, &receive_maximum) != 0 ||
        MQTTAsync_createWithOptions(&client, uri, "bench-count", MQTTCLIENT_PERSISTENCE_NONE, NULL, &create) !=
            MQTTASYNC_SUCCESS)
        die("bench.count", "cannot make a client");
    options.context = client;
    if (MQTTAsync_setCallbacks(client, NULL, NULL, on_message, NULL) != MQTTASYNC_SUCCESS ||
        MQTTAsync_connect(client, &options) != MQTTASYNC_SUCCESS)
        die("bench.count", "cannot connect");
    for (;;)
        pause();
}
