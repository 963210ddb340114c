/* Feeds statsd gauges at a steady rate, a datagram each, as the simplest clients do: the same series to the agent and
 * to collectd.
 *
 *   bench-feed unix PATH tags|plain SERIES RATE SECONDS
 *   bench-feed udp PORT tags|plain SERIES RATE SECONDS
 *
 * tags: `temperature:41.2|g|#part:p003` (DogStatsD), plain: `temperature.p003:41.2|g`. Series go round robin over four
 * metrics of the pack linux-gateway. A full Unix socket makes it wait, so nothing is lost there; over UDP what the
 * receiver does not read is lost, as in life. Prints how many it sent. */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "fieldline/number.h"

static const struct {
    const char *name;
    double base, swing;
} metrics[] = {
    {"temperature", 45, 5}, {"disk_used_ratio", 0.5, 0.01}, {"network_rx_bytes", 5e6, 4e6}, {"load_1m", 1, 0.5}};
enum { METRICS = sizeof metrics / sizeof *metrics, TURN_US = 2000 };

static int64_t number(const char *text, int64_t max) {
    int64_t value;
    if (!number_i64(text, strlen(text), 1, max, &value))
        die("bench.feed", "%s: expected a number from 1 to %lld", text, (long long)max);
    return value;
}

static int open_unix(const char *path) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(to.sun_path, sizeof to.sun_path, "%s", path);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        die("bench.feed", "%s: %s", path, strerror(errno));
    return fd;
}

static int open_udp(int64_t port) {
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        die("bench.feed", "port %lld: %s", (long long)port, strerror(errno));
    return fd;
}

static size_t print_line(char *out, size_t room, bool has_tags, int64_t series, int64_t round) {
    const size_t m = (size_t)series % METRICS;
    const long long part = series / METRICS;
    const double value = metrics[m].base + metrics[m].swing * sin((double)round * 0.1 + (double)series);
    const int count = has_tags ? snprintf(out, room, "%s:%.4g|g|#part:p%03lld", metrics[m].name, value, part)
                               : snprintf(out, room, "%s.p%03lld:%.4g|g", metrics[m].name, part, value);
    return (size_t)count;
}

int main(int argc, char **argv) {
    if (argc != 7 || (strcmp(argv[1], "unix") != 0 && strcmp(argv[1], "udp") != 0))
        die("bench.feed", "usage: bench-feed unix PATH|udp PORT tags|plain SERIES RATE SECONDS");
    const int fd = strcmp(argv[1], "unix") == 0 ? open_unix(argv[2]) : open_udp(number(argv[2], 65535));
    const bool has_tags = strcmp(argv[3], "tags") == 0;
    const int64_t series = number(argv[4], 1000), rate = number(argv[5], 1000000);
    const int64_t total = rate * number(argv[6], 3600), begun_us = clock_mono_us();
    const struct timespec turn = {.tv_nsec = TURN_US * 1000};
    for (int64_t sent = 0; sent < total;) {
        if (sent >= (clock_mono_us() - begun_us) * rate / 1000000) {
            nanosleep(&turn, NULL);
            continue;
        }
        char line[128];
        const size_t count = print_line(line, sizeof line, has_tags, sent % series, sent / series);
        if (send(fd, line, count, 0) < 0)
            die("bench.feed", "send: %s", strerror(errno));
        sent++;
    }
    printf("%lld\n", (long long)total);
    close(fd);
    return 0;
}
