/* [forward NAME]: one port that a session may reach, of this product or of a listed neighbour in it.
 *
 * An address is a number. A name would be resolved while an engineer waits, by whoever answers DNS there; then the
 * owner has not configured a port but a promise. An address other than loopback must stand a second time, in [session]
 * forward_hosts: a slip of the pen in one section must not open the customer's network. */
#include "agent_config_forward.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "argv.h"
#include "fieldline/number.h"

static struct agent_forward *forward_named(struct agent_config *c, const char *name) {
    struct agent_forward **at = &c->forwards;
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        *at = mem_alloc(sizeof **at);
        **at = (struct agent_forward){.name = mem_strdup(name),
                                      .bytes_max = SESSION_PORT_BYTES_USUAL,
                                      .connections_max = SESSION_PORT_CONNECTIONS_USUAL,
                                      .is_view_only = true};
    }
    return *at;
}

static enum result take_host(struct agent_forward *f, const char *value, struct fault *fault) {
    struct sockaddr_storage address;
    if (!port_address(value, 1, &address)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is no address, expected a number like 127.0.0.1 or ::1", value);
    }
    free(f->host);
    f->host = mem_strdup(value);
    return RESULT_OK;
}

static enum result take_port(struct agent_forward *f, const char *value, struct fault *fault) {
    return number_i64(value, strlen(value), 1, 65535, &f->port)
               ? RESULT_OK
               : fault_set(fault, RESULT_BAD_INPUT, "'%s' is no port, expected 1 to 65535", value);
}

static enum result take_kind(struct agent_forward *f, const char *value, struct fault *fault) {
    return port_kind_parse(value, &f->kind)
               ? RESULT_OK
               : fault_set(fault, RESULT_BAD_INPUT, "'%s' is no kind, expected tcp, http or rfb", value);
}

static enum result take_bytes(struct agent_forward *f, const char *value, struct fault *fault) {
    int64_t bytes;
    if (!number_size_bytes(value, strlen(value), &bytes) || bytes < 1 || bytes > SESSION_PORT_BYTES_MAX) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is not a size up to 1 TiB", value);
    }
    f->bytes_max = bytes;
    return RESULT_OK;
}

static enum result take_connections(struct agent_forward *f, const char *value, struct fault *fault) {
    return number_i64(value, strlen(value), 1, SESSION_PORT_CONNECTIONS, &f->connections_max)
               ? RESULT_OK
               : fault_set(fault, RESULT_BAD_INPUT, "'%s' is no number of connections, expected 1 to %d", value,
                           SESSION_PORT_CONNECTIONS);
}

static enum result take_view_only(struct agent_forward *f, const char *value, struct fault *fault) {
    if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is neither yes nor no", value);
    }
    f->is_view_only = strcmp(value, "yes") == 0;
    f->has_view_only = true;
    return RESULT_OK;
}

enum result agent_config_forward_key(struct agent_config *c, const char *name, const char *key, const char *value,
                                     struct fault *fault) {
    static const struct {
        const char *key;
        enum result (*take)(struct agent_forward *f, const char *value, struct fault *fault);
    } keys[] = {{"host", take_host},
                {"port", take_port},
                {"kind", take_kind},
                {"bytes", take_bytes},
                {"connections", take_connections},
                {"view_only", take_view_only}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(key, keys[i].key) == 0) {
            return keys[i].take(forward_named(c, name), value, fault);
        }
    }
    return fault_set(fault, RESULT_BAD_INPUT,
                     "unknown key '%s', expected host, port, kind, bytes, connections or view_only", key);
}

static bool is_listed(char *const *hosts, const char *host) {
    struct sockaddr_storage wanted, listed;
    if (!port_address(host, 1, &wanted)) {
        return false;
    }
    for (; hosts != NULL && *hosts != NULL; hosts++) {
        if (port_address(*hosts, 1, &listed) && memcmp(&wanted, &listed, sizeof wanted) == 0) {
            return true;
        }
    }
    return port_is_loopback(&wanted);
}

static bool complete_hosts(struct agent_config *c, const char *file, struct buf *problems) {
    struct sockaddr_storage address;
    struct fault fault;
    if (c->text.forward_hosts[0] == '\0') {
        return true;
    }
    if (argv_split(c->text.forward_hosts, &c->forward_hosts, &fault) != RESULT_OK) {
        buf_printf(problems, "%s: [session] forward_hosts: %s\n", file, fault.text);
        return false;
    }
    for (char **host = c->forward_hosts; *host != NULL; host++) {
        if (!port_address(*host, 1, &address)) {
            buf_printf(problems, "%s: [session] forward_hosts: '%s' is no numeric address\n", file, *host);
            return false;
        }
    }
    return true;
}

bool agent_config_complete_forward(struct agent_config *c, const char *file, struct buf *problems) {
    bool is_fine = complete_hosts(c, file, problems);
    size_t count = 0;
    for (struct agent_forward *f = c->forwards; f != NULL; f = f->next, count++) {
        if (f->host == NULL) {
            f->host = mem_strdup("127.0.0.1");
        }
        if (f->port == 0) {
            buf_printf(problems, "%s: [forward %s] port: missing\n", file, f->name);
            is_fine = false;
        }
        if (!is_listed(c->forward_hosts, f->host)) {
            buf_printf(problems,
                       "%s: [forward %s] host: %s is not this product's own, and not in [session] "
                       "forward_hosts\n",
                       file, f->name, f->host);
            is_fine = false;
        }
        if (f->has_view_only && f->kind != PORT_RFB) {
            buf_printf(problems, "%s: [forward %s] view_only: only a port of kind rfb can be looked at\n", file,
                       f->name);
            is_fine = false;
        }
    }
    if (count > SESSION_PORTS) {
        buf_printf(problems, "%s: %zu [forward] sections, expected at most %d\n", file, count, SESSION_PORTS);
        is_fine = false;
    }
    return is_fine;
}

void agent_config_fini_forward(struct agent_config *c) {
    while (c->forwards != NULL) {
        struct agent_forward *f = c->forwards;
        c->forwards = f->next;
        free(f->name);
        free(f->host);
        free(f);
    }
    argv_free(c->forward_hosts);
    c->forward_hosts = NULL;
}
