/* What rules over log lines cost in process: a line against patterns of each kind, and a line through the template
 * miner and its novelty. Lines are those of a Linux machine: eight shapes from five programs, whose numbers and names
 * differ each time.
 *
 *   bench-logs [ROUNDS]      prints `name value unit` lines, medians of the rounds */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fieldline/number.h"
#include "rules/logs/novelty.h"
#include "rules/logs/watch.h"

enum { LINES = 4096, ROUNDS_MAX = 50, PATTERNS = 3 };

static const char *const patterns[PATTERNS] = {"Out of memory", "Failed password for <*> from <*>",
                                               "I/O error, dev|critical medium error|Buffer I/O error on dev"};
static const char *const shapes[] = {"session opened for user alice by (uid=#)",
                                     "Failed password for invalid user admin from 203.0.113.# port # ssh2",
                                     "Started Session # of user root.",
                                     "usb 1-#: new high-speed USB device number # using xhci_hcd",
                                     "eth0: Link is Up - 1Gbps/Full - flow control rx/tx (#)",
                                     "blk_update_request: I/O error, dev sda, sector # op 0x0:(READ) flags 0x#",
                                     "DHCPACK of 10.0.0.# from 10.0.0.1 lease time # seconds",
                                     "request GET /api/v1/devices/# finished with status 200 in # ms"};
enum { SHAPES = sizeof shapes / sizeof *shapes, APPS = 5 };

static char lines[LINES][200];
static size_t sizes[LINES];

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* other work of the machine does not count */
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, by_value);
    return values[count / 2];
}

/* Numbers in place of '#'. */
static size_t fill(char *out, size_t room, const char *shape, uint32_t number) {
    size_t used = 0;
    for (; *shape && used + 12 < room; shape++, number = number * 5 + 1)
        used += (size_t)(*shape == '#' ? snprintf(out + used, room - used, "%u", number % 10000)
                                       : snprintf(out + used, room - used, "%c", *shape));
    return used;
}

static void make_lines(void) {
    uint32_t random = 1;
    for (int i = 0; i < LINES; i++) {
        random = random * 1664525u + 1013904223u;
        sizes[i] = fill(lines[i], sizeof lines[i], shapes[random >> 16 & (SHAPES - 1)], random >> 8);
    }
}

static double match_round(struct log_watches *all, uint64_t *hits) {
    const double began_ns = now_ns();
    for (int i = 0; i < LINES; i++)
        *hits += log_watches_match(all, 6, lines[i], sizes[i]);
    return (now_ns() - began_ns) / LINES / PATTERNS;
}

static double novelty_round(struct novelty *n, int64_t *at_ms, uint64_t *known) {
    static const char *const apps[APPS] = {"kernel", "sshd", "systemd", "dhcpd", "api"};
    const double began_ns = now_ns();
    for (int i = 0; i < LINES; i++) {
        double value;
        *known += novelty_line(n, *at_ms += 60000, apps[i % APPS], lines[i], sizes[i], &value);
    }
    return (now_ns() - began_ns) / LINES;
}

int main(int argc, char **argv) {
    int64_t rounds = 5, at_ms = 0;
    double match_ns[ROUNDS_MAX], novelty_ns[ROUNDS_MAX];
    uint64_t hits = 0, known = 0;
    struct novelty novelty;
    struct fault fault;
    if (argc > 1 && !number_i64(argv[1], strlen(argv[1]), 1, ROUNDS_MAX, &rounds)) {
        fprintf(stderr, "bench-logs: ROUNDS is a number from 1 to %d\n", ROUNDS_MAX);
        return 2;
    }
    struct log_watches *all = log_watches_new();
    for (int i = 0; i < PATTERNS; i++)
        if (!log_watch_add(all, WATCH_LINES, patterns[i], 7, &fault)) {
            fprintf(stderr, "bench-logs: %s %s\n", patterns[i], fault.text);
            return 1;
        }
    novelty_init(&novelty);
    make_lines();
    for (int64_t r = 0; r < rounds; r++) {
        match_ns[r] = match_round(all, &hits);
        novelty_ns[r] = novelty_round(&novelty, &at_ms, &known);
    }
    if (hits == 0 || known == 0) {
        fprintf(stderr, "bench-logs: nothing was matched or known\n");
        return 1;
    }
    printf("log_match_ns_per_line %.0f ns\n", median(match_ns, (int)rounds));
    printf("log_novelty_ns_per_line %.0f ns\n", median(novelty_ns, (int)rounds));
    printf("log_novelty_bytes %zu B\n", template_miner_bytes(novelty.miner));
    novelty_fini(&novelty);
    log_watches_free(all);
    return 0;
}
