/* Rows; include/fieldline/config.h does the work. Read once at start: what may change while running (packs,
 * certificates) is read from where these point. */
#include "settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/session.h"

#define AT(member) offsetof(struct settings, member)
#define COUNT(a)   (sizeof(a) / sizeof *(a))
#define DAY_MS     (24 * 3600 * 1000LL)

static const struct config_row rows[] = {
    {"gateway", "data_dir", CONFIG_STRING, AT(data_dir), NULL, 0, 0, true,
     "folder of the database, the sealing key and the transcripts; made by 'init', mode 0700"},
    {"gateway", "rules_dir", CONFIG_STRING, AT(rules_dir), NULL, 0, 0, true, "folder of the product packs"},
    {"gateway", "log_level", CONFIG_STRING, AT(log_level), "info", 0, 0, false, "debug, info, warn or error"},
    {"gateway", "reserve", CONFIG_SIZE, AT(reserve_bytes), "64MiB", 0, 1LL << 40, false,
     "disk space kept for alarms, tickets and sessions when the disk is full; 0: none"},
    {"gateway", "log_format", CONFIG_STRING, AT(log_format), "text", 0, 0, false, "text or json"},
    {"gateway", "disk_low", CONFIG_SIZE, AT(disk_low_bytes), "256MiB", 0, 1LL << 40, false,
     "less room than this on the disk of data_dir: /healthz says disk_low"},
    {"broker", "host", CONFIG_STRING, AT(broker_host), "127.0.0.1", 0, 0, false, "MQTT broker"},
    {"broker", "port", CONFIG_INTEGER, AT(broker_port), "8883", 1, 65535, false, "its TLS port"},
    {"broker", "ca", CONFIG_STRING, AT(broker_ca), NULL, 0, 0, true, "CA that signed the broker's certificate, PEM"},
    {"broker", "cert", CONFIG_STRING, AT(broker_cert), NULL, 0, 0, true, "the gateway's client certificate, PEM"},
    {"broker", "key", CONFIG_STRING, AT(broker_key), NULL, 0, 0, true, "its private key, PEM, mode 0600"},
    {"broker", "keep_alive", CONFIG_DURATION, AT(broker_keep_alive_ms), "30s", 5000, 1200 * 1000, false,
     "MQTT keep-alive; stays far above the inbox's wait"},
    {"broker", "qos", CONFIG_INTEGER, AT(broker_qos), "1", 0, 1, false,
     "of the subscription; a message comes with the lower of this and what the device used"},
    {"broker", "return_within", CONFIG_DURATION, AT(return_within_ms), "3m", 1000, 3600 * 1000, false,
     "how long after a lost broker is back a device may stay silent before it counts as offline; more than the "
     "agents' backoff_max"},
    {"inbox", "messages", CONFIG_INTEGER, AT(inbox_messages), "20000", 100, 1000000, false,
     "messages held before Paho's thread has to wait"},
    {"inbox", "bytes", CONFIG_SIZE, AT(inbox_bytes), "64MiB", 1 << 20, 1LL << 32, false, "the same in bytes"},
    {"inbox", "wait", CONFIG_DURATION, AT(inbox_wait_ms), "1s", 1, 10000, false,
     "how long a full inbox makes Paho's thread wait before the message is dropped (the device sends it again)"},
    {"inbox", "unstamped_rate", CONFIG_INTEGER, AT(unstamped_per_second), "100", 1, 100000, false,
     "messages/s taken of one device that sends outside of a stream, or floods; what is beyond is dropped and counted"},
    {"batch", "messages", CONFIG_INTEGER, AT(batch_messages), "1000", 1, 10000, false, "most messages in one commit"},
    {"batch", "bytes", CONFIG_SIZE, AT(batch_bytes), "256KiB", 1 << 10, 1LL << 30, false,
     "about how many bytes of messages go into one commit: what is urgent waits for the commit under way"},
    {"batch", "wait", CONFIG_DURATION, AT(batch_wait_ms), "10ms", 1, 1000, false,
     "how long the first message of a batch waits for others"},
    {"batch", "acks_per_second", CONFIG_INTEGER, AT(acks_per_second), "2000", 10, 100000, false,
     "most acknowledgements published; windows are sized for it"},
    {"web", "listen", CONFIG_STRING, AT(web_listen), "127.0.0.1", 0, 0, false, "address for people (HTTPS)"},
    {"web", "port", CONFIG_INTEGER, AT(web_port), "8443", 0, 65535, false, "0: any free one (data_dir/ports.json)"},
    {"web", "session_listen", CONFIG_STRING, AT(session_listen), "127.0.0.1", 0, 0, false,
     "address that products dial in to for sessions"},
    {"web", "session_port", CONFIG_INTEGER, AT(session_port), "8444", 0, 65535, false, "0: any free one"},
    {"web", "session_url", CONFIG_STRING, AT(session_url), NULL, 0, 0, false,
     "what products are told to dial, wss://HOST:PORT; default: made from the two above"},
    {"web", "cert", CONFIG_STRING, AT(web_cert), NULL, 0, 0, true, "server certificate, PEM"},
    {"web", "key", CONFIG_STRING, AT(web_key), NULL, 0, 0, true, "its private key, PEM, mode 0600"},
    {"web", "device_ca", CONFIG_STRING, AT(device_ca), NULL, 0, 0, true,
     "CA that signs the products' certificates, PEM"},
    {"web", "device_crl", CONFIG_STRING, AT(device_crl), NULL, 0, 0, false,
     "revocation list of that CA, PEM; read again when it changes; without: nobody is revoked"},
    {"web", "console_dir", CONFIG_STRING, AT(console_dir), NULL, 0, 0, true, "the built console"},
    {"web", "reader_threads", CONFIG_INTEGER, AT(reader_threads), "2", 1, 64, false, "threads that answer reads"},
    {"web", "connections_per_address", CONFIG_INTEGER, AT(connections_per_address), "256", 0, 4096, false,
     "most connections of one address at a time, loopback apart; 0: no such limit"},
    {"web", "login_idle", CONFIG_DURATION, AT(login_idle_ms), "8h", 60000, 30 * DAY_MS, false,
     "a login ends after this much idleness"},
    {"web", "login_max", CONFIG_DURATION, AT(login_max_ms), "12h", 60000, 30 * DAY_MS, false,
     "and after this in any case"},
    {"sessions", "consent_wait", CONFIG_DURATION, AT(consent_wait_ms), "2m", 5000, 3600 * 1000, false,
     "how long an owner has to answer; no answer is a no"},
    {"sessions", "approval_wait", CONFIG_DURATION, AT(approval_wait_ms), "15m", 10000, 24 * 3600 * 1000, false,
     "how long a second person has to approve; no answer is a no"},
    {"sessions", "max", CONFIG_DURATION, AT(session_max_ms), "60m", 60000, CAP_SESSION_SECONDS * 1000LL, false,
     "longest session that is granted; a pack may allow less"},
    {"sessions", "idle", CONFIG_DURATION, AT(session_idle_ms), "15m", 10000, CAP_SESSION_SECONDS * 1000LL, false,
     "a session in which the engineer does nothing for so long ends"},
    {"sessions", "four_eyes", CONFIG_STRING, AT(session_four_eyes_text), "", 0, 200, false,
     "capabilities that need a second person's approval on every model, such as shell,update; a pack may ask for more"},
    {"sessions", "moderated", CONFIG_STRING, AT(session_moderated_text), "", 0, 200, false,
     "capabilities that need a moderator in the session on every model; a pack may ask for more"},
    {"sessions", "moderator_grace", CONFIG_DURATION, AT(moderator_grace_ms), "1m", 1000, 600 * 1000, false,
     "how long a session that needs a moderator stays frozen after the last one has left; then it ends"},
    {"sessions", "qualification", CONFIG_STRING, AT(session_qualification), "optional", 0, 0, false,
     "required: nobody has a session without a qualification; optional: only once somebody has been given one"},
    {"sessions", "contract", CONFIG_STRING, AT(session_contract), "optional", 0, 0, false,
     "required: no session without a customer's contract; optional: only once there is one"},
    {"sessions", "link_grace", CONFIG_DURATION, AT(link_grace_ms), "30s", 1000, 600 * 1000, false,
     "how long a session waits for a product whose link broke"},
    {"sessions", "master_key", CONFIG_STRING, AT(master_key), NULL, 0, 0, false,
     "file of the key that wraps the keys of recordings, mode 0600; default: data_dir/master.key"},
    {"sessions", "master_key_previous", CONFIG_STRING, AT(master_key_previous), NULL, 0, 0, false,
     "the one before, until 'transcript rewrap' has run"},
    {"sessions", "escrow_key", CONFIG_STRING, AT(escrow_key), NULL, 0, 0, false,
     "public X25519 key, PEM, of who decides disputes: hidden input is sealed to it; without: it is not kept"},
    {"sessions", "mask_file", CONFIG_STRING, AT(mask_file), NULL, 0, 0, false,
     "patterns of what is covered where recordings are shown, one a line, beside the built-in ones"},
    {"sessions", "retention", CONFIG_DURATION, AT(retention_ms), "730d", DAY_MS, 36500 * DAY_MS, false,
     "recordings are destroyed after this, unless they are held; their rows stay"},
    {"sessions", "call_stun", CONFIG_STRING, AT(call_stun), NULL, 0, 500, false,
     "STUN servers of the help call, stun:HOST:PORT, separated by blanks; none: browsers on one network find each "
     "other"},
    {"sessions", "call_turn", CONFIG_STRING, AT(call_turn), NULL, 0, 500, false,
     "TURN servers, turn:HOST:PORT or turns:HOST:PORT, for browsers behind routers that let nothing in"},
    {"sessions", "call_turn_secret", CONFIG_STRING, AT(call_turn_secret), NULL, 0, 255, false,
     "coturn's static-auth-secret; browsers get passwords made of it that hold for 6 hours"},
    {"evidence", "bytes", CONFIG_SIZE, AT(evidence_bytes), "1GiB", 0, 1LL << 40, false,
     "what evidence of alarms may take in the store; then the oldest goes; 0: none is asked for"},
    {"adapters", "enabled", CONFIG_BOOL, AT(adapters_enabled), "no", 0, 0, false,
     "take messages of devices without our agent: Sparkplug B, thin-edge.io, plain JSON"},
    {"adapters", "file", CONFIG_STRING, AT(adapters_file), NULL, 0, 0, false,
     "what their topics and values mean; see adapters.conf.example"},
    {"adapters", "cert", CONFIG_STRING, AT(adapters_cert), NULL, 0, 0, false,
     "client certificate of the adapters' own connection (CN _adapters), PEM"},
    {"adapters", "key", CONFIG_STRING, AT(adapters_key), NULL, 0, 0, false, "its private key, PEM, mode 0600"},
    {"adapters", "sparkplug_host", CONFIG_STRING, AT(adapters_sparkplug_host), "fieldline", 1, 63, false,
     "host id: nodes see us as spBv1.0/STATE/HOST"},
    {"adapters", "session", CONFIG_DURATION, AT(adapters_session_ms), "1h", 1000, 7 * DAY_MS, false,
     "how long the broker keeps QoS 1 messages for us while we are away"},
    {"adapters", "inbox_messages", CONFIG_INTEGER, AT(adapters_inbox_messages), "5000", 100, 1000000, false,
     "messages of foreign devices that may wait; what is beyond is dropped and counted"},
    {"adapters", "inbox_bytes", CONFIG_SIZE, AT(adapters_inbox_bytes), "16MiB", 1 << 20, 1LL << 32, false,
     "the same in bytes"},
    {"adapters", "devices", CONFIG_INTEGER, AT(adapters_devices), "10000", 1, 1000000, false,
     "most devices that adapters may introduce"},
};
static const struct config_schema schema = {.rows = rows, .row_count = COUNT(rows)};

