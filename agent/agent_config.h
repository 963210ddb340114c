/* What the configuration file of the agent says, checked and completed. One documented file: deploy/agent.conf.example.
 * Read once at the start; immutable afterwards. Paths are used as written (relative ones from the working directory).
 */
#pragma once
#include "fieldline/caps.h"
#include "fieldline/config.h"
#include "fieldline/log.h"
#include "fieldline/session.h"
#include "files_root.h"
#include "session_ports.h"
#include "param_config.h"

/* How the owner is asked for consent to a remote session. */
enum consent_mode {
    CONSENT_DENY, /* nobody is asked, every session is refused (the default) */
    CONSENT_HOOK, /* the program `session.consent_hook` asks and answers */
    CONSENT_CODE, /* `session.code_show` displays a one-time code; the owner reads it out */
    CONSENT_PAGE  /* the owner answers on the owner's page, with a key that is enrolled here */
};

/* [tail NAME]: one log file to follow. */
struct agent_tail {
    struct agent_tail *next;
    char *name, *file, *app; /* app: NAME unless given */
    int severity;            /* RFC 5424, 6 (info) unless given */
};
/* [diagnostic NAME]: a program that a session with `diagnose` may run. Never through a shell. */
struct agent_diagnostic {
    struct agent_diagnostic *next;
    char *name, *title; /* title: NAME unless given */
    char **argv;        /* ends with NULL; argv[0] is an absolute path */
    int64_t time_limit_ms;
    char *args;     /* declaration of its arguments (diagnostic_args.h); NULL: none */
    bool in_bundle; /* part of the diagnostics bundle; needs no argument then */
};
/* [forward NAME]: one port that a session may reach. */
struct agent_forward {
    struct agent_forward *next;
    char *name, *host; /* host: a numeric address, 127.0.0.1 unless given */
    int64_t port, bytes_max, connections_max;
    enum port_kind kind;
    bool has_view_only, is_view_only; /* kind rfb: yes unless given */
};

struct agent_config {
    /* [agent] */
    char *device;                    /* the certificate's CN: always set after agent_config_identify */
    char *model, *serial, *firmware; /* never NULL */
    char *data_dir, *run_dir;        /* never NULL */
    enum log_level log_level;
    /* [broker] */
    char *broker_host;
    int64_t broker_port;
    char *ca, *cert, *key; /* PEM files; cert and key are also the product's identity in sessions */
    int64_t keep_alive_ms, connect_timeout_ms, backoff_min_ms, backoff_max_ms, reconnect_spread_ms;
    int64_t qos;           /* of up/...: 0 or 1 */
    int64_t bytes_per_day; /* on the link; 0: not limited */
    /* [spool] */
    int64_t spool_bytes, spool_sync_ms;
    bool spool_keep;
    /* [evidence] */
    bool evidence_enabled;
    int64_t evidence_bytes; /* of memory */
    /* [batch] */
    int64_t batch_max_wait_ms, batch_max_records;
    /* [statsd] [syslog] [host]: socket paths NULL when off, ports 0 when off */
    char *statsd_socket, *syslog_socket;
    int64_t statsd_port, syslog_port, statsd_flush_ms;
    bool host_enabled;
    int64_t host_interval_ms;
    char **host_mounts; /* ends with NULL */
    /* [session] */
    bool session_enabled;
    char *session_program;         /* never NULL: by default `fieldline-session` beside this program */
    char *session_gateway_ca;      /* PEM; never NULL: by default `ca` */
    uint32_t session_capabilities; /* bits: what this product allows at all; 0 unless given */
    enum consent_mode consent;
    char *consent_hook;       /* program; set when consent = hook */
    char *consent_code_show;  /* program, gets the code on stdin; set when consent = code */
    int64_t consent_wait_ms;  /* how long the owner may take to answer */
    int64_t session_max_ms;   /* no session lasts longer, whatever the grant says */
    int64_t observe_least_ms; /* no session is shown live values more often */
    char **session_shell;     /* argv, ends with NULL */
    char *session_shell_user; /* NULL: the agent's own */
    bool owner_page;          /* owners may enrol keys and use the owner's page */
    char *owner_url;          /* of that page; set when owner_page */
    bool consent_windows;     /* an answer that an owner has signed beforehand counts */
    char *sign_show;          /* program that is told when the visible sign goes on or off; NULL: none */
    char *stop_group;         /* who may end sessions through run_dir/stop, besides the agent's user; NULL: nobody */
    char **forward_hosts;     /* numeric addresses, ends with NULL; NULL: none but loopback */

    struct agent_tail *tails;             /* in the file's order */
    struct agent_diagnostic *diagnostics; /* in the file's order */
    struct files_root *files_roots;       /* in the file's order */
    struct agent_forward *forwards;       /* in the file's order */

    struct param_section *parameter_sections; /* as they were written */
    struct param_set parameters;              /* what they mean; empty: nothing can be configured */

    /* Options as they were written, before they were completed into the fields above; private. */
    struct {
        char *log_level, *capabilities, *consent, *shell, *mounts, *health, *forward_hosts;
    } text;
};

/* Reads and checks the file; nothing else is opened. Each problem is one line in `problems`:
 * "file:line: text" or "file: [section] key: text". Free with agent_config_fini in every case (also after a failure).
 */
FL_CHECK enum result agent_config_read(const char *path, struct agent_config *out, struct buf *problems);
/* The same for a text in memory; `name` stands for the file. */
FL_CHECK enum result agent_config_read_text(const char *name, const char *text, struct agent_config *out,
                                            struct buf *problems);
/* Takes the device id from the certificate's CN. Refused when the file cannot be read, the CN is not a device id, or
 * [agent] device names another one. */
FL_CHECK enum result agent_config_identify(struct agent_config *config, struct fault *fault);
void agent_config_fini(struct agent_config *config);
/* Every option with its type, bounds, default and meaning. */
void agent_config_print_reference(struct buf *out);
