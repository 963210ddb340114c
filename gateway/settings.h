/* The gateway's configuration file (deploy/gateway.conf.example documents every key). */
#pragma once
#include "fieldline/config.h"

struct settings {
    char *data_dir, *rules_dir, *log_level;
    char *broker_host, *broker_ca, *broker_cert, *broker_key;
    int64_t broker_port, broker_keep_alive_ms, broker_qos, return_within_ms;
    int64_t inbox_messages, inbox_bytes, inbox_wait_ms, unstamped_per_second;
    int64_t batch_messages, batch_bytes, batch_wait_ms;
    int64_t acks_per_second;
    int64_t reserve_bytes;
    char *web_listen, *session_listen, *session_url;
    int64_t web_port, session_port, reader_threads, login_idle_ms, login_max_ms;
    char *web_cert, *web_key, *device_ca, *device_crl, *console_dir;
    int64_t consent_wait_ms, approval_wait_ms, session_max_ms, session_idle_ms;
    char *session_four_eyes_text, *session_moderated_text, *session_contract, *session_qualification;
    /* made of these texts */
    uint32_t session_four_eyes, session_moderated;
    bool session_needs_contract, session_needs_qualification;
    int64_t link_grace_ms, moderator_grace_ms;
    int64_t retention_ms;
    char *master_key, *master_key_previous, *escrow_key, *mask_file;
    char *call_stun, *call_turn, *call_turn_secret;
    int64_t evidence_bytes;
    int64_t disk_low_bytes, connections_per_address;
    char *log_format;
    bool adapters_enabled;
    char *adapters_file, *adapters_cert, *adapters_key, *adapters_sparkplug_host;
    int64_t adapters_session_ms, adapters_inbox_messages, adapters_inbox_bytes, adapters_devices;
};
/* Problems as "file:line: text" lines. */
FL_CHECK enum result settings_read(const char *path, struct settings **out, struct buf *problems);
void settings_free(struct settings *settings);
void settings_print_reference(struct buf *out);
/* data_dir/name, allocated. */
char *settings_path(const struct settings *settings, const char *name);
/* The master key of recordings, allocated. */
char *settings_master_key(const struct settings *settings);
