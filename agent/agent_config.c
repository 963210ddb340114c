/* The agent's configuration: a table of rows that include/src/config.c checks, and then what rows cannot say.
 *
 * Repeated sections ([tail NAME], [diagnostic NAME]) are agent_config_named.c's. Rows check type and bounds and know
 * the line. What depends on two options (a consent hook without its program) or has a form of its own (capabilities, a
 * command line) is completed here and named by section and key. Several problems are collected in one run, so that a
 * person mends the file once. Nothing here opens any file but the configuration itself and, in agent_config_identify,
 * the certificate; whether paths exist is for check.c and for whoever opens them. */
#include "agent_config.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent_config_named.h"
#include "argv.h"
#include "fieldline/keys.h"
#include "fieldline/topic.h"
#include "file.h"
#include "recorder.h"

enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };
enum { CERTIFICATE_BYTES = 64 * 1024, LEAST_BYTES_PER_DAY = 100 * 1024 };

#define AT(field) offsetof(struct agent_config, field)
_Static_assert(RECORDER_LEAST_BYTES == 64 << 10, "the least of [evidence] bytes");

/* clang-format off */
static const struct config_row rows[] = {
    {"agent", "device", CONFIG_STRING, AT(device), NULL, 0, 0, false,
     "the certificate's common name; only checked against it when given"},
    {"agent", "model", CONFIG_STRING, AT(model), NULL, 0, 0, true,
     "product model: the name of its pack on the gateway"},
    {"agent", "serial", CONFIG_STRING, AT(serial), "", 0, 0, false, "serial number of this product"},
    {"agent", "firmware", CONFIG_STRING, AT(firmware), "", 0, 0, false, "firmware version of this product"},
    {"agent", "data_dir", CONFIG_STRING, AT(data_dir), "/var/lib/fieldline-agent", 0, 0, false,
     "spool and positions; must survive a reboot"},
    {"agent", "run_dir", CONFIG_STRING, AT(run_dir), "/run/fieldline-agent", 0, 0, false,
     "sockets and status; may be memory"},
    {"agent", "log_level", CONFIG_STRING, AT(text.log_level), "info", 0, 0, false, "debug, info, warn or error"},

    {"broker", "host", CONFIG_STRING, AT(broker_host), NULL, 0, 0, true,
     "name or address; must be in the broker's certificate"},
    {"broker", "port", CONFIG_INTEGER, AT(broker_port), "8883", 1, 65535, false, "TCP port, MQTT over TLS"},
    {"broker", "ca", CONFIG_STRING, AT(ca), NULL, 0, 0, true, "PEM file: who signs the broker's certificate"},
    {"broker", "cert", CONFIG_STRING, AT(cert), NULL, 0, 0, true, "PEM file: this product's certificate"},
    {"broker", "key", CONFIG_STRING, AT(key), NULL, 0, 0, true, "PEM file: this product's private key"},
    {"broker", "keep_alive", CONFIG_DURATION, AT(keep_alive_ms), "60s", 5 * SECOND, HOUR, false, "MQTT keep-alive"},
    {"broker", "connect_timeout", CONFIG_DURATION, AT(connect_timeout_ms), "20s", SECOND, 5 * MINUTE, false,
     "one attempt to connect"},
    {"broker", "backoff_min", CONFIG_DURATION, AT(backoff_min_ms), "1s", 100, HOUR, false,
     "first pause after a failed attempt; doubles, with jitter"},
    {"broker", "backoff_max", CONFIG_DURATION, AT(backoff_max_ms), "2m", SECOND, 24 * HOUR, false,
     "longest such pause"},
    {"broker", "reconnect_spread", CONFIG_DURATION, AT(reconnect_spread_ms), "30s", 0, HOUR, false,
     "after a loss the fleet comes back over this time; 0 is at once"},
    {"broker", "bytes_per_day", CONFIG_SIZE, AT(bytes_per_day), "0", 0, INT64_C(1) << 40, false,
     "what may go over a metered link in a day (UTC); the agent adapts to it; 0 is unlimited, else at least 100KiB"},
    {"broker", "qos", CONFIG_INTEGER, AT(qos), "0", 0, 1, false,
     "MQTT QoS of what is sent; safety does not depend on it"},

    {"spool", "bytes", CONFIG_SIZE, AT(spool_bytes), "64MiB", 1 << 20, INT64_C(1) << 40, false,
     "disk space for what is not acknowledged yet"},
    {"spool", "sync", CONFIG_DURATION, AT(spool_sync_ms), "5s", 1, HOUR, false,
     "telemetry and logs may be lost over this time when power is cut; events are synced at once"},
    {"spool", "keep", CONFIG_BOOL, AT(spool_keep), "no", 0, 0, false,
     "whether what is acknowledged stays on disk until its file is full, for a gateway that is restored from a backup"},

    {"evidence", "enabled", CONFIG_BOOL, AT(evidence_enabled), "yes", 0, 0, false,
     "whether the gateway may ask for the minutes before an alarm at full rate"},
    {"evidence", "bytes", CONFIG_SIZE, AT(evidence_bytes), "256KiB", 64 << 10, CAP_EVIDENCE_BYTES, false,
     "memory that keeps them; 100 samples a second take about 25 KiB a minute"},

    {"batch", "max_wait", CONFIG_DURATION, AT(batch_max_wait_ms), "1s", 10, HOUR, false, "longest wait before sending"},
    {"batch", "max_records", CONFIG_INTEGER, AT(batch_max_records), "500", 1, CAP_PACK_RECORDS, false,
     "samples in one message"},

    {"statsd", "socket", CONFIG_STRING, AT(statsd_socket), NULL, 0, 0, false,
     "path of a Unix datagram socket; off unless given"},
    {"statsd", "port", CONFIG_INTEGER, AT(statsd_port), "0", 0, 65535, false, "UDP port on 127.0.0.1; 0 is off"},
    {"statsd", "flush", CONFIG_DURATION, AT(statsd_flush_ms), "10s", 100, HOUR, false,
     "how often gauges, counters and timers become samples"},
    {"syslog", "socket", CONFIG_STRING, AT(syslog_socket), NULL, 0, 0, false,
     "path of a Unix datagram socket; off unless given"},
    {"syslog", "port", CONFIG_INTEGER, AT(syslog_port), "0", 0, 65535, false, "UDP port on 127.0.0.1; 0 is off"},

    {"host", "enabled", CONFIG_BOOL, AT(host_enabled), "no", 0, 0, false, "measure the machine that the agent runs on"},
    {"host", "interval", CONFIG_DURATION, AT(host_interval_ms), "10s", SECOND, HOUR, false, "how often"},
    {"host", "mounts", CONFIG_STRING, AT(text.mounts), "/", 0, 0, false,
     "mount points whose disk use is measured, separated by blanks"},

    {"session", "enabled", CONFIG_BOOL, AT(session_enabled), "no", 0, 0, false,
     "whether remote sessions are possible at all"},
    {"session", "program", CONFIG_STRING, AT(session_program), NULL, 0, 0, false,
     "by default fieldline-session beside this program"},
    {"session", "gateway_ca", CONFIG_STRING, AT(session_gateway_ca), NULL, 0, 0, false,
     "PEM file for the gateway's certificate; default: broker ca"},
    {"session", "capabilities", CONFIG_STRING, AT(text.capabilities), "", 0, 0, false,
     "what a session may do at most: observe,diagnose,configure,files,forward,screen,update,shell"},
    {"session", "consent", CONFIG_STRING, AT(text.consent), "deny", 0, 0, false,
     "how the owner is asked: deny, hook, code or page"},
    {"session", "consent_hook", CONFIG_STRING, AT(consent_hook), NULL, 0, 0, false,
     "program that asks the owner (consent = hook)"},
    {"session", "code_show", CONFIG_STRING, AT(consent_code_show), NULL, 0, 0, false,
     "program that displays the code on its stdin (consent = code)"},
    {"session", "wait", CONFIG_DURATION, AT(consent_wait_ms), "2m", 5 * SECOND, HOUR, false,
     "how long the owner may take; no answer is a no"},
    {"session", "max_duration", CONFIG_DURATION, AT(session_max_ms), "1h", MINUTE, CAP_SESSION_SECONDS * SECOND, false,
     "no session lasts longer, whatever the gateway grants"},
    {"session", "observe_min_interval", CONFIG_DURATION, AT(observe_least_ms), "1s", 100, HOUR, false,
     "live values are measured and shown no more often, whatever the engineer asks for"},
    {"session", "shell", CONFIG_STRING, AT(text.shell), "/bin/sh", 0, 0, false,
     "program and arguments of the terminal"},
    {"session", "shell_user", CONFIG_STRING, AT(session_shell_user), NULL, 0, 0, false,
     "user that the terminal runs as; default: the agent's own"},
    {"session", "owner_page", CONFIG_BOOL, AT(owner_page), "no", 0, 0, false,
     "whether owners may enrol a phone (fieldline-agent owner-link) and use the owner's page"},
    {"session", "owner_url", CONFIG_STRING, AT(owner_url), NULL, 0, 0, false,
     "address of the owner's page: https://GATEWAY/owner/ (owner_page = yes)"},
    {"session", "consent_windows", CONFIG_BOOL, AT(consent_windows), "no", 0, 0, false,
     "whether an answer that an owner has signed beforehand counts"},
    {"session", "sign_show", CONFIG_STRING, AT(sign_show), NULL, 0, 0, false,
     "program that is told on its stdin when a session begins and ends (a lamp, the display)"},
    {"session", "stop_group", CONFIG_STRING, AT(stop_group), NULL, 0, 0, false,
     "group whose members may run fieldline-agent stop-sessions"},
    {"session", "forward_hosts", CONFIG_STRING, AT(text.forward_hosts), "", 0, 0, false,
     "numeric addresses besides this product's own that a [forward NAME] may name, separated by blanks"},

    {"configure", "health", CONFIG_STRING, AT(text.health), NULL, 0, 0, false,
     "program whose exit status 0 says that the product is well; asked while a change of parameters waits"},
    {"configure", "health_limit", CONFIG_DURATION, AT(parameters.health_limit_ms), "10s", 100, 5 * MINUTE, false,
     "longest run of it; longer is not well"},
    {"configure", "health_after", CONFIG_DURATION, AT(parameters.health_after_ms), "2s", 0, HOUR, false,
     "when it is asked first, after a change"},
    {"configure", "health_every", CONFIG_DURATION, AT(parameters.health_every_ms), "10s", 100, HOUR, false,
     "how often after that"},
    {"configure", "confirm_min", CONFIG_DURATION, AT(parameters.confirm_min_ms), "1m", SECOND, HOUR, false,
     "shortest time that a change may wait to be confirmed"},
    {"configure", "confirm_max", CONFIG_DURATION, AT(parameters.confirm_max_ms), "1h", SECOND, HOUR, false,
     "longest; then it is taken back"},
};
/* clang-format on */

