/* The ports of the product that a session may reach, as they stand in the grant between the resident agent and a
 * session process: each [forward NAME] of the configuration. Nothing else can be dialled, whatever the gateway asks. */
#pragma once
#include "fieldline/json.h"

enum {
    SESSION_PORTS = 32,
    SESSION_PORT_HOST_BYTES = 63,       /* a numeric address */
    SESSION_PORT_CONNECTIONS = 32,      /* at once, at most */
    SESSION_PORT_CONNECTIONS_USUAL = 8, /* unless configured */
};
#define SESSION_PORT_BYTES_MAX   (INT64_C(1) << 40) /* of one session, both ways together */
#define SESSION_PORT_BYTES_USUAL (INT64_C(1) << 30)

enum port_kind { PORT_TCP, PORT_HTTP, PORT_RFB, PORT_KINDS };
const char *port_kind_name(enum port_kind kind); /* "tcp", "http", "rfb" */
FL_CHECK bool port_kind_parse(const char *text, enum port_kind *out);

struct session_port {
    const char *name;
    const char *host; /* numeric IPv4 or IPv6 address, no brackets */
    int64_t port;
    enum port_kind kind;
    int64_t bytes_max;       /* of one session, both ways together */
    int64_t connections_max; /* at once */
    bool is_view_only;       /* rfb: keys and pointer never arrive */
};
struct sockaddr_storage;
/* Its socket address; false when `host` is no numeric address. No name is ever looked up. */
FL_CHECK bool port_address(const char *host, int64_t port, struct sockaddr_storage *out);
bool port_is_loopback(const struct sockaddr_storage *address);

/* A member "ports" of the grant; without it there are none. take: everything is checked, free(*out); the texts point
 * into the JSON. */
void session_ports_print(const struct session_port *ports, size_t count, struct json_out *out);
FL_CHECK enum result session_ports_take(const struct json *grant, struct session_port **out, size_t *count,
                                        struct fault *fault);
