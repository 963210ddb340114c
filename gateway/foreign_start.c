/* Builds the adapters from the settings: the mapping, an inbox, and a second connection to the same broker with a
 * certificate of its own. The broker tells the two apart by it: with `use_username_as_clientid` two connections with
 * one certificate would push each other out, and the rights of the one would be those of the other. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "foreign.h"
#include "ingest/adapters/sparkplug_state.h"

/* The adapters' topics, and our own state: a host hears when somebody says that it is gone. */
static const char *filter(void *self, size_t index) {
    const struct foreign *f = self;
    return index < adapters_filter_count(foreign_adapters(f)) ? adapters_filter(foreign_adapters(f), index)
                                                              : foreign_state_topic(f);
}

/* The inbox never makes Paho's thread wait: it is the agents' thread too. */
enum { NO_WAIT_MS = 0 };

enum result foreign_connect(struct core *core, struct fault *fault) {
    const struct settings *s = core->settings;
    char state_topic[CAP_TOPIC_BYTES + 1];
    if (!core->foreign)
        return RESULT_OK;
    struct adapters *adapters = foreign_adapters(core->foreign);
    struct mqtt *mqtt = NULL;
    struct mqtt_options options = {.host = s->broker_host,
                                   .port = (int)s->broker_port,
                                   .ca = s->broker_ca,
                                   .cert = s->adapters_cert,
                                   .key = s->adapters_key,
                                   .keep_alive_s = (int)(s->broker_keep_alive_ms / 1000),
                                   .qos = 1,
                                   .client_id = "fieldline-adapters",
                                   .session_s = s->adapters_session_ms / 1000,
                                   .filter = filter,
                                   .filter_count = adapters_filter_count(adapters),
                                   .self = core->foreign,
                                   .wake = core->inbox};
    if (adapters_has(adapters, MAPPING_SPARKPLUG)) {
        sparkplug_state_topic(s->adapters_sparkplug_host, state_topic);
        foreign_set_state_topic(core->foreign, state_topic);
        options.presence_topic = state_topic;
        options.filter_count++;
        options.presence = sparkplug_state_print;
    }
    const enum result result = mqtt_start(&options, foreign_inbox(core->foreign), &mqtt, fault);
    if (result == RESULT_OK)
        foreign_use(core->foreign, mqtt);
    return result;
}

static bool host_valid(const char *host) {
    return host[0] && strlen(host) <= CAP_MODEL_BYTES && !strpbrk(host, "/+#") && utf8_valid(host, strlen(host));
}

/* Reads the mapping file when the settings are fit for use; problems as lines. */
static enum result open_adapters(const struct settings *s, struct adapters **out, struct buf *problems) {
    if (!s->adapters_file || !s->adapters_cert || !s->adapters_key) {
        buf_str(problems, "[adapters] enabled needs file, cert and key\n");
        return RESULT_BAD_INPUT;
    }
    if (!host_valid(s->adapters_sparkplug_host)) {
        buf_printf(problems, "[adapters] sparkplug_host: one topic level of 1 to %d bytes\n", CAP_MODEL_BYTES);
        return RESULT_BAD_INPUT;
    }
    return adapters_open(s->adapters_file, out, problems);
}

enum result foreign_check(const struct settings *s, struct buf *problems) {
    struct adapters *adapters = NULL;
    enum result result = open_adapters(s, &adapters, problems);
    adapters_free(adapters);
    const char *const files[] = {s->adapters_cert, s->adapters_key};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (files[i] && access(files[i], R_OK) != 0) {
            buf_printf(problems, "%s: %s\n", files[i], strerror(errno));
            result = RESULT_NOT_FOUND;
        }
    }
    return result;
}

enum result foreign_start(struct core *core, struct foreign **out, struct fault *fault) {
    const struct settings *s = core->settings;
    struct adapters *adapters = NULL;
    struct buf problems;
    if (!s->adapters_enabled)
        return RESULT_OK;
    buf_init(&problems, 64 * 1024);
    const enum result result = open_adapters(s, &adapters, &problems);
    if (result == RESULT_OK) {
        struct inbox *inbox =
            inbox_new((size_t)s->adapters_inbox_messages, (size_t)s->adapters_inbox_bytes, NO_WAIT_MS, 0);
        *out = foreign_new(core, adapters, inbox, (size_t)s->adapters_devices);
    } else {
        fprintf(stderr, "%s", buf_text(&problems));
        fault_set(fault, result, "the adapters' configuration has problems (listed above)");
    }
    buf_fini(&problems);
    return result;
}

void foreign_disconnect(struct foreign *f) {
    if (!f)
        return;
    mqtt_stop(foreign_mqtt(f));
    foreign_use(f, NULL);
}