static const char *const consent_names[] = {
    [CONSENT_DENY] = "deny", [CONSENT_HOOK] = "hook", [CONSENT_CODE] = "code", [CONSENT_PAGE] = "page"};

static const struct config_schema schema = {
    .rows = rows, .row_count = sizeof rows / sizeof rows[0], .on_named = agent_config_named};

/* ---- completing ---- */

struct complaints {
    const char *file;
    struct buf *to;
    bool any;
};

static void complain(struct complaints *p, const char *where, const struct fault *fault) {
    buf_printf(p->to, "%s: %s: %s\n", p->file, where, fault->text);
    p->any = true;
}

static void complain_text(struct complaints *p, const char *where, const char *text) {
    struct fault fault;
    fault_set(&fault, RESULT_BAD_INPUT, "%s", text);
    complain(p, where, &fault);
}

static bool model_is_valid(const char *model) {
    size_t chars = strlen(model);
    return chars > 0 && chars <= CAP_MODEL_BYTES && model[0] != '-' &&
           strspn(model, "abcdefghijklmnopqrstuvwxyz0123456789-") == chars;
}

static void complete_agent(struct agent_config *c, struct complaints *p) {
    struct fault fault;
    if (!model_is_valid(c->model)) {
        complain_text(p, "[agent] model", "expected lower-case letters, digits and '-', at most 63");
    }
    if (!agent_config_is_label(c->serial, CAP_SERIAL_BYTES)) {
        complain_text(p, "[agent] serial", "longer than 63 bytes, or with control characters");
    }
    if (!agent_config_is_label(c->firmware, CAP_VERSION_BYTES)) {
        complain_text(p, "[agent] firmware", "longer than 63 bytes, or with control characters");
    }
    if (c->device != NULL && !device_id_valid(c->device, strlen(c->device))) {
        complain_text(p, "[agent] device", "expected 3 to 63 of a-z, 0-9 and '-', not starting with '-'");
    }
    if (!log_level_parse(c->text.log_level, &c->log_level)) {
        complain_text(p, "[agent] log_level", "expected debug, info, warn or error");
    }
    if (c->backoff_min_ms > c->backoff_max_ms) {
        complain_text(p, "[broker] backoff_min", "longer than backoff_max");
    }
    if (c->bytes_per_day > 0 && c->bytes_per_day < LEAST_BYTES_PER_DAY) {
        complain_text(p, "[broker] bytes_per_day", "expected 0 (unlimited) or at least 100KiB");
    }
    if (argv_split(c->text.mounts, &c->host_mounts, &fault) != RESULT_OK) {
        complain(p, "[host] mounts", &fault);
    }
}

