/* Finds the port by its name, never by a number that somebody sends: host and port come from the grant, which the
 * resident agent wrote from the owner's configuration. A screen can only be opened as a screen, or its guard could be
 * walked around by forwarding its port. Bytes are counted for each port over the whole session, so closing and opening
 * again gains nothing. */
#include "session/forward.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "session/bridge.h"

struct port {
    struct forwards *owner;
    const struct session_port *config;
    struct sockaddr_storage address;
    int64_t bytes_left;
    int64_t connections;
};
/* A connection that is being made or is there. */
struct opening {
    struct opening *next;
    struct port *port;
    int64_t id;
    struct bridge *bridge;
};
struct forwards {
    struct loop *loop;
    struct streams *streams;
    const struct forward_events *events;
    void *self;
    struct port *ports;
    size_t count;
    struct opening *first;
};

struct forwards *forwards_new(struct loop *loop, struct streams *streams, const struct session_grant *grant,
                              const struct forward_events *events, void *self) {
    struct forwards *f = mem_alloc(sizeof *f);
    *f = (struct forwards){.loop = loop, .streams = streams, .events = events, .self = self};
    f->ports = mem_alloc((grant->port_count + 1) * sizeof *f->ports);
    for (size_t i = 0; i < grant->port_count; i++) {
        struct port *p = &f->ports[f->count];
        *p = (struct port){.owner = f, .config = &grant->ports[i], .bytes_left = grant->ports[i].bytes_max};
        f->count += port_address(p->config->host, p->config->port, &p->address) ? 1 : 0;
    }
    return f;
}

void forwards_free(struct forwards *forwards) {
    if (forwards == NULL) {
        return;
    }
    while (forwards->first != NULL) {
        struct opening *o = forwards->first;
        forwards->first = o->next;
        free(o);
    }
    free(forwards->ports);
    free(forwards);
}

size_t forwards_count(const struct forwards *forwards) {
    size_t count = 0;
    for (const struct opening *o = forwards->first; o != NULL; o = o->next) {
        count++;
    }
    return count;
}

static void list(const struct forwards *f, bool screens, struct buf *json) {
    struct json_out j = json_out(json);
    jo_object(&j, NULL);
    jo_array(&j, screens ? "screens" : "ports");
    for (size_t i = 0; i < f->count; i++) {
        const struct session_port *config = f->ports[i].config;
        if ((config->kind == PORT_RFB) != screens) {
            continue;
        }
        jo_object(&j, NULL);
        jo_str(&j, "name", config->name);
        if (screens) {
            jo_bool(&j, "view_only", config->is_view_only);
        } else {
            jo_str(&j, "kind", port_kind_name(config->kind));
        }
        jo_end(&j);
    }
    jo_end(&j);
    jo_end(&j);
}

void forwards_list(const struct forwards *forwards, struct buf *json) {
    list(forwards, false, json);
}

void forwards_list_screens(const struct forwards *forwards, struct buf *json) {
    list(forwards, true, json);
}

static void on_connected(void *self, struct bridge *bridge) {
    const struct opening *o = self;
    const struct forwards *f = o->port->owner;
    (void)bridge;
    f->events->connected(f->self, o->id);
}

static void on_over(void *self, struct bridge *bridge, enum result result, const char *why) {
    struct opening *o = self;
    struct forwards *f = o->port->owner;
    struct opening **at = &f->first;
    (void)bridge;
    while (*at != o) {
        at = &(*at)->next;
    }
    *at = o->next;
    o->port->connections--;
    if (why != NULL) {
        f->events->failed(f->self, o->id, result, why);
    }
    free(o);
}

static const struct bridge_events bridge_events = {.connected = on_connected, .over = on_over};

static struct port *find(struct forwards *f, const struct forward_order *order) {
    for (size_t i = 0; i < f->count; i++) {
        const struct session_port *config = f->ports[i].config;
        if (strcmp(config->name, order->name) == 0 && (config->kind == PORT_RFB) == order->is_screen) {
            return &f->ports[i];
        }
    }
    return NULL;
}

enum result forward_open(struct forwards *f, const struct forward_order *order, struct fault *fault) {
    struct port *port = find(f, order);
    if (port == NULL) {
        return fault_set(fault, RESULT_NOT_FOUND, "this product has no %s '%s'", order->is_screen ? "screen" : "port",
                         order->name);
    }
    if (order->wants_hands && port->config->is_view_only) {
        return fault_set(fault, RESULT_DENIED, "the screen '%s' may only be looked at", order->name);
    }
    if (port->bytes_left <= 0) {
        return fault_set(fault, RESULT_DENIED, "'%s' has had all the bytes it may have in one session", order->name);
    }
    if (port->connections >= port->config->connections_max) {
        return fault_set(fault, RESULT_FULL, "'%s' has %lld connections open already, and may not have more",
                         order->name, (long long)port->connections);
    }
    struct opening *o = mem_alloc(sizeof *o);
    *o = (struct opening){.next = f->first, .port = port, .id = order->id};
    struct bridge_options options = {.address = &port->address,
                                     .bytes_left = &port->bytes_left,
                                     .is_guarded = order->is_screen && !order->wants_hands,
                                     .stream = order->stream};
    enum result result = bridge_open(f->loop, f->streams, &options, &bridge_events, o, &o->bridge, fault);
    if (result != RESULT_OK) {
        free(o);
        return result;
    }
    f->first = o;
    port->connections++;
    return RESULT_OK;
}
