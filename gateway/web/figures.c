/* The edge's figures (see figures.h). Relaxed atomics: each is read alone. */
#include "web/figures.h"

#include "fieldline/exposition.h"

static const char *const class_names[REQUEST_CLASSES] = {
    [REQUEST_READ] = "read", [REQUEST_CHANGE] = "change", [REQUEST_LOGIN] = "login",
    [REQUEST_FILE] = "file", [REQUEST_WATCH] = "watch",   [REQUEST_REFUSED] = "refused",
};

void figures_count_status(struct figures *figures, int status) {
    int class = status / 100;
    atomic_fetch_add_explicit(&figures->requests[class >= 1 && class <= 5 ? class : 0], 1, memory_order_relaxed);
}

static void print_one(struct buf *out, const char *name, const char *type, const char *help, long long value) {
    buf_printf(out, "# HELP fieldline_web_%s %s\n# TYPE fieldline_web_%s %s\nfieldline_web_%s %lld\n", name, help, name,
               type, name, value);
}

void figures_print(void *self, struct buf *out) {
    struct figures *f = self;
    buf_str(out, "# HELP fieldline_web_requests_total HTTP requests answered, by class of status.\n"
                 "# TYPE fieldline_web_requests_total counter\n");
    for (int class = 1; class <= 5; class ++) {
        buf_printf(out, "fieldline_web_requests_total{status=\"%dxx\"} %llu\n", class,
                   (unsigned long long)atomic_load(&f->requests[class]));
    }
    print_one(out, "logins_failed_total", "counter", "Wrong user name or password.",
              (long long)atomic_load(&f->logins_failed));
    print_one(out, "logins_throttled_total", "counter", "Login attempts refused because of earlier wrong ones.",
              (long long)atomic_load(&f->logins_throttled));
    print_one(out, "overloaded_total", "counter", "Requests refused because a queue was full.",
              (long long)atomic_load(&f->overloaded));
    print_one(out, "upgrades_refused_total", "counter", "WebSockets refused.",
              (long long)atomic_load(&f->upgrades_refused));
    print_one(out, "timeouts_total", "counter", "Requests given up because the client or an answer was too slow.",
              (long long)atomic_load(&f->timeouts));
    print_one(out, "connections", "gauge", "Open TCP connections.", (long long)atomic_load(&f->connections));
    print_one(out, "connections_refused_total", "counter",
              "TCP connections closed at once: too many, or of one address.",
              (long long)atomic_load(&f->connections_refused));
    print_one(out, "sockets", "gauge", "Open WebSockets.", (long long)atomic_load(&f->sockets));
    print_one(out, "sessions", "gauge", "Remote sessions that are expected or live.",
              (long long)atomic_load(&f->sessions));
    expose_family(out, "fieldline_web_request_seconds", EXPOSE_HISTOGRAM,
                  "HTTP requests, from the head to the answer's being ready, by what they ask for.");
    for (int class = 0; class < REQUEST_CLASSES; class ++)
        expose_histogram(out, "fieldline_web_request_seconds", "class", class_names[class], &f->request_seconds[class]);
    expose_family(out, "fieldline_web_read_seconds", EXPOSE_HISTOGRAM, "Queries, on their reader thread.");
    expose_histogram(out, "fieldline_web_read_seconds", NULL, NULL, &f->read_seconds);
}