static void complete_consent(struct agent_config *c, struct complaints *p) {
    size_t mode = 0;
    while (mode < sizeof consent_names / sizeof consent_names[0] && strcmp(c->text.consent, consent_names[mode]) != 0) {
        mode++;
    }
    if (mode == sizeof consent_names / sizeof consent_names[0]) {
        complain_text(p, "[session] consent", "expected deny, hook, code or page");
        return;
    }
    c->consent = (enum consent_mode)mode;
    if (c->consent == CONSENT_HOOK && c->consent_hook == NULL) {
        complain_text(p, "[session] consent_hook", "missing, needed by consent = hook");
    }
    if (c->consent == CONSENT_CODE && c->consent_code_show == NULL) {
        complain_text(p, "[session] code_show", "missing, needed by consent = code");
    }
    if (c->consent == CONSENT_PAGE && !c->owner_page) {
        complain_text(p, "[session] owner_page", "must be yes for consent = page");
    }
    if (c->consent_windows && !c->owner_page) {
        complain_text(p, "[session] owner_page", "must be yes for consent_windows = yes");
    }
    if (c->owner_page && (c->owner_url == NULL || strncmp(c->owner_url, "https://", 8) != 0 ||
                          strpbrk(c->owner_url, "# \"\\") != NULL)) {
        complain_text(p, "[session] owner_url", "expected https://GATEWAY/owner/, needed by owner_page = yes");
    }
}

