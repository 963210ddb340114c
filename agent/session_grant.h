/* What the resident agent tells a session process, as one JSON object on its standard input: whom to dial, who it is,
 * what the owner has consented to and for how long, and what this product's configuration makes of each capability.
 * Written by the launcher, read by fieldline-session. It holds the one-time token: never on a command line, never in a
 * log. */
#pragma once
#include "fieldline/json.h"
#include "fieldline/owner.h"
#include "fieldline/session.h"
#include "files_root.h"
#include "session_ports.h"
#include "param_set.h"

enum {
    SESSION_GRANT_BYTES = 128 * 1024,
    SESSION_GRANT_ARGS = 64,
    SESSION_GRANT_DIAGNOSTICS = 64,
    SESSION_GRANT_TEXT_BYTES = 4096
};

struct session_diagnostic {
    const char *name, *title; /* title NULL: none */
    char **argv;              /* ends with NULL; argv[0] is an absolute path */
    int64_t limit_ms;
    const char *args; /* their declaration (diagnostic_args.h); NULL: none */
    bool in_bundle;
};
struct session_grant {
    const char *session, *device, *agent; /* agent: its version */
    const char *url, *token;
    const char *ca, *cert, *key; /* PEM files */
    uint32_t capabilities;       /* consented to */
    const char *consent_method, *consent_by;
    int64_t consent_at_ms, consent_until_ms;
    const char *consent_statement, *consent_signature, *consent_key, *consent_point; /* NULL: nothing was signed */
    int64_t duration_ms; /* hard: counted on the monotonic clock from the start of the session process */
    int64_t idle_ms;
    int64_t observe_least_ms; /* shortest interval of live values */
    char **shell;             /* argv, ends with NULL; NULL: none */
    const char *shell_user;   /* NULL: as the session process */
    struct session_diagnostic *diagnostics;
    size_t diagnostic_count;
    struct files_root *files_roots;
    struct session_port *ports;
    size_t port_count;
    struct param_set parameters; /* none unless `configure` is there */
    struct json *holder;         /* of a parsed one: owns the texts; private */
};
/* What the owner has signed, as members of the object "consent"; nothing when nothing was. */
void session_grant_print_proof(const struct session_grant *grant, struct json_out *out);
void session_grant_print(const struct session_grant *grant, struct buf *out);
/* Everything is checked; free with session_grant_fini. */
FL_CHECK enum result session_grant_parse(const char *text, size_t chars, struct session_grant *out,
                                         struct fault *fault);
void session_grant_fini(struct session_grant *grant);
