/* Statsd and syslog from a firmware's point of view.
 *
 * Metrics are collected into one datagram of at most DATAGRAM_BYTES (newline between them, as every statsd client does)
 * and leave at a flush or when the next one does not fit. Events and log lines leave at once, each in its own datagram.
 * Nothing is retried and nothing is checked: a controller that waits for its monitoring is a worse freezer. */
#include "voice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "fieldline/bytes.h"
#include "fieldline/log.h"
#include "fieldline/number.h"

enum { DATAGRAM_BYTES = 1400, LINE_BYTES = 512, FACILITY_DAEMON = 3 };

struct voice {
    int fd;
    struct sockaddr_un statsd, syslog; /* sun_path "": silent */
    char app[64];
    char pending[DATAGRAM_BYTES];
    size_t pending_bytes;
};

static void address_set(struct sockaddr_un *address, const char *path) {
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path == NULL)
        return;
    if (strlen(path) >= sizeof address->sun_path)
        die("fake.voice", "socket path %s is longer than %zu bytes", path, sizeof address->sun_path - 1);
    memcpy(address->sun_path, path, strlen(path) + 1);
}

struct voice *voice_new(const char *statsd_path, const char *syslog_path, const char *app) {
    struct voice *v = mem_alloc(sizeof *v);
    v->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (v->fd < 0)
        die("fake.voice", "cannot make a socket");
    address_set(&v->statsd, statsd_path);
    address_set(&v->syslog, syslog_path);
    snprintf(v->app, sizeof v->app, "%s", app);
    return v;
}

void voice_free(struct voice *v) {
    if (v == NULL)
        return;
    close(v->fd);
    free(v);
}

static void send_to(struct voice *v, const struct sockaddr_un *to, const char *bytes, size_t count) {
    if (to->sun_path[0] != '\0')
        (void)!sendto(v->fd, bytes, count, MSG_NOSIGNAL, (const struct sockaddr *)to, sizeof *to);
}

void voice_flush(struct voice *v) {
    if (v->pending_bytes > 0)
        send_to(v, &v->statsd, v->pending, v->pending_bytes);
    v->pending_bytes = 0;
}

static void collect(struct voice *v, const char *line, size_t chars) {
    if (v->pending_bytes + chars + 1 > sizeof v->pending)
        voice_flush(v);
    if (v->pending_bytes > 0)
        v->pending[v->pending_bytes++] = '\n';
    memcpy(v->pending + v->pending_bytes, line, chars);
    v->pending_bytes += chars;
}

void voice_gauge(struct voice *v, const char *metric, const char *part, double value) {
    char line[LINE_BYTES], number[32];
    const char *tag = *part != '\0' ? "|#part:" : "";
    number_print(value, number);
    /* A sign means "change by" in statsd, so a negative gauge is set in two steps, in one datagram: to zero, then down.
     */
    int chars =
        value < 0 ? snprintf(line, sizeof line, "%s:0|g%s%s\n%s:%s|g%s%s", metric, tag, part, metric, number, tag, part)
                  : snprintf(line, sizeof line, "%s:%s|g%s%s", metric, number, tag, part);
    collect(v, line, (size_t)chars);
}

void voice_count(struct voice *v, const char *metric, int by) {
    char line[LINE_BYTES];
    collect(v, line, (size_t)snprintf(line, sizeof line, "%s:%d|c", metric, by));
}

void voice_fault(struct voice *v, const char *code, bool is_active, int severity, const char *text) {
    char line[LINE_BYTES];
    int chars = snprintf(line, sizeof line, "_e{%zu,%zu}:%s|%s|t:%s|#code:%s,state:%s", strlen(code), strlen(text),
                         code, text, severity <= 3 ? "error" : "warning", code, is_active ? "set" : "clear");
    send_to(v, &v->statsd, line, (size_t)chars);
    voice_log(v, severity, "%s %s: %s", code, is_active ? "set" : "cleared", text);
}

void voice_log(struct voice *v, int severity, const char *format, ...) {
    char line[LINE_BYTES], when[32], text[LINE_BYTES - 128];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    time_t now = time(NULL);
    struct tm local;
    strftime(when, sizeof when, "%b %e %H:%M:%S", localtime_r(&now, &local));
    int chars = snprintf(line, sizeof line, "<%d>%s %s: %s", FACILITY_DAEMON * 8 + severity, when, v->app, text);
    send_to(v, &v->syslog, line, (size_t)chars);
}