/* "DIR/fieldline-session" for the directory this program was started from. */
static char *program_beside(void) {
    static const char name[] = "fieldline-session";
    char path[PATH_MAX], whole[PATH_MAX + sizeof name];
    ssize_t bytes = readlink("/proc/self/exe", path, sizeof path - 1);
    if (bytes <= 0) {
        return mem_strdup(name);
    }
    path[bytes] = '\0';
    const char *slash = strrchr(path, '/');
    snprintf(whole, sizeof whole, "%.*s%s", slash == NULL ? 0 : (int)(slash - path) + 1, path, name);
    return mem_strdup(whole);
}

static void complete_session(struct agent_config *c, struct complaints *p) {
    struct fault fault;
    if (c->text.capabilities[0] != '\0' &&
        capabilities_parse(c->text.capabilities, &c->session_capabilities, &fault) != RESULT_OK) {
        complain(p, "[session] capabilities", &fault);
    }
    if (argv_split(c->text.shell, &c->session_shell, &fault) != RESULT_OK) {
        complain(p, "[session] shell", &fault);
    }
    complete_consent(c, p);
    if (c->session_program == NULL) {
        c->session_program = program_beside();
    }
    if (c->session_gateway_ca == NULL) {
        c->session_gateway_ca = mem_strdup(c->ca);
    }
}

static enum result complete(const char *name, struct agent_config *c, struct buf *problems) {
    struct complaints p = {.file = name, .to = problems};
    complete_agent(c, &p);
    complete_session(c, &p);
    p.any |= !agent_config_complete_named(c, name, problems);
    return p.any ? RESULT_BAD_INPUT : RESULT_OK;
}

enum result agent_config_read(const char *path, struct agent_config *out, struct buf *problems) {
    *out = (struct agent_config){0};
    enum result result = config_read(&schema, path, out, problems);
    return result == RESULT_OK ? complete(path, out, problems) : result;
}

enum result agent_config_read_text(const char *name, const char *text, struct agent_config *out, struct buf *problems) {
    *out = (struct agent_config){0};
    enum result result = config_read_text(&schema, name, text, out, problems);
    return result == RESULT_OK ? complete(name, out, problems) : result;
}

enum result agent_config_identify(struct agent_config *config, struct fault *fault) {
    enum result result;
    struct key *key = NULL;
    char common_name[CAP_DEVICE_ID_BYTES + 1];
    struct buf pem;
    buf_init(&pem, CERTIFICATE_BYTES);

    result = file_read(config->cert, &pem, fault);
    if (result == RESULT_OK) {
        result = key_from_certificate((const char *)pem.data, pem.count, NULL, &key, common_name, fault);
    }
    if (result != RESULT_OK) {
        fault_prefix(fault, "%s", config->cert);
        goto out;
    }
    if (!device_id_valid(common_name, strlen(common_name))) {
        result =
            fault_set(fault, RESULT_BAD_INPUT, "%s: common name '%s' is not a device id", config->cert, common_name);
        goto out;
    }
    if (config->device != NULL && strcmp(config->device, common_name) != 0) {
        result = fault_set(fault, RESULT_CONFLICT, "[agent] device is '%s' but the certificate says '%s'",
                           config->device, common_name);
        goto out;
    }
    free(config->device);
    config->device = mem_strdup(common_name);
out:
    key_free(key);
    buf_fini(&pem);
    return result;
}

void agent_config_fini(struct agent_config *c) {
    agent_config_fini_named(c);
    argv_free(c->host_mounts);
    argv_free(c->session_shell);
    config_free_strings(&schema, c);
    *c = (struct agent_config){0};
}

void agent_config_print_reference(struct buf *out) {
    config_print_reference(&schema, out);
}
