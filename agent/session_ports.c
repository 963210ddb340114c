/* Ports in the grant. Both ends come from the same package, and still every row is checked as if it came from anywhere
 * (session_grant.c says why). Addresses are numbers: a name would be looked up on the product at the time of the
 * session, and whoever answers that question would choose what the engineer reaches. Whether an address other than
 * loopback is allowed is the configuration's question (agent_config_forward.c); here it is only well formed. */
#include "session_ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fieldline/caps.h"

static const char *const kinds[PORT_KINDS] = {[PORT_TCP] = "tcp", [PORT_HTTP] = "http", [PORT_RFB] = "rfb"};

const char *port_kind_name(enum port_kind kind) {
    return kinds[kind];
}

bool port_kind_parse(const char *text, enum port_kind *out) {
    for (size_t i = 0; i < PORT_KINDS; i++) {
        if (strcmp(text, kinds[i]) == 0) {
            *out = (enum port_kind)i;
            return true;
        }
    }
    return false;
}

bool port_address(const char *host, int64_t port, struct sockaddr_storage *out) {
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    *out = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(out, &v4, sizeof v4);
        return true;
    }
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
        memcpy(out, &v6, sizeof v6);
        return true;
    }
    return false;
}

bool port_is_loopback(const struct sockaddr_storage *address) {
    if (address->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

void session_ports_print(const struct session_port *ports, size_t count, struct json_out *out) {
    jo_array(out, "ports");
    for (size_t i = 0; i < count; i++) {
        jo_object(out, NULL);
        jo_str(out, "name", ports[i].name);
        jo_str(out, "host", ports[i].host);
        jo_int(out, "port", ports[i].port);
        jo_str(out, "kind", port_kind_name(ports[i].kind));
        jo_int(out, "bytes_max", ports[i].bytes_max);
        jo_int(out, "connections_max", ports[i].connections_max);
        jo_bool(out, "view_only", ports[i].is_view_only);
        jo_end(out);
    }
    jo_end(out);
}

static enum result take_row(const struct json *row, struct session_port *p, struct fault *fault) {
    struct sockaddr_storage address;
    const char *kind;
    enum result result;
    if (!json_is_object(row)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'ports' has a member that is no object");
    }
    if ((result = json_string(row, "name", CAP_CODE_BYTES, &p->name, fault)) != RESULT_OK ||
        (result = json_string(row, "host", SESSION_PORT_HOST_BYTES, &p->host, fault)) != RESULT_OK ||
        (result = json_integer(row, "port", 1, 65535, &p->port, fault)) != RESULT_OK ||
        (result = json_string(row, "kind", 7, &kind, fault)) != RESULT_OK ||
        (result = json_integer(row, "bytes_max", 1, SESSION_PORT_BYTES_MAX, &p->bytes_max, fault)) != RESULT_OK ||
        (result = json_integer(row, "connections_max", 1, SESSION_PORT_CONNECTIONS, &p->connections_max, fault)) !=
            RESULT_OK ||
        (result = json_bool(row, "view_only", &p->is_view_only, fault)) != RESULT_OK) {
        return result;
    }
    if (!port_kind_parse(kind, &p->kind)) {
        return fault_set(fault, RESULT_BAD_INPUT, "port '%s' is of an unknown kind", p->name);
    }
    if (!port_address(p->host, p->port, &address)) {
        return fault_set(fault, RESULT_BAD_INPUT, "port '%s' has no numeric address", p->name);
    }
    return RESULT_OK;
}

enum result session_ports_take(const struct json *grant, struct session_port **out, size_t *count,
                               struct fault *fault) {
    const struct json *list;
    *count = 0;
    if (json_get(grant, "ports") == NULL) {
        *out = NULL;
        return RESULT_OK;
    }
    enum result result = json_array(grant, "ports", SESSION_PORTS, &list, fault);
    if (result != RESULT_OK) {
        return result;
    }
    size_t rows = json_count(list);
    struct session_port *ports = mem_alloc((rows + 1) * sizeof *ports);
    for (size_t i = 0; i < rows && result == RESULT_OK; i++) {
        result = take_row(json_at(list, i), &ports[i], fault);
    }
    if (result != RESULT_OK) {
        free(ports);
        return result;
    }
    *out = ports;
    *count = rows;
    return RESULT_OK;
}