static void read_bits(const char *path, const char *key, const char *text, uint32_t *out, struct buf *problems) {
    struct fault fault;
    if (text && capabilities_parse(text, out, &fault) != RESULT_OK)
        buf_printf(problems, "%s: [sessions] %s: %s\n", path, key, fault.text);
}

static void read_need(const char *path, const char *key, const char *text, bool *out, struct buf *problems) {
    *out = strcmp(text, "required") == 0;
    if (!*out && strcmp(text, "optional") != 0)
        buf_printf(problems, "%s: [sessions] %s is '%s', expected required or optional\n", path, key, text);
}

/* What texts mean; a problem is written down. */
static enum result read_meanings(const char *path, struct settings *s, struct buf *problems) {
    const size_t before = problems->count;
    read_bits(path, "four_eyes", s->session_four_eyes_text, &s->session_four_eyes, problems);
    read_bits(path, "moderated", s->session_moderated_text, &s->session_moderated, problems);
    read_need(path, "qualification", s->session_qualification, &s->session_needs_qualification, problems);
    read_need(path, "contract", s->session_contract, &s->session_needs_contract, problems);
    return problems->count == before ? RESULT_OK : RESULT_BAD_INPUT;
}

enum result settings_read(const char *path, struct settings **out, struct buf *problems) {
    struct settings *settings = mem_alloc(sizeof *settings);
    enum result result = config_read(&schema, path, settings, problems);
    if (result == RESULT_OK)
        result = read_meanings(path, settings, problems);
    if (result != RESULT_OK) {
        settings_free(settings);
        return result;
    }
    *out = settings;
    return RESULT_OK;
}

void settings_free(struct settings *settings) {
    if (!settings)
        return;
    config_free_strings(&schema, settings);
    free(settings);
}

void settings_print_reference(struct buf *out) {
    config_print_reference(&schema, out);
}

char *settings_master_key(const struct settings *settings) {
    return settings->master_key ? mem_strdup(settings->master_key) : settings_path(settings, "master.key");
}

char *settings_path(const struct settings *settings, const char *name) {
    struct buf path;
    buf_init(&path, 4096);
    buf_printf(&path, "%s/%s", settings->data_dir, name);
    char *text = mem_strdup(buf_text(&path));
    buf_fini(&path);
    return text;
}
